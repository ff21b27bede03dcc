#include "server.h"
#include "site.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* What the stand-in was told of the last request. */
struct told {
    int requests;
    char url[256];
    char headers[256];
    char timeout[32];
};

static void keep(char *into, size_t size, const char *value)
{
    snprintf(into, size, "%s", value ? value : "none");
}

static struct server_answer refuse(void *arg, const struct server_request *request)
{
    struct told *told = arg;
    told->requests++;
    keep(told->url, sizeof told->url, server_header(request, "X-Moonmill-Url"));
    keep(told->headers, sizeof told->headers, server_header(request, "X-Moonmill-Headers"));
    keep(told->timeout, sizeof told->timeout, server_header(request, "X-Moonmill-Timeout"));
    return (struct server_answer){.status = 502,
                                  .headers = "X-Moonmill-Error: net.tls shop: no certificate\r\n",
                                  .body = "no"};
}

/* A site of which all requests to other machines, or to all, go to a server that fails. */
static struct server *begin(struct site *site, struct told *told, bool all)
{
    static char allow[64];
    struct server *server = server_start(0, refuse, told);
    *told = (struct told){0};
    snprintf(allow, sizeof allow, "127.0.0.1:%d", server_port(server));
    site->config.http_stand_in_port = server_port(server);
    site->config.http_stand_in_all = all;
    site_allow(site, allow);
    return server;
}

static void stand_in_is_told_the_real_request_and_tells_what_came_of_it(void **state)
{
    struct site *site = *state;
    struct told told;
    struct server *server = begin(site, &told, false);
    struct answer answer = site_ask(site,
                                    "{\"url\":\"https://shop.example.com/a?b=c\","
                                    "\"headers\":{\"X-A\":\"1\",\"Accept\":\"x\"},"
                                    "\"timeout_ms\":7000}",
                                    "");
    site_assert_failed(answer, "net.tls", "shop: no certificate");
    assert_string_equal(told.url, "https://shop.example.com/a?b=c");
    assert_non_null(strcasestr(told.headers, "x-a"));
    assert_non_null(strcasestr(told.headers, "accept"));
    assert_in_range(atoi(told.timeout), 1, 7000);
    server_stop(server);
}

static void stand_in_plays_this_machine_only_when_asked_to(void **state)
{
    struct site *site = *state;
    struct told told;
    struct server *server = begin(site, &told, false);
    struct answer answer = site_get(site, "http://127.0.0.1:1/x");
    assert_int_equal(told.requests, 0);
    answer_release(&answer);
    server_stop(server);
    server = begin(site, &told, true);
    site_assert_failed(site_get(site, "http://127.0.0.1:1/x"), "net.tls", "");
    assert_string_equal(told.url, "http://127.0.0.1:1/x");
    server_stop(server);
}

/* A server may say what it likes: only a stand-in is believed, and only it hears of the request. */
static void no_other_server_is_a_stand_in(void **state)
{
    struct site *site = *state;
    struct told told;
    struct server *server = begin(site, &told, true);
    struct answer answer = site_get(site, server_url(server));
    assert_int_equal(answer_status(&answer), 502);
    assert_string_equal(told.url, "none");
    answer_release(&answer);
    site->config.http_stand_in_port = 0;
    answer = site_get(site, server_url(server));
    assert_int_equal(answer_status(&answer), 502);
    assert_string_equal(told.headers, "none");
    assert_string_equal(told.timeout, "none");
    answer_release(&answer);
    server_stop(server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(stand_in_is_told_the_real_request_and_tells_what_came_of_it,
                                        site_open, site_close),
        cmocka_unit_test_setup_teardown(stand_in_plays_this_machine_only_when_asked_to, site_open,
                                        site_close),
        cmocka_unit_test_setup_teardown(no_other_server_is_a_stand_in, site_open, site_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
