#include "value.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <lauxlib.h>
#include <lualib.h>

#define COUNT(array) (sizeof(array) / sizeof(array)[0])
#define ROOM         (16 * 1024 * 1024)

static int mark_array(lua_State *L)
{
    value_mark_array(L, 1);
    lua_settop(L, 1);
    return 1;
}

static int mark_object(lua_State *L)
{
    value_mark_object(L, 1);
    lua_settop(L, 1);
    return 1;
}

static int set_up(void **state)
{
    lua_State *L = luaL_newstate();
    luaL_openlibs(L);
    value_open(L);
    value_push_null(L);
    lua_setglobal(L, "null");
    lua_register(L, "array", mark_array);
    lua_register(L, "object", mark_object);
    *state = L;
    return 0;
}

/* Whatever a test does, the stack ends as it began. */
static int tear_down(void **state)
{
    int top = lua_gettop(*state);
    lua_close(*state);
    return top;
}

/* Pushes what a Lua expression gives. */
static void eval(lua_State *L, const char *source)
{
    lua_pushfstring(L, "return %s", source);
    if (luaL_loadstring(L, lua_tostring(L, -1)) || lua_pcall(L, 0, 1, 0))
        fail_msg("%s: %s", source, lua_tostring(L, -1));
    lua_remove(L, -2);
}

/* Decodes from a heap copy, so that a read behind the text is seen by the sanitizer. */
static bool decode(lua_State *L, struct span text, struct error *err)
{
    char *copy = malloc(text.len ? text.len : 1);
    assert_non_null(copy);
    if (text.len)
        memcpy(copy, text.at, text.len);
    int top = lua_gettop(L);
    bool decoded = value_decode(L, (struct span){copy, text.len}, err);
    free(copy);
    assert_int_equal(lua_gettop(L), top + decoded);
    return decoded;
}

static void expect_text(lua_State *L, const char *expected)
{
    struct error err = {0};
    int top = lua_gettop(L);
    if (!value_encode(L, -1, ROOM, &err))
        fail_msg("%s: %s", expected, err.text);
    assert_int_equal(lua_gettop(L), top + 1);
    assert_string_equal(lua_tostring(L, -1), expected);
    lua_pop(L, 2);
}

static void expect_refusal(lua_State *L, const char *source, const char *why)
{
    struct error err = {0};
    eval(L, source);
    int top = lua_gettop(L);
    if (value_encode(L, -1, ROOM, &err) || strcmp(err.text, why) != 0)
        fail_msg("%s: got '%s', expected '%s'", source, err.text, why);
    assert_int_equal(err.kind, ERROR_INPUT);
    assert_int_equal(lua_gettop(L), top);
    lua_pop(L, 1);
}

static void value_comes_back_as_it_was(void **state)
{
    static const char *const texts[] = {
        "null",
        "true",
        "false",
        "0",
        "-1",
        "9223372036854775807",
        "-9223372036854775808",
        "1.0",
        "-0.0",
        "1e+308",
        "1.7976931348623157e+308",
        "4.94065645841247e-324",
        "2.2250738585072014e-308",
        "0.1",
        "0.30000000000000004",
        "100000.0",
        "1e+15",
        "9007199254740993",
        "3.141592653589793",
        "\"\"",
        "\"\\u0000\"",
        "\"a\\u0000b\"",
        "\"\\u001f\\n\\\"\\\\/\x7f\xc3\xa9\xf0\x9f\x8c\x99\"",
        "[]",
        "{}",
        "[[],{}]",
        "[null]",
        "[null,null]",
        "{\"a\":null}",
        "{\"\":{\"\":[]}}",
        "[1,1.0,\"1\",true]",
        "{\"1\":1}",
        "{\"A\":1,\"a\":2,\"a\\u0000\":3,\"a!\":4,\"\xc3\xa9\":5}",
    };
    for (size_t i = 0; i < COUNT(texts); i++) {
        struct error err;
        assert_true(decode(*state, span_of(texts[i]), &err));
        expect_text(*state, texts[i]);
    }
}

