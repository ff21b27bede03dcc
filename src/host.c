#include "host.h"

#include "codec.h"
#include "globals.h"
#include "json.h"
#include "strand.h"
#include "value.h"
#include "view.h"

#include <lauxlib.h>
#include <stdio.h>
#include <string.h>

/* One step's result, as JSON. */
#define RESULT_MAX (1024 * 1024)
/* What Lua leaves of a long chunk name in its messages. */
#define SHOWN_NAME_MAX (LUA_IDSIZE - 1)

static const struct host *host_of(lua_State *L)
{
    return budget_of(L)->arg;
}

static struct span check_span(lua_State *L, int index)
{
    struct span span;
    span.at = luaL_checklstring(L, index, &span.len);
    return span;
}

static int64_t check_ms(lua_State *L, int index)
{
    if (lua_isinteger(L, index))
        return lua_tointeger(L, index);
    lua_Number ms = luaL_checknumber(L, index);
    luaL_argcheck(L, ms > -1e15 && ms < 1e15, index, "milliseconds out of range");
    int64_t whole = (int64_t)ms;
    return whole + (ms > (lua_Number)whole);
}

/* values */

/* "flows/hello.lua:3: unexpected symbol" is told in two: the message, and its line. */
static int push_syntax_error(lua_State *L, struct span name)
{
    const char *text = lua_tostring(L, -1);
    size_t shown = name.len < SHOWN_NAME_MAX ? name.len : SHOWN_NAME_MAX;
    int line = 0;
    int used = 0;
    if (strlen(text) > shown)
        sscanf(text + shown, ":%9d: %n", &line, &used);
    lua_pushnil(L);
    lua_pushstring(L, used ? text + shown + used : text);
    if (!used)
        return 2;
    lua_pushinteger(L, line);
    return 3;
}

static int host_compile(lua_State *L)
{
    struct span source = check_span(L, 1);
    struct span name = check_span(L, 2);
    luaL_checktype(L, 3, LUA_TTABLE);
    int status = compiled_load(host_of(L)->out.compiled, L, source, name);
    if (status != LUA_OK) {
        budget_judge(L, status);
        return push_syntax_error(L, name);
    }
    lua_pushvalue(L, 3);
    lua_setupvalue(L, -2, 1);
    return 1;
}

/* known(text, name), remember(text, name): whether this worker found nothing wrong in it. */
static int host_known(lua_State *L)
{
    const struct compiled *compiled = host_of(L)->out.compiled;
    lua_pushboolean(L, compiled_approved(compiled, check_span(L, 1), check_span(L, 2)));
    return 1;
}

static int host_remember(lua_State *L)
{
    compiled_approve(host_of(L)->out.compiled, check_span(L, 1), check_span(L, 2));
    return 0;
}

static int host_encode(lua_State *L)
{
    struct error err;
    luaL_checkany(L, 1);
    lua_Integer max = luaL_checkinteger(L, 2);
    luaL_argcheck(L, max >= 0 && max <= WIRE_FRAME_MAX, 2, "not a number of bytes");
    if (value_encode(L, 1, (size_t)max, &err))
        return 1;
    lua_pushnil(L);
    lua_pushstring(L, err.kind == ERROR_LIMIT ? "limit" : "input");
    lua_pushstring(L, err.text);
    return 3;
}

static int host_decode(lua_State *L)
{
    struct error err;
    struct span text = check_span(L, 1);
    lua_settop(L, 1);
    lua_pushboolean(L, true);
    if (value_decode(L, text, &err))
        return 2;
    lua_pushboolean(L, false);
    lua_pushstring(L, err.text);
    return 2;
}

static int host_view(lua_State *L)
{
    luaL_checkany(L, 1);
    view_push(L, 1);
    return 1;
}

static int host_array(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 1);
    value_mark_array(L, 1);
    return 1;
}

static int host_object(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 1);
    value_mark_object(L, 1);
    return 1;
}

