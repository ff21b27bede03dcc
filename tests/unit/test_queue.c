#include "queue.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define VISIBILITY_MS 30000

static struct queue *made(bool fifo, int64_t max_receives)
{
    struct queue_settings settings = {fifo ? "jobs.fifo" : "jobs", fifo, VISIBILITY_MS,
                                      max_receives};
    return queue_new(&settings);
}

static void send(struct queue *queue, const char *body, const char *group, int64_t now_ms)
{
    struct queue_send what = {.body = span_of(body), .group = group};
    struct error err = {0};
    char id[UUID_SIZE];
    if (!queue_send(queue, &what, now_ms, id, &err))
        fail_msg("%s: %s", body, err.text);
}

/* The bodies of what a receive gets, in one string. */
static const char *received(struct queue *queue, size_t max, int64_t now_ms,
                            struct queue_message **messages)
{
    static char text[256];
    size_t count = queue_receive(queue, max, now_ms, messages);
    text[0] = '\0';
    for (size_t i = 0; i < count; i++)
        strcat(strcat(text, i ? " " : ""), messages[i]->body);
    return text;
}

static void queue_gives_a_message_once_until_its_timeout(void **state)
{
    (void)state;
    struct queue *queue = made(false, 0);
    struct queue_message *got[10];
    send(queue, "a", NULL, 1000);
    send(queue, "b", NULL, 1001);
    assert_string_equal(received(queue, 10, 2000, got), "a b");
    assert_int_equal(got[0]->receives, 1);
    assert_int_equal(got[0]->first_received_ms, 2000);
    assert_string_equal(received(queue, 10, 2001, got + 2), "");
    assert_int_equal(queue_next_ms(queue, 2001), 2000 + VISIBILITY_MS);
    queue_delete(queue, got[0]);
    assert_string_equal(received(queue, 10, 2000 + VISIBILITY_MS, got), "b");
    assert_int_equal(got[0]->receives, 2);
    assert_int_equal(got[0]->first_received_ms, 2000);
    queue_release(queue, got[0], 50000);
    assert_string_equal(received(queue, 10, 50000, got), "b");
    queue_delete(queue, got[0]);
    assert_null(queue_first(queue));
    queue_free(queue);
}

static void queue_buries_what_was_received_too_often(void **state)
{
    (void)state;
    struct queue *queue = made(false, 2);
    struct queue_message *got[10];
    int64_t now_ms = 1000;
    send(queue, "poison", NULL, now_ms);
    send(queue, "later", NULL, now_ms);
    for (int i = 0; i < 2; i++, now_ms += VISIBILITY_MS)
        assert_string_equal(received(queue, 1, now_ms, got), "poison");
    assert_string_equal(received(queue, 10, now_ms, got), "later");
    struct queue_counts counts = queue_count(queue, now_ms);
    assert_int_equal(counts.dead, 1);
    assert_int_equal(counts.in_flight, 1);
    const struct queue_message *dead = queue_first_dead(queue);
    assert_string_equal(dead->body, "poison");
    assert_int_equal(dead->receives, 2);
    assert_false(queue_redrive(queue, "nobody", now_ms));
    assert_true(queue_redrive(queue, dead->id, now_ms));
    assert_string_equal(received(queue, 10, now_ms, got), "poison");
    assert_int_equal(got[0]->receives, 1);
    queue_free(queue);
}

static void queue_keeps_groups_in_order(void **state)
{
    (void)state;
    struct queue *queue = made(true, 0);
    struct queue_message *got[10], *more[10];
    send(queue, "a1", "a", 1000);
    send(queue, "b1", "b", 1000);
    send(queue, "a2", "a", 1000);
    send(queue, "a3", "a", 1000);
    assert_string_equal(received(queue, 3, 2000, got), "a1 b1 a2");
    assert_string_equal(received(queue, 3, 2000, more), ""); /* a3 waits for a2 */
    queue_delete(queue, got[0]);
    queue_delete(queue, got[1]);
    send(queue, "b2", "b", 2000);
    assert_string_equal(received(queue, 3, 2001, more), "b2"); /* a2 is still in flight */
    assert_string_equal(received(queue, 3, 2000 + VISIBILITY_MS, more), "a2 a3");
    queue_free(queue);
}

static void queue_knows_a_duplicate_for_five_minutes(void **state)
{
    (void)state;
    struct queue *queue = made(true, 0);
    struct queue_message *got[10];
    struct queue_send what = {.body = span_of("x"), .group = "g", .deduplication_id = "d"};
    char first[UUID_SIZE], second[UUID_SIZE];
    assert_true(queue_send(queue, &what, 1000, first, NULL));
    assert_int_equal(queue_receive(queue, 10, 1000, got), 1);
    queue_delete(queue, got[0]); /* it is remembered all the same */
    assert_true(queue_send(queue, &what, 1000 + 299999, second, NULL));
    assert_string_equal(first, second);
    assert_int_equal(queue_receive(queue, 10, 301000 - 1, got), 0);
    assert_true(queue_send(queue, &what, 1000 + 300000, second, NULL));
    assert_string_not_equal(first, second);
    what.deduplication_id = NULL; /* the body's own digest */
    assert_true(queue_send(queue, &what, 301001, first, NULL));
    assert_true(queue_send(queue, &what, 301002, second, NULL));
    assert_string_equal(first, second);
    queue_free(queue);
}

static void queue_refuses_what_sqs_refuses(void **state)
{
    (void)state;
    char *large = mem_new(QUEUE_BODY_MAX + 2);
    memset(large, 'x', QUEUE_BODY_MAX + 1);
    const struct {
        bool fifo;
        const char *body, *group;
        const char *why;
    } cases[] = {
        {false, "", NULL, "has a body"},
        {false, "a\x01", NULL, "SQS refuses"},
        {false, "\xff", NULL, "SQS refuses"},
        {false, "\xef\xbf\xbf", NULL, "SQS refuses"},
        {false, large, NULL, "over 1048576 bytes"},
        {true, "x", NULL, "needs a group"},
        {true, "x", "", "needs a group"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct queue *queue = made(cases[i].fifo, 0);
        struct queue_send what = {.body = span_of(cases[i].body), .group = cases[i].group};
        struct error err = {0};
        char id[UUID_SIZE];
        assert_false(queue_send(queue, &what, 1000, id, &err));
        assert_non_null(strstr(err.text, cases[i].why));
        assert_null(queue_first(queue));
        queue_free(queue);
    }
    mem_free(large);
}

static void queue_delays_a_message(void **state)
{
    (void)state;
    struct queue *queue = made(false, 0);
    struct queue_message *got[10];
    struct queue_send what = {.body = span_of("x"), .delay_ms = 500};
    char id[UUID_SIZE];
    assert_true(queue_send(queue, &what, 1000, id, NULL));
    assert_int_equal(queue_count(queue, 1000).delayed, 1);
    assert_int_equal(queue_receive(queue, 10, 1499, got), 0);
    assert_int_equal(queue_next_ms(queue, 1499), 1500);
    assert_int_equal(queue_receive(queue, 10, 1500, got), 1);
    assert_string_equal(got[0]->id, id);
    assert_ptr_equal(queue_find(queue, id), got[0]);
    queue_free(queue);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(queue_gives_a_message_once_until_its_timeout),
        cmocka_unit_test(queue_buries_what_was_received_too_often),
        cmocka_unit_test(queue_keeps_groups_in_order),
        cmocka_unit_test(queue_knows_a_duplicate_for_five_minutes),
        cmocka_unit_test(queue_refuses_what_sqs_refuses),
        cmocka_unit_test(queue_delays_a_message),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
