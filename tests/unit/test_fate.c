/* Every row of the fate table (docs/ARCHITECTURE.md): what happened, what the API heard, what SQS
 * is told. Real workers, a real server that plays the API. */
#include "house.h"

#include "loops.h"

// clang-format off
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
// clang-format on
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LIMIT_MS 60000
/* For flows that spin until something else stops them. */
#define NO_BUDGET    "EXECUTOR_INSTRUCTION_LIMIT=1000000000000"
#define ALL_DONE     "{\"batchItemFailures\":[]}"
#define RETURNED(id) "{\"batchItemFailures\":[{\"itemIdentifier\":\"m-" id "\"}]}"

/* One house a test; static, because it is large. */
static struct house house;

/* Signals every worker that this process started. */
static void signal_workers(int number)
{
    DIR *folder = opendir("/proc");
    const struct dirent *entry;
    char path[300], text[64];
    assert_non_null(folder);
    while ((entry = readdir(folder))) {
        long pid = strtol(entry->d_name, NULL, 10), parent = 0;
        snprintf(path, sizeof path, "/proc/%s/stat", entry->d_name);
        FILE *stat = pid > 0 ? fopen(path, "r") : NULL;
        if (!stat)
            continue;
        if (fscanf(stat, "%*d (%63[^)]) %*c %ld", text, &parent) == 2 && parent == getpid())
            kill((pid_t)pid, number);
        fclose(stat);
    }
    closedir(folder);
}

/* --- the flow ended --------------------------------------------------------------------------- */

static void a_completed_flow_is_acknowledged_after_its_end_was_accepted(void **state)
{
    (void)state;
    char story[256];
    house_start_with_flow(&house, (const char *[]){"EXECUTOR_BATCH_INTERVAL_MS=60000", NULL},
                          "hello", house_hello);
    house_run_one(&house, &(struct jobs_record){.run = "r1", .flow = "hello"}, 0, ALL_DONE);
    assert_string_equal(house_story(&house, "r1", story, sizeof story),
                        "running log output log terminal ");
    house_assert_events(&house, "r1",
                        (const char *[]){"output {\"hi\":1}\n",
                                         "log {\"message\":\"Execution started\"}\n",
                                         "log {\"message\":\"Execution completed\"}\n", NULL});
    house_assert_terminal(&house, "r1",
                          "{\"progress\":100,\"status\":\"completed\",\"output_len\":8}");
    house_stop(&house);
}

