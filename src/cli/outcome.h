/* outcome: what a replay came to, without what differs each time: the text that is kept and held
 * against a later one.
 *
 * One JSON document, a record's end and each of its events on a line of its own. Left out are
 * times (of events, and duration_ms in node_end) and the `run:` events, which tell again what
 * node_start and node_end tell. White space of payloads is gone, all else is byte for byte. */
#ifndef MOONMILL_CLI_OUTCOME_H
#define MOONMILL_CLI_OUTCOME_H

#include "fixture.h"
#include "mem.h"

#include <stdbool.h>
#include <stddef.h>

#define OUTCOME_MAX ((size_t)256 * 1024 * 1024)

struct outcome;

/* Both outlive it; world_url, or NULL, is the address of the scripted answers, for which @ANSWERS@
 * stands. */
struct outcome *outcome_new(const struct fixture *fixture, const char *world_url);
/* Accepts NULL. */
void outcome_free(struct outcome *outcome);

/* An event of a record's run; payload is checked JSON. */
void outcome_event(struct outcome *outcome, size_t record, const char *type, struct span payload);
/* How the record ended; error may be NULL. */
void outcome_end(struct outcome *outcome, size_t record, const char *status, const char *fate,
                 const char *error);

/* Appends the document; false when out is full. */
bool outcome_put(const struct outcome *outcome, struct buffer *out);

#endif
