#include "egress.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* Asks for an address by its text, as a URL's host that is resolved to it. */
static bool may(const struct egress *egress, const char *host, const char *address, int port,
                struct error *err)
{
    struct sockaddr_storage at = {0};
    struct sockaddr_in *four = (struct sockaddr_in *)&at;
    struct sockaddr_in6 *six = (struct sockaddr_in6 *)&at;
    if (inet_pton(AF_INET, address, &four->sin_addr) == 1) {
        at.ss_family = AF_INET;
    } else {
        at.ss_family = AF_INET6;
        assert_int_equal(inet_pton(AF_INET6, address, &six->sin6_addr), 1);
    }
    return egress_may_connect(egress, host, port, (struct sockaddr *)&at, err);
}

static struct egress *egress_of(const char *allow, const char *runtime_api, bool loopback_only)
{
    struct config config = {.http_allow = (char *)allow,
                            .runtime_api = (char *)runtime_api,
                            .http_loopback_only = loopback_only};
    struct error err = {0};
    struct egress *egress = egress_new(&config, &err);
    if (!egress)
        fail_msg("%s: %s", allow, err.text);
    return egress;
}

static void egress_refuses_every_address_that_leads_inside(void **state)
{
    (void)state;
    static const char *const inside[] = {
        "0.0.0.0",
        "0.1.2.3",
        "10.0.0.0",
        "10.255.255.255",
        "100.64.0.0",
        "100.127.255.255",
        "127.0.0.1",
        "127.255.255.255",
        "169.254.0.1",
        "169.254.169.254",
        "172.16.0.0",
        "172.31.255.255",
        "192.0.0.8",
        "192.168.0.0",
        "192.168.255.255",
        "198.18.0.0",
        "198.19.255.255",
        "224.0.0.1",
        "239.255.255.255",
        "240.0.0.1",
        "255.255.255.255",
        /* IPv6, and IPv4 in its clothes, public ones too */
        "::",
        "::1",
        "::2",
        "::7f00:1",
        "::8.8.8.8",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "::ffff:8.8.8.8",
        "64:ff9b::7f00:1",
        "64:ff9b::808:808",
        "64:ff9b:1::1",
        "64:ff9b:1:ffff::10.0.0.1",
        "2001:0:1::1",
        "2002:7f00:1::1",
        "2002:808:808::1",
        "fc00::1",
        "fd00:ec2::254",
        "fdff::1",
        "fe80::1",
        "febf::1",
        "fec0::1",
        "ff02::1",
        "ffff::1",
    };
    struct egress *egress = egress_of(NULL, NULL, false);
    for (size_t i = 0; i < sizeof inside / sizeof *inside; i++) {
        struct error err = {0};
        if (may(egress, "some.test", inside[i], 80, &err))
            fail_msg("%s was let through", inside[i]);
        assert_int_equal(err.kind, ERROR_INPUT);
        assert_non_null(strstr(err.text, "some.test"));
    }
    egress_free(egress);
}

static void egress_lets_public_addresses_pass(void **state)
{
    (void)state;
    static const char *const outside[] = {
        "1.0.0.1",         "8.8.8.8",         "9.255.255.255",   "11.0.0.0",
        "100.63.255.255",  "100.128.0.0",     "126.255.255.255", "128.0.0.0",
        "169.253.255.255", "169.255.0.0",     "172.15.255.255",  "172.32.0.0",
        "192.0.1.0",       "192.167.255.255", "192.169.0.0",     "198.17.255.255",
        "198.20.0.0",      "223.255.255.255", "2606:4700::1111", "2001:4860:4860::8888",
        "2003::1",         "64:ff9b:2::1",    "64:ff9c::1",      "fbff::1",
        "::1:0:0:0",
    };
    struct egress *egress = egress_of(NULL, "127.0.0.1:9001", false);
    for (size_t i = 0; i < sizeof outside / sizeof *outside; i++) {
        struct error err = {0};
        if (!may(egress, "some.test", outside[i], 443, &err))
            fail_msg("%s: %s", outside[i], err.text);
    }
    egress_free(egress);
}

