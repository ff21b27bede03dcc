/* bootstrap as Lambda runs it: start, serve, refuse, stop. */
#include "jobs.h"
#include "kernel.h"
#include "lambda.h"
#include "mem.h"

// clang-format off
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
// clang-format on
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PROGRAM TEST_BUILD "/bootstrap"

static const char *const environment[] = {"EXECUTOR_FLOWS_DIR=" TEST_SOURCE "/flows",
                                          "API_URL=http://127.0.0.1:9",
                                          "AWS_LAMBDA_LOG_LEVEL=FATAL", NULL};

static void invoke(struct lambda *lambda, const char *event, const char *expected)
{
    char *answer = lambda_invoke(lambda, event, 10000);
    assert_non_null(answer);
    if (!strstr(answer, expected))
        fail_msg("%s: answered %s", event, answer);
    free(answer);
}

static void a_malformed_event_is_an_error_and_the_next_one_is_served(void **state)
{
    (void)state;
    int status = 0;
    struct lambda *lambda = lambda_start(PROGRAM, environment, &status);
    assert_non_null(lambda);
    invoke(lambda, "not json", "error: {\"errorMessage\":\"");
    invoke(lambda, "{}", "Records");
    invoke(lambda, "{\"Records\":[{\"body\":\"x\"}]}", "messageId");
    invoke(lambda, "{\"Records\":[]}", "{\"batchItemFailures\":[]}");
    invoke(lambda, "{\"Records\":[{\"messageId\":\"a\",\"body\":\"x\"}]}",
           "{\"batchItemFailures\":[{\"itemIdentifier\":\"a\"}]}");
    assert_int_equal(lambda_stop(lambda), 0);
}

static void ten_thousand_records_are_answered_with_exactly_their_ids(void **state)
{
    (void)state;
    int status = 0;
    size_t size = 2000000, used = 0;
    char *event = malloc(size);
    struct lambda *lambda = lambda_start(PROGRAM, environment, &status);
    assert_non_null(lambda);
    used += (size_t)snprintf(event, size, "{\"Records\":[");
    for (int i = 0; i < 10000; i++)
        used += (size_t)snprintf(event + used, size - used,
                                 "%s{\"messageId\":\"id-%d\",\"body\":\"{}\"}", i ? "," : "", i);
    snprintf(event + used, size - used, "]}");
    char *answer = lambda_invoke(lambda, event, 60000);
    assert_non_null(answer);
    size_t count = 0;
    for (const char *at = answer; (at = strstr(at, "itemIdentifier")); at++)
        count++;
    assert_int_equal(count, 10000);
    assert_non_null(strstr(answer, "\"id-9999\""));
    free(answer);
    free(event);
    assert_int_equal(lambda_stop(lambda), 0);
}

/* "itemIdentifier" is longer than "messageId": see test_batch. */
static void an_answer_that_would_not_fit_fails_the_invocation_and_the_next_is_served(void **state)
{
    (void)state;
    int status = 0;
    size_t size = 6291556, used = 0;
    char *event = malloc(size + 1);
    struct lambda *lambda = lambda_start(PROGRAM, environment, &status);
    assert_non_null(lambda);
    used += (size_t)snprintf(event, size, "{\"Records\":[");
    for (int i = 0; i < 10000; i++) {
        used +=
            (size_t)snprintf(event + used, size - used, "%s{\"messageId\":\"%05d", i ? "," : "", i);
        for (int c = 0; c < 101; c++)
            used += (size_t)snprintf(event + used, size - used, "\\u0001");
        used += (size_t)snprintf(event + used, size - used, "\"}");
    }
    assert_true(snprintf(event + used, size + 1 - used, "]}") == 2);
    char *answer = lambda_invoke(lambda, event, 60000);
    assert_non_null(answer);
    assert_ptr_equal(strstr(answer, "error: {\"errorMessage\""), answer);
    assert_non_null(strstr(answer, "Runtime.ResponseTooLarge"));
    free(answer);
    free(event);
    invoke(lambda, "{\"Records\":[]}", "{\"batchItemFailures\":[]}");
    assert_int_equal(lambda_stop(lambda), 0);
}

static void its_memory_holds_tokens_so_it_writes_no_core(void **state)
{
    (void)state;
    int status = 0;
    char path[64], line[128];
    bool found = false;
    struct lambda *lambda = lambda_start(PROGRAM, environment, &status);
    assert_non_null(lambda);
    snprintf(path, sizeof path, "/proc/%d/limits", (int)lambda_pid(lambda));
    FILE *limits = fopen(path, "r");
    assert_non_null(limits);
    while (fgets(line, sizeof line, limits))
        found |= strncmp(line, "Max core file size        0                    0 ", 49) == 0;
    fclose(limits);
    assert_true(found);
    assert_int_equal(lambda_stop(lambda), 0);
}

