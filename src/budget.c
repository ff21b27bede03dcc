#include "budget.h"

#include <lauxlib.h>
#include <stdio.h>
#include <string.h>

void *budget_alloc(void *ud, void *block, size_t old_size, size_t new_size)
{
    struct budget *budget = ud;
    if (!block)
        old_size = 0; /* a type's tag, not a size */
    if (new_size == 0) {
        budget->memory -= old_size;
        return arena_resize(budget->arena, block, old_size, 0);
    }
    bool grows = new_size > old_size;
    size_t left = (size_t)budget->memory_limit_bytes - budget->memory;
    bool fits = !grows || new_size - old_size <= left;
    void *moved = fits ? arena_resize(budget->arena, block, old_size, new_size) : NULL;
    if (moved)
        budget->memory += new_size - old_size;
    if (grows)
        budget->refused = !moved;
    return moved;
}

struct budget *budget_of(lua_State *L)
{
    struct budget *budget;
    memcpy(&budget, lua_getextraspace(L), sizeof budget);
    return budget;
}

bool budget_where(lua_State *L, int level, lua_Debug *ar)
{
    for (; lua_getstack(L, level, ar); level++) {
        lua_getinfo(L, "Sl", ar);
        if (*ar->source == '@' && ar->currentline > 0)
            return true;
    }
    return false;
}

void budget_mark(struct budget *budget, struct span step, int64_t attempt)
{
    size_t len = step.len < sizeof budget->step ? step.len : sizeof budget->step - 1;
    memcpy(budget->step, step.at, len);
    budget->step[len] = '\0';
    budget->attempt = attempt;
}

/* Ends the run. L is the thread that runs, or ran last. */
static void finish(lua_State *L, const char *code) __attribute__((noreturn));
static void finish(lua_State *L, const char *code)
{
    struct budget *budget = budget_of(L);
    struct wire_outcome outcome = {.code = span_of(code),
                                   .message = span_of(budget->message),
                                   .step = span_of(budget->step),
                                   .attempt = budget->attempt};
    lua_Debug ar;
    if (budget_where(L, 0, &ar) || (budget->strand && budget_where(budget->strand, 0, &ar))) {
        snprintf(budget->file, sizeof budget->file, "%s", ar.source + 1);
        outcome.file = span_of(budget->file);
        outcome.line = ar.currentline;
    }
    budget->final(budget->arg, &outcome);
}

static void finish_memory(lua_State *L) __attribute__((noreturn));
static void finish_memory(lua_State *L)
{
    struct budget *budget = budget_of(L);
    snprintf(budget->message, sizeof budget->message,
             "memory limit reached: EXECUTOR_MEMORY_LIMIT_MB is %lld",
             (long long)budget->memory_limit_bytes / (1024 * 1024));
    finish(L, "limit.memory");
}

void budget_timeout(lua_State *L)
{
    struct budget *budget = budget_of(L);
    snprintf(budget->message, sizeof budget->message, "Execution timeout");
    finish(L, "timeout");
}

static bool has_passed(int64_t deadline_ms, int64_t now_ms)
{
    return deadline_ms && now_ms >= deadline_ms;
}

void budget_stalled(struct budget *budget, bool late)
{
    if (late)
        budget_timeout(budget->running);
    snprintf(budget->message, sizeof budget->message,
             "one native call used the CPU for too long: EXECUTOR_STALL_MS is %lld",
             (long long)budget->stall_ms);
    finish(budget->running, "limit.stall");
}

void budget_charge_event(lua_State *L)
{
    struct budget *budget = budget_of(L);
    if (budget->events++ < budget->events_limit)
        return;
    snprintf(budget->message, sizeof budget->message,
             "event limit reached: EXECUTOR_EVENTS_LIMIT is %lld", (long long)budget->events_limit);
    finish(L, "limit.events");
}

void budget_charge(lua_State *L, int64_t instructions)
{
    struct budget *budget = budget_of(L);
    budget->instructions += instructions;
    if (budget->instructions <= budget->instruction_limit)
        return;
    snprintf(budget->message, sizeof budget->message,
             "instruction limit reached: EXECUTOR_INSTRUCTION_LIMIT is %lld",
             (long long)budget->instruction_limit);
    finish(L, "limit.instructions");
}

/* The auxiliary library's buffers raise an ordinary error when memory is refused; the flag tells.
 */
void budget_judge_memory(lua_State *L, int status)
{
    if (status == LUA_ERRMEM || budget_of(L)->refused)
        finish_memory(L);
}

void budget_judge(lua_State *L, int status)
{
    budget_judge_memory(L, status);
    if (budget_of(L)->timed_out)
        lua_error(L);
}

bool budget_may_yield(lua_State *L)
{
    const struct budget *budget = budget_of(L);
    return budget->strand && budget->barriers == 0 && lua_isyieldable(L);
}

/* A big buffer of the auxiliary library gets no second try after a collection, so garbage is not
 * left to pile up near the limit. */
static void collect(lua_State *L, struct budget *budget)
{
    size_t half = (size_t)budget->memory_limit_bytes / 2;
    if (budget->memory < half || budget->memory < budget->memory_settled / 4 * 5)
        return;
    lua_gc(L, LUA_GCCOLLECT);
    budget->memory_settled = budget->memory;
}

/* The step's deadline has passed: leave by a yield, else by an error, else end the run. */
static void stop_step(lua_State *L, struct budget *budget)
{
    int64_t cpu_ms = 0;
    clock_cpu_ms(0, &cpu_ms);
    if (!budget->timed_out) {
        budget->timed_out = true;
        budget->timed_out_cpu_ms = cpu_ms;
    } else if (cpu_ms - budget->timed_out_cpu_ms > budget->stall_ms) {
        budget_timeout(L);
    }
    if (budget_may_yield(L))
        lua_yield(L, 0);
    else
        luaL_error(L, "the step's time is up");
}

static void set_hook(lua_State *L, int count);

/* After a probe the count begins anew; what was counted so far is taken for a whole tick's. */
static void hook(lua_State *L, lua_Debug *ar)
{
    (void)ar;
    struct budget *budget = budget_of(L);
    if (lua_gethookcount(L) != BUDGET_TICK)
        set_hook(L, BUDGET_TICK);
    budget->tick(budget->arg);
    budget_charge(L, BUDGET_TICK);
    collect(L, budget);
    int64_t now_ms = clock_mono_ms(budget->clock);
    if (has_passed(budget->deadline_ms, now_ms))
        budget_timeout(L);
    if (budget->strand && has_passed(budget->step_deadline_ms, now_ms))
        stop_step(L, budget);
}

static void set_hook(lua_State *L, int count)
{
    lua_sethook(L, hook, LUA_MASKCOUNT, count);
}

void budget_probe(struct budget *budget)
{
    set_hook(budget->running, 1);
    if (budget->strand && budget->strand != budget->running)
        set_hook(budget->strand, 1);
}

/* An error outside of protected mode: memory, while the state is built up. */
static int panic(lua_State *L)
{
    finish_memory(L);
}

void budget_bind(struct budget *budget, lua_State *L)
{
    memcpy(lua_getextraspace(L), &budget, sizeof budget);
    budget->running = L;
    lua_atpanic(L, panic);
    set_hook(L, BUDGET_TICK);
}
