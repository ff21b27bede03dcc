#include "job.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define BODY_SIZE (2 * JOB_BODY_MAX)

/* A body with the required keys, one of them (or a further one) as given; NULL leaves it out. */
static char *body_with(const char *key, const char *value)
{
    static const char *const required[][2] = {
        {"job_id", "\"job-1\""},
        {"run_id", "\"run-1\""},
        {"app_id", "\"app-1\""},
        {"board_id", "\"board-1\""},
        {"node_id", "\"node-1\""},
        {"user_id", "\"user-1\""},
        {"credentials", "{\"Aws\":{}}"},
        {"executor_jwt", "\"a.b.c\""},
        {"callback_url", "\"https://api.example.test\""},
    };
    struct buffer text;
    buffer_init(&text, BODY_SIZE);
    buffer_text(&text, "{\"unknown\":[1,{}]");
    for (size_t i = 0; i < sizeof required / sizeof *required; i++)
        if (strcmp(required[i][0], key) != 0)
            buffer_format(&text, ",\"%s\":%s", required[i][0], required[i][1]);
    if (value)
        assert_true(buffer_format(&text, ",\"%s\":%s", key, value));
    assert_true(buffer_text(&text, "}"));
    char *body = mem_string(buffer_span(&text));
    buffer_release(&text);
    return body;
}

static struct job *parse_with(const char *key, const char *value, struct error *err)
{
    char *body = body_with(key, value);
    struct job *job = job_parse(span_of(body), err);
    mem_free(body); /* the job keeps what it needs */
    return job;
}

static struct job *parse_file(const char *name)
{
    char path[4096], *text = mem_new(65536);
    struct error err = {0};
    snprintf(path, sizeof path, "%s/%s", TEST_DATA, name);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    size_t len = fread(text, 1, 65536, file);
    fclose(file);
    struct job *job = job_parse((struct span){text, len}, &err);
    if (!job)
        fail_msg("%s: %s", name, err.text);
    mem_free(text);
    return job;
}

static bool begins(struct span span, const char *text)
{
    return span.len >= strlen(text) && memcmp(span.at, text, strlen(text)) == 0;
}

static void a_full_job_is_read(void **state)
{
    (void)state;
    struct job *job = parse_file("job-full.json");
    assert_string_equal(job->job_id, "xsu1hemvxyzk67vwg66c18j4");
    assert_string_equal(job->run_id, "g81qtxgabkvb5ytwuxfaxrk4");
    assert_string_equal(job->app_id, "j6lh2ihgtl6mn230z19utf56");
    assert_string_equal(job->board_id, "z6jee0jbogxl48gbvin1az1w");
    assert_true(job->has_version);
    assert_int_equal(job->version[0], 1);
    assert_int_equal(job->version[1], 4);
    assert_int_equal(job->version[2], 2);
    assert_string_equal(job->node_id, "obykfvtz0skd733bq8ci0j0h");
    assert_string_equal(job->user_id, "7f6b1c52-0b0e-4b7e-9c59-5a1f9e3d2c10");
    assert_string_equal(job->executor_jwt, "@JWT@");
    assert_true(job->stream_state);
    assert_true(begins(job->payload, "{\n    \"order\""));
    assert_non_null(memmem(job->payload.at, job->payload.len, "900719925474099312", 18));
    assert_non_null(memmem(job->payload.at, job->payload.len, "1e-07", 5));
    assert_false(job->event_unparsable);
    assert_true(begins(job->event, "{\"id\":\"btkrqlj2y14vqnpiz3b6xd3c\""));
    assert_non_null(memmem(job->event.at, job->event.len, "14695981039346656037", 20));
    assert_true(begins(job->runtime_variables, "{"));
    assert_true(begins(job->user_context, "{"));
    assert_true(begins(job->profile, "{"));
    job_free(job);
}

static void a_minimal_job_is_read(void **state)
{
    (void)state;
    struct job *job = parse_file("job-minimal.json");
    assert_false(job->has_version);
    assert_false(job->stream_state);
    assert_false(job->event_unparsable);
    assert_null(job->payload.at);
    assert_null(job->event.at);
    assert_null(job->runtime_variables.at);
    assert_null(job->user_context.at);
    assert_null(job->profile.at);
    assert_string_equal(job->callback_url, "https://api.example.test");
    job_free(job);
    job_free(NULL);
}

