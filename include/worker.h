/* worker: the child's main: confine, read one order, run, send frames, repeat.
 *
 * Owns nothing but its socket (descriptor 0) and one shared page, which it maps from descriptor 3
 * and closes. EOF on the socket means exit. Everything it says is a frame of wire.h. */
#ifndef MOONMILL_WORKER_H
#define MOONMILL_WORKER_H

#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>

#define WORKER_SOCKET 0
#define WORKER_PAGE   3
/* argv[1] that makes a program of ours be a worker; argv[2] is the memory limit in bytes. */
#define WORKER_ARGUMENT "--worker"

/* The signal that asks a worker which does not come back from native code where it is: it answers
 * with its outcome (limit.stall, or timeout behind a deadline), and ends. */
#define WORKER_ASKED SIGUSR1

/* The signal after which the worker ticks as soon as its VM moves at all: so its supervisor tells
 * one long native call from many short ones. */
#define WORKER_PROBED SIGUSR2

/* How a worker that was not killed ends. */
enum worker_exit {
    WORKER_EXIT_EOF = 0,      /* the supervisor closed the socket */
    WORKER_EXIT_BROKEN = 2,   /* what came is no frame, or not one for now */
    WORKER_EXIT_FINAL = 3,    /* a limit of the whole run, after its outcome frame */
    WORKER_EXIT_CONFINED = 4, /* it could not be confined, or has no page: it ran nothing */
};

/* The page a worker shares with its supervisor: how one sees from outside that the VM moves. */
struct worker_page {
    _Atomic uint64_t ticks;
};

/* extra: prelude files that only a developer's program has, or NULL. Never returns but by _exit. */
struct prelude_file;
int worker_main(int64_t memory_limit_bytes, const struct prelude_file *extra);

#endif
