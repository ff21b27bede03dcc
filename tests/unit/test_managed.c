/* Managed instances: several invocations at once in one bootstrap (AWS_LAMBDA_MAX_CONCURRENCY),
 * which share its workers and nothing else. One server is both the Runtime API and the API. */
#include "clock.h"
#include "jobs.h"
#include "mem.h"
#include "mint.h"
#include "server.h"

// clang-format off
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
// clang-format on
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

#define PROGRAM         TEST_BUILD "/bootstrap"
#define INVOCATIONS_MAX 12
#define LIMIT_MS        60000

struct invocation {
    char *event;
    int64_t deadline_ms;
    int refusal; /* what its answer is answered; 0: 202 */
    char *answer;
    int64_t handed_ms, answered_ms;
};

/* An account with one function: what it is to do and what came of it. */
static struct account {
    pthread_mutex_t lock;
    struct clock clock;
    struct server *server;
    pid_t pid;
    char flows_dir[64];
    struct invocation invocations[INVOCATIONS_MAX];
    size_t count, handed;
    size_t at_once, most_at_once;
} account;

/* --- both APIs -------------------------------------------------------------------------------- */

/* Nobody waits here: a poll without an event is answered 204, and comes again. */
static struct server_answer hand_out(void)
{
    static char headers[256];
    if (account.handed == account.count)
        return (struct server_answer){.status = 204};
    struct invocation *invocation = &account.invocations[account.handed];
    int64_t now = clock_wall_ms(&account.clock);
    snprintf(headers, sizeof headers,
             "Lambda-Runtime-Aws-Request-Id: %zu\r\nLambda-Runtime-Deadline-Ms: %lld\r\n",
             account.handed++, (long long)(now + invocation->deadline_ms));
    invocation->handed_ms = now;
    if (++account.at_once > account.most_at_once)
        account.most_at_once = account.at_once;
    return (struct server_answer){.status = 200, .headers = headers, .body = invocation->event};
}

static struct server_answer take_answer(const struct server_request *request)
{
    const char *id = strstr(request->path, "/invocation/") + strlen("/invocation/");
    struct invocation *invocation = &account.invocations[atoi(id)];
    size_t size = request->body.len + 16;
    assert_null(invocation->answer);
    invocation->answer = mem_new(size);
    snprintf(invocation->answer, size, "%s%s", strstr(id, "/error") ? "error: " : "",
             request->body.at);
    invocation->answered_ms = clock_wall_ms(&account.clock);
    account.at_once--;
    return (struct server_answer){.status = invocation->refusal ? invocation->refusal : 202};
}

static struct server_answer on_request(void *arg, const struct server_request *request)
{
    struct server_answer answer = {.status = 200, .body = "{\"accepted\":true}"};
    (void)arg;
    pthread_mutex_lock(&account.lock);
    if (strstr(request->path, "/invocation/next"))
        answer = hand_out();
    else if (strstr(request->path, "/2018-06-01/"))
        answer = take_answer(request);
    else if (strstr(request->path, "/stuck"))
        answer = (struct server_answer){.fault = SERVER_HANGS};
    pthread_mutex_unlock(&account.lock);
    return answer;
}

/* --- the function ----------------------------------------------------------------------------- */

static void write_flow(const char *name, const char *source)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s.lua", account.flows_dir, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(source, file);
    fclose(file);
}

static void add(const struct jobs_record *jobs, size_t count, int64_t deadline_ms)
{
    char url[128];
    struct invocation *invocation = &account.invocations[account.count++];
    snprintf(url, sizeof url, "%s/%%s/execution/events", server_url(account.server));
    invocation->event = jobs_event(jobs, count, url, time(NULL));
    invocation->deadline_ms = deadline_ms;
}

static void open_account(void)
{
    memset(&account, 0, sizeof account);
    pthread_mutex_init(&account.lock, NULL);
    account.server = server_start(0, on_request, NULL);
    strcpy(account.flows_dir, "/tmp/moonmill-managed-XXXXXX");
    assert_non_null(mkdtemp(account.flows_dir));
    write_flow("nap", "return flow \"nap\" { task \"a\" (function(s, ctx)\n"
                      "  ctx.sleep(s.input) return 1 end) }\n");
}

static bool all_answered(void)
{
    bool all = true;
    pthread_mutex_lock(&account.lock);
    for (size_t i = 0; i < account.count; i++)
        all &= account.invocations[i].answer != NULL;
    pthread_mutex_unlock(&account.lock);
    return all;
}

/* Starts the function and waits until everything was answered; then it must end in order. */
static void serve(const char *at_once, const char *concurrency)
{
    char api[64], flows[96], key[1024], invocations[64], runs[64];
    char *pub = mint_backend_pub(TEST_DATA "/test-ec-public.pem"), *argv[] = {PROGRAM, NULL};
    char *environment[] = {api,
                           flows,
                           key,
                           invocations,
                           runs,
                           "AWS_LAMBDA_LOG_LEVEL=FATAL",
                           "EXECUTOR_BATCH_INTERVAL_MS=20",
                           "EXECUTOR_CALLBACK_RETRIES=0",
                           NULL};
    int status = 0;
    snprintf(api, sizeof api, "AWS_LAMBDA_RUNTIME_API=127.0.0.1:%d", server_port(account.server));
    snprintf(flows, sizeof flows, "EXECUTOR_FLOWS_DIR=%s", account.flows_dir);
    snprintf(key, sizeof key, "BACKEND_PUB=%s", pub);
    snprintf(invocations, sizeof invocations, "AWS_LAMBDA_MAX_CONCURRENCY=%s", at_once);
    snprintf(runs, sizeof runs, "EXECUTOR_CONCURRENCY=%s", concurrency);
    mem_free(pub);
    assert_int_equal(posix_spawn(&account.pid, PROGRAM, NULL, NULL, argv, environment), 0);
    int64_t until = clock_mono_ms(&account.clock) + LIMIT_MS;
    while (!all_answered() && clock_mono_ms(&account.clock) < until)
        usleep(20000);
    bool answered = all_answered();
    kill(account.pid, SIGTERM);
    waitpid(account.pid, &status, 0);
    assert_int_equal(status, 0);
    assert_true(answered);
}