/* opaque(value, metatable): something that a script can hold and not look into. */
static int host_opaque(lua_State *L)
{
    luaL_checkany(L, 1);
    luaL_checktype(L, 2, LUA_TTABLE);
    lua_newuserdatauv(L, 0, 1);
    lua_pushvalue(L, 1);
    lua_setiuservalue(L, -2, 1);
    lua_pushvalue(L, 2);
    lua_setmetatable(L, -2);
    return 1;
}

/* reveal(x): what opaque was given, or nil when x is no such thing. */
static int host_reveal(lua_State *L)
{
    if (lua_type(L, 1) != LUA_TUSERDATA)
        return 0;
    lua_getiuservalue(L, 1, 1);
    return 1;
}

/* frames up */

static int host_event(lua_State *L)
{
    const struct host *host = host_of(L);
    struct wire_event event = {check_span(L, 1), check_span(L, 2)};
    luaL_argcheck(L, event.type.len >= 1 && event.type.len <= 128, 1, "not 1 to 128 bytes");
    luaL_argcheck(L, json_is_utf8(event.type), 1, "not UTF-8");
    luaL_argcheck(L, event.payload.len <= (size_t)host->event_limit_bytes, 2, "over the limit");
    budget_charge_event(L);
    host->out.event(host->out.arg, &event);
    return 0;
}

static int host_progress(lua_State *L)
{
    const struct host *host = host_of(L);
    struct wire_progress progress = {luaL_checkinteger(L, 1), check_span(L, 2)};
    luaL_argcheck(L, progress.percent >= -1 && progress.percent <= 100, 1, "not -1 to 100");
    luaL_argcheck(L, progress.step.len <= 4096, 2, "over 4096 bytes");
    host->out.progress(host->out.arg, &progress);
    return 0;
}

static int host_request(lua_State *L)
{
    const struct host *host = host_of(L);
    struct wire_request request = {.id = luaL_checkinteger(L, 1), .head = check_span(L, 2)};
    if (!lua_isnoneornil(L, 3))
        request.body = check_span(L, 3);
    luaL_argcheck(L, request.id >= 1, 1, "not 1 or more");
    luaL_argcheck(L, request.head.len + request.body.len <= WIRE_FRAME_MAX - 64, 3,
                  "the request is too large");
    host->out.request(host->out.arg, &request);
    return 0;
}

static int host_fetch(lua_State *L)
{
    const struct host *host = host_of(L);
    struct wire_fetch fetch = {
        .id = luaL_checkinteger(L, 1), .what = check_span(L, 2), .name = check_span(L, 3)};
    luaL_argcheck(L, fetch.id >= 1, 1, "not 1 or more");
    luaL_argcheck(L, fetch.name.len >= 1 && fetch.name.len <= 256, 3, "not 1 to 256 bytes");
    host->out.fetch(host->out.arg, &fetch);
    return 0;
}

static int host_abandon(lua_State *L)
{
    const struct host *host = host_of(L);
    struct wire_abandon abandon = {luaL_checkinteger(L, 1)};
    luaL_argcheck(L, abandon.id >= 1, 1, "not 1 or more");
    host->out.abandon(host->out.arg, &abandon);
    return 0;
}

/* time */

static int64_t left_ms(const struct host *host, int64_t deadline_ms)
{
    return deadline_ms ? deadline_ms - clock_mono_ms(host->out.clock) : INT64_MAX;
}

static int host_wait(lua_State *L)
{
    const struct host *host = host_of(L);
    int64_t timeout_ms = check_ms(L, 1);
    int64_t left = left_ms(host, host->budget->deadline_ms);
    if (left <= 0)
        budget_timeout(L);
    if (left != INT64_MAX && (timeout_ms < 0 || timeout_ms > left))
        timeout_ms = left;
    struct wire_reply reply;
    if (!host->out.wait(host->out.arg, timeout_ms, &reply)) {
        if (left_ms(host, host->budget->deadline_ms) <= 0)
            budget_timeout(L);
        return 0;
    }
    lua_pushinteger(L, reply.id);
    lua_pushlstring(L, reply.head.at, reply.head.len);
    lua_pushlstring(L, reply.body.len ? reply.body.at : "", reply.body.len);
    return 3;
}

