#include "site.h"

#include "loops.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* --- policy --------------------------------------------------------------------------------------
 */

static void http_new_refuses_a_bad_list(void **state)
{
    struct site *site = *state;
    struct config config = {.http_allow = "10.0.0.0/99"};
    struct error err = {0};
    assert_null(http_new(site->loop, &config, &err));
    assert_int_equal(err.kind, ERROR_INPUT);
}

/* However loopback is spelled, no connection is made. */
static void http_judges_the_address_and_not_its_spelling(void **state)
{
    struct site *site = *state;
    static const char *const hosts[] = {
        "127.0.0.1", "127.1",        "2130706433",         "0x7f000001",
        "0x7f.1",    "017700000001", "0177.0.0.1",         "0.0.0.0",
        "0",         "localhost",    "[::ffff:127.0.0.1]", "[::1]",
        "[::]",      "127.0.0.1.",   "[::7f00:1]",         "LOCALHOST.",
    };
    site_allow(site, "10.0.0.0/8");
    for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++) {
        char url[128];
        snprintf(url, sizeof url, "http://%s:%d/", hosts[i], server_port(site->server));
        struct answer answer = site_get(site, url);
        const cJSON *error = json_member(answer.head, "error");
        const char *code = error ? json_member_text(error, "code") : "none";
        /* a resolver may not know some of these at all */
        if (strcmp(code, "net.denied") != 0 && strcmp(code, "net.dns") != 0)
            fail_msg("%s: %s", hosts[i], code);
        answer_release(&answer);
    }
    assert_int_equal(server_connections(site->server), 0);
    char url[64];
    char says[96];
    snprintf(url, sizeof url, "%s/", server_url(site->server));
    snprintf(says, sizeof says, "add 127.0.0.1:%d to EXECUTOR_HTTP_ALLOW",
             server_port(site->server));
    site_assert_failed(site_get(site, url), "net.denied", says);
}

static void http_lets_an_allowed_name_resolve_to_anything(void **state)
{
    struct site *site = *state;
    char url[64];
    char allow[64];
    snprintf(allow, sizeof allow, "localhost:%d", server_port(site->server));
    site_allow(site, allow);
    snprintf(url, sizeof url, "http://localhost:%d/", server_port(site->server));
    struct answer answer = site_get(site, url);
    assert_int_equal(answer_status(&answer), 200);
    answer_release(&answer);
    site_assert_failed(site_get(site, "/"), "net.denied", "127.0.0.1");
}

static void http_never_reaches_the_runtime_api(void **state)
{
    struct site *site = *state;
    char api[64];
    snprintf(api, sizeof api, "127.0.0.1:%d", server_port(site->server));
    site->config.runtime_api = api;
    site_allow(site, "0.0.0.0/0,localhost");
    site_assert_failed(site_get(site, "/2018-06-01/runtime/invocation/next"), "net.denied",
                       "Runtime API");
    site_assert_failed(site_get(site, "http://169.254.169.254/latest/meta-data"), "net.denied",
                       "metadata");
    assert_int_equal(server_connections(site->server), 0);
}

static void http_is_offline_in_a_replay(void **state)
{
    struct site *site = *state;
    site->config.http_loopback_only = true;
    site_allow(site, NULL);
    struct answer answer = site_get(site, "/");
    assert_int_equal(answer_status(&answer), 200);
    answer_release(&answer);
    site_assert_failed(site_get(site, "http://192.0.2.1/"), "net.denied", "replay is offline");
}

/* A connection that somebody else may use is open already; opening no socket is no way around. */
static void http_judges_kept_connections_again(void **state)
{
    struct site *site = *state;
    struct config strict = {0};
    struct error err = {0};
    struct answer answer = site_get(site, "/first");
    answer_release(&answer);
    struct http *allowed = site->http;
    site->http = http_new(site->loop, &strict, &err);
    answer = site_get(site, "/second");
    http_free(site->http);
    site->http = allowed;
    site_assert_failed(answer, "net.denied", "127.0.0.1");
    assert_int_equal(server_connections(site->server), 1);
}

