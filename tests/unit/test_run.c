/* run: what a worker says is not believed. The test program is its own lying worker: started under
 * another name it plays the lie of that name. */
#include "house.h"
#include "loops.h"
#include "wire.h"
#include "worker.h"

// clang-format off
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
// clang-format on
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/socket.h>
#include <unistd.h>

/* --- the liar --------------------------------------------------------------------------------- */

static void say(struct buffer *out)
{
    send(WORKER_SOCKET, out->data, out->len, MSG_NOSIGNAL);
    buffer_clear(out);
}

static void hear(void)
{
    char bytes[65536];
    if (recv(WORKER_SOCKET, bytes, sizeof bytes, 0) <= 0)
        _exit(0);
}

#define FINE "{\"name\":\"x\",\"timeout_ms\":null,\"entries\":[],\"findings\":[]}"
static const struct wire_described fine = {1, {FINE, sizeof FINE - 1}};
static const struct wire_event event = {{"toast", 5}, {"{}", 2}};
static const struct wire_outcome done = {.run = 1, .completed = true, .output = {"{}", 2}};

static const struct wire_fetch module = {1, 1, {"module", 6}, {"lib.money", 9}};

/* A fetch as no writer would write it. */
static void put_fetch(struct buffer *out, const char *what, size_t name_len)
{
    size_t what_len = strlen(what);
    uint32_t lens[] = {(uint32_t)(2 + 12 + 12 + 4 + what_len + 4 + name_len), (uint32_t)what_len,
                       (uint32_t)name_len};
    buffer_add(out, (struct span){(const char *)&lens[0], 4});
    buffer_add(
        out, (struct span){"\x17\x04\x08\0\0\0\x01\0\0\0\0\0\0\0\x08\0\0\0\x01\0\0\0\0\0\0\0", 26});
    buffer_add(out, (struct span){(const char *)&lens[1], 4});
    buffer_text(out, what);
    buffer_add(out, (struct span){(const char *)&lens[2], 4});
    for (size_t i = 0; i < name_len; i++)
        buffer_text(out, "n");
}

/* Those are allowed while it loads and while it runs, so they are told at both times. */
static bool lie_of_fetches(const char *name, struct buffer *out)
{
    if (strncmp(name, "fetch-what", 10) == 0)
        put_fetch(out, "secret", 4);
    else if (strncmp(name, "fetch-long", 10) == 0)
        put_fetch(out, "module", 1024);
    else if (strncmp(name, "fetch-none", 10) == 0)
        put_fetch(out, "module", 0);
    else if (strncmp(name, "fetch-text", 10) == 0)
        wire_put_fetch(out, &(struct wire_fetch){1, 1, {"flow", 4}, {"\xff", 1}});
    else if (strncmp(name, "fetch-zero", 10) == 0)
        buffer_add(out, (struct span){"\x25\0\0\0\x17\x04\x08\0\0\0\x01\0\0\0\0\0\0\0"
                                      "\x08\0\0\0\0\0\0\0\0\0\0\0"
                                      "\x02\0\0\0xy\x01\0\0\0z",
                                      41});
    else
        return false;
    return true;
}

static void lie(const char *name, struct buffer *out)
{
    if (lie_of_fetches(name, out))
        ;
    else if (strcmp(name, "event-before-described") == 0) {
        wire_put_event(out, &event);
    } else if (strcmp(name, "described-is-no-json") == 0) {
        wire_put_described(out, &(struct wire_described){1, {"{", 1}});
    } else if (strcmp(name, "completed-before-start") == 0) {
        wire_put_outcome(out, &done);
    } else if (strcmp(name, "unknown-kind") == 0) {
        buffer_add(out, (struct span){"\x02\0\0\0\x63\0", 6});
    } else if (strcmp(name, "oversized") == 0) {
        buffer_add(out, (struct span){"\xff\xff\xff\x7f\x12\0", 6});
    } else if (strcmp(name, "exits") == 0) {
        _exit(7);
    } else if (strcmp(name, "sends-orders") == 0) {
        wire_put_start(out, &(struct wire_start){.left_ms = 1});
    }
    say(out);
}

