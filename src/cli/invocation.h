/* invocation: one SQS event on its way through the runtime, and what became of its records.
 *
 * Tokens are made for the jobs that have none, the sink and the journal are told, the event waits
 * for the runtime's poll, and the answer is read as Lambda would. */
#ifndef MOONMILL_CLI_INVOCATION_H
#define MOONMILL_CLI_INVOCATION_H

#include "diag.h"
#include "journal.h"
#include "lambda.h"
#include "loop.h"
#include "mint.h"
#include "sink.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What all invocations share; outlives them. */
struct invoker {
    struct loop *loop;
    struct lambda *lambda;
    struct sink *sink;
    struct mint *mint;
    struct journal *journal;
    const char *callback_url;
    const char *answers_url; /* or NULL */
    int64_t timeout_ms;      /* the function's */
    /* The time of an invocation is over: Lambda ends the environment. */
    void (*late)(void *arg);
    void *arg;
};

/* How it ended: "answered", "error" (/error), "timeout", "exited" (the runtime is gone). */
struct invocation_end {
    const char *how;
    struct span body;   /* the answer, as it came */
    const bool *failed; /* by record: it comes back */
    size_t count;
    size_t unhappy;  /* records that come back, or whose run failed */
    const char *why; /* what Lambda would not take of the answer; "" */
};
struct invocation;
/* Called once, never from invocation_start; the invocation is gone afterwards. */
typedef void invocation_over(void *arg, const struct invocation_end *end);

/* NULL with err (ERROR_INPUT) when the event is no SQS event: what it is instead. */
struct invocation *invocation_start(struct invoker *invoker, struct span event,
                                    invocation_over *over, void *arg, struct error *err);
/* The runtime has exited while it had this one; without effect on one that still waits. */
void invocation_exited(struct invocation *invocation);
/* Nobody wants to know any more. */
void invocation_drop(struct invocation *invocation);

#endif
