/* sink: the API's side of the callbacks: takes what runs report and answers as the API does.
 *
 * Paths and answers are contract.md 3.3 and 3.4; a run is known by its bearer token; its first
 * terminal status stays. Its user may let it fail, or answer late, as APIs do on bad days. */
#ifndef MOONMILL_CLI_SINK_H
#define MOONMILL_CLI_SINK_H

#include "diag.h"
#include "loop.h"
#include "mem.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SINK_EVENTS_PATH   "/api/v1/execution/events"
#define SINK_PROGRESS_PATH "/api/v1/execution/progress"
#define SINK_BODY_MAX      2097152 /* a larger one is a 413 (contract.md 3.4) */

struct sink;

enum sink_status { SINK_NONE, SINK_RUNNING, SINK_COMPLETED, SINK_FAILED, SINK_CANCELLED };
/* "running" and so on, as they stand in a progress body; "none". */
const char *sink_status_name(enum sink_status status);

/* One run, as far as it was reported; times are of the loop's monotonic clock, 0: not yet. */
struct sink_run {
    char *run_id;
    enum sink_status status;
    char *error; /* of the terminal status, or NULL */
    int64_t began_ms;
    int64_t ended_ms;
    size_t events;
    struct sink_run *next;
};

/* What a progress body said that was accepted; the run is up to date. */
struct sink_progress {
    enum sink_status status; /* SINK_NONE: it had none */
    int64_t percent;         /* 0..100; -1: it had none */
    const char *step;        /* or NULL */
};

/* One request as it came, whatever becomes of it. */
struct sink_request {
    const char *method;
    const char *path;
    const char *type;     /* Content-Type, or NULL */
    const char *key;      /* Idempotency-Key, or NULL */
    const char *token;    /* the bearer's, or NULL; a secret */
    struct sink_run *run; /* whose it is, or NULL */
    struct span body;
};

/* status 0: what the API would say. after_ms: so much later. */
struct sink_fault {
    int status;
    int64_t after_ms;
};

/* Whoever wants to know; each may be NULL. What is handed over is valid during the call. */
struct sink_user {
    void *arg;
    /* An event of a run; payload is raw JSON. */
    void (*event)(void *arg, struct sink_run *run, const char *type, struct span payload);
    void (*progress)(void *arg, struct sink_run *run, const struct sink_progress *progress);
    /* A request has come: what shall become of it? One that is failed is not taken. */
    struct sink_fault (*asked)(void *arg, const struct sink_request *request);
    /* It was judged, after its events and its progress were told. */
    void (*answered)(void *arg, const struct sink_request *request, int status, struct span body);
    /* Whose is a token that nobody expected? The run's id (freed by mem_free), or NULL. */
    char *(*run_id_of)(void *arg, const char *token);
};

/* port 0: a free one. NULL with err when it cannot be listened on. */
struct sink *sink_open(struct loop *loop, int port, const struct sink_user *user,
                       struct error *err);
void sink_close(struct sink *sink);
int sink_port(const struct sink *sink);

/* Whoever has this token reports for this run; two tokens of one run_id share the run. Owned by the
 * sink. */
struct sink_run *sink_expect(struct sink *sink, const char *token, const char *run_id);

/* Nobody reports by this token any more; the run stays known. */
void sink_expire(struct sink *sink, const char *token);

/* All runs, the newest first. */
const struct sink_run *sink_runs(const struct sink *sink);

#endif
