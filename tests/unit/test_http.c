#include "site.h"

#include "loops.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <cmocka.h>

/* --- what goes out -------------------------------------------------------------------------------
 */

static void http_sends_method_headers_and_body(void **state)
{
    struct site *site = *state;
    char head[512];
    snprintf(head, sizeof head,
             "{\"method\":\"PATCH\",\"url\":\"%s/p?q=1#part\",\"headers\":{\"X-A\":\"b c\","
             "\"X-Empty\":\"\",\"Content-Type\":\"text/x\"},\"timeout_ms\":10000}",
             server_url(site->server));
    struct answer answer = site_ask(site, head, "the body");
    assert_int_equal(answer_status(&answer), 200);
    assert_string_equal(answer_header(&answer, "content-type"), "text/plain");
    assert_memory_equal(answer.body.data, "PATCH /p?q=1 ", 13);
    assert_non_null(strstr(answer.body.data, "\r\nX-A: b c\r\n"));
    assert_non_null(strstr(answer.body.data, "\r\nX-Empty:\r\n"));
    assert_non_null(strstr(answer.body.data, "\r\nContent-Type: text/x\r\n"));
    assert_non_null(strstr(answer.body.data, "\r\nContent-Length: 8\r\n"));
    assert_non_null(strstr(answer.body.data, "\r\nUser-Agent: moonmill/"));
    assert_non_null(strstr(answer.body.data, "\r\n\r\nthe body"));
    assert_null(strcasestr(answer.body.data, "expect:"));
    answer_release(&answer);
}

static void http_adds_nothing_that_nobody_asked_for(void **state)
{
    struct site *site = *state;
    char head[512];
    snprintf(head, sizeof head,
             "{\"method\":\"POST\",\"url\":\"%s/\",\"headers\":{\"user-agent\":\"mine\"}}",
             server_url(site->server));
    struct answer answer = site_ask(site, head, "");
    assert_non_null(strstr(answer.body.data, "\r\nContent-Length: 0\r\n"));
    assert_null(strcasestr(answer.body.data, "content-type:"));
    assert_null(strstr(answer.body.data, "moonmill"));
    assert_non_null(strcasestr(answer.body.data, "\r\nuser-agent: mine\r\n"));
    answer_release(&answer);
    answer = site_get(site, "/headers"); /* sets a cookie */
    answer_release(&answer);
    answer = site_get(site, "/");
    assert_null(strcasestr(answer.body.data, "cookie"));
    answer_release(&answer);
}

static void http_sends_head_and_other_methods(void **state)
{
    struct site *site = *state;
    static const char *const methods[] = {"HEAD", "DELETE", "OPTIONS", "REPORT"};
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
        char head[256];
        char line[32];
        snprintf(head, sizeof head, "{\"method\":\"%s\",\"url\":\"%s/m\"}", methods[i],
                 server_url(site->server));
        snprintf(line, sizeof line, "%s /m ", methods[i]);
        struct answer answer = site_ask(site, head, "");
        assert_int_equal(answer_status(&answer), 200);
        if (i == 0)
            assert_int_equal(answer.body.len, 1);
        else
            assert_memory_equal(answer.body.data, line, strlen(line));
        answer_release(&answer);
    }
}

static void http_uses_a_connection_again(void **state)
{
    struct site *site = *state;
    for (int i = 0; i < 3; i++) {
        struct answer answer = site_get(site, "/again");
        assert_non_null(strstr(answer.body.data, "connection 1\r\n"));
        answer_release(&answer);
    }
    assert_int_equal(server_connections(site->server), 1);
}

static void http_ignores_proxies_of_the_environment(void **state)
{
    struct site *site = *state;
    setenv("http_proxy", "http://127.0.0.1:1", 1);
    setenv("ALL_PROXY", "http://127.0.0.1:1", 1);
    struct answer answer = site_get(site, "/direct");
    unsetenv("http_proxy");
    unsetenv("ALL_PROXY");
    assert_int_equal(answer_status(&answer), 200);
    answer_release(&answer);
}

/* --- what comes back -----------------------------------------------------------------------------
 */

static void http_hands_back_every_status(void **state)
{
    struct site *site = *state;
    static const struct {
        const char *path, *body;
        int status;
    } cases[] = {
        {"/missing", "{\"no\":1}", 404},
        {"/unavailable", "later", 503},
        {"/empty", "", 204},
        {"/nowhere", "no location", 302},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct answer answer = site_get(site, cases[i].path);
        assert_int_equal(answer_status(&answer), cases[i].status);
        assert_string_equal(answer.body.data, cases[i].body);
        answer_release(&answer);
    }
}

