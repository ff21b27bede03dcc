#include "budget.h"

#include "apart.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define SPIN "(function() while true do end end)"

static void budget_ends_the_run_at_the_instruction_limit(void **state)
{
    (void)state;
    static const char *const bodies[] = {
        "while true do end",
        "while true do pcall" SPIN " end",
        "while true do pcall(" SPIN ") end",
        "while true do xpcall(" SPIN ", function(e) return e end) end",
        "xpcall(error, " SPIN ")",
        "coroutine.wrap(" SPIN ")()",
        "while true do coroutine.resume(coroutine.create(" SPIN ")) end",
        "while true do coroutine.wrap(function() for i = 1, 300 do end end)() end",
        "while true do coroutine.wrap(function() end)() end",
        "table.sort({ 3, 1, 2, 5, 4 }, " SPIN ")",
        "pcall(table.sort, { 3, 1, 2, 5, 4 }, " SPIN ")",
        "while true do pcall(string.gsub, 'x', 'x', " SPIN ") end",
        "local x <close> = setmetatable({}, { __close = " SPIN " }) error('x')",
        "pcall(function() local x <close> = setmetatable({}, { __close = " SPIN " }) end)",
        "local co = coroutine.create(function() local x <close> = setmetatable({}, { __close "
        "= " SPIN " }) coroutine.yield() end) coroutine.resume(co) coroutine.close(co)",
        "return setmetatable({}, { __index = " SPIN " }).x",
        "return setmetatable({}, { __add = " SPIN " }) + 1",
        "return tostring(setmetatable({}, { __tostring = " SPIN " }))",
        "return ('%s'):format(setmetatable({}, { __tostring = " SPIN " }))",
        "for _ in pairs(setmetatable({}, { __pairs = " SPIN " })) do end",
        "for _ in " SPIN " do end",
        "local function f() return f() end f()",
        "local function f() return pcall(f) end while true do f() end",
    };
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        const char *text = apart_run(
            &(struct apart_order){.source = apart_flow(bodies[i]), .instructions = 3000000});
        apart_assert(text,
                     "final [limit.instructions] [instruction limit reached: "
                     "EXECUTOR_INSTRUCTION_LIMIT is 3000000] step=one file=flows/test.lua line=2 "
                     "attempt=1",
                     bodies[i]);
    }
}

static void budget_ends_the_run_at_the_memory_limit(void **state)
{
    (void)state;
    static const char *const bodies[] = {
        "local t = {} while true do t[#t + 1] = {} end",
        "while true do pcall(function() local t = {} while true do t[#t + 1] = {} end end) end",
        "local s = 'x' while true do s = s .. s end",
        "return #string.rep('x', 1 << 30)",
        "while true do pcall(string.rep, 'x', 1 << 30) end",
        "return xpcall(string.rep, function() return {} end, 'x', 1 << 30)",
        "while true do coroutine.resume(coroutine.create(string.rep), 'x', 1 << 30) end",
        "pcall(coroutine.wrap(function() local s = 'x' while true do s = s .. s end end))",
        "local t = {} for i = 1, 100 do t[i] = ('x'):rep(1 << 20) end return #table.concat(t)",
        "return (('x'):rep(1 << 20)):gsub('x', ('y'):rep(100))",
        "local t = {} while true do t[#t + 1] = coroutine.create(print) end",
        "local co = coroutine.create(function() local x <close> = setmetatable({}, { __close = "
        "function() local t = {} while true do t[#t + 1] = {} end end }) coroutine.yield() end) "
        "coroutine.resume(co) while true do coroutine.close(co) end",
    };
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        const char *text =
            apart_run(&(struct apart_order){.source = apart_flow(bodies[i]), .memory_mb = 16});
        apart_assert(text,
                     "final [limit.memory] [memory limit reached: EXECUTOR_MEMORY_LIMIT_MB is 16] "
                     "step=one file=flows/test.lua line=2 attempt=1",
                     bodies[i]);
    }
}