/* Lies that need a run under way. */
static void lie_later(const char *name, struct buffer *out)
{
    wire_put_described(out, &fine);
    say(out);
    hear(); /* start */
    if (lie_of_fetches(name, out))
        ;
    else if (strcmp(name, "event-is-no-json") == 0)
        wire_put_event(out, &(struct wire_event){{"toast", 5}, {"{\"a\":}", 6}});
    else if (strcmp(name, "event-escapes-its-place") == 0)
        wire_put_event(out, &(struct wire_event){{"toast", 5}, {"1},{\"event_type\":\"x\"", 20}});
    else if (strcmp(name, "described-twice") == 0)
        wire_put_described(out, &fine);
    else if (strcmp(name, "output-is-no-json") == 0)
        wire_put_outcome(
            out, &(struct wire_outcome){.run = 1, .completed = true, .output = {"nope", 4}});
    else if (strcmp(name, "ready-again") == 0)
        wire_put_ready(out, &(struct wire_ready){{"x", 1}});
    else if (strcmp(name, "request-twice") == 0)
        for (int i = 0; i < 2; i++)
            wire_put_request(out, &(struct wire_request){1, {"{}", 2}, {"", 0}});
    else if (strcmp(name, "closes-its-socket") == 0) {
        close(WORKER_SOCKET);
        for (;;)
            pause();
    }
    say(out);
}

static const char *const early[] = {"event-before-described",
                                    "described-is-no-json",
                                    "completed-before-start",
                                    "unknown-kind",
                                    "oversized",
                                    "exits",
                                    "sends-orders",
                                    "fetch-what",
                                    "fetch-long",
                                    "fetch-none",
                                    "fetch-text",
                                    "fetch-zero"};
static const char *const later[] = {
    "event-is-no-json", "event-escapes-its-place", "described-twice",  "output-is-no-json",
    "ready-again",      "request-twice",           "fetch-what-later", "fetch-long-later",
    "fetch-none-later", "fetch-text-later",        "closes-its-socket"};

/* It claims to be in native code, whatever it is asked for. */
static void say_stalled(int signal)
{
    (void)signal;
    struct buffer out;
    buffer_init(&out, 4096);
    wire_put_outcome(&out, &(struct wire_outcome){.run = 1, .code = {"limit.stall", 11}});
    say(&out);
}

/* What a worker says that is asked when its run has just ended. */
static void say_done_and_stalled(int signal)
{
    struct buffer out;
    buffer_init(&out, 4096);
    wire_put_outcome(&out, &done);
    say(&out);
    usleep(5000);
    say_stalled(signal);
}

/* It completes its run, and says something else of it later. */
static void lie_afterwards(const char *name, struct buffer *out)
{
    wire_put_outcome(out, &done);
    if (strcmp(name, "outcome-twice") == 0)
        wire_put_outcome(out, &done);
    if (strcmp(name, "fetch-after-outcome") == 0)
        wire_put_fetch(out, &module);
    say(out);
    if (strstr(name, "-late"))
        usleep(20000); /* it is the pool's again */
    else
        hear(); /* the next load */
    if (strcmp(name, "fetch-late") == 0 || strcmp(name, "fetch-of-the-last-run") == 0)
        wire_put_fetch(out, &module);
    if (strcmp(name, "outcome-late") == 0 || strcmp(name, "outcome-of-the-last-run") == 0)
        wire_put_outcome(out, &(struct wire_outcome){.run = 1, .code = {"lua", 3}});
    if (strcmp(name, "described-of-the-last-run") == 0)
        wire_put_described(out, &fine);
    say(out);
}

static void flood(struct buffer *out)
{
    static char text[256 * 1024];
    memset(text, '1', sizeof text);
    for (;;) {
        wire_put_event(out, &(struct wire_event){{"toast", 5}, {text, sizeof text}});
        say(out);
    }
}

static void __attribute__((noreturn)) play_worker(void)
{
    const char *name = strrchr((const char *)getauxval(AT_EXECFN), '/') + 1;
    struct buffer out;
    buffer_init(&out, 1 << 20);
    if (strcmp(name, "cannot-start") == 0)
        _exit(4);
    if (strcmp(name, "says-it-stalled") == 0)
        signal(WORKER_ASKED, say_stalled);
    if (strcmp(name, "ends-when-it-is-asked") == 0)
        signal(WORKER_ASKED, say_done_and_stalled);
    wire_put_ready(&out, &(struct wire_ready){{"none", 4}});
    say(&out);
    if (strcmp(name, "floods") == 0)
        flood(&out);
    hear(); /* load */
    bool is_early = false;
    for (size_t i = 0; i < sizeof early / sizeof *early; i++)
        is_early |= strcmp(name, early[i]) == 0;
    if (is_early)
        lie(name, &out);
    else if (strcmp(name, "is-silent") != 0)
        lie_later(name, &out);
    if (strncmp(name, "outcome-", 8) == 0 || strncmp(name, "described-of", 12) == 0 ||
        strcmp(name, "fetch-after-outcome") == 0 || strcmp(name, "fetch-late") == 0 ||
        strcmp(name, "fetch-of-the-last-run") == 0)
        lie_afterwards(name, &out);
    for (int i = 0; strcmp(name, "fetches-and-does-not-read") == 0 && i < 1000000; i++) {
        wire_put_fetch(&out, &(struct wire_fetch){1, i + 1, {"module", 6}, {"nowhere", 7}});
        say(&out);
    }
    for (;;)
        hear();
}

