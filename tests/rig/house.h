/* house: the whole program but main, in one test process: real loop, pool, workers (the bootstrap
 * program), flows from a temporary folder, and a real HTTP server that plays the callback API as
 * contract.md 3.4 describes it, unless a test's script says otherwise.
 *
 * Each run's callbacks go to a path of its own (/r/<run id>/execution/...), so the server knows the
 * run without reading tokens. */
#ifndef MOONMILL_RIG_HOUSE_H
#define MOONMILL_RIG_HOUSE_H

#include "batch.h"
#include "clock.h"
#include "jobs.h"
#include "server.h"
#include "stages.h"

#include <pthread.h>
#include <stdbool.h>

#define HOUSE_PUSHES_MAX 20000

enum house_push_kind { HOUSE_RUNNING, HOUSE_EVENTS, HOUSE_PROGRESS, HOUSE_TERMINAL };

struct house_push {
    enum house_push_kind kind;
    char run[64];
    char key[160]; /* Idempotency-Key */
    char *body;
    int status; /* what it was answered */
};

struct house;
/* A script: nth counts this run's pushes of this kind from 1. Return {.status = 0} for the usual
 * answer. */
typedef struct server_answer house_script(struct house *house, enum house_push_kind kind,
                                          const char *run, unsigned nth);

struct house {
    struct clock clock;
    struct config config;
    struct log log;
    struct stages stages;
    struct server *server;
    house_script *script;         /* or NULL */
    enum house_push_kind refused; /* of house_refuse */
    struct server_answer refusal;
    int log_fd;
    char flows_dir[64];
    char log_path[80];
    /* under lock while the server runs */
    pthread_mutex_t lock;
    size_t push_count;
    struct house_push pushes[HOUSE_PUSHES_MAX];
    /* filled by house_run */
    bool done;
    char *response;
};

/* Set environment variables as "NAME=value", NULL-ended, on top of what the house needs. */
void house_start(struct house *house, const char *const *environment);
/* The same with one flow in its folder. */
void house_start_with_flow(struct house *house, const char *const *environment, const char *name,
                           const char *source);
void house_stop(struct house *house);
/* From now on every push of that kind is answered so. */
void house_refuse(struct house *house, enum house_push_kind kind, struct server_answer answer);
/* Writes flows/<name>.lua; a name may have folders: "lib/money". */
void house_flow(struct house *house, const char *name, const char *source);

/* Flows for many tests: one that completes, and one that sleeps for input.nap after one event. */
extern const char *const house_hello;
extern const char *const house_sleepy;

/* An SQS event's text (mem_free), its callbacks aimed at this house. */
char *house_event(struct house *house, const struct jobs_record *jobs, size_t count);
/* Runs a batch to its answer, which stays in house->response. deadline_ms from now, 0: none. Fails
 * the test after limit_ms. */
const char *house_run(struct house *house, const char *event, int64_t deadline_ms,
                      int64_t limit_ms);

/* Runs one record and compares the answer. */
void house_run_one(struct house *house, const struct jobs_record *job, int64_t deadline_ms,
                   const char *expected);
/* Each of these texts (NULL-ended) stands in the run's events; its terminal status holds that. */
void house_assert_events(struct house *house, const char *run, const char *const *wanted);
void house_assert_terminal(struct house *house, const char *run, const char *wanted);

/* What arrived for a run, in order, as one text: "running events(log log) progress terminal". */
const char *house_story(struct house *house, const char *run, char *text, size_t size);
/* All accepted event payloads of a run as text: "log {...}\nerror {...}\n" (mem_free). */
char *house_events(struct house *house, const char *run);
/* Body of the last push of that kind for the run, or NULL. */
const char *house_last(struct house *house, const char *run, enum house_push_kind kind);
unsigned house_count(struct house *house, const char *run, enum house_push_kind kind);
/* True when the log holds the text. */
bool house_logged(struct house *house, const char *text);

#endif
