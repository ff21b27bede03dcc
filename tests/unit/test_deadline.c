/* The Lambda deadline: what is started, what is stopped, and that the answer comes before it. */
#include "house.h"

#include "loops.h"

// clang-format off
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
// clang-format on
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LIMIT_MS     60000
#define LEAD_MS      500 /* law 7 */
#define NO_BUDGET    "EXECUTOR_INSTRUCTION_LIMIT=1000000000000"
#define NO_STALL     "EXECUTOR_STALL_MS=900000"
#define ALL_DONE     "{\"batchItemFailures\":[]}"
#define RETURNED(id) "{\"batchItemFailures\":[{\"itemIdentifier\":\"m-" id "\"}]}"

static struct house house;

/* A machine that is too busy to run us proves nothing, so each test has some tries: it returns
 * whether this one was as it must be. */
static void in_some_try(bool (*test)(void))
{
    bool good = false;
    for (int tries = 0; tries < 5 && !good; tries++)
        good = test();
    assert_true(good);
}

/* True when the answer left in time. */
static bool run_in_time(const struct jobs_record *jobs, size_t count, int64_t deadline_ms)
{
    char *event = house_event(&house, jobs, count);
    int64_t before = clock_mono_ms(&house.clock);
    house_run(&house, event, deadline_ms, LIMIT_MS + deadline_ms);
    int64_t took = clock_mono_ms(&house.clock) - before;
    mem_free(event);
    if (took > deadline_ms - LEAD_MS)
        print_message("the answer took %lld of %lld ms\n", (long long)took, (long long)deadline_ms);
    return took <= deadline_ms - LEAD_MS;
}

/* --- stopping --------------------------------------------------------------------------------- */

static bool hang_once(void)
{
    static const char source[] = "return flow \"f\" { task \"hang\" (function(s, ctx)\n"
                                 "  ctx.emit(\"toast\", { message = \"before\" })\n"
                                 "  return (string.find(string.rep(\"a\", 20000), "
                                 "string.rep(\".-\", 20) .. \"b\")) end) }\n";
    house_start_with_flow(
        &house, (const char *[]){NO_BUDGET, NO_STALL, "EXECUTOR_DEADLINE_MARGIN_MS=500", NULL}, "f",
        source);
    struct jobs_record job = {.run = "r1", .flow = "f"};
    bool good = run_in_time(&job, 1, 4000) && strcmp(house.response, ALL_DONE) == 0;
    if (good) {
        house_assert_events(
            &house, "r1",
            (const char *[]){"before", "error {\"message\":\"Execution timeout\"", NULL});
        house_assert_terminal(&house, "r1", "\"failed\",\"error\":\"Execution timeout\"");
    }
    house_stop(&house);
    return good;
}

static void a_hang_in_native_code_is_told_to_the_api_at_the_smallest_margin(void **state)
{
    (void)state;
    in_some_try(hang_once);
}

static struct server_answer hang_for_stuck(struct house *of, enum house_push_kind kind,
                                           const char *run, unsigned nth)
{
    (void)of;
    (void)nth;
    if (strncmp(run, "stuck", 5) == 0 && kind == HOUSE_EVENTS)
        return (struct server_answer){.fault = SERVER_HANGS};
    return (struct server_answer){0};
}

static bool hang_for_two_of_four(void)
{
    house_start_with_flow(&house, (const char *[]){"EXECUTOR_CALLBACK_TIMEOUT_MS=60000", NULL},
                          "hello", house_hello);
    house.script = hang_for_stuck;
    struct jobs_record jobs[] = {{.run = "stuck1", .flow = "hello"},
                                 {.run = "r1", .flow = "hello"},
                                 {.run = "stuck2", .flow = "hello"},
                                 {.run = "r2", .flow = "hello"}};
    bool good = run_in_time(jobs, 4, 5000) &&
                strcmp(house.response, "{\"batchItemFailures\":[{\"itemIdentifier\":\"m-stuck1\"},"
                                       "{\"itemIdentifier\":\"m-stuck2\"}]}") == 0;
    if (good) {
        house_assert_terminal(&house, "r1", "\"completed\"");
        house_assert_terminal(&house, "r2", "\"completed\"");
    }
    house_stop(&house);
    return good;
}

static void an_api_that_hangs_costs_its_own_runs_only(void **state)
{
    (void)state;
    in_some_try(hang_for_two_of_four);
}

/* --- starting --------------------------------------------------------------------------------- */

#define MANY 10000

static bool run_two_of_ten_thousand(void)
{
    static struct jobs_record jobs[MANY];
    static char names[MANY][12];
    house_start_with_flow(&house, (const char *[]){"EXECUTOR_CONCURRENCY=2", NULL}, "dozy",
                          "return flow \"dozy\" { task \"doze\" (function(s, ctx)\n"
                          "  while true do ctx.sleep(\"50ms\") end end) }\n");
    for (size_t i = 0; i < MANY; i++) {
        snprintf(names[i], sizeof names[i], "m-r%zu", i);
        jobs[i] = (struct jobs_record){.message = names[i], .body = "{}"};
    }
    for (size_t i = 0; i < 2; i++)
        jobs[i] = (struct jobs_record){.run = &names[i][2], .flow = "dozy"};
    bool good = run_in_time(jobs, MANY, 3000);
    size_t returned = 0;
    for (const char *at = house.response; (at = strstr(at, "itemIdentifier")); at++)
        returned++;
    assert_in_range(returned, MANY - 2, MANY);
    assert_non_null(strstr(house.response, "\"m-r9999\""));
    assert_false(house_logged(&house, "record refused")); /* not even looked at */
    if ((good = good && returned == MANY - 2))
        for (size_t i = 0; i < 2; i++)
            house_assert_terminal(&house, &names[i][2], "Execution timeout");
    house_stop(&house);
    return good;
}

