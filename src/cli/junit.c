#include "junit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* Consecutive tests of one spec file. */
struct suite {
    const struct tally_test *tests;
    size_t count;
    size_t failed;
    size_t pending;
    int64_t ms;
};

/* U+FFFE and U+FFFF (EF BF BE, EF BF BF) are valid UTF-8, and no characters of XML. */
static bool is_noncharacter(const char *at)
{
    return memcmp(at, "\xef\xbf", 2) == 0 &&
           ((unsigned char)at[2] == 0xbe || (unsigned char)at[2] == 0xbf);
}

static void put_text(FILE *out, const char *text, size_t len, bool attribute)
{
    for (size_t i = 0; i < len; i++) {
        unsigned char byte = (unsigned char)text[i];
        if (byte == '&')
            fputs("&amp;", out);
        else if (byte == '<')
            fputs("&lt;", out);
        else if (byte == '>')
            fputs("&gt;", out);
        else if (byte == '"' && attribute)
            fputs("&quot;", out);
        else if ((byte == '\n' || byte == '\t') && attribute)
            fprintf(out, "&#%d;", byte);
        else if (byte == '\r')
            fputs("&#13;", out);
        else if (byte < 0x20 && byte != '\n' && byte != '\t')
            fputs("\xef\xbf\xbd", out);
        else if (byte == 0xef && i + 2 < len && is_noncharacter(text + i))
            fputs("\xef\xbf\xbd", out), i += 2;
        else
            fputc(byte, out);
    }
}

static void put_attribute(FILE *out, const char *name, const char *text)
{
    fprintf(out, " %s=\"", name);
    put_text(out, text, strlen(text), true);
    fputc('"', out);
}

static void put_seconds(FILE *out, int64_t ms)
{
    fprintf(out, " time=\"%lld.%03lld\"", (long long)(ms / 1000), (long long)(ms % 1000));
}

/* The message attribute is the first line, the element's text all of it. */
static void put_failure(FILE *out, const struct tally_test *test)
{
    size_t first = strcspn(test->message, "\n");
    fputs("      <failure message=\"", out);
    put_text(out, test->message, first, true);
    fputs("\" type=\"failure\">", out);
    if (*test->file) {
        put_text(out, test->file, strlen(test->file), false);
        if (test->line)
            fprintf(out, ":%lld", (long long)test->line);
        fputs(": ", out);
    }
    put_text(out, test->message, strlen(test->message), false);
    fputs("</failure>\n", out);
}

static void put_class(FILE *out, const struct tally_test *test)
{
    fputs(" classname=\"", out);
    for (size_t i = 0; i < test->depth; i++) {
        put_text(out, test->blocks[i], strlen(test->blocks[i]), true);
        fputs(i + 1 < test->depth ? " " : "", out);
    }
    if (!test->depth)
        put_text(out, test->spec, strlen(test->spec), true);
    fputc('"', out);
}

static void put_case(FILE *out, const struct tally_test *test)
{
    fputs("    <testcase", out);
    put_class(out, test);
    put_attribute(out, "name", test->name);
    put_attribute(out, "file", test->spec);
    put_seconds(out, test->ms);
    if (test->status == TALLY_PASSED) {
        fputs("/>\n", out);
        return;
    }
    fputs(">\n", out);
    if (test->status == TALLY_FAILED) {
        put_failure(out, test);
    } else {
        fputs("      <skipped", out);
        put_attribute(out, "message", test->message);
        fputs("/>\n", out);
    }
    fputs("    </testcase>\n", out);
}

static void count(struct suite *suite, const struct tally_test *test)
{
    suite->count++;
    suite->ms += test->ms;
    suite->failed += test->status == TALLY_FAILED;
    suite->pending += test->status == TALLY_PENDING;
}

static void put_counts(FILE *out, const struct suite *suite)
{
    fprintf(out, " tests=\"%zu\" failures=\"%zu\" errors=\"0\" skipped=\"%zu\"", suite->count,
            suite->failed, suite->pending);
    put_seconds(out, suite->ms);
    fputs(">\n", out);
}

static void put_suite(FILE *out, const struct suite *suite)
{
    fputs("  <testsuite", out);
    put_attribute(out, "name", suite->tests->spec);
    put_counts(out, suite);
    for (size_t i = 0; i < suite->count; i++)
        put_case(out, &suite->tests[i]);
    fputs("  </testsuite>\n", out);
}

static void put_all(FILE *out, const struct tally_test *tests, size_t total)
{
    struct suite all = {.tests = tests};
    for (size_t i = 0; i < total; i++)
        count(&all, &tests[i]);
    fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"moonmill test\"", out);
    put_counts(out, &all);
    for (size_t i = 0; i < total;) {
        struct suite suite = {.tests = &tests[i]};
        while (i < total && strcmp(tests[i].spec, suite.tests->spec) == 0)
            count(&suite, &tests[i++]);
        put_suite(out, &suite);
    }
    fputs("</testsuites>\n", out);
}

bool junit_write(const char *path, const struct tally *tally, struct error *err)
{
    size_t total;
    const struct tally_test *tests = tally_tests(tally, &total);
    FILE *out = fopen(path, "w");
    if (!out)
        return error_set(err, ERROR_SYSTEM, "%s: %s", path, strerror(errno));
    put_all(out, tests, total);
    bool broken = ferror(out) != 0;
    if (fclose(out) != 0 || broken)
        return error_set(err, ERROR_SYSTEM, "%s: cannot be written", path);
    return true;
}
