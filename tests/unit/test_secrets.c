#include "secrets.h"

#include "mint.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define NOW_S  1771683600
#define NOW_MS (NOW_S * INT64_C(1000))

static struct config config;
static struct config_warnings warnings;

static struct secrets *open_with(const char *const *environment)
{
    config_read(&config, environment, &warnings);
    return secrets_new(&config, NULL, NULL, NOW_MS);
}

static void close_all(struct secrets *secrets)
{
    secrets_free(secrets);
    config_release(&config);
}

static bool may_go(const struct secret *secret, const char *where, struct error *err)
{
    CURLU *url = curl_url();
    assert_int_equal(curl_url_set(url, CURLUPART_URL, where, CURLU_NON_SUPPORT_SCHEME), CURLUE_OK);
    bool may = secret_may_go(secret, url, err);
    curl_url_cleanup(url);
    return may;
}

static void assert_value(struct secrets *secrets, const char *name, const char *value)
{
    struct error err = {0};
    const struct secret *secret = secrets_find(secrets, name, &err);
    if (!secret || !span_is(secret_value(secret), value))
        fail_msg("%s: %s", name, secret ? "another value" : err.text);
}

static void assert_missing(struct secrets *secrets, const char *name, const char *says)
{
    struct error err = {0};
    assert_null(secrets_find(secrets, name, &err));
    assert_int_equal(err.kind, ERROR_MISSING);
    if (!strstr(err.text, says))
        fail_msg("%s: %s", name, err.text);
}

/* --- an operator's -----------------------------------------------------------------------------
 */

static void secrets_of_the_environment_are_found_in_any_spelling(void **state)
{
    (void)state;
    struct secrets *secrets = open_with((const char *[]){
        "EXECUTOR_SECRET_BILLING_KEY=k-12345678", "EXECUTOR_SECRET_BILLING_KEY_HOSTS=a.test",
        "EXECUTOR_SECRET_BILLING_KEY=second", "EXECUTOR_SECRET_EMPTY=",
        "EXECUTOR_SECRET_ONLY_HOSTS=a.test", "EXECUTOR_SECRET_=nameless", NULL});
    assert_value(secrets, "billing_key", "k-12345678");
    assert_value(secrets, "billing-key", "k-12345678");
    assert_value(secrets, "BILLING.KEY", "k-12345678");
    assert_missing(secrets, "empty", "EXECUTOR_SECRET_EMPTY and EXECUTOR_SECRET_EMPTY_HOSTS");
    assert_missing(secrets, "only", "there is none of that name");
    assert_missing(secrets, "", "there is none");
    assert_missing(secrets, "api", "the job does not bring it");
    assert_missing(secrets, "oauth.google", "the job does not bring it");
    assert_missing(secrets, "vars.x", "the job does not bring it");
    close_all(secrets);
}

static void secret_may_go_where_its_operator_says(void **state)
{
    (void)state;
    static const char hosts[] = "EXECUTOR_SECRET_K_HOSTS=a.test, b.test:8443,[::1]:9,127.0.0.1:80 ,"
                                "localhost:8080, 127.evil.test:80,not a/host,user@c.test";
    static const struct {
        const char *url;
        bool may;
    } cases[] = {
        {"https://a.test/x", true},        {"https://A.TEST./x", true},
        {"https://a.test:443/", true},     {"https://a.test:444/", false},
        {"https://b.test:8443/", true},    {"https://b.test/", false},
        {"https://sub.a.test/", false},    {"https://a.test.evil.test/", false},
        {"https://evila.test/", false},    {"https://c.test/", false},
        {"http://a.test/", false},         {"http://a.test:443/", false},
        {"http://127.0.0.1/", true},       {"http://2130706433/", true},
        {"http://127.0.0.1:81/", false},   {"http://localhost:8080/", true},
        {"https://localhost:8080/", true}, {"http://[::1]:9/", true},
        {"http://[::2]:9/", false},        {"http://127.evil.test/", false},
        {"ftp://a.test/", false},          {"https://host/", false},
    };
    struct secrets *secrets =
        open_with((const char *[]){"EXECUTOR_SECRET_K=12345678", hosts, NULL});
    const struct secret *secret = secrets_find(secrets, "k", NULL);
    assert_non_null(secret);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct error err = {0};
        if (may_go(secret, cases[i].url, &err) != cases[i].may)
            fail_msg("%s: %s", cases[i].url, err.text);
        assert_true(cases[i].may || err.kind == ERROR_DENIED);
        assert_null(strstr(err.text, "12345678"));
    }
    close_all(secrets);
}

