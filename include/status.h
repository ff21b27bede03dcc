/* status: what the API's progress URL is told about a run (contract.md 3.3).
 *
 * Writes whole bodies. Texts come from flows: they are cut, and made valid, so that no text of a
 * flow can make the API refuse its run's status. */
#ifndef MOONMILL_STATUS_H
#define MOONMILL_STATUS_H

#include "mem.h"

#include <stdbool.h>
#include <stdint.h>

#define STATUS_TEXT_MAX (8 * 1024)  /* bytes of a text, before it is escaped */
#define STATUS_BODY_MAX (64 * 1024) /* no body is longer */

/* The latest progress of a run: calls that come before the last one was accepted become one. */
struct status_latest {
    bool pending;     /* there is something to send */
    int64_t percent;  /* 0..100, or -1: not known */
    struct span step; /* owned; {NULL, 0}: not known */
};

void status_latest_init(struct status_latest *latest);
void status_latest_release(struct status_latest *latest);
/* percent is clamped to 100; below 0, and an empty step, leave what was known. */
void status_latest_set(struct status_latest *latest, int64_t percent, struct span step);
/* What was sent was accepted: forgets it, unless a newer one is pending. */
void status_latest_accepted(struct status_latest *latest);

/* Each clears body, whose maximum is at least STATUS_BODY_MAX, and writes one object. */
void status_running(struct buffer *body);
/* At least one of percent and step is known. */
void status_progress(struct buffer *body, const struct status_latest *latest);
/* How a run ended, as its owner says. */
struct status_end {
    bool completed;
    int64_t output_len; /* when completed; below 0: none */
    char *error;        /* when failed; or NULL */
};
/* The terminal status. poison, unless it is empty, makes it `failed` whatever end says, and stands
 * first in the error. */
void status_ended(struct buffer *body, const struct status_end *end, const char *poison);

#endif
