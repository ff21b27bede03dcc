/* globals: the libraries in reach.
 *
 * Two sets: the state's own globals, for the prelude, and a fresh table for scripts, whose tables
 * may be changed without harm to the prelude. Neither has load, io, debug or package; what scripts
 * get shows no addresses, takes no finalizers, and knows UTC only. */
#ifndef MOONMILL_GLOBALS_H
#define MOONMILL_GLOBALS_H

#include <lua.h>

/* Prepares a state; after strand_open, view_open. */
void globals_open(lua_State *L);
/* lua_CFunction: globals() -> new table with what scripts may use. */
int globals_make(lua_State *L);
/* Seeds math.random anew: states that begin with the same memory would draw the same numbers. */
void globals_seed(lua_State *L);

#endif
