#include "receipts.h"

#include "json.h"
#include "member.h"
#include "terminal.h"

#include <stdio.h>
#include <string.h>

#define DOCUMENT_MAX (16 * 1024 * 1024)
#define SUMMARY_MAX  1024 /* bytes shown of what came */
#define ID_SHOWN     64
#define ID_LEN       33 /* of a key: what is the same in all of a delivery */

/* --- a request ------------------------------------------------------------------------------- */

/* "log, output" or the progress body itself. */
static void put_summary(struct span body)
{
    static const char *const keys[] = {"events"}, *const type_key[] = {"event_type"};
    struct span events = {NULL, 0}, event, type;
    const char *comma = "";
    bool readable = json_check(body, NULL);
    if (readable && json_type(body) == JSON_OBJECT && json_pick(body, keys, &events, 1, NULL) &&
        events.at && json_type(events) == JSON_ARRAY) {
        while (json_next(&events, &event)) {
            char *name = json_type(event) == JSON_OBJECT &&
                                 json_pick(event, type_key, &type, 1, NULL) && type.at &&
                                 json_type(type) == JSON_STRING
                             ? json_string(type, SUMMARY_MAX, NULL)
                             : NULL;
            fputs(comma, stdout);
            terminal_put(stdout, span_of(name ? name : "?"), ID_SHOWN);
            mem_free(name);
            comma = ", ";
        }
        return;
    }
    terminal_put(stdout, body, SUMMARY_MAX);
}

void receipts_print(int64_t at_ms, const struct sink_request *request, int status,
                    struct span complaints, bool colour)
{
    const char *key =
        request->key && strlen(request->key) > ID_LEN ? request->key + ID_LEN : request->key;
    const char *dim = colour ? TERMINAL_DIM : "";
    const char *red = colour ? TERMINAL_RED : "";
    const char *plain = colour ? TERMINAL_PLAIN : "";
    printf("%s%8.3fs%s  ", dim, (double)at_ms / 1000, plain);
    terminal_put(stdout, span_of(request->run ? request->run->run_id : "?"), ID_SHOWN);
    printf("  %s%d%s  ", status >= 300 ? red : "", status, plain);
    terminal_put(stdout, span_of(key ? key : "-"), ID_SHOWN);
    fputs("  ", stdout);
    if (strcmp(request->path, SINK_EVENTS_PATH) != 0 &&
        strcmp(request->path, SINK_PROGRESS_PATH) != 0) {
        terminal_put(stdout, span_of(request->path), ID_SHOWN);
        fputs("  ", stdout);
    }
    put_summary(request->body);
    putchar('\n');
    for (struct span rest = complaints; rest.len;) {
        size_t len = (size_t)((const char *)memchr(rest.at, '\n', rest.len) - rest.at);
        printf("           %sbroken:%s ", red, plain);
        terminal_put(stdout, (struct span){rest.at, len}, SUMMARY_MAX);
        putchar('\n');
        rest.at += len + 1;
        rest.len -= len + 1;
    }
}

/* --- what it came to ------------------------------------------------------------------------- */

static void print_run(const struct sink_run *run)
{
    fputs("  ", stdout);
    terminal_put(stdout, span_of(run->run_id), ID_SHOWN);
    printf("  %s, %zu event%s", sink_status_name(run->status), run->events,
           run->events == 1 ? "" : "s");
    if (run->error) {
        fputs(": ", stdout);
        terminal_put(stdout, span_of(run->error), SUMMARY_MAX);
    }
    putchar('\n');
}

void receipts_print_total(const struct receipts_total *total, const struct sink_run *all)
{
    size_t runs = 0;
    for (const struct sink_run *run = all; run; run = run->next)
        runs++;
    printf("\n%zu request%s, %zu failed as asked for, %zu rule%s broken, %zu run%s%s\n",
           total->requests, total->requests == 1 ? "" : "s", total->failed, total->broken,
           total->broken == 1 ? "" : "s", runs, runs == 1 ? "" : "s", runs ? ":" : "");
    for (const struct sink_run *run = all; run; run = run->next)
        print_run(run);
}

static void put_run(struct buffer *out, const struct sink_run *run)
{
    member_put(out, "{\"run\":", run->run_id);
    member_put(out, ",\"status\":", sink_status_name(run->status));
    buffer_format(out, ",\"events\":%zu", run->events);
    member_put(out, ",\"error\":", run->error);
    buffer_text(out, "}");
}

void receipts_print_json(const struct receipts_total *total, const struct sink_run *all)
{
    const char *comma = "";
    struct buffer out;
    buffer_init(&out, DOCUMENT_MAX);
    buffer_format(&out, "{\"requests\":%zu,\"failed\":%zu,\"broken\":%zu,\"runs\":[",
                  total->requests, total->failed, total->broken);
    for (const struct sink_run *run = all; run; run = run->next) {
        buffer_text(&out, comma);
        put_run(&out, run);
        comma = ",";
    }
    buffer_text(&out, "]}\n");
    fwrite(out.data, 1, out.len, stdout);
    buffer_release(&out);
}
