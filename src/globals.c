#include "globals.h"

#include "strand.h"
#include "view.h"

#include <lauxlib.h>
#include <lualib.h>
#include <stdbool.h>
#include <string.h>
#include <sys/random.h>

/* What both sets take of Lua's own base library. */
static const char *const base_names[] = {"assert", "error", "ipairs",   "rawequal",
                                         "select", "type",  "tonumber", NULL};
/* And what only the prelude may use. */
static const char *const prelude_names[] = {"next",   "pairs",    "rawget", "rawset",
                                            "rawlen", "_VERSION", NULL};
static const char *const os_names[] = {"time", "clock", "difftime", NULL};

/* replacements -------------------------------------------------------------------------------- */

/* Pushes the value as text, without addresses. */
static void push_text(lua_State *L, int index)
{
    if (luaL_callmeta(L, index, "__tostring")) {
        if (!lua_isstring(L, -1))
            luaL_error(L, "'__tostring' must return a string");
        return;
    }
    switch (lua_type(L, index)) {
    case LUA_TNIL:
    case LUA_TBOOLEAN:
    case LUA_TNUMBER:
    case LUA_TSTRING:
        luaL_tolstring(L, index, NULL);
        return;
    case LUA_TLIGHTUSERDATA:
        lua_pushliteral(L, "null");
        return;
    default:
        lua_pushstring(L, luaL_typename(L, index));
    }
}

static int base_tostring(lua_State *L)
{
    luaL_checkany(L, 1);
    push_text(L, 1);
    return 1;
}

static int base_setmetatable(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    if (!lua_isnil(L, 2))
        luaL_checktype(L, 2, LUA_TTABLE);
    lua_settop(L, 2);
    if (luaL_getmetafield(L, 1, "__metatable") != LUA_TNIL)
        return luaL_error(L, "cannot change a protected metatable");
    if (lua_istable(L, 2)) {
        lua_pushliteral(L, "__gc");
        if (lua_rawget(L, 2) != LUA_TNIL)
            return luaL_error(L, "setmetatable: '__gc' is not allowed");
        lua_pop(L, 1);
    }
    lua_setmetatable(L, 1);
    return 1;
}

static int base_getmetatable(lua_State *L)
{
    luaL_checkany(L, 1);
    if (lua_type(L, 1) == LUA_TSTRING)
        return luaL_error(L, "getmetatable: the metatable of strings is protected");
    if (!lua_getmetatable(L, 1))
        lua_pushnil(L);
    else
        luaL_getmetafield(L, 1, "__metatable"); /* it, or else the metatable */
    return 1;
}

/* string.format, but that %s shows no addresses and that there is no %p. */
static int string_format(lua_State *L)
{
    size_t len;
    const char *c = luaL_checklstring(L, 1, &len);
    const char *end = c + len; /* there is a NUL */
    int top = lua_gettop(L);
    for (int argument = 1; (c = memchr(c, '%', (size_t)(end - c))) != NULL; c += c < end) {
        c += 1 + strspn(c + 1, "-+ #0123456789.");
        if (c == end || *c == '%')
            continue;
        argument++;
        if (*c == 'p')
            return luaL_error(L, "string.format: '%%p' is not allowed");
        if (*c == 's' && argument <= top) {
            push_text(L, argument);
            lua_replace(L, argument);
        }
    }
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, 1);
    lua_call(L, top, 1);
    return 1;
}

/* os.date, but always in UTC. */
static int os_date(lua_State *L)
{
    const char *format = luaL_optstring(L, 1, "%c");
    lua_settop(L, 2);
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_pushfstring(L, "%s%s", *format == '!' ? "" : "!", format);
    bool now = lua_isnil(L, 2);
    if (!now)
        lua_pushvalue(L, 2);
    lua_call(L, now ? 1 : 2, 1);
    return 1;
}

/* the two sets -------------------------------------------------------------------------------- */

/* Copies the named fields of the table at from into the one on top. */
static void copy_names(lua_State *L, int from, const char *const *names)
{
    for (; *names; names++) {
        lua_getfield(L, from, *names);
        lua_setfield(L, -2, *names);
    }
}

