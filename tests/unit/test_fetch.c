/* What flows ask the supervisor for while they load and run: modules and called flows; what undo
 * functions may do behind the end; where errors came from. Real workers, a real server that plays
 * the API. */
#include "house.h"

// clang-format off
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
// clang-format on
#include <stdio.h>
#include <string.h>

#define ALL_DONE "{\"batchItemFailures\":[]}"

static struct house house;

/* One run of the flow "f" in a house of its own, that test by test may hold further files. */
static void run_flow(const char *source, int64_t deadline_ms)
{
    house_flow(&house, "f", source);
    house_run_one(&house, &(struct jobs_record){.run = "r1", .flow = "f"}, deadline_ms, ALL_DONE);
}

static void expect_completed(const char *output)
{
    house_assert_events(&house, "r1", (const char *[]){output, NULL});
    house_assert_terminal(&house, "r1", "\"completed\"");
    house_stop(&house);
}

static void expect_failed(const char *const *wanted)
{
    house_assert_events(&house, "r1", wanted);
    house_assert_terminal(&house, "r1", "\"failed\"");
    house_stop(&house);
}

static void expect_no_event(const char *text)
{
    char *events = house_events(&house, "r1");
    if (strstr(events, text))
        fail_msg("%s in:\n%s", text, events);
    mem_free(events);
}

/* --- modules and called flows ----------------------------------------------------------------- */

static void a_flow_requires_modules_and_calls_another_flow(void **state)
{
    (void)state;
    house_start(&house, NULL);
    house_flow(&house, "lib/money",
               "local round = require 'tools.round'\n"
               "return { cents = function(n) return round(n * 100) end }\n");
    house_flow(&house, "lib/tools/round", "return function(n) return math.floor(n + 0.5) end\n");
    house_flow(&house, "other",
               "local money = require 'money'\n"
               "return flow \"other\" { input = { price = \"number\" },\n"
               "task \"t\" (function(s) return money.cents(s.input.price) end) }");
    run_flow("local money = require 'lib.money'\n"
             "return flow \"f\" { call \"c\" { flow = \"other\",\n"
             "  input = function() return { price = 1.25 } end },\n"
             "  task \"sum\" (function(s) return s.c + money.cents(2) end) }\n",
             0);
    expect_completed("output 325\n");
}

static void a_warm_worker_takes_a_module_that_has_changed(void **state)
{
    (void)state;
    char run[8], output[16], module[32];
    house_start(&house, NULL);
    house_flow(&house, "f",
               "local n = require 'n' return flow \"f\" {\n"
               "task \"t\" (function() return n end) }\n");
    for (int i = 0; i < 6; i++) {
        snprintf(run, sizeof run, "r%d", i);
        snprintf(module, sizeof module, "return %d -- %.*s\n", i / 2, i / 2, "xx");
        snprintf(output, sizeof output, "output %d\n", i / 2);
        house_flow(&house, "lib/n", module);
        house_run_one(&house, &(struct jobs_record){.run = run, .flow = "f"}, 0, ALL_DONE);
        house_assert_events(&house, run, (const char *[]){output, NULL});
    }
    house_stop(&house);
}