static void http_joins_headers_and_mends_their_bytes(void **state)
{
    struct site *site = *state;
    struct answer answer = site_get(site, "/headers");
    assert_string_equal(answer_header(&answer, "x-two"), "a, b");
    assert_string_equal(answer_header(&answer, "x-bad"), "?\xc3\xa4???");
    assert_string_equal(answer_header(&answer, "x-quote"), "\"\\");
    assert_string_equal(answer_header(&answer, "content-length"), "0");
    answer_release(&answer);
    answer = site_get(site, "/trailer");
    assert_string_equal(answer.body.data, "ok");
    assert_null(answer_header(&answer, "x-after"));
    answer_release(&answer);
}

static void http_decodes_what_is_packed(void **state)
{
    struct site *site = *state;
    struct answer answer = site_get(site, "/packed");
    assert_string_equal(answer.body.data, "hello hello hello");
    answer_release(&answer);
}

static void http_caps_the_answer(void **state)
{
    struct site *site = *state;
    struct answer answer = site_get(site, "/full");
    assert_int_equal(answer_status(&answer), 200);
    assert_int_equal(answer.body.len, CONFIG_HTTP_RESPONSE_MAX + 1);
    answer_release(&answer);
    site_assert_failed(site_get(site, "/over"), "net.too_large", "127.0.0.1: the decoded body");
    site_assert_failed(site_get(site, "/bomb"), "net.too_large", "the decoded body");
    site_assert_failed(site_get(site, "/long-headers"), "net.too_large", "headers");
    site_assert_failed(site_get(site, "/many-headers"), "net.too_large", "headers");
}

/* --- failures ------------------------------------------------------------------------------------
 */

static void http_tells_failures_apart(void **state)
{
    struct site *site = *state;
    site_assert_failed(site_get(site, "/close"), "net.connect", "127.0.0.1: ");
    site_assert_failed(site_get(site, "/reset"), "net.connect", "127.0.0.1: ");
    site_assert_failed(site_get(site, "/half"), "net.connect", "127.0.0.1: ");
    site_assert_failed(site_get(site, "/cut"), "net.connect", "127.0.0.1: ");
    site_assert_failed(site_get(site, "/unknown-encoding"), "net.protocol", "127.0.0.1: ");
    site_assert_failed(site_get(site, "/not-packed"), "net.protocol", "127.0.0.1: ");
    site_assert_failed(site_get(site, "/nonsense"), "net.protocol", "127.0.0.1: ");
}

static void http_reports_a_name_that_does_not_resolve(void **state)
{
    struct site *site = *state;
    /* a label over 63 bytes is refused by the resolver itself */
    site_assert_failed(
        site_get(site, "http://aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
                       "aaaa.test/"),
        "net.dns", ".test");
}

static void http_reports_a_port_where_nobody_listens(void **state)
{
    struct site *site = *state;
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof at;
    char url[64];
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, size), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &size), 0);
    site_allow(site, "127.0.0.1");
    snprintf(url, sizeof url, "http://127.0.0.1:%d/", ntohs(at.sin_port));
    site_assert_failed(site_get(site, url), "net.connect", "127.0.0.1: ");
    close(fd);
}

/* Answers a handshake as a server without TLS does. */
static void speak_plainly(void *arg, uint32_t events)
{
    static const char plain[] = "HTTP/1.1 400 Bad Request\r\n\r\n";
    struct loop_fd *listener = arg;
    (void)events;
    int fd = accept(listener->fd, NULL, NULL);
    assert_int_equal(write(fd, plain, sizeof plain - 1), sizeof plain - 1);
    close(fd);
}

static void http_reports_a_server_without_tls(void **state)
{
    struct site *site = *state;
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct loop_fd listener = {.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0),
                               .ready = speak_plainly,
                               .arg = &listener};
    socklen_t size = sizeof at;
    char url[64];
    assert_int_equal(bind(listener.fd, (struct sockaddr *)&at, size), 0);
    assert_int_equal(listen(listener.fd, 8), 0);
    assert_int_equal(getsockname(listener.fd, (struct sockaddr *)&at, &size), 0);
    loop_fd_watch(site->loop, &listener, EPOLLIN);
    site_allow(site, "127.0.0.1");
    snprintf(url, sizeof url, "https://127.0.0.1:%d/", ntohs(at.sin_port));
    site_assert_failed(site_get(site, url), "net.tls", "127.0.0.1: ");
    loop_fd_stop(site->loop, &listener);
    close(listener.fd);
}

