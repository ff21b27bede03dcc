/* strand: the threads that user code runs in.
 *
 * The scheduler (Lua, in the main thread) resumes a strand; code in it suspends, from any depth of
 * the script's own coroutines, and control comes back to the scheduler. The script's coroutine
 * functions, pcall and xpcall are made here, because such a yield must pass upward through them and
 * a limit's error must not be caught by them. */
#ifndef MOONMILL_STRAND_H
#define MOONMILL_STRAND_H

#include <lua.h>

/* Prepares a state that budget_bind was called for; once. */
void strand_open(lua_State *L);

/* lua_CFunctions for the scheduler. */
/* new(f, ended) -> thread; ended: nil, or a strand that was "done", which is used again */
int strand_new(lua_State *L);
/* resume(thread, deadline_mono_ms or 0, ...) -> "done", results... | "wait", what suspend got... |
 * "timeout" | "error", value, file, line (nil when no author's frame was active), trace: the
 * authors' frames, a line each */
int strand_resume(lua_State *L);
/* suspend(...) -> what the next resume is given; raises where no yield gets out. */
int strand_suspend(lua_State *L);

/* lua_CFunctions for everybody: pcall and xpcall that let limits through. */
int strand_pcall(lua_State *L);
int strand_xpcall(lua_State *L);
/* Pushes a new table: the coroutine library, which the prelude uses too. */
void strand_push_library(lua_State *L);

#endif
