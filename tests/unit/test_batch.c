/* batch: the records of one invocation beside each other: what is no job, whose token is no proof,
 * twins, FIFO groups. */
#include "house.h"

#include "loops.h"
#include "mint.h"

// clang-format off
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
// clang-format on
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LIMIT_MS     60000
#define ALL_DONE     "{\"batchItemFailures\":[]}"
#define RETURNED(id) "{\"batchItemFailures\":[{\"itemIdentifier\":\"m-" id "\"}]}"

/* One house a test; static, because it is large. */
static struct house house;

/* --- records that do not become runs ---------------------------------------------------------- */

static void a_record_that_is_no_job_fails_alone(void **state)
{
    (void)state;
    static const char *const bodies[] = {
        "",
        "not json",
        "[]",
        "{}",
        "{\"job_id\":1}",
        "{\"job_id\":\"secret-value\",\"run_id\":\"r\",\"app_id\":\"a\",\"board_id\":\"b\"}"};
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        house_start_with_flow(&house, NULL, "hello", house_hello);
        struct jobs_record jobs[] = {{.run = "bad", .body = bodies[i]},
                                     {.run = "r1", .flow = "hello"}};
        char *event = house_event(&house, jobs, 2);
        assert_string_equal(house_run(&house, event, 0, LIMIT_MS), RETURNED("bad"));
        mem_free(event);
        house_assert_terminal(&house, "r1", "\"completed\"");
        assert_true(house_logged(&house, "\"message\":\"record refused\""));
        assert_false(house_logged(&house, "secret-value"));
        house_stop(&house);
    }
}

static void an_event_json_that_does_not_parse_is_ignored_with_a_warning(void **state)
{
    (void)state;
    const char *place = "\\\"stream_state\\\"", *odd = "\\\"event_json\\\":\\\"nope\\\",";
    house_start_with_flow(&house, NULL, "hello", house_hello);
    struct jobs_record job = {.run = "r1", .flow = "hello"};
    char *event = house_event(&house, &job, 1);
    char *at = strstr(event, place);
    assert_non_null(at);
    struct buffer changed;
    buffer_init(&changed, 65536);
    buffer_add(&changed, (struct span){event, (size_t)(at - event)});
    buffer_text(&changed, odd);
    buffer_add(&changed, (struct span){at, strlen(at) + 1});
    assert_string_equal(house_run(&house, changed.data, 0, LIMIT_MS), ALL_DONE);
    assert_true(house_logged(&house, "event_json is ignored"));
    buffer_release(&changed);
    mem_free(event);
    house_stop(&house);
}

static void a_record_without_a_valid_token_is_refused_and_calls_nobody(void **state)
{
    (void)state;
    house_start_with_flow(&house, NULL, "hello", house_hello);
    struct jobs_record jobs[] = {{.run = "bad", .flow = "hello", .token = "not.a.token"},
                                 {.run = "r1", .flow = "hello"}};
    char *event = house_event(&house, jobs, 2);
    assert_string_equal(house_run(&house, event, 0, LIMIT_MS), RETURNED("bad"));
    mem_free(event);
    assert_int_equal(house_count(&house, "bad", HOUSE_RUNNING), 0);
    house_assert_terminal(&house, "r1", "\"completed\"");
    house_stop(&house);
}

/* The API's key set: at first the one before its key was changed. */
static struct server_answer serve_keys(void *arg, const struct server_request *request)
{
    char *const *sets = arg;
    static int asked;
    assert_string_equal(request->path, "/execution/.well-known/jwks.json");
    return (struct server_answer){.status = 200, .body = sets[asked++ ? 1 : 0]};
}

static void a_key_that_was_changed_is_learned_while_the_record_waits(void **state)
{
    (void)state;
    size_t len;
    char url[128], old_key[] = "/tmp/moonmill-key-XXXXXX";
    close(mkstemp(old_key));
    mint_key(old_key);
    char *sets[] = {mint_jwks(old_key, "old", NULL, NULL), mint_file(TEST_DATA "/jwks.json", &len)};
    struct server *keys = server_start(0, serve_keys, sets);
    snprintf(url, sizeof url, "API_URL=%s", server_url(keys));
    house_start_with_flow(&house, (const char *[]){"BACKEND_PUB=", url, NULL}, "hello",
                          house_hello);
    house_run_one(&house, &(struct jobs_record){.run = "r1", .flow = "hello"}, 0, ALL_DONE);
    house_assert_terminal(&house, "r1", "\"completed\"");
    house_stop(&house);
    server_stop(keys);
    mem_free(sets[0]);
    mem_free(sets[1]);
    unlink(old_key);
}

