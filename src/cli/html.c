#include "html.h"

#include "clock.h"
#include "json.h"

#include <inttypes.h>
#include <string.h>

#define REPLACEMENT "\xEF\xBF\xBD"
#define INDENT_MAX  40

/* What stands for a byte, or NULL: itself. */
static const char *entity(unsigned char byte)
{
    switch (byte) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    case '\n':
    case '\t':
        return NULL;
    default:
        return byte < 0x20 || byte == 0x7F ? REPLACEMENT : NULL;
    }
}

/* How many bytes of text are a character, or 0: none is. */
static size_t character(struct span text)
{
    unsigned char first = (unsigned char)*text.at;
    size_t len = first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
    return len <= text.len && json_is_utf8((struct span){text.at, len}) ? len : 0;
}

static void put_known(struct buffer *out, struct span text)
{
    size_t from = 0;
    for (size_t i = 0; i < text.len; i++) {
        const char *instead = entity((unsigned char)text.at[i]);
        if (!instead)
            continue;
        buffer_add(out, (struct span){text.at + from, i - from});
        buffer_text(out, instead);
        from = i + 1;
    }
    buffer_add(out, (struct span){text.at + from, text.len - from});
}

void html_text(struct buffer *out, struct span text)
{
    if (json_is_utf8(text)) {
        put_known(out, text);
        return;
    }
    while (text.len) {
        size_t len = character(text);
        if (len)
            put_known(out, (struct span){text.at, len});
        else
            buffer_text(out, REPLACEMENT);
        text.at += len ? len : 1;
        text.len -= len ? len : 1;
    }
}

void html_brief(struct buffer *out, struct span text, size_t max)
{
    size_t len = text.len;
    if (len > max)
        for (len = max; len && ((unsigned char)text.at[len] & 0xC0) == 0x80;)
            len--;
    html_text(out, (struct span){text.at, len});
    if (len < text.len)
        buffer_text(out, "…");
}

/* --- JSON ------------------------------------------------------------------------------------ */

static void new_line(struct buffer *out, size_t depth)
{
    static const char spaces[] = "                                                  ";
    size_t indent = 2 * depth < INDENT_MAX ? 2 * depth : INDENT_MAX;
    buffer_text(out, "\n");
    buffer_add(out, (struct span){spaces, indent});
}

/* The length of the string that begins here, quotes and all. */
static size_t string_length(struct span text)
{
    size_t len = 1;
    while (len < text.len && text.at[len] != '"')
        len += text.at[len] == '\\' ? 2 : 1;
    return len < text.len ? len + 1 : text.len;
}

static size_t blanks(struct span text)
{
    size_t len = 0;
    while (len < text.len && strchr(" \t\r\n", text.at[len]))
        len++;
    return len;
}

/* Checked JSON, a line a member; empty ones stay together. */
static void lay_out(struct buffer *out, struct span text)
{
    size_t depth = 0;
    for (size_t i = 0; i < text.len;) {
        struct span rest = {text.at + i, text.len - i};
        char c = *rest.at;
        size_t len = c == '"' ? string_length(rest) : blanks(rest) ? blanks(rest) : 1;
        i += len;
        size_t after = i + blanks((struct span){text.at + i, text.len - i});
        if ((c == '{' || c == '[') && after < text.len &&
            text.at[after] == (c == '{' ? '}' : ']')) {
            buffer_text(out, c == '{' ? "{}" : "[]");
            i = after + 1;
        } else if (c == '{' || c == '[' || c == ',') {
            buffer_add(out, (struct span){&c, 1});
            depth += c != ',';
            new_line(out, depth);
        } else if (c == '}' || c == ']') {
            new_line(out, depth ? --depth : 0);
            buffer_add(out, (struct span){&c, 1});
        } else if (c == ':') {
            buffer_text(out, ": ");
        } else if (!blanks(rest)) {
            html_text(out, (struct span){rest.at, len});
        }
    }
}

void html_json(struct buffer *out, struct span json, size_t max)
{
    if (json.len <= max && json_check(json, NULL))
        lay_out(out, json);
    else
        html_brief(out, json, max);
}

/* --- times ----------------------------------------------------------------------------------- */

void html_took(struct buffer *out, int64_t ms)
{
    if (ms < 1000)
        buffer_format(out, "%" PRId64 " ms", ms);
    else if (ms < 60000)
        buffer_format(out, "%.2f s", (double)ms / 1000);
    else
        buffer_format(out, "%" PRId64 " min %02" PRId64 " s", ms / 60000, ms / 1000 % 60);
}

void html_clock(struct buffer *out, int64_t wall_ms)
{
    char text[CLOCK_TEXT_SIZE];
    clock_text(wall_ms, text);
    buffer_format(out, "<time datetime=\"%s\" title=\"%s\">%.8s</time>", text, text, text + 11);
}
