#include "failure.h"

#include "json.h"

#include <string.h>

static void put_member(struct buffer *out, const char *name, const char *text)
{
    if (!text || !*text)
        return;
    buffer_format(out, ",\"%s\":", name);
    json_put_string(out, span_of(text));
}

/* ,"trace":[...] when there is more to it than the line that is told anyway. */
static void put_trace(struct buffer *out, struct span trace)
{
    const char *end = trace.at + trace.len;
    if (trace.len == 0 || !memchr(trace.at, '\n', trace.len))
        return;
    buffer_text(out, ",\"trace\":[");
    for (const char *at = trace.at; at < end;) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        stop = stop ? stop : end;
        if (at > trace.at)
            buffer_text(out, ",");
        json_put_string(out, (struct span){at, (size_t)(stop - at)});
        at = stop + 1;
    }
    buffer_text(out, "]");
}

void failure_put(struct buffer *out, const struct run_outcome *outcome, int64_t data_max)
{
    buffer_text(out, "{\"message\":");
    json_put_string(out, span_of(outcome->message));
    put_member(out, "code", outcome->code);
    put_member(out, "step", outcome->step);
    put_member(out, "file", outcome->file);
    if (outcome->line > 0)
        buffer_format(out, ",\"line\":%lld", (long long)outcome->line);
    if (outcome->attempt > 0)
        buffer_format(out, ",\"attempt\":%lld", (long long)outcome->attempt);
    if (outcome->data.len && (int64_t)outcome->data.len < data_max) {
        buffer_text(out, ",\"data\":");
        buffer_add(out, outcome->data);
    }
    put_trace(out, outcome->trace);
    buffer_text(out, "}");
}
