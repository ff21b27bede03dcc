/* pool: the worker processes of this supervisor.
 *
 * Started by exec of the same binary with an empty environment, one socket and one shared page;
 * kept warm; lent to one run at a time, of one app only ever; a spare one is kept ready. A worker
 * that did not end its run in order, or said anything since, is killed and replaced. Bytes, not
 * meaning: run reads frames. */
#ifndef MOONMILL_POOL_H
#define MOONMILL_POOL_H

#include "config.h"
#include "diag.h"
#include "loop.h"
#include "mem.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct pool;
struct pool_worker;

/* program: the path of our own executable (main passes /proc/self/exe); tests pass a liar. */
struct pool *pool_new(struct loop *loop, const struct config *config, const struct log *log,
                      const char *program);
/* Kills and reaps every worker. */
void pool_free(struct pool *pool);
/* Starts spares until `count` idle workers wait; as far as the machine allows (logged). */
void pool_warm(struct pool *pool, size_t count);

/* Starts the first worker and tells, once, when it is confined as EXECUTOR_SANDBOX wants (why
 * NULL), or that none can be (ERROR_SYSTEM: which layers the kernel refuses). May be told from
 * inside. */
typedef void pool_confined_fn(void *arg, const struct error *why);
void pool_await_confined(struct pool *pool, pool_confined_fn *confined, void *arg);

/* The layers that confine workers (sandbox.h), once the first one has told; "" before. */
const char *pool_level(const struct pool *pool);

#define POOL_WORKER_GONE SIZE_MAX

struct pool_end {
    pid_t pid;
    int status;        /* of waitpid */
    bool ready;        /* it had been able to begin; else the machine is to blame, not the run */
    const char *broke; /* what it did for which the pool killed it; NULL: its end was its own */
};

struct pool_user {
    void *arg;
    /* Bytes arrived; returns how many it consumed from the front, or POOL_WORKER_GONE when it
     * killed the worker. The rest is kept, at most one frame's worth; more is a broken worker. */
    size_t (*bytes)(void *arg, struct span bytes);
    /* The worker is gone and everything it sent was delivered before. */
    void (*gone)(void *arg, const struct pool_end *end);
};

/* Lends a worker that ran nothing but runs of this app. NULL with err (ERROR_SYSTEM) when none can
 * be started. */
struct pool_worker *pool_take(struct pool *pool, const char *app_id, const struct pool_user *user,
                              struct error *err);
/* How often it was lent: the number of the run that has it now. */
int64_t pool_loan(const struct pool_worker *worker);
/* Back after a run that ended in order: it stays warm. Not one that was asked. */
void pool_give_back(struct pool_worker *worker);
/* Ends it; user is not called any more. */
void pool_kill(struct pool_worker *worker);

/* Queues bytes for the worker's socket; sent as it takes them. */
void pool_send(struct pool_worker *worker, struct span bytes);
/* While paused nothing is read, so that its writes block. */
void pool_pause(struct pool_worker *worker, bool paused);

/* The stall watch: CPU time of the worker's that goes by while its VM's ticks stand.
 * Zero-initialise when a run begins. */
struct pulse {
    bool begun;
    bool probed; /* asked to tick when the VM moves next */
    uint64_t ticks;
    int64_t cpu_ms;
};
/* A look, to be taken several times in stall_ms. True when one native call has used stall_ms of
 * CPU, or has not come back for half of that: many short calls between two ticks are none, as
 * half-way the worker is probed (WORKER_PROBED). idle: it runs nothing now, so nothing counts. */
bool pool_stalls(const struct pool_worker *worker, struct pulse *pulse, int64_t stall_ms,
                 bool idle);
/* Asks a worker that does not come back where it is (WORKER_ASKED); kills it when it has used
 * POOL_ASKED_CPU_MS since, or POOL_ASKED_MS went by. Either way its user hears of the end. */
#define POOL_ASKED_CPU_MS 50
#define POOL_ASKED_MS     2000
void pool_ask(struct pool_worker *worker);
pid_t pool_pid(const struct pool_worker *worker);

#endif