/* Each is a failed run, and the message acknowledged: trying again would not help. */
static const struct failure {
    const char *name;
    const char *source;
    const char *file, *content; /* a further file, or NULL */
    const char *wanted[4];
} failures[] = {
    {"a module that is not there",
     "local x = 1\nlocal m = require 'lib.nowhere'\nreturn m",
     NULL,
     NULL,
     {"error {", "there is no ", "lib/nowhere.lua", "f.lua\",\"line\":2"}},
    {"a module that is not there, in a step",
     "return flow \"f\" {\n task \"t\" (function()\n  local n = 'nowhere' local m = require(n) "
     "return m end) }",
     NULL,
     NULL,
     {"error {", "lib/nowhere.lua", "\"step\":\"t\"", "f.lua\",\"line\":3"}},
    {"a name that leaves the folder",
     "local m = require '../outside'",
     NULL,
     NULL,
     {"error {", "must be a module's name", "f.lua\",\"line\":1", ""}},
    {"a module that does not compile",
     "local m = require 'bad' return m",
     "lib/bad",
     "local x = 1\nretrun x",
     {"error {", "syntax error near 'x'", "lib/bad.lua:2", ""}},
    {"a module of bytecode",
     "local m = require 'bad' return m",
     "lib/bad",
     "\x1bLuaT",
     {"error {", "lib/bad.lua: is bytecode", "f.lua\",\"line\":1", ""}},
    {"a module that raises",
     "local m = require 'bad' return m",
     "lib/bad",
     "\n\nlocal x\nreturn x.y",
     {"error {", "nil value (local 'x')", "lib/bad.lua\",\"line\":4", ""}},
    {"a module that never ends",
     "local m = require 'bad' return m",
     "lib/bad",
     "while true do end",
     {"error {", "", "", ""}},
    {"a called flow that is not there",
     "return flow \"f\" {\n call \"c\" { flow = \"nowhere\" } }",
     NULL,
     NULL,
     {"error {", "\"code\":\"call.unknown\"", "nowhere", "f.lua\",\"line\":2"}},
    {"a version that is not there",
     "return flow \"f\" {\n call \"c\" { flow = \"other@1.0.0\" } }",
     "other",
     "return flow \"other\" { task \"t\" (function() end) }",
     {"error {", "no version 1.0.0", "other.lua", "f.lua\",\"line\":2"}},
    {"a flow that calls itself",
     "return flow \"f\" {\n call \"c\" { flow = \"f\" } }",
     NULL,
     NULL,
     {"error {", "\"code\":\"call.cycle\"", "f -> f", "f.lua\",\"line\":2"}},
    {"flows that call each other",
     "return flow \"f\" { call \"c\" { flow = \"other\" } }",
     "other",
     "return flow \"other\" {\n\n call \"c\" { flow = \"f\" } }",
     {"error {", "\"code\":\"call.cycle\"", "f -> other -> f", ""}},
    {"a called flow that does not load",
     "return flow \"f\" { call \"c\" { flow = \"other\" } }",
     "other",
     "return flow \"other\" {\n\n task \"t\" { rnu = 1 } }",
     {"error {", "other.lua\",\"line\":3", "", ""}},
    {"an error in a called flow",
     "return flow \"f\" { call \"c\" { flow = \"other\" } }",
     "other",
     "return flow \"other\" {\n task \"t\" (function()\n  error('broken') end) }",
     {"error {", "\"step\":\"c/t\"", "broken", "other.lua\",\"line\":3"}},
};

static void what_cannot_be_had_is_a_failed_run_with_its_place(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof failures / sizeof *failures; i++) {
        const struct failure *row = &failures[i];
        print_message("  row %s\n", row->name);
        house_start(&house, NULL);
        if (row->file)
            house_flow(&house, row->file, row->content);
        run_flow(row->source, 0);
        expect_failed(
            (const char *[]){row->wanted[0], row->wanted[1], row->wanted[2], row->wanted[3], NULL});
    }
}

static void modules_of_over_4_mib_together_are_refused(void **state)
{
    (void)state;
    size_t size = 1000 * 1000;
    char *text = mem_new(size + 1), name[16];
    memset(text, '-', size);
    house_start(&house, NULL);
    for (int i = 1; i <= 5; i++) {
        snprintf(name, sizeof name, "lib/m%d", i);
        house_flow(&house, name, text);
    }
    run_flow("for i = 1, 4 do require('m' .. i) end\n"
             "return flow \"f\" { task \"t\" (function()\n"
             "  local m = require 'm5' return m end) }\n",
             0);
    expect_failed((const char *[]){"error {",
                                   "modules and called flows of one run are over 4194304",
                                   "f.lua\",\"line\":3", NULL});
    mem_free(text);
}

/* --- undo ------------------------------------------------------------------------------------- */

#define PAID                                                                                       \
    "task \"pay\" { run = function() return 7 end,\n"                                              \
    "  undo = function(s, ctx) ctx.log('refunded ' .. s.pay) end },\n"

