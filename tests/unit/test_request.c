#include "request.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <cmocka.h>

/* No secrets at all, and those of a replay. */
static struct secrets *none, *placeholders;

static struct request *parse(const char *head, const char *body)
{
    struct error err = {0};
    struct request *request = request_parse(span_of(head), span_of(body), none, &err);
    if (!request)
        fail_msg("%s: %s", head, err.text);
    return request;
}

static const char *field(const struct request *request, const char *name)
{
    for (size_t i = 0; i < request->field_count; i++)
        if (strcasecmp(request->fields[i].name, name) == 0)
            return request->fields[i].value;
    return NULL;
}

static void assert_url(const struct request *request, const char *expected)
{
    char *url = NULL;
    assert_int_equal(curl_url_get(request->url, CURLUPART_URL, &url, 0), CURLUE_OK);
    assert_string_equal(url, expected);
    curl_free(url);
}

static void request_parse_reads_every_part(void **state)
{
    (void)state;
    struct request *request = parse("{\"method\":\"POST\",\"url\":\"https://a.test:8443/x?y=1\","
                                    "\"headers\":{\"X-One\":\"1\\tb\",\"empty\":\"\"},"
                                    "\"timeout_ms\":1500}",
                                    "body");
    assert_string_equal(request->method, "POST");
    assert_string_equal(request->host, "a.test");
    assert_url(request, "https://a.test:8443/x?y=1");
    assert_int_equal(request->field_count, 2);
    assert_string_equal(field(request, "x-one"), "1\tb");
    assert_string_equal(field(request, "empty"), "");
    assert_int_equal(request->timeout_ms, 1500);
    assert_int_equal(request->body_len, 4);
    assert_string_equal(request->body, "body");
    assert_true(request_has_field(request, "EMPTY"));
    assert_false(request_has_field(request, "emp"));
    request_free(request);
}

static void request_parse_has_defaults(void **state)
{
    (void)state;
    struct request *request = parse("{\"url\":\"http://a.test\"}", "");
    assert_string_equal(request->method, "GET");
    assert_int_equal(request->field_count, 0);
    assert_int_equal(request->timeout_ms, 30000);
    assert_int_equal(request->body_len, 0);
    request_free(request);
    request_free(NULL);
}

