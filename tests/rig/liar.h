/* liar: a worker that keeps to the protocol but for one lie.
 *
 * All that it does follows from a number, which is its job's payload: which lie, in which state of
 * its run, and how its bytes are cut into pieces. A test knows the plan of that number too, and so
 * what must come of it. A flow of another name than LIAR_FLOW is run honestly, by worker_main: one
 * program is the liar and the honest worker beside it. */
#ifndef MOONMILL_RIG_LIAR_H
#define MOONMILL_RIG_LIAR_H

#include <stddef.h>
#include <stdint.h>

#define LIAR_FLOW "liar"

/* When the lie is told: in the place of the first frame, and in each state of a run. */
enum liar_state { LIAR_STARTING, LIAR_LOADING, LIAR_LOADED, LIAR_RUNNING, LIAR_STATES };

enum liar_fate {
    LIAR_BREAKS,    /* no worker may say that then: the protocol is broken */
    LIAR_DIES,      /* the worker is gone */
    LIAR_TIMES_OUT, /* it says no more, and lives */
    LIAR_GOES_ON,   /* that is allowed, and the run completes */
    LIAR_ENDS,      /* bytes without a meaning: one end or another */
};

struct liar_plan {
    const char *lie;
    enum liar_state state;
    enum liar_fate fate;
    enum liar_fate late; /* the same when the run was started before the lie arrived */
};

/* The numbers 0 to liar_plans() - 1 hold each lie in each state once; so do the next ones. */
uint64_t liar_plans(void);
struct liar_plan liar_plan(uint64_t number);

/* The program's main when it is started as a worker; never returns. */
void liar_main(int64_t memory_limit_bytes) __attribute__((noreturn));

#endif
