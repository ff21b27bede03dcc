#include "json.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof(array)[0])
/* A literal that may hold NUL bytes. */
#define BYTES(literal) ((struct span){literal, sizeof(literal) - 1})

/* A heap copy of exactly the bytes, so that a read behind them is seen by the sanitizer. */
static char *exact(struct span bytes)
{
    char *copy = malloc(bytes.len ? bytes.len : 1);
    assert_non_null(copy);
    if (bytes.len)
        memcpy(copy, bytes.at, bytes.len);
    return copy;
}

static bool check(struct span text, struct error *err)
{
    char *copy = exact(text);
    *err = (struct error){0};
    bool valid = json_check((struct span){copy, text.len}, err);
    free(copy);
    return valid;
}

static char *repeat(const char *piece, size_t count)
{
    size_t len = strlen(piece);
    char *text = malloc(len * count + 1);
    assert_non_null(text);
    for (size_t i = 0; i < count; i++)
        memcpy(text + i * len, piece, len);
    text[len * count] = '\0';
    return text;
}

static void json_check_says_which_byte_broke_which_rule(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *why;
    } cases[] = {
        {"", "byte 0 (the end): expected a value"},
        {"[1,]", "byte 3: expected a value"},
        {"[1 2]", "byte 3: expected ',' or ']'"},
        {"[1", "byte 2 (the end): expected ',' or ']'"},
        {"{\"a\":1,}", "byte 7: expected a key"},
        {"{\"a\" 1}", "byte 5: expected ':'"},
        {"{\"a\":1 \"b\"}", "byte 7: expected ',' or '}'"},
        {"1 2", "byte 2: more text after the value"},
        {"01", "byte 1: more text after the value"},
        {"-", "byte 1 (the end): expected a digit"},
        {"+1", "byte 0: expected a value"},
        {"\"a", "byte 2 (the end): a string without end"},
        {"\"a\nb\"", "byte 2: a raw control character"},
        {"\"\\x\"", "byte 2: unknown escape"},
        {"\"\\u12g4\"", "byte 3: \\u wants four"},
        {"\"\\udc00\"", "byte 3: a lone surrogate"},
        {"\"\\ud800\"", "byte 7: a lone surrogate"},
        {"\"\\ud800\\n\"", "byte 7: a lone surrogate"},
        {"\"\\ud800\\ud800\"", "byte 7: a lone surrogate"},
        {"\"\xed\xa0\x80\"", "byte 1: invalid UTF-8"},
        {"\"\xe2\x82\"", "byte 1: invalid UTF-8"},
        {"\xef\xbb\xbf{}", "byte 0: expected a value"},
        {"{\"a\":1}x", "byte 7: more text after the value"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct error err;
        if (check(span_of(cases[i].text), &err) || !strstr(err.text, cases[i].why))
            fail_msg("%s: got '%s', expected '%s'", cases[i].text, err.text, cases[i].why);
        assert_int_equal(err.kind, ERROR_INPUT);
    }
}

static void json_check_refuses_a_nul_byte_anywhere(void **state)
{
    (void)state;
    struct error err;
    const struct span texts[] = {BYTES("\0"),       BYTES("1\0"),      BYTES("[1,\0]"),
                                 BYTES("\"a\0b\""), BYTES("\"\\\0\""), {NULL, 0}};
    for (size_t i = 0; i < COUNT(texts); i++)
        assert_false(check(texts[i], &err));
}

static void json_check_accepts_what_the_rfc_allows(void **state)
{
    (void)state;
    static const char *const texts[] = {
        " \t\r\n1 \n",
        "-0",
        "-0.0e-0",
        "1E+2",
        "\"\\u0000\\ud83d\\ude00\x7f\"",
        "[[],{}]",
        "{\"\":{\"\":null}}",
        "\"\xf0\x9f\x8c\x99\"",
        "\"\xf4\x8f\xbf\xbf\"",
    };
    for (size_t i = 0; i < COUNT(texts); i++) {
        struct error err;
        if (!check(span_of(texts[i]), &err))
            fail_msg("%s: %s", texts[i], err.text);
    }
}

/* MOONMILL_VECTORS tells where the folder is when it is not beside the checkout. */
static DIR *open_vectors(char *folder, size_t size)
{
    const char *const roots[] = {TEST_VECTORS, getenv("MOONMILL_VECTORS")};
    DIR *dir = NULL;
    for (size_t i = 0; i < COUNT(roots) && !dir; i++) {
        if (!roots[i])
            continue;
        snprintf(folder, size, "%s/json", roots[i]);
        dir = opendir(folder);
    }
    if (!dir)
        print_message("NOT RUN: vectors not found at %s/json\n", TEST_VECTORS);
    return dir;
}

