#include "view.h"

#include "value.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>
#include <lauxlib.h>
#include <lualib.h>

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static int push_view(lua_State *L)
{
    view_push(L, 1);
    return 1;
}

static int push_json(lua_State *L)
{
    struct error err = {0};
    if (!value_encode(L, 1, 1024 * 1024, &err))
        return luaL_error(L, "%s", err.text);
    return 1;
}

static int mark_array(lua_State *L)
{
    value_mark_array(L, 1);
    return 0;
}

static const char input[] =
    "{\"name\":\"n\",\"list\":[10,20,{\"x\":1},30],\"map\":{\"a\":1,\"b\":2},"
    "\"none\":null,\"empty\":[],\"bare\":{},\"words\":[\"b\",\"a\",\"c\"]}";

/* s is a view of the input; raw is the table itself, which no script gets. */
static int set_up(void **state)
{
    lua_State *L = luaL_newstate();
    luaL_openlibs(L);
    value_open(L);
    view_open(L);
    lua_register(L, "view", push_view);
    lua_register(L, "json", push_json);
    lua_register(L, "mark", mark_array);
    lua_register(L, "next", view_next);
    lua_register(L, "rawlen", view_rawlen);
    lua_getglobal(L, "pairs");
    lua_setglobal(L, "plain_pairs");
    lua_register(L, "pairs", view_pairs);
    struct error err = {0};
    assert_true(value_decode(L, span_of(input), &err));
    view_push(L, -1);
    lua_setglobal(L, "s");
    lua_setglobal(L, "raw");
    value_push_null(L);
    lua_setglobal(L, "null");
    assert_int_equal(lua_gettop(L), 0);
    *state = L;
    return 0;
}

static int tear_down(void **state)
{
    int top = lua_gettop(*state);
    lua_close(*state);
    return top;
}

static void run(lua_State *L, const char *source)
{
    if (luaL_loadbuffer(L, source, strlen(source), "@flow.lua") || lua_pcall(L, 0, 0, 0))
        fail_msg("%s: %s", source, lua_tostring(L, -1));
}

static void view_reads_as_its_target(void **state)
{
    static const char *const checks[] = {
        "s.name == 'n' and s.absent == nil and s.none == null",
        "#s.list == 4 and s.list[1] == 10 and s.list[5] == nil and s.list[3].x == 1",
        "rawlen(s.list) == 4 and rawlen('abc') == 3 and rawlen({1}) == 1",
        "table.concat(s.words, ',') == 'b,a,c' and select('#', table.unpack(s.list)) == 4",
        "#table.move(s.list, 1, 4, 1, {}) == 4",
        "next(s.empty) == nil and next(s.map) ~= nil and #s.empty == 0",
        "next(s.map, (next(s.map))) ~= nil and next({}) == nil and next({7}) == 1",
        "select(2, next(s.list, 2)) == s.list[3]",
        "type(s) == 'table' and getmetatable(s) == 'view'",
        "string.gsub('$a', '%$(%w+)', s.map) == '1'",
    };
    for (size_t i = 0; i < COUNT(checks); i++) {
        lua_pushfstring(*state, "assert(%s)", checks[i]);
        run(*state, lua_tostring(*state, -1));
        lua_pop(*state, 1);
    }
}

static void view_iterates_as_its_target(void **state)
{
    run(*state, "for _, each in ipairs { pairs, plain_pairs } do\n"
                "  local sum, names = 0, {}\n"
                "  for k, v in each(s.map) do sum = sum + v; names[#names + 1] = k end\n"
                "  table.sort(names)\n"
                "  assert(sum == 3 and table.concat(names) == 'ab')\n"
                "  for k, v in each(s.list) do assert(v == s.list[k]) end\n"
                "end\n"
                "local n = 0\n"
                "for i, v in ipairs(s.list) do n = i; assert(v == s.list[i]) end\n"
                "assert(n == 4)\n"
                "for k, v in pairs({ 5 }) do assert(k == 1 and v == 5) end");
}

static void view_pairs_keeps_a_scripts_own_metamethod(void **state)
{
    run(*state,
        "local t = setmetatable({}, { __pairs = function() return function(_, k)\n"
        "  if not k then return 1, 'own' end end, nil, nil end })\n"
        "for k, v in pairs(t) do assert(v == 'own') end\n"
        "local yields = setmetatable({}, { __pairs = function(t)\n"
        "  coroutine.yield('here') return next, { 1 }, nil end })\n"
        "local co = coroutine.wrap(function() for _, v in pairs(yields) do return v end end)\n"
        "assert(co() == 'here' and co() == 1)");
}

static void view_of_the_same_target_is_the_same(void **state)
{
    run(*state, "assert(s.list == s.list and s.list[3] == s.list[3] and s.list ~= s.map)\n"
                "assert(view(s) == s and view(raw) == s and view(raw.list) == s.list)\n"
                "assert(view(7) == 7 and view(nil) == nil and view('x') == 'x')\n"
                "local seen = { [s.map] = 'yes' }\n"
                "assert(seen[s.map] == 'yes')");
}

