/* Any bytes as a record's body: refused with a reason, or a job that keeps job.h's promises and
 * whose context is JSON without a key that is not its own. Corpus: tests/fuzz/corpus/job. */
#include "context.h"
#include "job.h"
#include "json.h"

#include <stdlib.h>
#include <string.h>

#define NOW_MS INT64_C(1771683600000)

static const char key_set[] = "{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"kid\":\"test-key-1\","
                              "\"x\":\"m_XR_zWjooUh_T6aFas8X1FMbVzUrcbu9uQk5MvpBjc\","
                              "\"y\":\"K98Cd_zmGnPPTLElZuGppqd7Q8qsxf2xJ0Phk3AuFG4\"}]}";
/* tests/fuzz/corpus/jwt/good */
static char token[] =
    "eyJ0eXAiOiJKV1QiLCJhbGciOiJFUzI1NiIsImtpZCI6InRlc3Qta2V5LTEifQ.eyJzdWIiOiJ1c2VyL"
    "TEiLCJydW5faWQiOiJydW4tMSIsImFwcF9pZCI6ImFwcC0xIiwiYm9hcmRfaWQiOiJib2FyZC0xIiwiY"
    "2FsbGJhY2tfdXJsIjoiaHR0cHM6Ly9hcGkuZXhhbXBsZS50ZXN0IiwidHlwIjoiZXhlY3V0b3IiLCJpc"
    "3MiOiJmbG93LWxpa2UiLCJhdWQiOiJmbG93LWxpa2UtZXhlY3V0b3IiLCJpYXQiOjE3NzE2ODM2MDAsI"
    "m5iZiI6MTc3MTY4MzU3MCwiZXhwIjoxNzcxNzcwMDAwLCJqdGkiOiJqdGktMSJ9.AqIKqmPAT_fuW4zH"
    "PLsJuJRCzlwbU0qGTY9A4gAimfXKJpku0K7WEBNRGYrqiqkyVmP33uYDnF47n_AsurLdIA";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds)
        abort();
}

static void check_raw(struct span value, bool object)
{
    if (!value.at) {
        must(value.len == 0);
        return;
    }
    must(json_check(value, NULL));
    must(json_type(value) != JSON_NULL);
    must(!object || json_type(value) == JSON_OBJECT);
}

static void check_id(const char *id)
{
    must(id && strlen(id) <= JOB_ID_MAX);
}

/* Claims of some run: a context takes no more of a job than what is checked here. */
static struct claims *some_claims(void)
{
    char run[] = "run-1", app[] = "app-1", board[] = "board-1";
    struct job job = {.run_id = run, .app_id = app, .board_id = board, .executor_jwt = token};
    struct keys *keys = keys_from_jwks(span_of(key_set), NULL);
    struct claims *claims = claims_verify(keys, &job, NOW_MS, NULL);
    must(claims != NULL);
    keys_free(keys);
    return claims;
}

static void check_context(const struct job *job)
{
    static const char *const keys[] = {"run",  "entry",  "stream_state", "variables",
                                       "role", "format", "run_id",       "token"};
    static const struct flow flow = {.name = "hello"};
    static struct claims *claims;
    struct span values[8];
    struct buffer out;
    if (!claims)
        claims = some_claims();
    buffer_init(&out, CONTEXT_MAX);
    must(context_put(&out, claims, job, &flow));
    must(json_check(buffer_span(&out), NULL));
    must(json_pick(buffer_span(&out), keys, values, 8, NULL));
    for (int i = 0; i < 8; i++)
        must((values[i].at != NULL) == (i < 4));
    buffer_release(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct error err = {0};
    struct job *job = job_parse((struct span){(const char *)data, size}, &err);
    if (!job) {
        must(err.kind == ERROR_INPUT && *err.text);
        return 0;
    }
    check_id(job->job_id);
    check_id(job->run_id);
    check_id(job->app_id);
    check_id(job->board_id);
    check_id(job->node_id);
    check_id(job->user_id);
    must(job->executor_jwt && job->callback_url);
    check_raw(job->payload, false);
    check_raw(job->event, true);
    check_raw(job->runtime_variables, true);
    check_raw(job->user_context, false);
    check_raw(job->profile, false);
    must(!(job->event.at && job->event_unparsable));
    check_context(job);
    job_free(job);
    return 0;
}
