#include "description.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void description_takes_what_it_understands(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t timeout_ms;
        const char *code, *message, *file;
        int64_t line;
    } cases[] = {
        {"{\"findings\":[],\"timeout_ms\":300000}", 300000, NULL, NULL, NULL, 0},
        {"{\"findings\":[{\"severity\":\"warning\",\"code\":\"x\"}]}", 0, NULL, NULL, NULL, 0},
        {"{\"findings\":[{\"severity\":\"warning\"},{\"severity\":\"error\",\"code\":\"syntax\","
         "\"message\":\"m\",\"file\":\"f.lua\",\"line\":3},{\"severity\":\"error\"}]}",
         0, "syntax", "m", "f.lua", 3},
        {"{\"findings\":[{\"severity\":\"error\",\"code\":\"\",\"message\":7,\"line\":-5}]}", 0,
         "flow.invalid", "the flow does not load", "", 0},
        {"{\"findings\":[{\"severity\":\"error\",\"line\":1e300}]}", 0, "flow.invalid",
         "the flow does not load", "", 0},
        {"{\"timeout_ms\":0.5}", 0, NULL, NULL, NULL, 0},
        {"{\"timeout_ms\":1e13}", 0, NULL, NULL, NULL, 0},
        {"{\"timeout_ms\":\"soon\",\"findings\":7}", 0, NULL, NULL, NULL, 0},
        {"[null]", 0, NULL, NULL, NULL, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct description got;
        struct error err = {0};
        if (!description_read(span_of(cases[i].text), &got, &err))
            fail_msg("%s: %s", cases[i].text, err.text);
        assert_int_equal(got.timeout_ms, cases[i].timeout_ms);
        assert_int_equal(got.line, cases[i].line);
        assert_int_equal(got.code != NULL, cases[i].code != NULL);
        if (got.code) {
            assert_string_equal(got.code, cases[i].code);
            assert_string_equal(got.message, cases[i].message);
            assert_string_equal(got.file, cases[i].file);
        }
        description_release(&got);
    }
}

static void description_refuses_what_is_no_json(void **state)
{
    (void)state;
    struct description got;
    struct error err = {0};
    assert_false(description_read(span_of("{"), &got, &err));
    assert_int_equal(err.kind, ERROR_INPUT);
}

static void description_cuts_long_texts_between_characters(void **state)
{
    (void)state;
    struct buffer text;
    struct description got;
    buffer_init(&text, 64 * 1024);
    buffer_text(&text, "{\"findings\":[{\"severity\":\"error\",\"message\":\"");
    for (int i = 0; i < 2000; i++)
        buffer_text(&text, "\xe2\x82\xac");
    buffer_text(&text, "\"}]}");
    assert_true(description_read(buffer_span(&text), &got, NULL));
    assert_int_equal(strlen(got.message), DESCRIPTION_TEXT_MAX / 3 * 3);
    description_release(&got);
    buffer_release(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(description_takes_what_it_understands),
        cmocka_unit_test(description_refuses_what_is_no_json),
        cmocka_unit_test(description_cuts_long_texts_between_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
