/* http against servers that mean harm: answers that never end, that blow up, certificates that are
 * not theirs. */
#include "site.h"
#include "tls.h"

// clang-format off
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
// clang-format on
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

/* Far less than the bomb. An answer takes 12 MiB at most, but a sanitizer keeps what was freed. */
#define MEMORY_MAX_KB (256 * 1024)

static long peak_kb(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss;
}

/* 265 bytes that become 1 GiB. */
static void a_bomb_takes_no_more_memory_than_an_answer(void **state)
{
    struct site *site = *state;
    site_assert_failed(site_get(site, "/bomb"), "net.too_large", "the decoded body");
    long before = peak_kb();
    for (int i = 0; i < 4; i++)
        site_assert_failed(site_get(site, "/large-bomb"), "net.too_large", "the decoded body");
    assert_true(peak_kb() - before < MEMORY_MAX_KB);
}

static void an_answer_that_drips_ends_at_its_timeout(void **state)
{
    struct site *site = *state;
    char head[128];
    snprintf(head, sizeof head, "{\"url\":\"%s/drip\",\"timeout_ms\":400}",
             server_url(site->server));
    site_assert_failed(site_ask(site, head, ""), "net.timeout", "127.0.0.1: ");
    struct answer answer = site_get(site, "/drip"); /* slow is no crime */
    assert_string_equal(answer.body.data, "0123456789");
    answer_release(&answer);
}

static void answers_before_the_answer_are_counted_with_it(void **state)
{
    struct site *site = *state;
    struct answer answer = site_get(site, "/interim/20");
    assert_int_equal(answer_status(&answer), 200);
    answer_release(&answer);
    site_assert_failed(site_get(site, "/interim/5000"), "net.too_large", "headers");
}

/* All hops share one timeout. */
static void redirects_do_not_renew_the_time(void **state)
{
    struct site *site = *state;
    char head[128];
    snprintf(site->pages.elsewhere, sizeof site->pages.elsewhere, "/drip");
    snprintf(head, sizeof head, "{\"url\":\"%s/away/302\",\"timeout_ms\":400}",
             server_url(site->server));
    site_assert_failed(site_ask(site, head, ""), "net.timeout", "127.0.0.1: ");
    site_assert_failed(site_get(site, "/hop/6"), "net.redirects", "more than 5");
}

/* --- certificates ----------------------------------------------------------------------------- */

static void a_certificate_must_be_whole_valid_and_the_hosts(void **state)
{
    struct site *site = *state;
    static const struct {
        const char *is;
        struct tls_spec spec;
        const char *host;
        bool known, good;
    } cases[] = {
        {"right", {"DNS:localhost", -1, 1, NULL}, "localhost", true, true},
        {"right address", {"IP:127.0.0.1", -1, 1, NULL}, "127.0.0.1", true, true},
        {"self-signed", {"DNS:localhost", -1, 1, NULL}, "localhost", false, false},
        {"expired", {"DNS:localhost", -9, -1, NULL}, "localhost", true, false},
        {"not yet valid", {"DNS:localhost", 1, 9, NULL}, "localhost", true, false},
        {"another host's", {"DNS:other.test", -1, 1, NULL}, "localhost", true, false},
        {"another address", {"IP:127.0.0.2", -1, 1, NULL}, "127.0.0.1", true, false},
        {"a name for an address", {"DNS:127.0.0.1", -1, 1, NULL}, "127.0.0.1", true, false},
        {"below its host", {"DNS:*.localhost", -1, 1, NULL}, "localhost", true, false},
        {"of everybody", {"DNS:*", -1, 1, NULL}, "localhost", true, false},
        {"for TLS 1.2", {"DNS:localhost", -1, 1, "-tls1_2"}, "localhost", true, true},
        {"for TLS 1.1", {"DNS:localhost", -1, 1, "-tls1_1"}, "localhost", true, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct tls tls;
        char url[64];
        tls_start(&tls, &cases[i].spec);
        site->config.ca_file = cases[i].known ? tls.certificate : NULL;
        site_allow(site, "127.0.0.1,localhost");
        snprintf(url, sizeof url, "https://%s:%d/", cases[i].host, tls.port);
        struct answer answer = site_get(site, url);
        const char *code = json_member_text(json_member(answer.head, "error"), "code");
        bool good =
            cases[i].good ? answer_status(&answer) == 200 : code && strcmp(code, "net.tls") == 0;
        tls_stop(&tls);
        if (!good)
            fail_msg("%s: status %d, %s", cases[i].is, answer_status(&answer), code ? code : "");
        answer_release(&answer);
    }
    site->config.ca_file = NULL;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, site_open, site_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_bomb_takes_no_more_memory_than_an_answer),
        TEST(an_answer_that_drips_ends_at_its_timeout),
        TEST(answers_before_the_answer_are_counted_with_it),
        TEST(redirects_do_not_renew_the_time),
        TEST(a_certificate_must_be_whole_valid_and_the_hosts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
