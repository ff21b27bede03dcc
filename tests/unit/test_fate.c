/* Every row of the fate table (docs/ARCHITECTURE.md): what happened, what the API heard, what SQS
 * is told. Real workers, a real server that plays the API. */
#include "house.h"

#include "loops.h"
#include "mint.h"

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

static const char *const hello =
    "return flow \"hello\" { task \"greet\" (function(s, ctx) return { hi = 1 } end) }\n";
static const char *const sleepy = "return flow \"sleepy\" { task \"nap\" (function(s, ctx)\n"
                                  "  ctx.emit(\"toast\", { message = \"asleep\" })\n"
                                  "  ctx.sleep(s.input.nap)\n"
                                  "  return 1 end) }\n";

/* One house a test; static, because it is large. */
static struct house house;

static void start(const char *const *environment, const char *name, const char *source)
{
    house_start(&house, environment);
    house_flow(&house, name, source);
}

/* Runs one record and compares the answer. */
static void run_one(const struct jobs_record *job, int64_t deadline_ms, const char *expected)
{
    char *event = house_event(&house, job, 1);
    assert_string_equal(house_run(&house, event, deadline_ms, LIMIT_MS), expected);
    mem_free(event);
}

static void assert_events(const char *run, const char *const *wanted)
{
    char *events = house_events(&house, run);
    for (; *wanted; wanted++)
        if (!strstr(events, *wanted))
            fail_msg("no %s in:\n%s", *wanted, events);
    mem_free(events);
}

static void assert_terminal(const char *run, const char *wanted)
{
    const char *body = house_last(&house, run, HOUSE_TERMINAL);
    if (!body || !strstr(body, wanted))
        fail_msg("terminal is %s, wanted %s", body ? body : "missing", wanted);
}

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

static struct server_answer refusal;
static enum house_push_kind refused_kind;

static struct server_answer refuse(struct house *of, enum house_push_kind kind, const char *run,
                                   unsigned nth)
{
    (void)of;
    (void)run;
    (void)nth;
    return kind == refused_kind ? refusal : (struct server_answer){0};
}

/* --- the flow ended --------------------------------------------------------------------------- */

static void a_completed_flow_is_acknowledged_after_its_end_was_accepted(void **state)
{
    (void)state;
    char story[256];
    start((const char *[]){"EXECUTOR_BATCH_INTERVAL_MS=60000", NULL}, "hello", hello);
    run_one(&(struct jobs_record){.run = "r1", .flow = "hello"}, 0, ALL_DONE);
    assert_string_equal(house_story(&house, "r1", story, sizeof story),
                        "running log output log terminal ");
    assert_events("r1", (const char *[]){"output {\"hi\":1}\n",
                                         "log {\"message\":\"Execution started\"}\n",
                                         "log {\"message\":\"Execution completed\"}\n", NULL});
    assert_terminal("r1", "{\"progress\":100,\"status\":\"completed\",\"output_len\":8}");
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
    {"error", "return flow \"f\" {\n task \"bad\" (function(s) return s.nothing.at.all end) }\n",
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
     "return flow \"f\" { task \"bad\" (function() return (string.find(string.rep(\"a\", 20000),"
     " \".-.-.-.-b\")) end) }\n",
     NULL, "EXECUTOR_STALL_MS=300", "\"code\":\"limit.stall\"", "EXECUTOR_STALL_MS"},
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
        start((const char *[]){row->environment, NULL}, "f", row->source);
        run_one(&(struct jobs_record){.run = row->name, .flow = "f", .payload = row->payload}, 0,
                ALL_DONE);
        assert_events(row->name, (const char *[]){"error {", row->error, row->also, NULL});
        assert_terminal(row->name, "{\"progress\":100,\"status\":\"failed\",\"error\":\"");
        house_stop(&house);
    }
}

