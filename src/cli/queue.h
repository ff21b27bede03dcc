/* queue: an SQS queue in memory, with its dead-letter queue, by SQS's own rules (runtime.md 3).
 *
 * A message that was received is invisible until its visibility timeout is over or it is deleted;
 * one that was received as often as it may be goes to the dead-letter queue instead of being
 * received again. FIFO: within a group in order, and none while an earlier one is in flight; the
 * same deduplication id within five minutes is one message. Knows no clock: callers tell the time,
 * in milliseconds since the epoch. */
#ifndef MOONMILL_CLI_QUEUE_H
#define MOONMILL_CLI_QUEUE_H

#include "diag.h"
#include "mem.h"
#include "uuid.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define QUEUE_BODY_MAX     (1024 * 1024)
#define QUEUE_MESSAGES_MAX 20000
#define QUEUE_BYTES_MAX    ((size_t)512 * 1024 * 1024)

struct queue;

struct queue_settings {
    const char *name; /* a FIFO queue's ends in .fifo */
    bool fifo;
    int64_t visibility_ms;
    int64_t max_receives; /* then the dead-letter queue; 0: never */
};

struct queue_message {
    char id[UUID_SIZE];
    char *body; /* a NUL behind it */
    size_t body_len;
    char *group; /* or NULL */
    char *deduplication_id;
    uint64_t sequence;
    int64_t sent_ms, first_received_ms;
    int64_t receives;
    int64_t visible_ms; /* not before */
    bool in_flight;     /* received, not deleted, its timeout not over */
    bool taken;         /* by the receive that is under way */
    struct queue_message *next, *previous;
};

struct queue_counts {
    size_t visible, in_flight, delayed, dead;
};

struct queue *queue_new(const struct queue_settings *settings);
void queue_free(struct queue *queue);
const struct queue_settings *queue_settings_of(const struct queue *queue);

struct queue_send {
    struct span body;
    const char *group;            /* due on a FIFO queue */
    const char *deduplication_id; /* NULL: the body's SHA-256, on a FIFO queue */
    int64_t delay_ms;             /* standard queues only */
};
/* Its id, or that of the one that it is a duplicate of. False with err: ERROR_INPUT (no group, a
 * body that is empty, no UTF-8 or holds what SQS refuses), ERROR_LIMIT (too large; the queue is
 * full). */
bool queue_send(struct queue *queue, const struct queue_send *send, int64_t now_ms,
                char id[UUID_SIZE], struct error *err);

/* At most max visible messages, the oldest first, into out; how many. They are in flight until
 * deleted or their timeout is over, and stay valid so long. */
size_t queue_receive(struct queue *queue, size_t max, int64_t now_ms, struct queue_message **out);
void queue_delete(struct queue *queue, struct queue_message *message);
/* ChangeMessageVisibility 0: it may be received again at once. */
void queue_release(struct queue *queue, struct queue_message *message, int64_t now_ms);
/* The same for one that nobody was shown: this receive does not count. */
void queue_unreceive(struct queue *queue, struct queue_message *message, int64_t now_ms);

/* When the next message that is not visible becomes so; INT64_MAX: none. */
int64_t queue_next_ms(const struct queue *queue, int64_t now_ms);
struct queue_counts queue_count(const struct queue *queue, int64_t now_ms);

/* The messages, in order; NULL: none. */
const struct queue_message *queue_first(const struct queue *queue);
const struct queue_message *queue_first_dead(const struct queue *queue);
/* A message of either queue by its id, or NULL. */
struct queue_message *queue_find(struct queue *queue, const char *id);
/* A dead message goes back to the queue's end, its receives forgotten. False: none of that id. */
bool queue_redrive(struct queue *queue, const char *id, int64_t now_ms);

#endif
