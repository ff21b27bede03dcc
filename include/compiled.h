/* compiled: what a worker keeps of the texts that it compiled: their bytecode, so that a warm run
 * compiles nothing, and whether anything was found wrong in them.
 *
 * Texts are compared as a whole, so one that changed is another one. Bytecode is made here from
 * text and loaded from here alone. Bounded; the oldest makes room. */
#ifndef MOONMILL_COMPILED_H
#define MOONMILL_COMPILED_H

#include "mem.h"

#include <lua.h>
#include <stdbool.h>

#define COMPILED_TEXTS_MAX 32
#define COMPILED_BYTES_MAX ((size_t)8 * 1024 * 1024)

struct compiled;

struct compiled *compiled_new(void);
void compiled_free(struct compiled *compiled);

/* As luaL_loadbufferx of a text with that chunk name ("@" before name): pushes the function, or the
 * error; returns Lua's status. compiled may be NULL: nothing is kept. */
int compiled_load(struct compiled *compiled, lua_State *L, struct span text, struct span name);
/* Whether compiled_approve was called for this very text and name, and it is kept still. */
bool compiled_approved(const struct compiled *compiled, struct span text, struct span name);
void compiled_approve(struct compiled *compiled, struct span text, struct span name);

#endif
