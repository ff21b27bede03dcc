/* arena: memory that goes back, all at once, to what it was at a chosen moment.
 *
 * Holds one region, handed out from its front, with lists of what was freed by size; and a copy of
 * the region as arena_keep found it. A block that finds no room is the heap's. Pointers into the
 * region hold after arena_reset, which is what makes a whole Lua state as good as new. */
#ifndef MOONMILL_ARENA_H
#define MOONMILL_ARENA_H

#include <stdbool.h>
#include <stddef.h>

struct arena;

struct arena *arena_new(size_t size);
/* Blocks in the heap are their owner's to free before. Accepts NULL. */
void arena_free(struct arena *arena);

/* As realloc, but the caller knows the old size (0 when block is NULL), 0 as new size frees, and to
 * shrink never fails. Without an arena (NULL) all is the heap's. */
void *arena_resize(struct arena *arena, void *block, size_t old_size, size_t new_size);
/* Some blocks are in the heap. */
bool arena_spilled(const struct arena *arena);

/* From now on arena_reset goes back to here. False, and nothing kept, when something is spilled. */
bool arena_keep(struct arena *arena);
/* The first block that was ever given, if it is kept; else NULL. */
void *arena_kept(const struct arena *arena);
/* Back to what was kept, or to nothing. What is spilled has been freed before. */
void arena_reset(struct arena *arena);

#endif
