/* lambda: Lambda's side of a function: a Runtime API (2018-06-01) that hands out invocations.
 *
 * One environment: an invocation is handed out when the runtime polls, the next one when that is
 * answered; a poll on an idle queue is held open; a poll while one is unanswered gets the same
 * again, as in Lambda. An answer is taken once, with the statuses that Lambda would give. */
#ifndef MOONMILL_CLI_LAMBDA_H
#define MOONMILL_CLI_LAMBDA_H

#include "diag.h"
#include "loop.h"
#include "mem.h"
#include "uuid.h"

#include <stdbool.h>
#include <stdint.h>

struct lambda;

enum lambda_answer {
    LAMBDA_RESPONSE, /* the batch response */
    LAMBDA_ERROR     /* /error: the whole event comes back */
};

/* Embedded in its owner, who keeps it and the event alive until it was answered or withdrawn. */
struct lambda_invocation {
    char request_id[UUID_SIZE];
    struct span event;
    int64_t timeout_ms; /* the deadline counts from when the event is handed out */
    /* The event was handed out; deadline in epoch ms. */
    void (*started)(void *arg, int64_t deadline_ms);
    /* The body is valid during the call. */
    void (*answered)(void *arg, enum lambda_answer how, struct span body);
    void *arg;
    bool waits, given;
    struct lambda_invocation *next;
};

struct lambda_user {
    void *arg;
    /* It polls, and there is nothing to hand out. */
    void (*idle)(void *arg);
    /* /init/error: it could not start. */
    void (*refused_start)(void *arg, struct span body);
};

/* port 0: a free one. */
struct lambda *lambda_open(struct loop *loop, int port, const struct lambda_user *user,
                           struct error *err);
void lambda_close(struct lambda *lambda);
int lambda_port(const struct lambda *lambda);

/* In its turn; makes the request id. */
void lambda_invoke(struct lambda *lambda, struct lambda_invocation *invocation);
/* It is over for its owner: too late, or the runtime has exited. answered will not be called. */
void lambda_withdraw(struct lambda *lambda, struct lambda_invocation *invocation);
/* One is handed out, and not answered. */
bool lambda_is_busy(const struct lambda *lambda);
/* The runtime has exited: its poll is dropped. */
void lambda_gone(struct lambda *lambda);

#endif
