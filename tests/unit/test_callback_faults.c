#include "callback.h"

#include "api.h"
#include "json.h"
#include "loops.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#define N(digit) "{\"event_type\":\"n\",\"payload\":" digit "}"

/* The first request of that kind, and the one after it, are the same. */
static bool was_sent_twice(struct api *api, const char *path, const char *holds)
{
    for (size_t i = 0; i + 1 < api->seen_count; i++) {
        const struct api_seen *seen = &api->seen[i], *next = seen + 1;
        if (strstr(seen->path, path) && (!holds || strstr(seen->body, holds)))
            return strcmp(seen->key, next->key) == 0 && strcmp(seen->body, next->body) == 0;
    }
    return false;
}

static char large_answer[128 * 1024];

static void what_fails_is_sent_again_under_the_same_key(void **state)
{
    struct api *api = *state;
    memset(large_answer, ' ', sizeof large_answer - 1);
    large_answer[0] = '1';
    const struct {
        const char *what;
        struct server_answer answer;
    } faults[] = {
        {"500", {.status = 500, .body = "{\"error\":{\"code\":\"INTERNAL_ERROR\"}}"}},
        {"503", {.status = 503}},
        {"408", {.status = 408}},
        {"425", {.status = 425}},
        {"429", {.status = 429}},
        {"closed socket", {.fault = SERVER_CLOSES}},
        {"reset", {.fault = SERVER_RESETS}},
        {"half an answer", {.body = "{\"accepted\":true}", .fault = SERVER_HALF}},
        {"half a head", {.status = 200, .fault = SERVER_CUTS}},
        {"no answer", {.fault = SERVER_HANGS}},
        {"HTML", {.status = 200, .body = "<html>Please log in</html>"}},
        {"too much", {.status = 200, .body = large_answer}},
    };
    static const char *const pushes[][2] = {
        {"progress", "running"}, {"events", NULL}, {"progress", "completed"}};
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++)
        for (size_t j = 0; j < 3; j++) {
            api_start_over(api);
            api->config.callback_timeout_ms = faults[i].answer.fault == SERVER_HANGS ? 300 : 5000;
            api_rule(api, (struct api_rule){pushes[j][0], pushes[j][1], 1, faults[i].answer, 0});
            api_open(api);
            api_say_one_event(api);
            api_expect_end(api, CALLBACK_DELIVERED);
            assert_int_equal(api->stops + api->poisons, 0);
            if (!was_sent_twice(api, pushes[j][0], pushes[j][1]))
                fail_msg("%s was not tried again", faults[i].what);
            assert_int_equal(callback_counted(api->callback).events, 1);
        }
}

static void wait_for_retry_after(struct api *api, const char *value)
{
    char header[96];
    snprintf(header, sizeof header, "Retry-After: %s\r\n", value);
    api_start_over(api);
    api_open(api);
    api_rule(api, (struct api_rule){"events", NULL, 1, {.status = 503, .headers = header}, 0});
    api_say_one_event(api);
    api_expect_end(api, CALLBACK_DELIVERED);
}

static void a_retry_after_is_honoured_in_both_forms(void **state)
{
    struct api *api = *state;
    wait_for_retry_after(api, "1");
    assert_true(api->seen[2].at_ms - api->seen[1].at_ms >= 1000);
    /* a date is judged by our clock, which is a day ahead of the machine's */
    api->clock.wall_turn_ms = 86400 * 1000;
    int64_t date_ms = (clock_wall_ms(&api->clock) / 1000 + 2) * 1000;
    time_t date = (time_t)(date_ms / 1000);
    struct tm parts;
    char text[64];
    strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", gmtime_r(&date, &parts));
    int64_t due_ms = loop_mono_ms(api->loop) + date_ms - loop_wall_ms(api->loop);
    wait_for_retry_after(api, text);
    assert_true(api->seen[2].at_ms >= due_ms - 20);
}

static void an_api_that_comes_back_gets_what_it_missed(void **state)
{
    struct api *api = *state;
    int port = server_port(api->server);
    char base[64];
    snprintf(base, sizeof base, "http://127.0.0.1:%d", port);
    api->base = mem_copy(base);
    server_stop(api->server);
    api->server = NULL;
    api_new_callback(api);
    callback_open(api->callback);
    api_numbers(api, 1, 3);
    loops_for(api->loop, 300);
    assert_int_equal(api->opens, 0);
    api_serve(api, port);
    callback_finish(api->callback, true, -1, NULL);
    api_expect_end(api, CALLBACK_DELIVERED);
    assert_int_equal(api->opens, 1);
    assert_int_equal(api_count(api, "event_type"), 3);
    assert_true(callback_counted(api->callback).retries >= 1);
}