/* A flow that fails by itself: the API knows why, so the message is acknowledged. */
static const struct failure {
    const char *name;
    const char *source;
    const char *payload;
    const char *environment;
    const char *error; /* in the error event */
    const char *also;
} failures[] = {
    {"error",
     "return flow \"f\" {\n task \"bad\" (function(s) local t = s return t.nothing.at.all end) }\n",
     NULL, NULL, "\"code\":\"lua\"", "\"step\":\"bad\""},
    {"line", "return flow \"f\" {\n task \"bad\" (function(s)\n error(\"no luck\") end) }\n", NULL,
     NULL, "\"line\":3", "no luck"},
    {"fail",
     "return flow \"f\" { task \"bad\" (function(s, ctx) ctx.fail(\"card.closed\", \"closed\")"
     " end) }\n",
     NULL, NULL, "\"code\":\"card.closed\"", "closed"},
    {"budget", "return flow \"f\" { task \"bad\" (function() while true do end end) }\n", NULL,
     "EXECUTOR_INSTRUCTION_LIMIT=1000000", "\"code\":\"limit.instructions\"", "\"step\":\"bad\""},
    {"swallow",
     "return flow \"f\" { task \"bad\" (function() while true do pcall(function() while true do end"
     " end) end end) }\n",
     NULL, "EXECUTOR_INSTRUCTION_LIMIT=1000000", "\"code\":\"limit.instructions\"", ""},
    {"memory",
     "return flow \"f\" { task \"bad\" (function() local t = {} while true do pcall(function()"
     " t[#t+1] = string.rep(\"x\", 1000000) .. #t end) end end) }\n",
     NULL, NULL, "\"code\":\"limit.memory\"", "EXECUTOR_MEMORY_LIMIT_MB"},
    {"stall",
     "return flow \"f\" { task \"bad\" (function()\n local text = string.rep(\"a\", 20000)\n"
     " return coroutine.wrap(function()\n return (text:find(\".-.-.-.-b\")) end)() end) }\n",
     NULL, "EXECUTOR_STALL_MS=300", "EXECUTOR_STALL_MS is 300\",\"code\":\"limit.stall\"",
     "\"line\":4"},
    {"native",
     "return flow \"f\" { task \"bad\" (function()\n local text = string.rep(\"a\", 20000)\n"
     " return (text:find(\".-.-.-.-b\")) end) }\n",
     NULL, "EXECUTOR_TIMEOUT_SECS=1", "Execution timeout", "\"line\":3"},
    {"flood",
     "return flow \"f\" { task \"bad\" (function(s, ctx)\n while true do\n pcall(ctx.log, \"x\")"
     " end end) }\n",
     NULL, "EXECUTOR_EVENTS_LIMIT=50", "\"code\":\"limit.events\"", "\"line\":3"},
    {"input", "return flow \"f\" { input = { n = \"number\" }, task \"a\" (function() end) }\n",
     "{\"n\":\"x\"}", NULL, "\"code\":\"input.invalid\"", "n"},
    {"syntax", "return flow \"f\" {\n task \"a\" (function( end) }\n", NULL, NULL, "\"line\":2",
     ""},
    {"wait", "return flow \"f\" { task \"a\" (function(s, ctx) ctx.sleep(\"2h\") end) }\n", NULL,
     NULL, "\"code\":\"limit.wait\"", ""},
};

static void a_failing_flow_is_reported_failed_and_acknowledged(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof failures / sizeof *failures; i++) {
        const struct failure *row = &failures[i];
        print_message("  row %s\n", row->name);
        house_start_with_flow(&house, (const char *[]){row->environment, NULL}, "f", row->source);
        house_run_one(&house,
                      &(struct jobs_record){.run = row->name, .flow = "f", .payload = row->payload},
                      0, ALL_DONE);
        house_assert_events(&house, row->name,
                            (const char *[]){"error {", row->error, row->also, NULL});
        house_assert_terminal(&house, row->name,
                              "{\"progress\":100,\"status\":\"failed\",\"error\":\"");
        house_stop(&house);
    }
}

static void an_unknown_flow_and_an_unknown_start_node_are_failed_runs(void **state)
{
    (void)state;
    house_start_with_flow(&house, NULL, "hello", house_hello);
    house_run_one(&house, &(struct jobs_record){.run = "r1", .flow = "missing"}, 0, ALL_DONE);
    house_assert_events(&house, "r1",
                        (const char *[]){"\"code\":\"flow.unknown\"", "missing", NULL});
    house_assert_terminal(&house, "r1", "\"failed\"");
    house_flow(&house, "two", house_hello);
    struct jobs_record job = {.run = "r2", .flow = "two"};
    char *event = house_event(&house, &job, 1);
    char *node = strstr(event, "\\\"node_id\\\":\\\"start\\\"");
    assert_non_null(node);
    memcpy(strstr(node, "start"), "stert", 5);
    assert_string_equal(house_run(&house, event, 0, LIMIT_MS), ALL_DONE);
    mem_free(event);
    house_assert_events(&house, "r2", (const char *[]){"\"code\":\"node.unknown\"", "stert", NULL});
    house_assert_terminal(&house, "r2", "\"failed\"");
    house_stop(&house);
}

/* --- time ------------------------------------------------------------------------------------- */

