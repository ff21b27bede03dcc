#include "deferred.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void add(struct deferred *deferred, int64_t id, int64_t due_ms)
{
    char head[32], body[32];
    snprintf(head, sizeof head, "{\"id\":%d}", (int)id);
    snprintf(body, sizeof body, "body %d", (int)id);
    deferred_add(deferred, &(struct wire_reply){id, span_of(head), span_of(body), 0}, due_ms);
    memset(head, '?', sizeof head); /* copied */
    memset(body, '?', sizeof body);
}

/* Takes the next reply, which must be that one, due then. */
static void expect(struct deferred *deferred, int64_t id, int64_t due_ms)
{
    struct wire_reply reply;
    char head[32], body[32];
    int64_t due = -1;
    snprintf(head, sizeof head, "{\"id\":%d}", (int)id);
    snprintf(body, sizeof body, "body %d", (int)id);
    assert_true(deferred_next(deferred, &due));
    assert_int_equal(due, due_ms);
    deferred_take(deferred, &reply);
    assert_int_equal(reply.id, id);
    assert_true(span_is(reply.head, head));
    assert_true(span_is(reply.body, body));
    assert_int_equal(reply.after_ms, 0);
}

static void expect_none(const struct deferred *deferred)
{
    int64_t due = 7;
    assert_false(deferred_next(deferred, &due));
    assert_int_equal(due, 7);
}

static void replies_are_taken_by_their_time(void **state)
{
    (void)state;
    struct deferred deferred = {0};
    expect_none(&deferred);
    add(&deferred, 1, 300);
    add(&deferred, 2, 100);
    add(&deferred, 3, 200);
    expect(&deferred, 2, 100);
    add(&deferred, 4, 250);
    add(&deferred, 5, -5);
    expect(&deferred, 5, -5);
    expect(&deferred, 3, 200);
    expect(&deferred, 4, 250);
    expect(&deferred, 1, 300);
    expect_none(&deferred);
    deferred_clear(&deferred);
}

static void replies_of_one_time_are_taken_as_they_came(void **state)
{
    (void)state;
    struct deferred deferred = {0};
    static const int64_t ids[] = {9, 2, 7, 1, 8};
    for (size_t i = 0; i < 5; i++)
        add(&deferred, ids[i], 100);
    add(&deferred, 3, 50);
    expect(&deferred, 3, 50);
    for (size_t i = 0; i < 5; i++)
        expect(&deferred, ids[i], 100);
    expect_none(&deferred);
    deferred_clear(&deferred);
}

static void a_dropped_reply_never_arrives(void **state)
{
    (void)state;
    struct deferred deferred = {0};
    for (int i = 1; i <= 4; i++)
        add(&deferred, i, 10 * i);
    deferred_drop(&deferred, 1);
    deferred_drop(&deferred, 3);
    deferred_drop(&deferred, 99);
    expect(&deferred, 2, 20);
    deferred_drop(&deferred, 2); /* taken already */
    expect(&deferred, 4, 40);
    deferred_drop(&deferred, 4);
    expect_none(&deferred);
    deferred_clear(&deferred);
}

static void what_was_taken_stays_until_the_next_take(void **state)
{
    (void)state;
    struct deferred deferred = {0};
    struct wire_reply first;
    add(&deferred, 1, 10);
    add(&deferred, 2, 20);
    deferred_take(&deferred, &first);
    for (int i = 3; i < 10; i++)
        add(&deferred, i, 30);
    deferred_drop(&deferred, 2);
    deferred_drop(&deferred, 1);
    assert_true(span_is(first.head, "{\"id\":1}"));
    assert_true(span_is(first.body, "body 1"));
    expect(&deferred, 3, 30);
    deferred_clear(&deferred); /* what is left is freed, as LeakSanitizer sees */
}

static void a_reply_may_be_empty_or_large_or_hold_nul(void **state)
{
    (void)state;
    struct deferred deferred = {0};
    struct wire_reply reply;
    size_t size = 6 * 1024 * 1024;
    char *large = mem_new(size);
    memset(large, 'x', size);
    deferred_add(&deferred, &(struct wire_reply){1, span_of("{}"), {NULL, 0}, 0}, 1);
    deferred_add(&deferred, &(struct wire_reply){2, span_of("{}"), {"a\0b", 3}, 0}, 2);
    deferred_add(&deferred, &(struct wire_reply){3, span_of("{}"), {large, size}, 0}, 3);
    deferred_take(&deferred, &reply);
    assert_int_equal(reply.body.len, 0);
    deferred_take(&deferred, &reply);
    assert_true(span_equal(reply.body, (struct span){"a\0b", 3}));
    deferred_take(&deferred, &reply);
    assert_true(span_equal(reply.body, (struct span){large, size}));
    deferred_clear(&deferred);
    mem_free(large);
}

static void one_more_than_there_is_room_for_takes_the_place_of_the_last(void **state)
{
    (void)state;
    struct deferred deferred = {0};
    for (int i = 1; i <= DEFERRED_MAX; i++)
        add(&deferred, i, i);
    add(&deferred, 1000, 1000);
    add(&deferred, 1001, 1);
    assert_int_equal(deferred.count, DEFERRED_MAX);
    expect(&deferred, 1, 1);
    expect(&deferred, 1001, 1);
    for (int i = 2; i < DEFERRED_MAX; i++)
        expect(&deferred, i, i);
    expect_none(&deferred);
    deferred_clear(&deferred);
}

static void what_was_cleared_begins_anew(void **state)
{
    (void)state;
    struct deferred deferred = {0};
    deferred_clear(&deferred);
    for (int round = 0; round < 3; round++) {
        add(&deferred, 1, 10);
        add(&deferred, 2, 5);
        expect(&deferred, 2, 5);
        deferred_clear(&deferred);
        expect_none(&deferred);
    }
    deferred_clear(&deferred);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(replies_are_taken_by_their_time),
        cmocka_unit_test(replies_of_one_time_are_taken_as_they_came),
        cmocka_unit_test(a_dropped_reply_never_arrives),
        cmocka_unit_test(what_was_taken_stays_until_the_next_take),
        cmocka_unit_test(a_reply_may_be_empty_or_large_or_hold_nul),
        cmocka_unit_test(one_more_than_there_is_room_for_takes_the_place_of_the_last),
        cmocka_unit_test(what_was_cleared_begins_anew),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
