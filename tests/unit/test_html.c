#include "html.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static char *text_of(void (*put)(struct buffer *out, struct span text), struct span text)
{
    struct buffer out;
    buffer_init(&out, 4096);
    put(&out, text);
    char *made = mem_string(buffer_span(&out));
    buffer_release(&out);
    return made;
}

static void put_json(struct buffer *out, struct span text)
{
    html_json(out, text, 1000);
}

static void put_brief(struct buffer *out, struct span text)
{
    html_brief(out, text, 4);
}

struct html_case {
    struct span given;
    const char *made;
};
#define TEXT(text)                                                                                 \
    {                                                                                              \
        (text), sizeof(text) - 1                                                                   \
    }

static void check_all(void (*put)(struct buffer *out, struct span text),
                      const struct html_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char *made = text_of(put, cases[i].given);
        assert_string_equal(made, cases[i].made);
        mem_free(made);
    }
}
#define CHECK_ALL(put, cases) check_all(put, cases, sizeof(cases) / sizeof *(cases))

static void html_text_says_just_that(void **state)
{
    static const struct html_case cases[] = {
        {TEXT(""), ""},
        {TEXT("plain"), "plain"},
        {TEXT("<script>alert('1')</script>"), "&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;"},
        {TEXT("\" onclick=\"x"), "&quot; onclick=&quot;x"},
        {TEXT("a & b &amp; c"), "a &amp; b &amp;amp; c"},
        {TEXT("zwei\n\tübrig 日本"), "zwei\n\tübrig 日本"},
        {TEXT("a\0b\x1b[31m\x7f"), "a\xEF\xBF\xBD"
                                   "b\xEF\xBF\xBD[31m\xEF\xBF\xBD"},
        {TEXT("a\xff<\xc3"), "a\xEF\xBF\xBD&lt;\xEF\xBF\xBD"},
    };
    (void)state;
    CHECK_ALL(html_text, cases);
}

static void html_brief_cuts_between_characters(void **state)
{
    static const struct html_case cases[] = {
        {TEXT("abcd"), "abcd"},
        {TEXT("abcde"), "abcd…"},
        {TEXT("abcüd"), "abc…"},
        {TEXT("ab<cd"), "ab&lt;c…"},
    };
    (void)state;
    CHECK_ALL(put_brief, cases);
}

static void html_json_has_a_line_a_member(void **state)
{
    static const struct html_case cases[] = {
        {TEXT("{\"a\":1,\"b\":[true, null]}"), "{\n  &quot;a&quot;: 1,\n  &quot;b&quot;: [\n    "
                                               "true,\n    null\n  ]\n}"},
        {TEXT("{ }"), "{}"},
        {TEXT("[[],{}]"), "[\n  [],\n  {}\n]"},
        {TEXT("12345678901234567890.10"), "12345678901234567890.10"},
        {TEXT("\"a,{\\\":[\""), "&quot;a,{\\&quot;:[&quot;"},
        {TEXT("{\"cut"), "{&quot;cut"},
    };
    (void)state;
    CHECK_ALL(put_json, cases);
}

static void html_took_is_for_people(void **state)
{
    static const struct {
        int64_t ms;
        const char *made;
    } cases[] = {{0, "0 ms"},        {999, "999 ms"},        {1000, "1.00 s"},
                 {59990, "59.99 s"}, {125000, "2 min 05 s"}, {3600000, "60 min 00 s"}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buffer out;
        buffer_init(&out, 64);
        html_took(&out, cases[i].ms);
        assert_true(span_is(buffer_span(&out), cases[i].made));
        buffer_release(&out);
    }
}

static void html_clock_shows_a_moment(void **state)
{
    struct buffer out;
    (void)state;
    buffer_init(&out, 256);
    html_clock(&out, 1771683517123);
    assert_true(span_is(buffer_span(&out), "<time datetime=\"2026-02-21T14:18:37.123Z\" "
                                           "title=\"2026-02-21T14:18:37.123Z\">14:18:37</time>"));
    buffer_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(html_text_says_just_that),
        cmocka_unit_test(html_brief_cuts_between_characters),
        cmocka_unit_test(html_json_has_a_line_a_member),
        cmocka_unit_test(html_took_is_for_people),
        cmocka_unit_test(html_clock_shows_a_moment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
