/* value: JSON text <-> Lua values, exact.
 *
 * Signed 64-bit integers become Lua integers and doubles become floats, so both come back as they
 * were: 1 and 1.0 stay different, -0.0 keeps its sign, 1e308 survives. null is value_null, a light
 * userdata that is truthy. Empty arrays and objects stay apart by a mark in their metatable.
 * Refused, never changed: integers beyond 64 bits, numbers no double holds, NaN and infinities,
 * invalid UTF-8, functions, cycles, mixed or sparse tables, keys that are no strings, depth over
 * 128. */
#ifndef MOONMILL_VALUE_H
#define MOONMILL_VALUE_H

#include "diag.h"
#include "mem.h"

#include <lua.h>
#include <stdbool.h>

/* Prepares a state: the metatables of arrays, objects and null live in its registry. Once a state.
 */
void value_open(lua_State *L);

/* Views (view.h) keep the table they stand for under the light userdata of this address. It is
 * known here because value_encode reads that table in the view's place. */
extern const char value_target_key;

/* Pushes null, or marks the table at index as an array or an object: its metatable becomes the
 * mark's, which scripts can neither read nor replace. Marking a view raises a Lua error. */
void value_push_null(lua_State *L);
void value_mark_array(lua_State *L, int index);
void value_mark_object(lua_State *L, int index);

/* Decodes text and pushes the value; false with err (ERROR_INPUT: byte, rule) and nothing pushed.
 * May raise a Lua memory error, so call it in protected mode. */
bool value_decode(lua_State *L, struct span text, struct error *err);

/* Encodes the value at index and pushes the JSON text as a Lua string; at most max bytes. Read-only
 * views (view.h) are seen through. False with err: ERROR_INPUT says what and at which path
 * ("orders[3].total: a function"), ERROR_LIMIT that it is over max; nothing is pushed. May raise a
 * Lua memory error. nil is not encodable at the top (callers know what nil means to them). Object
 * keys are written in byte order, so that the same value gives the same text. */
bool value_encode(lua_State *L, int index, size_t max, struct error *err);

#endif
