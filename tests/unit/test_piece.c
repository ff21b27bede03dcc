#include "piece.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void a_piece_is_a_string_or_a_byte(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *pieces; /* each with | behind it */
    } cases[] = {
        {"", ""},
        {"[1, 2]", "[|1|,| |2|]|"},
        {"{\"a,b\":\"\"}", "{|\"a,b\"|:|\"\"|}|"},
        {"[\"\\\"]\",\"\\\\\"]", "[|\"\\\"]\"|,|\"\\\\\"|]|"},
        {"\"cut", "\"cut|"},
        {"\"cut\\", "\"cut\\|"},
        {"\"", "\"|"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct span text = span_of(cases[i].text), piece;
        struct buffer out;
        buffer_init(&out, 1024);
        while (piece_next(&text, &piece))
            assert_true(buffer_add(&out, piece) && buffer_text(&out, "|"));
        assert_true(span_is(buffer_span(&out), cases[i].pieces));
        buffer_release(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_piece_is_a_string_or_a_byte)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
