/* sandbox: give up power.
 *
 * Called by a worker before its first read. After it: no file or socket can be opened, no core is
 * written, memory and file size are limited. Each layer is tried; the level reached is told, not
 * assumed. (The seccomp filter is not there yet; its place is here.) */
#ifndef MOONMILL_SANDBOX_H
#define MOONMILL_SANDBOX_H

#include "diag.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SANDBOX_LEVEL_SIZE 64

/* level: the layers that hold, comma-separated ("rlimits,nonewprivs,nodump"). False with err when
 * one that is always there (rlimits) was refused. address_space_bytes 0: not limited (sanitizers).
 */
bool sandbox_enter(int64_t address_space_bytes, char level[SANDBOX_LEVEL_SIZE], struct error *err);

/* For the supervisor, whose memory holds tokens: no core is written, to a file or to a pipe. Best
 * effort: a kernel may refuse. */
void sandbox_no_cores(void);

/* The worker's self-destruct: SIGPROF, with its default action, after that much CPU time. 0
 * disarms. */
void sandbox_arm(int64_t cpu_ms);

#endif
