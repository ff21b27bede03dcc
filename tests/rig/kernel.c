#include "kernel.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__x86_64__)
#define NATIVE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define NATIVE AUDIT_ARCH_AARCH64
#else
#error "no filter for this architecture"
#endif

bool kernel_level_of(const char *word, enum kernel_level *level)
{
    static const char *const words[] = {"full", "no-seccomp", "lowest"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (strcmp(word, words[i]) == 0) {
            *level = (enum kernel_level)i;
            return true;
        }
    }
    return false;
}

const char *kernel_layers(enum kernel_level level)
{
    static const char *const layers[] = {NULL, "rlimits,nonewprivs,nodump", "rlimits"};
    return layers[level];
}

/* A jump's counts are instructions to skip: when it holds, and when it does not. */
#define LOAD(field)                                                                                \
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)offsetof(struct seccomp_data, field))
#define IF(value, yes, no) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (value), (yes), (no))
#define ANSWER(what)       BPF_STMT(BPF_RET | BPF_K, (what))

static bool install(enum kernel_level level)
{
    uint8_t others = level == KERNEL_LOWEST; /* of prctl's options: refused like the filter's own */
    struct sock_filter filter[] = {
        LOAD(arch),
        IF(NATIVE, 0, 6),
        LOAD(nr),
        IF(SYS_landlock_create_ruleset, 6, 0),
        IF(SYS_seccomp, 4, 0),
        IF(SYS_prctl, 0, 2),
        LOAD(args[0]), /* its low half: an int on little-endian machines, which both are */
        IF(PR_SET_SECCOMP, 1, others),
        ANSWER(SECCOMP_RET_ALLOW),
        ANSWER(SECCOMP_RET_ERRNO | EPERM),
        ANSWER(SECCOMP_RET_ERRNO | ENOSYS),
    };
    struct sock_fprog program = {sizeof filter / sizeof *filter, filter};
    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) == 0;
}

static void give_up(const char *what)
{
    fprintf(stderr, "NOT RUN: this level cannot be made here: %s: %s\n", what, strerror(errno));
    exit(1);
}

/* A filter needs the capability, if need be that of a user namespace of our own. With no_new_privs
 * it would need none, but then the workers had that already. */
void kernel_enter(enum kernel_level level)
{
    if (level == KERNEL_FULL || install(level))
        return;
    if (unshare(CLONE_NEWUSER) != 0)
        give_up("unshare(CLONE_NEWUSER)");
    if (!install(level))
        give_up("prctl(PR_SET_SECCOMP)");
}

void kernel_refuse(long call)
{
    struct sock_filter filter[] = {
        LOAD(nr),
        IF((uint32_t)call, 0, 1),
        ANSWER(SECCOMP_RET_ERRNO | EPERM),
        ANSWER(SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {sizeof filter / sizeof *filter, filter};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
        give_up("prctl(PR_SET_SECCOMP)");
}
