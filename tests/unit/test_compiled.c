#include "compiled.h"

#include <lauxlib.h>
#include <lualib.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define MIB ((size_t)1024 * 1024)

struct bench {
    struct compiled *compiled;
    lua_State *L;
};

static int enter(void **state)
{
    struct bench *bench = mem_new(sizeof *bench);
    bench->compiled = compiled_new();
    bench->L = luaL_newstate();
    luaL_openlibs(bench->L);
    *state = bench;
    return 0;
}

static int leave(void **state)
{
    struct bench *bench = *state;
    lua_close(bench->L);
    compiled_free(bench->compiled);
    mem_free(bench);
    return 0;
}

static int load_in(struct compiled *compiled, lua_State *L, const char *text, const char *name)
{
    return compiled_load(compiled, L, span_of(text), span_of(name));
}

/* Runs what the text was compiled to; what it returned as text, or its error. */
static void expect(const struct bench *bench, const char *text, const char *name, const char *what)
{
    lua_State *L = bench->L;
    assert_int_equal(load_in(bench->compiled, L, text, name), LUA_OK);
    lua_pcall(L, 0, 1, 0);
    assert_string_equal(luaL_tolstring(L, -1, NULL), what);
    lua_settop(L, 0);
}

/* Compiles, and approves so that it can be seen whether the text is kept. */
static void keep(const struct bench *bench, struct span text, const char *name)
{
    assert_int_equal(compiled_load(bench->compiled, bench->L, text, span_of(name)), LUA_OK);
    compiled_approve(bench->compiled, text, span_of(name));
    lua_settop(bench->L, 0);
}

static bool is_kept(const struct bench *bench, struct span text, const char *name)
{
    return compiled_approved(bench->compiled, text, span_of(name));
}

/* A text of that size that differs from others by its first letter. */
static char *long_text(char letter, size_t size)
{
    char *text = mem_new(size + 1);
    memset(text, '-', size);
    text[2] = letter;
    return text;
}

static void a_text_from_the_cache_runs_and_has_its_lines(void **state)
{
    const struct bench *bench = *state;
    for (int i = 0; i < 3; i++) {
        expect(bench, "local x = 20\nreturn x + 1", "flows/a.lua", "21");
        expect(bench, "local t\n\nreturn t.x", "flows/a.lua",
               "flows/a.lua:3: attempt to index a nil value (local 't')");
        expect(bench, "return debug.getinfo(1, 'S').source", "flows/b.lua", "@flows/b.lua");
        expect(bench, "", "flows/empty.lua", "nil");
    }
}

static void a_function_from_the_cache_has_upvalues_of_its_own(void **state)
{
    const struct bench *bench = *state;
    const char *text = "n = (n or 0) + 1 return n";
    for (int i = 0; i < 3; i++) {
        assert_int_equal(load_in(bench->compiled, bench->L, text, "a"), LUA_OK);
        lua_newtable(bench->L);
        assert_string_equal(lua_setupvalue(bench->L, -2, 1), "_ENV");
        assert_int_equal(lua_pcall(bench->L, 0, 1, 0), LUA_OK);
        assert_int_equal(lua_tointeger(bench->L, -1), 1);
        lua_settop(bench->L, 0);
    }
}

static void the_same_text_takes_one_place_however_often_it_is_loaded(void **state)
{
    const struct bench *bench = *state;
    char name[16];
    for (int i = 0; i < 2 * COMPILED_TEXTS_MAX; i++) {
        for (int j = 0; j < COMPILED_TEXTS_MAX; j++) {
            snprintf(name, sizeof name, "n%d", j);
            assert_int_equal(is_kept(bench, span_of("return 1"), name), i > 0);
            keep(bench, span_of("return 1"), name);
        }
    }
}

static void another_name_or_another_byte_is_another_text(void **state)
{
    const struct bench *bench = *state;
    keep(bench, span_of("return 1"), "a");
    assert_true(is_kept(bench, span_of("return 1"), "a"));
    assert_false(is_kept(bench, span_of("return 1"), "b"));
    assert_false(is_kept(bench, span_of("return 2"), "a"));
    assert_false(is_kept(bench, span_of("return 1 "), "a"));
    assert_false(is_kept(bench, (struct span){"return 1", 7}, "a"));
    expect(bench, "return 2", "a", "2");
    expect(bench, "return 1", "a", "1");
    struct span with_nul = {"return '\0a'", 11}, other = {"return '\0b'", 11};
    keep(bench, with_nul, "a");
    assert_true(is_kept(bench, with_nul, "a"));
    assert_false(is_kept(bench, other, "a"));
}

static void a_text_is_approved_by_name_and_only_while_it_is_kept(void **state)
{
    const struct bench *bench = *state;
    struct span text = span_of("return 1");
    compiled_approve(bench->compiled, text, span_of("a")); /* before it was compiled */
    assert_false(is_kept(bench, text, "a"));
    expect(bench, "return 1", "a", "1");
    assert_false(is_kept(bench, text, "a"));
    keep(bench, text, "a");
    assert_true(is_kept(bench, text, "a"));
    assert_false(is_kept(bench, text, "b"));
    expect(bench, "return 1", "a", "1");
    assert_true(is_kept(bench, text, "a"));
}

