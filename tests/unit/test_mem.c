#include "mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void spans_are_equal_by_their_bytes(void **state)
{
    (void)state;
    assert_true(span_equal(span_of("abc"), (struct span){"abcd", 3}));
    assert_false(span_equal(span_of("abc"), span_of("abd")));
    assert_false(span_equal(span_of("abc"), span_of("ab")));
    assert_true(span_is((struct span){NULL, 0}, ""));
    assert_false(span_is((struct span){"a\0b", 3}, "a"));
}

static void new_memory_is_zeroed_and_never_null(void **state)
{
    (void)state;
    unsigned char *bytes = mem_new(64), *none = mem_new(0), *array = mem_array(8, 8);
    assert_non_null(none);
    for (int i = 0; i < 64; i++)
        assert_int_equal(bytes[i] | array[i], 0);
    mem_free(bytes);
    mem_free(none);
    mem_free(array);
    mem_free(NULL);
}

static void strings_are_copied_with_their_nul(void **state)
{
    (void)state;
    char *cut = mem_string((struct span){"hello", 4}), *empty = mem_string((struct span){NULL, 0});
    assert_string_equal(cut, "hell");
    assert_string_equal(empty, "");
    assert_null(mem_copy(NULL));
    mem_free(cut);
    mem_free(empty);
}

static void a_wiped_secret_is_gone(void **state)
{
    (void)state;
    char secret[] = "hunter2";
    mem_wipe(secret, sizeof secret);
    for (size_t i = 0; i < sizeof secret; i++)
        assert_int_equal(secret[i], 0);
    mem_wipe(NULL, 8);
    mem_free_secret(NULL);
    mem_free_secret(mem_copy("hunter2"));
}

static void a_buffer_refuses_what_would_pass_its_maximum(void **state)
{
    (void)state;
    struct buffer buffer;
    buffer_init(&buffer, 10);
    assert_true(buffer_text(&buffer, "12345"));
    assert_false(buffer_text(&buffer, "678901"));
    assert_int_equal(buffer.len, 5);
    assert_true(buffer_format(&buffer, "%d", 67890));
    assert_true(buffer_text(&buffer, ""));
    assert_false(buffer_text(&buffer, "x"));
    assert_true(span_is(buffer_span(&buffer), "1234567890"));
    assert_true(buffer.size <= buffer.max);
    buffer_release(&buffer);
    assert_null(buffer.data);
}

static void a_buffer_grows_by_many_small_pieces(void **state)
{
    (void)state;
    struct buffer buffer;
    buffer_init(&buffer, 100000);
    for (int i = 0; i < 100000; i++)
        assert_true(buffer_add(&buffer, (struct span){i % 2 ? "b" : "a", 1}));
    assert_false(buffer_text(&buffer, "c"));
    assert_memory_equal(buffer.data + 99998, "ab", 2);
    buffer_release(&buffer);
}

static void a_span_is_cut_between_characters(void **state)
{
    (void)state;
    struct span text = span_of("a\xc3\xa4\xe2\x82\xac.");
    static const size_t lens[] = {0, 1, 1, 3, 3, 3, 6, 7, 7};
    for (size_t max = 0; max < sizeof lens / sizeof *lens; max++)
        assert_int_equal(span_cut(text, max).len, lens[max]);
    assert_int_equal(span_cut(span_of("\x80\x80\x80"), 2).len, 0);
}

static void a_buffer_drops_from_its_front(void **state)
{
    (void)state;
    struct buffer buffer;
    buffer_init(&buffer, 100);
    buffer_text(&buffer, "abcdef");
    buffer_drop(&buffer, 2);
    assert_true(span_is(buffer_span(&buffer), "cdef"));
    buffer_drop(&buffer, 4);
    assert_int_equal(buffer.len, 0);
    buffer_text(&buffer, "again");
    buffer_clear(&buffer);
    assert_int_equal(buffer_span(&buffer).len, 0);
    buffer_release(&buffer);
    buffer_release(&buffer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(spans_are_equal_by_their_bytes),
        cmocka_unit_test(new_memory_is_zeroed_and_never_null),
        cmocka_unit_test(strings_are_copied_with_their_nul),
        cmocka_unit_test(a_wiped_secret_is_gone),
        cmocka_unit_test(a_buffer_refuses_what_would_pass_its_maximum),
        cmocka_unit_test(a_buffer_grows_by_many_small_pieces),
        cmocka_unit_test(a_span_is_cut_between_characters),
        cmocka_unit_test(a_buffer_drops_from_its_front),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