static void value_decode_keeps_integers_and_floats_apart(void **state)
{
    static const struct {
        const char *text;
        const char *check; /* on v */
    } cases[] = {
        {"1", "math.type(v) == 'integer' and v == 1"},
        {"1.0", "math.type(v) == 'float' and v == 1"},
        {"1e0", "math.type(v) == 'float'"},
        {"-0", "math.type(v) == 'float' and 1 / v == -math.huge"},
        {"-0.0", "1 / v == -math.huge"},
        {"0", "math.type(v) == 'integer'"},
        {"-9223372036854775808", "v == math.mininteger"},
        {"1e308", "v == 1e308"},
        {"1e-400", "math.type(v) == 'float' and v == 0"},
        {"4e-324", "v > 0"},
        {"0.10000000000000000000000000000000000000000000000000000000000000000000000001",
         "v == 0.1"},
        {"null", "v == null and v and tostring(v) == 'null'"},
        {"{\"a\":[10,{\"b\":\"c\"}]}", "v.a[1] == 10 and v.a[2].b == 'c' and #v.a == 2"},
        {" [ ] ", "next(v) == nil and getmetatable(v) == 'array'"},
        {"\"\\ud83c\\udf19\\u0000\"", "v == '\\u{1f319}\\0'"},
    };
    lua_State *L = *state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct error err;
        assert_true(decode(L, span_of(cases[i].text), &err));
        lua_setglobal(L, "v");
        eval(L, cases[i].check);
        if (!lua_toboolean(L, -1))
            fail_msg("%s: not %s", cases[i].text, cases[i].check);
        lua_pop(L, 1);
    }
}

