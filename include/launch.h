/* launch: a worker process is made: exec of a program, one socket, one shared page, nothing else.
 *
 * Nothing is in its environment but the time zone, nothing inherited but descriptors 0 and 3. The
 * page cannot be cut or grown by whoever shares it. */
#ifndef MOONMILL_LAUNCH_H
#define MOONMILL_LAUNCH_H

#include "diag.h"
#include "worker.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct launched {
    pid_t pid;
    int socket; /* our end; never blocks */
    struct worker_page *page;
};

/* False with err (ERROR_SYSTEM) when none can be started; launched is then as it was. */
bool launch_worker(const char *program, int64_t memory_limit_bytes, struct launched *launched,
                   struct error *err);
/* Closes our end and unmaps the page. The process is its owner's to end. */
void launch_release(struct launched *launched);

#endif
