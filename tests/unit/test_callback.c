#include "callback.h"

#include "api.h"
#include "json.h"
#include "loops.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define RUNNING   "{\"progress\":0,\"status\":\"running\"}"
#define COMPLETED "{\"progress\":100,\"status\":\"completed\"}"
#define N(digit)  "{\"event_type\":\"n\",\"payload\":" digit "}"
#define OVER      "{\"accepted\":false,\"status\":\"Cancelled\"}"
#define BODIES(...)                                                                                \
    (const char *const[]){__VA_ARGS__}, sizeof(const char *const[]){__VA_ARGS__} / sizeof(char *)

static void a_run_is_told_in_order_on_one_connection(void **state)
{
    struct api *api = *state;
    api_open(api);
    assert_int_equal(api->how_opened, CALLBACK_STARTED);
    api_event(api, "log", "{\"message\":\"Execution started\"}");
    api_event(api, "generic_result", "[1,2.50,-0.0,12345678901234567890]");
    callback_finish(api->callback, true, 34, NULL);
    api_expect_end(api, CALLBACK_DELIVERED);
    assert_int_equal(api_requests(api), 3);
    api_check_bodies(
        api, 0,
        BODIES(RUNNING,
               "{\"events\":[{\"event_type\":\"log\",\"payload\":{\"message\":\"Execution "
               "started\"}},{\"event_type\":\"generic_result\",\"payload\":"
               "[1,2.50,-0.0,12345678901234567890]}]}",
               "{\"progress\":100,\"status\":\"completed\",\"output_len\":34}"));
    assert_string_equal(api->seen[0].path, "/api/v1/execution/progress");
    assert_string_equal(api->seen[1].path, "/api/v1/execution/events");
    assert_string_equal(api->seen[2].path, "/api/v1/execution/progress");
    assert_int_equal(server_connections(api->server), 1);
    struct callback_counts counts = callback_counted(api->callback);
    assert_int_equal(counts.events, 2);
    assert_int_equal(counts.pushes, 3);
    assert_int_equal(counts.retries, 0);
    assert_int_equal(api->stops + api->poisons + api->rooms, 0);
    char *log = api_log(api);
    assert_string_equal(log, "");
    mem_free(log);
}

static void runs_share_connections(void **state)
{
    struct api *api = *state;
    for (int i = 0; i < 3; i++) {
        api->opened = api->ended = false;
        api->ends = 0;
        api_open(api);
        api_numbers(api, 1, 1);
        callback_finish(api->callback, true, -1, NULL);
        api_expect_end(api, CALLBACK_DELIVERED);
        callback_free(api->callback);
        api->callback = NULL;
    }
    assert_int_equal(server_connections(api->server), 1);
}

static void every_request_says_who_it_is(void **state)
{
    struct api *api = *state;
    api_open(api);
    api_numbers(api, 1, 1);
    callback_finish(api->callback, true, -1, NULL);
    api_expect_end(api, CALLBACK_DELIVERED);
    char *id = mem_string((struct span){api->seen[0].key, 32});
    assert_int_equal(strspn(id, "0123456789abcdef"), 32);
    static const char *const keys[] = {"-p0", "-1-1", "-end"};
    for (size_t i = 0; i < 3; i++) {
        const struct api_seen *seen = &api->seen[i];
        assert_memory_equal(seen->headers, "POST ", 5);
        assert_non_null(strstr(seen->headers, "Authorization: Bearer " API_TOKEN "\r\n"));
        assert_non_null(strstr(seen->headers, "Content-Type: application/json\r\n"));
        assert_non_null(strstr(seen->headers, "User-Agent: moonmill/" MOONMILL_VERSION "\r\n"));
        assert_non_null(strstr(seen->headers, "X-Amzn-Trace-Id: " API_TRACE "\r\n"));
        assert_non_null(strstr(seen->headers, "traceparent: " API_PARENT "\r\n"));
        assert_null(strcasestr(seen->headers, "\r\nExpect:"));
        assert_memory_equal(seen->key, id, 32);
        assert_string_equal(seen->key + 32, keys[i]);
    }
    mem_free(id);
}