static void secret_may_go_says_what_would_allow_it(void **state)
{
    (void)state;
    struct error err = {0};
    struct secrets *secrets =
        open_with((const char *[]){"EXECUTOR_SECRET_K=12345678", "EXECUTOR_SECRET_L=12345678",
                                   "EXECUTOR_SECRET_L_HOSTS=b.test", NULL});
    assert_false(may_go(secrets_find(secrets, "k", NULL), "https://a.test/", &err));
    assert_string_equal(err.text,
                        "secret \"K\" may not go to a.test:443: EXECUTOR_SECRET_K_HOSTS is "
                        "not set");
    assert_false(may_go(secrets_find(secrets, "l", NULL), "https://a.test/", &err));
    assert_string_equal(err.text,
                        "secret \"L\" may not go to a.test:443: EXECUTOR_SECRET_L_HOSTS does "
                        "not name it");
    assert_false(may_go(secrets_find(secrets, "l", NULL), "http://b.test/", &err));
    assert_string_equal(err.text, "secret \"L\" goes over https only");
    close_all(secrets);
}

static void config_warns_of_secrets_that_will_not_work(void **state)
{
    (void)state;
    static const char *const wanted[] = {
        "EXECUTOR_SECRET_A may go nowhere: set EXECUTOR_SECRET_A_HOSTS",
        "EXECUTOR_SECRET_B is shorter than 8 bytes",
        "EXECUTOR_SECRET_C holds a line break",
        "EXECUTOR_SECRET_API is never used",
    };
    struct secrets *secrets = open_with(
        (const char *[]){"EXECUTOR_SECRET_A=12345678", "EXECUTOR_SECRET_B=1234567",
                         "EXECUTOR_SECRET_B_HOSTS=b", "EXECUTOR_SECRET_C=123456789\n",
                         "EXECUTOR_SECRET_C_HOSTS=c", "EXECUTOR_SECRET_API=123456789",
                         "EXECUTOR_SECRET_GOOD=12345678", "EXECUTOR_SECRET_GOOD_HOSTS=g", NULL});
    assert_int_equal(warnings.count, 4);
    for (size_t i = 0; i < 4; i++) {
        if (!strstr(warnings.text[i], wanted[i]))
            fail_msg("%s", warnings.text[i]);
        assert_null(strstr(warnings.text[i], "123456"));
    }
    close_all(secrets);
}

/* --- a job's -----------------------------------------------------------------------------------
 */

#define VARIABLE(id, name, secret, bytes)                                                          \
    "\"" id "\":{\"id\":\"" id "\",\"name\":\"" name "\",\"default_value\":" bytes                 \
    ",\"data_type\":\"String\",\"value_type\":\"Normal\",\"exposed\":false,\"secret\":" secret     \
    ",\"editable\":true}"

static const char body_format[] =
    "{\"job_id\":\"j\",\"run_id\":\"run-1\",\"app_id\":\"app-1\",\"board_id\":\"board-1\","
    "\"node_id\":\"start\",\"user_id\":\"u\",\"credentials\":{\"Aws\":{}},\"executor_jwt\":\"%s\","
    "\"callback_url\":\"http://127.0.0.1:1\",\"payload\":null,\"oauth_tokens\":{"
    "\"google\":{\"access_token\":\"google-\\\"token\",\"expires_at\":%lld},"
    "\"old\":{\"access_token\":\"old-token\",\"expires_at\":%lld},"
    "\"none\":{\"access_token\":\"endless-token\"},"
    "\"odd\":{\"access_token\":\"odd-token\",\"expires_at\":-1}},"
    "\"runtime_variables\":{" VARIABLE("v1", "Mail key", "true", "[34,104,105,34]") "," VARIABLE(
        "v2", "open", "false",
        "[34,104,111,34]") "," VARIABLE("v3", "number", "true",
                                        "[49,50]") "},"
                                                   "\"event_json\":\"{\\\"variables\\\":{"
                                                   "\\\"e1\\\":{\\\"id\\\":\\\"e1\\\",\\\"name\\\":"
                                                   "\\\"E\\\","
                                                   "\\\"default_value\\\":[34,101,34]}}}\"}";

static struct job *read_job(void)
{
    char body[4096];
    char *text =
        mint_claims("run-1", "app-1", "board-1", "https://api.example.test:8443/base", NOW_S);
    char *token = mint_token(TEST_DATA "/test-ec-private.pem", "test-key-1", text);
    snprintf(body, sizeof body, body_format, token, (long long)NOW_S + 61, (long long)NOW_S + 60);
    struct error err = {0};
    struct job *job = job_parse(span_of(body), &err);
    if (!job)
        fail_msg("%s", err.text);
    mem_free(token);
    mem_free(text);
    return job;
}

static struct claims *verify(const struct job *job)
{
    size_t len;
    char *text = mint_file(TEST_DATA "/jwks.json", &len);
    struct keys *keys = keys_from_jwks((struct span){text, len}, NULL);
    struct claims *claims = claims_verify(keys, job, NOW_MS, NULL);
    assert_non_null(claims);
    keys_free(keys);
    mem_free(text);
    return claims;
}

