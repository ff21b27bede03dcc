/* budget: what a run may use of instructions, memory and time, and what happens when it is spent.
 *
 * Holds a state's allocator and its count hook. A limit of the whole run is final: budget->final is
 * called with the outcome and does not return, so nothing that the script does can catch it. A
 * step's deadline yields to the scheduler where it can, and raises where it cannot; code that still
 * runs stall_ms of CPU after that ends the run. Kinds are decided from flags, never from texts. */
#ifndef MOONMILL_BUDGET_H
#define MOONMILL_BUDGET_H

#include "arena.h"
#include "clock.h"
#include "mem.h"
#include "wire.h"

#include <lua.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BUDGET_TEXT_MAX 1024
/* Instructions between two calls of the hook. */
#define BUDGET_TICK 1000

struct budget {
    /* filled by the owner, which zeroes the rest */
    struct arena *arena; /* where the state lives; NULL: the heap */
    const struct clock *clock;
    void *arg;
    void (*tick)(void *arg);
    void (*final)(void *arg, const struct wire_outcome *outcome) __attribute__((noreturn));
    int64_t instruction_limit;
    int64_t memory_limit_bytes;
    int64_t stall_ms;
    int64_t events_limit;
    int64_t deadline_ms; /* the run's, on the monotonic clock; 0: none yet */

    /* the whole run's count */
    int64_t instructions;
    int64_t events;
    size_t memory;         /* bytes now */
    size_t memory_settled; /* bytes that the last full collection of ours left */
    bool refused;          /* memory was refused, and none was given since */

    lua_State *running; /* the coroutine that runs now */

    /* the step that runs now */
    lua_State *strand;        /* NULL: the prelude itself */
    int64_t step_deadline_ms; /* 0: none */
    bool timed_out;           /* its deadline passed: it is on its way out */
    int64_t timed_out_cpu_ms; /* when, in CPU time */
    bool suspending;          /* a yield on its way up to the scheduler */
    int barriers;             /* coroutines resumed from where no yield gets out */
    int closing;              /* depth of coroutine.close in coroutine.close */
    char step[BUDGET_TEXT_MAX];
    int64_t attempt;

    /* the final outcome's texts: no allocation then */
    char message[BUDGET_TEXT_MAX];
    char file[BUDGET_TEXT_MAX];
};

/* A lua_Alloc; ud is the budget. */
void *budget_alloc(void *ud, void *block, size_t old_size, size_t new_size);
/* Binds the state (its main thread, before any other is made) to the budget, hook and panic. */
void budget_bind(struct budget *budget, lua_State *L);
struct budget *budget_of(lua_State *L);

/* Counts instructions that the hook cannot see; over the limit is final. */
void budget_charge(lua_State *L, int64_t instructions);
/* Counts an event; over the limit is final. */
void budget_charge_event(lua_State *L);
/* To be asked about every error that was caught, before the script sees it: final when it is about
 * memory; raised again when the step's time is up. Returns when the error is the script's own. */
void budget_judge(lua_State *L, int status);
/* The same for an error that the scheduler caught, which handles timed_out itself. */
void budget_judge_memory(lua_State *L, int status);
/* The run's deadline has passed: final. */
void budget_timeout(lua_State *L) __attribute__((noreturn));
/* The hook runs at the next instruction of what runs now. For a signal's handler: lua_sethook may
 * be called from one (lua.c does). */
void budget_probe(struct budget *budget);
/* A native call does not come back: final, with the line that called it; late: the run's time is up
 * besides. For a signal's handler: reads the state, which stands still, and allocates nothing. */
void budget_stalled(struct budget *budget, bool late) __attribute__((noreturn));
/* Which step runs now, for final outcomes. A longer path is cut. */
void budget_mark(struct budget *budget, struct span step, int64_t attempt);

/* Where a yield to the scheduler gets out. */
bool budget_may_yield(lua_State *L);
/* The innermost frame of an author's chunk ("@name"), from level on; false when there is none. ar
 * is filled for "S" and "l". */
bool budget_where(lua_State *L, int level, lua_Debug *ar);

#endif