/* Each answer takes a while: whoever does not wait for it comes too early, or on a connection of
 * its own. */
static void one_request_is_in_flight(void **state)
{
    struct api *api = *state;
    struct server_answer slow = {.status = 200, .delay_ms = 30};
    api_rule(api, (struct api_rule){.path = "", .times = -1, .answer = slow});
    api->config.max_batch_size = 2;
    api_open(api);
    for (int i = 0; i < 4; i++) {
        api_numbers(api, 3 * i + 1, 3 * i + 3);
        callback_progress(api->callback, 10 * i, span_of("step"));
        loops_for(api->loop, 25);
    }
    callback_finish(api->callback, true, -1, NULL);
    api_expect_end(api, CALLBACK_DELIVERED);
    for (size_t i = 1; i < api->seen_count; i++)
        assert_true(api->seen[i].at_ms - api->seen[i - 1].at_ms >= 30);
    assert_int_equal(server_connections(api->server), 1);
    assert_int_equal(api_count(api, "event_type"), 12);
    assert_true(strstr(api->seen[api->seen_count - 1].key, "-end") != NULL);
}

static void events_go_when_there_are_enough(void **state)
{
    struct api *api = *state;
    api->config.max_batch_size = 3;
    api->config.batch_interval_ms = 60000;
    api_open(api);
    api_numbers(api, 1, 2);
    loops_for(api->loop, 50);
    assert_int_equal(api_requests(api), 1);
    api_numbers(api, 3, 7);
    api_expect_requests(api, 3);
    loops_for(api->loop, 50);
    assert_int_equal(api_requests(api), 3);
    callback_finish(api->callback, true, -1, NULL);
    api_expect_end(api, CALLBACK_DELIVERED);
    api_check_bodies(api, 0,
                     BODIES(RUNNING, "{\"events\":[" N("1") "," N("2") "," N("3") "]}",
                            "{\"events\":[" N("4") "," N("5") "," N("6") "]}",
                            "{\"events\":[" N("7") "]}", COMPLETED));
    assert_string_equal(api->seen[2].key + 32, "-4-6");
}

static void events_go_when_the_interval_is_over(void **state)
{
    struct api *api = *state;
    api->config.batch_interval_ms = 60;
    api_open(api);
    int64_t begun_ms = clock_mono_ms(&(struct clock){0});
    api_numbers(api, 1, 2);
    api_expect_requests(api, 2);
    assert_true(api->seen[1].at_ms - begun_ms >= 60);
    api_check_bodies(api, 1, BODIES("{\"events\":[" N("1") "," N("2") "]}"));
}

static void a_push_stays_under_a_mebibyte(void **state)
{
    struct api *api = *state;
    char *payload = mem_new(250 * 1024 + 1);
    memset(payload, 'x', 250 * 1024);
    payload[0] = payload[250 * 1024 - 1] = '"';
    api_open(api);
    for (int i = 0; i < 10; i++)
        api_event(api, "big", payload);
    callback_finish(api->callback, true, -1, NULL);
    api_expect_end(api, CALLBACK_DELIVERED);
    for (size_t i = 0; i < api->seen_count; i++)
        assert_in_range(strlen(api->seen[i].body), 1, CONFIG_CALLBACK_BODY_MAX - 1);
    assert_int_equal(api_count(api, "event_type"), 10);
    assert_int_equal(api_requests(api), 5); /* 4, 4 and 2 events */
    mem_free(payload);
}