static void a_run_over_its_time_is_failed_with_execution_timeout(void **state)
{
    (void)state;
    static const struct {
        const char *environment;
        const char *source;
        int64_t deadline_ms;
    } rows[] = {
        {"EXECUTOR_TIMEOUT_SECS=1",
         "return flow \"f\" { task \"nap\" (function() while true do end end) }\n", 0},
        {NULL,
         "return flow \"f\" { timeout = \"300ms\", task \"nap\" (function() while true do end end) "
         "}\n",
         0},
        {NULL, "return flow \"f\" { task \"nap\" (function() while true do end end) }\n", 4000},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        house_start_with_flow(&house, (const char *[]){NO_BUDGET, rows[i].environment, NULL}, "f",
                              rows[i].source);
        house_run_one(&house, &(struct jobs_record){.run = "r1", .flow = "f"}, rows[i].deadline_ms,
                      ALL_DONE);
        house_assert_events(
            &house, "r1",
            (const char *[]){"error {\"message\":\"Execution timeout\"", "\"step\":\"nap\"", NULL});
        house_assert_terminal(&house, "r1", "\"failed\",\"error\":\"Execution timeout\"");
        house_stop(&house);
    }
}

/* Flows reach the house's own server. */
static void open_http(void)
{
    struct error err = {0};
    char allow[32];
    snprintf(allow, sizeof allow, "127.0.0.1:%d", server_port(house.server));
    mem_free(house.config.http_allow);
    house.config.http_allow = mem_copy(allow);
    http_free(house.stages.http);
    house.stages.http = http_new(house.stages.loop, &house.config, &err);
    assert_non_null(house.stages.http);
}

static void undo_functions_of_a_run_over_its_time_may_still_ask_the_network(void **state)
{
    (void)state;
    static const char *const environments[] = {"EXECUTOR_TIMEOUT_SECS=1", NO_BUDGET};
    for (size_t i = 0; i < 2; i++) {
        char source[512];
        house_start(&house, (const char *[]){NO_BUDGET, environments[i], NULL});
        open_http();
        snprintf(source, sizeof source,
                 "return flow \"f\" { %s\n"
                 "  task \"pay\" { run = function() return 7 end,\n"
                 "    undo = function(s, ctx)\n"
                 "      ctx.http.post(\"%s/r/undone/\", { json = { n = s.pay } })\n"
                 "    end },\n"
                 "  task \"spin\" (function() while true do end end) }\n",
                 i == 0 ? "" : "timeout = \"300ms\",", server_url(house.server));
        house_flow(&house, "f", source);
        house_run_one(&house, &(struct jobs_record){.run = "r1", .flow = "f"}, 0, ALL_DONE);
        assert_string_equal(house_last(&house, "undone", HOUSE_PROGRESS), "{\"n\":7}");
        house_assert_events(&house, "r1",
                            (const char *[]){"error {\"message\":\"Execution timeout\"",
                                             "\"step\":\"spin\"", NULL});
        house_assert_terminal(&house, "r1", "\"failed\",\"error\":\"Execution timeout\"");
        house_stop(&house);
    }
}

static void a_record_that_comes_too_late_is_returned_untouched(void **state)
{
    (void)state;
    char story[64];
    house_start_with_flow(&house, (const char *[]){"EXECUTOR_CONCURRENCY=1", NULL}, "sleepy",
                          house_sleepy);
    struct jobs_record jobs[] = {
        {.run = "r1", .flow = "sleepy", .payload = "{\"nap\":\"2s\"}"},
        {.run = "r2", .flow = "sleepy", .payload = "{\"nap\":\"2s\"}"},
    };
    char *event = house_event(&house, jobs, 2);
    assert_string_equal(house_run(&house, event, 4000, LIMIT_MS), RETURNED("r2"));
    assert_string_equal(house_story(&house, "r2", story, sizeof story), "");
    mem_free(event);
    house_stop(&house);
}

