/* batch: one invocation through all stages, and every record's fate.
 *
 * Decides who may start: as many records at once as EXECUTOR_CONCURRENCY leaves beside other
 * invocations; in a FIFO queue one of a group, in order, and after a failure none of the rest.
 * Answers in time whatever its records do (law 7): what is not done by then goes back to the queue.
 * Before it answers it writes its lines of metrics, when config asks for them. */
#ifndef MOONMILL_BATCH_H
#define MOONMILL_BATCH_H

#include "stages.h"

#include <stdbool.h>
#include <stdint.h>

struct batch;

struct batch_spec {
    struct span event;      /* the SQS event; not needed after batch_new */
    const char *request_id; /* copied, as is the trace */
    const char *trace;      /* or NULL */
    int64_t deadline_ms;    /* Lambda's, epoch; 0: none */
    bool cold;              /* the first of this environment; for metrics */
};

/* The response, valid during the call: {"batchItemFailures":[...]}; or {NULL, 0} when it would be
 * larger than the Runtime API takes: then the invocation must fail, so that all of it comes back.
 * Nothing of the batch is under way any more; it must be freed, from inside or later. */
typedef void batch_done_fn(void *arg, struct span response);

/* Starts at once; done comes from the loop. NULL with err when the event is malformed: nothing ran.
 */
struct batch *batch_new(const struct stages *stages, const struct batch_spec *spec,
                        batch_done_fn *done, void *arg, struct error *err);
/* Ends what is under way without an answer. Accepts NULL. */
void batch_free(struct batch *batch);

#endif
