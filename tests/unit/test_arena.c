#include "arena.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define SIZE 4096

/* A sanitizer's heap says that there is no memory, as any other does. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "allocator_may_return_null=1";
}

static char *get(struct arena *arena, size_t size, int fill)
{
    char *block = arena_resize(arena, NULL, 0, size);
    assert_non_null(block);
    assert_int_equal((uintptr_t)block % _Alignof(max_align_t), 0);
    memset(block, fill, size);
    return block;
}

static void assert_filled(const char *block, size_t size, int fill)
{
    for (size_t i = 0; i < size; i++)
        assert_int_equal(block[i], fill);
}

static void arena_gives_freed_blocks_again(void **state)
{
    (void)state;
    struct arena *arena = arena_new(SIZE);
    char *first = get(arena, 40, 'a'), *second = get(arena, 40, 'b');
    assert_true(second >= first + 40);
    assert_null(arena_resize(arena, first, 40, 0));
    assert_ptr_equal(get(arena, 33, 'c'), first);
    assert_null(arena_resize(arena, second, 40, 0)); /* the last one: the region ends before it */
    assert_ptr_equal(get(arena, 1000, 'd'), second);
    assert_false(arena_spilled(arena));
    arena_free(arena);
}

static void arena_resize_keeps_the_bytes(void **state)
{
    (void)state;
    static const size_t sizes[] = {1, 16, 17, 100, 90, 600, 3000, 5000, 9000, 5000, 40, 3};
    struct arena *arena = arena_new(SIZE);
    for (int between = 0; between < 2; between++) {
        size_t size = sizes[0];
        char *block = get(arena, size, 'x'), *other = NULL;
        for (size_t i = 1; i < sizeof sizes / sizeof *sizes; i++) {
            if (between && !other)
                other = get(arena, 24, 'o');
            block = arena_resize(arena, block, size, sizes[i]);
            assert_non_null(block);
            assert_filled(block, size < sizes[i] ? size : sizes[i], 'x');
            size = sizes[i];
            memset(block, 'x', size);
        }
        if (other)
            assert_filled(other, 24, 'o');
        assert_null(arena_resize(arena, block, size, 0));
        assert_false(arena_spilled(arena));
    }
    arena_free(arena);
}

static void arena_spills_into_the_heap_when_it_is_full(void **state)
{
    (void)state;
    struct arena *arena = arena_new(SIZE);
    char *blocks[100];
    for (int i = 0; i < 100; i++)
        blocks[i] = get(arena, 100, i);
    assert_true(arena_spilled(arena));
    for (int i = 0; i < 100; i++)
        assert_filled(blocks[i], 100, i);
    assert_false(arena_keep(arena));
    assert_null(arena_kept(arena));
    for (int i = 0; i < 100; i++)
        arena_resize(arena, blocks[i], 100, 0);
    assert_false(arena_spilled(arena));
    arena_free(arena);
}

static void arena_says_when_there_is_no_memory_and_keeps_the_block(void **state)
{
    (void)state;
    struct arena *arena = arena_new(SIZE);
    char *block = get(arena, 100, 'x');
    assert_null(arena_resize(arena, NULL, 0, PTRDIFF_MAX));
    assert_null(arena_resize(arena, block, 100, PTRDIFF_MAX));
    assert_filled(block, 100, 'x');
    assert_false(arena_spilled(arena));
    arena_free(arena);
}

static void arena_reset_goes_back_to_what_was_kept(void **state)
{
    (void)state;
    struct arena *arena = arena_new(SIZE);
    char *first = get(arena, 200, 'a'), *hole = get(arena, 64, 'h'), *last = get(arena, 64, 'z');
    assert_null(arena_kept(arena));
    arena_resize(arena, hole, 64, 0);
    assert_true(arena_keep(arena));
    for (int run = 0; run < 3; run++) {
        assert_ptr_equal(arena_kept(arena), first);
        assert_filled(first, 200, 'a');
        assert_filled(last, 64, 'z');
        assert_ptr_equal(get(arena, 64, 'n'), hole);
        memset(first, '?', 200);
        arena_resize(arena, last, 64, 0);
        char *spilled = get(arena, 2 * SIZE, 's');
        arena_resize(arena, spilled, 2 * SIZE, 0);
        get(arena, 1000, 'm');
        arena_reset(arena);
    }
    arena_free(arena);
}

static void arena_reset_forgets_all_when_nothing_was_kept(void **state)
{
    (void)state;
    struct arena *arena = arena_new(SIZE);
    char *first = get(arena, 2000, 'a');
    arena_reset(arena);
    assert_ptr_equal(get(arena, 4000, 'b'), first);
    arena_reset(arena);
    arena_free(arena);
}

static void arena_may_be_none(void **state)
{
    (void)state;
    char *block = arena_resize(NULL, NULL, 0, 10);
    memset(block, 'x', 10);
    block = arena_resize(NULL, block, 10, 5000);
    assert_filled(block, 10, 'x');
    assert_null(arena_resize(NULL, block, 5000, 0));
    assert_null(arena_resize(NULL, NULL, 0, 0));
    arena_free(NULL);
}

/* Any order of calls leaves every living block's bytes as they were. */
static void arena_holds_blocks_apart(void **state)
{
    (void)state;
    struct {
        char *at;
        size_t size;
        int fill;
    } blocks[64] = {0};
    struct arena *arena = arena_new(64 * 1024);
    uint32_t random = 1;
    for (int i = 0; i < 20000; i++) {
        random = random * 1664525 + 1013904223;
        size_t which = random >> 8 & 63, size = (random >> 14) % ((random >> 30) ? 300 : 5000);
        char *moved = arena_resize(arena, blocks[which].at, blocks[which].size, size);
        assert_true((moved != NULL) == (size > 0));
        size_t stays = size < blocks[which].size ? size : blocks[which].size;
        if (moved)
            assert_filled(moved, stays, blocks[which].fill);
        blocks[which].at = moved;
        blocks[which].size = size;
        blocks[which].fill = i & 127;
        if (moved)
            memset(moved, i & 127, size);
    }
    for (size_t i = 0; i < 64; i++)
        arena_resize(arena, blocks[i].at, blocks[i].size, 0);
    assert_false(arena_spilled(arena));
    arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arena_gives_freed_blocks_again),
        cmocka_unit_test(arena_resize_keeps_the_bytes),
        cmocka_unit_test(arena_spills_into_the_heap_when_it_is_full),
        cmocka_unit_test(arena_says_when_there_is_no_memory_and_keeps_the_block),
        cmocka_unit_test(arena_reset_goes_back_to_what_was_kept),
        cmocka_unit_test(arena_reset_forgets_all_when_nothing_was_kept),
        cmocka_unit_test(arena_may_be_none),
        cmocka_unit_test(arena_holds_blocks_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
