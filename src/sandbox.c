#include "sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <unistd.h>

/* When the machine is short of memory, a worker goes before its supervisor. Best effort: the file
 * may not be there. */
static void die_first(void)
{
    int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    ssize_t written = write(fd, "1000", 4);
    (void)written;
    close(fd);
}

static bool set_limit(__rlimit_resource_t resource, const char *name, rlim_t value,
                      struct error *err)
{
    struct rlimit limit = {value, value};
    if (setrlimit(resource, &limit) != 0)
        return error_set(err, ERROR_SYSTEM, "sandbox: %s cannot be set to %llu: %s", name,
                         (unsigned long long)value, strerror(errno));
    return true;
}

/* The layer that is always there. NOFILE alone stops open, socket, pipe and dup; what is open stays
 * open. */
static bool enter_rlimits(int64_t address_space_bytes, struct error *err)
{
    return set_limit(RLIMIT_CORE, "RLIMIT_CORE", 0, err) &&
           set_limit(RLIMIT_FSIZE, "RLIMIT_FSIZE", 0, err) &&
           set_limit(RLIMIT_NPROC, "RLIMIT_NPROC", 0, err) &&
           (address_space_bytes <= 0 ||
            set_limit(RLIMIT_AS, "RLIMIT_AS", (rlim_t)address_space_bytes, err)) &&
           set_limit(RLIMIT_NOFILE, "RLIMIT_NOFILE", 0, err);
}

bool sandbox_enter(int64_t address_space_bytes, char level[SANDBOX_LEVEL_SIZE], struct error *err)
{
    die_first();
    if (!enter_rlimits(address_space_bytes, err))
        return false;
    /* some kernels refuse prctl altogether: asked back, so that only what holds is told */
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    bool nonewprivs = prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1;
    bool nodump = prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0;
    snprintf(level, SANDBOX_LEVEL_SIZE, "rlimits%s%s", nonewprivs ? ",nonewprivs" : "",
             nodump ? ",nodump" : "");
    return true;
}

void sandbox_no_cores(void)
{
    setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); /* the limit does not hold for pipes */
}

void sandbox_arm(int64_t cpu_ms)
{
    struct itimerval timer = {.it_value = {.tv_sec = (time_t)(cpu_ms / 1000),
                                           .tv_usec = (suseconds_t)(cpu_ms % 1000 * 1000)}};
    setitimer(ITIMER_PROF, &timer, NULL);
}
