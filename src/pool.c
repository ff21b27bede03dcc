#include "pool.h"

#include "launch.h"
#include "sandbox.h"
#include "wire.h"
#include "worker.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define ASKED_LOOK_MS 10
#define DEAF_MS       1000 /* for a worker that closed its socket to be gone */
#define READ_CHUNK    (64 * 1024)
#define INBOX_MAX     (WIRE_FRAME_MAX + 4 + READ_CHUNK)
#define OUTBOX_MAX    (2 * WIRE_FRAME_MAX + CONFIG_HTTP_RESPONSE_MAX * CONFIG_HTTP_IN_FLIGHT_MAX)

struct pool_worker {
    struct pool *pool;
    struct pool_worker *next;
    char *app_id; /* NULL: ran nothing yet */
    struct pool_user user;
    bool lent;
    int64_t loan;
    bool ready;        /* its ready frame came */
    const char *broke; /* why it was killed here, or NULL */
    bool paused;
    bool eof;
    bool exited;
    int status;
    struct launched made;
    struct loop_fd socket;
    struct loop_child child;
    struct loop_timer asked; /* looks whether it answers */
    int64_t asked_ms;        /* when it was asked */
    int64_t asked_cpu_ms;    /* its CPU time then */
    struct loop_timer again; /* delivers what is left in the inbox after a pause */
    struct loop_timer deaf;  /* ends one that closed its socket and lives */
    struct buffer inbox;
    struct buffer outbox;
};

struct pool {
    struct loop *loop;
    const struct config *config;
    const struct log *log;
    char *program;
    struct pool_worker *workers;
    struct loop_timer spare;        /* starts a spare outside of the hot path */
    char level[SANDBOX_LEVEL_SIZE]; /* of the first worker; "" until it is known */
    pool_confined_fn *confined;     /* who waits to hear about the first worker; NULL: nobody */
    void *confined_arg;
};

static void on_socket(void *arg, uint32_t events);
static void on_exit(void *arg, int status);
static void catch_up(void *arg);

/* --- starting --------------------------------------------------------------------------------- */

static struct pool_worker *start(struct pool *pool, struct error *err)
{
    struct launched made;
    if (!launch_worker(pool->program, pool->config->memory_limit_bytes, &made, err))
        return NULL;
    struct pool_worker *worker = mem_new(sizeof *worker);
    worker->pool = pool;
    worker->made = made;
    worker->socket = (struct loop_fd){.fd = made.socket, .ready = on_socket, .arg = worker};
    worker->child = (struct loop_child){.pid = made.pid, .exited = on_exit, .arg = worker};
    buffer_init(&worker->inbox, INBOX_MAX);
    buffer_init(&worker->outbox, OUTBOX_MAX);
    loop_fd_watch(pool->loop, &worker->socket, EPOLLIN);
    loop_child_watch(pool->loop, &worker->child);
    worker->next = pool->workers;
    pool->workers = worker;
    return worker;
}

/* --- ending ----------------------------------------------------------------------------------- */

static void unlink_worker(struct pool_worker *worker)
{
    struct pool_worker **at = &worker->pool->workers;
    while (*at != worker)
        at = &(*at)->next;
    *at = worker->next;
}

void pool_kill(struct pool_worker *worker)
{
    struct loop *loop = worker->pool->loop;
    unlink_worker(worker);
    if (!worker->exited)
        kill(worker->child.pid, SIGKILL);
    loop_child_forget(loop, &worker->child);
    loop_fd_stop(loop, &worker->socket);
    loop_timer_stop(loop, &worker->again);
    loop_timer_stop(loop, &worker->asked);
    loop_timer_stop(loop, &worker->deaf);
    launch_release(&worker->made);
    buffer_release(&worker->inbox);
    buffer_release(&worker->outbox);
    mem_free(worker->app_id);
    mem_free(worker);
}

/* Kills it for what it did; its user hears of it when it is gone. */
static void end_broken(struct pool_worker *worker, const char *why)
{
    if (worker->broke || worker->exited)
        return;
    worker->broke = why;
    if (!worker->lent)
        log_line(worker->pool->log, LOG_WARN, "an idle worker is ended", LOG_TEXT("reason", why),
                 LOG_NUMBER("pid", worker->child.pid));
    loop_fd_stop(worker->pool->loop, &worker->socket);
    kill(worker->child.pid, SIGKILL);
}

static void tell_confined(struct pool *pool, const struct error *why)
{
    pool_confined_fn *confined = pool->confined;
    pool->confined = NULL;
    if (confined)
        confined(pool->confined_arg, why);
}

static void tell_unstartable(struct pool *pool, int status)
{
    struct error err;
    error_set(&err, ERROR_SYSTEM, "a worker could not start (wait status %d)", status);
    tell_confined(pool, &err);
}

