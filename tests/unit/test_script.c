#include "script.h"

#include "apart.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <sys/wait.h>
#include <unistd.h>

static void script_runs_a_flow_to_its_result(void **state)
{
    (void)state;
    /* here and not apart, so that what is not freed is seen */
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    struct apart_told told = {.fd = ends[1]};
    struct apart_order order = {
        .source = "return flow \"hello\" { input = { name = \"string\" },\n"
                  "task \"greet\" (function(s, ctx) ctx.log(\"hi\"); ctx.progress(50, \"half\")\n"
                  "return { text = \"hello \" .. s.input.name, big = 9007199254740993 } end) }",
        .payload = "{\"name\":\"Ada\"}"};
    apart_run_here(&order, &told);
    close(ends[1]);
    char text[APART_TOLD_MAX];
    ssize_t got = read(ends[0], text, sizeof text - 1);
    assert_true(got > 0);
    text[got] = '\0';
    close(ends[0]);
    apart_assert(text, "described {", "hello");
    apart_assert(text, "\"name\":\"hello\"", "hello");
    apart_assert(text, "event log {", "hello");
    apart_assert(text, "progress 50 half", "hello");
    apart_assert(text, "completed {\"big\":9007199254740993,\"text\":\"hello Ada\"}", "hello");
}

/* In this process, as a worker does: one run after the other on one arena. */
static void run_again(struct arena *arena, const char *body, int64_t instructions, char *text)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    struct apart_told told = {.fd = ends[1]};
    apart_run_here(&(struct apart_order){.source = apart_flow(body),
                                         .arena = arena,
                                         .instructions = instructions},
                   &told);
    close(ends[1]);
    ssize_t got = read(ends[0], text, APART_TOLD_MAX - 1);
    assert_true(got > 0);
    text[got] = '\0';
    close(ends[0]);
}

static void script_begins_as_new_in_an_arena_that_was_used(void **state)
{
    (void)state;
    static const struct {
        const char *body;
        const char *what;
    } cases[] = {
        {"return 1", "completed 1"},
        {"local lib = string lib.leak = 1 return 1", "failed ["},
        {"local lib = string return lib.leak or 0", "completed 0"},
        {"local t = {} for i = 1, 50000 do t[i] = { i } end return #t", "completed 50000"},
        {"local n = 0 for i = 1, 200 do n = n + #(('x'):rep(20000) .. i) end return n",
         "completed 4000492"},
        {"return coroutine.wrap(function() local t = {} for i = 1, 999 do t[i] = i end "
         "coroutine.yield(#t) end)()",
         "completed 999"},
        {"local co = coroutine.create(function() error({ 'x' }) end) coroutine.resume(co) "
         "error('boom')",
         "boom"},
        {"ctx.fail('card.closed', 'no', { n = 1 })", "card.closed"},
        {"return 'last'", "completed \"last\""},
    };
    char text[APART_TOLD_MAX];
    struct arena *arena = arena_new(1024 * 1024);
    for (size_t i = 0; i < 3 * sizeof cases / sizeof *cases; i++) {
        size_t which = i * 7 % (sizeof cases / sizeof *cases);
        run_again(arena, cases[which].body, INT64_MAX, text);
        apart_assert(text, cases[which].what, cases[which].body);
        assert_false(arena_spilled(arena));
        assert_non_null(arena_kept(arena));
    }
    arena_free(arena);
}

static void script_draws_other_numbers_in_an_arena_that_was_used(void **state)
{
    (void)state;
    char first[APART_TOLD_MAX], second[APART_TOLD_MAX];
    struct arena *arena = arena_new(1024 * 1024);
    run_again(arena, "return math.random(0)", 0, first);
    run_again(arena, "return math.random(0)", 0, second);
    apart_assert(first, "completed ", "random");
    assert_string_not_equal(first, second);
    arena_free(arena);
}