static void a_flow_over_its_own_timeout_undoes_what_it_did(void **state)
{
    (void)state;
    house_start(&house, NULL);
    run_flow("return flow \"f\" { timeout = \"1s\",\n" PAID
             "task \"nap\" (function(s, ctx) while true do ctx.sleep('50ms') end end) }\n",
             0);
    house_assert_terminal(&house, "r1", "\"failed\",\"error\":\"Execution timeout\"");
    expect_failed((const char *[]){"log {\"message\":\"refunded 7\"}\n",
                                   "error {\"message\":\"Execution timeout\"", NULL});
}

static void a_run_over_the_executors_timeout_undoes_what_it_did(void **state)
{
    (void)state;
    static const char *const ways[] = {
        "task \"nap\" (function(s, ctx) while true do ctx.sleep('50ms') end end)",
        "task \"spin\" (function() while true do end end)"};
    for (size_t i = 0; i < 2; i++) {
        char source[512];
        house_start(&house, (const char *[]){"EXECUTOR_TIMEOUT_SECS=1",
                                             "EXECUTOR_INSTRUCTION_LIMIT=1000000000000", NULL});
        snprintf(source, sizeof source, "return flow \"f\" {\n" PAID "%s }\n", ways[i]);
        run_flow(source, 0);
        house_assert_terminal(&house, "r1", "\"failed\",\"error\":\"Execution timeout\"");
        expect_failed((const char *[]){"log {\"message\":\"refunded 7\"}\n", NULL});
    }
}

static void an_undo_function_that_hangs_is_stopped_at_the_invocations_end(void **state)
{
    (void)state;
    static const char *const ways[] = {"while true do ctx.sleep('50ms') end", "while true do end",
                                       "while true do pcall(ctx.sleep, '50ms') end"};
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        char source[512];
        house_start(&house, (const char *[]){"EXECUTOR_DEADLINE_MARGIN_MS=2500",
                                             "EXECUTOR_INSTRUCTION_LIMIT=1000000000000", NULL});
        snprintf(source, sizeof source,
                 "return flow \"f\" { timeout = \"500ms\",\n"
                 "task \"pay\" { run = function() end, undo = function(s, ctx)\n"
                 "  ctx.log('undoing') %s ctx.log('never') end },\n"
                 "task \"nap\" (function(s, ctx) while true do ctx.sleep('50ms') end end) }\n",
                 ways[i]);
        int64_t before = clock_mono_ms(&house.clock);
        run_flow(source, 4500);
        assert_true(clock_mono_ms(&house.clock) - before < 4000);
        house_assert_terminal(&house, "r1", "\"failed\",\"error\":\"Execution timeout\"");
        expect_no_event("never");
        expect_failed((const char *[]){"log {\"message\":\"undoing\"}\n", NULL});
    }
}

static void nothing_is_undone_when_the_invocation_itself_ends(void **state)
{
    (void)state;
    house_start(&house, NULL);
    run_flow("return flow \"f\" {\n" PAID
             "task \"nap\" (function(s, ctx) while true do ctx.sleep('50ms') end end) }\n",
             3000);
    expect_no_event("refunded");
    house_assert_terminal(&house, "r1", "\"failed\",\"error\":\"Execution timeout\"");
    house_stop(&house);
}

/* The second starts late in the invocation, has all of its time, and undoes until the end. */
static void a_run_that_had_its_time_is_not_tried_again_after_it_was_undone(void **state)
{
    (void)state;
    house_start(&house, (const char *[]){"EXECUTOR_TIMEOUT_SECS=1", "EXECUTOR_CONCURRENCY=1",
                                         "EXECUTOR_DEADLINE_MARGIN_MS=3000", NULL});
    house_flow(&house, "sleepy", house_sleepy);
    house_flow(&house, "f",
               "return flow \"f\" {\n"
               "task \"pay\" { run = function() end, undo = function(s, ctx)\n"
               "  ctx.log('undoing') while true do ctx.sleep('50ms') end end },\n"
               "task \"nap\" (function(s, ctx) while true do ctx.sleep('50ms') end end) }\n");
    struct jobs_record jobs[] = {{.run = "r0", .flow = "sleepy", .payload = "{\"nap\":\"800ms\"}"},
                                 {.run = "r1", .flow = "f"}};
    char *event = house_event(&house, jobs, 2);
    assert_string_equal(house_run(&house, event, 6000, 30000), ALL_DONE);
    mem_free(event);
    house_assert_terminal(&house, "r1", "\"failed\",\"error\":\"Execution timeout\"");
    expect_failed((const char *[]){"log {\"message\":\"undoing\"}\n", NULL});
}