/* Two records at concurrency 1; the second starts late in the invocation and reaches its end. */
static void run_late(int receive_count, const char *expected)
{
    house_start_with_flow(&house, (const char *[]){"EXECUTOR_CONCURRENCY=1", NO_BUDGET, NULL},
                          "sleepy", house_sleepy);
    house_flow(&house, "busy",
               "return flow \"busy\" { task \"spin\" (function() while true do end end) }\n");
    struct jobs_record jobs[] = {
        {.run = "r1", .flow = "sleepy", .payload = "{\"nap\":\"1s\"}"},
        {.run = "r2", .flow = "busy", .receive_count = receive_count},
    };
    char *event = house_event(&house, jobs, 2);
    assert_string_equal(house_run(&house, event, 6000, LIMIT_MS), expected);
    mem_free(event);
}

static void a_run_that_the_invocation_ends_goes_back_without_a_terminal_status(void **state)
{
    (void)state;
    run_late(1, RETURNED("r2"));
    house_assert_events(
        &house, "r2", (const char *[]){"log {\"message\":\"interrupted, will be retried\"}", NULL});
    assert_null(house_last(&house, "r2", HOUSE_TERMINAL));
    house_stop(&house);
}

static void a_run_that_was_interrupted_too_often_is_failed(void **state)
{
    (void)state;
    run_late(3, ALL_DONE);
    house_assert_events(&house, "r2",
                        (const char *[]){"error {\"message\":\"interrupted 3 times\"", NULL});
    house_assert_terminal(&house, "r2", "\"failed\"");
    house_stop(&house);
}

static void the_answer_leaves_in_time_while_the_api_hangs(void **state)
{
    (void)state;
    house_start_with_flow(&house, (const char *[]){"EXECUTOR_CALLBACK_TIMEOUT_MS=60000", NULL},
                          "hello", house_hello);
    house_refuse(&house, HOUSE_RUNNING, (struct server_answer){.fault = SERVER_HANGS});
    struct jobs_record job = {.run = "r1", .flow = "hello"};
    char *event = house_event(&house, &job, 1);
    int64_t before = clock_mono_ms(&house.clock);
    assert_string_equal(house_run(&house, event, 3000, LIMIT_MS), RETURNED("r1"));
    assert_true(clock_mono_ms(&house.clock) - before <= 2500);
    mem_free(event);
    house_stop(&house);
}

/* --- workers ---------------------------------------------------------------------------------- */

static int number_to_send;

static struct server_answer signal_on_first_events(struct house *of, enum house_push_kind kind,
                                                   const char *run, unsigned nth)
{
    (void)of;
    (void)run;
    if (kind == HOUSE_EVENTS && nth == 1)
        signal_workers(number_to_send);
    return (struct server_answer){0};
}

static void run_with_signal(int number, int receive_count, const char *expected)
{
    number_to_send = number;
    house_start_with_flow(&house, NULL, "sleepy", house_sleepy);
    house.script = signal_on_first_events;
    house_run_one(&house,
                  &(struct jobs_record){.run = "r1",
                                        .flow = "sleepy",
                                        .payload = "{\"nap\":\"30s\"}",
                                        .receive_count = receive_count},
                  0, expected);
}

static void a_crashed_worker_is_a_failed_run(void **state)
{
    (void)state;
    run_with_signal(SIGABRT, 1, ALL_DONE);
    house_assert_events(&house, "r1", (const char *[]){"\"code\":\"worker.crashed\"", NULL});
    house_assert_terminal(&house, "r1", "\"failed\"");
    house_stop(&house);
}

static void a_worker_killed_from_outside_goes_back_once_then_fails(void **state)
{
    (void)state;
    run_with_signal(SIGKILL, 1, RETURNED("r1"));
    house_assert_events(&house, "r1", (const char *[]){"interrupted, will be retried", NULL});
    assert_null(house_last(&house, "r1", HOUSE_TERMINAL));
    house_stop(&house);
    run_with_signal(SIGKILL, 2, ALL_DONE);
    house_assert_terminal(&house, "r1", "\"failed\"");
    house_stop(&house);
}

