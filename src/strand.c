#include "strand.h"

#include "budget.h"

#include <lauxlib.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* Lua does not count the native stack that coroutine.close nests, so it is counted here. */
#define CLOSING_MAX 8
/* Slots that a stack has from its birth on: a strand's, and a script's own coroutine's. */
#define STRAND_ROOM    400
#define COROUTINE_ROOM 120
/* What the short life of a coroutine may hide from the count hook. */
#define COROUTINE_PRICE BUDGET_TICK

/* Its address is the registry's key for the set of strands: threads that only the scheduler may
 * resume, though coroutine.running shows them to scripts. */
static const char strands_key = 0;

void strand_open(lua_State *L)
{
    lua_newtable(L);
    lua_createtable(L, 0, 1);
    lua_pushliteral(L, "k");
    lua_setfield(L, -2, "__mode");
    lua_setmetatable(L, -2);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &strands_key);
}

static bool is_strand(lua_State *L, int index)
{
    lua_rawgetp(L, LUA_REGISTRYINDEX, &strands_key);
    lua_pushvalue(L, index);
    bool found = lua_rawget(L, -2) != LUA_TNIL;
    lua_pop(L, 2);
    return found;
}

static void need_stack(lua_State *L, int slots)
{
    if (!lua_checkstack(L, slots))
        luaL_error(L, "too many values for a coroutine");
}

/* Closes a thread's pending variables; returns the status, with the error on top of the thread. */
static int close_thread(lua_State *L, lua_State *thread)
{
    struct budget *budget = budget_of(L);
    if (budget->closing >= CLOSING_MAX)
        luaL_error(L, "coroutines that close each other nest too deeply");
    lua_State *running = budget->running;
    budget->running = thread;
    budget->closing++;
    int status = lua_resetthread(thread);
    budget->closing--;
    budget->running = running;
    return status;
}

/* lua_resume, while the budget knows which coroutine runs; *count: of arguments, then of results.
 */
static int resume(lua_State *thread, lua_State *from, int *count)
{
    struct budget *budget = budget_of(from);
    lua_State *running = budget->running;
    budget->running = thread;
    int status = lua_resume(thread, from, *count, count);
    budget->running = running;
    return status;
}

/* places -------------------------------------------------------------------------------------- */

/* Lua puts before a message of its own where the function stands that runs: of the prelude's, which
 * has no lines, it is this. */
#define NO_PLACE "?:-1: "

/* The message on top of L gets a place that its author knows: at, or none (NULL). */
static void give_place(lua_State *L, const lua_Debug *at)
{
    const char *text = lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : "";
    if (strncmp(text, NO_PLACE, sizeof NO_PLACE - 1) != 0)
        return;
    text += sizeof NO_PLACE - 1;
    if (at)
        lua_pushfstring(L, "%s:%d: %s", at->short_src, at->currentline, text);
    else
        lua_pushstring(L, text);
    lua_replace(L, -2);
}

/* The place where the innermost of the author's functions stands on the thread, from level on. */
static void give_place_of(lua_State *L, lua_State *thread, int level)
{
    lua_Debug at;
    give_place(L, budget_where(thread, level, &at) ? &at : NULL);
}

/* for the scheduler --------------------------------------------------------------------------- */

/* Lua 5.4.4 (fixed in 5.4.5) loses its place when the stack moves inside a __concat metamethod. So
 * a thread's stack is born with room that no collection takes back, and moves but in deep calls. */
static lua_State *new_thread(lua_State *L, int room)
{
    lua_State *thread = lua_newthread(L);
    (void)lua_checkstack(thread, room); /* no memory for it: what comes next says so */
    return thread;
}

static lua_State *push_new_strand(lua_State *L)
{
    lua_State *strand = new_thread(L, STRAND_ROOM);
    lua_rawgetp(L, LUA_REGISTRYINDEX, &strands_key);
    lua_pushvalue(L, -2);
    lua_pushboolean(L, true);
    lua_rawset(L, -3);
    lua_pop(L, 1);
    return strand;
}