static void a_full_buffer_asks_for_a_pause_and_says_when_there_is_room(void **state)
{
    struct api *api = *state;
    struct server_answer slow = {.status = 200, .delay_ms = 50};
    api_rule(api, (struct api_rule){.path = "events", .times = 1, .answer = slow});
    api->config.buffer_limit_bytes = 1024;
    api->config.batch_interval_ms = 60000;
    api_open(api);
    int count = 0;
    while (!callback_full(api->callback)) {
        count++;
        api_numbers(api, count, count);
    }
    assert_in_range(count, 5, 40); /* what an event costs beside its text counts, too */
    assert_true(loops_until(api->loop, &api->room, API_LIMIT_MS));
    assert_false(callback_full(api->callback));
    loops_for(api->loop, 20);
    assert_int_equal(api->rooms, 1);
    assert_int_equal(callback_counted(api->callback).events, count);
}

static void progress_is_coalesced_and_clamped(void **state)
{
    struct api *api = *state;
    api->config.batch_interval_ms = 40;
    int64_t begun_ms = loop_mono_ms(api->loop);
    api_open(api);
    for (int i = 0; i < 50; i++) {
        callback_progress(api->callback, i, span_of(""));
        loops_for(api->loop, 1);
    }
    callback_progress(api->callback, 1000, span_of("almost \"done\""));
    int64_t end_ms = loop_mono_ms(api->loop) + API_LIMIT_MS;
    while (api_count(api, "{\"progress\":100,\"current_step\":\"almost \\\"done\\\"\"}") == 0) {
        assert_true(loop_mono_ms(api->loop) < end_ms);
        loops_for(api->loop, 5);
    }
    callback_finish(api->callback, false, -1, "because");
    api_expect_end(api, CALLBACK_DELIVERED);
    int64_t took_ms = loop_mono_ms(api->loop) - begun_ms;
    assert_in_range(api_requests(api), 4, took_ms / api->config.batch_interval_ms + 4);
    assert_string_equal(api->seen[1].key + 32, "-p1");
    assert_string_equal(api->seen[2].key + 32, "-p2");
    assert_int_equal(
        api_count(api, "{\"progress\":100,\"status\":\"failed\",\"error\":\"because\"}"), 1);
}

static void progress_that_waits_is_not_sent_after_the_end(void **state)
{
    struct api *api = *state;
    api->config.batch_interval_ms = 60000;
    api_open(api);
    callback_progress(api->callback, 1, span_of("first"));
    callback_progress(api->callback, 2, span_of("second"));
    callback_finish(api->callback, true, -1, NULL);
    api_expect_end(api, CALLBACK_DELIVERED);
    assert_int_equal(api_requests(api), 2); /* running and the end: the interval was not over */
}

static void a_flush_sends_events_and_no_terminal_status(void **state)
{
    struct api *api = *state;
    api->config.batch_interval_ms = 60000;
    api_open(api);
    api_numbers(api, 1, 2);
    callback_flush(api->callback);
    callback_finish(api->callback, true, -1, NULL); /* too late to say more */
    api_numbers(api, 3, 3);
    api_expect_end(api, CALLBACK_FLUSHED);
    assert_int_equal(api_requests(api), 2);
    api_check_bodies(api, 1, BODIES("{\"events\":[" N("1") "," N("2") "]}"));
}

static void what_was_said_before_it_opened_waits(void **state)
{
    struct api *api = *state;
    api_rule(api, (struct api_rule){"progress", "running", 1, {.status = 200, .delay_ms = 50}, 0});
    api->config.max_batch_size = 1;
    api_new_callback(api);
    api_numbers(api, 1, 1);
    callback_open(api->callback);
    api_numbers(api, 2, 2);
    callback_finish(api->callback, true, -1, NULL);
    api_expect_end(api, CALLBACK_DELIVERED);
    assert_int_equal(api->opens, 1);
    api_check_bodies(
        api, 0,
        BODIES(RUNNING, "{\"events\":[" N("1") "]}", "{\"events\":[" N("2") "]}", COMPLETED));
}