static void close_account(void)
{
    char path[128];
    server_stop(account.server);
    snprintf(path, sizeof path, "%s/nap.lua", account.flows_dir);
    unlink(path);
    rmdir(account.flows_dir);
    for (size_t i = 0; i < account.count; i++) {
        mem_free(account.invocations[i].event);
        mem_free(account.invocations[i].answer);
    }
    pthread_mutex_destroy(&account.lock);
}

/* One record that completes after its nap and one that is no job, whose ids end in this number. */
static void add_good_and_bad(int number, const char *nap, int64_t deadline_ms)
{
    char run[16], bad[16];
    snprintf(run, sizeof run, "r%d", number);
    snprintf(bad, sizeof bad, "bad-%d", number);
    struct jobs_record jobs[] = {{.run = run, .flow = "nap", .payload = nap},
                                 {.message = bad, .body = "{}"}};
    add(jobs, 2, deadline_ms);
}

static void check_returned(size_t index, const char *id)
{
    char expected[128];
    snprintf(expected, sizeof expected, "{\"batchItemFailures\":[{\"itemIdentifier\":\"%s\"}]}",
             id);
    assert_string_equal(account.invocations[index].answer, expected);
}

static void check_bad_returned(size_t index, int number)
{
    char id[32];
    snprintf(id, sizeof id, "bad-%d", number);
    check_returned(index, id);
}

/* --- tests ------------------------------------------------------------------------------------ */

static void each_invocation_answers_for_its_own_records(void **state)
{
    (void)state;
    open_account();
    for (int i = 0; i < 12; i++)
        add_good_and_bad(i, "\"300ms\"", 30000);
    serve("4", "10");
    for (int i = 0; i < 12; i++)
        check_bad_returned((size_t)i, i);
    assert_int_equal(account.most_at_once, 4);
    close_account();
}

static void one_that_fails_or_is_late_or_refused_does_not_disturb_the_rest(void **state)
{
    (void)state;
    open_account();
    add_good_and_bad(0, "\"6s\"", 30000);
    add(&(struct jobs_record){.run = "stuck", .flow = "nap", .payload = "\"1ms\""}, 1, 3000);
    add_good_and_bad(2, "\"10ms\"", 30000);
    mem_free(account.invocations[2].event);
    account.invocations[2].event = mem_copy("{\"Records\":7}");
    for (int i = 3; i < 9; i++)
        add_good_and_bad(i, "\"10ms\"", 30000);
    account.invocations[3].refusal = 410;
    account.invocations[4].refusal = 413;
    account.invocations[5].refusal = 400;
    serve("3", "10");
    check_bad_returned(0, 0);
    check_returned(1, "m-stuck");
    assert_non_null(strstr(account.invocations[2].answer, "error: "));
    for (int i = 3; i < 9; i++) {
        check_bad_returned((size_t)i, i);
        assert_true(account.invocations[i].answered_ms < account.invocations[0].answered_ms);
    }
    const struct invocation *late = &account.invocations[1];
    assert_true(late->answered_ms - late->handed_ms <= 2500);
    close_account();
}

static void a_batch_of_many_does_not_keep_one_of_two_waiting(void **state)
{
    (void)state;
    struct jobs_record many[60], two[2];
    char names[62][8];
    open_account();
    for (int i = 0; i < 62; i++) {
        struct jobs_record *job = i < 60 ? &many[i] : &two[i - 60];
        snprintf(names[i], sizeof names[i], "r%d", i);
        *job = (struct jobs_record){.run = names[i], .flow = "nap", .payload = "\"200ms\""};
    }
    add(many, 60, 60000);
    add(two, 2, 60000);
    serve("2", "2");
    for (int i = 0; i < 2; i++)
        assert_string_equal(account.invocations[i].answer, "{\"batchItemFailures\":[]}");
    const struct invocation *first = &account.invocations[0], *second = &account.invocations[1];
    assert_true(second->answered_ms - second->handed_ms <
                (first->answered_ms - first->handed_ms) / 2);
    close_account();
}

static void two_invocations_may_hold_records_of_one_run(void **state)
{
    (void)state;
    open_account();
    for (int i = 0; i < 2; i++)
        add_good_and_bad(1, "\"500ms\"", 30000);
    serve("2", "2");
    for (size_t i = 0; i < 2; i++)
        check_bad_returned(i, 1);
    close_account();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_invocation_answers_for_its_own_records),
        cmocka_unit_test(one_that_fails_or_is_late_or_refused_does_not_disturb_the_rest),
        cmocka_unit_test(a_batch_of_many_does_not_keep_one_of_two_waiting),
        cmocka_unit_test(two_invocations_may_hold_records_of_one_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
