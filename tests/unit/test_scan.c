/* The reader of Lua texts (lua/prelude/scan.lua), apart from a worker: in a plain Lua state. */
#include <glob.h>
#include <lauxlib.h>
#include <lualib.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define FILES_MIN 40

/* Pushes the list of the repository's Lua files. */
static void push_files(lua_State *L)
{
    static const char *const patterns[] = {TEST_SOURCE "/lua/*/*.lua", TEST_SOURCE "/flows/*.lua",
                                           TEST_SOURCE "/tests/lua/*.lua",
                                           TEST_SOURCE "/tests/lua/*/*.lua"};
    glob_t found = {0};
    for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++)
        assert_int_equal(glob(patterns[i], i ? GLOB_APPEND : 0, NULL, &found), 0);
    assert_true(found.gl_pathc >= FILES_MIN);
    lua_newtable(L);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        lua_pushstring(L, found.gl_pathv[i]);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    globfree(&found);
}

static void scan_reads_whatever_lua_compiles_and_raises_on_nothing(void **state)
{
    (void)state;
    lua_State *L = luaL_newstate();
    luaL_openlibs(L);
    if (luaL_loadfile(L, TEST_SOURCE "/tests/lua/lib/mutations.lua"))
        fail_msg("%s", lua_tostring(L, -1));
    lua_pushliteral(L, TEST_SOURCE "/lua/prelude");
    push_files(L);
    if (lua_pcall(L, 2, 0, 0))
        fail_msg("%s", lua_tostring(L, -1));
    lua_close(L);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scan_reads_whatever_lua_compiles_and_raises_on_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