/* An exact heap copy of a vector's bytes. */
static struct span read_vector(const char *folder, const char *name)
{
    static char bytes[1 << 20];
    char path[1024];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    size_t len = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    return (struct span){exact((struct span){bytes, len}), len};
}

static void json_check_passes_the_json_test_suite(void **state)
{
    (void)state;
    char folder[512];
    DIR *dir = open_vectors(folder, sizeof folder);
    if (!dir)
        return;
    size_t seen = 0;
    for (struct dirent *entry; (entry = readdir(dir));) {
        if (!strstr(entry->d_name, ".json"))
            continue;
        struct span text = read_vector(folder, entry->d_name);
        struct error err = {0};
        bool valid = json_check(text, &err);
        if ((entry->d_name[0] == 'y' && !valid) || (entry->d_name[0] == 'n' && valid))
            fail_msg("%s: %s", entry->d_name, valid ? "accepted" : err.text);
        if (strstr(entry->d_name, "surrogate") && entry->d_name[0] == 'i')
            assert_false(valid);
        cJSON *tree = json_parse(text, &err);
        assert_true(valid || !tree);
        cJSON_Delete(tree);
        free((char *)text.at);
        seen++;
    }
    closedir(dir);
    assert_true(seen > 300);
}

static void json_check_allows_a_depth_of_128_and_no_more(void **state)
{
    (void)state;
    char text[512] = "";
    struct error err;
    for (size_t depth = 127; depth <= 130; depth++) {
        memset(text, '[', depth);
        memset(text + depth, ']', depth);
        text[2 * depth] = '\0';
        assert_int_equal(check(span_of(text), &err), depth <= JSON_DEPTH_MAX);
    }
    assert_non_null(strstr(err.text, "byte 128: nested deeper than 128"));
    char *hostile = repeat("{\"a\":[", 500000);
    assert_false(check(span_of(hostile), &err));
    free(hostile);
}

static void json_type_is_told_by_the_first_byte(void **state)
{
    (void)state;
    static const char *const texts[] = {"null", " \ttrue", "-1", "\"\"", "\n[]", "{}"};
    static const char *const names[] = {"null", "boolean", "number", "string", "array", "object"};
    for (size_t i = 0; i < COUNT(texts); i++)
        assert_string_equal(json_type_name(json_type(span_of(texts[i]))), names[i]);
}

static void json_pick_gives_raw_spans_without_white_space(void **state)
{
    (void)state;
    static const char *const keys[] = {"a", "none", "\xc3\xa9", "d"};
    struct span values[4];
    struct error err;
    const char *text =
        " { \"a\" :  1.50e0 , \"x\":[{\"a\":2}], \"\\u00e9\": \"z\" ,\"d\":{ \"a\": 1 } } ";
    assert_true(json_pick(span_of(text), keys, values, 4, &err));
    assert_true(span_is(values[0], "1.50e0"));
    assert_null(values[1].at);
    assert_true(span_is(values[2], "\"z\""));
    assert_true(span_is(values[3], "{ \"a\": 1 }"));
}

static void json_pick_refuses_a_listed_key_that_stands_twice(void **state)
{
    (void)state;
    static const char *const keys[] = {"a", "b"};
    struct span values[2];
    struct error err;
    assert_false(json_pick(span_of("{\"a\":1,\"\\u0061\":2}"), keys, values, 2, &err));
    assert_int_equal(err.kind, ERROR_INPUT);
    assert_string_equal(err.text, "the key 'a' stands twice");
    assert_null(values[0].at);
    assert_true(json_pick(span_of("{\"x\":1,\"x\":2,\"b\":0}"), keys, values, 2, &err));
    assert_true(span_is(values[1], "0"));
}

static void json_pick_does_not_take_a_key_cut_by_nul(void **state)
{
    (void)state;
    static const char *const keys[] = {"a"};
    struct span value;
    struct error err;
    assert_true(json_pick(span_of("{\"a\\u0000b\":1}"), keys, &value, 1, &err));
    assert_null(value.at);
    assert_true(json_pick(span_of("{}"), keys, &value, 1, &err));
    assert_false(json_pick(span_of("[1]"), keys, &value, 1, &err));
    assert_string_equal(err.text, "expected an object, got array");
}

