#include "tally.h"

#include "json.h"
#include "terminal.h"

#include <stdio.h>
#include <string.h>

#define RED    "\033[31m"
#define GREEN  "\033[32m"
#define YELLOW "\033[33m"
#define DIM    "\033[2m"
#define PLAIN  "\033[0m"

#define SLOW_MS 100 /* from here on a test's time is worth a word */

static const struct {
    const char *mark;
    const char *colour;
} looks[TALLY_STATUSES] = {{"✓", GREEN}, {"✗", RED}, {"○", YELLOW}};

struct tally {
    struct tally_style style;
    struct tally_test *tests;
    size_t count;
    size_t room;
    size_t counts[TALLY_STATUSES];
    const struct tally_test *shown; /* the one before, of the same file; its blocks stand there */
};

void tally_test_release(struct tally_test *test)
{
    for (size_t i = 0; i < test->depth; i++)
        mem_free(test->blocks[i]);
    mem_free(test->blocks);
    mem_free(test->spec);
    mem_free(test->name);
    mem_free(test->file);
    mem_free(test->message);
}

struct tally *tally_new(const struct tally_style *style)
{
    struct tally *tally = mem_new(sizeof *tally);
    tally->style = *style;
    if (style->tap)
        puts("TAP version 13");
    return tally;
}

void tally_free(struct tally *tally)
{
    if (!tally)
        return;
    for (size_t i = 0; i < tally->count; i++)
        tally_test_release(&tally->tests[i]);
    mem_free(tally->tests);
    mem_free(tally);
}

size_t tally_count(const struct tally *tally, enum tally_status status)
{
    return tally->counts[status];
}

const struct tally_test *tally_tests(const struct tally *tally, size_t *count)
{
    *count = tally->count;
    return tally->tests;
}

/* --- on a terminal --------------------------------------------------------------------------- */

static const char *colour(const struct tally *tally, const char *code)
{
    return tally->style.colour ? code : "";
}

/* UTF-8 text; its further lines begin with indent. Control characters, C1 too, would be the
 * terminal's. */
static void put_text(struct span text, const char *indent)
{
    for (size_t i = 0; i < text.len; i++) {
        unsigned char byte = (unsigned char)text.at[i];
        bool c1 = byte == 0xc2 && i + 1 < text.len && (unsigned char)text.at[i + 1] < 0xa0;
        if (byte == '\n' && indent)
            printf("\n%s", indent);
        else
            putchar(byte == '\t' || byte == '\n'        ? ' '
                    : byte < 0x20 || byte == 0x7f || c1 ? '?'
                                                        : byte);
        i += c1;
    }
}

static void put_word(const char *text)
{
    put_text(span_of(text), NULL);
}

static void put_indent(size_t depth)
{
    for (size_t i = 0; i < depth; i++)
        fputs("  ", stdout);
}

/* The names of the blocks that the test before did not stand in. */
static void show_blocks(const struct tally *tally, const struct tally_test *test)
{
    const struct tally_test *before = tally->shown;
    bool same = before != NULL;
    for (size_t i = 0; i < test->depth; i++) {
        same = same && i < before->depth && strcmp(before->blocks[i], test->blocks[i]) == 0;
        if (same)
            continue;
        put_indent(i + 1);
        put_word(test->blocks[i]);
        putchar('\n');
    }
}

static void show_line(const struct tally *tally, const struct tally_test *test)
{
    show_blocks(tally, test);
    put_indent(test->depth + 1);
    printf("%s%s%s ", colour(tally, looks[test->status].colour), looks[test->status].mark,
           colour(tally, PLAIN));
    put_word(test->name);
    if (test->status == TALLY_PENDING)
        printf("%s: ", colour(tally, DIM)), put_word(test->message);
    if (test->ms >= SLOW_MS)
        printf("%s (%lld ms)", colour(tally, DIM), (long long)test->ms);
    printf("%s\n", colour(tally, PLAIN));
}

static void show_failure(const struct tally *tally, const struct tally_test *test, size_t number)
{
    printf("\n%s%zu.%s ", colour(tally, RED), number, colour(tally, PLAIN));
    for (size_t i = 0; i < test->depth; i++) {
        put_word(test->blocks[i]);
        fputs(" > ", stdout);
    }
    put_word(test->name);
    fputs("\n   ", stdout);
    if (*test->file && test->line)
        printf("%s:%lld: ", test->file, (long long)test->line);
    else if (*test->file)
        printf("%s: ", test->file);
    put_text(span_of(test->message), "   ");
    putchar('\n');
}