#define VARIABLE(more)                                                                             \
    "{\"v\":{\"id\":\"v\",\"name\":\"V\",\"data_type\":\"String\",\"value_type\":\"Normal\","      \
    "\"exposed\":true,\"secret\":false,\"editable\":true" more "}}"

static void what_the_contract_allows_is_accepted(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"job_id", "\"\""},
        {"board_version", "null"},
        {"board_version", "[0, 0 ,4294967295]"},
        {"event_json", "null"},
        {"event_json", "\"not json\""},
        {"payload", "null"},
        {"payload", "false"},
        {"payload", "\"\\u0000\""},
        {"payload", "[[[[]]],1e400,18446744073709551616]"},
        {"credentials", "{}"},
        {"credentials", "{\"Azure\":7}"},
        {"token", "null"},
        {"token", "\"pat\""},
        {"oauth_tokens", "null"},
        {"oauth_tokens", "{}"},
        {"oauth_tokens", "{\"p\":{\"access_token\":\"\",\"more\":[]}}"},
        {"oauth_tokens", "{\"p\":{\"access_token\":\"t\",\"refresh_token\":null,"
                         "\"token_type\":\"Bearer\",\"expires_at\":-9223372036854775808}}"},
        {"stream_state", "true"},
        {"runtime_variables", "null"},
        {"runtime_variables", "{}"},
        {"runtime_variables", VARIABLE("")},
        {"runtime_variables", VARIABLE(",\"hash\":18446744073709551615")},
        {"runtime_variables", VARIABLE(",\"hash\":null,\"default_value\":null,\"category\":null,"
                                       "\"description\":null,\"schema\":null")},
        {"runtime_variables", VARIABLE(",\"default_value\":[],\"runtime_configured\":false")},
        {"runtime_variables", VARIABLE(",\"default_value\":[0, 34,255]")},
        {"user_context", "null"},
        {"profile", "\"odd\""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct error err = {0};
        struct job *job = parse_with(cases[i][0], cases[i][1], &err);
        if (!job)
            fail_msg("%s %s: %s", cases[i][0], cases[i][1], err.text);
        job_free(job);
    }
}