static void json_next_walks_an_array(void **state)
{
    (void)state;
    const char *text = " [ 1 ,\"a,]\" , [ [2] ], {\"b\":[3]},null ] ";
    static const char *const expected[] = {"1", "\"a,]\"", "[ [2] ]", "{\"b\":[3]}", "null"};
    struct span cursor = span_of(text), element;
    for (size_t i = 0; i < COUNT(expected); i++) {
        assert_true(json_next(&cursor, &element));
        assert_true(span_is(element, expected[i]));
    }
    assert_false(json_next(&cursor, &element));
    cursor = span_of("[ ]");
    assert_false(json_next(&cursor, &element));
}

static void json_string_decodes_every_escape(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *plain;
    } cases[] = {
        {"\"\"", ""},
        {"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\/\b\f\n\r\t"},
        {"\"a\\u007fb\\u0080\\u07ff\\u0800\\uFFFF\"", "a\x7f"
                                                      "b\xc2\x80\xdf\xbf\xe0\xa0\x80\xef\xbf\xbf"},
        {"\"\\ud83c\\udf19\\uDBFF\\uDFFF\"", "\xf0\x9f\x8c\x99\xf4\x8f\xbf\xbf"},
        {"\"\\\\u0000\"", "\\u0000"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct error err;
        char *text = json_string(span_of(cases[i].text), 100, &err);
        assert_non_null(text);
        assert_string_equal(text, cases[i].plain);
        mem_free(text);
    }
}

static void json_string_says_why_it_refuses(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum error_kind kind;
        const char *why;
    } cases[] = {
        {"12", ERROR_INPUT, "expected a string, got number"},
        {"\"abcd\"", ERROR_LIMIT, "a string of 4 bytes, at most 3 are allowed"},
        {"\"a\\u0000\"", ERROR_INPUT, "a string that holds U+0000"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct error err;
        assert_null(json_string(span_of(cases[i].text), 3, &err));
        assert_int_equal(err.kind, cases[i].kind);
        assert_string_equal(err.text, cases[i].why);
    }
}

static void json_decode_keeps_nul_and_appends(void **state)
{
    (void)state;
    struct buffer out;
    struct error err;
    buffer_init(&out, 5);
    assert_true(buffer_text(&out, "x"));
    assert_true(json_decode(span_of("\"a\\u0000b\""), &out, &err));
    assert_true(span_equal(buffer_span(&out), BYTES("xa\0b")));
    assert_false(json_decode(span_of("\"cd\""), &out, &err));
    assert_int_equal(err.kind, ERROR_LIMIT);
    assert_int_equal(out.len, 4);
    buffer_release(&out);
}

static void json_integer_takes_the_whole_range_and_nothing_else(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t value;
        const char *why;
    } cases[] = {
        {"0", 0, NULL},
        {"-0", 0, NULL},
        {"9223372036854775807", INT64_MAX, NULL},
        {"-9223372036854775808", INT64_MIN, NULL},
        {"9223372036854775808", 0, "beyond 64 bits"},
        {"-9223372036854775809", 0, "beyond 64 bits"},
        {"100000000000000000000000000", 0, "beyond 64 bits"},
        {"1.0", 0, "a number with fraction or exponent"},
        {"\"1\"", 0, "expected an integer, got string"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct error err;
        int64_t value = 77;
        bool taken = json_integer(span_of(cases[i].text), &value, &err);
        assert_int_equal(taken, !cases[i].why);
        assert_true(value == (taken ? cases[i].value : 77));
        if (!taken)
            assert_non_null(strstr(err.text, cases[i].why));
    }
}

static void json_put_string_writes_what_json_decode_reads(void **state)
{
    (void)state;
    struct buffer out, back;
    struct error err;
    buffer_init(&out, 4096);
    buffer_init(&back, 4096);
    char bytes[0x80];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (char)i;
    assert_true(json_put_string(&out, (struct span){bytes, sizeof bytes}));
    assert_true(json_check(buffer_span(&out), &err));
    assert_true(json_decode(buffer_span(&out), &back, &err));
    assert_true(span_equal(buffer_span(&back), (struct span){bytes, sizeof bytes}));
    buffer_clear(&out);
    assert_true(json_put_string(&out, BYTES("a\n\"\\\x01\x7f\xc3\xa9/")));
    assert_true(span_is(buffer_span(&out), "\"a\\n\\\"\\\\\\u0001\x7f\xc3\xa9/\""));
    buffer_release(&out);
    buffer_release(&back);
}

static void json_put_string_appends_all_or_nothing(void **state)
{
    (void)state;
    for (size_t max = 0; max < 12; max++) {
        struct buffer out;
        buffer_init(&out, max);
        bool fits = json_put_string(&out, span_of("ab\x01z")); /* 11 bytes with quotes */
        assert_int_equal(fits, max >= 11);
        assert_int_equal(out.len, fits ? 11 : 0);
        buffer_release(&out);
    }
}