static void egress_allows_what_the_list_names_and_no_more(void **state)
{
    (void)state;
    static const struct {
        const char *allow, *host, *address;
        int port;
        bool good;
    } cases[] = {
        {"127.0.0.1", "127.0.0.1", "127.0.0.1", 80, true},
        {"127.0.0.1", "127.0.0.1", "127.0.0.2", 80, false},
        {"127.0.0.1:8080", "127.0.0.1", "127.0.0.1", 8080, true},
        {"127.0.0.1:8080", "127.0.0.1", "127.0.0.1", 8081, false},
        {" 10.0.0.0/8 , 192.168.1.0/24:443 ,", "a.test", "10.9.8.7", 1, true},
        {"10.0.0.0/8,192.168.1.0/24:443", "a.test", "192.168.1.200", 443, true},
        {"10.0.0.0/8,192.168.1.0/24:443", "a.test", "192.168.1.200", 80, false},
        {"10.0.0.0/8,192.168.1.0/24:443", "a.test", "192.168.2.1", 443, false},
        {"172.16.128.0/17", "a.test", "172.16.200.1", 80, true},
        {"172.16.128.0/17", "a.test", "172.16.100.1", 80, false},
        {"10.1.2.3/8", "a.test", "10.200.0.1", 80, true},
        {"0.0.0.0/0", "a.test", "10.0.0.1", 80, true},
        {"0.0.0.0/0", "a.test", "fd00::1", 80, false},
        {"::1", "[::1]", "::1", 80, true},
        {"[::1]:8080", "[::1]", "::1", 8080, true},
        {"[::1]:8080", "[::1]", "::1", 80, false},
        {"[::1]", "[::1]", "::1", 80, true},
        {"fd00::/8", "a.test", "fd12::1", 80, true},
        {"[fd00::/8]:443", "a.test", "fd12::1", 443, true},
        {"[fd00::/8]:443", "a.test", "fd12::1", 80, false},
        {"inner.test", "INNER.test", "10.0.0.1", 80, true},
        {"inner.test", "inner.test.", "10.0.0.1", 80, true},
        {"inner.test", "x.inner.test", "10.0.0.1", 80, false},
        {"inner.test", "inner.test.evil", "10.0.0.1", 80, false},
        {"Inner.Test:81", "inner.test", "10.0.0.1", 81, true},
        {"inner.test:81", "inner.test", "10.0.0.1", 80, false},
        {"inner.test", "inner.test", "::ffff:10.0.0.1", 80, true},
        {"localhost", "localhost", "127.0.0.1", 80, true},
        {"localhost", "127.0.0.1", "127.0.0.1", 80, false},
        /* the address inside is judged as well */
        {"127.0.0.1", "a.test", "::ffff:127.0.0.1", 80, false},
        {"::ffff:0:0/96", "a.test", "::ffff:8.8.8.8", 80, true},
        {"::ffff:0:0/96", "a.test", "::ffff:127.0.0.1", 80, false},
        {"::ffff:0:0/96,127.0.0.1", "a.test", "::ffff:127.0.0.1", 80, true},
        {"64:ff9b::/96", "a.test", "64:ff9b::8.8.8.8", 80, true},
        {"64:ff9b::/96", "a.test", "64:ff9b::10.0.0.1", 80, false},
        {"64:ff9b:1::/48", "a.test", "64:ff9b:1::10.0.0.1", 80, false},
        {"2002::/16", "a.test", "2002:808:808::1", 80, true},
        {"2002::/16", "a.test", "2002:a00:1::1", 80, false},
        {"2001::/32", "a.test", "2001:0:808:808::f7f7:f7f7", 80, true},
        {"2001::/32", "a.test", "2001:0:a00:1::f7f7:f7f7", 80, false},
        {"2001::/32", "a.test", "2001:0:808:808::80ff:fffe", 80, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct egress *egress = egress_of(cases[i].allow, NULL, false);
        struct error err = {0};
        if (may(egress, cases[i].host, cases[i].address, cases[i].port, &err) != cases[i].good)
            fail_msg("case %zu: '%s' and %s (%s) port %d: %s", i, cases[i].allow, cases[i].host,
                     cases[i].address, cases[i].port, err.text);
        egress_free(egress);
    }
}

static void egress_never_reaches_the_runtime_api_or_the_metadata_service(void **state)
{
    (void)state;
    static const char everything[] = "0.0.0.0/0,::/0,localhost,api.test,a.test";
    static const struct {
        const char *api, *host, *address;
        int port;
        bool good;
    } cases[] = {
        {"127.0.0.1:9001", "127.0.0.1", "127.0.0.1", 9001, false},
        {"127.0.0.1:9001", "localhost", "127.0.0.1", 9001, false},
        {"127.0.0.1:9001", "a.test", "127.0.0.2", 9001, false},
        {"127.0.0.1:9001", "a.test", "0.0.0.0", 9001, false},
        {"127.0.0.1:9001", "a.test", "::", 9001, false},
        {"127.0.0.1:9001", "a.test", "::1", 9001, false},
        {"127.0.0.1:9001", "a.test", "::ffff:127.0.0.1", 9001, false},
        {"127.0.0.1:9001", "a.test", "2002:7f00:1::1", 9001, false},
        {"127.0.0.1:9001", "a.test", "127.0.0.1", 9002, true},
        {"127.0.0.1:9001", "a.test", "8.8.8.8", 9001, true},
        {"http://127.0.0.1:9001/2018-06-01", "a.test", "127.0.0.1", 9001, false},
        {"http://127.0.0.1", "a.test", "127.0.0.1", 80, false},
        {"localhost:9001", "a.test", "127.0.0.1", 9001, false},
        {"[::1]:9001", "a.test", "127.0.0.1", 9001, false},
        {"169.254.100.1:9001", "a.test", "169.254.100.1", 9001, false},
        {"169.254.100.1:9001", "a.test", "::ffff:169.254.100.1", 9001, false},
        {"169.254.100.1:9001", "a.test", "169.254.100.1", 80, true},
        {"api.test:9001", "API.test", "10.0.0.1", 9001, false},
        {"api.test:9001", "api.test.", "8.8.8.8", 9001, false},
        {"api.test:9001", "a.test", "10.0.0.1", 9001, false},
        {"api.test:9001", "a.test", "10.0.0.1", 9002, true},
        {"api.test:9001", "a.test", "8.8.8.8", 9001, true},
        {"0.0.0.0:9001", "a.test", "127.0.0.1", 9001, false},
        {NULL, "a.test", "169.254.169.254", 80, false},
        {NULL, "a.test", "::ffff:169.254.169.254", 80, false},
        {NULL, "a.test", "64:ff9b::169.254.169.254", 8080, false},
        {NULL, "a.test", "fd00:ec2::254", 80, false},
        {NULL, "a.test", "169.254.169.253", 80, true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct egress *egress = egress_of(everything, cases[i].api, false);
        struct error err = {0};
        if (may(egress, cases[i].host, cases[i].address, cases[i].port, &err) != cases[i].good)
            fail_msg("case %zu: %s and %s port %d: %s", i, cases[i].api ? cases[i].api : "none",
                     cases[i].address, cases[i].port, err.text);
        egress_free(egress);
    }
}

static void egress_offline_reaches_allowed_loopback_alone(void **state)
{
    (void)state;
    struct egress *egress = egress_of("127.0.0.1:8080,[::1]:8080,10.0.0.0/8,a.test", NULL, true);
    struct error err = {0};
    assert_true(may(egress, "127.0.0.1", "127.0.0.1", 8080, &err));
    assert_true(may(egress, "[::1]", "::1", 8080, &err));
    assert_true(may(egress, "a.test", "127.0.0.1", 1, &err));
    assert_false(may(egress, "127.0.0.1", "127.0.0.1", 8081, &err));
    assert_false(may(egress, "b.test", "10.0.0.1", 80, &err));
    assert_false(may(egress, "a.test", "10.0.0.1", 80, &err));
    assert_false(may(egress, "a.test", "8.8.8.8", 443, &err));
    assert_memory_equal(err.text, "replay is offline: ", 19);
    egress_free(egress);
}

static void egress_says_what_to_add_to_the_list(void **state)
{
    (void)state;
    struct egress *egress = egress_of("10.0.0.0/8", NULL, false);
    struct error err = {0};
    assert_false(may(egress, "127.0.0.1", "127.0.0.1", 8080, &err));
    assert_non_null(strstr(err.text, "add 127.0.0.1:8080 to EXECUTOR_HTTP_ALLOW"));
    assert_non_null(strstr(err.text, "loopback"));
    assert_false(may(egress, "x.test", "::1", 8080, &err));
    assert_non_null(strstr(err.text, "add [::1]:8080 to EXECUTOR_HTTP_ALLOW"));
    assert_non_null(strstr(err.text, "x.test"));
    egress_free(egress);
}

static void egress_refuses_a_socket_that_is_no_internet_one(void **state)
{
    (void)state;
    struct egress *egress = egress_of("localhost", NULL, false);
    struct sockaddr local = {.sa_family = AF_UNIX};
    struct error err = {0};
    assert_false(egress_may_connect(egress, "localhost", 0, &local, &err));
    egress_free(egress);
}

static void egress_new_names_the_entry_that_does_not_parse(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "https://a.test", "a.test/path", "10.0.0.0/33",  "10.0.0.0/",   "10.0.0.0/x",
        "fd00::/129",     "10.0.0",      "1.2.3.4.5",    "256.1.1.1",   "127.1",
        "a.test:",        "a.test:0",    "a.test:65536", "a.test:80x",  "*.a.test",
        "a..test",        ".test",       "a test",       "[::1",        "[::1]x",
        "[::1]:",         "[a.test]:80", "::1::",        "user@a.test", "[10.0.0.1]:80",
        "\xc3\xa4.test",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char list[64] = "10.0.0.0/8, ";
        struct config config = {.http_allow = strcat(strcat(list, bad[i]), ", b.test")};
        struct error err = {0};
        if (egress_new(&config, &err))
            fail_msg("'%s' was taken", bad[i]);
        assert_int_equal(err.kind, ERROR_INPUT);
        assert_non_null(strstr(err.text, "EXECUTOR_HTTP_ALLOW"));
        if (!strstr(err.text, bad[i]))
            fail_msg("'%s' is not named: %s", bad[i], err.text);
    }
}

static void egress_new_bounds_the_list(void **state)
{
    (void)state;
    char list[2 * (EGRESS_ENTRIES_MAX + 1) + 1] = "";
    for (int i = 0; i <= EGRESS_ENTRIES_MAX; i++)
        memcpy(list + (size_t)i * 2, "a,", 3);
    struct config config = {.http_allow = list};
    struct error err = {0};
    assert_null(egress_new(&config, &err));
    assert_non_null(strstr(err.text, "256"));
    list[2 * EGRESS_ENTRIES_MAX] = '\0';
    struct egress *egress = egress_new(&config, &err);
    assert_non_null(egress);
    egress_free(egress);
    egress_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(egress_refuses_every_address_that_leads_inside),
        cmocka_unit_test(egress_lets_public_addresses_pass),
        cmocka_unit_test(egress_allows_what_the_list_names_and_no_more),
        cmocka_unit_test(egress_never_reaches_the_runtime_api_or_the_metadata_service),
        cmocka_unit_test(egress_offline_reaches_allowed_loopback_alone),
        cmocka_unit_test(egress_says_what_to_add_to_the_list),
        cmocka_unit_test(egress_refuses_a_socket_that_is_no_internet_one),
        cmocka_unit_test(egress_new_names_the_entry_that_does_not_parse),
        cmocka_unit_test(egress_new_bounds_the_list),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