/* --- the tests -------------------------------------------------------------------------------- */

static struct house house;

/* A house whose workers are this program under the lie's name. */
static void start(const char *name, const char *const *environment)
{
    char path[128], self[512] = "";
    house_start(&house, environment);
    house_flow(&house, "hello", "return flow \"hello\" { task \"a\" (function() end) }\n");
    pool_free(house.stages.pool);
    assert_true(readlink("/proc/self/exe", self, sizeof self - 1) > 0);
    snprintf(path, sizeof path, "%s/%s", house.flows_dir, name);
    assert_int_equal(symlink(self, path), 0);
    house.stages.pool = pool_new(house.stages.loop, &house.config, &house.log, path);
}

static void run_lie(const char *name, const char *code)
{
    start(name, NULL);
    struct jobs_record job = {.run = "r1", .flow = "hello"};
    char *text = house_event(&house, &job, 1);
    assert_string_equal(house_run(&house, text, 0, 60000), "{\"batchItemFailures\":[]}");
    mem_free(text);
    char *events = house_events(&house, "r1");
    if (!strstr(events, code))
        fail_msg("%s: no %s in %s", name, code, events);
    mem_free(events);
    assert_non_null(strstr(house_last(&house, "r1", HOUSE_TERMINAL), "\"failed\""));
    house_stop(&house);
}

static void a_worker_that_breaks_the_protocol_fails_its_run_only(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof early / sizeof *early; i++)
        run_lie(early[i], "\"code\":\"worker.");
    for (size_t i = 0; i < sizeof later / sizeof *later; i++)
        run_lie(later[i], "\"code\":\"worker.protocol\"");
}

static void end_at_the_deadline(const char *name)
{
    start(name, (const char *[]){"EXECUTOR_TIMEOUT_SECS=1", NULL});
    struct jobs_record job = {.run = "r1", .flow = "hello"};
    char *text = house_event(&house, &job, 1);
    assert_string_equal(house_run(&house, text, 0, 30000), "{\"batchItemFailures\":[]}");
    mem_free(text);
    assert_non_null(strstr(house_last(&house, "r1", HOUSE_TERMINAL), "Execution timeout"));
    house_stop(&house);
}

static void a_silent_worker_ends_at_the_deadline(void **state)
{
    (void)state;
    end_at_the_deadline("is-silent");
}

/* As a true one does that is asked between its load and its start: it knows no deadline yet. */
static void a_worker_that_is_asked_at_its_deadline_was_late_not_stalled(void **state)
{
    (void)state;
    end_at_the_deadline("says-it-stalled");
}

static void a_worker_that_cannot_start_is_the_machines_fault(void **state)
{
    (void)state;
    start("cannot-start", NULL);
    struct jobs_record job = {.run = "r1", .flow = "hello"};
    char *text = house_event(&house, &job, 1);
    assert_string_equal(house_run(&house, text, 0, 30000),
                        "{\"batchItemFailures\":[{\"itemIdentifier\":\"m-r1\"}]}");
    mem_free(text);
    assert_null(house_last(&house, "r1", HOUSE_TERMINAL));
    house_stop(&house);
}

static void a_second_outcome_cannot_reach_the_next_run(void **state)
{
    (void)state;
    start("outcome-twice", NULL);
    struct jobs_record jobs[] = {{.run = "r1", .flow = "hello", .group = "g"},
                                 {.run = "r2", .flow = "hello", .group = "g"}};
    char *text = house_event(&house, jobs, 2);
    assert_string_equal(house_run(&house, text, 0, 30000), "{\"batchItemFailures\":[]}");
    mem_free(text);
    assert_int_equal(house_count(&house, "r2", HOUSE_TERMINAL), 1);
    assert_non_null(strstr(house_last(&house, "r2", HOUSE_TERMINAL), "\"completed\""));
    house_stop(&house);
}