static void budget_does_not_take_garbage_for_memory_in_use(void **state)
{
    (void)state;
    const char *text = apart_run(&(struct apart_order){
        .source = apart_flow("local n = 0\n"
                             "for i = 1, 40 do n = n + #(('x'):rep(3 << 20) .. i) end\n"
                             "for i = 1, 20000 do local t = { i, { i } } end\n"
                             "return n"),
        .memory_mb = 16});
    apart_assert(text, "completed 125829191", "garbage");
}

static void budget_ends_the_run_at_its_deadline(void **state)
{
    (void)state;
    static const char *const bodies[] = {
        "while true do pcall(" SPIN ") end",
        "while true do ctx.sleep('20ms') end",
        "while true do pcall(ctx.sleep, '20ms') end",
    };
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        const char *text = apart_run(&(struct apart_order){
            .source = apart_flow(bodies[i]), .instructions = INT64_MAX, .left_ms = 100});
        apart_assert(text, "final [timeout] [Execution timeout] step=one", bodies[i]);
    }
}

static const char *timed_flow(const char *timeout, const char *body)
{
    static char source[8192];
    snprintf(source, sizeof source,
             "return flow \"test\" { task \"one\" { timeout = \"%s\",\n"
             "catch = { on \"timeout\" { task \"saved\" (function(s) return \"saved\" end) } },\n"
             "run = function(s, ctx)\n%s\nend } }\n",
             timeout, body);
    return source;
}

static void budget_stops_a_step_that_overruns_and_lets_it_be_caught(void **state)
{
    (void)state;
    static const char *const bodies[] = {
        "while true do end",
        "while true do pcall(" SPIN ") end",
        "while true do xpcall(" SPIN ", function(e) return e end) end",
        "xpcall(error, " SPIN ")",
        "coroutine.wrap(" SPIN ")()",
        "while true do coroutine.resume(coroutine.create(" SPIN ")) end",
        "while true do pcall(coroutine.wrap(function() coroutine.wrap(" SPIN ")() end)) end",
        "while true do pcall(table.sort, { 3, 1, 2 }, " SPIN ") end",
        "while true do pcall(string.gsub, 'x', 'x', " SPIN ") end",
        "while true do pcall(string.gsub, 'x', 'x', coroutine.wrap(" SPIN ")) end",
        "while true do pcall(function() local x <close> = setmetatable({}, { __close = " SPIN
        " }) end) end",
        "local co = coroutine.create(function() local x <close> = setmetatable({}, { __close "
        "= " SPIN
        " }) coroutine.yield() end) coroutine.resume(co) while true do coroutine.close(co) end",
        "while true do local ok, e = pcall(tostring, setmetatable({}, { __tostring = " SPIN
        " })) end",
        "while true do ctx.sleep('1ms') end",
        "ctx.sleep('1h')",
        "while true do pcall(ctx.sleep, '1h') end",
    };
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        const char *text = apart_run(&(struct apart_order){.source = timed_flow("50ms", bodies[i]),
                                                           .instructions = INT64_MAX});
        apart_assert(text, "completed \"saved\"", bodies[i]);
    }
}

static void budget_ends_a_run_whose_step_does_not_stop(void **state)
{
    (void)state;
    /* each of the many handlers gets some instructions before the hook raises again */
    const char *text = apart_run(&(struct apart_order){
        .source = timed_flow("300ms", "table.sort({ 3, 1, 2 }, function()\n"
                                      "local mt = { __close = function() while true do end end }\n"
                                      "local function f(n) local x <close> = setmetatable({}, mt)\n"
                                      "if n > 0 then return (f(n - 1)) end while true do end end\n"
                                      "pcall(f, 20000) end)"),
        .instructions = INT64_MAX,
        .stall_ms = 20});
    apart_assert(text, "final [timeout] [Execution timeout] step=one", "closing for ever");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(budget_ends_the_run_at_the_instruction_limit),
        cmocka_unit_test(budget_ends_the_run_at_the_memory_limit),
        cmocka_unit_test(budget_does_not_take_garbage_for_memory_in_use),
        cmocka_unit_test(budget_ends_the_run_at_its_deadline),
        cmocka_unit_test(budget_stops_a_step_that_overruns_and_lets_it_be_caught),
        cmocka_unit_test(budget_ends_a_run_whose_step_does_not_stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
