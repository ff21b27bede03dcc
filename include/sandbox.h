/* sandbox: give up power.
 *
 * Called by a worker before its first read. After it no file or socket can be opened, no core is
 * written, memory, CPU time and file size are limited, and only the system calls of filter.h are
 * left. Each layer is tried; which ones hold is asked back from the kernel and told, not assumed:
 * AWS Lambda refuses prctl, and with it the filter. */
#ifndef MOONMILL_SANDBOX_H
#define MOONMILL_SANDBOX_H

#include "diag.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SANDBOX_LEVEL_SIZE 64

/* level: the layers that hold, comma-separated; all of them are
 * "rlimits,nonewprivs,nodump,landlock,seccomp". False with err when one that is always there
 * (rlimits) was refused. address_space_bytes 0: not limited (sanitizers). */
bool sandbox_enter(int64_t address_space_bytes, char level[SANDBOX_LEVEL_SIZE], struct error *err);

/* The layers that are not in level, in the same form; "" when it is complete. */
void sandbox_missing(const char *level, char missing[SANDBOX_LEVEL_SIZE]);

/* For the supervisor, whose memory holds tokens: no core is written, to a file or to a pipe. Best
 * effort: a kernel may refuse. */
void sandbox_no_cores(void);

/* The worker's self-destruct: SIGPROF, with its default action, after that much CPU time, and the
 * kernel's own limit, SIGXCPU, within two seconds behind it. 0 disarms. */
void sandbox_arm(int64_t cpu_ms);

#endif
