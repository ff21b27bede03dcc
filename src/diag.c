#include "diag.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LOG_LINE_MAX (16 * 1024)

const char *error_kind_name(enum error_kind kind)
{
    static const char *const names[] = {
#define X(kind, name) [kind] = name,
        ERROR_KINDS(X)
#undef X
    };
    return names[kind];
}

/* Control bytes would break a log line; a character cut in two would break JSON. */
static void tidy(char *text, size_t len, bool cut)
{
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
            text[i] = text[i] == '\n' || text[i] == '\t' ? ' ' : '?';
    if (!cut)
        return;
    while (len > 0 && ((unsigned char)text[len - 1] & 0xc0) == 0x80)
        len--;
    if (len > 0 && (unsigned char)text[len - 1] >= 0xc0)
        len--;
    text[len] = '\0';
}

bool error_set(struct error *err, enum error_kind kind, const char *format, ...)
{
    if (!err)
        return false;
    va_list args;
    va_start(args, format);
    /* built apart, so that the old text may be among the arguments */
    char text[sizeof err->text];
    int len = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    bool cut = len >= (int)sizeof text;
    tidy(text, strlen(text), cut);
    err->kind = kind;
    memcpy(err->text, text, sizeof text);
    return false;
}

static const char *const level_names[] = {"TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"};

/* Quotes and escapes; bytes that are no ASCII pass as they are, the callers have valid UTF-8. */
static void put_quoted(struct buffer *line, const char *text)
{
    buffer_text(line, "\"");
    for (const char *c = text; *c; c++) {
        if (*c == '"' || *c == '\\')
            buffer_format(line, "\\%c", *c);
        else if ((unsigned char)*c < 0x20)
            buffer_format(line, "\\u%04x", (unsigned char)*c);
        else
            buffer_add(line, (struct span){c, 1});
    }
    buffer_text(line, "\"");
}

static void put_json(struct buffer *line, const char *time, const char *level, const char *message,
                     const struct log_field *fields)
{
    buffer_format(line, "{\"timestamp\":\"%s\",\"level\":\"%s\",\"message\":", time, level);
    put_quoted(line, message);
    for (; fields->key; fields++) {
        buffer_text(line, ",");
        put_quoted(line, fields->key);
        buffer_text(line, ":");
        if (fields->text)
            put_quoted(line, fields->text);
        else
            buffer_format(line, "%lld", (long long)fields->number);
    }
    buffer_text(line, "}\n");
}

static void put_text(struct buffer *line, const char *time, const char *level, const char *message,
                     const struct log_field *fields)
{
    buffer_format(line, "%s %s %s", time, level, message);
    for (; fields->key; fields++) {
        buffer_format(line, " %s=", fields->key);
        if (fields->text)
            put_quoted(line, fields->text);
        else
            buffer_format(line, "%lld", (long long)fields->number);
    }
    buffer_text(line, "\n");
}

void log_fields(const struct log *log, enum log_level level, const char *message,
                const struct log_field *fields)
{
    if (level < log->level)
        return;
    char time[CLOCK_TEXT_SIZE];
    clock_text(clock_wall_ms(log->clock), time);
    struct buffer line;
    buffer_init(&line, LOG_LINE_MAX);
    (log->json ? put_json : put_text)(&line, time, level_names[level], message, fields);
    ssize_t written = write(log->fd, line.data, line.len);
    (void)written; /* there is nowhere left to complain */
    buffer_release(&line);
}