static void json_put_without_nul_replaces_and_counts(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *plain;
        size_t count;
    } cases[] = {
        {"\"\\u0000\"", "\"\xef\xbf\xbd\"", 1},
        {"{\"a\\u0000\":\"\\u0000\\u0000b\"}",
         "{\"a\xef\xbf\xbd\":\"\xef\xbf\xbd\xef\xbf\xbd"
         "b\"}",
         3},
        {"\"\\\\u0000\"", "\"\\\\u0000\"", 0},
        {"\"\\\\\\u0000\"", "\"\\\\\xef\xbf\xbd\"", 1},
        {"[1,\"\\n\"]", "[1,\"\\n\"]", 0},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct buffer out;
        size_t count = 99;
        buffer_init(&out, 100);
        assert_true(json_put_without_nul(&out, span_of(cases[i].text), &count));
        assert_true(span_is(buffer_span(&out), cases[i].plain));
        assert_int_equal(count, cases[i].count);
        size_t len = out.len;
        buffer_release(&out);
        buffer_init(&out, len - 1);
        assert_false(json_put_without_nul(&out, span_of(cases[i].text), &count));
        assert_int_equal(out.len, 0);
        buffer_release(&out);
    }
}

static void json_is_utf8_knows_every_border(void **state)
{
    (void)state;
    static const char *const valid[] = {"",
                                        "az",
                                        "\xc2\x80",
                                        "\xe0\xa0\x80",
                                        "\xed\x9f\xbf",
                                        "\xee\x80\x80",
                                        "\xf0\x90\x80\x80",
                                        "\xf4\x8f\xbf\xbf"};
    static const char *const invalid[] = {
        "\x80",
        "\xc1\xbf",
        "\xe0\x9f\xbf",
        "\xed\xa0\x80",
        "\xf0\x8f\xbf\xbf",
        "\xf4\x90\x80\x80",
        "\xf5\x80\x80\x80",
        "\xff",
        "a\xc3",
        "\xe2\x82",
        "\xf0\x9f\x8c",
        "\xc3(",
    };
    for (size_t i = 0; i < COUNT(valid); i++)
        assert_true(json_is_utf8(span_of(valid[i])));
    for (size_t i = 0; i < COUNT(invalid); i++)
        assert_false(json_is_utf8(span_of(invalid[i])));
}

static void json_parse_closes_the_holes_of_cjson(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *why;
    } cases[] = {
        {"{\"a\":1,\"b\":2,\"a\":3}", "stands twice"},
        {"[{\"x\":{\"a\":1,\"\\u0061\":3}}]", "stands twice"},
        {"{\"a\":1} x", "byte 8: more text"},
        {"{\"a\":\"x\\u0000y\"}", "U+0000 in a JSON string at byte 7"},
        {"{\"a\\u0000\":1}", "U+0000 in a JSON string at byte 3"},
        {"\xef\xbb\xbf{}", "byte 0"},
        {"[\x01 1]", "byte 1"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct error err = {0};
        assert_null(json_parse(span_of(cases[i].text), &err));
        assert_int_equal(err.kind, ERROR_INPUT);
        if (!strstr(err.text, cases[i].why))
            fail_msg("%s: got '%s', expected '%s'", cases[i].text, err.text, cases[i].why);
    }
}

/* Versions of cJSON differ: some stop after 63 characters. None may change the value unseen. */
static void json_parse_never_cuts_a_long_number(void **state)
{
    (void)state;
    char text[200] = "[";
    for (size_t digits = 55; digits < 100; digits++) {
        memset(text + 1, '0', digits + 1);
        memcpy(text + 1, "0.", 2);
        memcpy(text + 1 + digits, "5e90", 5);
        struct error err = {0};
        for (int nested = 0; nested < 2; nested++) {
            text[1 + digits + 4] = nested ? ']' : '\0';
            text[1 + digits + 5] = '\0';
            cJSON *tree = json_parse(span_of(text + !nested), &err);
            const cJSON *number = tree && nested ? tree->child : tree;
            if (tree)
                assert_true(number->valuedouble == strtod(text + 1, NULL));
            else
                assert_non_null(strstr(err.text, "too long to be read"));
            cJSON_Delete(tree);
        }
    }
}

