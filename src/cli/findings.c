#include "findings.h"

#include "hash.h"
#include "json.h"
#include "terminal.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define DOCUMENT_MAX (1024 * 1024 * 1024)
#define TEXT_MAX     2000
#define SHOWN_MAX    160 /* bytes of a line that are shown */
#define LEAD_SHOWN   80  /* of these before the mark, when the line is longer */
#define TOLD_FIRST   256
#define INDENT       "    "

struct findings {
    struct findings_style style;
    size_t errors;
    size_t warnings;
    uint64_t *told; /* hashes of findings; 0: free. Its size is a power of two. */
    size_t told_size;
    size_t told_count;
    struct buffer document;
};

struct findings *findings_new(const struct findings_style *style)
{
    struct findings *findings = mem_new(sizeof *findings);
    findings->style = *style;
    findings->told_size = TOLD_FIRST;
    findings->told = mem_array(TOLD_FIRST, sizeof *findings->told);
    buffer_init(&findings->document, DOCUMENT_MAX);
    return findings;
}

void findings_free(struct findings *findings)
{
    if (!findings)
        return;
    mem_free(findings->told);
    buffer_release(&findings->document);
    mem_free(findings);
}

size_t findings_errors(const struct findings *findings)
{
    return findings->errors;
}

size_t findings_warnings(const struct findings *findings)
{
    return findings->warnings;
}

/* --- a description's ------------------------------------------------------------------------- */

static size_t number_of(const cJSON *finding, const char *name)
{
    const cJSON *member = json_member(finding, name);
    return cJSON_IsNumber(member) && member->valuedouble > 0 && member->valuedouble < 1e9
               ? (size_t)member->valuedouble
               : 0;
}

static const char *text_of(const cJSON *finding, const char *name)
{
    const char *text = json_member_text(finding, name);
    return text ? text : "";
}

struct finding finding_read(const cJSON *member)
{
    return (struct finding){.is_error = strcmp(text_of(member, "severity"), "error") == 0,
                            .code = text_of(member, "code"),
                            .message = text_of(member, "message"),
                            .hint = text_of(member, "hint"),
                            .file = text_of(member, "file"),
                            .line = number_of(member, "line"),
                            .column = number_of(member, "column")};
}

/* --- once ------------------------------------------------------------------------------------ */

static uint64_t hash_of(const struct finding *finding)
{
    uint64_t hash = hash_text(HASH_EMPTY, finding->file);
    hash = hash_text(hash, finding->code);
    hash = hash_text(hash, finding->message);
    hash = hash_add(hash, finding->line);
    hash = hash_add(hash, finding->column);
    return hash ? hash : 1;
}

/* The place of a hash in a table of hashes: where it is, or where it would go. */
static uint64_t *place_of(uint64_t *table, size_t size, uint64_t hash)
{
    size_t at = hash & (size - 1);
    while (table[at] && table[at] != hash)
        at = (at + 1) & (size - 1);
    return &table[at];
}

static void make_room(struct findings *findings)
{
    size_t size = findings->told_size * 2;
    uint64_t *table = mem_array(size, sizeof *table);
    for (size_t i = 0; i < findings->told_size; i++)
        if (findings->told[i])
            *place_of(table, size, findings->told[i]) = findings->told[i];
    mem_free(findings->told);
    findings->told = table;
    findings->told_size = size;
}

/* True the first time. */
static bool is_new(struct findings *findings, const struct finding *finding)
{
    uint64_t hash = hash_of(finding);
    uint64_t *place = place_of(findings->told, findings->told_size, hash);
    if (*place)
        return false;
    *place = hash;
    if (++findings->told_count * 2 > findings->told_size)
        make_room(findings);
    return true;
}

/* --- the line -------------------------------------------------------------------------------- */

/* The n-th line without its end; lines end as Lua's do. Absent when there is none. */
static struct span line_of(struct span source, size_t number)
{
    const char *at = source.at, *end = source.at + source.len;
    for (size_t line = 1;; line++) {
        const char *stop = at;
        while (stop < end && *stop != '\n' && *stop != '\r')
            stop++;
        if (line == number)
            return (struct span){at, (size_t)(stop - at)};
        if (stop == end)
            return (struct span){NULL, 0};
        bool pair = stop + 1 < end && (stop[1] == '\n' || stop[1] == '\r') && stop[1] != *stop;
        at = stop + 1 + pair;
    }
}

/* The line's text, tabs and all. */
static void put_line(FILE *out, struct span line)
{
    while (line.len) {
        const char *tab = memchr(line.at, '\t', line.len);
        size_t len = tab ? (size_t)(tab - line.at) : line.len;
        terminal_put(out, (struct span){line.at, len}, len);
        if (tab)
            fputc('\t', out);
        line.at += len + (tab != NULL);
        line.len -= len + (tab != NULL);
    }
}

/* Blank as wide as the text, with its tabs, so that what follows stands below what follows it. */
static void put_blank(FILE *out, struct span text)
{
    while (text.len) {
        const char *tab = memchr(text.at, '\t', text.len);
        size_t len = tab ? (size_t)(tab - text.at) : text.len;
        fprintf(out, "%*s", (int)terminal_width((struct span){text.at, len}), "");
        if (tab)
            fputc('\t', out);
        text.at += len + (tab != NULL);
        text.len -= len + (tab != NULL);
    }
}

