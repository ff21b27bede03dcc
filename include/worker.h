/* worker: the child's main: confine, read one order, run, send frames, repeat.
 *
 * Owns nothing but its socket (descriptor 0) and one shared page, which it maps from descriptor 3
 * and closes. EOF on the socket means exit. Everything it says is a frame of wire.h. */
#ifndef MOONMILL_WORKER_H
#define MOONMILL_WORKER_H

#include <stdatomic.h>
#include <stdint.h>

#define WORKER_SOCKET 0
#define WORKER_PAGE 3
/* argv[1] that makes a program of ours be a worker; argv[2] is the memory limit in bytes. */
#define WORKER_ARGUMENT "--worker"

/* The page a worker shares with its supervisor: how one sees from outside that the VM moves. */
struct worker_page {
    _Atomic uint64_t ticks;
};

/* Never returns normally but by _exit. */
int worker_main(int64_t memory_limit_bytes);

#endif
