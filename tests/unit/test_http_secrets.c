/* http: secrets in the requests of flows: where they go in, where they may go, and that none comes
 * back. The server is a real one on loopback, which the operator allowed. */
#include "site.h"

#include "loops.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define TOKEN  "tok+/=?&\"12345"
#define OTHER  "other-secret-6789"
#define BROKEN "line-one\r\nX-Evil: 1"

static char hosts[128];
static char name_token[] = "TOKEN", value_token[] = TOKEN;
static char name_other[] = "OTHER", value_other[] = OTHER, hosts_other[] = "api.other.test";
static char name_broken[] = "BROKEN", value_broken[] = BROKEN;
static char name_base[] = "BASE", value_base[128];
static struct config_secret all[] = {
    {name_token, value_token, hosts},
    {name_other, value_other, hosts_other},
    {name_broken, value_broken, hosts},
    {name_base, value_base, hosts},
};

static int open_with_secrets(void **state)
{
    if (site_open(state) != 0)
        return -1;
    struct site *site = *state;
    snprintf(hosts, sizeof hosts, "127.0.0.1:%d", server_port(site->server));
    snprintf(value_base, sizeof value_base, "%s/base", server_url(site->server));
    site_secrets(site, all, sizeof all / sizeof *all);
    return 0;
}

/* The members of a head, with URL in the place of the server's. */
static struct answer ask(struct site *site, const char *members)
{
    struct buffer head;
    buffer_init(&head, 4096);
    const char *place = strstr(members, "URL");
    buffer_text(&head, "{");
    if (place) {
        buffer_add(&head, (struct span){members, (size_t)(place - members)});
        buffer_text(&head, server_url(site->server));
        members = place + 3;
    }
    buffer_text(&head, members);
    buffer_text(&head, "}");
    buffer_add(&head, (struct span){"", 1});
    struct answer answer = site_ask(site, head.data, "");
    buffer_release(&head);
    return answer;
}

/* What the server saw last. */
static bool arrived(struct site *site, const char *text)
{
    const struct buffer *echo = &site->pages.echo;
    return echo->len && memmem(echo->data, echo->len, text, strlen(text));
}

static void a_secret_goes_in_as_its_place_wants_it(void **state)
{
    struct site *site = *state;
    static const struct {
        const char *members; /* of the head */
        const char *sent;
        const char *shown; /* what the echo is to the flow */
    } cases[] = {
        {"\"url\":\"URL/a\",\"headers\":{\"x\":{\"concat\":[\"Bearer \",{\"secret\":\"token\"}]}}",
         "x: Bearer " TOKEN "\r\n", "x: Bearer [secret:TOKEN]"},
        {"\"url\":{\"concat\":[\"URL/a/\",{\"secret\":\"token\"},\"/b\"]}",
         "GET /a/tok+%2F=%3F&%2212345/b ", "GET /a/[secret:TOKEN]/b"},
        {"\"url\":{\"concat\":[\"URL/a?k=\",{\"secret\":\"token\"},\"&b\"]}",
         "GET /a?k=tok%2B%2F%3D%3F%26%2212345&b ", "GET /a?k=[secret:TOKEN]&b"},
        {"\"url\":{\"concat\":[\"URL/a?k=\",{\"url\":{\"secret\":\"token\"}}]}",
         "GET /a?k=tok%2B%2F%3D%3F%26%2212345 ", "GET /a?k=[secret:TOKEN] "},
        {"\"url\":{\"concat\":[{\"secret\":\"base\"},\"/x?y=1\"]}", "GET /base/x?y=1 ",
         "GET /base/x?y=1 "},
        {"\"url\":{\"concat\":[\"URL/a?s=\",{\"base64\":{\"secret\":\"token\"}}]}",
         "GET /a?s=dG9rKy89PyYiMTIzNDU%3D ", "GET /a?s=[secret:TOKEN]"},
        {"\"method\":\"POST\",\"url\":\"URL/a\",\"body\":{\"concat\":[\"{\\\"k\\\":\\\"\","
         "{\"secret\":\"token\"},\"\\\"}\"]}",
         "{\"k\":\"tok+/=?&\\\"12345\"}", "{\"k\":\"[secret:TOKEN]\"}"},
        {"\"method\":\"POST\",\"url\":\"URL/a\",\"headers\":{\"Content-Type\":\"text/plain\"},"
         "\"body\":{\"concat\":[\"{\",{\"secret\":\"token\"}]}",
         "{" TOKEN, "{[secret:TOKEN]"},
        {"\"method\":\"POST\",\"url\":\"URL/a\",\"headers\":{\"content-type\":"
         "\"application/x-www-form-urlencoded\"},\"body\":{\"concat\":[\"k=\",{\"secret\":"
         "\"token\"}]}",
         "k=tok%2B%2F%3D%3F%26%2212345", "k=[secret:TOKEN]"},
        {"\"url\":\"URL/a\",\"headers\":{\"x\":{\"concat\":[\"Basic \",{\"base64\":{\"concat\":["
         "\"user:\",{\"secret\":\"token\"}]}}]}}",
         "x: Basic dXNlcjp0b2srLz0/JiIxMjM0NQ==", "x: Basic dXNlcjp[secret:TOKEN]Q=="},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct answer answer = ask(site, cases[i].members);
        if (answer_status(&answer) != 200)
            fail_msg("row %zu: %s", i, cJSON_PrintUnformatted(answer.head));
        if (!arrived(site, cases[i].sent))
            fail_msg("row %zu: the server saw %.*s", i, (int)site->pages.echo.len,
                     site->pages.echo.data);
        if (!strstr(answer.body.data, cases[i].shown))
            fail_msg("row %zu: the flow sees %s", i, answer.body.data);
        assert_null(strstr(answer.body.data, TOKEN));
        answer_release(&answer);
    }
}