/* Pushes a copy of the table at index. */
static void push_copy(lua_State *L, int index)
{
    lua_newtable(L);
    for (lua_pushnil(L); lua_next(L, index); lua_pop(L, 1)) {
        lua_pushvalue(L, -2);
        lua_pushvalue(L, -2);
        lua_rawset(L, -5);
    }
}

/* Opens a library and pushes its table; the state's globals are not touched by it. */
static void push_library(lua_State *L, lua_CFunction open)
{
    lua_pushcfunction(L, open);
    lua_call(L, 0, 1);
}

/* The string library on top is also the one that strings index. */
static void mend_string(lua_State *L)
{
    lua_pushnil(L);
    lua_setfield(L, -2, "dump");
    lua_getfield(L, -1, "format");
    lua_pushcclosure(L, string_format, 1);
    lua_setfield(L, -2, "format");
}

static void push_os(lua_State *L)
{
    push_library(L, luaopen_os);
    lua_newtable(L);
    copy_names(L, -2, os_names);
    lua_getfield(L, -2, "date");
    lua_pushcclosure(L, os_date, 1);
    lua_setfield(L, -2, "date");
    lua_remove(L, -2);
}

void globals_open(lua_State *L)
{
    static const luaL_Reg own[] = {
        {"pcall", strand_pcall},
        {"xpcall", strand_xpcall},
        {"tostring", base_tostring},
        {"setmetatable", base_setmetatable},
        {"getmetatable", base_getmetatable},
        {NULL, NULL},
    };
    static const struct {
        const char *name;
        lua_CFunction open;
    } libraries[] = {{"table", luaopen_table}, {"math", luaopen_math}, {"utf8", luaopen_utf8}};

    push_library(L, luaopen_base); /* fills the globals; only the named ones are kept */
    lua_newtable(L);
    int set = lua_gettop(L);
    copy_names(L, set - 1, base_names);
    copy_names(L, set - 1, prelude_names);
    luaL_setfuncs(L, own, 0);
    for (size_t i = 0; i < sizeof libraries / sizeof *libraries; i++) {
        push_library(L, libraries[i].open);
        lua_setfield(L, set, libraries[i].name);
    }
    push_library(L, luaopen_string);
    mend_string(L);
    lua_setfield(L, set, "string");
    push_os(L);
    lua_setfield(L, set, "os");
    strand_push_library(L);
    lua_setfield(L, set, "coroutine");
    lua_rawseti(L, LUA_REGISTRYINDEX, LUA_RIDX_GLOBALS);
    lua_pop(L, 1);
}

void globals_seed(lua_State *L)
{
    lua_Integer seed[2];
    if (getrandom(seed, sizeof seed, GRND_NONBLOCK) != sizeof seed)
        return; /* with the seed that Lua chose */
    lua_getglobal(L, "math");
    lua_getfield(L, -1, "randomseed");
    lua_pushinteger(L, seed[0]);
    lua_pushinteger(L, seed[1]);
    lua_call(L, 2, 0);
    lua_pop(L, 1);
}

int globals_make(lua_State *L)
{
    static const luaL_Reg seeing_views[] = {
        {"next", view_next}, {"pairs", view_pairs}, {"rawlen", view_rawlen}, {NULL, NULL}};
    static const char *const own_names[] = {"pcall",        "xpcall",       "tostring",
                                            "setmetatable", "getmetatable", NULL};
    static const char *const library_names[] = {"string", "table",     "math", "utf8",
                                                "os",     "coroutine", NULL};
    lua_settop(L, 0);
    lua_pushglobaltable(L);
    lua_newtable(L);
    copy_names(L, 1, base_names);
    copy_names(L, 1, own_names);
    luaL_setfuncs(L, seeing_views, 0);
    for (const char *const *name = library_names; *name; name++) {
        lua_getfield(L, 1, *name);
        push_copy(L, lua_gettop(L));
        lua_setfield(L, 2, *name);
        lua_settop(L, 2);
    }
    return 1;
}