static void value_decode_refuses_what_would_change(void **state)
{
    static const struct {
        const char *text;
        const char *why;
    } cases[] = {
        {"[1,9223372036854775808]", "byte 3: an integer beyond 64 bits"},
        {"-9223372036854775809", "byte 0: an integer beyond 64 bits"},
        {"{\"a\": 1e400}", "byte 6: a number that no double holds"},
        {"-1e999", "byte 0: a number that no double holds"},
        {"{\"a\":1,\"b\":2,\"\\u0061\":3}", "byte 13: a key that stands twice in one object"},
        {"[{\"\":null,\"\":null}]", "byte 10: a key that stands twice in one object"},
        {"[\"\\ud800\"]", "invalid JSON at byte 8: a lone surrogate"},
        {"[1,]", "invalid JSON at byte 3: expected a value"},
        {"", "invalid JSON at byte 0 (the end): expected a value"},
        {"\"\xff\"", "invalid JSON at byte 1: invalid UTF-8"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct error err = {0};
        assert_false(decode(*state, span_of(cases[i].text), &err));
        assert_string_equal(err.text, cases[i].why);
        assert_int_equal(err.kind, ERROR_INPUT);
    }
}

static void value_encode_writes_tables_in_one_way(void **state)
{
    static const struct {
        const char *source;
        const char *text;
    } cases[] = {
        {"{}", "{}"},
        {"array{}", "[]"},
        {"object{}", "{}"},
        {"object{a=1}", "{\"a\":1}"},
        {"array{1,2}", "[1,2]"},
        {"{[2]='b',[1]='a'}", "[\"a\",\"b\"]"},
        {"{[1.0]='a'}", "[\"a\"]"},
        {"{b=1,a=2,B=3,ab=4}", "{\"B\":3,\"a\":2,\"ab\":4,\"b\":1}"},
        {"setmetatable({a=1},{__index={b=2},__pairs=error,__len=error})", "{\"a\":1}"},
        {"setmetatable({},{__index=function() return 1 end})", "{}"},
        {"(function() local t={1}; return {x=t,y=t} end)()", "{\"x\":[1],\"y\":[1]}"},
        {"1e100", "1e+100"},
        {"2^53", "9007199254740992.0"},
        {"-0.0", "-0.0"},
        {"1/3", "0.3333333333333333"},
        {"true", "true"},
        {"'\\0\\1\\127'", "\"\\u0000\\u0001\x7f\""},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        eval(*state, cases[i].source);
        expect_text(*state, cases[i].text);
    }
}

static void value_encode_names_what_and_where(void **state)
{
    static const struct {
        const char *source;
        const char *why;
    } cases[] = {
        {"nil", "nil cannot be JSON"},
        {"print", "a function cannot be JSON"},
        {"{orders={1,2,{total=print}}}", "orders[3].total: a function cannot be JSON"},
        {"{{{print}}}", "[1][1][1]: a function cannot be JSON"},
        {"{co=coroutine.create(print)}", "co: a thread cannot be JSON"},
        {"{f=io.stdout}", "f: a secret cannot be JSON"},
        {"{['odd key']={x=0/0}}", "[\"odd key\"].x: NaN cannot be JSON"},
        {"{['\xc3\xa9']=math.huge}", "[\"\xc3\xa9\"]: an infinity cannot be JSON"},
        {"-math.huge", "an infinity cannot be JSON"},
        {"{a='\\xff'}", "a: a string that is not valid UTF-8 cannot be JSON"},
        {"{a={['\\xff']=1}}", "a: a key that is not valid UTF-8 cannot be JSON"},
        {"{[('k'):rep(1000)]=print}", "[a key of 1000 bytes]: a function cannot be JSON"},
        {"{1,2,x=3}", "mixed keys (strings and integers) cannot be JSON"},
        {"{a={1,nil,3}}", "a: a sparse array cannot be JSON"},
        {"{[0]=1}", "a sparse array cannot be JSON"},
        {"{[0]=1,[2]=2}", "a sparse array cannot be JSON"},
        {"{[-1]=1,[1]=1}", "a sparse array cannot be JSON"},
        {"{[math.maxinteger]=1}", "a sparse array cannot be JSON"},
        {"{[1.5]=1}", "a key that is neither string nor integer cannot be JSON"},
        {"{[true]=1}", "a key that is neither string nor integer cannot be JSON"},
        {"{[{}]=1}", "a key that is neither string nor integer cannot be JSON"},
        {"array{a=1}", "string keys in an array cannot be JSON"},
        {"object{1}", "integer keys in an object cannot be JSON"},
        {"(function() local t={}; t.me=t; return t end)()", "me: a cycle cannot be JSON"},
        {"(function() local t={x={{}}}; t.x[1].y=t.x; return t end)()",
         "x[1].y: a cycle cannot be JSON"},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        expect_refusal(*state, cases[i].source, cases[i].why);
}

static void value_allows_a_depth_of_128_both_ways(void **state)
{
    lua_State *L = *state;
    for (size_t depth = 128; depth <= 129; depth++) {
        char text[300] = "";
        memset(text, '[', depth);
        memset(text + depth, ']', depth);
        struct error err = {0};
        assert_int_equal(decode(L, span_of(text), &err), depth == 128);
        if (depth == 128)
            expect_text(L, text);
        lua_pushinteger(L, (lua_Integer)depth);
        lua_setglobal(L, "depth");
        eval(L, "(function() local t = array{}; for _ = 2, depth do t = {t} end; return t end)()");
        assert_int_equal(value_encode(L, -1, ROOM, &err), depth == 128);
        lua_settop(L, 0);
    }
    expect_refusal(L, "(function() local t={}; for _=1,128 do t={long_name=t} end return t end)()",
                   "long_name.long_name.long_name.long_name.long_name.long_name.long_name."
                   "long_name.long_name.long_name.long_name.long_name.long_name.long_name."
                   "long_name.long_name.long_name.long_name.long_name.long_name.long_name."
                   "long_name.long_name.long_name.long_name.long_name.long_name.long_name."
                   "long_name.long_name.long_name.long_name: nested deeper than 128");
}

static void value_encode_stops_at_its_maximum(void **state)
{
    static const struct {
        const char *source;
        size_t size;
    } cases[] = {{"('x'):rep(8)", 10}, {"{1,22,3,4}", 10}, {"{abc=1234}", 12},
                 {"1234567890", 10},   {"'\\1ab\\n'", 12}, {"null", 4}};
    lua_State *L = *state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        eval(L, cases[i].source);
        for (size_t max = 0; max < 20; max++) {
            struct error err = {0};
            bool fits = value_encode(L, -1, max, &err);
            assert_int_equal(fits, max >= cases[i].size);
            assert_int_equal(err.kind, fits ? ERROR_NONE : ERROR_LIMIT);
            lua_settop(L, 1);
        }
        lua_pop(L, 1);
    }
}

static void value_encode_bounds_a_bomb_of_shared_tables(void **state)
{
    struct error err;
    eval(*state, "(function() local t='x'; for _=1,100 do t={t,t} end; return t end)()");
    assert_false(value_encode(*state, -1, 1024 * 1024, &err));
    assert_int_equal(err.kind, ERROR_LIMIT);
    lua_settop(*state, 0);
}

static void value_takes_100000_items_and_keys(void **state)
{
    lua_State *L = *state;
    struct error err;
    eval(L, "(function() local a, o = {}, {} for i = 1, 100000 do a[i] = i * 3; o['k' .. i] = i end"
            " return {a, o} end)()");
    assert_true(value_encode(L, -1, ROOM, &err));
    struct span text;
    text.at = lua_tolstring(L, -1, &text.len);
    assert_true(value_decode(L, text, &err));
    assert_true(value_encode(L, -1, ROOM, &err));
    assert_true(lua_rawequal(L, -1, -3) || strcmp(lua_tostring(L, -1), text.at) == 0);
    lua_settop(L, 0);
}

static void value_marks_cannot_be_reached_by_a_script(void **state)
{
    lua_State *L = *state;
    eval(L, "getmetatable(array{}) == 'array' and getmetatable(object{}) == 'object' and "
            "getmetatable(null) == 'null' and not pcall(setmetatable, array{}, {})");
    assert_true(lua_toboolean(L, -1));
    lua_pop(L, 1);
}

/* An allocator that fails when its budget is spent. */
struct budget {
    size_t left;
};

static void *spend(void *arg, void *block, size_t old, size_t size)
{
    struct budget *budget = arg;
    old = block ? old : 0;
    if (size == 0) {
        free(block);
        budget->left += old;
        return NULL;
    }
    if (size > old && size - old > budget->left)
        return NULL;
    void *grown = realloc(block, size);
    assert_non_null(grown);
    budget->left = budget->left + old - size;
    return grown;
}

static int there_and_back(lua_State *L)
{
    struct error err;
    struct span text = span_of(lua_touserdata(L, 1));
    assert_true(value_decode(L, text, &err));
    assert_true(value_encode(L, -1, ROOM, &err));
    return 1;
}

/* LeakSanitizer sees what an error out of the middle of a walk would leave behind. */
static void value_leaks_nothing_when_memory_ends(void **state)
{
    (void)state;
    char text[] = "{\"list\":[1,2.5,\"\\u00e9scaped \\n text\",{\"a\":[[],{},null]}],"
                  "\"long\":\"0123456789012345678901234567890123456789\\t0123456789\"}";
    size_t failed = 0;
    int status = LUA_ERRMEM;
    for (size_t extra = 0; status != LUA_OK; extra += 40) {
        struct budget budget = {1024 * 1024};
        lua_State *L = lua_newstate(spend, &budget);
        assert_non_null(L);
        value_open(L);
        lua_pushcfunction(L, there_and_back);
        lua_pushlightuserdata(L, text);
        lua_gc(L, LUA_GCCOLLECT);
        budget.left = extra;
        status = lua_pcall(L, 1, 1, 0);
        assert_true(status == LUA_OK || status == LUA_ERRMEM);
        failed += status != LUA_OK;
        lua_close(L);
    }
    assert_true(failed > 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        TEST(value_comes_back_as_it_was),
        TEST(value_decode_keeps_integers_and_floats_apart),
        TEST(value_decode_refuses_what_would_change),
        TEST(value_encode_writes_tables_in_one_way),
        TEST(value_encode_names_what_and_where),
        TEST(value_allows_a_depth_of_128_both_ways),
        TEST(value_encode_stops_at_its_maximum),
        TEST(value_encode_bounds_a_bomb_of_shared_tables),
        TEST(value_takes_100000_items_and_keys),
        TEST(value_marks_cannot_be_reached_by_a_script),
        TEST(value_leaks_nothing_when_memory_ends),
    };
    return cmocka_run_group_tests_name("value", tests, NULL, NULL);
}
