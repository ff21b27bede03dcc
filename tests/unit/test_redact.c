#include "redact.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static char text[8192];

/* What is left of "<" .. in .. ">" when value is a secret of that name. */
static const char *redacted(const char *name, const char *value, const char *in)
{
    struct redactor *redactor = redactor_new();
    redactor_add(redactor, name, span_of(value));
    snprintf(text, sizeof text, "<%s>", in);
    bool found = redactor_finds(redactor, span_of(text));
    size_t len = redactor_apply(redactor, span_of(text), text);
    text[len] = '\0';
    if (found == !strstr(text, "[secret"))
        fail_msg("found %d, but it is %s", found, text);
    redactor_free(redactor);
    return text;
}

static void redactor_finds_each_spelling_of_a_value(void **state)
{
    (void)state;
    static const struct {
        const char *value, *in, *out;
    } cases[] = {
        {"tok-12345678", "tok-12345678", "<[secret:k]>"},
        {"tok-12345678", "Bearer tok-12345678, tok-12345678!", "<Bearer [secret:k], [secret:k]!>"},
        {"tok-12345678", "tok-1234567", "<tok-1234567>"},
        {"tok-12345678", "TOK-12345678", "<TOK-12345678>"},
        /* JSON */
        {"a\"b\\c/d\ne", "a\\\"b\\\\c/d\\ne", "<[secret:k]>"},
        {"a\"b\\c/d\ne", "a\\\"b\\\\c\\/d\\ne", "<[secret:k]>"},
        {"gr\xc3\xbc\xc3\x9f gott", "gr\\u00fc\\u00df gott", "<[secret:k]>"},
        {"gr\xc3\xbc\xc3\x9f gott", "gr\\u00FC\\u00DF gott", "<[secret:k]>"},
        {"smile \xf0\x9f\x98\x80", "smile \\ud83d\\ude00", "<[secret:k]>"},
        /* percent */
        {"a b/c?d=e&f", "a%20b%2Fc%3Fd%3De%26f", "<[secret:k]>"},
        {"a b/c?d=e&f", "a%20b%2fc%3fd%3de%26f", "<[secret:k]>"},
        {"a b/c?d=e&f", "a%20b%2Fc%3Fd=e&f", "<[secret:k]>"},
        {"a b/c?d=e&f", "a+b%2Fc%3Fd%3De%26f", "<[secret:k]>"},
        /* hex */
        {"tok-12345678", "746f6b2d3132333435363738", "<[secret:k]>"},
        {"tok-12345678", "746F6B2D3132333435363738", "<[secret:k]>"},
        /* base64, alone and behind one and two bytes */
        {"tok-12345678", "dG9rLTEyMzQ1Njc4", "<[secret:k]>"},
        {"tok-12345678", "OnRvay0xMjM0NTY3OA==", "<On[secret:k]A==>"},
        {"tok-12345678", "dTp0b2stMTIzNDU2Nzg=", "<dTp[secret:k]g=>"},
        {"\xfb\xef\xbe\xfb\xef\xbe\xfb\xef\xbe", "------------", "<[secret:k]>"},
        {"\xfb\xef\xbe\xfb\xef\xbe\xfb\xef\xbe", "++++++++++++", "<[secret:k]>"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *out = redacted("k", cases[i].value, cases[i].in);
        if (strcmp(out, cases[i].out) != 0)
            fail_msg("row %zu: %s", i, out);
    }
}

static void redactor_never_makes_text_longer(void **state)
{
    (void)state;
    assert_string_equal(redacted("a-name-of-some-length", "12345678", "x12345678"), "<x[secret]>");
    assert_string_equal(redacted("n", "123456789", "1234567890"), "<[secret]0>");
    assert_string_equal(redacted("n", "1234567890", "1234567890"), "<[secret:n]>");
    assert_string_equal(redacted("a\"b\nc/d", "0123456789abcdef", "0123456789abcdef"),
                        "<[secret:a_b_c_d]>");
    assert_string_equal(redacted("k", "1234567", "1234567"), "<1234567>");
    assert_string_equal(redacted("k", "", "1234567"), "<1234567>");
}

static void redactor_takes_the_longest_of_several_values(void **state)
{
    (void)state;
    char in[] = "tok-12345678-long tok-12345678-other secondsecret";
    struct redactor *redactor = redactor_new();
    redactor_add(redactor, "short", span_of("tok-12345678"));
    redactor_add(redactor, "long", span_of("tok-12345678-long"));
    redactor_add(redactor, "second", span_of("secondsecret"));
    assert_false(redactor_finds(redactor, span_of("tok-1234567 secondsecre")));
    size_t len = redactor_apply(redactor, span_of(in), in);
    in[len] = '\0';
    assert_string_equal(in, "[secret:long] [secret]-other [secret]");
    redactor_free(redactor);
    redactor_free(NULL);
}

/* Against the plain way to do it, on text that is full of near misses. */
static void redactor_agrees_with_a_plain_search(void **state)
{
    (void)state;
    static const char *const values[] = {"aaaaaaaab", "abababababab", "bbbbbbbbbbbbbbbb",
                                         "aaaaaaaa"};
    struct redactor *redactor = redactor_new();
    for (size_t i = 0; i < 4; i++)
        redactor_add(redactor, "k", span_of(values[i]));
    srand(1);
    for (int round = 0; round < 2000; round++) {
        char in[64];
        size_t size = (size_t)rand() % 60;
        for (size_t i = 0; i < size; i++)
            in[i] = rand() % 8 ? 'a' : 'b';
        in[size] = '\0';
        bool expected = false;
        for (size_t i = 0; i < 4; i++)
            expected = expected || strstr(in, values[i]);
        char *exact = mem_string((struct span){in, size}); /* so that a sanitizer sees its end */
        assert_int_equal(redactor_finds(redactor, (struct span){exact, size}), expected);
        size_t len = redactor_apply(redactor, (struct span){exact, size}, exact);
        assert_false(redactor_finds(redactor, (struct span){exact, len}));
        mem_free(exact);
    }
    redactor_free(redactor);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(redactor_finds_each_spelling_of_a_value),
        cmocka_unit_test(redactor_never_makes_text_longer),
        cmocka_unit_test(redactor_takes_the_longest_of_several_values),
        cmocka_unit_test(redactor_agrees_with_a_plain_search),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