static void no_header_of_an_answer_holds_a_secret(void **state)
{
    struct site *site = *state;
    struct answer answer =
        ask(site, "\"url\":\"URL/reflect\",\"headers\":{\"authorization\":{\"secret\":\"token\"}}");
    assert_true(arrived(site, "X-Reflect: " TOKEN));
    assert_string_equal(answer_header(&answer, "x-reflect"), "[secret:TOKEN]");
    answer_release(&answer);
}

/* A value that another request left with the server is none of the flow's either. */
static void a_secret_that_this_request_did_not_use_is_taken_out_as_well(void **state)
{
    struct site *site = *state;
    struct answer answer = ask(site, "\"url\":\"URL/a\",\"headers\":{\"x\":\"<" OTHER ">\"}");
    assert_non_null(strstr(answer.body.data, "<[secret:OTHER]>"));
    answer_release(&answer);
}

static void what_may_not_be_sent_is_not_sent(void **state)
{
    struct site *site = *state;
    static const struct {
        const char *members, *code, *says;
    } cases[] = {
        {"\"url\":\"URL/a\",\"headers\":{\"x\":{\"secret\":\"nobody\"}}", "secret.unknown",
         "EXECUTOR_SECRET_NOBODY"},
        {"\"url\":\"URL/a\",\"headers\":{\"x\":{\"secret\":\"other\"}}", "secret.denied",
         "EXECUTOR_SECRET_OTHER_HOSTS does not name it"},
        {"\"url\":{\"concat\":[\"URL/\",{\"secret\":\"other\"}]}", "secret.denied",
         "may not go to"},
        {"\"url\":{\"concat\":[\"URL/\",{\"hex\":{\"secret\":\"other\"}}]}", "secret.denied",
         "may not go to"},
        {"\"method\":\"POST\",\"url\":\"URL/\",\"body\":{\"secret\":\"other\"}", "secret.denied",
         "may not go to"},
        {"\"url\":\"URL/\",\"headers\":{\"x\":{\"hmac_sha256\":{\"key\":{\"secret\":\"other\"},"
         "\"data\":\"d\"}}}",
         "secret.denied", "may not go to"},
        {"\"url\":\"http://evil.test/\",\"headers\":{\"x\":{\"secret\":\"token\"}}",
         "secret.denied", "goes over https only"},
        {"\"url\":\"https://evil.test/\",\"headers\":{\"x\":{\"secret\":\"token\"}}",
         "secret.denied", "may not go to evil.test:443"},
        {"\"url\":\"URL/a\",\"headers\":{\"x\":{\"secret\":\"broken\"}}", "input.invalid",
         "holds a line break"},
        {"\"url\":{\"concat\":[\"URL/a?x=\",{\"secret\":\"broken\"}]}", "input.invalid",
         "holds a line break"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        print_message("  row %zu\n", i);
        site_assert_failed(ask(site, cases[i].members), cases[i].code, cases[i].says);
    }
    assert_int_equal(server_connections(site->server), 0);
}

/* A second server, which the flow may reach and the secret may not. */
static struct server *open_elsewhere(struct site *site, struct pages *pages)
{
    char allow[256];
    pages_init(pages);
    struct server *server = server_start(0, pages_serve, pages);
    snprintf(allow, sizeof allow, "%s,127.0.0.1:%d", site->allow, server_port(server));
    site_allow(site, allow);
    snprintf(site->pages.elsewhere, sizeof site->pages.elsewhere, "%s/there", server_url(server));
    return server;
}

static void a_redirect_leaves_behind_what_may_not_go_there(void **state)
{
    struct site *site = *state;
    struct pages pages;
    struct server *server = open_elsewhere(site, &pages);
    struct answer answer =
        ask(site, "\"url\":\"URL/away/307\",\"headers\":{\"x-key\":{\"secret\":\"token\"},"
                  "\"x-plain\":\"1\"}");
    assert_int_equal(answer_status(&answer), 200);
    assert_non_null(strstr(answer.body.data, "x-plain: 1"));
    assert_null(strstr(answer.body.data, "x-key"));
    answer_release(&answer);
    /* a body goes along with 307, and stays behind with 303 */
    site_assert_failed(ask(site,
                           "\"method\":\"POST\",\"url\":\"URL/away/307\",\"body\":{\"secret\":"
                           "\"token\"}"),
                       "secret.denied", "may not go to 127.0.0.1");
    answer = ask(site, "\"method\":\"POST\",\"url\":\"URL/away/303\",\"body\":{\"secret\":"
                       "\"token\"}");
    assert_int_equal(answer_status(&answer), 200);
    answer_release(&answer);
    assert_null(memmem(pages.echo.data, pages.echo.len, "12345", 5));
    server_stop(server);
    pages_release(&pages);
}

static void a_redirect_to_an_allowed_host_takes_it_along(void **state)
{
    struct site *site = *state;
    snprintf(site->pages.elsewhere, sizeof site->pages.elsewhere, "/there");
    struct answer answer =
        ask(site, "\"url\":\"URL/away/302\",\"headers\":{\"x-key\":{\"secret\":\"token\"}}");
    assert_non_null(strstr(answer.body.data, "x-key: [secret:TOKEN]"));
    answer_release(&answer);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_with_secrets, site_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_secret_goes_in_as_its_place_wants_it),
        TEST(no_header_of_an_answer_holds_a_secret),
        TEST(a_secret_that_this_request_did_not_use_is_taken_out_as_well),
        TEST(what_may_not_be_sent_is_not_sent),
        TEST(a_redirect_leaves_behind_what_may_not_go_there),
        TEST(a_redirect_to_an_allowed_host_takes_it_along),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