/* --- time ------------------------------------------------------------------------------------ */

static void broken_progress_does_not_hold_up_events(void **state)
{
    struct api *api = *state;
    api_open(api);
    api_rule(api, (struct api_rule){"progress", "current_step", -1, {.status = 500}, 0});
    callback_progress(api->callback, 5, span_of("first"));
    callback_progress(api->callback, -1, span_of("second"));
    api_numbers(api, 1, 2);
    api_expect_requests(api, 4);
    assert_string_equal(api->seen[1].key, api->seen[2].key);
    assert_string_equal(api->seen[3].body, "{\"events\":[" N("1") "," N("2") "]}");
    callback_finish(api->callback, true, -1, NULL);
    api_expect_end(api, CALLBACK_DELIVERED);
}

static void after_the_end_there_is_a_limit_but_one_whole_round(void **state)
{
    struct api *api = *state;
    api->config.flush_ms = 0;
    api->config.callback_retries = 2;
    api_open(api);
    api_rule(api, (struct api_rule){"events", NULL, -1, {.status = 503}, 0});
    api_numbers(api, 1, 1);
    api_expect_requests(api, 2);
    size_t before = api_requests(api);
    callback_finish(api->callback, true, -1, NULL);
    api_expect_end(api, CALLBACK_UNDELIVERED);
    assert_true(api_requests(api) - before >= 2);
    assert_string_equal(api->why, "not delivered in time: POST /api/v1/execution/events: 503");
    assert_int_equal(api->stops, 0);
    assert_int_equal(api_count(api, "completed"), 0);
}

static void what_waits_between_rounds_is_tried_when_the_run_ends(void **state)
{
    struct api *api = *state;
    api->config.flush_ms = 0;
    api->config.callback_retries = 0;
    api_open(api);
    api_rule(api, (struct api_rule){"events", NULL, 2, {.status = 429}, 0});
    api_numbers(api, 1, 1);
    api_expect_requests(api, 3);
    loops_for(api->loop, 30);
    int64_t begun_ms = loop_mono_ms(api->loop);
    callback_finish(api->callback, true, -1, NULL);
    api_expect_end(api, CALLBACK_DELIVERED);
    assert_true(loop_mono_ms(api->loop) - begun_ms < 1900); /* it would have been two seconds */
}

static void a_run_that_cannot_be_opened_is_given_up(void **state)
{
    struct api *api = *state;
    api->config.flush_ms = 50;
    api_rule(api, (struct api_rule){"progress", NULL, -1, {.status = 502}, 0});
    api_new_callback(api);
    callback_open(api->callback);
    api_expect_end(api, CALLBACK_UNDELIVERED);
    assert_int_equal(api->opens, 0);
    assert_int_equal(api_requests(api), 2);
    assert_string_equal(api->why, "not delivered in time: POST /api/v1/execution/progress: 502");
}

static void the_deadline_ends_a_try_that_hangs(void **state)
{
    struct api *api = *state;
    api->config.callback_timeout_ms = 600000;
    api_rule(api, (struct api_rule){.path = "events", .times = -1, .answer.fault = SERVER_HANGS});
    api->left_ms = 500;
    api_open(api);
    api_say_one_event(api);
    int64_t begun_ms = loop_mono_ms(api->loop);
    api_expect_end(api, CALLBACK_UNDELIVERED);
    assert_true(loop_mono_ms(api->loop) - begun_ms < 5000);
    assert_memory_equal(api->why, "not delivered before the deadline", 33);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, api_set_up, api_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_fails_is_sent_again_under_the_same_key),
        TEST(a_retry_after_is_honoured_in_both_forms),
        TEST(an_api_that_comes_back_gets_what_it_missed),
        TEST(broken_progress_does_not_hold_up_events),
        TEST(after_the_end_there_is_a_limit_but_one_whole_round),
        TEST(what_waits_between_rounds_is_tried_when_the_run_ends),
        TEST(a_run_that_cannot_be_opened_is_given_up),
        TEST(the_deadline_ends_a_try_that_hangs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