static void a_worker_killed_is_replaced_for_the_next_batch(void **state)
{
    (void)state;
    run_with_signal(SIGKILL, 1, RETURNED("r1"));
    house.script = NULL;
    house_flow(&house, "hello", house_hello);
    house_run_one(&house, &(struct jobs_record){.run = "r2", .flow = "hello"}, 0, ALL_DONE);
    house_assert_terminal(&house, "r2", "\"completed\"");
    house_stop(&house);
}

/* --- what the API says ------------------------------------------------------------------------ */

static struct server_answer terminal_already(struct house *of, enum house_push_kind kind,
                                             const char *run, unsigned nth)
{
    (void)of;
    (void)run;
    (void)nth;
    if (kind == HOUSE_RUNNING)
        return (struct server_answer){.status = 200,
                                      .body = "{\"accepted\":false,\"status\":\"Completed\"}"};
    return (struct server_answer){0};
}

static void a_run_that_is_terminal_already_is_not_run_again(void **state)
{
    (void)state;
    char story[64];
    house_start_with_flow(&house, NULL, "hello", house_hello);
    house.script = terminal_already;
    house_run_one(&house, &(struct jobs_record){.run = "r1", .flow = "hello", .receive_count = 2},
                  0, ALL_DONE);
    assert_string_equal(house_story(&house, "r1", story, sizeof story), "running ");
    assert_true(house_logged(&house, "\"fate\":\"duplicate\""));
    house_stop(&house);
}

static struct server_answer cancelled_later(struct house *of, enum house_push_kind kind,
                                            const char *run, unsigned nth)
{
    (void)of;
    (void)run;
    (void)nth;
    if (kind == HOUSE_EVENTS)
        return (struct server_answer){.status = 200,
                                      .body = "{\"accepted\":false,\"status\":\"Cancelled\"}"};
    return (struct server_answer){0};
}

static void a_run_cancelled_by_the_api_is_stopped_and_acknowledged(void **state)
{
    (void)state;
    house_start_with_flow(&house, NULL, "sleepy", house_sleepy);
    house.script = cancelled_later;
    house_run_one(
        &house,
        &(struct jobs_record){.run = "r1", .flow = "sleepy", .payload = "{\"nap\":\"30s\"}"}, 0,
        ALL_DONE);
    assert_int_equal(house_count(&house, "r1", HOUSE_EVENTS), 1);
    assert_null(house_last(&house, "r1", HOUSE_TERMINAL));
    assert_true(house_logged(&house, "\"fate\":\"cancelled\""));
    house_stop(&house);
}

