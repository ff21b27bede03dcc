/* redact: secret values taken out of text that comes from outside.
 *
 * Finds each value as it is, as a JSON string has it, percent-encoded, as a form has it, in hex,
 * and inside of any base64 text; each finding becomes "[secret:<name>]", or "[secret]" where that
 * is too long: text never grows. Values under CONFIG_SECRET_REDACTED_MIN bytes are not looked for.
 * What a server has made of a value otherwise (reversed, hashed, cut) is not found. */
#ifndef MOONMILL_REDACT_H
#define MOONMILL_REDACT_H

#include "mem.h"

#include <stdbool.h>

struct redactor;

struct redactor *redactor_new(void);
/* Wipes what it knows. Accepts NULL. */
void redactor_free(struct redactor *redactor);
/* name is shown in the place of the value, its unusual bytes as '_'. */
void redactor_add(struct redactor *redactor, const char *name, struct span value);
/* True when text holds a value. */
bool redactor_finds(struct redactor *redactor, struct span text);
/* Writes text without values to out, which has room for text.len bytes and may be text.at itself;
 * returns the length. */
size_t redactor_apply(struct redactor *redactor, struct span text, char *out);

#endif
