#include "context.h"

#include "json.h"
#include "mint.h"
#include "wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define NOW_S 1771683600

static const struct flow hello = {.name = "hello", .version = "1.4.2"};

static struct claims *verify(const struct job *job)
{
    struct error err = {0};
    char *pub = mint_backend_pub(TEST_DATA "/test-ec-public.pem");
    struct keys *keys = keys_from_backend_pub(pub, &err);
    struct claims *claims = claims_verify(keys, job, NOW_S * 1000LL, &err);
    if (!claims)
        fail_msg("%s", err.text);
    keys_free(keys);
    mem_free(pub);
    return claims;
}

/* The body's job with a token of its own in the place of @JWT@. */
static struct job *parse(const char *body, const char *run, const char *app, const char *board)
{
    struct error err = {0};
    struct buffer text;
    const char *mark = strstr(body, "@JWT@");
    char *claims = mint_claims(run, app, board, "https://api.example.test", NOW_S);
    char *token = mint_token(TEST_DATA "/test-ec-private.pem", "test-key-1", claims);
    assert_non_null(mark);
    buffer_init(&text, JOB_BODY_MAX);
    buffer_add(&text, (struct span){body, (size_t)(mark - body)});
    buffer_text(&text, token);
    assert_true(buffer_text(&text, mark + strlen("@JWT@")));
    struct job *job = job_parse(buffer_span(&text), &err);
    if (!job)
        fail_msg("%s", err.text);
    buffer_release(&text);
    mem_free(token);
    mem_free(claims);
    return job;
}

/* The context of a job, which is JSON (mem_free). */
static char *context_of(struct job *job)
{
    struct claims *claims = verify(job);
    struct buffer out;
    struct error err = {0};
    buffer_init(&out, CONTEXT_MAX);
    assert_true(context_put(&out, claims, job, &hello));
    if (!json_check(buffer_span(&out), &err))
        fail_msg("%s: %.*s", err.text, (int)out.len, out.data);
    char *text = mem_string(buffer_span(&out));
    buffer_release(&out);
    claims_free(claims);
    job_free(job);
    return text;
}

/* That of a small job with further members: ",\"profile\":{}". */
static char *context_with(const char *members)
{
    struct buffer body;
    buffer_init(&body, JOB_BODY_MAX);
    buffer_text(&body, "{\"job_id\":\"j\",\"run_id\":\"r\",\"app_id\":\"a\",\"board_id\":\"b\","
                       "\"node_id\":\"start\",\"user_id\":\"u\",\"credentials\":{},"
                       "\"executor_jwt\":\"@JWT@\",\"callback_url\":\"https://x.example.test\"");
    assert_true(buffer_text(&body, members) && buffer_text(&body, "}"));
    char *text = mem_string(buffer_span(&body));
    buffer_release(&body);
    struct job *job = parse(text, "r", "a", "b");
    mem_free(text);
    return context_of(job);
}

static char *context_of_file(const char *name)
{
    size_t len;
    char path[512];
    snprintf(path, sizeof path, "%s/%s", TEST_DATA, name);
    char *body = mint_file(path, &len);
    struct job *job = parse(body, "g81qtxgabkvb5ytwuxfaxrk4", "j6lh2ihgtl6mn230z19utf56",
                            "z6jee0jbogxl48gbvin1az1w");
    mem_free(body);
    return context_of(job);
}

static void expect(const char *text, const char *what)
{
    if (!strstr(text, what))
        fail_msg("no %s in %s", what, text);
}

static void expect_no(const char *text, const char *what)
{
    if (strstr(text, what))
        fail_msg("%s in %s", what, text);
}

/* A member that is JSON in a string. */
static cJSON *inner(const char *context, const char *key)
{
    struct error err = {0};
    cJSON *all = json_parse(span_of(context), &err);
    const char *text = json_member_text(all, key);
    cJSON *json = text ? json_parse(span_of(text), &err) : NULL;
    if (!json)
        fail_msg("%s: %s", key, err.text);
    cJSON_Delete(all);
    return json;
}