static void a_record_whose_keys_cannot_be_fetched_goes_back(void **state)
{
    (void)state;
    house_start_with_flow(&house,
                          (const char *[]){"BACKEND_PUB=", "API_URL=http://127.0.0.1:9", NULL},
                          "hello", house_hello);
    house_run_one(&house, &(struct jobs_record){.run = "r1", .flow = "hello"}, 3000,
                  RETURNED("r1"));
    assert_true(house_logged(&house, "\"message\":\"record refused\""));
    house_stop(&house);
}

static void an_event_with_a_record_without_id_is_refused_whole(void **state)
{
    (void)state;
    struct error err = {0};
    house_start_with_flow(&house, NULL, "hello", house_hello);
    struct jobs_record jobs[] = {{.run = "r1", .flow = "hello"},
                                 {.run = "r2", .flow = "hello", .message = ""}};
    char *event = house_event(&house, jobs, 2);
    struct batch_spec spec = {.event = span_of(event), .request_id = "request-1"};
    assert_null(batch_new(&house.stages, &spec, NULL, NULL, &err));
    assert_non_null(strstr(err.text, "messageId"));
    mem_free(event);
    house_stop(&house);
}

static void two_records_of_one_run_run_once_and_share_its_fate(void **state)
{
    (void)state;
    house_start_with_flow(&house, NULL, "hello", house_hello);
    house_flow(&house, "sleepy", house_sleepy);
    struct jobs_record jobs[] = {{.run = "r1", .flow = "hello"},
                                 {.run = "r1", .flow = "hello", .message = "m-twin"}};
    char *event = house_event(&house, jobs, 2);
    assert_string_equal(house_run(&house, event, 0, LIMIT_MS), ALL_DONE);
    assert_int_equal(house_count(&house, "r1", HOUSE_RUNNING), 1);
    mem_free(event);
    house_refuse(&house, HOUSE_RUNNING, (struct server_answer){.status = 403});
    jobs[0].run = jobs[1].run = "r2";
    event = house_event(&house, jobs, 2);
    assert_string_equal(house_run(&house, event, 0, LIMIT_MS),
                        "{\"batchItemFailures\":[{\"itemIdentifier\":\"m-r2\"},"
                        "{\"itemIdentifier\":\"m-twin\"}]}");
    mem_free(event);
    house_stop(&house);
}

static void a_record_that_comes_often_is_warned_of(void **state)
{
    (void)state;
    static const char warning[] = "a dead letter queue is near";
    for (int count = 2; count <= 4; count++) {
        house_start_with_flow(&house, NULL, "hello", house_hello);
        house_run_one(&house,
                      &(struct jobs_record){.run = "r1", .flow = "hello", .receive_count = count},
                      0, ALL_DONE);
        assert_int_equal(house_logged(&house, warning), count >= 3);
        house_stop(&house);
    }
}

/* "itemIdentifier" is longer than "messageId": an event of nothing but long ids fits, its answer
 * does not. */
static char *event_of_ids(size_t count)
{
    struct buffer event;
    buffer_init(&event, CONFIG_PAYLOAD_MAX);
    buffer_text(&event, "{\"Records\":[");
    for (size_t i = 0; i < count; i++) {
        buffer_format(&event, "%s{\"messageId\":\"%05zu", i ? "," : "", i);
        for (int c = 0; c < 101; c++)
            buffer_text(&event, "\\u0001");
        buffer_text(&event, "\"}");
    }
    assert_true(buffer_text(&event, "]}"));
    char *text = mem_string(buffer_span(&event));
    buffer_release(&event);
    return text;
}

static void keep_response(void *arg, struct span response)
{
    *(struct span *)arg = response;
    house.done = true;
}

static void an_answer_that_would_not_fit_is_none(void **state)
{
    (void)state;
    struct span response = {"", 1};
    struct error err = {0};
    char *event = event_of_ids(10000);
    house_start(&house, (const char *[]){"AWS_LAMBDA_LOG_LEVEL=ERROR", NULL});
    struct batch_spec spec = {.event = span_of(event), .request_id = "request-1"};
    struct batch *batch = batch_new(&house.stages, &spec, keep_response, &response, &err);
    assert_non_null(batch);
    assert_true(loops_until(house.stages.loop, &house.done, LIMIT_MS));
    batch_free(batch);
    assert_null(response.at);
    assert_int_equal(response.len, 0);
    assert_true(house_logged(&house, "the whole batch goes back"));
    mem_free(event);
    house_stop(&house);
}