static void http_gives_up_in_time(void **state)
{
    struct site *site = *state;
    static const struct {
        int timeout_ms;
        int64_t left_ms;
    } cases[] = {{150, 60000}, {60000, 150}, {60000, 0}, {60000, -5}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char head[256];
        struct answer answer = {0};
        snprintf(head, sizeof head, "{\"url\":\"%s/hang\",\"timeout_ms\":%d}",
                 server_url(site->server), cases[i].timeout_ms);
        http_send(site->http, site->secrets, span_of(head), (struct span){0}, NULL,
                  cases[i].left_ms, answer_keep, &answer);
        assert_false(answer.done);
        assert_true(loops_until(site->loop, &answer.done, SITE_LIMIT_MS));
        site_assert_failed(answer, "net.timeout", "127.0.0.1: ");
    }
    assert_int_equal(server_connections(site->server), 2);
}

static void http_answers_a_malformed_head_later(void **state)
{
    struct site *site = *state;
    static const char *const heads[] = {
        "",
        "no json",
        "[]",
        "{}",
        "{\"url\":\"file:///etc/passwd\"}",
        "{\"url\":\"http://127.0.0.1/\",\"headers\":{\"a\":\"b\\r\\nc: d\"}}",
        "{\"url\":\"http://127.0.0.1/\",\"headers\":{\"Host\":\"b\"}}",
        "{\"url\":\"http://127.0.0.1/\",\"method\":\"A B\"}",
    };
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++)
        site_assert_failed(site_ask(site, heads[i], ""), "input.invalid", "");
    assert_int_equal(server_connections(site->server), 0);
}

static void http_carries_the_trace_unless_the_flow_has_its_own(void **state)
{
    struct site *site = *state;
    static const char trace[] =
        "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1";
    static const char place[] =
        "traceparent: 00-5759e988bd862e3fe1be46a994272793-53995c3f42cd8ad8-01\r\n";
    static const struct {
        const char *trace, *headers, *amazon, *w3c;
    } rows[] = {
        {NULL, "{}", NULL, NULL},
        {"Root=1-2-3", "{}", "X-Amzn-Trace-Id: Root=1-2-3\r\n", NULL},
        {trace, "{}", "X-Amzn-Trace-Id: Root=1-5759e988-", place},
        {trace, "{\"traceparent\":\"mine\"}", "X-Amzn-Trace-Id: Root=1-", "traceparent: mine\r\n"},
        {trace, "{\"X-Amzn-Trace-ID\":\"mine\"}", "X-Amzn-Trace-ID: mine\r\n", place},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char head[256];
        struct answer answer = {0};
        snprintf(head, sizeof head, "{\"url\":\"%s/echo\",\"headers\":%s}",
                 server_url(site->server), rows[i].headers);
        http_send(site->http, site->secrets, span_of(head), (struct span){0}, rows[i].trace, 9000,
                  answer_keep, &answer);
        assert_true(loops_until(site->loop, &answer.done, SITE_LIMIT_MS));
        const char *amazon = strcasestr(answer.body.data, "x-amzn-trace-id: ");
        const char *w3c = strcasestr(answer.body.data, "traceparent: ");
        assert_true(rows[i].amazon
                        ? amazon && strncmp(amazon, rows[i].amazon, strlen(rows[i].amazon)) == 0
                        : !amazon);
        assert_true(rows[i].w3c ? w3c && strncmp(w3c, rows[i].w3c, strlen(rows[i].w3c)) == 0
                                : !w3c);
        answer_release(&answer);
    }
}

/* --- cancelling ----------------------------------------------------------------------------------
 */

