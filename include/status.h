/* status: what the API's progress URL is told about a run (contract.md 3.3).
 *
 * Writes whole bodies. Texts come from flows: they are cut, and made valid, so that no text of a
 * flow can make the API refuse its run's status. */
#ifndef MOONMILL_STATUS_H
#define MOONMILL_STATUS_H

#include "mem.h"

#include <stdint.h>

#define STATUS_TEXT_MAX (8 * 1024)  /* bytes of a text, before it is escaped */
#define STATUS_BODY_MAX (64 * 1024) /* no body is longer */

/* Each clears body, whose maximum is at least STATUS_BODY_MAX, and writes one object. */
void status_running(struct buffer *body);
/* percent is clamped to 0..100; below 0: none. An empty step: none. */
void status_progress(struct buffer *body, int64_t percent, struct span step);
/* output_len below 0: none. */
void status_completed(struct buffer *body, int64_t output_len);
/* error {NULL, 0}: none. */
void status_failed(struct buffer *body, struct span error);

#endif
