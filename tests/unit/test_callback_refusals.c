#include "callback.h"

#include "api.h"
#include "json.h"
#include "loops.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define N(digit)        "{\"event_type\":\"n\",\"payload\":" digit "}"
#define TOKEN_ERROR     "{\"error\":{\"code\":\"BAD_REQUEST\",\"message\":\"Invalid token\"}}"
#define NOT_FOUND_ERROR "{\"error\":{\"code\":\"NOT_FOUND\",\"message\":\"Run not found\"}}"
#define REFUSED(seq, type, status)                                                                 \
    "{\"event_type\":\"error\",\"payload\":{\"message\":\"event " seq " of type " type             \
    " was refused by the API (" status ")\",\"code\":\"event.refused\"}}"

/* --- refused for good ------------------------------------------------------------------------ */

static void a_refusal_for_good_stops_everything(void **state)
{
    struct api *api = *state;
    static const struct {
        unsigned pushes; /* bit 0: running, 1: events, 2: end */
        struct server_answer answer;
    } cases[] = {
        {7, {.status = 400, .body = TOKEN_ERROR}},
        {7, {.status = 401}},
        {7, {.status = 403, .body = "<html>"}},
        {7, {.status = 404, .body = "Not Found"}},
        {2, {.status = 404, .body = NOT_FOUND_ERROR}},
        {7, {.status = 405}},
        {7, {.status = 410}},
        {7, {.status = 415}},
        {7, {.status = 302, .headers = "Location: /elsewhere\r\n"}},
        {7, {.status = 307, .headers = "Location: /elsewhere\r\n"}},
        {5, {.status = 422}},
    };
    static const char *const pushes[][2] = {
        {"progress", "running"}, {"events", NULL}, {"progress", "completed"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (size_t j = 0; j < 3; j++) {
            if (!(cases[i].pushes & (1u << j)))
                continue;
            api_start_over(api);
            api_rule(api, (struct api_rule){pushes[j][0], pushes[j][1], -1, cases[i].answer, 0});
            api_new_callback(api);
            callback_open(api->callback);
            api_say_one_event(api);
            api_expect_end(api, CALLBACK_UNDELIVERED);
            assert_int_equal(api->opens, j > 0);
            assert_int_equal(api->stops, 1);
            assert_int_equal(api->how_stopped, CALLBACK_REFUSED);
            char why[80];
            snprintf(why, sizeof why, "POST /api/v1/execution/%s: %d", pushes[j][0],
                     cases[i].answer.status);
            assert_string_equal(api->why, why);
            loops_for(api->loop, 30);
            assert_int_equal(api_requests(api), j + 1);
        }
}

static void an_unknown_run_is_proved_by_its_events(void **state)
{
    struct api *api = *state;
    struct api_rule unknown = {"progress", NULL, -1, {.status = 404, .body = NOT_FOUND_ERROR}, 0};
    api_rule(api, unknown);
    api_open(api);
    callback_progress(api->callback, 5, span_of(""));
    api_say_one_event(api);
    api_expect_end(api, CALLBACK_DELIVERED);
    assert_int_equal(api->how_opened, CALLBACK_STARTED);
    char *log = api_log(api);
    const char *warning = strstr(log, "does not know the run");
    assert_non_null(warning);
    assert_null(strstr(warning + 1, "does not know the run"));
    mem_free(log);

    api_start_over(api);
    api_rule(api, unknown);
    api_open(api);
    callback_finish(api->callback, true, -1, NULL);
    api_expect_end(api, CALLBACK_UNDELIVERED);
}

/* --- refused contents ------------------------------------------------------------------------ */

static void a_push_too_large_for_the_api_is_halved_until_it_fits(void **state)
{
    struct api *api = *state;
    static const struct server_answer answers[] = {
        {.status = 413}, {.status = 422, .body = "no"}, {.status = 400, .body = "no"}};
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        api_start_over(api);
        api->config.batch_interval_ms = 60000;
        api->config.max_batch_size = 7;
        /* two events fit, three do not */
        api_rule(api, (struct api_rule){"events", NULL, -1, answers[i],
                                        sizeof "{\"events\":[" N("1") "," N("2") "]}"});
        api_open(api);
        api_numbers(api, 1, 7);
        static const char *const bodies[] = {
            "{\"events\":[" N("1") "," N("2") "]}", "{\"events\":[" N("3") "," N("4") "]}",
            "{\"events\":[" N("5") "," N("6") "]}", "{\"events\":[" N("7") "]}"};
        static const char *const keys[] = {"-1-7", "-1-4", "-1-2", "-3-4", "-5-7", "-5-6", "-7-7"};
        static const size_t accepted[] = {2, 3, 5, 6};
        api_expect_requests(api, 8);
        callback_finish(api->callback, true, -1, NULL);
        api_expect_end(api, CALLBACK_DELIVERED);
        assert_int_equal(api->poisons + api->stops, 0);
        assert_int_equal(api_requests(api), 9);
        for (size_t k = 0; k < 7; k++)
            assert_string_equal(api->seen[k + 1].key + 32, keys[k]);
        for (size_t k = 0; k < 4; k++)
            assert_string_equal(api->seen[accepted[k] + 1].body, bodies[k]);
        assert_int_equal(callback_counted(api->callback).events, 7);
    }
}

static void an_event_refused_alone_is_replaced_and_the_run_fails(void **state)
{
    struct api *api = *state;
    api_rule(api, (struct api_rule){"events", "poison", -1, {.status = 422}, 0});
    api_open(api);
    api_numbers(api, 1, 2);
    api_event(api, "bad", "\"poison\"");
    api_numbers(api, 4, 5);
    assert_true(loops_until(api->loop, &api->poisoned, API_LIMIT_MS));
    assert_string_equal(api->poison, "event 3 of type bad was refused by the API (422)");
    callback_finish(api->callback, true, 5, NULL);
    api_expect_end(api, CALLBACK_DELIVERED);
    assert_int_equal(api->poisons, 1);
    assert_int_equal(api->stops, 0);
    /* 1-5, 1-3, 1-2, 3-3, 3-3-r, 4-5, end after `running` */
    assert_int_equal(api_requests(api), 8);
    assert_string_equal(api->seen[3].body, "{\"events\":[" N("1") "," N("2") "]}");
    assert_string_equal(api->seen[5].key + 32, "-3-3-r");
    assert_string_equal(api->seen[5].body, "{\"events\":[" REFUSED("3", "bad", "422") "]}");
    assert_string_equal(api->seen[6].body, "{\"events\":[" N("4") "," N("5") "]}");
    assert_string_equal(api->seen[7].body, "{\"progress\":100,\"status\":\"failed\",\"error\":"
                                           "\"event 3 of type bad was refused by the API (422)\"}");
}

static void two_poisoned_events_are_told_once(void **state)
{
    struct api *api = *state;
    api_rule(api, (struct api_rule){"events", "poison", -1, {.status = 400, .body = "no"}, 0});
    api_open(api);
    api_event(api, "bad", "\"poison\"");
    api_event(api, "worse", "\"poison\"");
    callback_finish(api->callback, false, -1, "the flow failed");
    api_expect_end(api, CALLBACK_DELIVERED);
    assert_int_equal(api->poisons, 1);
    assert_int_equal(api_count(api, REFUSED("1", "bad", "400")), 1);
    assert_int_equal(api_count(api, REFUSED("2", "worse", "400")), 1);
    assert_int_equal(api_count(api, "\"error\":\"event 1 of type bad was refused by the API "
                                    "(400); the flow failed\""),
                     1);
}

static void a_replacement_that_is_refused_ends_it(void **state)
{
    struct api *api = *state;
    api_rule(api, (struct api_rule){"events", NULL, -1, {.status = 422}, 0});
    api_open(api);
    api_say_one_event(api);
    api_expect_end(api, CALLBACK_UNDELIVERED);
    assert_int_equal(api->poisons, 1);
    assert_int_equal(api->how_stopped, CALLBACK_REFUSED);
    assert_string_equal(api->why, "POST /api/v1/execution/events: 422");
    assert_int_equal(api_requests(api), 3);
}

static void an_event_larger_than_a_push_poisons_the_run(void **state)
{
    struct api *api = *state;
    char *payload = mem_new(CONFIG_CALLBACK_BODY_MAX + 1);
    memset(payload, '1', CONFIG_CALLBACK_BODY_MAX);
    api_open(api);
    api_event(api, "huge", payload);
    callback_finish(api->callback, true, -1, NULL);
    api_expect_end(api, CALLBACK_DELIVERED);
    assert_int_equal(api->poisons, 1);
    assert_int_equal(api_count(api, "event 1 of type huge is larger than one push may be"), 2);
    mem_free(payload);
}

static void an_event_that_breaks_the_api_is_found_and_replaced(void **state)
{
    struct api *api = *state;
    api->config.callback_retries = 0;
    api->config.flush_ms = 20000;
    api_rule(api, (struct api_rule){"events", "poison", -1, {.status = 500}, 0});
    api_open(api);
    api_event(api, "bad", "\"poison\"");
    api_numbers(api, 2, 2);
    callback_finish(api->callback, true, -1, NULL);
    api_expect_end(api, CALLBACK_DELIVERED);
    assert_int_equal(api->poisons, 1);
    assert_int_equal(api_count(api, REFUSED("1", "bad", "500")), 1);
    static const char *const keys[] = {"-p0",  "-1-2",   "-1-2", "-1-1",
                                       "-1-1", "-1-1-r", "-2-2", "-end"};
    assert_int_equal(api_requests(api), 8);
    for (size_t i = 0; i < 8; i++)
        assert_string_equal(api->seen[i].key + 32, keys[i]);
    assert_int_equal(api_count(api, "\"status\":\"failed\""), 1);
}

static void an_api_that_is_down_blames_no_event(void **state)
{
    struct api *api = *state;
    api->config.callback_retries = 0;
    api->config.flush_ms = 20000;
    /* two rounds and the probe */
    api_rule(api, (struct api_rule){"events", NULL, 3, {.status = 503}, 0});
    api_open(api);
    api_say_one_event(api);
    api_expect_end(api, CALLBACK_DELIVERED);
    assert_int_equal(api->poisons, 0);
    static const char *const keys[] = {"-p0", "-1-1", "-1-1", "-1-1-r", "-1-1", "-end"};
    assert_int_equal(api_requests(api), 6);
    for (size_t i = 0; i < 6; i++)
        assert_string_equal(api->seen[i].key + 32, keys[i]);
    assert_string_equal(api->seen[4].body, "{\"events\":[" N("1") "]}");
    assert_int_equal(api_count(api, "\"status\":\"completed\""), 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, api_set_up, api_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_refusal_for_good_stops_everything),
        TEST(an_unknown_run_is_proved_by_its_events),
        TEST(a_push_too_large_for_the_api_is_halved_until_it_fits),
        TEST(an_event_refused_alone_is_replaced_and_the_run_fails),
        TEST(two_poisoned_events_are_told_once),
        TEST(a_replacement_that_is_refused_ends_it),
        TEST(an_event_larger_than_a_push_poisons_the_run),
        TEST(an_event_that_breaks_the_api_is_found_and_replaced),
        TEST(an_api_that_is_down_blames_no_event),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
