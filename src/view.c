#include "view.h"

#include "value.h"

#include <lauxlib.h>

/* Their addresses are keys of the registry. */
static const char view_mark = 'm', view_cache = 'c';

bool view_target(lua_State *L, int index)
{
    if (!lua_istable(L, index))
        return false;
    if (lua_rawgetp(L, index, &value_target_key) != LUA_TNIL)
        return true;
    lua_pop(L, 1);
    return false;
}

void view_push(lua_State *L, int index)
{
    luaL_checkstack(L, 6, "no room for a view");
    lua_pushvalue(L, index);
    if (!lua_istable(L, -1))
        return;
    if (view_target(L, -1)) {
        lua_pop(L, 1);
        return;
    }
    lua_rawgetp(L, LUA_REGISTRYINDEX, &view_cache);
    lua_pushvalue(L, -2);
    if (lua_rawget(L, -2) == LUA_TNIL) {
        lua_pop(L, 1);
        lua_createtable(L, 0, 1);
        lua_pushvalue(L, -3);
        lua_rawsetp(L, -2, &value_target_key);
        lua_rawgetp(L, LUA_REGISTRYINDEX, &view_mark);
        lua_setmetatable(L, -2);
        lua_pushvalue(L, -3);
        lua_pushvalue(L, -2);
        lua_rawset(L, -4);
    }
    lua_replace(L, -3); /* the view in the target's place, then the cache away */
    lua_pop(L, 1);
}

/* The target of the view that a metamethod was called for. */
static void push_target(lua_State *L)
{
    if (!view_target(L, 1))
        luaL_argerror(L, 1, "a view expected");
}

static int read_field(lua_State *L)
{
    push_target(L);
    lua_pushvalue(L, 2);
    lua_gettable(L, -2);
    view_push(L, -1);
    return 1;
}

static int read_length(lua_State *L)
{
    push_target(L);
    lua_len(L, -1);
    return 1;
}

/* Not luaL_error's level 1, which is table.insert itself when that wrote. */
static int refuse_write(lua_State *L)
{
    lua_Debug caller;
    lua_pushliteral(L, "");
    for (int level = 1; lua_getstack(L, level, &caller); level++) {
        lua_getinfo(L, "Sl", &caller);
        if (caller.currentline > 0) {
            luaL_where(L, level);
            break;
        }
    }
    lua_pushliteral(L, "the state is read-only; a step changes it by what it returns");
    lua_concat(L, 2);
    return lua_error(L);
}

static int start_pairs(lua_State *L)
{
    lua_pushcfunction(L, view_next);
    lua_pushvalue(L, 1);
    lua_pushnil(L);
    return 3;
}

void view_open(lua_State *L)
{
    static const luaL_Reg methods[] = {
        {"__index", read_field},
        {"__newindex", refuse_write},
        {"__len", read_length},
        {"__pairs", start_pairs},
        {NULL, NULL},
    };
    luaL_newlib(L, methods);
    lua_pushliteral(L, "view");
    lua_setfield(L, -2, "__metatable"); /* what getmetatable shows; setmetatable refuses */
    lua_rawsetp(L, LUA_REGISTRYINDEX, &view_mark);
    lua_newtable(L); /* target -> view, for as long as somebody holds the view */
    lua_createtable(L, 0, 1);
    lua_pushliteral(L, "v");
    lua_setfield(L, -2, "__mode");
    lua_setmetatable(L, -2);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &view_cache);
}

int view_next(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 2);
    bool through = view_target(L, 1);
    if (through)
        lua_replace(L, 1);
    if (!lua_next(L, 1)) {
        lua_pushnil(L);
        return 1;
    }
    if (!through)
        return 2;
    view_push(L, -1);
    lua_remove(L, -2);
    return 2;
}

int view_rawlen(lua_State *L)
{
    int type = lua_type(L, 1);
    luaL_argexpected(L, type == LUA_TTABLE || type == LUA_TSTRING, 1, "table or string");
    int index = view_target(L, 1) ? -1 : 1;
    lua_pushinteger(L, (lua_Integer)lua_rawlen(L, index));
    return 1;
}

static int end_pairs(lua_State *L, int status, lua_KContext context)
{
    (void)L, (void)status, (void)context;
    return 3;
}

/* As Lua's own, with the next that sees through views. */
int view_pairs(lua_State *L)
{
    luaL_checkany(L, 1);
    if (luaL_getmetafield(L, 1, "__pairs") == LUA_TNIL)
        return start_pairs(L);
    lua_pushvalue(L, 1);
    lua_callk(L, 1, 3, 0, end_pairs);
    return end_pairs(L, LUA_OK, 0);
}
