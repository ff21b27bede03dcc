#include "report_document.h"

#include "cli.h"
#include "json.h"
#include "member.h"

#include <stdio.h>

#define EVENTS_MAX   (64 * 1024 * 1024) /* of a run */
#define DOCUMENT_MAX (1024 * 1024 * 1024)

struct events {
    struct buffer listed;
    size_t unlisted;
};

struct report_document {
    const struct fixture *fixture;
    struct events *events; /* of a record's run */
};

struct report_document *report_document_new(const struct fixture *fixture)
{
    struct report_document *document = mem_new(sizeof *document);
    document->fixture = fixture;
    document->events = mem_array(fixture->count, sizeof *document->events);
    for (size_t i = 0; i < fixture->count; i++)
        buffer_init(&document->events[i].listed, EVENTS_MAX);
    return document;
}

void report_document_free(struct report_document *document)
{
    if (!document)
        return;
    for (size_t i = 0; i < document->fixture->count; i++)
        buffer_release(&document->events[i].listed);
    mem_free(document->events);
    mem_free(document);
}

void report_document_event(struct report_document *document, size_t record, int64_t at_ms,
                           const char *type, struct span payload)
{
    struct events *events = &document->events[record];
    struct buffer *out = &events->listed;
    size_t before = out->len;
    if (buffer_format(out, "%s{\"atMs\":%lld,\"type\":", before ? "," : "", (long long)at_ms) &&
        json_put_string(out, span_of(type)) && buffer_text(out, ",\"payload\":") &&
        buffer_add(out, payload) && buffer_text(out, "}"))
        return;
    out->len = before;
    events->unlisted++;
}

static void put_record(struct buffer *out, const struct report_document *document, size_t at,
                       const struct report_record *became)
{
    const struct fixture_record *record = &document->fixture->records[at];
    member_put(out, at ? ",{\"messageId\":" : "{\"messageId\":", record->message_id);
    member_put(out, ",\"runId\":", record->run_id);
    member_put(out, ",\"flow\":", record->flow);
    member_put(out, ",\"status\":", became->status);
    member_put(out, ",\"fate\":", became->fate);
    member_put(out, ",\"error\":", became->error);
    if (became->duration_ms >= 0)
        buffer_format(out, ",\"durationMs\":%lld", (long long)became->duration_ms);
    else
        buffer_text(out, ",\"durationMs\":null");
    buffer_text(out, ",\"events\":");
    if (became->elsewhere) {
        buffer_text(out, "null}");
        return;
    }
    buffer_text(out, "[");
    buffer_add(out, buffer_span(&document->events[became->first].listed));
    buffer_text(out, "]}");
}

void report_document_write(const struct report_document *document, const struct report *report,
                           struct span answer)
{
    struct buffer out;
    buffer_init(&out, DOCUMENT_MAX);
    buffer_text(&out, "{\"records\":[");
    for (size_t i = 0; i < document->fixture->count; i++) {
        struct report_record became = report_record(report, i);
        size_t unlisted = document->events[i].unlisted;
        put_record(&out, document, i, &became);
        if (unlisted)
            cli_fail("replay", CLI_DONE,
                     "%zu events of record %zu are over %d bytes and not listed", unlisted, i + 1,
                     EVENTS_MAX);
    }
    buffer_text(&out, "],\"response\":");
    buffer_add(&out, json_check(answer, NULL) ? answer : span_of("null"));
    buffer_text(&out, "}\n");
    fwrite(out.data, 1, out.len, stdout);
    buffer_release(&out);
}
