/* callback: ordered delivery of one run's events, progress and end to the API, with proof.
 *
 * One request in flight: `running` first, then events in the order they came, then the terminal
 * status. A push that failed is kept and tried again, never dropped; what is refused is bisected
 * down to the one event that is to blame. Ends with a verdict that decides the record's fate
 * (design.md, laws 1 and 2). Connections are shared between runs by the loop. */
#ifndef MOONMILL_CALLBACK_H
#define MOONMILL_CALLBACK_H

#include "config.h"
#include "diag.h"
#include "loop.h"
#include "mem.h"

#include <stdbool.h>
#include <stdint.h>

struct callback;

struct callback_spec {
    const char *callback_url; /* of the claims */
    const char *token;        /* a secret; copied, wiped at the end */
    const char *trace;        /* X-Amzn-Trace-Id, or NULL */
    int64_t deadline_ms;      /* monotonic: nothing is sent after it; tries are clamped to it */
};

enum callback_open {
    CALLBACK_STARTED,  /* `running` was accepted (or answered 404 NOT_FOUND: go on) */
    CALLBACK_DUPLICATE /* accepted:false: the run is terminal already */
};
enum callback_stop {
    CALLBACK_CANCELLED, /* accepted:false during the run: stop the flow, send nothing more */
    CALLBACK_REFUSED,   /* refused for good: stop the flow */
    CALLBACK_POISONED   /* one event was refused alone and replaced: the run fails */
};
enum callback_proof {
    CALLBACK_DELIVERED,  /* the terminal status was accepted, or the run is terminal anyway */
    CALLBACK_FLUSHED,    /* callback_flush: every event was accepted */
    CALLBACK_UNDELIVERED /* not within the time, or refused for good */
};

struct callback_user {
    void *arg;
    void (*opened)(void *arg, enum callback_open how);
    /* At most once of CANCELLED and REFUSED; why names URL's path and status, for one log line. */
    void (*stopped)(void *arg, enum callback_stop how, const char *why);
    /* There is room again after callback_full was true. */
    void (*room)(void *arg);
    /* Once, the last call; also when it never opened and its deadline passed. */
    void (*ended)(void *arg, enum callback_proof proof, const char *why);
    /* One request was answered, or is known to have failed, after so long. Nothing may be freed
     * from inside. NULL: the user does not want to know. */
    void (*answered)(void *arg, int64_t took_ms);
};

/* Numbers for the record's log line. */
struct callback_counts {
    int64_t events; /* accepted by the API */
    int64_t pushes; /* requests sent, retries included */
    int64_t retries;
};

/* NULL with err when the URL will not do. Nothing is sent yet. */
struct callback *callback_new(struct loop *loop, const struct config *config, const struct log *log,
                              const struct callback_spec *spec, const struct callback_user *user,
                              struct error *err);
/* Cancels what is in flight; user is not called any more. */
void callback_free(struct callback *callback);

/* Sends `running` and begins. */
void callback_open(struct callback *callback);
/* Queues an event; payload is checked JSON text of at most the event limit. Escaped U+0000 becomes
 * U+FFFD. Never refused: stop producing while callback_full. */
void callback_event(struct callback *callback, const char *type, struct span payload);
/* Latest progress: percent 0..100 or -1, step may be empty; coalesced, at most one an interval. */
void callback_progress(struct callback *callback, int64_t percent, struct span step);
/* Unsent events reached EXECUTOR_BUFFER_LIMIT_KB. */
bool callback_full(const struct callback *callback);

/* The run ended: after the last event send the terminal status, within EXECUTOR_FLUSH_SECS.
 * output_len -1: none; error NULL unless failed. When it was poisoned, completed becomes failed. */
void callback_finish(struct callback *callback, bool completed, int64_t output_len,
                     const char *error);
/* The run was interrupted: send the events, no terminal status. */
void callback_flush(struct callback *callback);
struct callback_counts callback_counted(const struct callback *callback);

#endif