/* Two runs of one app; between them the supervisor hears what is said, or does not look. */
static void run_twice(const char *name, bool looks, const char *second)
{
    start(name, NULL);
    house_run_one(&house, &(struct jobs_record){.run = "r1", .flow = "hello"}, 0,
                  "{\"batchItemFailures\":[]}");
    if (looks)
        loops_for(house.stages.loop, 200);
    else
        usleep(200000);
    house_run_one(&house, &(struct jobs_record){.run = "r2", .flow = "hello"}, 0,
                  "{\"batchItemFailures\":[]}");
    house_assert_terminal(&house, "r1", "\"completed\"");
    house_assert_terminal(&house, "r2", second);
}

static void what_is_said_after_the_outcome_cannot_reach_the_next_run(void **state)
{
    (void)state;
    static const char *const lies[] = {"fetch-after-outcome", "fetch-late", "outcome-late"};
    for (size_t i = 0; i < 2 * sizeof lies / sizeof *lies; i++) {
        run_twice(lies[i / 2], i % 2, "\"completed\"");
        house_stop(&house);
    }
}

/* Not an honest worker's doing: it reads the next load, and then writes of the run before. */
static void a_frame_of_the_last_run_is_not_believed_in_the_next(void **state)
{
    (void)state;
    static const char *const lies[] = {"fetch-of-the-last-run", "outcome-of-the-last-run",
                                       "described-of-the-last-run"};
    for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
        run_twice(lies[i], false, "\"failed\"");
        char *events = house_events(&house, "r2");
        assert_non_null(strstr(events, "\"code\":\"worker.protocol\""));
        assert_true(house_logged(&house, "a frame of run 1 in run 2 of its worker"));
        mem_free(events);
        house_stop(&house);
    }
}

/* It may answer yet when the next run has it. */
static void a_worker_that_was_asked_is_not_used_again(void **state)
{
    (void)state;
    start("ends-when-it-is-asked", (const char *[]){"EXECUTOR_TIMEOUT_SECS=1", NULL});
    struct jobs_record jobs[] = {{.run = "r1", .flow = "hello", .group = "g"},
                                 {.run = "r2", .flow = "hello", .group = "g"}};
    char *text = house_event(&house, jobs, 2);
    assert_string_equal(house_run(&house, text, 0, 30000), "{\"batchItemFailures\":[]}");
    mem_free(text);
    house_assert_terminal(&house, "r1", "\"completed\"");
    house_assert_terminal(&house, "r2", "\"completed\"");
    house_stop(&house);
}

struct heedless {
    bool gone;
    bool ready;
    const char *broke;
};

static size_t take_nothing(void *arg, struct span bytes)
{
    (void)arg;
    (void)bytes;
    return 0;
}

static void note_end(void *arg, const struct pool_end *how)
{
    struct heedless *user = arg;
    *user = (struct heedless){true, how->ready, how->broke};
}

static void the_pool_says_why_it_ended_a_worker(void **state)
{
    (void)state;
    struct error err = {0};
    struct heedless user = {0};
    struct pool_user pool_user = {&user, take_nothing, note_end};
    start("floods", NULL);
    assert_non_null(pool_take(house.stages.pool, "app", &pool_user, &err));
    assert_true(loops_until(house.stages.loop, &user.gone, 30000));
    assert_true(user.ready);
    assert_non_null(user.broke);
    assert_string_equal(user.broke, "it sent more than a frame may have");
    house_stop(&house);
}

static void a_worker_that_fetches_and_does_not_read_is_stopped(void **state)
{
    (void)state;
    run_lie("fetches-and-does-not-read", "\"code\":\"worker.protocol\"");
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], WORKER_ARGUMENT) == 0)
        play_worker();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_worker_that_breaks_the_protocol_fails_its_run_only),
        cmocka_unit_test(a_worker_that_cannot_start_is_the_machines_fault),
        cmocka_unit_test(a_silent_worker_ends_at_the_deadline),
        cmocka_unit_test(a_worker_that_is_asked_at_its_deadline_was_late_not_stalled),
        cmocka_unit_test(a_second_outcome_cannot_reach_the_next_run),
        cmocka_unit_test(what_is_said_after_the_outcome_cannot_reach_the_next_run),
        cmocka_unit_test(a_frame_of_the_last_run_is_not_believed_in_the_next),
        cmocka_unit_test(a_worker_that_was_asked_is_not_used_again),
        cmocka_unit_test(the_pool_says_why_it_ended_a_worker),
        cmocka_unit_test(a_worker_that_fetches_and_does_not_read_is_stopped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