static void *terminate_soon(void *arg)
{
    usleep(300000);
    kill(*(pid_t *)arg, SIGTERM);
    return NULL;
}

static void told_to_stop_in_the_middle_of_a_batch_it_exits_without_an_answer(void **state)
{
    (void)state;
    int status = 0;
    pthread_t thread;
    struct lambda *lambda = lambda_start(PROGRAM, environment, &status);
    assert_non_null(lambda);
    pid_t pid = lambda_pid(lambda);
    /* a job that waits: its key set cannot be fetched */
    char *event = jobs_event(&(struct jobs_record){.run = "r1", .flow = "hello"}, 1,
                             "http://127.0.0.1:9/%s/events", time(NULL));
    assert_int_equal(pthread_create(&thread, NULL, terminate_soon, &pid), 0);
    assert_null(lambda_invoke(lambda, event, 60000));
    pthread_join(thread, NULL);
    assert_int_equal(lambda_stop(lambda), 0);
    mem_free(event);
}

/* Runs the program to its end with stderr in a file; returns its exit code. */
static int run(const char *const *variables, char *text, size_t size)
{
    char path[] = "/tmp/moonmill-stderr-XXXXXX";
    int fd = mkstemp(path), status = 0;
    pid_t pid;
    posix_spawn_file_actions_t files;
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_adddup2(&files, fd, STDERR_FILENO);
    char *argv[] = {PROGRAM, NULL};
    assert_int_equal(posix_spawn(&pid, PROGRAM, &files, NULL, argv, (char *const *)variables), 0);
    posix_spawn_file_actions_destroy(&files);
    waitpid(pid, &status, 0);
    ssize_t got = pread(fd, text, size - 1, 0);
    text[got > 0 ? got : 0] = '\0';
    close(fd);
    unlink(path);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void without_a_runtime_api_it_says_so_in_one_line(void **state)
{
    (void)state;
    char text[4096];
    const char *none[] = {NULL};
    assert_int_equal(run(none, text, sizeof text), 1);
    assert_non_null(strstr(text, "AWS_LAMBDA_RUNTIME_API"));
    assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
}

static void without_flows_it_reports_an_init_error_and_exits(void **state)
{
    (void)state;
    int status = 0;
    const char *variables[] = {"EXECUTOR_FLOWS_DIR=/nowhere/at/all", "AWS_LAMBDA_LOG_LEVEL=FATAL",
                               NULL};
    struct lambda *lambda = lambda_start(PROGRAM, variables, &status);
    assert_null(lambda);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 1);
}

static void a_strict_sandbox_serves_where_the_kernel_grants_all_of_it(void **state)
{
    (void)state;
    int status = 0;
    const char *variables[] = {"EXECUTOR_FLOWS_DIR=" TEST_SOURCE "/flows",
                               "EXECUTOR_SANDBOX=strict", "AWS_LAMBDA_LOG_LEVEL=FATAL", NULL};
    struct lambda *lambda = lambda_start(PROGRAM, variables, &status);
    assert_non_null(lambda);
    assert_int_equal(lambda_stop(lambda), 0);
}

/* In a process of its own, which the kernel refuses a filter. */
static void a_strict_sandbox_does_not_start_where_a_layer_is_refused(void **state)
{
    (void)state;
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        int status = 0;
        const char *variables[] = {"EXECUTOR_FLOWS_DIR=" TEST_SOURCE "/flows",
                                   "EXECUTOR_SANDBOX=strict", "AWS_LAMBDA_LOG_LEVEL=FATAL", NULL};
        kernel_enter(KERNEL_NO_SECCOMP);
        struct lambda *lambda = lambda_start(PROGRAM, variables, &status);
        _exit(!lambda && WIFEXITED(status) && WEXITSTATUS(status) == 1 ? 0 : 1);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_malformed_event_is_an_error_and_the_next_one_is_served),
        cmocka_unit_test(ten_thousand_records_are_answered_with_exactly_their_ids),
        cmocka_unit_test(an_answer_that_would_not_fit_fails_the_invocation_and_the_next_is_served),
        cmocka_unit_test(told_to_stop_in_the_middle_of_a_batch_it_exits_without_an_answer),
        cmocka_unit_test(its_memory_holds_tokens_so_it_writes_no_core),
        cmocka_unit_test(without_a_runtime_api_it_says_so_in_one_line),
        cmocka_unit_test(a_strict_sandbox_does_not_start_where_a_layer_is_refused),
        cmocka_unit_test(a_strict_sandbox_serves_where_the_kernel_grants_all_of_it),
        cmocka_unit_test(without_flows_it_reports_an_init_error_and_exits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
