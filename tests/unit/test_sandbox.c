#include "sandbox.h"

#include "kernel.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

/* Runs act in a child that entered the sandbox on a kernel that refuses those calls with EPERM;
 * returns the child's wait status. */
static int confined_where(const long *refused, int64_t address_space, int (*act)(void))
{
    fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        char level[SANDBOX_LEVEL_SIZE];
        struct error err;
        for (; *refused >= 0; refused++)
            kernel_refuse(*refused);
        alarm(20); /* what hangs fails */
        if (!sandbox_enter(address_space, level, &err))
            _exit(99);
        _exit(act());
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}

static const long nothing[] = {-1};
static const long filters[] = {SYS_seccomp, -1};
static const long filters_and_landlock[] = {SYS_landlock_create_ruleset, SYS_seccomp, -1};
static const long filters_and_limits[] = {SYS_prlimit64, SYS_seccomp, -1};

static int confined(int (*act)(void))
{
    return confined_where(nothing, 0, act);
}

static int open_a_file(void)
{
    return open("/etc/passwd", O_RDONLY) < 0 && errno == EMFILE ? 0 : 1;
}

static int open_a_socket(void)
{
    return socket(AF_INET, SOCK_STREAM, 0) < 0 && errno == EMFILE ? 0 : 1;
}

static int make_a_pipe(void)
{
    int ends[2];
    return pipe(ends) < 0 && errno == EMFILE ? 0 : 1;
}

static int dup_a_descriptor(void)
{
    return dup(0) < 0 && errno == EMFILE ? 0 : 1;
}

static int make_a_memory_file(void)
{
    return memfd_create("x", 0) < 0 && errno == EMFILE ? 0 : 1;
}

static int make_a_folder(void)
{
    return mkdir("/tmp/moonmill-escaped", 0700) < 0 && errno == EACCES ? 0 : 1;
}

static int make_a_link(void)
{
    return symlink("/tmp", "/tmp/moonmill-link") < 0 && errno == EACCES ? 0 : 1;
}

static int signal_another(void)
{
    return kill(getppid(), 0) < 0 && errno == EPERM ? 0 : 1;
}

static int raise_the_limits(void)
{
    struct rlimit more = {64, 64};
    /* root may raise them again: no promise rests on a worker that is root and runs native code */
    return geteuid() == 0 || setrlimit(RLIMIT_NOFILE, &more) != 0 ? 0 : 4;
}

static int make_memory_executable(void)
{
    mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return 1;
}

static int change_memory_to_executable(void)
{
    void *memory = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    mprotect(memory, 4096, PROT_READ | PROT_EXEC);
    return 1;
}

static int send_to_an_address(void)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX, .sun_path = "/tmp/x"};
    sendto(0, "x", 1, 0, (struct sockaddr *)&at, sizeof at);
    return 1;
}

static int run_a_program(void)
{
    execl("/bin/true", "true", (char *)NULL);
    return 1;
}

static int fork_a_process(void)
{
    return syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0) < 0;
}

static int shut_the_socket(void)
{
    shutdown(0, SHUT_RDWR);
    return 1;
}

/* The old table of 32-bit calls, where 1 is exit and 20 getpid. */
static int call_as_32_bit(void)
{
#ifdef __x86_64__
    long result;
    __asm__ volatile("int $0x80" : "=a"(result) : "a"(20L) : "memory");
    return 1;
#else
    return (int)syscall(SYS_getppid);
#endif
}

/* Each is a call that no worker makes. */
static void sandbox_ends_what_makes_another_call(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        int (*act)(void);
    } cases[] = {
        {"open a file", open_a_file},
        {"open a socket", open_a_socket},
        {"make a pipe", make_a_pipe},
        {"dup a descriptor", dup_a_descriptor},
        {"make a memfd", make_a_memory_file},
        {"make a folder", make_a_folder},
        {"signal another process", signal_another},
        {"make executable memory", make_memory_executable},
        {"make memory executable", change_memory_to_executable},
        {"send to an address", send_to_an_address},
        {"run a program", run_a_program},
        {"fork", fork_a_process},
        {"shut its socket", shut_the_socket},
        {"call as a 32-bit program", call_as_32_bit},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int status = confined(cases[i].act);
        if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGSYS)
            fail_msg("%s: status %d", cases[i].what, status);
    }
}