static void of_too_many_texts_the_oldest_goes(void **state)
{
    const struct bench *bench = *state;
    char name[16];
    for (int i = 0; i < 2 * COMPILED_TEXTS_MAX + 5; i++) {
        snprintf(name, sizeof name, "n%d", i);
        keep(bench, span_of("return 1"), name);
        for (int j = 0; j <= i; j++) {
            snprintf(name, sizeof name, "n%d", j);
            assert_int_equal(is_kept(bench, span_of("return 1"), name), j > i - COMPILED_TEXTS_MAX);
        }
    }
}

static void of_too_many_bytes_the_oldest_goes(void **state)
{
    const struct bench *bench = *state;
    static const size_t size = 5 * MIB / 2; /* three fit */
    char *texts[8];
    keep(bench, span_of("return 1"), "small");
    for (int i = 0; i < 8; i++) {
        texts[i] = long_text((char)('a' + i), size);
        keep(bench, (struct span){texts[i], size}, "large");
        for (int j = 0; j <= i; j++)
            assert_int_equal(is_kept(bench, (struct span){texts[j], size}, "large"), j > i - 3);
        assert_int_equal(is_kept(bench, span_of("return 1"), "small"), i < 3);
    }
    for (int i = 0; i < 8; i++)
        mem_free(texts[i]);
    keep(bench, span_of("return 1"), "small");
    assert_true(is_kept(bench, span_of("return 1"), "small"));
}

static void what_is_over_half_of_the_bytes_is_compiled_and_not_kept(void **state)
{
    const struct bench *bench = *state;
    size_t size = COMPILED_BYTES_MAX / 2;
    char *text = long_text('a', size + 1);
    struct span full = {text, size}, over = {text, size + 1};
    keep(bench, span_of("return 1"), "small");
    keep(bench, over, "large");
    assert_false(is_kept(bench, over, "large"));
    assert_true(is_kept(bench, span_of("return 1"), "small"));
    keep(bench, full, "large");
    assert_true(is_kept(bench, full, "large"));
    mem_free(text);
    /* a text that fits, whose code does not */
    size = MIB / 2 * 3;
    text = mem_new(size + 1);
    for (size_t i = 0; i + 3 <= size; i += 3)
        memcpy(text + i, "f()", 3);
    keep(bench, (struct span){text, size}, "code");
    assert_false(is_kept(bench, (struct span){text, size}, "code"));
    assert_true(is_kept(bench, span_of("return 1"), "small"));
    mem_free(text);
}

static void without_a_cache_all_is_compiled_and_nothing_known(void **state)
{
    const struct bench *bench = *state;
    struct span text = span_of("return 1"), name = span_of("a");
    for (int i = 0; i < 2; i++) {
        assert_int_equal(compiled_load(NULL, bench->L, text, name), LUA_OK);
        compiled_approve(NULL, text, name);
        assert_false(compiled_approved(NULL, text, name));
        assert_int_equal(lua_gettop(bench->L), i + 1);
    }
    compiled_free(NULL);
}

static void what_does_not_compile_is_told_each_time_and_never_kept(void **state)
{
    const struct bench *bench = *state;
    static const struct {
        struct span text;
        const char *says;
    } cases[] = {
        {{"local x\nretrun x", 16}, "flows/a.lua:2: syntax error near 'x'"},
        {{"return 1 1", 10}, "flows/a.lua:1: <eof> expected near '1'"},
        {{"\x1bLua", 4}, "attempt to load a binary chunk"},
        {{"\x1bLuaT\0\x19\x93\r\n\x1a\n", 12}, "attempt to load a binary chunk"},
    };
    for (int round = 0; round < 2; round++)
        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
            int status =
                compiled_load(bench->compiled, bench->L, cases[i].text, span_of("flows/a.lua"));
            assert_int_equal(status, LUA_ERRSYNTAX);
            assert_int_equal(lua_gettop(bench->L), 1);
            assert_non_null(strstr(lua_tostring(bench->L, -1), cases[i].says));
            compiled_approve(bench->compiled, cases[i].text, span_of("flows/a.lua"));
            assert_false(is_kept(bench, cases[i].text, "flows/a.lua"));
            lua_settop(bench->L, 0);
        }
}

static int put_code(lua_State *L, const void *bytes, size_t len, void *out)
{
    (void)L;
    return !buffer_add(out, (struct span){bytes, len});
}

static void bytecode_is_refused_even_when_it_is_what_the_cache_holds(void **state)
{
    const struct bench *bench = *state;
    struct buffer code;
    buffer_init(&code, MIB);
    assert_int_equal(load_in(bench->compiled, bench->L, "return 1", "a"), LUA_OK);
    assert_int_equal(lua_dump(bench->L, put_code, &code, 0), 0);
    for (int i = 0; i < 2; i++)
        assert_int_equal(compiled_load(bench->compiled, bench->L, buffer_span(&code), span_of("a")),
                         LUA_ERRSYNTAX);
    buffer_release(&code);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, enter, leave)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_text_from_the_cache_runs_and_has_its_lines),
        TEST(a_function_from_the_cache_has_upvalues_of_its_own),
        TEST(the_same_text_takes_one_place_however_often_it_is_loaded),
        TEST(another_name_or_another_byte_is_another_text),
        TEST(a_text_is_approved_by_name_and_only_while_it_is_kept),
        TEST(of_too_many_texts_the_oldest_goes),
        TEST(of_too_many_bytes_the_oldest_goes),
        TEST(what_is_over_half_of_the_bytes_is_compiled_and_not_kept),
        TEST(without_a_cache_all_is_compiled_and_nothing_known),
        TEST(what_does_not_compile_is_told_each_time_and_never_kept),
        TEST(bytecode_is_refused_even_when_it_is_what_the_cache_holds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