static void a_terminal_run_is_a_duplicate(void **state)
{
    struct api *api = *state;
    api_rule(api, (struct api_rule){"progress", NULL, 1, {.status = 200, .body = OVER}, 0});
    api_new_callback(api);
    api_numbers(api, 1, 2);
    callback_open(api->callback);
    api_expect_end(api, CALLBACK_DELIVERED);
    assert_int_equal(api->opens, 1);
    assert_int_equal(api->how_opened, CALLBACK_DUPLICATE);
    assert_int_equal(api->stops, 0);
    assert_int_equal(api_requests(api), 1);
    api_numbers(api, 3, 3); /* to nobody */
    callback_finish(api->callback, true, -1, NULL);
    loops_for(api->loop, 40);
    assert_int_equal(api_requests(api), 1);
}

static void a_run_that_became_terminal_is_cancelled(void **state)
{
    struct api *api = *state;
    static const char *const paths[] = {"events", "progress"};
    for (size_t i = 0; i < 2; i++) {
        api->opened = api->ended = api->stopped = false;
        api->stops = api->ends = 0;
        api_open(api);
        size_t before = api_requests(api);
        api_rule(api, (struct api_rule){paths[i], NULL, 1, {.status = 200, .body = OVER}, 0});
        if (i == 0)
            api_numbers(api, 1, 3);
        else
            callback_progress(api->callback, 7, span_of(""));
        api_expect_end(api, CALLBACK_DELIVERED);
        assert_int_equal(api->stops, 1);
        assert_int_equal(api->how_stopped, CALLBACK_CANCELLED);
        assert_non_null(strstr(api->why, i == 0 ? "POST /api/v1/execution/events: 200 with "
                                                  "accepted:false"
                                                : "POST /api/v1/execution/progress: 200 with "
                                                  "accepted:false"));
        assert_int_equal(api_requests(api), before + 1);
        assert_false(callback_full(api->callback));
        callback_free(api->callback);
        api->callback = NULL;
    }
}

static void a_terminal_status_that_was_known_is_delivered(void **state)
{
    struct api *api = *state;
    api_open(api);
    api_rule(api, (struct api_rule){"progress", NULL, 1, {.status = 200, .body = OVER}, 0});
    api_numbers(api, 1, 1);
    callback_finish(api->callback, true, -1, NULL);
    api_expect_end(api, CALLBACK_DELIVERED);
    assert_int_equal(api->stops, 0);
}

static void nul_becomes_a_replacement_character_with_one_warning(void **state)
{
    struct api *api = *state;
    api_open(api);
    api_event(api, "first", "\"a\\u0000b\"");
    api_event(api, "second", "\"\\u0000\"");
    callback_finish(api->callback, true, -1, NULL);
    api_expect_end(api, CALLBACK_DELIVERED);
    assert_int_equal(api_count(api, "\\u0000"), 0);
    assert_int_equal(api_count(api, "\xef\xbf\xbd"), 2);
    char *log = api_log(api);
    const char *warning = strstr(log, "U+0000 in an event became U+FFFD");
    assert_non_null(warning);
    assert_non_null(strstr(log, "\"event_type\":\"first\""));
    assert_null(strstr(warning + 1, "U+0000"));
    mem_free(log);
}

static void literal_urls_are_taken_as_they_are(void **state)
{
    struct api *api = *state;
    api->config.callback_paths_literal = true;
    api_open(api);
    api_numbers(api, 1, 1);
    callback_finish(api->callback, true, -1, NULL);
    api_expect_end(api, CALLBACK_DELIVERED);
    assert_string_equal(api->seen[0].path, "/progress");
    assert_string_equal(api->seen[1].path, "/");
}

