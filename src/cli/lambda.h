/* lambda: Lambda's side of one invocation: a Runtime API (2018-06-01) that hands out one event.
 *
 * The first poll gets the event, every later one is held open, as on an idle queue. The answer is
 * taken once, with the statuses that Lambda would give. */
#ifndef MOONMILL_CLI_LAMBDA_H
#define MOONMILL_CLI_LAMBDA_H

#include "diag.h"
#include "loop.h"
#include "mem.h"

#include <stdint.h>

struct lambda;

enum lambda_answer {
    LAMBDA_RESPONSE,  /* the batch response */
    LAMBDA_ERROR,     /* /error: the whole event comes back */
    LAMBDA_INIT_ERROR /* /init/error: it could not start */
};
struct lambda_user {
    void *arg;
    /* The event was handed out. */
    void (*started)(void *arg);
    /* Once; the body is valid during the call. */
    void (*answered)(void *arg, enum lambda_answer how, struct span body);
    /* It has answered and waits for the next event, of which there is none. */
    void (*idle)(void *arg);
};

/* event outlives it. The deadline counts from when the event is handed out. */
struct lambda *lambda_open(struct loop *loop, struct span event, int64_t timeout_ms,
                           const struct lambda_user *user, struct error *err);
void lambda_close(struct lambda *lambda);
int lambda_port(const struct lambda *lambda);

#endif