int strand_new(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TFUNCTION);
    lua_settop(L, 2);
    lua_State *strand = lua_tothread(L, 2);
    if (!strand)
        strand = push_new_strand(L);
    lua_pushvalue(L, 1);
    lua_xmove(L, strand, 1);
    return 1;
}

/* Pushes word and the count values on top of the strand. */
static int answer(lua_State *L, lua_State *strand, const char *word, int count)
{
    need_stack(L, count + 1);
    lua_pushstring(L, word);
    lua_xmove(strand, L, count);
    return count + 1;
}

#define TRACE_FRAMES 20
#define TRACE_SIZE   4000

/* Pushes the authors' frames of the strand, innermost first, a line each. */
static void push_trace(lua_State *L, lua_State *strand)
{
    char text[TRACE_SIZE];
    size_t len = 0;
    lua_Debug ar;
    for (int level = 0, frames = 0; frames < TRACE_FRAMES && lua_getstack(strand, level, &ar);
         level++) {
        lua_getinfo(strand, "Sl", &ar);
        if (*ar.source != '@' || ar.currentline <= 0)
            continue;
        int used = snprintf(text + len, sizeof text - len, "%s%s:%d", frames ? "\n" : "",
                            ar.source + 1, ar.currentline);
        if (used < 0 || (size_t)used >= sizeof text - len)
            break;
        len += (size_t)used;
        frames++;
    }
    lua_pushlstring(L, text, len);
}

/* The strand died of an error of its own. Where it was raised is read before its pending variables
 * are closed, whose handlers are user code still. */
static int answer_error(lua_State *L, lua_State *strand)
{
    lua_Debug ar;
    bool known = budget_where(strand, 0, &ar);
    push_trace(L, strand);
    if (known)
        lua_pushstring(L, ar.source + 1);
    else
        lua_pushnil(L);
    int status = close_thread(L, strand);
    if (status != LUA_OK)
        budget_judge_memory(strand, status);
    if (budget_of(L)->timed_out)
        return answer(L, strand, "timeout", 0);
    int file = lua_gettop(L);
    answer(L, strand, "error", 1);
    give_place(L, known ? &ar : NULL);
    lua_pushvalue(L, file);
    if (known)
        lua_pushinteger(L, ar.currentline);
    else
        lua_pushnil(L);
    lua_pushvalue(L, file - 1);
    return 5;
}

/* What became of the strand, as values for the scheduler. */
static int tell(lua_State *L, lua_State *strand, int status, int count)
{
    const struct budget *budget = budget_of(L);
    if (status == LUA_OK)
        return answer(L, strand, "done", count);
    if (status != LUA_YIELD)
        budget_judge_memory(strand, status);
    if (budget->timed_out)
        return answer(L, strand, "timeout", 0);
    if (status == LUA_YIELD)
        return answer(L, strand, "wait", count);
    return answer_error(L, strand);
}

int strand_resume(lua_State *L)
{
    struct budget *budget = budget_of(L);
    luaL_checktype(L, 1, LUA_TTHREAD);
    lua_State *strand = lua_tothread(L, 1);
    int64_t deadline_ms = luaL_checkinteger(L, 2);
    int count = lua_gettop(L) - 2;
    need_stack(strand, count);
    lua_xmove(L, strand, count);
    int barriers = budget->barriers; /* those around the scheduler are none for the strand */
    budget->barriers = 0;
    budget->strand = strand;
    budget->step_deadline_ms = deadline_ms;
    int status = resume(strand, L, &count);
    int values = tell(L, strand, status, count);
    budget->barriers = barriers;
    budget->strand = NULL;
    budget->timed_out = budget->suspending = false;
    return values;
}

static int after_suspend(lua_State *L, int status, lua_KContext context)
{
    (void)status;
    (void)context;
    return lua_gettop(L);
}