static void job_parse_says_why_it_rejects(void **state)
{
    (void)state;
    static const char *const cases[][3] = {
        {"job_id", NULL, "job_id: is missing, must be a string"},
        {"run_id", NULL, "run_id: is missing, must be a string"},
        {"app_id", NULL, "app_id: is missing, must be a string"},
        {"board_id", NULL, "board_id: is missing, must be a string"},
        {"node_id", NULL, "node_id: is missing, must be a string"},
        {"user_id", NULL, "user_id: is missing, must be a string"},
        {"executor_jwt", NULL, "executor_jwt: is missing, must be a string"},
        {"callback_url", NULL, "callback_url: is missing, must be a string"},
        {"credentials", NULL, "credentials: is missing, must be an object"},
        {"job_id", "null", "job_id: must be a string"},
        {"run_id", "7", "run_id: must be a string"},
        {"node_id", "{}", "node_id: must be a string"},
        {"run_id", "\"a\\u0000b\"", "run_id: must not hold U+0000"},
        {"credentials", "null", "credentials: must be an object"},
        {"credentials", "\"{}\"", "credentials: must be an object"},
        {"credentials", "[]", "credentials: must be an object"},
        {"token", "{}", "token: must be null or a string"},
        {"event_json", "{}", "event_json: must be null or a string"},
        {"stream_state", "null", "stream_state: must be absent, true or false"},
        {"stream_state", "1", "stream_state: must be absent, true or false"},
        {"board_version", "\"1.0.0\"",
         "board_version: must be null or three integers from 0 to 4294967295"},
        {"board_version", "[]",
         "board_version: must be null or three integers from 0 to 4294967295"},
        {"board_version", "[1,2]",
         "board_version: must be null or three integers from 0 to 4294967295"},
        {"board_version", "[1,2,3,4]",
         "board_version: must be null or three integers from 0 to 4294967295"},
        {"board_version", "[1,2,3.0]",
         "board_version: must be null or three integers from 0 to 4294967295"},
        {"board_version", "[1,2,3e0]",
         "board_version: must be null or three integers from 0 to 4294967295"},
        {"board_version", "[1,2,-3]",
         "board_version: must be null or three integers from 0 to 4294967295"},
        {"board_version", "[1,2,4294967296]",
         "board_version: must be null or three integers from 0 to 4294967295"},
        {"board_version", "[1,2,\"3\"]",
         "board_version: must be null or three integers from 0 to 4294967295"},
        {"oauth_tokens", "[]", "oauth_tokens: must be null or an object"},
        {"oauth_tokens", "{\"p\":null}", "oauth_tokens: entry 1: expected an object, got null"},
        {"oauth_tokens", "{\"p\":{\"access_token\":\"t\"},\"q\":{}}",
         "oauth_tokens: entry 2: access_token: is missing, must be a string"},
        {"oauth_tokens", "{\"p\":{\"access_token\":null}}",
         "oauth_tokens: entry 1: access_token: must be a string"},
        {"oauth_tokens", "{\"p\":{\"access_token\":\"t\",\"refresh_token\":1}}",
         "oauth_tokens: entry 1: refresh_token: must be null or a string"},
        {"oauth_tokens", "{\"p\":{\"access_token\":\"t\",\"expires_at\":1.0}}",
         "oauth_tokens: entry 1: expires_at: must be null or a 64-bit integer"},
        {"oauth_tokens", "{\"p\":{\"access_token\":\"t\",\"expires_at\":9223372036854775808}}",
         "oauth_tokens: entry 1: expires_at: must be null or a 64-bit integer"},
        {"runtime_variables", "[]", "runtime_variables: must be null or an object"},
        {"runtime_variables", "{\"v\":{\"id\":\"v\"}}",
         "runtime_variables: entry 1: name: is missing, must be a string"},
        {"runtime_variables", VARIABLE(",\"id\":\"v\""),
         "runtime_variables: entry 1: the key 'id' stands twice"},
        {"runtime_variables", VARIABLE(",\"hash\":18446744073709551616"),
         "runtime_variables: entry 1: hash: must be null or an integer from 0 to "
         "18446744073709551615"},
        {"runtime_variables", VARIABLE(",\"hash\":-1"),
         "runtime_variables: entry 1: hash: must be null or an integer from 0 to "
         "18446744073709551615"},
        {"runtime_variables", VARIABLE(",\"default_value\":[256]"),
         "runtime_variables: entry 1: default_value: must be null or an array of integers from 0 "
         "to 255"},
        {"runtime_variables", VARIABLE(",\"default_value\":\"hi\""),
         "runtime_variables: entry 1: default_value: must be null or an array of integers from 0 "
         "to 255"},
        {"runtime_variables", VARIABLE(",\"runtime_configured\":null"),
         "runtime_variables: entry 1: runtime_configured: must be absent, true or false"},
        {"runtime_variables",
         "{\"v\":{\"id\":\"v\",\"name\":\"V\",\"data_type\":\"string\",\"value_type\":\"Normal\","
         "\"exposed\":true,\"secret\":false,\"editable\":true}}",
         "runtime_variables: entry 1: data_type: must be one of Execution String Integer Float "
         "Boolean Date PathBuf Generic Struct Byte"},
        {"runtime_variables",
         "{\"v\":{\"id\":\"v\",\"name\":\"V\",\"data_type\":\"Byte\",\"value_type\":\"Hash\","
         "\"exposed\":true,\"secret\":false,\"editable\":true}}",
         "runtime_variables: entry 1: value_type: must be one of Array Normal HashMap HashSet"},
        {"twice\":1,\"run_id\":\"r\",\"x", "1", "the key 'run_id' stands twice"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct error err = {0};
        assert_null(parse_with(cases[i][0], cases[i][1], &err));
        assert_int_equal(err.kind, ERROR_INPUT);
        assert_string_equal(err.text, cases[i][2]);
        assert_null(parse_with(cases[i][0], cases[i][1], NULL));
    }
}

static void what_is_no_json_object_is_rejected(void **state)
{
    (void)state;
    static const struct {
        struct span body;
        const char *says;
    } cases[] = {
        {{NULL, 0}, "invalid JSON at byte 0"},
        {{"{\"a\":\"\xff\"}", 8}, "invalid UTF-8"},
        {{"{\"a\":\"\\ud800\"}", 14}, "a lone surrogate"},
        {{"{\"a\":1\0}", 8}, "invalid JSON"},
        {{"{} {}", 5}, "more text after the value"},
        {{"[]", 2}, "expected an object, got array"},
        {{"null", 4}, "expected an object, got null"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct error err = {0};
        assert_null(job_parse(cases[i].body, &err));
        assert_int_equal(err.kind, ERROR_INPUT);
        if (!strstr(err.text, cases[i].says))
            fail_msg("case %zu says \"%s\"", i, err.text);
    }
}

static void an_error_never_holds_a_value(void **state)
{
    (void)state;
    static const char *const keys[] = {"executor_jwt", "credentials", "token", "oauth_tokens"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        struct error err = {0};
        assert_null(parse_with(keys[i], "[\"hunter2\"]", &err));
        assert_null(strstr(err.text, "hunter2"));
    }
    struct error err = {0};
    assert_null(parse_with("oauth_tokens", "{\"hunter2\":{\"access_token\":7}}", &err));
    assert_null(strstr(err.text, "hunter2"));
}

static void an_event_that_does_not_parse_is_no_event(void **state)
{
    (void)state;
    static const struct {
        const char *value;
        const char *event; /* NULL: none */
    } cases[] = {
        {"\"{}\"", "{}"},        {"\" {\\\"a\\\":\\\"\\\\u00e9\\\"} \"", " {\"a\":\"\\u00e9\"} "},
        {"\"\"", NULL},          {"\"[]\"", NULL},
        {"\"null\"", NULL},      {"\"{\"", NULL},
        {"\"{}\\u0000\"", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct error err = {0};
        struct job *job = parse_with("event_json", cases[i].value, &err);
        assert_non_null(job);
        assert_int_equal(job->event_unparsable, cases[i].event == NULL);
        if (cases[i].event)
            assert_true(span_is(job->event, cases[i].event));
        else
            assert_null(job->event.at);
        job_free(job);
    }
}

static void keys_may_be_escaped(void **state)
{
    (void)state;
    struct error err = {0};
    struct job *job = parse_with("pay\\u006coad", "[1]", &err);
    assert_non_null(job);
    assert_true(span_is(job->payload, "[1]"));
    job_free(job);
}

static void sizes_are_bounded(void **state)
{
    (void)state;
    struct error err = {0};
    char id[JOB_ID_MAX + 4];
    memset(id, 'x', sizeof id);
    id[0] = id[JOB_ID_MAX + 1] = '"';
    id[JOB_ID_MAX + 2] = '\0';
    struct job *job = parse_with("run_id", id, &err);
    assert_non_null(job);
    assert_int_equal(strlen(job->run_id), JOB_ID_MAX);
    job_free(job);

    memcpy(id + JOB_ID_MAX + 1, "x\"", 3);
    assert_null(parse_with("run_id", id, &err));
    assert_string_equal(err.text, "run_id: is 257 bytes long, at most 256 are allowed");

    char *payload = mem_new(JOB_BODY_MAX + 3);
    memset(payload, 'x', JOB_BODY_MAX + 2);
    payload[0] = payload[JOB_BODY_MAX + 1] = '"';
    assert_null(parse_with("payload", payload, &err));
    assert_non_null(strstr(err.text, "at most 1048576 are allowed"));
    assert_non_null(strstr(err.text, "the body is 1048"));
    mem_free(payload);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_full_job_is_read),
        cmocka_unit_test(a_minimal_job_is_read),
        cmocka_unit_test(what_the_contract_allows_is_accepted),
        cmocka_unit_test(job_parse_says_why_it_rejects),
        cmocka_unit_test(what_is_no_json_object_is_rejected),
        cmocka_unit_test(an_error_never_holds_a_value),
        cmocka_unit_test(an_event_that_does_not_parse_is_no_event),
        cmocka_unit_test(keys_may_be_escaped),
        cmocka_unit_test(sizes_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
