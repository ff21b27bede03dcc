/* run: one run in the supervisor.
 *
 * Holds a worker, believes nothing it says that the table of allowed frames does not allow now,
 * bounds it by the deadline and the stall watch, answers its requests, and ends with one outcome,
 * whatever the worker does. Callbacks come from the loop, never from inside these calls; a run must
 * not be freed from inside one. */
#ifndef MOONMILL_RUN_H
#define MOONMILL_RUN_H

#include "claims.h"
#include "flow.h"
#include "job.h"
#include "stages.h"

#include <stdbool.h>
#include <stdint.h>

struct run;

/* A run may last so long beyond its time: a worker that stops by itself can say step and line. */
#define RUN_GRACE_MS 200

enum run_end {
    RUN_COMPLETED,
    RUN_FAILED,   /* the flow's error, or a limit of its own */
    RUN_DEADLINE, /* the deadline came: the record knows whose it was */
    RUN_CRASHED,  /* the worker died by itself, or broke the protocol */
    RUN_LOST      /* the worker was killed by a signal that is not ours */
};

/* Spans and texts are valid during the call only; "" or 0 when unknown. */
struct run_outcome {
    enum run_end end;
    struct span output; /* completed: the result as checked JSON; len 0 when it was nil */
    const char *code;   /* not completed */
    const char *message;
    const char *step;
    const char *file;
    int64_t line;
    int64_t attempt;
    struct span data;  /* checked JSON, or len 0 */
    struct span trace; /* the authors' frames, innermost first, a line each, or len 0 */
};

struct run_user {
    void *arg;
    /* The flow is loaded and may be started. A flow that does not load ends instead. */
    void (*loaded)(void *arg);
    void (*event)(void *arg, const char *type, struct span payload);
    void (*progress)(void *arg, int64_t percent, struct span step);
    /* Once, the last call. */
    void (*ended)(void *arg, const struct run_outcome *outcome);
};

/* Takes a worker and sends it the flow. trace, or NULL, goes with its requests. Both times are
 * monotonic: deadline_ms is the run's, latest_ms the last moment for undo functions, which may be
 * the same. What it needs of claims, job and flow is copied. NULL with err (ERROR_SYSTEM) when no
 * worker can be had. */
struct run *run_new(const struct stages *stages, const struct claims *claims, const struct job *job,
                    const struct flow *flow, const char *trace, int64_t deadline_ms,
                    int64_t latest_ms, const struct run_user *user, struct error *err);
/* Kills the worker unless the run ended in order; user is not called any more. Accepts NULL. */
void run_free(struct run *run);

/* After `loaded`: begin. A flow's declared timeout counts from here. */
void run_start(struct run *run);
/* Back pressure: while paused the worker's events wait in its socket. */
void run_pause(struct run *run, bool paused);
/* True when the deadline is the flow's own timeout, or else before the last moment: the time that a
 * run may have. */
bool run_has_own_deadline(const struct run *run);

#endif