static void secrets_of_a_job_are_its_tokens_and_variables(void **state)
{
    (void)state;
    config_read(&config,
                (const char *[]){"EXECUTOR_SECRET_OAUTH_GOOGLE_HOSTS=www.googleapis.com",
                                 "EXECUTOR_SECRET_VARS_MAIL_KEY_HOSTS=mail.test", NULL},
                &warnings);
    struct job *job = read_job();
    struct claims *claims = verify(job);
    struct secrets *secrets = secrets_new(&config, claims, job, NOW_MS);
    assert_value(secrets, "oauth.google", "google-\"token");
    assert_value(secrets, "oauth.none", "endless-token");
    assert_value(secrets, "oauth.odd", "odd-token");
    assert_missing(secrets, "oauth.old", "has expired");
    assert_missing(secrets, "oauth.GOOGLE", "does not bring it");
    assert_value(secrets, "vars.v1", "hi");
    assert_missing(secrets, "vars.v2", "does not bring it");
    assert_value(secrets, "vars.v3", "12");
    assert_value(secrets, "event.e1", "e");
    assert_missing(secrets, "vars.e1", "does not bring it");
    assert_value(secrets, "api", claims_token(claims));

    const struct secret *google = secrets_find(secrets, "oauth.google", NULL);
    const struct secret *mail = secrets_find(secrets, "vars.v1", NULL);
    const struct secret *api = secrets_find(secrets, "api", NULL);
    const struct secret *endless = secrets_find(secrets, "oauth.none", NULL);
    struct error err = {0};
    assert_true(may_go(google, "https://www.googleapis.com/x", NULL));
    assert_true(may_go(mail, "https://mail.test/", NULL));
    assert_true(may_go(api, "https://api.example.test:8443/other", NULL));
    assert_false(may_go(api, "https://api.example.test/", &err));
    assert_non_null(strstr(err.text, "may go to api.example.test:8443 only"));
    assert_false(may_go(endless, "https://a.test/", &err));
    assert_non_null(strstr(err.text, "EXECUTOR_SECRET_OAUTH_NONE_HOSTS is not set"));
    claims_free(claims);
    job_free(job);
    close_all(secrets);
}

static void secrets_cleaned_leaves_json_json(void **state)
{
    (void)state;
    static const struct {
        const char *json, *is;
    } cases[] = {
        {"{\"a\":\"sixteen-bytes-ok\"}", "{\"a\":\"[secret:WORD]\"}"},
        {"{\"a\":\"other\"}", "{\"a\":\"other\"}"},
        {"{\"a\":1234567890123}", "\"[secret]\""},
        {"{\"a\":\"1234567890123\"}", "{\"a\":\"[secret]\"}"},
    };
    struct secrets *secrets = open_with((const char *[]){
        "EXECUTOR_SECRET_WORD=sixteen-bytes-ok", "EXECUTOR_SECRET_NUMBER=1234567890123", NULL});
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *copy;
        struct span is = secrets_cleaned_json(secrets, span_of(cases[i].json), &copy);
        if (!span_is(is, cases[i].is))
            fail_msg("%.*s", (int)is.len, is.at);
        mem_free(copy);
    }
    close_all(secrets);
}

static void secret_set_holds_each_once_and_not_too_many(void **state)
{
    (void)state;
    struct error err = {0};
    struct secret_set set = {{NULL}, 0};
    struct config replay = {.http_loopback_only = true};
    struct secrets *secrets = secrets_new(&replay, NULL, NULL, 0);
    for (int i = 0; i < SECRET_SET_MAX; i++) {
        char name[8];
        snprintf(name, sizeof name, "n%d", i);
        assert_true(secret_set_add(&set, secrets_find(secrets, name, NULL), &err));
        assert_true(secret_set_add(&set, secrets_find(secrets, name, NULL), &err));
    }
    assert_int_equal(set.count, SECRET_SET_MAX);
    assert_false(secret_set_add(&set, secrets_find(secrets, "more", NULL), &err));
    assert_int_equal(err.kind, ERROR_LIMIT);
    assert_true(may_go(set.items[0], "http://a.test/", NULL));
    secrets_free(secrets);
    secrets_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(secrets_of_the_environment_are_found_in_any_spelling),
        cmocka_unit_test(secret_may_go_where_its_operator_says),
        cmocka_unit_test(secret_may_go_says_what_would_allow_it),
        cmocka_unit_test(config_warns_of_secrets_that_will_not_work),
        cmocka_unit_test(secrets_of_a_job_are_its_tokens_and_variables),
        cmocka_unit_test(secrets_cleaned_leaves_json_json),
        cmocka_unit_test(secret_set_holds_each_once_and_not_too_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
