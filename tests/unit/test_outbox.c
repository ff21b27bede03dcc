#include "outbox.h"

#include "config.h"
#include "json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

struct box {
    struct outbox outbox;
    struct buffer body;
};

static int set_up(void **state)
{
    struct box *box = mem_new(sizeof *box);
    buffer_init(&box->body, CONFIG_CALLBACK_BODY_MAX);
    *state = box;
    return 0;
}

static int tear_down(void **state)
{
    struct box *box = *state;
    outbox_release(&box->outbox);
    buffer_release(&box->body);
    mem_free(box);
    return 0;
}

static void add(struct box *box, const char *type, const char *payload)
{
    size_t replaced;
    assert_true(outbox_add(&box->outbox, type, span_of(payload), 1000, &replaced, NULL));
    assert_int_equal(replaced, 0);
}

static void add_many(struct box *box, int count)
{
    char payload[16];
    for (int i = 1; i <= count; i++) {
        snprintf(payload, sizeof payload, "%d", i);
        add(box, "n", payload);
    }
}

/* A string payload of len bytes, quotes included. */
static char *long_payload(size_t len)
{
    char *text = mem_new(len + 1);
    memset(text, 'x', len);
    text[0] = text[len - 1] = '"';
    return text;
}

static void check_push(struct box *box, size_t max_count, const char *key, size_t count)
{
    struct outbox_push push = outbox_body(&box->outbox, max_count, &box->body);
    assert_string_equal(push.key, key);
    assert_int_equal(push.count, count);
    assert_true(json_check(buffer_span(&box->body), NULL));
}

static void check_body(struct box *box, const char *want)
{
    char *body = mem_string(buffer_span(&box->body));
    assert_string_equal(body, want);
    mem_free(body);
}

static void outbox_body_writes_events_in_order(void **state)
{
    struct box *box = *state;
    add(box, "log", "{\"message\":\"a\"}");
    add(box, "odd \"type\"\n", "null");
    check_push(box, 100, "1-2", 2);
    check_body(box, "{\"events\":[{\"event_type\":\"log\",\"payload\":{\"message\":\"a\"}},"
                    "{\"event_type\":\"odd \\\"type\\\"\\n\",\"payload\":null}]}");
}

static void outbox_body_ends_at_the_count_and_drop_goes_on(void **state)
{
    struct box *box = *state;
    add_many(box, 7);
    check_push(box, 3, "1-3", 3);
    outbox_drop(&box->outbox, 3);
    check_push(box, 3, "4-6", 3);
    outbox_drop(&box->outbox, 3);
    check_push(box, 0, "7-7", 1);
    outbox_drop(&box->outbox, 1);
    assert_int_equal(box->outbox.count, 0);
    assert_int_equal(box->outbox.bytes, 0);
    add(box, "n", "8");
    check_push(box, 3, "8-8", 1);
}

static void outbox_body_stays_under_its_maximum(void **state)
{
    struct box *box = *state;
    char *payload = long_payload(250 * 1024);
    for (int i = 0; i < 9; i++)
        add(box, "big", payload);
    size_t seen = 0;
    while (box->outbox.count > 0) {
        struct outbox_push push = outbox_body(&box->outbox, 100, &box->body);
        assert_in_range(box->body.len, 1, CONFIG_CALLBACK_BODY_MAX - 1);
        assert_true(json_check(buffer_span(&box->body), NULL));
        seen += push.count;
        outbox_drop(&box->outbox, push.count);
    }
    assert_int_equal(seen, 9);
    mem_free(payload);
}

static void outbox_body_fills_up_to_the_last_byte(void **state)
{
    struct box *box = *state;
    /* everything around the second payload */
    size_t around = strlen("{\"events\":[{\"event_type\":\"n\",\"payload\":1},"
                           "{\"event_type\":\"n\",\"payload\":}]}");
    for (int over = 0; over <= 1; over++) {
        char *payload = long_payload(CONFIG_CALLBACK_BODY_MAX - 1 - around + (size_t)over);
        add(box, "n", "1");
        add(box, "n", payload);
        struct outbox_push push = outbox_body(&box->outbox, 100, &box->body);
        assert_int_equal(push.count, over ? 1 : 2);
        if (!over)
            assert_int_equal(box->body.len, CONFIG_CALLBACK_BODY_MAX - 1);
        outbox_drop(&box->outbox, 2);
        mem_free(payload);
    }
}

static void outbox_add_puts_an_error_in_the_place_of_an_event_too_large(void **state)
{
    struct box *box = *state;
    struct error err = {0};
    size_t replaced;
    char *payload = long_payload(CONFIG_CALLBACK_BODY_MAX);
    add(box, "n", "1");
    assert_false(outbox_add(&box->outbox, "big", span_of(payload), 0, &replaced, &err));
    assert_int_equal(err.kind, ERROR_LIMIT);
    assert_string_equal(err.text, "event 2 of type big is larger than one push may be");
    add(box, "n", "3");
    check_push(box, 100, "1-3", 3);
    check_body(box, "{\"events\":[{\"event_type\":\"n\",\"payload\":1},"
                    "{\"event_type\":\"error\",\"payload\":{\"message\":\"event 2 of type big is "
                    "larger than one push may be\",\"code\":\"event.refused\"}},"
                    "{\"event_type\":\"n\",\"payload\":3}]}");
    mem_free(payload);
}