/* What the limits alone hold. */
static void sandbox_opens_nothing_without_a_filter(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        int (*act)(void);
    } cases[] = {
        {"open a file", open_a_file},         {"open a socket", open_a_socket},
        {"make a pipe", make_a_pipe},         {"dup a descriptor", dup_a_descriptor},
        {"make a memfd", make_a_memory_file}, {"raise the limits", raise_the_limits},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int status = confined_where(filters_and_landlock, 0, cases[i].act);
        if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
            fail_msg("%s: status %d", cases[i].what, status);
    }
}

/* Whether the layer holds here, where the filter is refused so that it can be told by a pipe. */
static bool reaches(const char *layer)
{
    char level[SANDBOX_LEVEL_SIZE] = "";
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        kernel_refuse(SYS_seccomp);
        if (!sandbox_enter(0, level, NULL))
            _exit(99);
        _exit(write(ends[1], level, sizeof level) < 0);
    }
    close(ends[1]);
    assert_true(read(ends[0], level, sizeof level) > 0);
    close(ends[0]);
    waitpid(child, NULL, 0);
    return strstr(level, layer) != NULL;
}

/* What Landlock alone holds, where the kernel has it: paths need no descriptor. */
static void sandbox_reaches_no_path_by_landlock(void **state)
{
    (void)state;
    if (!reaches("landlock")) {
        print_message("NOT RUN: this kernel has no Landlock\n");
        skip();
    }
    int status = confined_where(filters, 0, make_a_folder);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    status = confined_where(filters, 0, make_a_link);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static int leave_a_core(void)
{
    abort();
}

static void sandbox_leaves_no_core(void **state)
{
    (void)state;
    int status = confined_where(filters, 0, leave_a_core);
    assert_true(WIFSIGNALED(status));
    assert_false(WCOREDUMP(status));
}

static int limit_memory(void)
{
    void *memory = mmap(NULL, 64 << 20, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return memory == MAP_FAILED && errno == ENOMEM ? 0 : 2;
}

static void sandbox_limits_the_address_space(void **state)
{
    (void)state;
    /* far under what a sanitizer's shadow has already mapped: only new mappings are refused */
    int status = confined_where(nothing, 1 << 20, limit_memory);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static void sandbox_is_not_entered_without_its_limits(void **state)
{
    (void)state;
    int status = confined_where(filters_and_limits, 0, open_a_file);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 99);
}

static void sandbox_names_what_is_missing(void **state)
{
    (void)state;
    static const struct {
        const char *level, *missing;
    } cases[] = {
        {"rlimits,nonewprivs,nodump,landlock,seccomp", ""},
        {"rlimits", "nonewprivs,nodump,landlock,seccomp"},
        {"rlimits,nodump,seccomp", "nonewprivs,landlock"},
        {"", "rlimits,nonewprivs,nodump,landlock,seccomp"},
        {"rlimits,nonewprivs,nodump,landlocked,xseccomp", "landlock,seccomp"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char missing[SANDBOX_LEVEL_SIZE];
        sandbox_missing(cases[i].level, missing);
        assert_string_equal(missing, cases[i].missing);
    }
}

static int burn(void)
{
    sandbox_arm(50);
    for (volatile bool on = true; on;)
        ;
    return 1;
}

static int burn_where_timers_are_refused(void)
{
    kernel_refuse(SYS_setitimer);
    return burn();
}

static int arm_and_disarm(void)
{
    sandbox_arm(50);
    sandbox_arm(0);
    for (volatile unsigned i = 0; i < 200 * 1000 * 1000; i++)
        ;
    return 0;
}

static void sandbox_arm_ends_a_process_that_burns(void **state)
{
    (void)state;
    int status = confined(burn);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGPROF);
}

static void sandbox_arm_ends_it_by_the_kernels_own_limit_as_well(void **state)
{
    (void)state;
    int status = confined_where(filters, 0, burn_where_timers_are_refused);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGXCPU);
}

static void sandbox_arm_with_0_disarms(void **state)
{
    (void)state;
    int status = confined(arm_and_disarm);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sandbox_ends_what_makes_another_call),
        cmocka_unit_test(sandbox_opens_nothing_without_a_filter),
        cmocka_unit_test(sandbox_reaches_no_path_by_landlock),
        cmocka_unit_test(sandbox_leaves_no_core),
        cmocka_unit_test(sandbox_limits_the_address_space),
        cmocka_unit_test(sandbox_is_not_entered_without_its_limits),
        cmocka_unit_test(sandbox_names_what_is_missing),
        cmocka_unit_test(sandbox_arm_ends_a_process_that_burns),
        cmocka_unit_test(sandbox_arm_ends_it_by_the_kernels_own_limit_as_well),
        cmocka_unit_test(sandbox_arm_with_0_disarms),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