static void an_unknown_flow_and_an_unknown_start_node_are_failed_runs(void **state)
{
    (void)state;
    start(NULL, "hello", hello);
    run_one(&(struct jobs_record){.run = "r1", .flow = "missing"}, 0, ALL_DONE);
    assert_events("r1", (const char *[]){"\"code\":\"flow.unknown\"", "missing", NULL});
    assert_terminal("r1", "\"failed\"");
    house_flow(&house, "two", hello);
    struct jobs_record job = {.run = "r2", .flow = "two"};
    char *event = house_event(&house, &job, 1);
    char *node = strstr(event, "\\\"node_id\\\":\\\"start\\\"");
    assert_non_null(node);
    memcpy(strstr(node, "start"), "stert", 5);
    assert_string_equal(house_run(&house, event, 0, LIMIT_MS), ALL_DONE);
    mem_free(event);
    assert_events("r2", (const char *[]){"\"code\":\"node.unknown\"", "stert", NULL});
    assert_terminal("r2", "\"failed\"");
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
        start((const char *[]){NO_BUDGET, rows[i].environment, NULL}, "f", rows[i].source);
        run_one(&(struct jobs_record){.run = "r1", .flow = "f"}, rows[i].deadline_ms, ALL_DONE);
        assert_events("r1", (const char *[]){"error {\"message\":\"Execution timeout\"",
                                             "\"step\":\"nap\"", NULL});
        assert_terminal("r1", "\"failed\",\"error\":\"Execution timeout\"");
        house_stop(&house);
    }
}

static void a_record_that_comes_too_late_is_returned_untouched(void **state)
{
    (void)state;
    char story[64];
    start((const char *[]){"EXECUTOR_CONCURRENCY=1", NULL}, "sleepy", sleepy);
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
    start((const char *[]){"EXECUTOR_CONCURRENCY=1", NO_BUDGET, NULL}, "sleepy", sleepy);
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
    assert_events("r2",
                  (const char *[]){"log {\"message\":\"interrupted, will be retried\"}", NULL});
    assert_null(house_last(&house, "r2", HOUSE_TERMINAL));
    house_stop(&house);
}

static void a_run_that_was_interrupted_too_often_is_failed(void **state)
{
    (void)state;
    run_late(3, ALL_DONE);
    assert_events("r2", (const char *[]){"error {\"message\":\"interrupted 3 times\"", NULL});
    assert_terminal("r2", "\"failed\"");
    house_stop(&house);
}

static void the_answer_leaves_in_time_while_the_api_hangs(void **state)
{
    (void)state;
    start((const char *[]){"EXECUTOR_CALLBACK_TIMEOUT_MS=60000", NULL}, "hello", hello);
    refused_kind = HOUSE_RUNNING;
    refusal = (struct server_answer){.fault = SERVER_HANGS};
    house.script = refuse;
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
    start(NULL, "sleepy", sleepy);
    house.script = signal_on_first_events;
    run_one(&(struct jobs_record){.run = "r1",
                                  .flow = "sleepy",
                                  .payload = "{\"nap\":\"30s\"}",
                                  .receive_count = receive_count},
            0, expected);
}

static void a_crashed_worker_is_a_failed_run(void **state)
{
    (void)state;
    run_with_signal(SIGABRT, 1, ALL_DONE);
    assert_events("r1", (const char *[]){"\"code\":\"worker.crashed\"", NULL});
    assert_terminal("r1", "\"failed\"");
    house_stop(&house);
}

static void a_worker_killed_from_outside_goes_back_once_then_fails(void **state)
{
    (void)state;
    run_with_signal(SIGKILL, 1, RETURNED("r1"));
    assert_events("r1", (const char *[]){"interrupted, will be retried", NULL});
    assert_null(house_last(&house, "r1", HOUSE_TERMINAL));
    house_stop(&house);
    run_with_signal(SIGKILL, 2, ALL_DONE);
    assert_terminal("r1", "\"failed\"");
    house_stop(&house);
}

