#include "sandbox.h"

#include "clock.h"
#include "filter.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

/* The order in which a level names its layers. */
enum layer { RLIMITS, NO_NEW_PRIVS, NO_DUMP, LANDLOCK, SECCOMP, LAYERS };
static const char *const layer_names[LAYERS] = {"rlimits", "nonewprivs", "nodump", "landlock",
                                                "seccomp"};

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

/* --- rlimits ---------------------------------------------------------------------------------- */

static bool set_limit(int resource, const char *name, rlim_t value, struct error *err)
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

/* --- Landlock --------------------------------------------------------------------------------- */

/* What each version of the kernel's interface can refuse (landlock(7)); newer ones than the headers
 * of the build are named by their bits. */
#define LANDLOCK_FS_1     ((1ULL << 13) - 1)
#define LANDLOCK_FS_2     ((1ULL << 14) - 1) /* refer */
#define LANDLOCK_FS_3     ((1ULL << 15) - 1) /* truncate */
#define LANDLOCK_FS_5     ((1ULL << 16) - 1) /* ioctl_dev */
#define LANDLOCK_NET_4    3ULL               /* bind_tcp, connect_tcp */
#define LANDLOCK_SCOPED_6 3ULL               /* abstract Unix sockets, signals */

struct landlock_attributes {
    uint64_t fs;
    uint64_t net;
    uint64_t scoped;
};

/* Without a rule that allows anything: no path, no port, no other process. */
static bool enter_landlock(void)
{
    long version = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    if (version < 1)
        return false;
    struct landlock_attributes all = {.fs = version >= 5   ? LANDLOCK_FS_5
                                            : version >= 3 ? LANDLOCK_FS_3
                                            : version == 2 ? LANDLOCK_FS_2
                                                           : LANDLOCK_FS_1,
                                      .net = version >= 4 ? LANDLOCK_NET_4 : 0,
                                      .scoped = version >= 6 ? LANDLOCK_SCOPED_6 : 0};
    size_t known = version >= 6   ? sizeof all
                   : version >= 4 ? offsetof(struct landlock_attributes, scoped)
                                  : offsetof(struct landlock_attributes, net);
    int rules = (int)syscall(SYS_landlock_create_ruleset, &all, known, 0);
    if (rules < 0)
        return false;
    bool holds = syscall(SYS_landlock_restrict_self, rules, 0) == 0;
    close(rules);
    return holds;
}

/* --- the whole -------------------------------------------------------------------------------- */

static void tell_level(const bool holds[LAYERS], char level[SANDBOX_LEVEL_SIZE])
{
    size_t len = 0;
    level[0] = '\0';
    for (int i = 0; i < LAYERS; i++)
        if (holds[i])
            len += (size_t)snprintf(level + len, SANDBOX_LEVEL_SIZE - len, "%s%s", len ? "," : "",
                                    layer_names[i]);
}

/* Landlock before the limits, since it needs a descriptor; the filter last, since it forbids the
 * rest. */
bool sandbox_enter(int64_t address_space_bytes, char level[SANDBOX_LEVEL_SIZE], struct error *err)
{
    bool holds[LAYERS] = {false};
    die_first();
    /* some kernels refuse prctl altogether: asked back, so that only what holds is told */
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    holds[NO_NEW_PRIVS] = prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1;
    holds[NO_DUMP] = prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0;
    holds[LANDLOCK] = enter_landlock();
    holds[RLIMITS] = enter_rlimits(address_space_bytes, err);
    if (!holds[RLIMITS])
        return false;
    holds[SECCOMP] = filter_install();
    tell_level(holds, level);
    return true;
}

/* One of level's words, whole. */
static bool names(const char *level, const char *layer)
{
    size_t len = strlen(layer);
    for (const char *at = level; at; at = strchr(at, ',')) {
        at += *at == ',';
        if (strncmp(at, layer, len) == 0 && (at[len] == ',' || at[len] == '\0'))
            return true;
    }
    return false;
}

void sandbox_missing(const char *level, char missing[SANDBOX_LEVEL_SIZE])
{
    bool lacks[LAYERS];
    for (int i = 0; i < LAYERS; i++)
        lacks[i] = !names(level, layer_names[i]);
    tell_level(lacks, missing);
}

void sandbox_no_cores(void)
{
    setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); /* the limit does not hold for pipes */
}

/* The kernel's limit counts the process's whole life, in seconds. */
static void limit_cpu(int64_t cpu_ms)
{
    int64_t used_ms = 0;
    struct rlimit limit;
    if (getrlimit(RLIMIT_CPU, &limit) != 0)
        return;
    limit.rlim_cur = limit.rlim_max;
    if (cpu_ms > 0 && clock_cpu_ms(0, &used_ms) &&
        (rlim_t)((used_ms + cpu_ms) / 1000 + 2) < limit.rlim_max)
        limit.rlim_cur = (rlim_t)((used_ms + cpu_ms) / 1000 + 2);
    setrlimit(RLIMIT_CPU, &limit);
}

void sandbox_arm(int64_t cpu_ms)
{
    struct itimerval timer = {.it_value = {.tv_sec = (time_t)(cpu_ms / 1000),
                                           .tv_usec = (suseconds_t)(cpu_ms % 1000 * 1000)}};
    setitimer(ITIMER_PROF, &timer, NULL);
    limit_cpu(cpu_ms);
}