/* Tells its user, or, when it belongs to nobody, forgets it. Frees the worker. */
static void report_gone(struct pool_worker *worker)
{
    struct pool_user user = worker->user;
    struct pool_end end = {worker->child.pid, worker->status, worker->ready, worker->broke};
    bool lent = worker->lent;
    struct pool *pool = worker->pool;
    if (!lent && !worker->broke)
        log_line(pool->log, LOG_WARN, "an idle worker ended by itself", LOG_NUMBER("pid", end.pid),
                 LOG_NUMBER("status", end.status));
    pool_kill(worker);
    if (!end.ready)
        tell_unstartable(pool, end.status);
    if (lent)
        user.gone(user.arg, &end);
}

/* --- what it says ----------------------------------------------------------------------------- */

static void keep_level(struct pool *pool, const char *level, const char *missing)
{
    if (*pool->level)
        return;
    snprintf(pool->level, sizeof pool->level, "%s", level);
    if (*missing)
        log_line(pool->log, LOG_WARN,
                 "workers are confined without layers that this kernel refuses",
                 LOG_TEXT("missing", missing), LOG_TEXT("by", level));
    else
        log_line(pool->log, LOG_DEBUG, "workers are confined", LOG_TEXT("by", level));
}

/* False when it lacks a layer and EXECUTOR_SANDBOX wants all of them. */
static bool judge_level(struct pool *pool, const char *level)
{
    char missing[SANDBOX_LEVEL_SIZE];
    struct error err = {0};
    sandbox_missing(level, missing);
    keep_level(pool, level, missing);
    bool good = !*missing || !pool->config->sandbox_strict;
    if (!good)
        error_set(&err, ERROR_SYSTEM,
                  "EXECUTOR_SANDBOX is strict, but this kernel refuses workers: %s; set it to auto "
                  "to run without",
                  missing);
    tell_confined(pool, good ? NULL : &err);
    return good;
}

/* The first frame of a worker's life says how far it is confined. False: it said something else, or
 * that it is not confined as it must be. */
static bool read_ready(struct pool_worker *worker)
{
    struct pool *pool = worker->pool;
    struct wire_frame frame;
    struct wire_ready ready;
    size_t used;
    enum wire_status status = wire_read(buffer_span(&worker->inbox), &frame, &used, NULL);
    if (status == WIRE_MORE)
        return true;
    if (status == WIRE_BROKEN || !wire_get_ready(&frame, &ready, NULL))
        return false;
    char *level = mem_string(ready.level);
    worker->ready = judge_level(pool, level);
    mem_free(level);
    buffer_drop(&worker->inbox, used);
    return worker->ready;
}

/* What it said goes to its user, who may give it back from inside. False: the user killed it. */
static bool hand_over(struct pool_worker *worker)
{
    if (!worker->ready && worker->inbox.len && !read_ready(worker))
        end_broken(worker, "it may not begin");
    if (worker->ready && worker->inbox.len && !worker->paused) {
        if (worker->lent) {
            size_t used = worker->user.bytes(worker->user.arg, buffer_span(&worker->inbox));
            if (used == POOL_WORKER_GONE)
                return false;
            buffer_drop(&worker->inbox, used);
        } else {
            end_broken(worker, "it spoke between two runs");
        }
    }
    if (worker->inbox.len == 0 && worker->inbox.size > READ_CHUNK)
        buffer_release(&worker->inbox);
    if (worker->inbox.len + READ_CHUNK > INBOX_MAX && !worker->paused)
        end_broken(worker, "it sent more than a frame may have");
    return true;
}

/* The worker may be gone after: what it said is told, and then its end. Of one that was ended here
 * no more is heard. */
static void deliver(struct pool_worker *worker)
{
    if (!worker->broke && !hand_over(worker))
        return;
    bool heard = worker->eof && (!worker->paused || worker->inbox.len == 0);
    if (worker->exited && (heard || worker->broke))
        report_gone(worker);
}

static void on_deaf(void *arg)
{
    end_broken(arg, "it closed its socket");
}

static void read_socket(struct pool_worker *worker)
{
    char bytes[READ_CHUNK];
    while (worker->inbox.len + READ_CHUNK <= INBOX_MAX) {
        ssize_t got = recv(worker->socket.fd, bytes, sizeof bytes, 0);
        if (got > 0) {
            buffer_add(&worker->inbox, (struct span){bytes, (size_t)got});
            if ((size_t)got < sizeof bytes)
                break;
        } else if (got < 0 && errno == EINTR) {
            continue;
        } else {
            worker->eof = got == 0 || (errno != EAGAIN && errno != EWOULDBLOCK);
            break;
        }
    }
    if (worker->eof) {
        loop_fd_stop(worker->pool->loop, &worker->socket);
        if (!worker->exited) /* it is about to, or else has no more to live for */
            loop_timer_set(worker->pool->loop, &worker->deaf,
                           loop_mono_ms(worker->pool->loop) + DEAF_MS, on_deaf, worker);
    }
}