int strand_suspend(lua_State *L)
{
    if (budget_may_yield(L)) {
        budget_of(L)->suspending = true;
        return lua_yieldk(L, lua_gettop(L), 0, after_suspend);
    }
    lua_Debug ar;
    if (budget_where(L, 1, &ar))
        lua_pushfstring(L, "%s:%d: ", ar.source + 1, ar.currentline);
    else
        lua_pushliteral(L, "");
    lua_pushliteral(L, "cannot wait here: inside a sort comparator, a gsub callback, a metamethod "
                       "or a __close handler");
    lua_concat(L, 2);
    return lua_error(L);
}

/* pcall and xpcall ---------------------------------------------------------------------------- */

static int after_pcall(lua_State *L, int status, lua_KContext below)
{
    if (status == LUA_OK || status == LUA_YIELD)
        return lua_gettop(L) - (int)below;
    budget_judge(L, status);
    give_place_of(L, L, 1); /* what was called is gone: where it was called */
    lua_pushboolean(L, false);
    lua_insert(L, -2);
    return 2;
}

int strand_pcall(lua_State *L)
{
    luaL_checkany(L, 1);
    lua_pushboolean(L, true);
    lua_insert(L, 1);
    int status = lua_pcallk(L, lua_gettop(L) - 2, LUA_MULTRET, 0, 0, after_pcall);
    return after_pcall(L, status, 0);
}

/* Stands before the script's handler, which is not for errors that it may not see. */
static int handle(lua_State *L)
{
    budget_judge_memory(L, LUA_ERRRUN);
    if (budget_of(L)->timed_out)
        return 1;
    give_place_of(L, L, 1);
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, 1);
    lua_call(L, lua_gettop(L) - 1, 1);
    return 1;
}

int strand_xpcall(lua_State *L)
{
    luaL_checktype(L, 2, LUA_TFUNCTION);
    int arguments = lua_gettop(L) - 2;
    lua_pushvalue(L, 2);
    lua_pushcclosure(L, handle, 1);
    lua_replace(L, 2);
    /* f, handler, args -> f, handler, true, f, args */
    lua_pushboolean(L, true);
    lua_pushvalue(L, 1);
    lua_rotate(L, 3, 2);
    int status = lua_pcallk(L, arguments, LUA_MULTRET, 2, 2, after_pcall);
    return after_pcall(L, status, 2);
}

/* the coroutine library, for scripts and for the prelude's own branches
 * ------------------------------------------------------------- */

static lua_State *check_thread(lua_State *L, int index)
{
    luaL_checktype(L, index, LUA_TTHREAD);
    return lua_tothread(L, index);
}

static int co_create(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TFUNCTION);
    budget_charge(L, COROUTINE_PRICE);
    lua_State *thread = new_thread(L, COROUTINE_ROOM);
    lua_pushvalue(L, 1);
    lua_xmove(L, thread, 1);
    return 1;
}

/* Runs the coroutine until it ends, fails or yields to its script; a yield to the scheduler is
 * passed on from here, and next runs the same coroutine on with what the scheduler answers. The
 * arguments are the values above base. Returns the status; the results are on L then. */
static int drive(lua_State *L, lua_State *thread, int base, lua_KFunction next)
{
    struct budget *budget = budget_of(L);
    int count = lua_gettop(L) - base;
    need_stack(thread, count);
    lua_xmove(L, thread, count);
    bool barrier = !lua_isyieldable(L);
    budget->barriers += barrier;
    int status = resume(thread, L, &count);
    budget->barriers -= barrier;
    if (status != LUA_OK && status != LUA_YIELD)
        count = 1;
    need_stack(L, count + 1);
    lua_xmove(thread, L, count);
    if (status == LUA_YIELD && (budget->suspending || budget->timed_out))
        return lua_yieldk(L, count, 0, next);
    return status;
}

static int co_resume(lua_State *L);

static int co_resume_on(lua_State *L, int status, lua_KContext context)
{
    (void)status;
    (void)context;
    return co_resume(L);
}

