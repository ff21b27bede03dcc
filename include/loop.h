/* loop: one thread, one wait: curl transfers, file descriptors, timers, child exits, signals.
 *
 * epoll under curl's socket interface, so that two connection caches (the program's own calls and
 * those of flows, which must never share a connection) live in one loop. Callbacks never run inside
 * the call that registered them. Knows no domain. */
#ifndef MOONMILL_LOOP_H
#define MOONMILL_LOOP_H

#include "clock.h"
#include "diag.h"

#include <curl/curl.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct loop;

/* NULL with err when the machine refuses. Blocks SIGCHLD, SIGTERM and SIGINT and ignores SIGPIPE in
 * the calling thread; loop_free restores. One loop a process. clock outlives it. */
struct loop *loop_new(const struct clock *clock, struct error *err);
void loop_free(struct loop *loop);
int64_t loop_mono_ms(const struct loop *loop); /* as of now, not of the turn's start */
int64_t loop_wall_ms(const struct loop *loop);

/* Runs until loop_stop. */
void loop_run(struct loop *loop);
void loop_stop(struct loop *loop);
/* SIGTERM or SIGINT arrived. */
void loop_on_signal(struct loop *loop, void (*fn)(void *arg, int signal), void *arg);

/* Timers are embedded in their owner, zeroed before first use. Setting a set timer moves it. */
struct loop_timer {
    int64_t at_ms; /* on the monotonic clock */
    void (*fire)(void *arg);
    void *arg;
    bool set;
    struct loop_timer *next, *previous;
};
void loop_timer_set(struct loop *loop, struct loop_timer *timer, int64_t at_ms,
                    void (*fire)(void *arg), void *arg);
void loop_timer_stop(struct loop *loop, struct loop_timer *timer);

/* Transfers. Each cache keeps its own connections; the loop owns the easy handle's CURLOPT_PRIVATE.
 */
enum loop_cache { LOOP_OWN, LOOP_FLOWS, LOOP_CACHES };
struct loop_transfer {
    CURL *easy;
    void (*done)(void *arg, CURLcode result);
    void *arg;
    enum loop_cache cache;
    bool running;
    struct loop_timer refused; /* curl did not take it: done says so, later as always */
};
/* Starts a transfer; done is called once unless it is cancelled. The owner keeps transfer and easy
 * alive until then. */
void loop_transfer_start(struct loop *loop, struct loop_transfer *transfer);
/* Stops a running transfer, or nothing; done will not be called. */
void loop_transfer_cancel(struct loop *loop, struct loop_transfer *transfer);

/* The handle's transfers trust the authorities of that bundle (roots.h), which all of the loop's
 * handles share; ca_file NULL: curl's own. */
void loop_trust(struct loop *loop, CURL *easy, const char *ca_file);

/* A descriptor, embedded like a timer. events are EPOLLIN | EPOLLOUT (0: registered, but paused);
 * ready gets the events that came, EPOLLHUP and EPOLLERR included. */
struct loop_fd {
    int fd;
    uint32_t events;
    void (*ready)(void *arg, uint32_t events);
    void *arg;
    bool watched;
};
void loop_fd_watch(struct loop *loop, struct loop_fd *watch, uint32_t events);
void loop_fd_stop(struct loop *loop, struct loop_fd *watch);

/* A child of ours, embedded; exited gets waitpid's status, once. */
struct loop_child {
    pid_t pid;
    void (*exited)(void *arg, int status);
    void *arg;
    struct loop_child *next;
    bool watched;
};
void loop_child_watch(struct loop *loop, struct loop_child *child);
/* The owner does not want to hear; the child is still reaped. */
void loop_child_forget(struct loop *loop, struct loop_child *child);

#endif