static void watch_socket(struct pool_worker *worker)
{
    if (!worker->eof && !worker->broke)
        loop_fd_watch(worker->pool->loop, &worker->socket,
                      (worker->paused ? 0 : (uint32_t)EPOLLIN) |
                          (worker->outbox.len ? (uint32_t)EPOLLOUT : 0));
}

static void write_socket(struct pool_worker *worker)
{
    size_t sent = 0;
    while (sent < worker->outbox.len) {
        ssize_t n = send(worker->socket.fd, worker->outbox.data + sent, worker->outbox.len - sent,
                         MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK)
            sent = worker->outbox.len; /* it is gone; its end is read, not written */
        if (n < 0)
            break;
        sent += (size_t)n;
    }
    buffer_drop(&worker->outbox, sent);
    if (worker->outbox.len == 0 && worker->outbox.size > READ_CHUNK)
        buffer_release(&worker->outbox);
    watch_socket(worker);
}

static void on_socket(void *arg, uint32_t events)
{
    struct pool_worker *worker = arg;
    if (events & EPOLLOUT)
        write_socket(worker);
    if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) && !worker->paused) {
        read_socket(worker);
        deliver(worker);
    } else if (events & (EPOLLHUP | EPOLLERR)) {
        loop_fd_stop(worker->pool->loop, &worker->socket); /* paused: read its last words later */
    }
}

/* Delivers what waited; a dead worker's socket holds its last words. */
static void catch_up(void *arg)
{
    struct pool_worker *worker = arg;
    if (worker->paused)
        return;
    if (worker->exited && !worker->eof && !worker->broke)
        read_socket(worker);
    if (worker->exited && !worker->eof && !worker->broke)
        loop_timer_set(worker->pool->loop, &worker->again, loop_mono_ms(worker->pool->loop),
                       catch_up, worker);
    deliver(worker);
}

static void on_exit(void *arg, int status)
{
    struct pool_worker *worker = arg;
    worker->exited = true;
    worker->status = status;
    catch_up(worker);
}

/* --- lending ---------------------------------------------------------------------------------- */

static size_t count_workers(const struct pool *pool, bool idle_only)
{
    size_t count = 0;
    for (const struct pool_worker *worker = pool->workers; worker; worker = worker->next)
        count += !idle_only || !worker->lent;
    return count;
}

/* An idle worker: of this app (app_id), or one that ran nothing (NULL). */
static struct pool_worker *find_idle(struct pool *pool, const char *app_id)
{
    for (struct pool_worker *worker = pool->workers; worker; worker = worker->next) {
        bool fits =
            app_id ? worker->app_id && strcmp(worker->app_id, app_id) == 0 : !worker->app_id;
        if (!worker->lent && !worker->exited && !worker->eof && !worker->broke && fits)
            return worker;
    }
    return NULL;
}