static void a_full_job_tells_its_run_user_and_profile(void **state)
{
    (void)state;
    char *text = context_of_file("job-full.json");
    expect(text, "{\"run\":{\"id\":\"g81qtxgabkvb5ytwuxfaxrk4\","
                 "\"app\":\"j6lh2ihgtl6mn230z19utf56\",\"flow\":\"hello\",\"version\":\"1.4.2\","
                 "\"user\":");
    expect(text, "\"entry\":\"obykfvtz0skd733bq8ci0j0h\",\"stream_state\":true");
    cJSON *user = inner(text, "user"), *profile = inner(text, "profile");
    assert_string_equal(json_member_text(user, "sub"), "7f6b1c52-0b0e-4b7e-9c59-5a1f9e3d2c10");
    assert_string_equal(json_member_text(json_member(user, "role"), "name"), "Editor");
    assert_string_equal(json_member_text(profile, "name"), "Default");
    cJSON_Delete(user);
    cJSON_Delete(profile);
    mem_free(text);
}

static void a_full_job_tells_of_its_event_what_flows_may_know(void **state)
{
    (void)state;
    static const char *const shown[] = {"id",      "name",       "description",   "board_id",
                                        "node_id", "event_type", "event_version", "inputs"};
    char *text = context_of_file("job-full.json");
    cJSON *event = inner(text, "event");
    for (size_t i = 0; i < sizeof shown / sizeof *shown; i++)
        if (!json_member(event, shown[i]))
            fail_msg("no %s", shown[i]);
    assert_int_equal(cJSON_GetArraySize(event), sizeof shown / sizeof *shown);
    assert_string_equal(json_member_text(event, "name"), "Nightly report");
    cJSON_Delete(event);
    mem_free(text);
}

static void a_full_job_tells_its_variables(void **state)
{
    (void)state;
    char *text = context_of_file("job-full.json");
    static const char *const wanted[] = {
        "\"name\":\"limit\",\"json\":\"25\"}",
        "\"name\":\"ratio\",\"json\":\"0.125\"}",
        "\"name\":\"dry_run\",\"json\":\"true\"}",
        "\"name\":\"tags\",\"json\":\"[\\\"alpha\\\",\\\"beta\\\"]\"}",
        "\"name\":\"headers\",\"json\":\"{\\\"X-Test\\\":\\\"1\\\"}\"}",
        "\"name\":\"options\",\"json\":\"{\\\"retries\\\":3,\\\"nested\\\":{\\\"on\\\":false}}\"}",
        "{\"id\":\"uslflhhzjuyztxmnaqx3i54j\",\"name\":\"api_key\",\"secret\":true}",
        "\"name\":\"unset\",\"json\":\"null\"}",
        "\"event\":[{\"id\":\"p6tmv0yq2d3ccupww7uabh81\",\"name\":\"greeting\","
        "\"json\":\"\\\"Gr\xc3\xbc\xc3\x9f dich, \xe4\xb8\x96\xe7\x95\x8c ",
    };
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
        expect(text, wanted[i]);
    mem_free(text);
}

static void no_secret_of_a_full_job_is_told(void **state)
{
    (void)state;
    static const char *const secrets[] = {
        "not-a-real",
        "110,111,116",
        "pat_",
        "ASIAEXAMPLE",
        "credentials",
        "oauth",
        "eyJ",
        "api.example",
        "config",
        "Europe",
        "s3express",
        "example.test/",
        "default_value\\\":[34",
    };
    char *text = context_of_file("job-full.json");
    for (size_t i = 0; i < sizeof secrets / sizeof *secrets; i++)
        expect_no(text, secrets[i]);
    mem_free(text);
}

static void what_a_job_has_not_is_left_out(void **state)
{
    (void)state;
    char *text = context_with("");
    assert_string_equal(strstr(text, "\"entry\""), "\"entry\":\"start\",\"stream_state\":false,"
                                                   "\"variables\":{\"runtime\":[],\"event\":[]}}");
    mem_free(text);
    text = context_with(",\"profile\":null,\"user_context\":null,\"runtime_variables\":null,"
                        "\"event_json\":null");
    expect(text, "\"stream_state\":false,\"variables\":{\"runtime\":[],\"event\":[]}}");
    mem_free(text);
    text = context_with(",\"event_json\":\"no JSON\"");
    expect(text, "\"stream_state\":false,\"variables\":{\"runtime\":[],\"event\":[]}}");
    mem_free(text);
}