static int host_mono_ms(lua_State *L)
{
    lua_pushinteger(L, clock_mono_ms(host_of(L)->out.clock));
    return 1;
}

static int host_wall_ms(lua_State *L)
{
    lua_pushinteger(L, clock_wall_ms(host_of(L)->out.clock));
    return 1;
}

static int host_left_ms(lua_State *L)
{
    int64_t left = left_ms(host_of(L), host_of(L)->ends_ms);
    lua_pushinteger(L, left > 0 ? left : 0);
    return 1;
}

/* Until the end of ends: that much undo functions have. */
static int host_undo_ms(lua_State *L)
{
    int64_t left = left_ms(host_of(L), host_of(L)->budget->deadline_ms);
    lua_pushinteger(L, left > 0 ? left : 0);
    return 1;
}

/* places */

static int host_mark(lua_State *L)
{
    budget_mark(budget_of(L), check_span(L, 1), luaL_optinteger(L, 2, 0));
    return 0;
}

/* declared(f) -> the first and the last line of the function, and its file when it is an author's.
 */
static int host_declared(lua_State *L)
{
    lua_Debug ar;
    luaL_checktype(L, 1, LUA_TFUNCTION);
    lua_settop(L, 1);
    lua_getinfo(L, ">S", &ar);
    lua_pushinteger(L, ar.linedefined);
    lua_pushinteger(L, ar.lastlinedefined);
    if (*ar.source != '@')
        return 2;
    lua_pushstring(L, ar.source + 1);
    return 3;
}

static int host_where(lua_State *L)
{
    lua_Debug ar;
    if (!budget_where(L, (int)luaL_optinteger(L, 1, 1), &ar))
        return 0;
    lua_pushstring(L, ar.source + 1);
    lua_pushinteger(L, ar.currentline);
    return 2;
}

/* the table */

/* The address is the key of host.limits in the registry. */
static const char limits_key;

static void push_limits(lua_State *L)
{
    lua_createtable(L, 0, 4);
    lua_pushvalue(L, -1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &limits_key);
}

void host_push(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"globals", globals_make},
        {"compile", host_compile},
        {"encode", host_encode},
        {"decode", host_decode},
        {"view", host_view},
        {"array", host_array},
        {"object", host_object},
        {"event", host_event},
        {"progress", host_progress},
        {"request", host_request},
        {"fetch", host_fetch},
        {"abandon", host_abandon},
        {"wait", host_wait},
        {"mono_ms", host_mono_ms},
        {"wall_ms", host_wall_ms},
        {"left_ms", host_left_ms},
        {"undo_ms", host_undo_ms},
        {"strand", strand_new},
        {"resume", strand_resume},
        {"suspend", strand_suspend},
        {"mark", host_mark},
        {"where", host_where},
        {"declared", host_declared},
        {"opaque", host_opaque},
        {"reveal", host_reveal},
        {"known", host_known},
        {"base64_encode", codec_base64_encode},
        {"base64_decode", codec_base64_decode},
        {"hex_encode", codec_hex_encode},
        {"hex_decode", codec_hex_decode},
        {"sha256", codec_sha256},
        {"hmac_sha256", codec_hmac_sha256},
        {"random", codec_random},
        {"remember", host_remember},
        {NULL, NULL},
    };
    luaL_newlib(L, functions);
    value_push_null(L);
    lua_setfield(L, -2, "null");
    push_limits(L);
    lua_setfield(L, -2, "limits");
}

void host_set_limits(lua_State *L)
{
    const struct host *host = host_of(L);
    lua_rawgetp(L, LUA_REGISTRYINDEX, &limits_key);
    lua_pushinteger(L, host->event_limit_bytes);
    lua_setfield(L, -2, "event");
    lua_pushinteger(L, RESULT_MAX);
    lua_setfield(L, -2, "result");
    lua_pushinteger(L, host->budget->instruction_limit);
    lua_setfield(L, -2, "instructions");
    lua_pushinteger(L, host->budget->memory_limit_bytes / (1024 * 1024));
    lua_setfield(L, -2, "memory_mb");
    lua_pop(L, 1);
}
