/* mapping: Lambda's event source mapping: takes messages from the queue in batches, and deletes
 * those that succeeded (ReportBatchItemFailures is on).
 *
 * A standard queue's batch waits for its size or its window; a FIFO queue has no window. What comes
 * back is left to its visibility timeout, as in AWS. One batch at a time: there is one environment.
 */
#ifndef MOONMILL_CLI_MAPPING_H
#define MOONMILL_CLI_MAPPING_H

#include "invocation.h"
#include "queue.h"

#include <stddef.h>
#include <stdint.h>

#define MAPPING_BATCH_MAX 10000

struct mapping;

struct mapping_settings {
    size_t batch_size;
    int64_t window_ms; /* 0: none */
};
struct mapping_user {
    void *arg;
    /* A batch is over: its messages are deleted, or left to come back. */
    void (*batch_over)(void *arg, const struct invocation_end *end);
    /* The queue is another one than before. */
    void (*changed)(void *arg);
};

/* invoker and queue outlive it. */
struct mapping *mapping_new(struct invoker *invoker, struct queue *queue,
                            const struct mapping_settings *settings,
                            const struct mapping_user *user);
void mapping_free(struct mapping *mapping);

/* There may be something in the queue. */
void mapping_look(struct mapping *mapping);
/* The runtime has exited. */
void mapping_runtime_exited(struct mapping *mapping);

#endif
