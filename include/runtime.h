/* runtime: the Lambda Runtime API client (2018-06-01).
 *
 * Hands out one invocation at a time and takes its answer (service has one of these for each that
 * may come at once); every row of runtime.md section 1 is behind these calls: what to log, when to
 * go on, when to exit. State is kept per invocation. An answer that broke mid-body is never sent
 * again. */
#ifndef MOONMILL_RUNTIME_H
#define MOONMILL_RUNTIME_H

#include "config.h"
#include "diag.h"
#include "loop.h"
#include "mem.h"

#include <stdbool.h>
#include <stdint.h>

struct runtime;

struct invocation {
    char *request_id;
    char *invocation_id; /* Lambda-Runtime-Invocation-Id, or NULL; echoed */
    char *trace;         /* or NULL */
    char *function_arn;  /* or NULL */
    int64_t deadline_ms; /* epoch; 0: none that could be believed */
    int64_t received_ms; /* epoch */
    struct buffer event; /* at most CONFIG_PAYLOAD_MAX */
};

struct runtime_user {
    void *arg;
    /* A new invocation; the user owns it and answers it once. */
    void (*invoked)(void *arg, struct invocation *invocation);
    /* The answer was taken, or refused in a way that lets us go on (logged). */
    void (*answered)(void *arg);
    /* The Runtime API said that this environment is over: exit non-zero. */
    void (*lost)(void *arg, const struct error *err);
};

/* NULL with err when AWS_LAMBDA_RUNTIME_API does not parse. */
struct runtime *runtime_new(struct loop *loop, const struct config *config, const struct log *log,
                            const struct runtime_user *user, struct error *err);
void runtime_free(struct runtime *runtime);

/* Asks for the next invocation; one at a time. Reconnects with back-off by itself. */
void runtime_next(struct runtime *runtime);
/* POST /response; frees the invocation; answered follows. */
void runtime_respond(struct runtime *runtime, struct invocation *invocation, struct span body);
/* POST /error with errorType and message; frees the invocation; answered follows. */
void runtime_fail(struct runtime *runtime, struct invocation *invocation, const char *type,
                  const char *message);
/* POST /init/error; answered (or lost) follows. type: "Runtime.FlowsMissing" and the like. */
void runtime_init_error(struct runtime *runtime, const char *type, const char *message);
void invocation_free(struct invocation *invocation);

#endif