static void http_cancel_is_silent_at_any_point(void **state)
{
    struct site *site = *state;
    struct answer cancelled[4] = {0};
    struct answer other = {0};
    http_cancel(NULL);
    http_cancel(site_start(site, "/", &cancelled[0]));
    http_cancel(http_send(site->http, site->secrets, span_of("{}"), (struct span){0}, NULL, 1,
                          answer_keep, &cancelled[1]));
    struct http_request *hanging = site_start(site, "/hang", &cancelled[2]);
    struct http_request *first = site_start(site, "/hang", &cancelled[3]);
    site_start(site, "/other", &other);
    assert_true(loops_until(site->loop, &other.done, SITE_LIMIT_MS));
    http_cancel(hanging);
    http_cancel(first);
    answer_release(&other);
    site_start(site, "/other", &other);
    assert_true(loops_until(site->loop, &other.done, SITE_LIMIT_MS));
    answer_release(&other);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(cancelled[i].calls, 0);
}

static void http_free_ends_what_is_in_flight(void **state)
{
    struct site *site = *state;
    struct answer hanging = {0}, malformed = {0}, other = {0};
    site_start(site, "/hang", &hanging);
    site_start(site, "/other", &other);
    assert_true(loops_until(site->loop, &other.done, SITE_LIMIT_MS));
    answer_release(&other);
    http_send(site->http, site->secrets, span_of("{}"), (struct span){0}, NULL, 1, answer_keep,
              &malformed);
    site_allow(site, NULL);
    site_start(site, "/other", &other);
    assert_true(loops_until(site->loop, &other.done, SITE_LIMIT_MS));
    answer_release(&other);
    assert_int_equal(hanging.calls + malformed.calls, 0);
}

struct chain {
    struct site *site;
    struct answer next;
    bool freed;
};

static void send_another(void *arg, struct span head, struct span body)
{
    (void)head;
    (void)body;
    struct chain *chain = arg;
    site_start(chain->site, "/next", &chain->next);
}

static void free_all(void *arg, struct span head, struct span body)
{
    (void)head;
    (void)body;
    struct chain *chain = arg;
    http_free(chain->site->http);
    chain->site->http = NULL;
    chain->freed = true;
}

static void http_may_be_used_and_freed_by_done(void **state)
{
    struct site *site = *state;
    struct chain chain = {.site = site};
    struct answer hanging = {0};
    char head[128];
    snprintf(head, sizeof head, "{\"url\":\"%s/\"}", server_url(site->server));
    http_send(site->http, site->secrets, span_of(head), (struct span){0}, NULL, 9000, send_another,
              &chain);
    assert_true(loops_until(site->loop, &chain.next.done, SITE_LIMIT_MS));
    answer_release(&chain.next);
    site_start(site, "/hang", &hanging);
    http_send(site->http, site->secrets, span_of(head), (struct span){0}, NULL, 9000, free_all,
              &chain);
    assert_true(loops_until(site->loop, &chain.freed, SITE_LIMIT_MS));
    assert_false(hanging.done);
}

static void http_serves_many_at_once(void **state)
{
    struct site *site = *state;
    struct answer answers[CONFIG_HTTP_IN_FLIGHT_MAX] = {0};
    for (size_t i = 0; i < CONFIG_HTTP_IN_FLIGHT_MAX; i++)
        site_start(site, "/one", &answers[i]);
    for (size_t i = 0; i < CONFIG_HTTP_IN_FLIGHT_MAX; i++) {
        assert_true(loops_until(site->loop, &answers[i].done, SITE_LIMIT_MS));
        assert_int_equal(answer_status(&answers[i]), 200);
        answer_release(&answers[i]);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, site_open, site_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(http_sends_method_headers_and_body),
        TEST(http_adds_nothing_that_nobody_asked_for),
        TEST(http_sends_head_and_other_methods),
        TEST(http_uses_a_connection_again),
        TEST(http_ignores_proxies_of_the_environment),
        TEST(http_hands_back_every_status),
        TEST(http_joins_headers_and_mends_their_bytes),
        TEST(http_decodes_what_is_packed),
        TEST(http_caps_the_answer),
        TEST(http_tells_failures_apart),
        TEST(http_reports_a_name_that_does_not_resolve),
        TEST(http_reports_a_port_where_nobody_listens),
        TEST(http_reports_a_server_without_tls),
        TEST(http_gives_up_in_time),
        TEST(http_answers_a_malformed_head_later),
        TEST(http_carries_the_trace_unless_the_flow_has_its_own),
        TEST(http_cancel_is_silent_at_any_point),
        TEST(http_free_ends_what_is_in_flight),
        TEST(http_may_be_used_and_freed_by_done),
        TEST(http_serves_many_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
