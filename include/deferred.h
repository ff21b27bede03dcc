/* deferred: replies that have come and are to arrive later, on a clock that is turned (skip_waits).
 *
 * Holds copies, few at a time: what a run may have in flight. Told in the order of their times, and
 * of those at the same time in the order they came. Only tests of flows use it. */
#ifndef MOONMILL_DEFERRED_H
#define MOONMILL_DEFERRED_H

#include "wire.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DEFERRED_MAX 64

struct deferred_reply {
    int64_t id;
    int64_t due_ms;
    char *head;
    char *body;
    size_t head_len;
    size_t body_len;
};

/* Zero-initialise. */
struct deferred {
    struct deferred_reply replies[DEFERRED_MAX];
    size_t count;
    struct deferred_reply taken; /* what the last take gave */
};

/* Copies the reply; one more than DEFERRED_MAX takes the place of the last. */
void deferred_add(struct deferred *deferred, const struct wire_reply *reply, int64_t due_ms);
/* When the next one is due; false when there is none. */
bool deferred_next(const struct deferred *deferred, int64_t *due_ms);
/* Takes the next one, of which there must be one; valid until the next take or clear. */
void deferred_take(struct deferred *deferred, struct wire_reply *reply);
/* Nobody waits for this one any more. */
void deferred_drop(struct deferred *deferred, int64_t id);
void deferred_clear(struct deferred *deferred);

#endif
