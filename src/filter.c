#include "filter.h"

#include <assert.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/futex.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#if defined(__x86_64__)
#define ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#else
#error "filter: name this architecture's AUDIT_ARCH"
#endif

#define SOCKET         0
#define CONDITIONS_MAX 2
#define RULES_MAX      48
/* A rule is at most a comparison, four instructions a condition, and the answer. */
#define PROGRAM_MAX (4 + RULES_MAX * (2 + 4 * CONDITIONS_MAX) + 1)

/* The lower half of an argument, under the mask, is the value: descriptors, flags and commands of
 * these calls have no upper half that the kernel looks at. mask 0: no condition. */
struct condition {
    unsigned argument;
    uint32_t mask;
    uint32_t value;
};

struct rule {
    long call;
    struct condition conditions[CONDITIONS_MAX];
};

#define ARGUMENT(number, wanted)                                                                   \
    {                                                                                              \
        (number), UINT32_MAX, (uint32_t)(wanted)                                                   \
    }
#define NOT_EXECUTABLE                                                                             \
    {                                                                                              \
        2, PROT_EXEC, 0                                                                            \
    }
#define ANONYMOUS                                                                                  \
    {                                                                                              \
        3, MAP_ANONYMOUS, MAP_ANONYMOUS                                                            \
    }

/* The frequent ones first. */
static const struct rule rules[] = {
    {SYS_sendto, {ARGUMENT(0, SOCKET), ARGUMENT(4, 0)}}, /* to no address but its peer's */
    {SYS_recvfrom, {ARGUMENT(0, SOCKET)}},
    {SYS_clock_gettime, {{0}}}, /* of CPU time; the others do not enter the kernel */
    {SYS_setsockopt, {ARGUMENT(1, SOL_SOCKET), ARGUMENT(2, SO_RCVTIMEO)}},
    {SYS_brk, {{0}}},
    {SYS_mmap, {NOT_EXECUTABLE, ANONYMOUS}},
    {SYS_munmap, {{0}}},
    {SYS_mremap, {{0}}},
    {SYS_mprotect, {NOT_EXECUTABLE}}, /* malloc grows a heap so */
    {SYS_madvise, {{0}}},
    {SYS_setitimer, {ARGUMENT(0, ITIMER_PROF)}},
    {SYS_prlimit64, {ARGUMENT(0, 0), ARGUMENT(1, RLIMIT_CPU)}},
    {SYS_getrandom, {{0}}},
    {SYS_futex, {ARGUMENT(1, FUTEX_WAKE_PRIVATE)}}, /* the end of a pthread_once */
    {SYS_rt_sigreturn, {{0}}},                      /* from the handler of a probe */
    {SYS_exit_group, {{0}}},
#ifdef __SANITIZE_ADDRESS__
    /* what a sanitizer needs to live and to say what it found */
    {SYS_write, {ARGUMENT(0, STDERR_FILENO)}},
    {SYS_sigaltstack, {{0}}},
    {SYS_rt_sigprocmask, {{0}}},
    {SYS_rt_sigaction, {{0}}},
    {SYS_getpid, {{0}}},
    {SYS_gettid, {{0}}},
    {SYS_tgkill, {{0}}},
    {SYS_sched_yield, {{0}}},
    {SYS_prctl, {{0}}},
#endif
};
static_assert(sizeof rules / sizeof *rules <= RULES_MAX, "RULES_MAX counts the rules");

struct program {
    struct sock_filter code[PROGRAM_MAX];
    unsigned short len;
};

static void put(struct program *program, struct sock_filter instruction)
{
    program->code[program->len++] = instruction;
}

static void put_load(struct program *program, size_t offset)
{
    put(program, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset));
}

static void put_answer(struct program *program, uint32_t answer)
{
    put(program, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, answer));
}

/* Kills unless the condition holds. */
static void put_condition(struct program *program, const struct condition *condition)
{
    /* both architectures are little-endian: the lower half comes first */
    put_load(program, offsetof(struct seccomp_data, args) + condition->argument * sizeof(uint64_t));
    put(program, (struct sock_filter)BPF_STMT(BPF_ALU | BPF_AND | BPF_K, condition->mask));
    put(program, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, condition->value, 1, 0));
    put_answer(program, SECCOMP_RET_KILL_PROCESS);
}

static void put_rule(struct program *program, const struct rule *rule)
{
    unsigned short compare = program->len;
    put(program,
        (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)rule->call, 0, 0));
    for (size_t i = 0; i < CONDITIONS_MAX; i++)
        if (rule->conditions[i].mask)
            put_condition(program, &rule->conditions[i]);
    put_answer(program, SECCOMP_RET_ALLOW);
    /* another call: on to the next rule */
    program->code[compare].jf = (unsigned char)(program->len - compare - 1);
}

static void write_program(struct program *program)
{
    program->len = 0;
    put_load(program, offsetof(struct seccomp_data, arch));
    put(program, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCHITECTURE, 1, 0));
    put_answer(program, SECCOMP_RET_KILL_PROCESS);
    put_load(program, offsetof(struct seccomp_data, nr));
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
        put_rule(program, &rules[i]);
    put_answer(program, SECCOMP_RET_KILL_PROCESS);
}

bool filter_install(void)
{
    struct program program;
    write_program(&program);
    struct sock_fprog loaded = {program.len, program.code};
    return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &loaded) == 0;
}