static void show_end(const struct tally *tally, int64_t ms)
{
    size_t failed = tally->counts[TALLY_FAILED], number = 0;
    if (failed)
        printf("\n%sfailures%s\n", colour(tally, RED), colour(tally, PLAIN));
    for (size_t i = 0; i < tally->count; i++)
        if (tally->tests[i].status == TALLY_FAILED)
            show_failure(tally, &tally->tests[i], ++number);
    printf("\n%s%zu passed, %zu failed, %zu pending%s in %.2f s\n",
           colour(tally, failed ? RED : GREEN), tally->counts[TALLY_PASSED], failed,
           tally->counts[TALLY_PENDING], colour(tally, PLAIN), (double)ms / 1000);
}

/* --- TAP 13 ---------------------------------------------------------------------------------- */

/* In a description a "#" would begin a directive. */
static void put_description(const char *text)
{
    for (const char *hash; (hash = strchr(text, '#')) != NULL; text = hash + 1) {
        put_text((struct span){text, (size_t)(hash - text)}, NULL);
        fputs("\\#", stdout);
    }
    put_word(text);
}

static void put_string(const char *key, const char *text)
{
    struct buffer quoted;
    buffer_init(&quoted, 6 * strlen(text) + 2);
    json_put_string(&quoted, span_of(text));
    printf("  %s: %.*s\n", key, (int)quoted.len, quoted.data);
    buffer_release(&quoted);
}

/* A YAML block: the message as it is, indented by two more than its key; its first line tells YAML
 * how far that is. */
static void tap_diagnostics(const struct tally_test *test)
{
    const char *message = test->message + strspn(test->message, " \t\n");
    fputs("  ---\n  message: |\n    ", stdout);
    put_text(span_of(message), "    ");
    fputs("\n  severity: fail\n", stdout);
    put_string("file", *test->file ? test->file : test->spec);
    printf("  line: %lld\n  duration_ms: %lld\n  ...\n", (long long)test->line,
           (long long)test->ms);
}

static void tap_test(const struct tally *tally, const struct tally_test *test)
{
    printf("%sok %zu - ", test->status == TALLY_FAILED ? "not " : "", tally->count);
    for (size_t i = 0; i < test->depth; i++) {
        put_description(test->blocks[i]);
        putchar(' ');
    }
    put_description(test->name);
    if (test->status == TALLY_PENDING) {
        fputs(" # SKIP ", stdout);
        put_word(test->message);
    }
    putchar('\n');
    if (test->status == TALLY_FAILED)
        tap_diagnostics(test);
}

/* --- both ------------------------------------------------------------------------------------ */

void tally_file(struct tally *tally, const char *spec)
{
    tally->shown = NULL;
    if (tally->style.silent)
        return;
    fputs(tally->style.tap ? "# " : "", stdout);
    put_word(spec);
    putchar('\n');
    fflush(stdout);
}

void tally_add(struct tally *tally, struct tally_test *test)
{
    size_t before = (size_t)(tally->shown ? tally->shown - tally->tests : 0);
    if (tally->count == tally->room) {
        tally->room = tally->room ? 2 * tally->room : 64;
        tally->tests = mem_resize(tally->tests, tally->room, sizeof *tally->tests);
    }
    if (tally->shown)
        tally->shown = tally->tests + before; /* they may have moved */
    tally->tests[tally->count++] = *test;
    *test = (struct tally_test){0};
    const struct tally_test *kept = &tally->tests[tally->count - 1];
    tally->counts[kept->status]++;
    if (tally->style.tap)
        tap_test(tally, kept);
    else if (!tally->style.silent)
        show_line(tally, kept);
    tally->shown = kept;
    fflush(stdout);
}

void tally_print(struct tally *tally, struct span text)
{
    const char *indent = tally->style.tap ? "# " : "    ";
    if (tally->style.silent) {
        terminal_put(stderr, text, text.len);
        fputc('\n', stderr);
        return;
    }
    fputs(tally->style.tap ? indent : colour(tally, DIM), stdout);
    fputs(tally->style.tap ? "" : indent, stdout);
    put_text(text, indent);
    printf("%s\n", colour(tally, PLAIN));
    fflush(stdout);
}

void tally_abandon(struct tally *tally)
{
    if (tally->style.tap)
        puts("Bail out!");
    fflush(stdout);
}

void tally_end(struct tally *tally, int64_t ms)
{
    if (tally->style.tap)
        printf("1..%zu\n# %zu passed, %zu failed, %zu pending\n", tally->count,
               tally->counts[TALLY_PASSED], tally->counts[TALLY_FAILED],
               tally->counts[TALLY_PENDING]);
    else if (!tally->style.silent)
        show_end(tally, ms);
    fflush(stdout);
}
