/* kernel: makes the real kernel refuse confinement, as Lambda's does, to this process and to all
 * that it starts.
 *
 * A seccomp filter answers in the kernel's place, so that a worker sees what it would see there; no
 * switch of the program takes part. To be called before any thread is made: the filter is the
 * calling thread's and its children's. */
#ifndef MOONMILL_RIG_KERNEL_H
#define MOONMILL_RIG_KERNEL_H

#include <stdbool.h>

enum kernel_level {
    KERNEL_FULL,       /* whatever this kernel grants */
    KERNEL_NO_SECCOMP, /* no filter of a process's own, no Landlock */
    KERNEL_LOWEST,     /* no prctl either: neither no_new_privs nor non-dumpable */
};

/* False when the word names no level: "full", "no-seccomp", "lowest". */
bool kernel_level_of(const char *word, enum kernel_level *level);
/* Says on stderr what it could not do, and exits: a level that is not there proves nothing. */
void kernel_enter(enum kernel_level level);
/* From here on that one call is refused to this process (EPERM), which gains no privileges any more
 * (no_new_privs). Exits when that cannot be made. */
void kernel_refuse(long call);
/* The layers that a worker reaches there, as the sandbox names them; NULL: it depends on the
 * kernel. */
const char *kernel_layers(enum kernel_level level);

#endif
