#include "script.h"

#include "budget.h"
#include "codec.h"
#include "globals.h"
#include "json.h"
#include "strand.h"
#include "value.h"
#include "view.h"

#include <lauxlib.h>
#include <stdio.h>
#include <string.h>

_Static_assert(SCRIPT_TICK == BUDGET_TICK, "the tick that callers know is the hook's");

/* One step's result, as JSON. */
#define RESULT_MAX (1024 * 1024)
/* What Lua leaves of a long chunk name in its messages. */
#define SHOWN_NAME_MAX (LUA_IDSIZE - 1)
/* The main thread's stack: the prelude's entry, what describes the flow, the outcome. */
enum { AT_MAIN = 1, AT_DESCRIBED, AT_OUTCOME };

/* Written by the build from lua/prelude. */
extern const struct prelude_file prelude_files[];

struct script {
    struct budget budget;
    struct script_host host;
    lua_State *L;
    int64_t event_limit_bytes;
    int64_t ends_ms; /* the run's deadline, before which undo functions need not end; 0: none yet */
    char text[2 * BUDGET_TEXT_MAX]; /* what is said when the prelude itself fails */
};

static struct script *script_of(lua_State *L)
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

/* host: values ----------------------------------------------------------------------------------
 */

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
    int status = compiled_load(script_of(L)->host.compiled, L, source, name);
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
    const struct compiled *compiled = script_of(L)->host.compiled;
    lua_pushboolean(L, compiled_approved(compiled, check_span(L, 1), check_span(L, 2)));
    return 1;
}