static void json_parse_gives_members_by_exact_name(void **state)
{
    (void)state;
    struct error err;
    struct span text = BYTES("{\"ID\":1,\"id\":\"x\",\"n\":null,\"o\":{\"id\":\"\\u00e9\"}} \n  ");
    char *copy = exact(text); /* no NUL behind it */
    cJSON *tree = json_parse((struct span){copy, text.len}, &err);
    free(copy);
    assert_non_null(tree);
    assert_string_equal(json_member_text(tree, "id"), "x");
    assert_null(json_member_text(tree, "ID"));
    assert_null(json_member_text(tree, "n"));
    assert_null(json_member_text(tree, "Id"));
    assert_null(json_member(tree, "absent"));
    assert_string_equal(json_member_text(json_member(tree, "o"), "id"), "\xc3\xa9");
    assert_null(json_member(NULL, "id"));
    cJSON_Delete(tree);
}

static char *many_keys(size_t count, const char *last)
{
    struct buffer text;
    buffer_init(&text, count * 20 + 64);
    buffer_text(&text, "{");
    for (size_t i = 0; i < count; i++)
        buffer_format(&text, "\"key%zu\":%zu,", i, i);
    buffer_format(&text, "\"%s\":0}", last);
    char *copy = mem_string(buffer_span(&text));
    buffer_release(&text);
    return copy;
}

/* A pairwise comparison of 100,000 keys would be 5e9 steps: minutes in this build. */
static void json_parse_finds_a_twin_among_100000_keys(void **state)
{
    (void)state;
    struct error err;
    char *text = many_keys(100000, "other");
    cJSON *tree = json_parse(span_of(text), &err);
    assert_non_null(tree);
    cJSON_Delete(tree);
    mem_free(text);
    text = many_keys(100000, "key4321");
    assert_null(json_parse(span_of(text), &err));
    assert_non_null(strstr(err.text, "stands twice"));
    mem_free(text);
}

static void json_parse_takes_10000_records(void **state)
{
    (void)state;
    char *text =
        repeat(" {\"messageId\":\"m\",\"body\":\"{}\",\"attributes\":{\"a\":\"1\"}},", 10000);
    text[0] = '[', text[strlen(text) - 1] = ']';
    struct error err;
    cJSON *tree = json_parse(span_of(text), &err);
    assert_int_equal(cJSON_GetArraySize(tree), 10000);
    cJSON_Delete(tree);
    free(text);
}

/* The time is printed, not judged: a slow machine is no fault of the code. */
static void json_check_reads_6_megabytes(void **state)
{
    (void)state;
    char *text = repeat("[{\"id\":123456,\"name\":\"some \\n text\",\"x\":-1.5e3}],", 120000);
    size_t len = strlen(text);
    memcpy(text, "[[{\"id\":12345", 13); /* one digit makes room for the outer bracket */
    text[len - 1] = ']';
    struct error err;
    clock_t start = clock();
    bool valid = check((struct span){text, len}, &err);
    print_message("%zu bytes in %ld ms\n", len, (clock() - start) * 1000 / CLOCKS_PER_SEC);
    assert_true(valid);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_check_says_which_byte_broke_which_rule),
        cmocka_unit_test(json_check_refuses_a_nul_byte_anywhere),
        cmocka_unit_test(json_check_accepts_what_the_rfc_allows),
        cmocka_unit_test(json_check_passes_the_json_test_suite),
        cmocka_unit_test(json_check_allows_a_depth_of_128_and_no_more),
        cmocka_unit_test(json_type_is_told_by_the_first_byte),
        cmocka_unit_test(json_pick_gives_raw_spans_without_white_space),
        cmocka_unit_test(json_pick_refuses_a_listed_key_that_stands_twice),
        cmocka_unit_test(json_pick_does_not_take_a_key_cut_by_nul),
        cmocka_unit_test(json_next_walks_an_array),
        cmocka_unit_test(json_string_decodes_every_escape),
        cmocka_unit_test(json_string_says_why_it_refuses),
        cmocka_unit_test(json_decode_keeps_nul_and_appends),
        cmocka_unit_test(json_integer_takes_the_whole_range_and_nothing_else),
        cmocka_unit_test(json_put_string_writes_what_json_decode_reads),
        cmocka_unit_test(json_put_string_appends_all_or_nothing),
        cmocka_unit_test(json_put_without_nul_replaces_and_counts),
        cmocka_unit_test(json_is_utf8_knows_every_border),
        cmocka_unit_test(json_parse_closes_the_holes_of_cjson),
        cmocka_unit_test(json_parse_never_cuts_a_long_number),
        cmocka_unit_test(json_parse_gives_members_by_exact_name),
        cmocka_unit_test(json_parse_finds_a_twin_among_100000_keys),
        cmocka_unit_test(json_parse_takes_10000_records),
        cmocka_unit_test(json_check_reads_6_megabytes),
    };
    return cmocka_run_group_tests_name("json", tests, NULL, NULL);
}