static void callback_new_says_why_it_refuses(void **state)
{
    struct api *api = *state;
    static const struct {
        const char *url, *token, *why;
    } cases[] = {
        {"ftp://a", "t", "neither http:// nor https://"},
        {"http://u:p@a", "t", "user information"},
        {"http://a", "t\r\nX-More: 1", "the token holds a control character"},
    };
    struct callback_user user = {0};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct error err = {0};
        struct callback_spec spec = {cases[i].url, cases[i].token, NULL, INT64_MAX};
        assert_null(callback_new(api->loop, &api->config, &api->log, &spec, &user, &err));
        assert_int_equal(err.kind, ERROR_INPUT);
        assert_non_null(strstr(err.text, cases[i].why));
    }
    callback_free(NULL);
}

static void the_user_is_told_later_never_at_once(void **state)
{
    struct api *api = *state;
    api->left_ms = -5;
    api_new_callback(api);
    callback_open(api->callback);
    api_numbers(api, 1, 1);
    callback_progress(api->callback, 1, span_of("x"));
    callback_finish(api->callback, true, -1, NULL);
    assert_int_equal(api->opens + api->stops + api->ends, 0);
    api_expect_end(api, CALLBACK_UNDELIVERED);
    assert_string_equal(api->why, "not delivered before the deadline");
    assert_int_equal(api_requests(api), 0);
}

static void the_user_may_free_whenever_it_is_told_something(void **state)
{
    struct api *api = *state;
    for (int i = 0; i < 4; i++) {
        api->opened = api->ended = api->stopped = api->room = false;
        api->stops = api->ends = 0;
        api->frees_on_opened = i == 0;
        api->frees_on_stopped = i == 1;
        api->frees_on_room = i == 2;
        api->frees_on_ended = i == 3;
        api->config.buffer_limit_bytes = 40;
        api_open(api);
        if (i == 1)
            api_rule(api, (struct api_rule){"events", NULL, 1, {.status = 403}, 0});
        if (api->callback)
            api_numbers(api, 1, 2);
        if (i == 2)
            assert_true(loops_until(api->loop, &api->room, API_LIMIT_MS));
        if (api->callback && i != 2)
            callback_finish(api->callback, true, -1, NULL);
        loops_until(api->loop, i == 1 ? &api->stopped : &api->ended, i == 0 || i == 2 ? 20 : 5000);
        assert_null(api->callback);
        assert_int_equal(api->ends, i == 3);
    }
}

static void a_callback_is_freed_in_mid_flight(void **state)
{
    struct api *api = *state;
    api_rule(api, (struct api_rule){.path = "events", .times = -1, .answer.fault = SERVER_HANGS});
    api_open(api);
    api_numbers(api, 1, 1);
    api_expect_requests(api, 2);
    callback_free(api->callback);
    api->callback = NULL;
    loops_for(api->loop, 20);
    assert_int_equal(api->ends, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, api_set_up, api_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_run_is_told_in_order_on_one_connection),
        TEST(runs_share_connections),
        TEST(every_request_says_who_it_is),
        TEST(one_request_is_in_flight),
        TEST(events_go_when_there_are_enough),
        TEST(events_go_when_the_interval_is_over),
        TEST(a_push_stays_under_a_mebibyte),
        TEST(a_full_buffer_asks_for_a_pause_and_says_when_there_is_room),
        TEST(progress_is_coalesced_and_clamped),
        TEST(progress_that_waits_is_not_sent_after_the_end),
        TEST(a_flush_sends_events_and_no_terminal_status),
        TEST(what_was_said_before_it_opened_waits),
        TEST(a_terminal_run_is_a_duplicate),
        TEST(a_run_that_became_terminal_is_cancelled),
        TEST(a_terminal_status_that_was_known_is_delivered),
        TEST(nul_becomes_a_replacement_character_with_one_warning),
        TEST(literal_urls_are_taken_as_they_are),
        TEST(callback_new_says_why_it_refuses),
        TEST(the_user_is_told_later_never_at_once),
        TEST(the_user_may_free_whenever_it_is_told_something),
        TEST(a_callback_is_freed_in_mid_flight),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