static void a_worker_killed_is_replaced_for_the_next_batch(void **state)
{
    (void)state;
    run_with_signal(SIGKILL, 1, RETURNED("r1"));
    house.script = NULL;
    house_flow(&house, "hello", hello);
    run_one(&(struct jobs_record){.run = "r2", .flow = "hello"}, 0, ALL_DONE);
    assert_terminal("r2", "\"completed\"");
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
    start(NULL, "hello", hello);
    house.script = terminal_already;
    run_one(&(struct jobs_record){.run = "r1", .flow = "hello", .receive_count = 2}, 0, ALL_DONE);
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
    start(NULL, "sleepy", sleepy);
    house.script = cancelled_later;
    run_one(&(struct jobs_record){.run = "r1", .flow = "sleepy", .payload = "{\"nap\":\"30s\"}"}, 0,
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
        start((const char *[]){"EXECUTOR_FLUSH_SECS=1", "EXECUTOR_CALLBACK_RETRIES=1", NULL},
              "hello", hello);
        refused_kind = rows[i].kind;
        refusal = rows[i].answer;
        house.script = refuse;
        run_one(&(struct jobs_record){.run = "r1", .flow = "hello"}, 0, RETURNED("r1"));
        if (!house_logged(&house, rows[i].log))
            fail_msg("row %zu: '%s' is not in the log", i, rows[i].log);
        house_stop(&house);
    }
}

static void an_api_without_run_rows_takes_events_as_proof(void **state)
{
    (void)state;
    refusal = (struct server_answer){
        .status = 404, .body = "{\"error\":{\"code\":\"NOT_FOUND\",\"message\":\"run\"}}"};
    start(NULL, "hello", hello);
    for (int i = 0; i < 2; i++) {
        refused_kind = i == 0 ? HOUSE_RUNNING : HOUSE_TERMINAL;
        house.script = refuse;
        run_one(&(struct jobs_record){.run = i == 0 ? "r1" : "r2", .flow = "hello"}, 0, ALL_DONE);
    }
    house_stop(&house);
}

/* --- records that do not become runs ---------------------------------------------------------- */

static void a_record_that_is_no_job_fails_alone(void **state)
{
    (void)state;
    static const char *const bodies[] = {
        "",
        "not json",
        "[]",
        "{}",
        "{\"job_id\":1}",
        "{\"job_id\":\"secret-value\",\"run_id\":\"r\",\"app_id\":\"a\",\"board_id\":\"b\"}"};
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        start(NULL, "hello", hello);
        struct jobs_record jobs[] = {{.run = "bad", .body = bodies[i]},
                                     {.run = "r1", .flow = "hello"}};
        char *event = house_event(&house, jobs, 2);
        assert_string_equal(house_run(&house, event, 0, LIMIT_MS), RETURNED("bad"));
        mem_free(event);
        assert_terminal("r1", "\"completed\"");
        assert_true(house_logged(&house, "\"message\":\"record refused\""));
        assert_false(house_logged(&house, "secret-value"));
        house_stop(&house);
    }
}

static void a_record_without_a_valid_token_is_refused_and_calls_nobody(void **state)
{
    (void)state;
    start(NULL, "hello", hello);
    struct jobs_record jobs[] = {{.run = "bad", .flow = "hello", .token = "not.a.token"},
                                 {.run = "r1", .flow = "hello"}};
    char *event = house_event(&house, jobs, 2);
    assert_string_equal(house_run(&house, event, 0, LIMIT_MS), RETURNED("bad"));
    mem_free(event);
    assert_int_equal(house_count(&house, "bad", HOUSE_RUNNING), 0);
    assert_terminal("r1", "\"completed\"");
    house_stop(&house);
}

/* The API's key set: at first the one before its key was changed. */
static struct server_answer serve_keys(void *arg, const struct server_request *request)
{
    char *const *sets = arg;
    static int asked;
    assert_string_equal(request->path, "/execution/.well-known/jwks.json");
    return (struct server_answer){.status = 200, .body = sets[asked++ ? 1 : 0]};
}

