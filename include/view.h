/* view: a Lua table seen read-only, all the way down.
 *
 * A view is an empty table whose metatable reads through to its target: indexing, #, pairs and
 * ipairs work as on the target and tables read through a view are views; a write raises an error
 * that blames the line that wrote. The same target has the same view, so == holds. next and rawlen
 * do not ask metatables, so the script gets the versions made here. */
#ifndef MOONMILL_VIEW_H
#define MOONMILL_VIEW_H

#include <lua.h>
#include <stdbool.h>

/* Prepares a state; once, after value_open. */
void view_open(lua_State *L);
/* Pushes a view of the table at index (any other value is pushed as it is). */
void view_push(lua_State *L, int index);
/* When the value at index is a view: pushes its target and returns true; else pushes nothing. */
bool view_target(lua_State *L, int index);
/* lua_CFunctions for a script's globals: next, rawlen and pairs that see through views. */
int view_next(lua_State *L);
int view_rawlen(lua_State *L);
int view_pairs(lua_State *L);

#endif
