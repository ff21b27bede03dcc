/* metrics: what one batch tells CloudWatch, as lines of its embedded metric format (EMF).
 *
 * A line a flow, and one for what has no flow. Each metric is published twice: by flow, and over
 * all flows. The flow is the only dimension: nothing that names a record, a run or a person gets in
 * here. Bounded: after METRICS_FLOWS_MAX flows the rest counts as METRICS_OTHERS, and of a metric's
 * values at most METRICS_VALUES_MAX are kept, evenly thinned out, so that percentiles hold. */
#ifndef MOONMILL_METRICS_H
#define MOONMILL_METRICS_H

#include "mem.h"

#include <stdint.h>

#define METRICS_NAMESPACE  "moonmill"
#define METRICS_OTHERS     "(others)"
#define METRICS_FLOWS_MAX  50
#define METRICS_VALUES_MAX 100 /* EMF takes no more in one line */
#define METRICS_LINE_MAX   (16 * 1024)

/* name, unit, told even when it is 0 (else left out): what is counted */
#define METRICS_COUNTS(X)                                                                          \
    X(METRIC_RECORDS, "Records", "Count", true)                                                    \
    X(METRIC_COMPLETED, "RecordsCompleted", "Count", true)                                         \
    X(METRIC_FAILED, "RecordsFailed", "Count", true)     /* and the API knows */                   \
    X(METRIC_RETURNED, "RecordsReturned", "Count", true) /* to the queue */                        \
    X(METRIC_DUPLICATES, "RecordsDuplicate", "Count", true)                                        \
    X(METRIC_CANCELLED, "RecordsCancelled", "Count", false)                                        \
    X(METRIC_CALLBACK_RETRIES, "CallbackRetries", "Count", true)                                   \
    X(METRIC_COLD_START, "ColdStart", "Count", false)                                              \
    X(METRIC_ENDED_DEADLINE, "WorkerEndedDeadline", "Count", false)                                \
    X(METRIC_ENDED_STALL, "WorkerEndedStall", "Count", false)                                      \
    X(METRIC_ENDED_BUDGET, "WorkerEndedBudget", "Count", false)   /* instructions, memory, ... */  \
    X(METRIC_ENDED_CRASH, "WorkerEndedCrash", "Count", false)     /* or a broken protocol */       \
    X(METRIC_ENDED_OUTSIDE, "WorkerEndedOutside", "Count", false) /* killed by somebody else */    \
    X(METRIC_ENDED_STOPPED, "WorkerEndedStopped", "Count", false) /* nobody wants its run */
/* name, unit: what is measured, a value each time */
#define METRICS_SERIES(X)                                                                          \
    X(METRIC_RUN_MS, "RunDuration", "Milliseconds")                                                \
    X(METRIC_CALLBACK_MS, "CallbackLatency", "Milliseconds")

enum metrics_count {
#define X(id, name, unit, always) id,
    METRICS_COUNTS(X)
#undef X
        METRICS_COUNTED
};
enum metrics_series {
#define X(id, name, unit) id,
    METRICS_SERIES(X)
#undef X
        METRICS_MEASURED
};

struct metrics;

struct metrics *metrics_new(void);
void metrics_free(struct metrics *metrics); /* accepts NULL */

/* Both do nothing for NULL: nobody asked for metrics. flow "": none. */
void metrics_add(struct metrics *metrics, const char *flow, enum metrics_count what, int64_t count);
void metrics_value(struct metrics *metrics, const char *flow, enum metrics_series what,
                   int64_t value);
/* Appends the lines, each ended by a line feed; wall_ms: their time. */
void metrics_put(const struct metrics *metrics, int64_t wall_ms, struct buffer *out);
/* Writes them, a write(2) each as far as the descriptor takes it. Does nothing for NULL. */
void metrics_write(const struct metrics *metrics, int64_t wall_ms, int fd);

#endif
