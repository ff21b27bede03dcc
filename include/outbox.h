/* outbox: the events of a run that the API has not accepted yet, oldest first.
 *
 * Each event has the next sequence number and lies ready as the JSON that a push carries. A push is
 * always the front of the queue: as many events as its count, CONFIG_CALLBACK_BODY_MAX and the cuts
 * allow. Cuts are left by a split and keep its halves apart. Events leave in order only, and only
 * when their owner says that they were accepted. */
#ifndef MOONMILL_OUTBOX_H
#define MOONMILL_OUTBOX_H

#include "diag.h"
#include "mem.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct outbox_event {
    struct outbox_event *next;
    int64_t sequence;    /* 1, 2, ... */
    int64_t at_ms;       /* when it was added, as told */
    struct span type;    /* as it stands in text, escaped, without quotes */
    struct span text;    /* {"event_type":T,"payload":P}; lives right behind the struct */
    struct span instead; /* owned; what is sent in its place, or absent */
    bool cut;            /* a push ends with it */
};

struct outbox {
    struct outbox_event *first;
    struct outbox_event *last;
    size_t count;
    size_t bytes;     /* that they take, not only their text's */
    int64_t sequence; /* the last one given */
    int64_t tried;    /* the last one that was in a push, accepted or not */
};

/* A zeroed outbox is an empty one. */
void outbox_release(struct outbox *outbox);
/* Adds an event. payload is checked JSON; its escaped U+0000 become U+FFFD, *replaced counts them.
 * False with err when it is larger than a push may be: then an `error` event was added that says
 * so. */
bool outbox_add(struct outbox *outbox, const char *type, struct span payload, int64_t now_ms,
                size_t *replaced, struct error *err);

#define OUTBOX_KEY_SIZE 48
/* The events at the front that make up one push. */
struct outbox_push {
    size_t count;
    bool instead;              /* it is a replacement, alone */
    char key[OUTBOX_KEY_SIZE]; /* "3-7", sequence numbers; "3-3-r" for a replacement */
};
/* Writes {"events":[...]} with 1 to max_count of them; the outbox is not empty. body is cleared
 * first; its maximum is CONFIG_CALLBACK_BODY_MAX. */
struct outbox_push outbox_body(struct outbox *outbox, size_t max_count, struct buffer *body);
/* When the front is to be pushed: at once when max_count events wait or a split left them, else
 * interval_ms after the first one was added. INT64_MAX when there is none. */
int64_t outbox_due_ms(const struct outbox *outbox, size_t max_count, int64_t interval_ms);
/* The first count events were accepted. */
void outbox_drop(struct outbox *outbox, size_t count);
/* Makes two pushes of the first count (at least 2) events. */
void outbox_split(struct outbox *outbox, size_t count);
/* The first event was refused alone, with this status: lets an `error` event with the code
 * event.refused go in its place, alone. refusal is what it says. */
void outbox_replace(struct outbox *outbox, long status, struct error *refusal);
/* Puts the first event back, after all. */
void outbox_restore(struct outbox *outbox);

#endif
