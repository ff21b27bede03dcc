#include "diag.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static void an_error_is_filled_and_false(void **state)
{
    (void)state;
    struct error err = {0};
    assert_false(error_set(&err, ERROR_INPUT, "record %d: %s", 3, "no body"));
    assert_int_equal(err.kind, ERROR_INPUT);
    assert_string_equal(err.text, "record 3: no body");
    assert_false(error_set(NULL, ERROR_INPUT, "nobody listens"));
}

static void an_error_may_be_wrapped_in_itself(void **state)
{
    (void)state;
    struct error err = {0};
    error_set(&err, ERROR_LIMIT, "too long");
    error_set(&err, err.kind, "record 1: %s", err.text);
    assert_string_equal(err.text, "record 1: too long");
    assert_int_equal(err.kind, ERROR_LIMIT);
}

static void control_bytes_do_not_pass_into_an_error(void **state)
{
    (void)state;
    struct error err = {0};
    error_set(&err, ERROR_INPUT, "a\nb\tc\x1b[31m\x7f");
    assert_string_equal(err.text, "a b c?[31m?");
}

static void a_long_error_is_cut_at_a_characters_edge(void **state)
{
    (void)state;
    for (size_t lead = 0; lead < 4; lead++) {
        struct error err = {0};
        char long_text[1024] = "";
        memset(long_text, 'x', lead);
        for (size_t i = lead; i + 3 < sizeof long_text; i += 3)
            memcpy(long_text + i, "\xe2\x82\xac", 3);
        error_set(&err, ERROR_INPUT, "%s", long_text);
        size_t len = strlen(err.text);
        assert_true(len >= sizeof err.text - 8);
        assert_int_equal((len - lead) % 3, 0);
    }
}

static void every_kind_has_a_name(void **state)
{
    (void)state;
#define X(kind, name) assert_string_equal(error_kind_name(kind), name);
    ERROR_KINDS(X)
#undef X
}

/* What one call writes. */
static void read_line(enum log_level least, bool json, const char *message, const char *value,
                      char *line, size_t size)
{
    int ends[2];
    struct clock clock = {0};
    assert_int_equal(pipe(ends), 0);
    struct log log = {&clock, ends[1], least, json};
    log_line(&log, LOG_WARN, message, LOG_TEXT("key", value), LOG_NUMBER("count", -7));
    close(ends[1]);
    ssize_t got = read(ends[0], line, size - 1);
    assert_true(got >= 0);
    line[got] = '\0';
    close(ends[0]);
}

static void a_line_is_json_that_lambda_knows(void **state)
{
    (void)state;
    char line[1024];
    read_line(LOG_INFO, true, "odd \"thing\"", "a\\b\n\x01\xc3\xa9", line, sizeof line);
    const char *rest = strstr(line, "Z\",");
    assert_int_equal(strncmp(line, "{\"timestamp\":\"", 14), 0);
    assert_non_null(rest);
    assert_string_equal(rest, "Z\",\"level\":\"WARN\",\"message\":\"odd \\\"thing\\\"\","
                              "\"key\":\"a\\\\b\\u000a\\u0001\xc3\xa9\",\"count\":-7}\n");
}

static void a_line_is_text_when_asked_for(void **state)
{
    (void)state;
    char line[1024];
    read_line(LOG_WARN, false, "odd", "a b", line, sizeof line);
    assert_string_equal(strchr(line, ' '), " WARN odd key=\"a b\" count=-7\n");
}

static void a_line_below_the_level_is_not_written(void **state)
{
    (void)state;
    char line[64];
    read_line(LOG_ERROR, true, "odd", "x", line, sizeof line);
    assert_string_equal(line, "");
}

static void a_missing_text_is_logged_as_empty(void **state)
{
    (void)state;
    char line[1024];
    const char *none = NULL;
    read_line(LOG_TRACE, true, "odd", none, line, sizeof line);
    assert_non_null(strstr(line, "\"key\":\"\","));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_error_is_filled_and_false),
        cmocka_unit_test(an_error_may_be_wrapped_in_itself),
        cmocka_unit_test(control_bytes_do_not_pass_into_an_error),
        cmocka_unit_test(a_long_error_is_cut_at_a_characters_edge),
        cmocka_unit_test(every_kind_has_a_name),
        cmocka_unit_test(a_line_is_json_that_lambda_knows),
        cmocka_unit_test(a_line_is_text_when_asked_for),
        cmocka_unit_test(a_line_below_the_level_is_not_written),
        cmocka_unit_test(a_missing_text_is_logged_as_empty),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