/* --- redirects -----------------------------------------------------------------------------------
 */

static void http_follows_five_redirects_and_no_more(void **state)
{
    struct site *site = *state;
    struct answer answer = site_get(site, "/hop/5");
    assert_string_equal(answer.body.data, "arrived");
    answer_release(&answer);
    site_assert_failed(site_get(site, "/hop/6"), "net.redirects", "more than 5");
}

static void http_judges_each_redirect(void **state)
{
    struct site *site = *state;
    struct pages pages;
    pages_init(&pages);
    struct server *other = server_start(0, pages_serve, &pages);
    snprintf(site->pages.elsewhere, sizeof site->pages.elsewhere, "%s/inner", server_url(other));
    site_assert_failed(site_get(site, "/away/302"), "net.denied", "EXECUTOR_HTTP_ALLOW");
    assert_int_equal(server_connections(other), 0);
    server_stop(other);
    pages_release(&pages);
}

static void http_refuses_redirects_to_other_schemes(void **state)
{
    struct site *site = *state;
    snprintf(site->pages.elsewhere, sizeof site->pages.elsewhere, "file:///etc/passwd");
    site_assert_failed(site_get(site, "/away/302"), "net.redirects", "127.0.0.1");
}

static void http_leaves_credentials_behind_at_another_origin(void **state)
{
    struct site *site = *state;
    struct pages pages;
    char head[512];
    pages_init(&pages);
    struct server *other = server_start(0, pages_serve, &pages);
    site_allow(site, "127.0.0.1");
    snprintf(site->pages.elsewhere, sizeof site->pages.elsewhere, "%s/there", server_url(other));
    snprintf(head, sizeof head,
             "{\"method\":\"POST\",\"url\":\"%s/away/307\",\"headers\":"
             "{\"Authorization\":\"Bearer x\",\"Cookie\":\"c=1\",\"X-Kept\":\"y\"}}",
             server_url(site->server));
    struct answer answer = site_ask(site, head, "payload");
    assert_memory_equal(answer.body.data, "POST /there ", 12);
    assert_non_null(strstr(answer.body.data, "X-Kept: y"));
    assert_non_null(strstr(answer.body.data, "\r\n\r\npayload"));
    assert_null(strcasestr(answer.body.data, "authorization"));
    assert_null(strcasestr(answer.body.data, "cookie"));
    answer_release(&answer);
    server_stop(other);
    pages_release(&pages);
}

static void http_turns_a_post_into_a_get_on_303(void **state)
{
    struct site *site = *state;
    char head[256];
    snprintf(site->pages.elsewhere, sizeof site->pages.elsewhere, "/seen");
    snprintf(head, sizeof head,
             "{\"method\":\"POST\",\"url\":\"%s/away/303\",\"headers\":{\"Authorization\":\"x\"}}",
             server_url(site->server));
    struct answer answer = site_ask(site, head, "payload");
    assert_memory_equal(answer.body.data, "GET /seen ", 10);
    assert_null(strstr(answer.body.data, "payload"));
    assert_null(strcasestr(answer.body.data, "content-length"));
    assert_non_null(strstr(answer.body.data, "Authorization: x"));
    answer_release(&answer);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, site_open, site_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(http_new_refuses_a_bad_list),
        TEST(http_judges_the_address_and_not_its_spelling),
        TEST(http_lets_an_allowed_name_resolve_to_anything),
        TEST(http_never_reaches_the_runtime_api),
        TEST(http_is_offline_in_a_replay),
        TEST(http_judges_kept_connections_again),
        TEST(http_follows_five_redirects_and_no_more),
        TEST(http_judges_each_redirect),
        TEST(http_refuses_redirects_to_other_schemes),
        TEST(http_leaves_credentials_behind_at_another_origin),
        TEST(http_turns_a_post_into_a_get_on_303),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