static void what_the_api_does_not_take_goes_back_to_the_queue(void **state)
{
    (void)state;
    static const struct {
        enum house_push_kind kind;
        struct server_answer answer;
        const char *log;
    } rows[] = {
        {HOUSE_TERMINAL, {.status = 503}, "does not know how the run ended"},
        {HOUSE_TERMINAL, {.status = 429}, "does not know how the run ended"},
        {HOUSE_TERMINAL, {.fault = SERVER_CLOSES}, "does not know how the run ended"},
        {HOUSE_TERMINAL, {.status = 200, .body = "<html>login</html>"}, "does not know"},
        {HOUSE_RUNNING, {.status = 503}, "does not know how the run ended"},
        {HOUSE_RUNNING, {.status = 401}, "refused a callback for good"},
        {HOUSE_EVENTS, {.status = 403}, "refused a callback for good"},
        {HOUSE_EVENTS, {.status = 404}, "refused a callback for good"},
        {HOUSE_EVENTS, {.status = 405}, "refused a callback for good"},
        {HOUSE_EVENTS, {.status = 410}, "refused a callback for good"},
        {HOUSE_RUNNING,
         {.status = 302, .headers = "Location: http://127.0.0.1:1/\r\n"},
         "refused a callback for good"},
        {HOUSE_EVENTS,
         {.status = 400, .body = "{\"error\":{\"code\":\"BAD_REQUEST\",\"message\":\"jwt\"}}"},
         "refused a callback for good"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        house_start_with_flow(
            &house, (const char *[]){"EXECUTOR_FLUSH_SECS=1", "EXECUTOR_CALLBACK_RETRIES=1", NULL},
            "hello", house_hello);
        house_refuse(&house, rows[i].kind, rows[i].answer);
        house_run_one(&house, &(struct jobs_record){.run = "r1", .flow = "hello"}, 0,
                      RETURNED("r1"));
        if (!house_logged(&house, rows[i].log))
            fail_msg("row %zu: '%s' is not in the log", i, rows[i].log);
        house_stop(&house);
    }
}

static struct server_answer refuse_poison(struct house *of, enum house_push_kind kind,
                                          const char *run, unsigned nth)
{
    (void)run;
    (void)nth;
    if (kind == HOUSE_EVENTS && strstr(of->pushes[of->push_count - 1].body, "poison"))
        return (struct server_answer){.status = 422, .body = "cannot take that"};
    return (struct server_answer){0};
}

static void an_event_that_the_api_refuses_alone_fails_its_run_and_no_other_event(void **state)
{
    (void)state;
    house_start_with_flow(&house, NULL, "f",
                          "return flow \"f\" { task \"a\" (function(s, ctx)\n"
                          "  for _, m in ipairs({ \"one\", \"two\", \"poison\", \"four\" }) do\n"
                          "    ctx.emit(\"toast\", { message = m })\n"
                          "  end\n"
                          "  return 1 end) }\n");
    house.script = refuse_poison;
    house_run_one(&house, &(struct jobs_record){.run = "r1", .flow = "f"}, 0, ALL_DONE);
    house_assert_events(&house, "r1",
                        (const char *[]){"{\"message\":\"one\"}", "{\"message\":\"two\"}",
                                         "\"code\":\"event.refused\"", "{\"message\":\"four\"}",
                                         NULL});
    house_assert_terminal(&house, "r1", "\"failed\"");
    house_stop(&house);
}

static void an_api_without_run_rows_takes_events_as_proof(void **state)
{
    (void)state;
    const struct server_answer refusal = {
        .status = 404, .body = "{\"error\":{\"code\":\"NOT_FOUND\",\"message\":\"run\"}}"};
    house_start_with_flow(&house, NULL, "hello", house_hello);
    for (int i = 0; i < 2; i++) {
        house_refuse(&house, i == 0 ? HOUSE_RUNNING : HOUSE_TERMINAL, refusal);
        house_run_one(&house, &(struct jobs_record){.run = i == 0 ? "r1" : "r2", .flow = "hello"},
                      0, ALL_DONE);
    }
    house_stop(&house);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_completed_flow_is_acknowledged_after_its_end_was_accepted),
        cmocka_unit_test(a_failing_flow_is_reported_failed_and_acknowledged),
        cmocka_unit_test(an_unknown_flow_and_an_unknown_start_node_are_failed_runs),
        cmocka_unit_test(a_run_over_its_time_is_failed_with_execution_timeout),
        cmocka_unit_test(undo_functions_of_a_run_over_its_time_may_still_ask_the_network),
        cmocka_unit_test(a_record_that_comes_too_late_is_returned_untouched),
        cmocka_unit_test(a_run_that_the_invocation_ends_goes_back_without_a_terminal_status),
        cmocka_unit_test(a_run_that_was_interrupted_too_often_is_failed),
        cmocka_unit_test(the_answer_leaves_in_time_while_the_api_hangs),
        cmocka_unit_test(a_crashed_worker_is_a_failed_run),
        cmocka_unit_test(a_worker_killed_from_outside_goes_back_once_then_fails),
        cmocka_unit_test(a_worker_killed_is_replaced_for_the_next_batch),
        cmocka_unit_test(a_run_that_is_terminal_already_is_not_run_again),
        cmocka_unit_test(a_run_cancelled_by_the_api_is_stopped_and_acknowledged),
        cmocka_unit_test(what_the_api_does_not_take_goes_back_to_the_queue),
        cmocka_unit_test(an_event_that_the_api_refuses_alone_fails_its_run_and_no_other_event),
        cmocka_unit_test(an_api_without_run_rows_takes_events_as_proof),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