static int co_resume(lua_State *L)
{
    lua_State *thread = check_thread(L, 1);
    if (is_strand(L, 1)) {
        lua_pushboolean(L, false);
        lua_pushliteral(L, "cannot resume non-suspended coroutine");
        return 2;
    }
    int status = drive(L, thread, 1, co_resume_on);
    bool good = status == LUA_OK || status == LUA_YIELD;
    if (!good) {
        budget_judge(L, status);
        give_place_of(L, thread, 0);
    }
    lua_pushboolean(L, good);
    lua_replace(L, 1);
    return lua_gettop(L);
}

static int co_wrapped(lua_State *L);

static int co_wrapped_on(lua_State *L, int status, lua_KContext context)
{
    (void)status;
    (void)context;
    return co_wrapped(L);
}

static int co_wrapped(lua_State *L)
{
    lua_State *thread = lua_tothread(L, lua_upvalueindex(1));
    int status = drive(L, thread, 0, co_wrapped_on);
    if (status == LUA_OK || status == LUA_YIELD)
        return lua_gettop(L);
    budget_judge(L, status);
    give_place_of(L, thread, 0);
    int state = lua_status(thread);
    if (state != LUA_OK && state != LUA_YIELD) {
        /* it died, rather than that it could not be resumed: its pending variables are closed with
         * the error, and may make another of it */
        lua_xmove(L, thread, 1);
        status = close_thread(L, thread);
        lua_xmove(thread, L, 1);
        budget_judge(L, status);
    }
    if (lua_type(L, -1) == LUA_TSTRING) {
        luaL_where(L, 1);
        lua_insert(L, -2);
        lua_concat(L, 2);
    }
    return lua_error(L);
}

static int co_wrap(lua_State *L)
{
    co_create(L);
    lua_pushcclosure(L, co_wrapped, 1);
    return 1;
}

/* A strand's own yield is the scheduler's: to its script it is the main thread. */
static bool is_main(lua_State *L)
{
    const struct budget *budget = budget_of(L);
    if (budget->strand)
        return budget->strand == L;
    bool main = lua_pushthread(L);
    lua_pop(L, 1);
    return main;
}

static int co_yield (lua_State *L)
{
    if (is_main(L))
        return luaL_error(L, "attempt to yield from outside a coroutine");
    return lua_yield(L, lua_gettop(L));
}

static int co_isyieldable(lua_State *L)
{
    lua_State *thread = lua_isthread(L, 1) ? lua_tothread(L, 1) : L;
    lua_pushboolean(L, !is_main(thread) && lua_isyieldable(thread));
    return 1;
}

static int co_running(lua_State *L)
{
    lua_pushthread(L);
    lua_pushboolean(L, is_main(L));
    return 2;
}

static const char *status_name(lua_State *L, lua_State *thread)
{
    lua_Debug ar;
    if (thread == L)
        return "running";
    int status = lua_status(thread);
    if (status == LUA_YIELD)
        return "suspended";
    if (status != LUA_OK)
        return "dead";
    if (lua_getstack(thread, 0, &ar))
        return "normal";
    return lua_gettop(thread) == 0 ? "dead" : "suspended";
}

static int co_status(lua_State *L)
{
    lua_pushstring(L, status_name(L, check_thread(L, 1)));
    return 1;
}

static int co_close(lua_State *L)
{
    lua_State *thread = check_thread(L, 1);
    const char *now = status_name(L, thread);
    if (is_strand(L, 1) || *now == 'r' || *now == 'n')
        return luaL_error(L, "cannot close a %s coroutine", is_strand(L, 1) ? "normal" : now);
    int result = close_thread(L, thread);
    if (result == LUA_OK) {
        lua_pushboolean(L, true);
        return 1;
    }
    lua_pushboolean(L, false);
    lua_xmove(thread, L, 1);
    budget_judge(L, result);
    return 2;
}

void strand_push_library(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"create", co_create},   {"resume", co_resume}, {"wrap", co_wrap},
        {"yield", co_yield },    {"status", co_status}, {"isyieldable", co_isyieldable},
        {"running", co_running}, {"close", co_close},   {NULL, NULL},
    };
    luaL_newlib(L, functions);
}
