#include "arena.h"

#include "mem.h"

#include <stdalign.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Blocks are multiples of a grain; those of up to GRAINS_LISTED grains are listed when freed, and
 * used again for the same size. A larger one that is freed waits for the reset. */
#define GRAIN         alignof(max_align_t)
#define GRAINS_LISTED 128

struct hole {
    struct hole *next;
};

struct extent {
    size_t used; /* bytes at the region's front */
    struct hole *holes[GRAINS_LISTED + 1];
};

struct arena {
    struct extent now, kept;
    char *copy; /* of the region's kept bytes; NULL: nothing is kept */
    size_t spilled;
    size_t size;
    alignas(max_align_t) char region[];
};

struct arena *arena_new(size_t size)
{
    struct arena *arena = mem_new(sizeof *arena + size);
    arena->size = size;
    return arena;
}

void arena_free(struct arena *arena)
{
    if (arena)
        mem_free(arena->copy);
    mem_free(arena);
}

static size_t grains_of(size_t size)
{
    return size / GRAIN + (size % GRAIN != 0);
}

static bool is_inside(const struct arena *arena, const char *block)
{
    return block >= arena->region && block < arena->region + arena->size;
}

static bool is_last(const struct arena *arena, const char *block, size_t grains)
{
    return block + grains * GRAIN == arena->region + arena->now.used;
}

static void *take(struct arena *arena, size_t size)
{
    struct extent *now = &arena->now;
    size_t grains = grains_of(size);
    struct hole *hole = grains <= GRAINS_LISTED ? now->holes[grains] : NULL;
    if (hole) {
        now->holes[grains] = hole->next;
        return hole;
    }
    if (grains <= (arena->size - now->used) / GRAIN) {
        char *block = arena->region + now->used;
        now->used += grains * GRAIN;
        return block;
    }
    void *block = malloc(size);
    arena->spilled += block != NULL;
    return block;
}

static void give(struct arena *arena, void *block, size_t size)
{
    struct extent *now = &arena->now;
    size_t grains = grains_of(size);
    if (!is_inside(arena, block)) {
        free(block);
        arena->spilled--;
    } else if (is_last(arena, block, grains)) {
        now->used -= grains * GRAIN;
    } else if (grains <= GRAINS_LISTED) {
        struct hole *hole = block;
        hole->next = now->holes[grains];
        now->holes[grains] = hole;
    }
}

/* Within the region: in place when it can be, else to another place. */
static void *move(struct arena *arena, char *block, size_t old_size, size_t new_size)
{
    size_t old_grains = grains_of(old_size), new_grains = grains_of(new_size);
    if (old_grains == new_grains)
        return block;
    size_t before = (size_t)(block - arena->region);
    if (is_last(arena, block, old_grains) && new_grains <= (arena->size - before) / GRAIN) {
        arena->now.used = before + new_grains * GRAIN;
        return block;
    }
    bool shrinks = new_size < old_size;
    void *moved = take(arena, new_size);
    if (!moved)
        return shrinks ? block : NULL;
    memcpy(moved, block, shrinks ? new_size : old_size);
    give(arena, block, old_size);
    return moved;
}

void *arena_resize(struct arena *arena, void *block, size_t old_size, size_t new_size)
{
    if (new_size == 0) {
        if (arena && block)
            give(arena, block, old_size);
        else
            free(block);
        return NULL;
    }
    if (arena && !block)
        return take(arena, new_size);
    if (arena && is_inside(arena, block))
        return move(arena, block, old_size, new_size);
    void *moved = realloc(block, new_size);
    return moved || new_size > old_size ? moved : block;
}

bool arena_spilled(const struct arena *arena)
{
    return arena->spilled > 0;
}

bool arena_keep(struct arena *arena)
{
    if (arena->spilled)
        return false;
    arena->kept = arena->now;
    arena->copy = mem_resize(arena->copy, arena->kept.used, 1);
    memcpy(arena->copy, arena->region, arena->kept.used);
    return true;
}

void *arena_kept(const struct arena *arena)
{
    return arena->copy ? (void *)(uintptr_t)arena->region : NULL;
}

void arena_reset(struct arena *arena)
{
    arena->now = arena->kept;
    if (arena->copy)
        memcpy(arena->region, arena->copy, arena->kept.used);
}