static bool is_word(char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
           (byte >= '0' && byte <= '9') || byte == '_';
}

static bool continues(char byte)
{
    return ((unsigned char)byte & 0xc0) == 0x80;
}

/* The part of a long line that is shown; *lead becomes the bytes of it before the mark. */
static struct span window_of(struct span line, size_t *lead)
{
    size_t from = 0;
    if (line.len > SHOWN_MAX && *lead > LEAD_SHOWN)
        from = *lead - LEAD_SHOWN;
    while (from < *lead && continues(line.at[from]))
        from++;
    struct span window = {line.at + from, line.len - from};
    if (window.len > SHOWN_MAX)
        window.len = SHOWN_MAX;
    while (window.len && window.len < line.len - from && continues(window.at[window.len]))
        window.len--;
    *lead -= from;
    return window;
}

/* How many columns of the mark follow its first: to the end of the word, or of the plain string. */
static size_t tail_of(struct span text)
{
    size_t len = 1;
    if (!text.len)
        return 0;
    while (is_word(*text.at) && len < text.len && is_word(text.at[len]))
        len++;
    const char *quote =
        *text.at == '"' || *text.at == '\'' ? memchr(text.at + 1, *text.at, text.len - 1) : NULL;
    if (quote)
        len = (size_t)(quote - text.at) + 1;
    return terminal_width((struct span){text.at, len}) - 1;
}

static void put_source(const struct findings *findings, const struct finding *finding,
                       struct span source)
{
    FILE *out = findings->style.out;
    struct span line = line_of(source, finding->line);
    if (!line.at || !json_is_utf8(line) || finding->column > line.len + 1)
        return;
    size_t lead = finding->column ? finding->column - 1 : 0;
    struct span window = window_of(line, &lead);
    fputs(INDENT, out);
    put_line(out, window);
    fputc('\n', out);
    if (!finding->column)
        return;
    fputs(INDENT, out);
    put_blank(out, (struct span){window.at, lead});
    fprintf(out, "%s^", findings->style.colour ? TERMINAL_GREEN : "");
    for (size_t tail = tail_of((struct span){window.at + lead, window.len - lead}); tail; tail--)
        fputc('~', out);
    fprintf(out, "%s\n", findings->style.colour ? TERMINAL_PLAIN : "");
}

/* --- printing -------------------------------------------------------------------------------- */

static void put_text(FILE *out, const char *text)
{
    terminal_put(out, span_of(text), TEXT_MAX);
}

static void print(const struct findings *findings, const struct finding *finding,
                  struct span source)
{
    FILE *out = findings->style.out;
    bool colour = findings->style.colour;
    put_text(out, finding->file);
    if (finding->line)
        fprintf(out, ":%zu", finding->line);
    if (finding->line && finding->column)
        fprintf(out, ":%zu", finding->column);
    fprintf(out, ": %s%s:%s ",
            !colour             ? ""
            : finding->is_error ? TERMINAL_RED
                                : TERMINAL_YELLOW,
            finding->is_error ? "error" : "warning", colour ? TERMINAL_PLAIN : "");
    put_text(out, finding->message);
    fputs(" [", out);
    put_text(out, finding->code);
    fputs("]\n", out);
    if (finding->line && source.at)
        put_source(findings, finding, source);
    if (*finding->hint) {
        fputs("  hint: ", out);
        put_text(out, finding->hint);
        fputc('\n', out);
    }
}

/* Appends "key":"text", which is valid UTF-8 or else left empty. */
static void list_text(struct buffer *out, const char *key, const char *text)
{
    struct span bytes = span_of(text);
    buffer_format(out, "\"%s\":", key);
    json_put_string(out, json_is_utf8(bytes) ? bytes : span_of(""));
    buffer_text(out, ",");
}

static void list(struct findings *findings, const struct finding *finding)
{
    struct buffer *out = &findings->document;
    buffer_text(out, out->len ? ",{" : "{");
    list_text(out, "severity", finding->is_error ? "error" : "warning");
    list_text(out, "code", finding->code);
    list_text(out, "message", finding->message);
    list_text(out, "file", finding->file);
    buffer_format(out, "\"line\":%zu,\"column\":%zu,", finding->line, finding->column);
    list_text(out, "hint", finding->hint);
    out->len--; /* the last comma */
    buffer_text(out, "}");
}

void findings_add(struct findings *findings, const struct finding *finding, struct span source)
{
    if (!is_new(findings, finding))
        return;
    if (finding->is_error)
        findings->errors++;
    else
        findings->warnings++;
    if (findings->style.json)
        list(findings, finding);
    else
        print(findings, finding, source);
}

void findings_end(struct findings *findings, size_t files)
{
    FILE *out = findings->style.out;
    if (!findings->style.json)
        return;
    fputs("{\"findings\":[", out);
    fwrite(findings->document.len ? findings->document.data : "", 1, findings->document.len, out);
    fprintf(out, "],\"errors\":%zu,\"warnings\":%zu,\"files\":%zu}\n", findings->errors,
            findings->warnings, files);
}
