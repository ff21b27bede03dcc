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

/* The main thread's stack: the prelude's entry, what describes the flow, the outcome. */
enum { AT_MAIN = 1, AT_DESCRIBED, AT_OUTCOME };

/* Written by the build from lua/prelude. */
extern const struct prelude_file prelude_files[];

struct script {
    struct budget budget;
    struct host host;
    lua_State *L;
    char text[2 * BUDGET_TEXT_MAX]; /* what is said when the prelude itself fails */
};

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
    const struct host *host = budget_of(L)->arg;
    const char *name = luaL_checkstring(L, 1);
    lua_settop(L, 1);
    if (lua_getfield(L, lua_upvalueindex(2), name) != LUA_TNIL)
        return 1;
    const struct prelude_file *file = find_file(prelude_files, name);
    if (!file)
        file = find_file(host->out.extra, name);
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
    host_push(L);
    lua_newtable(L);
    lua_pushcclosure(L, use, 2);
    lua_pushliteral(L, "main");
    lua_call(L, 1, 1);
    return 1;
}

static void pass_tick(void *arg)
{
    const struct host *host = arg;
    host->out.tick(host->out.arg);
}

static void pass_final(void *arg, const struct wire_outcome *outcome) __attribute__((noreturn));
static void pass_final(void *arg, const struct wire_outcome *outcome)
{
    const struct host *host = arg;
    host->out.final(host->out.arg, outcome);
}

/* What differs from run to run before the flow is known. */
static int fit(lua_State *L)
{
    host_set_limits(L);
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
    script->host.out = *host;
    script->host.budget = &script->budget;
    script->host.event_limit_bytes = load->event_limit_bytes;
    script->host.ends_ms = 0;
    script->budget.clock = host->clock;
    script->budget.arg = &script->host;
    script->budget.tick = pass_tick;
    script->budget.final = pass_final;
    script->budget.instruction_limit = load->instruction_limit;
    script->budget.memory_limit_bytes = load->memory_limit_bytes;
    script->budget.stall_ms = load->stall_ms;
    script->budget.events_limit = load->events_limit;
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

void script_probed(struct script *script)
{
    budget_probe(&script->budget);
}

void script_stalled(struct script *script)
{
    int64_t ends_ms = script->host.ends_ms;
    budget_stalled(&script->budget, ends_ms && clock_mono_ms(script->budget.clock) >= ends_ms);
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
    return span_cut(text, max);
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
    script->host.ends_ms = clock_mono_ms(script->host.out.clock) + start->left_ms;
    script->budget.deadline_ms = script->host.ends_ms + start->undo_ms;
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