/* --- FIFO ------------------------------------------------------------------------------------- */

static struct server_answer refuse_second(struct house *of, enum house_push_kind kind,
                                          const char *run, unsigned nth)
{
    (void)of;
    (void)nth;
    if (kind == HOUSE_RUNNING && strcmp(run, "a2") == 0)
        return (struct server_answer){.status = 403};
    return (struct server_answer){0};
}

static void the_rest_of_a_failed_fifo_group_is_returned_untouched(void **state)
{
    (void)state;
    char story[64];
    house_start_with_flow(&house, NULL, "hello", house_hello);
    house.script = refuse_second;
    struct jobs_record jobs[] = {
        {.run = "a1", .flow = "hello", .group = "a"}, {.run = "b1", .flow = "hello", .group = "b"},
        {.run = "a2", .flow = "hello", .group = "a"}, {.run = "a3", .flow = "hello", .group = "a"},
        {.run = "b2", .flow = "hello", .group = "b"},
    };
    char *event = house_event(&house, jobs, 5);
    assert_string_equal(house_run(&house, event, 0, LIMIT_MS),
                        "{\"batchItemFailures\":[{\"itemIdentifier\":\"m-a2\"},"
                        "{\"itemIdentifier\":\"m-a3\"}]}");
    assert_string_equal(house_story(&house, "a3", story, sizeof story), "");
    house_assert_terminal(&house, "b2", "\"completed\"");
    mem_free(event);
    house_stop(&house);
}

static void a_failed_flow_does_not_stop_its_fifo_group(void **state)
{
    (void)state;
    house_start_with_flow(&house, NULL, "hello", house_hello);
    struct jobs_record jobs[] = {{.run = "a1", .flow = "missing", .group = "a"},
                                 {.run = "a2", .flow = "hello", .group = "a"}};
    char *event = house_event(&house, jobs, 2);
    assert_string_equal(house_run(&house, event, 0, LIMIT_MS), ALL_DONE);
    house_assert_terminal(&house, "a2", "\"completed\"");
    mem_free(event);
    house_stop(&house);
}

static void groups_run_side_by_side_and_each_in_order(void **state)
{
    (void)state;
    house_start_with_flow(&house, NULL, "sleepy", house_sleepy);
    struct jobs_record jobs[] = {
        {.run = "a1", .flow = "sleepy", .group = "a", .payload = "{\"nap\":\"400ms\"}"},
        {.run = "a2", .flow = "sleepy", .group = "a", .payload = "{\"nap\":\"1ms\"}"},
        {.run = "b1", .flow = "sleepy", .group = "b", .payload = "{\"nap\":\"1ms\"}"},
    };
    size_t a1_end = 0, a2_start = 0, b1_end = 0;
    char *event = house_event(&house, jobs, 3);
    assert_string_equal(house_run(&house, event, 0, LIMIT_MS), ALL_DONE);
    for (size_t i = 0; i < house.push_count; i++) {
        const struct house_push *push = &house.pushes[i];
        if (push->kind == HOUSE_TERMINAL && strcmp(push->run, "a1") == 0)
            a1_end = i;
        if (push->kind == HOUSE_RUNNING && strcmp(push->run, "a2") == 0)
            a2_start = i;
        if (push->kind == HOUSE_TERMINAL && strcmp(push->run, "b1") == 0)
            b1_end = i;
    }
    assert_true(a1_end < a2_start);
    assert_true(b1_end < a1_end);
    mem_free(event);
    house_stop(&house);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_record_that_is_no_job_fails_alone),
        cmocka_unit_test(an_event_json_that_does_not_parse_is_ignored_with_a_warning),
        cmocka_unit_test(a_record_without_a_valid_token_is_refused_and_calls_nobody),
        cmocka_unit_test(a_key_that_was_changed_is_learned_while_the_record_waits),
        cmocka_unit_test(a_record_whose_keys_cannot_be_fetched_goes_back),
        cmocka_unit_test(an_event_with_a_record_without_id_is_refused_whole),
        cmocka_unit_test(two_records_of_one_run_run_once_and_share_its_fate),
        cmocka_unit_test(a_record_that_comes_often_is_warned_of),
        cmocka_unit_test(an_answer_that_would_not_fit_is_none),
        cmocka_unit_test(the_rest_of_a_failed_fifo_group_is_returned_untouched),
        cmocka_unit_test(a_failed_flow_does_not_stop_its_fifo_group),
        cmocka_unit_test(groups_run_side_by_side_and_each_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
