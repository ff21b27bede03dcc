/* filter: the system calls that a worker may make, as a seccomp-bpf program (seccomp(2)).
 *
 * An allow-list with arguments: its socket, anonymous memory that is never executable, clocks, its
 * own timer and CPU limit, the end. Anything else, and any other architecture's calls, ends the
 * process with SIGSYS. */
#ifndef MOONMILL_FILTER_H
#define MOONMILL_FILTER_H

#include <stdbool.h>

/* True when the filter holds from now on, for good. False with errno: the kernel has none, or
 * grants it only to processes that gave up new privileges (no_new_privs). */
bool filter_install(void);

#endif