/* Bytes that no run has read were not written for the next one. */
static bool is_quiet(const struct pool_worker *worker)
{
    char byte;
    return worker->inbox.len == 0 &&
           recv(worker->socket.fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 &&
           (errno == EAGAIN || errno == EWOULDBLOCK);
}

/* A worker that has run this app before and is silent since. */
static struct pool_worker *find_warm(struct pool *pool, const char *app_id)
{
    struct pool_worker *worker;
    while ((worker = find_idle(pool, app_id)) && !is_quiet(worker))
        end_broken(worker, "it spoke between two runs");
    return worker;
}

/* Ends idle workers of other apps until one more that has an app makes no more of those than the
 * runs at once; the spare has none. */
static void evict(struct pool *pool)
{
    size_t count = 0;
    for (const struct pool_worker *worker = pool->workers; worker; worker = worker->next)
        count += worker->app_id != NULL;
    for (struct pool_worker *worker = pool->workers; worker;) {
        struct pool_worker *next = worker->next;
        if (count >= (size_t)pool->config->concurrency && !worker->lent && worker->app_id) {
            pool_kill(worker);
            count--;
        }
        worker = next;
    }
}

static void start_spare(void *arg)
{
    struct pool *pool = arg;
    struct error err;
    if (find_idle(pool, NULL))
        return;
    if (!start(pool, &err))
        log_line(pool->log, LOG_WARN, err.text,
                 LOG_NUMBER("workers", (int64_t)count_workers(pool, false)));
}

struct pool_worker *pool_take(struct pool *pool, const char *app_id, const struct pool_user *user,
                              struct error *err)
{
    struct pool_worker *worker = find_warm(pool, app_id);
    if (!worker) {
        worker = find_idle(pool, NULL);
        evict(pool);
        if (!worker)
            worker = start(pool, err);
        if (!worker)
            return NULL;
        worker->app_id = mem_copy(app_id);
        loop_timer_set(pool->loop, &pool->spare, loop_mono_ms(pool->loop), start_spare, pool);
    }
    worker->lent = true;
    worker->loan++;
    worker->user = *user;
    return worker;
}

int64_t pool_loan(const struct pool_worker *worker)
{
    return worker->loan;
}

void pool_give_back(struct pool_worker *worker)
{
    worker->lent = false;
    worker->user = (struct pool_user){0};
    if (worker->paused)
        pool_pause(worker, false);
}

void pool_send(struct pool_worker *worker, struct span bytes)
{
    if (!buffer_add(&worker->outbox, bytes)) {
        end_broken(worker, "it asked for more than it reads");
        return;
    }
    if (!worker->eof)
        write_socket(worker);
}

void pool_pause(struct pool_worker *worker, bool paused)
{
    if (worker->paused == paused)
        return;
    worker->paused = paused;
    watch_socket(worker);
    if (!paused)
        loop_timer_set(worker->pool->loop, &worker->again, loop_mono_ms(worker->pool->loop),
                       catch_up, worker);
}

bool pool_stalls(const struct pool_worker *worker, struct pulse *pulse, int64_t stall_ms, bool idle)
{
    int64_t cpu_ms;
    uint64_t ticks = atomic_load_explicit(&worker->made.page->ticks, memory_order_relaxed);
    if (!clock_cpu_ms(worker->child.pid, &cpu_ms))
        return false;
    if (!pulse->begun || ticks != pulse->ticks || idle) {
        *pulse = (struct pulse){.begun = true, .ticks = ticks, .cpu_ms = cpu_ms};
        return false;
    }
    int64_t used_ms = cpu_ms - pulse->cpu_ms;
    if (!pulse->probed && used_ms >= stall_ms / 2) {
        pulse->probed = true;
        kill(worker->child.pid, WORKER_PROBED);
    }
    return used_ms >= stall_ms;
}

static void look_at_asked(void *arg)
{
    struct pool_worker *worker = arg;
    struct loop *loop = worker->pool->loop;
    int64_t cpu_ms = 0, now_ms = loop_mono_ms(loop);
    bool alive = clock_cpu_ms(worker->child.pid, &cpu_ms);
    if (alive && (cpu_ms - worker->asked_cpu_ms >= POOL_ASKED_CPU_MS ||
                  now_ms - worker->asked_ms >= POOL_ASKED_MS)) {
        kill(worker->child.pid, SIGKILL);
        return;
    }
    loop_timer_set(loop, &worker->asked, now_ms + ASKED_LOOK_MS, look_at_asked, worker);
}

void pool_ask(struct pool_worker *worker)
{
    if (worker->asked.set || worker->exited) /* its pid may be another's by now */
        return;
    worker->asked_ms = loop_mono_ms(worker->pool->loop);
    clock_cpu_ms(worker->child.pid, &worker->asked_cpu_ms);
    kill(worker->child.pid, WORKER_ASKED);
    look_at_asked(worker);
}

pid_t pool_pid(const struct pool_worker *worker)
{
    return worker->child.pid;
}

/* --- life ------------------------------------------------------------------------------------- */

struct pool *pool_new(struct loop *loop, const struct config *config, const struct log *log,
                      const char *program)
{
    struct pool *pool = mem_new(sizeof *pool);
    pool->loop = loop;
    pool->config = config;
    pool->log = log;
    pool->program = mem_copy(program);
    return pool;
}

void pool_free(struct pool *pool)
{
    if (!pool)
        return;
    loop_timer_stop(pool->loop, &pool->spare);
    while (pool->workers)
        pool_kill(pool->workers);
    mem_free(pool->program);
    mem_free(pool);
}

void pool_await_confined(struct pool *pool, pool_confined_fn *confined, void *arg)
{
    struct error err;
    pool->confined = confined;
    pool->confined_arg = arg;
    if (!start(pool, &err))
        tell_confined(pool, &err);
}

const char *pool_level(const struct pool *pool)
{
    return pool->level;
}

void pool_warm(struct pool *pool, size_t count)
{
    struct error err;
    for (size_t idle = count_workers(pool, true); idle < count; idle++) {
        if (!start(pool, &err)) {
            log_line(pool->log, LOG_WARN, err.text, LOG_NUMBER("wanted", (int64_t)count));
            return;
        }
    }
}
