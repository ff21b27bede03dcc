#include "test_document.h"

#include "json.h"

#include <string.h>

static const char *const names[TALLY_STATUSES] = {"passed", "failed", "pending"};

static void put_string(FILE *out, const char *before, const char *text)
{
    struct buffer quoted;
    struct span good = json_is_utf8(span_of(text)) ? span_of(text) : span_of("?");
    buffer_init(&quoted, 6 * good.len + 2);
    json_put_string(&quoted, good);
    fprintf(out, "%s%.*s", before, (int)quoted.len, quoted.data);
    buffer_release(&quoted);
}

static void put_test(FILE *out, const struct tally_test *test)
{
    put_string(out, "{\"spec\":", test->spec);
    fputs(",\"blocks\":[", out);
    for (size_t i = 0; i < test->depth; i++)
        put_string(out, i ? "," : "", test->blocks[i]);
    put_string(out, "],\"name\":", test->name);
    fprintf(out, ",\"status\":\"%s\",\"durationMs\":%lld", names[test->status],
            (long long)test->ms);
    put_string(out, ",\"file\":", *test->file ? test->file : test->spec);
    fprintf(out, ",\"line\":%lld", (long long)test->line);
    if (test->status == TALLY_PASSED)
        fputs(",\"message\":null", out);
    else
        put_string(out, ",\"message\":", test->message);
    fputc('}', out);
}

void test_document_write(FILE *out, const struct tally *tally, int64_t ms)
{
    size_t count;
    const struct tally_test *tests = tally_tests(tally, &count);
    fputs("{\"tests\":[", out);
    for (size_t i = 0; i < count; i++) {
        fputs(i ? "," : "", out);
        put_test(out, &tests[i]);
    }
    fprintf(out, "],\"passed\":%zu,\"failed\":%zu,\"pending\":%zu,\"durationMs\":%lld}\n",
            tally_count(tally, TALLY_PASSED), tally_count(tally, TALLY_FAILED),
            tally_count(tally, TALLY_PENDING), (long long)ms);
}
