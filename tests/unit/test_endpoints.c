#include "endpoints.h"
#include "mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

struct row {
    const char *url, *events, *progress;
};

static void check(const struct row *row, bool literal)
{
    struct error err = {0};
    char *events, *progress;
    if (!endpoints_of(row->url, literal, &events, &progress, &err))
        fail_msg("%s: %s", row->url, err.text);
    assert_string_equal(events, row->events);
    assert_string_equal(progress, row->progress);
    mem_free(events);
    mem_free(progress);
}

static void endpoints_make_a_path_of_the_api(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"https://a/api/v1/execution/events", "https://a/api/v1/execution/events",
         "https://a/api/v1/execution/progress"},
        {"https://a/api/v1/execution/events//", "https://a/api/v1/execution/events",
         "https://a/api/v1/execution/progress"},
        {"https://a/x/events", "https://a/x/events", "https://a/x/progress"},
        {"https://a/events/events", "https://a/events/events", "https://a/progress"},
        {"https://a/x/execution", "https://a/x/execution/events", "https://a/x/execution/progress"},
        {"https://a/execution/", "https://a/execution/events", "https://a/execution/progress"},
        {"https://a/api/v1", "https://a/api/v1/execution/events",
         "https://a/api/v1/execution/progress"},
        {"https://a/x/api/v1/", "https://a/x/api/v1/execution/events",
         "https://a/x/api/v1/execution/progress"},
        {"https://a", "https://a/api/v1/execution/events", "https://a/api/v1/execution/progress"},
        {"HTTPS://a/", "HTTPS://a/api/v1/execution/events", "HTTPS://a/api/v1/execution/progress"},
        {"http://localhost:8080", "http://localhost:8080/api/v1/execution/events",
         "http://localhost:8080/api/v1/execution/progress"},
        {"https://a/base", "https://a/base/api/v1/execution/events",
         "https://a/base/api/v1/execution/progress"},
        {"https://a/myevents", "https://a/myevents/api/v1/execution/events",
         "https://a/myevents/api/v1/execution/progress"},
        /* a host is not a path */
        {"https://events", "https://events/api/v1/execution/events",
         "https://events/api/v1/execution/progress"},
        {"http://[::1]:8080", "http://[::1]:8080/api/v1/execution/events",
         "http://[::1]:8080/api/v1/execution/progress"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        check(&rows[i], false);
}

/* contract.md 3.1's table, and a host that looks like the path's end */
static void endpoints_can_be_literal(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"https://a/api/v1/execution/events", "https://a/api/v1/execution/events",
         "https://a/api/v1/execution/progress"},
        {"https://a", "https://a", "https://a/progress"},
        {"https://a/", "https://a/", "https://a//progress"},
        {"https://a/api/v1", "https://a/api/v1", "https://a/api/v1/progress"},
        {"https://a/x/events/", "https://a/x/events/", "https://a/x/events//progress"},
        {"https://a/x/events/events", "https://a/x/events/events", "https://a/x/progress"},
        {"https://events", "https://events", "https://events/progress"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        check(&rows[i], true);
}

static void endpoints_say_why_they_refuse(void **state)
{
    (void)state;
    char long_url[2100];
    memset(long_url, 'a', sizeof long_url - 1);
    long_url[sizeof long_url - 1] = '\0';
    memcpy(long_url, "https://", 8);
    const struct {
        const char *url, *why;
    } cases[] = {
        {"", "neither http:// nor https://"},
        {"a/b", "neither http:// nor https://"},
        {"ftp://a/", "neither http:// nor https://"},
        {"file:///etc/passwd", "neither http:// nor https://"},
        {"https:/a", "neither http:// nor https://"},
        {"https://", "is no URL"},
        {"https:///path", "is no URL"},
        {"https://a:port/", "is no URL"},
        {"https://a:99999/", "is no URL"},
        {"https://user@a/", "user information"},
        {"https://user:word@a", "user information"},
        {"https://a\\@b/", "user information"},
        {"https://a/?x=1", "a query or a fragment"},
        {"https://a?", "a query or a fragment"},
        {"https://a/#x", "a query or a fragment"},
        {"https://a/\r\nX: y", "a control character"},
        {"https://a/x y", "white space"},
        {"https://a/\x7f", "a control character"},
        {long_url, "longer than 2048 bytes"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (int literal = 0; literal <= 1; literal++) {
            struct error err = {0};
            char *events, *progress;
            if (endpoints_of(cases[i].url, literal, &events, &progress, &err))
                fail_msg("took %s", cases[i].url);
            assert_int_equal(err.kind, ERROR_INPUT);
            if (!strstr(err.text, cases[i].why))
                fail_msg("%s: %s", cases[i].url, err.text);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(endpoints_make_a_path_of_the_api),
        cmocka_unit_test(endpoints_can_be_literal),
        cmocka_unit_test(endpoints_say_why_they_refuse),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