static int host_remember(lua_State *L)
{
    compiled_approve(script_of(L)->host.compiled, check_span(L, 1), check_span(L, 2));
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

/* host: frames up -------------------------------------------------------------------------------
 */

static int host_event(lua_State *L)
{
    const struct script *script = script_of(L);
    struct wire_event event = {check_span(L, 1), check_span(L, 2)};
    luaL_argcheck(L, event.type.len >= 1 && event.type.len <= 128, 1, "not 1 to 128 bytes");
    luaL_argcheck(L, json_is_utf8(event.type), 1, "not UTF-8");
    luaL_argcheck(L, event.payload.len <= (size_t)script->event_limit_bytes, 2, "over the limit");
    script->host.event(script->host.arg, &event);
    return 0;
}

static int host_progress(lua_State *L)
{
    const struct script *script = script_of(L);
    struct wire_progress progress = {luaL_checkinteger(L, 1), check_span(L, 2)};
    luaL_argcheck(L, progress.percent >= -1 && progress.percent <= 100, 1, "not -1 to 100");
    luaL_argcheck(L, progress.step.len <= 4096, 2, "over 4096 bytes");
    script->host.progress(script->host.arg, &progress);
    return 0;
}

static int host_request(lua_State *L)
{
    const struct script *script = script_of(L);
    struct wire_request request = {.id = luaL_checkinteger(L, 1), .head = check_span(L, 2)};
    if (!lua_isnoneornil(L, 3))
        request.body = check_span(L, 3);
    luaL_argcheck(L, request.id >= 1, 1, "not 1 or more");
    luaL_argcheck(L, request.head.len + request.body.len <= WIRE_FRAME_MAX - 64, 3,
                  "the request is too large");
    script->host.request(script->host.arg, &request);
    return 0;
}

static int host_fetch(lua_State *L)
{
    const struct script *script = script_of(L);
    struct wire_fetch fetch = {luaL_checkinteger(L, 1), check_span(L, 2), check_span(L, 3)};
    luaL_argcheck(L, fetch.id >= 1, 1, "not 1 or more");
    luaL_argcheck(L, fetch.name.len >= 1 && fetch.name.len <= 256, 3, "not 1 to 256 bytes");
    script->host.fetch(script->host.arg, &fetch);
    return 0;
}

static int host_abandon(lua_State *L)
{
    const struct script *script = script_of(L);
    struct wire_abandon abandon = {luaL_checkinteger(L, 1)};
    luaL_argcheck(L, abandon.id >= 1, 1, "not 1 or more");
    script->host.abandon(script->host.arg, &abandon);
    return 0;
}

/* host: time ------------------------------------------------------------------------------------
 */

static int64_t left_ms(const struct script *script, int64_t deadline_ms)
{
    return deadline_ms ? deadline_ms - clock_mono_ms(script->host.clock) : INT64_MAX;
}

static int host_wait(lua_State *L)
{
    const struct script *script = script_of(L);
    int64_t timeout_ms = check_ms(L, 1);
    int64_t left = left_ms(script, script->budget.deadline_ms);
    if (left <= 0)
        budget_timeout(L);
    if (left != INT64_MAX && (timeout_ms < 0 || timeout_ms > left))
        timeout_ms = left;
    struct wire_reply reply;
    if (!script->host.wait(script->host.arg, timeout_ms, &reply)) {
        if (left_ms(script, script->budget.deadline_ms) <= 0)
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
    lua_pushinteger(L, clock_mono_ms(script_of(L)->host.clock));
    return 1;
}

static int host_wall_ms(lua_State *L)
{
    lua_pushinteger(L, clock_wall_ms(script_of(L)->host.clock));
    return 1;
}

static int host_left_ms(lua_State *L)
{
    int64_t left = left_ms(script_of(L), script_of(L)->ends_ms);
    lua_pushinteger(L, left > 0 ? left : 0);
    return 1;
}

/* Until the end of ends: that much undo functions have. */
static int host_undo_ms(lua_State *L)
{
    int64_t left = left_ms(script_of(L), script_of(L)->budget.deadline_ms);
    lua_pushinteger(L, left > 0 ? left : 0);
    return 1;
}

/* host: places ----------------------------------------------------------------------------------
 */

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

/* building up -----------------------------------------------------------------------------------
 */

/* The address is the key of host.limits in the registry. */
static const char limits_key;

static void push_limits(lua_State *L)
{
    lua_createtable(L, 0, 4);
    lua_pushvalue(L, -1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &limits_key);
}

static void push_host(lua_State *L)
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
        {"opaque", host_opaque}, {"reveal", host_reveal}, {"known", host_known},
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

/* NULL when there is none. */
static const struct prelude_file *find_file(const struct prelude_file *files, const char *name)
{
    for (; files && files->name; files++)
        if (strcmp(files->name, name) == 0)
            return files;
    return NULL;
}

/* use(name): what the prelude's file returned; called on first use. Upvalues: host, results. */
static int use(lua_State *L)
{
    const char *name = luaL_checkstring(L, 1);
    lua_settop(L, 1);
    if (lua_getfield(L, lua_upvalueindex(2), name) != LUA_TNIL)
        return 1;
    const struct prelude_file *file = find_file(prelude_files, name);
    if (!file)
        file = find_file(script_of(L)->host.extra, name);
    if (!file)
        return luaL_error(L, "the prelude has no file '%s'", name);
    lua_pushfstring(L, "=%s", name);
    if (luaL_loadbufferx(L, file->bytes, file->len, lua_tostring(L, -1), "b") != LUA_OK)
        return lua_error(L);
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_pushvalue(L, lua_upvalueindex(2));
    lua_pushcclosure(L, use, 2);
    lua_call(L, 2, 1);
    lua_pushvalue(L, -1);
    lua_setfield(L, lua_upvalueindex(2), name);
    return 1;
}

/* Everything of a new state that may run out of memory; returns the prelude's entry. */
static int build(lua_State *L)
{
    value_open(L);
    view_open(L);
    strand_open(L);
    globals_open(L);
    push_host(L);
    lua_newtable(L);
    lua_pushcclosure(L, use, 2);
    lua_pushliteral(L, "main");
    lua_call(L, 1, 1);
    return 1;
}

static void pass_tick(void *arg)
{
    struct script *script = arg;
    script->host.tick(script->host.arg);
}

static void pass_final(void *arg, const struct wire_outcome *outcome) __attribute__((noreturn));
static void pass_final(void *arg, const struct wire_outcome *outcome)
{
    struct script *script = arg;
    script->host.final(script->host.arg, outcome);
}

static void set_limits(lua_State *L)
{
    const struct script *script = script_of(L);
    lua_rawgetp(L, LUA_REGISTRYINDEX, &limits_key);
    lua_pushinteger(L, script->event_limit_bytes);
    lua_setfield(L, -2, "event");
    lua_pushinteger(L, RESULT_MAX);
    lua_setfield(L, -2, "result");
    lua_pushinteger(L, script->budget.instruction_limit);
    lua_setfield(L, -2, "instructions");
    lua_pushinteger(L, script->budget.memory_limit_bytes / (1024 * 1024));
    lua_setfield(L, -2, "memory_mb");
    lua_pop(L, 1);
}

/* What differs from run to run before the flow is known. */
static int fit(lua_State *L)
{
    set_limits(L);
    globals_seed(L);
    return 0;
}

static bool call(struct script *script, lua_CFunction function, int results, struct error *err)
{
    lua_State *L = script->L;
    lua_pushcfunction(L, function);
    int status = lua_pcall(L, 0, results, 0);
    if (status == LUA_OK)
        return true;
    budget_judge_memory(L, status);
    return error_set(err, ERROR_SYSTEM, "script: the prelude does not load: %s",
                     lua_tostring(L, -1));
}

static void set_load(struct script *script, const struct wire_load *load,
                     const struct script_host *host)
{
    script->host = *host;
    script->event_limit_bytes = load->event_limit_bytes;
    script->budget.clock = host->clock;
    script->budget.arg = script;
    script->budget.tick = pass_tick;
    script->budget.final = pass_final;
    script->budget.instruction_limit = load->instruction_limit;
    script->budget.memory_limit_bytes = load->memory_limit_bytes;
    script->budget.stall_ms = load->stall_ms;
}

static bool set_state(struct script *script, struct error *err)
{
    lua_State *L = script->L = lua_newstate(budget_alloc, &script->budget);
    if (!L)
        return error_set(err, ERROR_LIMIT, "script: %lld bytes are too few for a Lua state",
                         (long long)script->budget.memory_limit_bytes);
    budget_bind(&script->budget, L);
    lua_gc(L, LUA_GCSTOP); /* all of the prelude stays: there is nothing to collect */
    bool built = call(script, build, 1, err);
    lua_gc(L, LUA_GCRESTART);
    return built;
}

static struct script *make(struct arena *arena, const struct wire_load *load,
                           const struct script_host *host, struct error *err)
{
    struct script *script = arena_resize(arena, NULL, 0, sizeof *script);
    if (!script) {
        error_set(err, ERROR_SYSTEM, "script: no memory");
        return NULL;
    }
    memset(script, 0, sizeof *script);
    script->budget.arena = arena;
    set_load(script, load, host);
    if (!set_state(script, err)) {
        script_free(script);
        return NULL;
    }
    if (arena) {
        lua_gc(script->L, LUA_GCCOLLECT); /* once; the next waits until memory has doubled */
        arena_keep(arena);
    }
    return script;
}

struct script *script_new(struct arena *arena, const struct wire_load *load,
                          const struct script_host *host, struct error *err)
{
    struct script *script = arena ? arena_kept(arena) : NULL;
    if (!script) {
        script = make(arena, load, host, err);
    } else if (script->budget.memory > (size_t)load->memory_limit_bytes) {
        error_set(err, ERROR_LIMIT, "script: %lld bytes are too few for the prelude",
                  (long long)load->memory_limit_bytes);
        return NULL;
    } else {
        set_load(script, load, host);
    }
    if (!script || call(script, fit, 0, err))
        return script;
    script_free(script);
    return NULL;
}

/* In an arena the state need not be taken apart, unless parts of it are elsewhere. */
void script_free(struct script *script)
{
    if (!script)
        return;
    struct arena *arena = script->budget.arena;
    if (script->L && (!arena || arena_spilled(arena)))
        lua_close(script->L);
    if (arena)
        arena_reset(arena);
    else
        mem_free(script);
}

/* load and run ----------------------------------------------------------------------------------
 */

/* The error on top of the stack, which is the prelude's own and no author's, as text. */
static const char *failure_text(lua_State *L)
{
    return lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : luaL_typename(L, -1);
}

/* (load, main) -> described, startable */
static int call_load(lua_State *L)
{
    const struct wire_load *load = lua_touserdata(L, 1);
    lua_getfield(L, 2, "load");
    lua_pushlstring(L, load->name.at, load->name.len);
    lua_pushlstring(L, load->source.at, load->source.len);
    lua_pushlstring(L, load->context.at, load->context.len);
    lua_pushlstring(L, load->payload.at, load->payload.len);
    lua_call(L, 4, 2);
    if (lua_type(L, -2) != LUA_TSTRING)
        return luaL_error(L, "the flow's description is too large");
    return 2;
}

/* A description that says that there is none. */
static struct span describe_failure(struct script *script, const char *why)
{
    struct error err;
    error_set(&err, ERROR_SYSTEM, "%s", why);
    struct buffer quoted;
    buffer_init(&quoted, BUDGET_TEXT_MAX);
    if (!json_is_utf8(span_of(err.text)) || !json_put_string(&quoted, span_of(err.text)))
        buffer_text(&quoted, "\"\"");
    int len = snprintf(script->text, sizeof script->text,
                       "{\"name\":\"\",\"timeout_ms\":null,\"entries\":[],\"findings\":[{"
                       "\"severity\":\"error\",\"code\":\"internal\",\"message\":%.*s,"
                       "\"line\":0,\"hint\":\"\"}]}",
                       (int)quoted.len, quoted.data);
    buffer_release(&quoted);
    return (struct span){script->text, (size_t)len};
}

bool script_load(struct script *script, const struct wire_load *load, struct span *text)
{
    lua_State *L = script->L;
    lua_settop(L, AT_MAIN);
    lua_pushcfunction(L, call_load);
    lua_pushlightuserdata(L, (void *)(uintptr_t)load);
    lua_pushvalue(L, AT_MAIN);
    int status = lua_pcall(L, 2, 2, 0);
    if (status != LUA_OK) {
        budget_judge_memory(L, status);
        *text = describe_failure(script, failure_text(L));
        return false;
    }
    bool startable = lua_toboolean(L, -1);
    lua_settop(L, AT_DESCRIBED);
    text->at = lua_tolstring(L, AT_DESCRIBED, &text->len);
    return startable;
}

/* A text of the outcome's table, which keeps it alive; empty when it is none. */
static struct span get_text(lua_State *L, const char *name, size_t max)
{
    struct span text = {"", 0};
    lua_pushstring(L, name);
    if (lua_rawget(L, AT_OUTCOME) == LUA_TSTRING)
        text.at = lua_tolstring(L, -1, &text.len);
    lua_pop(L, 1);
    if (text.len <= max)
        return text;
    for (text.len = max; text.len && ((unsigned char)text.at[text.len] & 0xc0) == 0x80;)
        text.len--;
    return text;
}

static int64_t get_number(lua_State *L, const char *name)
{
    lua_pushstring(L, name);
    lua_rawget(L, AT_OUTCOME);
    lua_Integer number = lua_tointeger(L, -1);
    lua_pop(L, 1);
    return number < 0 || number > INT32_MAX ? 0 : number;
}

static struct wire_outcome read_outcome(lua_State *L)
{
    lua_getfield(L, AT_OUTCOME, "completed");
    bool completed = lua_toboolean(L, -1);
    lua_pop(L, 1);
    if (completed)
        return (struct wire_outcome){.completed = true,
                                     .output = get_text(L, "output", WIRE_FRAME_MAX)};
    return (struct wire_outcome){.code = get_text(L, "code", 128),
                                 .message = get_text(L, "message", 4096),
                                 .step = get_text(L, "step", 4096),
                                 .file = get_text(L, "file", 4096),
                                 .line = get_number(L, "line"),
                                 .attempt = get_number(L, "attempt"),
                                 .data = get_text(L, "data", WIRE_FRAME_MAX),
                                 .trace = get_text(L, "trace", 4096)};
}

/* (main) -> the outcome's table */
static int call_run(lua_State *L)
{
    lua_getfield(L, 1, "run");
    lua_call(L, 0, 1);
    luaL_checktype(L, -1, LUA_TTABLE);
    return 1;
}

static struct wire_outcome internal_failure(struct script *script, const char *why)
{
    snprintf(script->text, sizeof script->text, "internal error: %s", why);
    return (struct wire_outcome){.code = span_of("internal"), .message = span_of(script->text)};
}

void script_run(struct script *script, const struct wire_start *start, struct wire_outcome *outcome)
{
    lua_State *L = script->L;
    script->ends_ms = clock_mono_ms(script->host.clock) + start->left_ms;
    script->budget.deadline_ms = script->ends_ms + start->undo_ms;
    script->budget.instructions = 0; /* loading has bounds of its own */
    lua_settop(L, AT_DESCRIBED);
    lua_pushcfunction(L, call_run);
    lua_pushvalue(L, AT_MAIN);
    int status = lua_pcall(L, 1, 1, 0);
    if (status != LUA_OK) {
        budget_judge_memory(L, status);
        *outcome = internal_failure(script, failure_text(L));
        return;
    }
    *outcome = read_outcome(L);
    if (!outcome->completed && outcome->code.len == 0)
        *outcome = internal_failure(script, "an outcome without a code");
}
