/* unwritten: what must not get into a file: values of secrets, and tokens.
 *
 * In answers they become "[secret:<name>]", as flows see them, in requests "secret:<name>", which
 * is what flows get for them in a replay; tokens become "[token]". Values shorter than
 * CONFIG_SECRET_REDACTED_MIN bytes would be found in innocent text, and are not. */
#ifndef MOONMILL_CLI_UNWRITTEN_H
#define MOONMILL_CLI_UNWRITTEN_H

#include "config.h"
#include "mem.h"

#include <stddef.h>
#include <stdint.h>

struct unwritten;

/* The secrets of config's settings, which outlive it. */
struct unwritten *unwritten_new(const struct config *config, int64_t wall_ms);
/* Accepts NULL. */
void unwritten_free(struct unwritten *unwritten);
/* And those of a job; a body that is none has none. */
void unwritten_add(struct unwritten *unwritten, struct span body);

/* Spells the names behind "secret:" as EXECUTOR_SECRET_ would, in place: "secret:SHOP" for
 * "secret:shop", so that what a flow names and what was found compare. */
void unwritten_spell(char *bytes, size_t len);

/* The text without them, *len bytes and a NUL, never longer; freed by mem_free. */
char *unwritten_clean(const struct unwritten *unwritten, struct span text, size_t *len);
char *unwritten_clean_request(const struct unwritten *unwritten, struct span text, size_t *len);
char *unwritten_clean_url(const struct unwritten *unwritten, const char *url);

#endif
