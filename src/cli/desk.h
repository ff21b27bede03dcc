/* desk: what browsers and commands may ask of a watch: jobs sent to the queue, and lists. */
#ifndef MOONMILL_CLI_DESK_H
#define MOONMILL_CLI_DESK_H

#include "catalog.h"
#include "diag.h"
#include "journal.h"
#include "loop.h"
#include "mem.h"
#include "queue.h"

#include <stdbool.h>

/* What it works with; outlives it. */
struct desk {
    struct loop *loop;
    struct queue *queue;
    const struct catalog *catalog;
    const struct journal *journal;
    void (*sent)(void *arg); /* there is something new in the queue */
    void *arg;
    char *last_body, *last_group; /* of the message that was sent last, or NULL */
};

void desk_release(struct desk *desk);

/* page.h's functions; arg is the desk. */
void desk_flows(void *arg, struct buffer *out);
struct span desk_graph(void *arg, const char *flow);
void desk_queue(void *arg, struct buffer *out);
bool desk_send(void *arg, struct span request, struct buffer *out, struct error *err);
bool desk_resend(void *arg, struct span request, struct buffer *out, struct error *err);

/* The bodies of an SQS event's records as new messages; out is {"sent":["<message id>",...]}. */
bool desk_enqueue(struct desk *desk, struct span event, struct buffer *out, struct error *err);
/* The last one once more, as a new run. False: nothing was sent yet. */
bool desk_send_last_again(struct desk *desk);

#endif