static void
ten_thousand_records_with_three_seconds_left_go_back_but_for_those_that_ran(void **state)
{
    (void)state;
    in_some_try(run_two_of_ten_thousand);
}

/* A house that knows how long the flow takes. */
static void start_experienced(int64_t run_ms, int64_t delivery_ms)
{
    house_start_with_flow(&house, (const char *[]){"EXECUTOR_CONCURRENCY=1", NULL}, "sleepy",
                          house_sleepy);
    house.stages.run_times = estimate_new();
    house.stages.delivery_times = estimate_new();
    for (int i = 0; i < ESTIMATE_KEPT; i++) {
        estimate_learn(house.stages.run_times, "sleepy", run_ms);
        estimate_learn(house.stages.delivery_times, "sleepy", delivery_ms);
    }
}

static void stop_experienced(void)
{
    estimate_free(house.stages.run_times);
    estimate_free(house.stages.delivery_times);
    house_stop(&house);
}

/* Time flies while the first run's end is on its way. */
static struct server_answer turn_the_clock(struct house *of, enum house_push_kind kind,
                                           const char *run, unsigned nth)
{
    (void)nth;
    if (kind == HOUSE_TERMINAL && strcmp(run, "r1") == 0) {
        of->clock.mono_turn_ms += 200000;
        of->clock.wall_turn_ms += 200000;
    }
    return (struct server_answer){0};
}

/* Of ten minutes the margin takes 3 s; the second record comes to it after 200 s. */
static void a_record_is_not_started_when_its_flow_usually_takes_longer(void **state)
{
    (void)state;
    static const struct {
        int64_t run_ms, delivery_ms;
        const char *response;
    } rows[] = {
        {100, 100, ALL_DONE},           {390000, 3000, ALL_DONE},
        {398000, 0, RETURNED("r2")},    /* it would not end */
        {396000, 4000, RETURNED("r2")}, /* it would, but not its delivery */
        {3600000, 0, RETURNED("r2")},   /* whatever was learned: the first starts */
        {0, 3600000, RETURNED("r2")},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        start_experienced(rows[i].run_ms, rows[i].delivery_ms);
        house.script = turn_the_clock;
        struct jobs_record jobs[] = {
            {.run = "r1", .flow = "sleepy", .payload = "{\"nap\":\"1ms\"}"},
            {.run = "r2", .flow = "sleepy", .payload = "{\"nap\":\"1ms\"}"},
        };
        run_in_time(jobs, 2, 600000);
        house_assert_terminal(&house, "r1", "\"completed\"");
        if (strcmp(house.response, rows[i].response) != 0)
            fail_msg("row %zu: %s", i, house.response);
        if (strcmp(rows[i].response, ALL_DONE) != 0)
            assert_int_equal(house_count(&house, "r2", HOUSE_RUNNING), 0);
        stop_experienced();
    }
}

static void what_a_flow_takes_is_learned_from_its_runs(void **state)
{
    (void)state;
    house_start_with_flow(&house, NULL, "sleepy", house_sleepy);
    house.stages.run_times = estimate_new();
    house.stages.delivery_times = estimate_new();
    for (int i = 0; i < ESTIMATE_LEAST; i++) {
        char run[8];
        snprintf(run, sizeof run, "r%d", i);
        house_run_one(
            &house,
            &(struct jobs_record){.run = run, .flow = "sleepy", .payload = "{\"nap\":\"300ms\"}"},
            0, ALL_DONE);
    }
    assert_in_range(estimate_ms(house.stages.run_times, "sleepy"), 300, 30000);
    assert_in_range(estimate_ms(house.stages.delivery_times, "sleepy"), 1, 30000);
    stop_experienced();
}

static void note_done(void *arg, struct span response)
{
    (void)response;
    *(bool *)arg = true;
}

static void what_finds_no_place_in_time_goes_back_before_the_deadline(void **state)
{
    (void)state;
    bool done = false;
    struct jobs_record job = {.run = "r1", .flow = "sleepy", .payload = "{\"nap\":\"60s\"}"};
    struct batch_spec spec = {.request_id = "request-0"};
    house_start_with_flow(&house, (const char *[]){"EXECUTOR_CONCURRENCY=1", NULL}, "sleepy",
                          house_sleepy);
    char *event = house_event(&house, &job, 1);
    spec.event = span_of(event);
    struct batch *other = batch_new(&house.stages, &spec, note_done, &done, NULL);
    assert_non_null(other);
    loops_for(house.stages.loop, 50);
    job.run = "r2";
    run_in_time(&job, 1, 4000);
    assert_string_equal(house.response, RETURNED("r2"));
    assert_true(house_logged(&house, "\"untouched\":1"));
    assert_false(house_logged(&house, "the invocation's deadline is near"));
    assert_false(done);
    batch_free(other);
    mem_free(event);
    house_stop(&house);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_hang_in_native_code_is_told_to_the_api_at_the_smallest_margin),
        cmocka_unit_test(an_api_that_hangs_costs_its_own_runs_only),
        cmocka_unit_test(
            ten_thousand_records_with_three_seconds_left_go_back_but_for_those_that_ran),
        cmocka_unit_test(a_record_is_not_started_when_its_flow_usually_takes_longer),
        cmocka_unit_test(what_a_flow_takes_is_learned_from_its_runs),
        cmocka_unit_test(what_finds_no_place_in_time_goes_back_before_the_deadline),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
