#include "expression.h"

#include "json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static char text[4096];

/* Placeholders stand for secrets where a replay would. */
static const char *evaluate(const char *json, bool placeholders, struct error *err)
{
    struct config config = {.http_loopback_only = placeholders};
    struct secrets *secrets = secrets_new(&config, NULL, NULL, 0);
    struct secret_set used = {{NULL}, 0};
    struct expression_use use = {secrets, EXPRESSION_TEXT, &used};
    struct buffer out;
    cJSON *expression = cJSON_Parse(json);
    assert_non_null(expression);
    buffer_init(&out, 1024);
    bool good = expression_put(&out, expression, &use, err);
    snprintf(text, sizeof text, "%.*s", (int)out.len, out.len ? out.data : "");
    buffer_release(&out);
    cJSON_Delete(expression);
    secrets_free(secrets);
    return good ? text : NULL;
}

static void expression_put_evaluates_each_form(void **state)
{
    (void)state;
    static const struct {
        const char *json;
        const char *expected;
    } cases[] = {
        {"\"plain\"", "plain"},
        {"{\"secret\":\"k\"}", "secret:k"},
        {"{\"concat\":[\"Bearer \",{\"secret\":\"k\"},\"!\"]}", "Bearer secret:k!"},
        {"{\"concat\":[]}", ""},
        {"{\"base64\":\"user:pw\"}", "dXNlcjpwdw=="},
        {"{\"base64\":\"\"}", ""},
        {"{\"hex\":\"\xc3\xbc!\"}", "c3bc21"},
        {"{\"url\":\"a b/~\"}", "a%20b%2F~"},
        {"{\"hmac_sha256\":{\"key\":\"Jefe\",\"data\":\"what do ya want for nothing?\"}}",
         "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
        {"{\"hmac_sha256\":{\"key\":\"Jefe\",\"data\":\"what do ya want for nothing?\","
         "\"form\":\"base64\"}}",
         "W9zBRr9gdU5qBCQmCJV1x1oAPwidJzmDnexYuWTsOEM="},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *got = evaluate(cases[i].json, true, NULL);
        assert_non_null(got);
        assert_string_equal(got, cases[i].expected);
    }
}

static void expression_put_refuses_what_is_none(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "7",
        "null",
        "[]",
        "{}",
        "{\"secret\":7}",
        "{\"secret\":\"a\",\"hex\":\"b\"}",
        "{\"concat\":\"a\"}",
        "{\"rot13\":\"a\"}",
        "{\"hmac_sha256\":{\"key\":\"a\"}}",
        "{\"hmac_sha256\":{\"key\":\"a\",\"data\":\"b\",\"form\":\"octal\"}}",
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct error err = {0};
        assert_null(evaluate(cases[i], true, &err));
        assert_int_equal(err.kind, ERROR_INPUT);
    }
}

static void expression_put_names_the_secret_that_is_not_to_be_had(void **state)
{
    (void)state;
    struct error err = {0};
    assert_null(evaluate("{\"concat\":[\"Bearer \",{\"secret\":\"billing\"}]}", false, &err));
    assert_int_equal(err.kind, ERROR_MISSING);
    assert_non_null(strstr(err.text, "billing"));
    assert_string_equal(evaluate("{\"concat\":[\"no \",\"secret\"]}", false, &err), "no secret");
}

static void expression_put_is_bounded_in_depth_and_size(void **state)
{
    (void)state;
    struct error err = {0};
    char deep[1024] = "", *at = deep;
    for (int i = 0; i < EXPRESSION_DEPTH_MAX + 1; i++)
        at += sprintf(at, "{\"hex\":");
    at += sprintf(at, "\"\"");
    memset(at, '}', EXPRESSION_DEPTH_MAX + 1);
    assert_null(evaluate(deep, true, &err));
    assert_int_equal(err.kind, ERROR_INPUT);
    char wide[1200] = "\"";
    memset(wide + 1, 'x', 1100);
    strcpy(wide + 1101, "\"");
    assert_null(evaluate(wide, true, &err));
    assert_int_equal(err.kind, ERROR_LIMIT);
}

/* Each part is small in the end and large on its way there. */
static void expression_put_is_bounded_in_work(void **state)
{
    (void)state;
    struct error err = {0};
    struct buffer head, out;
    buffer_init(&head, 64 * 1024);
    buffer_init(&out, 1024 * 1024);
    buffer_text(&head, "{\"concat\":[\"\"");
    for (int i = 0; i < 200; i++) {
        buffer_text(&head, ",{\"hmac_sha256\":{\"key\":\"k\",\"data\":");
        for (int k = 0; k < 20; k++)
            buffer_text(&head, "{\"hex\":");
        buffer_text(&head, "\"x\"}}}}}}}}}}}}}}}}}}}}}}");
    }
    buffer_text(&head, "]}");
    cJSON *expression = json_parse(buffer_span(&head), &err);
    assert_non_null(expression);
    struct secret_set used = {{NULL}, 0};
    assert_false(expression_put(&out, expression,
                                &(struct expression_use){NULL, EXPRESSION_TEXT, &used}, &err));
    assert_int_equal(err.kind, ERROR_LIMIT);
    assert_non_null(strstr(err.text, "too much work"));
    cJSON_Delete(expression);
    buffer_release(&head);
    buffer_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(expression_put_evaluates_each_form),
        cmocka_unit_test(expression_put_refuses_what_is_none),
        cmocka_unit_test(expression_put_names_the_secret_that_is_not_to_be_had),
        cmocka_unit_test(expression_put_is_bounded_in_depth_and_size),
        cmocka_unit_test(expression_put_is_bounded_in_work),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