static void a_key_that_was_changed_is_learned_while_the_record_waits(void **state)
{
    (void)state;
    size_t len;
    char url[128], old_key[] = "/tmp/moonmill-key-XXXXXX";
    close(mkstemp(old_key));
    mint_key(old_key);
    char *sets[] = {mint_jwks(old_key, "old", NULL, NULL), mint_file(TEST_DATA "/jwks.json", &len)};
    struct server *keys = server_start(0, serve_keys, sets);
    snprintf(url, sizeof url, "API_URL=%s", server_url(keys));
    start((const char *[]){"BACKEND_PUB=", url, NULL}, "hello", hello);
    run_one(&(struct jobs_record){.run = "r1", .flow = "hello"}, 0, ALL_DONE);
    assert_terminal("r1", "\"completed\"");
    house_stop(&house);
    server_stop(keys);
    mem_free(sets[0]);
    mem_free(sets[1]);
    unlink(old_key);
}

static void a_record_whose_keys_cannot_be_fetched_goes_back(void **state)
{
    (void)state;
    start((const char *[]){"BACKEND_PUB=", "API_URL=http://127.0.0.1:9", NULL}, "hello", hello);
    run_one(&(struct jobs_record){.run = "r1", .flow = "hello"}, 3000, RETURNED("r1"));
    assert_true(house_logged(&house, "\"message\":\"record refused\""));
    house_stop(&house);
}

static void an_event_with_a_record_without_id_is_refused_whole(void **state)
{
    (void)state;
    struct error err = {0};
    start(NULL, "hello", hello);
    struct jobs_record jobs[] = {{.run = "r1", .flow = "hello"},
                                 {.run = "r2", .flow = "hello", .message = ""}};
    char *event = house_event(&house, jobs, 2);
    struct batch_spec spec = {.event = span_of(event), .request_id = "request-1"};
    assert_null(batch_new(&house.stages, &spec, NULL, NULL, &err));
    assert_non_null(strstr(err.text, "messageId"));
    mem_free(event);
    house_stop(&house);
}

static void two_records_of_one_run_run_once_and_share_its_fate(void **state)
{
    (void)state;
    start(NULL, "hello", hello);
    house_flow(&house, "sleepy", sleepy);
    struct jobs_record jobs[] = {{.run = "r1", .flow = "hello"},
                                 {.run = "r1", .flow = "hello", .message = "m-twin"}};
    char *event = house_event(&house, jobs, 2);
    assert_string_equal(house_run(&house, event, 0, LIMIT_MS), ALL_DONE);
    assert_int_equal(house_count(&house, "r1", HOUSE_RUNNING), 1);
    mem_free(event);
    refused_kind = HOUSE_RUNNING;
    refusal = (struct server_answer){.status = 403};
    house.script = refuse;
    jobs[0].run = jobs[1].run = "r2";
    event = house_event(&house, jobs, 2);
    assert_string_equal(house_run(&house, event, 0, LIMIT_MS),
                        "{\"batchItemFailures\":[{\"itemIdentifier\":\"m-r2\"},"
                        "{\"itemIdentifier\":\"m-twin\"}]}");
    mem_free(event);
    house_stop(&house);
}

/* --- FIFO ------------------------------------------------------------------------------------- */

static struct server_answer refuse_second(struct house *of, enum house_push_kind kind,
                                          const char *run, unsigned nth)
{
    (void)of;
    (void)nth;
    if (kind == HOUSE_RUNNING && strcmp(run, "a2") == 0)
        return (struct server_answer){.status = 403};
    return (struct server_answer){0};
}