static void a_steps_own_timeout_is_told_though_undoing_took_long(void **state)
{
    (void)state;
    house_start(&house, NULL);
    run_flow("return flow \"f\" { timeout = \"1s\",\n"
             "task \"pay\" { run = function() end, undo = function(s, ctx) ctx.sleep('1s') end },\n"
             "task \"slow\" { timeout = \"500ms\", run = function(s, ctx) while true do "
             "ctx.sleep('50ms') end end } }",
             0);
    expect_no_event("Execution timeout");
    expect_failed((const char *[]){"error {", "\"code\":\"timeout\"", "\"step\":\"slow\"", NULL});
}

/* --- traces ----------------------------------------------------------------------------------- */

static void an_error_through_two_functions_has_their_trace(void **state)
{
    (void)state;
    char trace[512];
    house_start(&house, NULL);
    house_flow(&house, "lib/deep",
               "local deep = {}\n"
               "function deep.fail(x)\n"
               "  return x.y.z, 1\n"
               "end\n"
               "return deep\n");
    run_flow("local deep = require 'deep'\n"
             "local function middle(t)\n"
             "  local got = deep.fail(t)\n"
             "  return got\n"
             "end\n"
             "return flow \"f\" { task \"t\" (function()\n"
             "  local got = middle({})\n"
             "  return got end) }\n",
             0);
    const char *shown = strrchr(house.flows_dir, '/') + 1;
    snprintf(trace, sizeof trace,
             "\"trace\":[\"%s/lib/deep.lua:3\",\"%s/f.lua:3\",\"%s/f.lua:7\"]}", shown, shown,
             shown);
    expect_failed((const char *[]){"error {", "lib/deep.lua\",\"line\":3", trace, NULL});
}

static void an_error_of_one_function_has_no_trace(void **state)
{
    (void)state;
    house_start(&house, NULL);
    run_flow("return flow \"f\" { task \"t\" (function()\n error('no luck') end) }\n", 0);
    expect_no_event("\"trace\"");
    expect_failed((const char *[]){"no luck", NULL});
}

static void a_trace_of_deep_recursion_is_cut(void **state)
{
    (void)state;
    char *events;
    size_t count = 0;
    house_start(&house, NULL);
    run_flow("local function down(n)\n"
             "  if n == 0 then error('bottom') end\n"
             "  local got = down(n - 1)\n"
             "  return got\n"
             "end\n"
             "return flow \"f\" { task \"t\" (function() local x = down(100) return x end) }\n",
             0);
    events = house_events(&house, "r1");
    const char *trace = strstr(events, "\"trace\":[");
    assert_non_null(trace);
    for (const char *at = trace; (at = strstr(at, "f.lua:")); at++)
        count++;
    assert_int_equal(count, 20);
    assert_null(strstr(events, "prelude"));
    mem_free(events);
    expect_failed((const char *[]){"f.lua:2\"", "bottom", NULL});
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_flow_requires_modules_and_calls_another_flow),
        cmocka_unit_test(a_warm_worker_takes_a_module_that_has_changed),
        cmocka_unit_test(what_cannot_be_had_is_a_failed_run_with_its_place),
        cmocka_unit_test(modules_of_over_4_mib_together_are_refused),
        cmocka_unit_test(a_flow_over_its_own_timeout_undoes_what_it_did),
        cmocka_unit_test(a_run_over_the_executors_timeout_undoes_what_it_did),
        cmocka_unit_test(an_undo_function_that_hangs_is_stopped_at_the_invocations_end),
        cmocka_unit_test(nothing_is_undone_when_the_invocation_itself_ends),
        cmocka_unit_test(a_run_that_had_its_time_is_not_tried_again_after_it_was_undone),
        cmocka_unit_test(a_steps_own_timeout_is_told_though_undoing_took_long),
        cmocka_unit_test(an_error_through_two_functions_has_their_trace),
        cmocka_unit_test(an_error_of_one_function_has_no_trace),
        cmocka_unit_test(a_trace_of_deep_recursion_is_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