static void script_takes_the_limits_of_each_load_in_an_arena(void **state)
{
    (void)state;
    char text[APART_TOLD_MAX];
    struct arena *arena = arena_new(1024 * 1024);
    run_again(arena, "return 1", INT64_MAX, text);
    const char *spin = apart_run(&(struct apart_order){
        .source = apart_flow("while true do end"), .arena = arena, .instructions = 2000000});
    apart_assert(spin, "EXECUTOR_INSTRUCTION_LIMIT is 2000000", "instructions");
    const char *eat = apart_run(
        &(struct apart_order){.source = apart_flow("local t = {} while true do t[#t + 1] = {} end"),
                              .arena = arena,
                              .memory_mb = 3});
    apart_assert(eat, "EXECUTOR_MEMORY_LIMIT_MB is 3", "memory");
    struct apart_told told = {.fd = -1};
    struct wire_load load = apart_load(&(struct apart_order){.source = "return 1"});
    struct script_host host = apart_host(&told);
    struct error err = {0};
    load.memory_limit_bytes = 100000;
    assert_null(script_new(arena, &load, &host, &err));
    assert_string_equal(err.text, "script: 100000 bytes are too few for the prelude");
    arena_free(arena);
}

static void script_runs_in_an_arena_too_small_for_it(void **state)
{
    (void)state;
    char text[APART_TOLD_MAX];
    struct arena *arena = arena_new(100 * 1024);
    for (int i = 0; i < 3; i++) {
        run_again(arena, "return 1", 0, text);
        apart_assert(text, "completed 1", "small");
        assert_null(arena_kept(arena));
    }
    arena_free(arena);
}

static void script_load_tells_findings_and_does_not_start(void **state)
{
    (void)state;
    static const struct {
        const char *source;
        const char *what;
    } cases[] = {
        {"return flow \"x\" {\n  task \"a\" (function() return 1 1 end) }", "\"line\":2"},
        {"return 1", "\"severity\":\"error\""},
        {"error(\"boom\")", "boom"},
        {"\x1bLuaT", "\"severity\":\"error\""},
        {"while true do end", "loading took longer"},
        {"", "\"severity\":\"error\""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *text =
            apart_run(&(struct apart_order){.source = cases[i].source, .instructions = INT64_MAX});
        apart_assert(text, "described {", cases[i].source);
        apart_assert(text, cases[i].what, cases[i].source);
        assert_null(strstr(text, "completed"));
        assert_null(strstr(text, "failed"));
    }
}

static void script_load_ends_a_run_that_eats_all_memory(void **state)
{
    (void)state;
    const char *text = apart_run(&(struct apart_order){
        .source = "local t = {}\nwhile true do pcall(rawlen, t) t[#t + 1] = {} end",
        .memory_mb = 16});
    apart_assert(text, "final [limit.memory]", "a bomb in the file");
    apart_assert(text, "file=flows/test.lua line=2", "a bomb in the file");
    assert_null(strstr(text, "described"));
}

static void script_run_tells_where_an_error_was_raised(void **state)
{
    (void)state;
    const char *text = apart_run_body("local t = s.input\nreturn nil .. 'x'");
    apart_assert(text, "failed [lua] [", "nil index");
    apart_assert(text, "file=flows/test.lua line=3 attempt=1", "nil index");
    apart_assert(text, "step=one", "nil index");
}

static void script_ends_the_run_when_memory_is_short_from_the_start(void **state)
{
    (void)state;
    struct apart_order order = {.source = "return 1", .memory_mb = 0};
    struct wire_load load = apart_load(&order);
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    struct apart_told told = {.fd = ends[1]};
    struct script_host host = apart_host(&told);
    struct error err = {0};
    load.memory_limit_bytes = 1000;
    assert_null(script_new(NULL, &load, &host, &err));
    assert_int_equal(err.kind, ERROR_LIMIT);
    assert_string_equal(err.text, "script: 1000 bytes are too few for a Lua state");
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        load.memory_limit_bytes = 60000;
        script_new(NULL, &load, &host, &err);
        _exit(0);
    }
    int status;
    waitpid(child, &status, 0);
    assert_int_equal(WEXITSTATUS(status), APART_FINAL);
    close(ends[0]);
    close(ends[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(script_runs_a_flow_to_its_result),
        cmocka_unit_test(script_begins_as_new_in_an_arena_that_was_used),
        cmocka_unit_test(script_draws_other_numbers_in_an_arena_that_was_used),
        cmocka_unit_test(script_takes_the_limits_of_each_load_in_an_arena),
        cmocka_unit_test(script_runs_in_an_arena_too_small_for_it),
        cmocka_unit_test(script_load_tells_findings_and_does_not_start),
        cmocka_unit_test(script_load_ends_a_run_that_eats_all_memory),
        cmocka_unit_test(script_run_tells_where_an_error_was_raised),
        cmocka_unit_test(script_ends_the_run_when_memory_is_short_from_the_start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
