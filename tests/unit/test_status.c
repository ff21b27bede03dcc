#include "status.h"

#include "json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct buffer body;

static int set_up(void **state)
{
    (void)state;
    buffer_init(&body, STATUS_BODY_MAX);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    buffer_release(&body);
    return 0;
}

static void check_body(const char *want)
{
    char *text = mem_string(buffer_span(&body));
    assert_string_equal(text, want);
    assert_true(json_check(buffer_span(&body), NULL));
    mem_free(text);
}

static void status_progress_sends_the_latest(void **state)
{
    (void)state;
    struct status_latest latest;
    status_latest_init(&latest);
    status_latest_set(&latest, -1, span_of(""));
    assert_false(latest.pending);
    status_latest_set(&latest, 10, span_of("first"));
    status_progress(&body, &latest);
    check_body("{\"progress\":10,\"current_step\":\"first\"}");
    status_latest_set(&latest, 400, span_of(""));
    status_progress(&body, &latest);
    check_body("{\"progress\":100,\"current_step\":\"first\"}");
    assert_true(latest.pending);
    latest.pending = false; /* sent */
    status_latest_set(&latest, -7, span_of("second"));
    status_latest_accepted(&latest); /* the older one */
    status_progress(&body, &latest);
    check_body("{\"progress\":100,\"current_step\":\"second\"}");
    latest.pending = false;
    status_latest_accepted(&latest);
    status_latest_set(&latest, 0, span_of(""));
    status_progress(&body, &latest);
    check_body("{\"progress\":0}");
    status_latest_release(&latest);
    status_latest_set(&latest, -1, (struct span){"a\0\"b", 4});
    status_progress(&body, &latest);
    check_body("{\"current_step\":\"a\xef\xbf\xbd\\\"b\"}");
    status_latest_release(&latest);
}

static void status_ended_tells_how(void **state)
{
    (void)state;
    static const struct {
        struct status_end end;
        const char *poison, *want;
    } cases[] = {
        {{true, 12, NULL}, "", "{\"progress\":100,\"status\":\"completed\",\"output_len\":12}"},
        {{true, 0, NULL}, "", "{\"progress\":100,\"status\":\"completed\",\"output_len\":0}"},
        {{true, -1, NULL}, "", "{\"progress\":100,\"status\":\"completed\"}"},
        {{false, -1, NULL}, "", "{\"progress\":100,\"status\":\"failed\"}"},
        {{false, 5, "a \"b\""},
         "",
         "{\"progress\":100,\"status\":\"failed\",\"error\":\"a \\\"b\\\"\"}"},
        {{true, 12, NULL}, "bad", "{\"progress\":100,\"status\":\"failed\",\"error\":\"bad\"}"},
        {{false, -1, "why"},
         "bad",
         "{\"progress\":100,\"status\":\"failed\",\"error\":\"bad; why\"}"},
        {{false, -1, "\xff\xfe!"},
         "",
         "{\"progress\":100,\"status\":\"failed\",\"error\":\"\?\?!\"}"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        status_ended(&body, &cases[i].end, cases[i].poison);
        check_body(cases[i].want);
    }
    status_running(&body);
    check_body("{\"progress\":0,\"status\":\"running\"}");
}

static size_t error_len(size_t ascii, size_t len)
{
    char *error = mem_new(len + 1);
    memset(error, 'a', ascii);
    for (size_t i = ascii; i + 3 <= len; i += 3)
        memcpy(error + i, "\xe2\x82\xac", 3);
    status_ended(&body, &(struct status_end){false, -1, error}, "");
    assert_true(json_check(buffer_span(&body), NULL));
    assert_null(memchr(body.data, '?', body.len));
    mem_free(error);
    return body.len - strlen("{\"progress\":100,\"status\":\"failed\",\"error\":\"\"}");
}

static void status_ended_cuts_the_error_between_characters(void **state)
{
    (void)state;
    assert_int_equal(error_len(2, STATUS_TEXT_MAX), STATUS_TEXT_MAX);
    assert_int_equal(error_len(2, STATUS_TEXT_MAX + 30), STATUS_TEXT_MAX);
    assert_int_equal(error_len(1, STATUS_TEXT_MAX + 30), STATUS_TEXT_MAX - 1);
    assert_int_equal(error_len(0, STATUS_TEXT_MAX + 300), STATUS_TEXT_MAX - 2);
}

static void status_bodies_hold_what_must_be_escaped(void **state)
{
    (void)state;
    char error[2 * STATUS_TEXT_MAX];
    memset(error, 1, sizeof error - 1);
    error[sizeof error - 1] = '\0';
    status_ended(&body, &(struct status_end){false, -1, error}, "");
    assert_true(json_check(buffer_span(&body), NULL));
    assert_in_range(body.len, 6 * STATUS_TEXT_MAX, STATUS_BODY_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(status_progress_sends_the_latest),
        cmocka_unit_test(status_ended_tells_how),
        cmocka_unit_test(status_ended_cuts_the_error_between_characters),
        cmocka_unit_test(status_bodies_hold_what_must_be_escaped),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