static void outbox_add_replaces_nul(void **state)
{
    struct box *box = *state;
    size_t replaced;
    struct span payload = span_of("[\"a\\u0000b\",\"\\\\u0000\",\"\\u0000\"]");
    assert_true(outbox_add(&box->outbox, "n", payload, 0, &replaced, NULL));
    assert_int_equal(replaced, 2);
    check_push(box, 1, "1-1", 1);
    check_body(box, "{\"events\":[{\"event_type\":\"n\",\"payload\":"
                    "[\"a\xef\xbf\xbd"
                    "b\",\"\\\\u0000\",\"\xef\xbf\xbd\"]}]}");
}

static void outbox_split_keeps_the_halves_apart(void **state)
{
    struct box *box = *state;
    add_many(box, 5);
    check_push(box, 100, "1-5", 5);
    add_many(box, 2);
    outbox_split(&box->outbox, 5);
    check_push(box, 100, "1-3", 3);
    outbox_split(&box->outbox, 3);
    check_push(box, 100, "1-2", 2);
    outbox_split(&box->outbox, 2);
    static const struct {
        const char *key;
        size_t count;
    } rest[] = {{"1-1", 1}, {"2-2", 1}, {"3-3", 1}, {"4-5", 2}, {"6-7", 2}};
    for (size_t i = 0; i < sizeof rest / sizeof *rest; i++) {
        check_push(box, 100, rest[i].key, rest[i].count);
        outbox_drop(&box->outbox, rest[i].count);
    }
}

static void outbox_due_knows_count_age_and_splits(void **state)
{
    struct box *box = *state;
    assert_int_equal(outbox_due_ms(&box->outbox, 3, 50), INT64_MAX);
    add_many(box, 2);
    assert_int_equal(outbox_due_ms(&box->outbox, 3, 50), 1050);
    add_many(box, 1);
    assert_int_equal(outbox_due_ms(&box->outbox, 3, 50), 0);
    check_push(box, 3, "1-3", 3);
    outbox_split(&box->outbox, 3);
    check_push(box, 3, "1-2", 2);
    outbox_drop(&box->outbox, 2);
    assert_int_equal(outbox_due_ms(&box->outbox, 3, 50), 0);
    outbox_drop(&box->outbox, 1);
    add_many(box, 1);
    assert_int_equal(outbox_due_ms(&box->outbox, 3, 50), 1050);
}

static void outbox_replace_lets_another_event_go_in_its_place(void **state)
{
    struct box *box = *state;
    struct error refusal = {0};
    add(box, "chat \"x\"", "{\"a\":1}");
    add(box, "n", "2");
    outbox_replace(&box->outbox, 422, &refusal);
    assert_string_equal(refusal.text,
                        "event 1 of type chat \\\"x\\\" was refused by the API (422)");
    check_push(box, 100, "1-1-r", 1);
    check_body(box, "{\"events\":[{\"event_type\":\"error\",\"payload\":{\"message\":\"event 1 of "
                    "type chat \\\\\\\"x\\\\\\\" was refused by the API (422)\","
                    "\"code\":\"event.refused\"}}]}");
    outbox_restore(&box->outbox);
    check_push(box, 100, "1-1", 1);
    check_body(box, "{\"events\":[{\"event_type\":\"chat \\\"x\\\"\",\"payload\":{\"a\":1}}]}");
    outbox_drop(&box->outbox, 1);
    check_push(box, 100, "2-2", 1);
}

static void outbox_replace_shows_a_long_type_cut_at_a_character(void **state)
{
    struct box *box = *state;
    struct error refusal = {0};
    char type[301];
    memset(type, 'a', 199);
    for (size_t i = 199; i < 299; i += 2)
        memcpy(type + i, "\xc3\xa9", 2);
    type[299] = '\0';
    add(box, type, "1");
    outbox_replace(&box->outbox, 500, &refusal);
    assert_true(json_is_utf8(span_of(refusal.text)));
    assert_non_null(strstr(refusal.text, "a was refused by the API (500)"));
    check_push(box, 1, "1-1-r", 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(outbox_body_writes_events_in_order, set_up, tear_down),
        cmocka_unit_test_setup_teardown(outbox_body_ends_at_the_count_and_drop_goes_on, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(outbox_body_stays_under_its_maximum, set_up, tear_down),
        cmocka_unit_test_setup_teardown(outbox_body_fills_up_to_the_last_byte, set_up, tear_down),
        cmocka_unit_test_setup_teardown(outbox_add_puts_an_error_in_the_place_of_an_event_too_large,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(outbox_add_replaces_nul, set_up, tear_down),
        cmocka_unit_test_setup_teardown(outbox_split_keeps_the_halves_apart, set_up, tear_down),
        cmocka_unit_test_setup_teardown(outbox_due_knows_count_age_and_splits, set_up, tear_down),
        cmocka_unit_test_setup_teardown(outbox_replace_lets_another_event_go_in_its_place, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(outbox_replace_shows_a_long_type_cut_at_a_character, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
