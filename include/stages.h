/* stages: what the stages of the pipeline work with. Made and owned by service, lent downward; one
 * a process. */
#ifndef MOONMILL_STAGES_H
#define MOONMILL_STAGES_H

#include "config.h"
#include "diag.h"
#include "estimate.h"
#include "flow.h"
#include "http.h"
#include "jwks.h"
#include "loop.h"
#include "pool.h"
#include "turns.h"

struct stages {
    struct loop *loop;
    const struct config *config;
    const struct log *log;
    struct estimate *run_times;      /* by flow, learned by record; NULL: nothing is learned */
    struct estimate *delivery_times; /* what comes on top: the worker, the callbacks */
    int metrics_fd;                  /* where metrics go, when the config wants any */
    struct flows *flows;
    struct jwks *jwks;
    struct pool *pool;
    struct http *http;
    struct turns *turns; /* EXECUTOR_CONCURRENCY places, for all invocations together */
};

#endif
