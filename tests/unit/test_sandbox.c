#include "sandbox.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* Runs act in a child that has entered the sandbox; returns the child's wait status. */
static int confined(int (*act)(void))
{
    fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        char level[SANDBOX_LEVEL_SIZE];
        struct error err;
        if (!sandbox_enter(0, level, &err))
            _exit(99);
        _exit(act());
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
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

static int raise_the_limits(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur != 0 || limit.rlim_max != 0)
        return 1;
    if (getrlimit(RLIMIT_FSIZE, &limit) != 0 || limit.rlim_cur != 0 || limit.rlim_max != 0)
        return 2;
    if (getrlimit(RLIMIT_CORE, &limit) != 0 || limit.rlim_cur != 0 || limit.rlim_max != 0)
        return 3;
    struct rlimit more = {64, 64};
    /* root may raise them again: no promise rests on a worker that is root and runs native code */
    return geteuid() == 0 || setrlimit(RLIMIT_NOFILE, &more) != 0 ? 0 : 4;
}

static int leave_a_core(void)
{
    abort();
}

static void sandbox_refuses_each_forbidden_act(void **state)
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
        int status = confined(cases[i].act);
        if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
            fail_msg("%s: status %d", cases[i].what, status);
    }
}

static void sandbox_leaves_no_core(void **state)
{
    (void)state;
    int status = confined(leave_a_core);
    assert_true(WIFSIGNALED(status));
    assert_false(WCOREDUMP(status));
}

static int tell_level(void)
{
    char level[SANDBOX_LEVEL_SIZE];
    return sandbox_enter(0, level, NULL) && strncmp(level, "rlimits", 7) == 0 ? 0 : 1;
}

static void sandbox_tells_the_level_and_may_be_entered_twice(void **state)
{
    (void)state;
    int status = confined(tell_level);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static int limit_memory(void)
{
    char level[SANDBOX_LEVEL_SIZE];
    /* far under what a sanitizer's shadow has already mapped: only new mappings are refused */
    if (!sandbox_enter(1 << 20, level, NULL))
        return 1;
    void *memory = mmap(NULL, 64 << 20, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return memory == MAP_FAILED && errno == ENOMEM ? 0 : 2;
}

static void sandbox_limits_the_address_space(void **state)
{
    (void)state;
    int status = confined(limit_memory);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static int burn(void)
{
    sandbox_arm(50);
    for (volatile bool on = true; on;)
        ;
    return 1;
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
        cmocka_unit_test(sandbox_refuses_each_forbidden_act),
        cmocka_unit_test(sandbox_leaves_no_core),
        cmocka_unit_test(sandbox_tells_the_level_and_may_be_entered_twice),
        cmocka_unit_test(sandbox_limits_the_address_space),
        cmocka_unit_test(sandbox_arm_ends_a_process_that_burns),
        cmocka_unit_test(sandbox_arm_with_0_disarms),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