static void request_parse_says_why_it_refuses(void **state)
{
    (void)state;
    static const struct {
        const char *head, *why;
    } cases[] = {
        {"", ""},
        {"[]", "no object"},
        {"{\"url\":\"http://a.test\"} x", ""},
        {"{}", "url is missing"},
        {"{\"url\":7}", "url: is neither a string nor an expression"},
        {"{\"url\":\"http://a.test/a b\"}", "space"},
        {"{\"url\":\"http://a.test/a\\nb\"}", "control"},
        {"{\"url\":\"http://a.test/\\r\\nX: y\"}", "control"},
        {"{\"url\":\"http://a.test/a\\u007fb\"}", "control"},
        {"{\"url\":\"http://u:p@a.test/\"}", "user name"},
        {"{\"url\":\"http://u@a.test/\"}", "user name"},
        {"{\"url\":\"file:///etc/passwd\"}", "scheme"},
        {"{\"url\":\"ftp://a.test/\"}", "scheme"},
        {"{\"url\":\"gopher://a.test/\"}", "scheme"},
        {"{\"url\":\"a.test\"}", "parse"},
        {"{\"url\":\"//a.test\"}", "parse"},
        {"{\"url\":\"http://\"}", "parse"},
        {"{\"url\":\"http://a.test:99999/\"}", "parse"},
        {"{\"url\":\"http://a.test\",\"method\":\"get\"}", "method"},
        {"{\"url\":\"http://a.test\",\"method\":\"\"}", "method"},
        {"{\"url\":\"http://a.test\",\"method\":null}", "method"},
        {"{\"url\":\"http://a.test\",\"method\":\"G T\"}", "method"},
        {"{\"url\":\"http://a.test\",\"method\":\"GET / HTTP/1.1\\r\\nX: y\"}", "method"},
        {"{\"url\":\"http://a.test\",\"method\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}", "method"},
        {"{\"url\":\"http://a.test\",\"method\":\"CONNECT\"}", "CONNECT"},
        {"{\"url\":\"http://a.test\",\"method\":\"HEAD\"}", "HEAD"},
        {"{\"url\":\"http://a.test\",\"headers\":[]}", "headers"},
        {"{\"url\":\"http://a.test\",\"headers\":{\"a b\":\"c\"}}", "token"},
        {"{\"url\":\"http://a.test\",\"headers\":{\"\":\"c\"}}", "token"},
        {"{\"url\":\"http://a.test\",\"headers\":{\"a:\":\"c\"}}", "token"},
        {"{\"url\":\"http://a.test\",\"headers\":{\"a\\r\\nb\":\"c\"}}", "token"},
        {"{\"url\":\"http://a.test\",\"headers\":{\"a\":\"c\\r\\nX: y\"}}", "control"},
        {"{\"url\":\"http://a.test\",\"headers\":{\"a\":\"c\\nX: y\"}}", "control"},
        {"{\"url\":\"http://a.test\",\"headers\":{\"a\":\"c\\u0000\"}}", ""},
        {"{\"url\":\"http://a.test\",\"headers\":{\"a\":1}}", "no string"},
        {"{\"url\":\"http://a.test\",\"headers\":{\"HOST\":\"b\"}}", "HOST"},
        {"{\"url\":\"http://a.test\",\"headers\":{\"Content-Length\":\"3\"}}", "Content-Length"},
        {"{\"url\":\"http://a.test\",\"headers\":{\"transfer-encoding\":\"chunked\"}}", "transfer"},
        {"{\"url\":\"http://a.test\",\"headers\":{\"Connection\":\"close\"}}", "Connection"},
        {"{\"url\":\"http://a.test\",\"headers\":{\"Upgrade\":\"h2c\"}}", "Upgrade"},
        {"{\"url\":\"http://a.test\",\"timeout_ms\":0}", "timeout_ms"},
        {"{\"url\":\"http://a.test\",\"timeout_ms\":-5}", "timeout_ms"},
        {"{\"url\":\"http://a.test\",\"timeout_ms\":1e300}", "timeout_ms"},
        {"{\"url\":\"http://a.test\",\"timeout_ms\":\"9\"}", "timeout_ms"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct error err = {0};
        if (request_parse(span_of(cases[i].head), span_of("body"), none, &err))
            fail_msg("%s was taken", cases[i].head);
        assert_int_equal(err.kind, ERROR_INPUT);
        if (!strstr(err.text, cases[i].why) || strstr(err.text, "passwd"))
            fail_msg("%s: '%s'", cases[i].head, err.text);
    }
}

static void request_parse_bounds_url_and_headers(void **state)
{
    (void)state;
    struct buffer head;
    struct error err = {0};
    buffer_init(&head, 1024 * 1024);
    buffer_text(&head, "{\"url\":\"http://a.test/");
    for (int i = 0; i < REQUEST_URL_MAX; i++)
        buffer_text(&head, "x");
    buffer_text(&head, "\"}");
    assert_null(request_parse(buffer_span(&head), (struct span){0}, none, &err));
    assert_non_null(strstr(err.text, "longer than"));

    buffer_clear(&head);
    buffer_text(&head, "{\"url\":\"http://a.test/\",\"headers\":{\"a\":\"");
    for (size_t i = 0; i < REQUEST_FIELDS_BYTES_MAX; i++)
        buffer_text(&head, "x");
    buffer_text(&head, "\"}}");
    assert_null(request_parse(buffer_span(&head), (struct span){0}, none, &err));
    assert_non_null(strstr(err.text, "headers"));

    buffer_clear(&head);
    buffer_text(&head, "{\"url\":\"http://a.test/\",\"headers\":{\"a\":\"\"");
    for (int i = 0; i < REQUEST_FIELDS_MAX; i++)
        buffer_format(&head, ",\"a%d\":\"\"", i);
    buffer_text(&head, "}}");
    assert_null(request_parse(buffer_span(&head), (struct span){0}, none, &err));
    assert_non_null(strstr(err.text, "headers"));
    buffer_release(&head);
}

static void request_redirect_moves_as_rfc_9110_says(void **state)
{
    (void)state;
    static const struct {
        const char *method;
        long status;
        const char *becomes;
        bool keeps_body;
    } cases[] = {
        {"POST", 301, "GET", false},     {"POST", 302, "GET", false}, {"POST", 303, "GET", false},
        {"POST", 307, "POST", true},     {"POST", 308, "POST", true}, {"PUT", 301, "PUT", true},
        {"DELETE", 302, "DELETE", true}, {"PUT", 303, "GET", false},  {"GET", 303, "GET", false},
        {"PATCH", 308, "PATCH", true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char head[256];
        struct error err = {0};
        snprintf(head, sizeof head,
                 "{\"url\":\"http://a.test/x/y?z\",\"method\":\"%s\","
                 "\"headers\":{\"Content-Type\":\"a/b\",\"Authorization\":\"s\",\"k\":\"v\"}}",
                 cases[i].method);
        struct request *request = parse(head, "body");
        assert_true(request_redirect(request, cases[i].status, "../w", &err));
        assert_url(request, "http://a.test/w");
        assert_string_equal(request->method, cases[i].becomes);
        assert_int_equal(request->body_len > 0, cases[i].keeps_body);
        assert_int_equal(field(request, "content-type") != NULL, cases[i].keeps_body);
        assert_non_null(field(request, "authorization"));
        assert_non_null(field(request, "k"));
        request_free(request);
    }
}

static void request_redirect_keeps_head_on_303(void **state)
{
    (void)state;
    struct error err = {0};
    struct request *request = parse("{\"url\":\"http://a.test/\",\"method\":\"HEAD\"}", "");
    assert_true(request_redirect(request, 303, "/b c", &err));
    assert_string_equal(request->method, "HEAD");
    assert_url(request, "http://a.test/b%20c");
    request_free(request);
}

static void request_redirect_leaves_credentials_at_their_origin(void **state)
{
    (void)state;
    static const struct {
        const char *from, *to;
        bool kept;
    } cases[] = {
        {"https://a.test/", "/other", true},
        {"https://a.test/", "https://A.test:443/other", true},
        {"https://a.test:443/", "https://a.test/other", true},
        {"https://a.test/", "https://b.test/", false},
        {"https://a.test/", "//b.test/", false},
        {"https://a.test/", "https://a.test:444/", false},
        {"https://a.test/", "https://x.a.test/", false},
        {"http://a.test/", "https://a.test/", false},
        {"http://a.test:443/", "https://a.test/", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char head[256];
        struct error err = {0};
        snprintf(head, sizeof head,
                 "{\"url\":\"%s\",\"headers\":{\"AUTHORIZATION\":\"s\",\"cookie\":\"s\","
                 "\"Proxy-Authorization\":\"s\",\"k\":\"v\"}}",
                 cases[i].from);
        struct request *request = parse(head, "");
        assert_true(request_redirect(request, 307, cases[i].to, &err));
        if (request->field_count != (cases[i].kept ? 4u : 1u))
            fail_msg("%s -> %s: %zu headers", cases[i].from, cases[i].to, request->field_count);
        assert_non_null(field(request, "k"));
        request_free(request);
    }
}

static void request_redirect_refuses_other_schemes(void **state)
{
    (void)state;
    static const struct {
        const char *from, *to;
    } cases[] = {
        {"https://a.test/", "http://a.test/"}, {"https://a.test/", "file:///etc/passwd"},
        {"http://a.test/", "ftp://b.test/"},   {"http://a.test/", "http://u:p@b.test/"},
        {"http://a.test/", "http://"},         {"http://a.test/", "javascript:alert(1)"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char head[128];
        struct error err = {0};
        snprintf(head, sizeof head, "{\"url\":\"%s\"}", cases[i].from);
        struct request *request = parse(head, "");
        if (request_redirect(request, 302, cases[i].to, &err))
            fail_msg("%s -> %s was followed", cases[i].from, cases[i].to);
        assert_non_null(strstr(err.text, "a.test"));
        request_free(request);
    }
}

static void request_parse_takes_expressions_where_a_replay_stands_in(void **state)
{
    (void)state;
    static const char head[] =
        "{\"method\":\"POST\",\"url\":{\"concat\":[\"https://a.test/?k=\",{\"url\":{\"secret\":"
        "\"p q\"}}]},\"headers\":{\"authorization\":{\"concat\":[\"Bearer \",{\"secret\":\"t\"}]}},"
        "\"body\":{\"concat\":[\"x=\",{\"secret\":\"b\"}]}}";
    struct error err = {0};
    assert_null(request_parse(span_of(head), (struct span){0}, none, &err));
    assert_int_equal(err.kind, ERROR_MISSING);
    struct request *request = request_parse(span_of(head), (struct span){0}, placeholders, &err);
    assert_non_null(request);
    assert_string_equal(request->fields[0].value, "Bearer secret:t");
    assert_string_equal(request->body, "x=secret:b");
    assert_int_equal(request->body_len, 10);
    request_free(request);
    assert_null(request_parse(span_of("{\"method\":\"HEAD\",\"url\":\"https://a.test/\","
                                      "\"body\":\"x\"}"),
                              (struct span){0}, placeholders, &err));
    assert_string_equal(err.text, "http: a HEAD request has no body");
}

static void request_parse_refuses_line_breaks_in_what_an_expression_gives(void **state)
{
    (void)state;
    static const char head[] = "{\"method\":\"GET\",\"url\":\"https://a.test/\",\"headers\":{\"a\":"
                               "{\"concat\":[\"b\\r\\nc: d\"]}}}";
    struct error err = {0};
    assert_null(request_parse(span_of(head), (struct span){0}, placeholders, &err));
    assert_int_equal(err.kind, ERROR_INPUT);
}

static int open_secrets(void **state)
{
    (void)state;
    static const struct config real, replay = {.http_loopback_only = true};
    none = secrets_new(&real, NULL, NULL, 0);
    placeholders = secrets_new(&replay, NULL, NULL, 0);
    return 0;
}

static int close_secrets(void **state)
{
    (void)state;
    secrets_free(none);
    secrets_free(placeholders);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(request_parse_takes_expressions_where_a_replay_stands_in),
        cmocka_unit_test(request_parse_refuses_line_breaks_in_what_an_expression_gives),
        cmocka_unit_test(request_parse_reads_every_part),
        cmocka_unit_test(request_parse_has_defaults),
        cmocka_unit_test(request_parse_says_why_it_refuses),
        cmocka_unit_test(request_parse_bounds_url_and_headers),
        cmocka_unit_test(request_redirect_moves_as_rfc_9110_says),
        cmocka_unit_test(request_redirect_keeps_head_on_303),
        cmocka_unit_test(request_redirect_leaves_credentials_at_their_origin),
        cmocka_unit_test(request_redirect_refuses_other_schemes),
    };
    return cmocka_run_group_tests(tests, open_secrets, close_secrets);
}