static void view_refuses_every_write_and_blames_its_line(void **state)
{
    static const char *const writes[] = {
        "s.name = 'x'",
        "s.new = 1",
        "s.list[1] = 0",
        "s.list[3].x = 2",
        "s.map.a = nil",
        "s.list[#s.list + 1] = 1",
        "table.insert(s.list, 1)",
        "table.remove(s.list)",
        "table.sort(s.words)",
        "table.move({1}, 1, 1, 1, s.list)",
        "for _, v in pairs(s.list) do if v ~= 10 then v = s.list; "
        "v[9] = 1 end end",
        "local _, v = next(s.list, 2); v.x = 2",
        "for _, v in ipairs(s.list) do s.map.k = v end",
    };
    lua_State *L = *state;
    for (size_t i = 0; i < COUNT(writes); i++) {
        lua_pushfstring(L, "\n\n%s\n", writes[i]);
        const char *source = lua_tostring(L, -1);
        assert_int_equal(luaL_loadbuffer(L, source, strlen(source), "@flow.lua"), LUA_OK);
        assert_int_equal(lua_pcall(L, 0, 0, 0), LUA_ERRRUN);
        const char *why = "flow.lua:3: the state is read-only";
        if (strncmp(lua_tostring(L, -1), why, strlen(why)) != 0)
            fail_msg("%s: %s", writes[i], lua_tostring(L, -1));
        lua_pop(L, 2);
    }
    lua_getglobal(L, "s");
    struct error err;
    assert_true(value_encode(L, -1, 4096, &err));
    assert_non_null(strstr(lua_tostring(L, -1), "\"list\":[10,20,{\"x\":1},30],\"map\":{\"a\":1"));
    lua_settop(L, 0);
}

static void view_protects_its_metatable(void **state)
{
    run(*state, "assert(not pcall(setmetatable, s, {}) and not pcall(setmetatable, s.list, nil))\n"
                "assert(not pcall(mark, s.bare))\n"
                "assert(getmetatable(s.empty) == 'view')");
}

static void view_metamethods_refuse_a_table_that_is_no_view(void **state)
{
    run(*state, "local meta = debug.getmetatable(s)\n"
                "assert(not pcall(meta.__index, {}, 'x') and not pcall(meta.__len, 1))\n"
                "assert(not pcall(next, nil) and not pcall(next, s, 'no such key'))\n"
                "assert(not pcall(rawlen, 1) and not pcall(pairs))");
}

static void view_is_encoded_as_its_target(void **state)
{
    run(*state, "assert(json(s.empty) == '[]' and json(s.bare) == '{}')\n"
                "assert(json({ a = s.list, b = { s.map } }) ==\n"
                "  '{\"a\":[10,20,{\"x\":1},30],\"b\":[{\"a\":1,\"b\":2}]}')\n"
                "raw.map.f = print\n"
                "local ok, why = pcall(json, { s })\n"
                "assert(why == '[1].map.f: a function cannot be JSON', why)\n"
                "raw.map.f = raw\n"
                "ok, why = pcall(json, s)\n"
                "assert(why == 'map.f: a cycle cannot be JSON', why)");
}

static void view_lets_go_of_what_nobody_holds(void **state)
{
    run(*state, "collectgarbage() collectgarbage()\n"
                "local before = collectgarbage('count')\n"
                "for i = 1, 20000 do local v = view({ { i } }); assert(v[1][1] == i) end\n"
                "collectgarbage() collectgarbage()\n"
                "assert(collectgarbage('count') < before + 600)");
}

static void view_target_tells_views_from_tables(void **state)
{
    lua_State *L = *state;
    lua_getglobal(L, "s");
    assert_true(view_target(L, -1));
    lua_getglobal(L, "raw");
    assert_true(lua_rawequal(L, -1, -2));
    assert_false(view_target(L, -1));
    lua_pushinteger(L, 1);
    assert_false(view_target(L, -1));
    assert_int_equal(lua_gettop(L), 4);
    lua_settop(L, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        TEST(view_reads_as_its_target),
        TEST(view_iterates_as_its_target),
        TEST(view_pairs_keeps_a_scripts_own_metamethod),
        TEST(view_of_the_same_target_is_the_same),
        TEST(view_refuses_every_write_and_blames_its_line),
        TEST(view_protects_its_metatable),
        TEST(view_metamethods_refuse_a_table_that_is_no_view),
        TEST(view_is_encoded_as_its_target),
        TEST(view_lets_go_of_what_nobody_holds),
        TEST(view_target_tells_views_from_tables),
    };
    return cmocka_run_group_tests_name("view", tests, NULL, NULL);
}
