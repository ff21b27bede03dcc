#include "strand.h"

#include "apart.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void strand_waits_from_within_nested_coroutines(void **state)
{
    (void)state;
    static const struct {
        const char *body;
        const char *what;
    } cases[] = {
        {"local co = coroutine.wrap(function()\n"
         "  local inner = coroutine.create(function(a)\n"
         "    ctx.sleep('1ms'); local b = coroutine.yield(a .. 1)\n"
         "    return b .. ctx.http.get('https://x.example/').body end)\n"
         "  local _, x = coroutine.resume(inner, 'a')\n"
         "  local _, y = coroutine.resume(inner, 'b')\n"
         "  return x .. y .. coroutine.status(inner) end)\n"
         "return co()",
         "completed \"a1bpongdead\""},
        {"local ok, e = pcall(function() ctx.sleep('1ms') error('after', 0) end)\n"
         "return tostring(ok) .. e",
         "completed \"falseafter\""},
        {"return select(2, xpcall(function() ctx.sleep('1ms') error('x', 0) end,\n"
         "function(e) return e .. '!' end))",
         "completed \"x!\""},
        {"local t = setmetatable({}, { __index = function(_, k) ctx.sleep('1ms') return k end })\n"
         "return t.key",
         "completed \"key\""},
        {"local out = {}\n"
         "for v in coroutine.wrap(function() for i = 1, 3 do ctx.sleep('1ms')\n"
         "coroutine.yield(i) end end) do out[#out + 1] = v end\n"
         "return table.concat(out)",
         "completed \"123\""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        apart_assert(apart_run_body(cases[i].body), cases[i].what, cases[i].body);
}

static void strand_refuses_to_wait_where_it_cannot(void **state)
{
    (void)state;
    static const char *const bodies[] = {
        "table.sort({ 2, 1 }, function(a, b) ctx.sleep('1ms') return a < b end)",
        "(('x'):gsub('x', function() ctx.sleep('1ms') end))",
        "tostring(setmetatable({}, { __tostring = function() ctx.sleep('1ms') end }))",
        "table.sort({ 2, 1 }, coroutine.wrap(function() ctx.sleep('1ms') end))",
    };
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        char body[512];
        snprintf(body, sizeof body, "return %s", bodies[i]);
        const char *text = apart_run_body(body);
        apart_assert(text, "failed [lua] [cannot wait here: inside a sort comparator", bodies[i]);
        apart_assert(text, "file=flows/test.lua line=2", bodies[i]);
    }
}

/* Lua's own message names the function that runs, which may be the prelude's. */
static void strand_gives_every_message_a_place(void **state)
{
    (void)state;
    static const struct {
        const char *call;
        const char *what;
    } cases[] = {
        {"local r = f() return r", "failed [lua] [C stack overflow] step=one/again"},
        {"return select(2, pcall(f))", "completed \"flows/test.lua:3: C stack overflow\""},
        {"return select(2, xpcall(f, function(e) return 'seen ' .. e end))",
         "completed \"seen flows/test.lua:3: C stack overflow\""},
        {"return select(2, coroutine.resume(coroutine.create(f)))",
         "completed \"flows/test.lua:3: C stack overflow\""},
        {"return select(2, pcall(coroutine.wrap(f)))",
         "completed \"flows/test.lua:3: C stack overflow\""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char body[256];
        snprintf(body, sizeof body,
                 "\nlocal function f() local r = ctx.step('again', f) return r end\n%s",
                 cases[i].call);
        apart_assert(apart_run_body(body), cases[i].what, cases[i].call);
    }
}

static void strand_survives_coroutines_that_close_each_other(void **state)
{
    (void)state;
    const char *text =
        apart_run_body("local before\n"
                       "for i = 1, 10000 do\n"
                       "  local inner = before\n"
                       "  before = coroutine.create(function()\n"
                       "    local x <close> = setmetatable({}, { __close = function()\n"
                       "      if inner then local ok, e = coroutine.close(inner)\n"
                       "        if not ok then error(e, 0) end end end })\n"
                       "    coroutine.yield() end)\n"
                       "  coroutine.resume(before)\n"
                       "end\n"
                       "return select(2, coroutine.close(before))");
    apart_assert(text, "nest too deeply", "closing");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(strand_waits_from_within_nested_coroutines),
        cmocka_unit_test(strand_refuses_to_wait_where_it_cannot),
        cmocka_unit_test(strand_gives_every_message_a_place),
        cmocka_unit_test(strand_survives_coroutines_that_close_each_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