#define RUNTIME(value, secret)                                                                     \
    ",\"runtime_variables\":{\"k\":{\"id\":\"i\",\"name\":\"n\",\"default_value\":" value          \
    ",\"data_type\":\"String\",\"value_type\":\"Normal\",\"exposed\":true,\"secret\":" secret      \
    ",\"editable\":true}}"

static void the_value_of_a_variable_is_the_json_of_its_bytes(void **state)
{
    (void)state;
    static const struct {
        const char *members;
        const char *is;
    } cases[] = {
        {RUNTIME("[49]", "false"), "\"json\":\"1\"}"},
        {RUNTIME("[ 49 , 46 , 48 ]", "false"), "\"json\":\"1.0\"}"},
        {RUNTIME("[34,195,188,34]", "false"), "\"json\":\"\\\"\xc3\xbc\\\"\"}"},
        {RUNTIME("[123,125]", "false"), "\"json\":\"{}\"}"},
        {RUNTIME("[32,10,91,93]", "false"), "\"json\":\" \\n[]\"}"},
        {RUNTIME("null", "false"), "\"json\":\"null\"}"},
        {RUNTIME("[]", "false"), "\"json\":\"null\"}"},
        {RUNTIME("[123]", "false"), "\"json\":\"null\"}"},
        {RUNTIME("[49,44]", "false"), "\"json\":\"null\"}"},
        {RUNTIME("[34,233,34]", "false"), "\"json\":\"null\"}"},
        {RUNTIME("[0]", "false"), "\"json\":\"null\"}"},
        {RUNTIME("[34,0,34]", "false"), "\"json\":\"null\"}"},
        {RUNTIME("[49]", "true"), "{\"id\":\"i\",\"name\":\"n\",\"secret\":true}"},
        {RUNTIME("[34,92,117,48,48,48,48,34]", "false"), "\"json\":\"\\\"\\\\u0000\\\"\"}"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *text = context_with(cases[i].members);
        expect(text, cases[i].is);
        mem_free(text);
    }
}

#define EVENT(variables) ",\"event_json\":\"{\\\"variables\\\":" variables "}\""
#define OPEN             "\\\"id\\\":\\\"i\\\",\\\"name\\\":\\\"n\\\",\\\"secret\\\":false"
#define NAMED            "\\\"id\\\":\\\"i\\\",\\\"name\\\":\\\"n\\\""
/* Byte 83 is told nowhere. */
#define HIDDEN "\\\"default_value\\\":[34,83,69,67,82,69,84,34]"

/* Nobody has checked the variables of an event. */
static void a_malformed_variable_of_an_event_is_left_out(void **state)
{
    (void)state;
    static const struct {
        const char *members;
        const char *is;
    } cases[] = {
        {EVENT("null"), "\"event\":[]}"},
        {EVENT("[]"), "\"event\":[]}"},
        {EVENT("7"), "\"event\":[]}"},
        {EVENT("{\\\"k\\\":null}"), "\"event\":[]}"},
        {EVENT("{\\\"k\\\":[]}"), "\"event\":[]}"},
        {EVENT("{\\\"k\\\":{}}"), "\"event\":[]}"},
        {EVENT("{\\\"k\\\":{\\\"id\\\":\\\"i\\\"}}"), "\"event\":[]}"},
        {EVENT("{\\\"k\\\":{\\\"id\\\":\\\"i\\\",\\\"name\\\":7}}"), "\"event\":[]}"},
        {EVENT("{\\\"k\\\":{\\\"id\\\":{},\\\"name\\\":\\\"n\\\"}}"), "\"event\":[]}"},
        {EVENT("{\\\"k\\\":{" NAMED "," NAMED "}}"), "\"event\":[]}"},
        {EVENT("{\\\"k\\\":7,\\\"l\\\":{" OPEN "},\\\"m\\\":{}}"),
         "\"event\":[{\"id\":\"i\",\"name\":\"n\",\"json\":\"null\"}]}"},
        {EVENT("{\\\"k\\\":{" OPEN ",\\\"default_value\\\":[256]}}"), "\"json\":\"null\"}"},
        {EVENT("{\\\"k\\\":{" OPEN ",\\\"default_value\\\":[-1]}}"), "\"json\":\"null\"}"},
        {EVENT("{\\\"k\\\":{" OPEN ",\\\"default_value\\\":[49.0]}}"), "\"json\":\"null\"}"},
        {EVENT("{\\\"k\\\":{" OPEN ",\\\"default_value\\\":\\\"1\\\"}}"), "\"json\":\"null\"}"},
        {EVENT("{\\\"k\\\":{" OPEN ",\\\"default_value\\\":[49]}}"), "\"json\":\"1\"}"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *text = context_with(cases[i].members);
        expect(text, cases[i].is);
        mem_free(text);
    }
}

static void what_may_be_a_secret_of_an_event_is_not_told(void **state)
{
    (void)state;
    static const struct {
        const char *members;
        const char *is;
    } cases[] = {
        {EVENT("{\\\"k\\\":{" NAMED "," HIDDEN "}}"),
         "\"event\":[{\"id\":\"i\",\"name\":\"n\",\"secret\":true}]}"},
        {EVENT("{\\\"k\\\":{" NAMED "," HIDDEN ",\\\"secret\\\":true}}"),
         "\"event\":[{\"id\":\"i\",\"name\":\"n\",\"secret\":true}]}"},
        {EVENT("{\\\"k\\\":{" NAMED "," HIDDEN ",\\\"secr\\\\u0065t\\\":true}}"),
         "\"event\":[{\"id\":\"i\",\"name\":\"n\",\"secret\":true}]}"},
        {EVENT("{\\\"k\\\":{" NAMED "," HIDDEN ",\\\"secret\\\":false,\\\"secret\\\":true}}"),
         "\"event\":[]}"},
        {EVENT("{\\\"k\\\":{" NAMED "," HIDDEN ",\\\"secret\\\":1}}"), "\"event\":[]}"},
        {EVENT("{\\\"k\\\":{" NAMED "," HIDDEN ",\\\"secret\\\":\\\"true\\\"}}"), "\"event\":[]}"},
        {EVENT("{\\\"k\\\":{" NAMED "," HIDDEN ",\\\"secret\\\":null}}"), "\"event\":[]}"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *text = context_with(cases[i].members);
        expect(text, cases[i].is);
        expect_no(text, "SECRET");
        expect_no(text, "83");
        mem_free(text);
    }
}

static void an_event_with_a_key_twice_is_not_told(void **state)
{
    (void)state;
    char *text = context_with(",\"event_json\":\"{\\\"id\\\":\\\"1\\\",\\\"id\\\":\\\"2\\\"}\"");
    expect_no(text, "\"event\":\"");
    mem_free(text);
    text = context_with(",\"event_json\":\"{\\\"config\\\":{\\\"name\\\":\\\"x\\\"}}\"");
    expect(text, "\"event\":\"{}\"");
    mem_free(text);
}

/* Nested arrays of that depth. */
static char *nest(size_t depth)
{
    char *text = mem_new(2 * depth + 1);
    memset(text, '[', depth);
    memset(text + depth, ']', depth);
    return text;
}

static void json_of_any_depth_survives_as_a_string(void **state)
{
    (void)state;
    struct buffer members;
    char *deep = nest(JSON_DEPTH_MAX - 1), *deepest = nest(JSON_DEPTH_MAX);
    buffer_init(&members, JOB_BODY_MAX);
    buffer_format(&members, ",\"profile\":%s,\"user_context\":%s", deep, deep);
    buffer_format(&members, ",\"event_json\":\"{\\\"inputs\\\":%s}\"", deep);
    buffer_text(&members, ",\"runtime_variables\":{\"k\":{\"id\":\"i\",\"name\":\"n\","
                          "\"default_value\":[");
    for (size_t i = 0; deepest[i]; i++)
        buffer_format(&members, "%s%d", i ? "," : "", deepest[i]);
    buffer_text(&members, "],\"data_type\":\"String\",\"value_type\":\"Normal\",\"exposed\":true,"
                          "\"secret\":false,\"editable\":true}}");
    char *all = mem_string(buffer_span(&members));
    char *text = context_with(all);
    char wanted[4 * JSON_DEPTH_MAX];
    snprintf(wanted, sizeof wanted, "\"user\":\"%s\",\"profile\":\"%s\"", deep, deep);
    expect(text, wanted);
    snprintf(wanted, sizeof wanted, "\"event\":\"{\\\"inputs\\\":%s}\"", deep);
    expect(text, wanted);
    snprintf(wanted, sizeof wanted, "\"json\":\"%s\"}", deepest);
    expect(text, wanted);
    mem_free(text);
    mem_free(all);
    mem_free(deep);
    mem_free(deepest);
    buffer_release(&members);
}

/* A body of 1 MiB whose bulk is repeated in the place of the mark. */
static char *fill(const char *before, const char *bulk, const char *after)
{
    size_t room = JOB_BODY_MAX - 4096, count = room / strlen(bulk);
    struct buffer text;
    buffer_init(&text, JOB_BODY_MAX);
    buffer_text(&text, before);
    for (size_t i = 0; i < count; i++)
        buffer_text(&text, bulk);
    assert_true(buffer_text(&text, after));
    char *all = mem_string(buffer_span(&text));
    buffer_release(&text);
    return all;
}

static void bodies_of_1_mib_fit_whatever_must_be_escaped(void **state)
{
    (void)state;
    static const struct {
        const char *before, *bulk, *after;
    } cases[] = {
        {",\"profile\":\"", "x", "\""},
        {",\"profile\":\"", "\\\\", "\""},
        {",\"profile\":\"", "\\\"", "\""},
        {",\"profile\":[0", "\n\t", "]"},
        {",\"user_context\":[\"\"", ",\"\"", "]"},
        {",\"event_json\":\"{\\\"inputs\\\":\\\"", "\\\\\\\\", "\\\"}\""},
        {",\"event_json\":\"{\\\"inputs\\\":[0", "\\n", "]}\""},
        {",\"event_json\":\"{\\\"variables\\\":{\\\"k\\\":{" OPEN ",\\\"default_value\\\":[34",
         ",92,34", ",34]}}}\""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *members = fill(cases[i].before, cases[i].bulk, cases[i].after);
        char *text = context_with(members);
        assert_true(strlen(text) > JOB_BODY_MAX / 8);
        mem_free(text);
        mem_free(members);
    }
}

static void a_context_over_the_maximum_is_told(void **state)
{
    (void)state;
    struct buffer out;
    struct job job = {.run_id = "r", .app_id = "a", .board_id = "b", .node_id = "start"};
    char *claims_json = mint_claims("r", "a", "b", "https://api.example.test", NOW_S);
    job.executor_jwt = mint_token(TEST_DATA "/test-ec-private.pem", "test-key-1", claims_json);
    struct claims *claims = verify(&job);
    buffer_init(&out, CONTEXT_MAX);
    assert_true(context_put(&out, claims, &job, &hello));
    size_t need = out.len;
    buffer_release(&out);
    for (size_t max = 0; max <= need; max++) {
        buffer_init(&out, max);
        assert_int_equal(context_put(&out, claims, &job, &hello), max == need);
        buffer_release(&out);
    }
    claims_free(claims);
    mem_free(job.executor_jwt);
    mem_free(claims_json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_full_job_tells_its_run_user_and_profile),
        cmocka_unit_test(a_full_job_tells_of_its_event_what_flows_may_know),
        cmocka_unit_test(a_full_job_tells_its_variables),
        cmocka_unit_test(no_secret_of_a_full_job_is_told),
        cmocka_unit_test(what_a_job_has_not_is_left_out),
        cmocka_unit_test(the_value_of_a_variable_is_the_json_of_its_bytes),
        cmocka_unit_test(a_malformed_variable_of_an_event_is_left_out),
        cmocka_unit_test(what_may_be_a_secret_of_an_event_is_not_told),
        cmocka_unit_test(an_event_with_a_key_twice_is_not_told),
        cmocka_unit_test(json_of_any_depth_survives_as_a_string),
        cmocka_unit_test(bodies_of_1_mib_fit_whatever_must_be_escaped),
        cmocka_unit_test(a_context_over_the_maximum_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
