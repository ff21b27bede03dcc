#include "url.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void url_knows_the_characters_of_rfc_3986(void **state)
{
    (void)state;
    static const char unreserved[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    static const char in_path[] = "!$&'()*+,;=:@"; /* sub-delims, ":" and "@" */
    for (int byte = 0; byte < 256; byte++) {
        bool never = byte && strchr(unreserved, byte);
        assert_int_equal(url_is_unreserved((unsigned char)byte), never);
        assert_int_equal(url_is_plain_in_path((unsigned char)byte),
                         never || (byte && strchr(in_path, byte)));
    }
}

static void url_hosts_are_the_same_in_any_case_and_with_the_roots_dot(void **state)
{
    (void)state;
    static const struct {
        const char *a, *b;
        bool same;
    } cases[] = {
        {"api.example.com", "API.Example.com", true},
        {"a.b.", "a.b", true},
        {"a", "A.", true},
        {"a.b", "a.b..", false},
        {"a.b", "a.bc", false},
        {"a", "", false},
        {"", "", true},
        {".", "", true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        if (url_same_host(cases[i].a, cases[i].b) != cases[i].same ||
            url_same_host(cases[i].b, cases[i].a) != cases[i].same)
            fail_msg("'%s' and '%s'", cases[i].a, cases[i].b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(url_knows_the_characters_of_rfc_3986),
        cmocka_unit_test(url_hosts_are_the_same_in_any_case_and_with_the_roots_dot),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