static void the_rest_of_a_failed_fifo_group_is_returned_untouched(void **state)
{
    (void)state;
    char story[64];
    start(NULL, "hello", hello);
    house.script = refuse_second;
    struct jobs_record jobs[] = {
        {.run = "a1", .flow = "hello", .group = "a"}, {.run = "b1", .flow = "hello", .group = "b"},
        {.run = "a2", .flow = "hello", .group = "a"}, {.run = "a3", .flow = "hello", .group = "a"},
        {.run = "b2", .flow = "hello", .group = "b"},
    };
    char *event = house_event(&house, jobs, 5);
    assert_string_equal(house_run(&house, event, 0, LIMIT_MS),
                        "{\"batchItemFailures\":[{\"itemIdentifier\":\"m-a2\"},"
                        "{\"itemIdentifier\":\"m-a3\"}]}");
    assert_string_equal(house_story(&house, "a3", story, sizeof story), "");
    assert_terminal("b2", "\"completed\"");
    mem_free(event);
    house_stop(&house);
}

static void a_failed_flow_does_not_stop_its_fifo_group(void **state)
{
    (void)state;
    start(NULL, "hello", hello);
    struct jobs_record jobs[] = {{.run = "a1", .flow = "missing", .group = "a"},
                                 {.run = "a2", .flow = "hello", .group = "a"}};
    char *event = house_event(&house, jobs, 2);
    assert_string_equal(house_run(&house, event, 0, LIMIT_MS), ALL_DONE);
    assert_terminal("a2", "\"completed\"");
    mem_free(event);
    house_stop(&house);
}

static void groups_run_side_by_side_and_each_in_order(void **state)
{
    (void)state;
    start(NULL, "sleepy", sleepy);
    struct jobs_record jobs[] = {
        {.run = "a1", .flow = "sleepy", .group = "a", .payload = "{\"nap\":\"400ms\"}"},
        {.run = "a2", .flow = "sleepy", .group = "a", .payload = "{\"nap\":\"1ms\"}"},
        {.run = "b1", .flow = "sleepy", .group = "b", .payload = "{\"nap\":\"1ms\"}"},
    };
    size_t a1_end = 0, a2_start = 0, b1_end = 0;
    char *event = house_event(&house, jobs, 3);
    assert_string_equal(house_run(&house, event, 0, LIMIT_MS), ALL_DONE);
    for (size_t i = 0; i < house.push_count; i++) {
        const struct house_push *push = &house.pushes[i];
        if (push->kind == HOUSE_TERMINAL && strcmp(push->run, "a1") == 0)
            a1_end = i;
        if (push->kind == HOUSE_RUNNING && strcmp(push->run, "a2") == 0)
            a2_start = i;
        if (push->kind == HOUSE_TERMINAL && strcmp(push->run, "b1") == 0)
            b1_end = i;
    }
    assert_true(a1_end < a2_start);
    assert_true(b1_end < a1_end);
    mem_free(event);
    house_stop(&house);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_completed_flow_is_acknowledged_after_its_end_was_accepted),
        cmocka_unit_test(a_failing_flow_is_reported_failed_and_acknowledged),
        cmocka_unit_test(an_unknown_flow_and_an_unknown_start_node_are_failed_runs),
        cmocka_unit_test(a_run_over_its_time_is_failed_with_execution_timeout),
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
        cmocka_unit_test(an_api_without_run_rows_takes_events_as_proof),
        cmocka_unit_test(a_record_that_is_no_job_fails_alone),
        cmocka_unit_test(a_record_without_a_valid_token_is_refused_and_calls_nobody),
        cmocka_unit_test(a_key_that_was_changed_is_learned_while_the_record_waits),
        cmocka_unit_test(a_record_whose_keys_cannot_be_fetched_goes_back),
        cmocka_unit_test(an_event_with_a_record_without_id_is_refused_whole),
        cmocka_unit_test(two_records_of_one_run_run_once_and_share_its_fate),
        cmocka_unit_test(the_rest_of_a_failed_fifo_group_is_returned_untouched),
        cmocka_unit_test(a_failed_flow_does_not_stop_its_fifo_group),
        cmocka_unit_test(groups_run_side_by_side_and_each_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
