#include "report_html.h"

#include "batch_answer.h"
#include "drawing.h"
#include "embedded.h"
#include "html.h"
#include "journal.h"
#include "json.h"
#include "run_html.h"
#include "wire.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define DOCUMENT_MAX ((size_t)1024 * 1024 * 1024)
#define BODY_MAX     (2 * 1024 * 1024)
#define WHY_SHOWN    200
#define PAYLOADS_MAX ((size_t)64 * 1024 * 1024) /* of a run's events, in full */

/* A flow's picture, drawn once; empty when it cannot be drawn. */
struct picture {
    char *flow;
    struct buffer svg;
    struct picture *next;
};

struct report_html {
    struct loop *loop;
    const struct fixture *fixture;
    const char *path, *title, *flows_dir;
    FILE *file;
    struct journal *journal;
    struct journal_batch *batch;
    struct picture *pictures;
};

struct report_html *report_html_open(struct loop *loop, const char *file,
                                     const struct fixture *fixture, const char *title,
                                     const char *flows_dir, struct error *err)
{
    FILE *out = fopen(file, "we");
    if (!out) {
        error_set(err, ERROR_SYSTEM, "%s: cannot be written: %s", file, strerror(errno));
        return NULL;
    }
    struct report_html *report = mem_new(sizeof *report);
    *report = (struct report_html){.loop = loop,
                                   .fixture = fixture,
                                   .path = file,
                                   .title = title,
                                   .flows_dir = flows_dir,
                                   .file = out,
                                   .journal = journal_new(NULL, NULL)};
    return report;
}

void report_html_free(struct report_html *report)
{
    if (!report)
        return;
    while (report->pictures) {
        struct picture *gone = report->pictures;
        report->pictures = gone->next;
        mem_free(gone->flow);
        buffer_release(&gone->svg);
        mem_free(gone);
    }
    if (report->file)
        fclose(report->file);
    journal_free(report->journal);
    mem_free(report);
}

/* --- what is told ---------------------------------------------------------------------------- */

enum { BODY, ATTRIBUTES, KEYS };

/* As it came in an attribute: a number in a string. */
static int64_t receive_count(struct span attributes)
{
    static const char *const keys[] = {"ApproximateReceiveCount"};
    struct span value = {NULL, 0};
    int64_t count = 1;
    if (attributes.at && json_type(attributes) == JSON_OBJECT &&
        json_pick(attributes, keys, &value, 1, NULL) && value.at && json_type(value) == JSON_STRING)
        json_integer((struct span){value.at + 1, value.len - 2}, &count, NULL);
    return count;
}

static void add_record(struct report_html *report, const struct fixture_record *record,
                       struct span element)
{
    static const char *const keys[KEYS] = {"body", "attributes"};
    struct span values[KEYS] = {{NULL, 0}};
    struct buffer body;
    buffer_init(&body, BODY_MAX);
    if (json_type(element) == JSON_OBJECT && json_pick(element, keys, values, KEYS, NULL) &&
        values[BODY].at && json_type(values[BODY]) == JSON_STRING)
        json_decode(values[BODY], &body, NULL);
    journal_add(report->journal, report->batch, record->message_id, record->run_id, record->flow,
                buffer_span(&body), receive_count(values[ATTRIBUTES]));
    buffer_release(&body);
}

void report_html_began(struct report_html *report, int64_t deadline_ms)
{
    static const char *const keys[] = {"Records"};
    struct span records = {NULL, 0}, element;
    if (!report)
        return;
    report->batch =
        journal_begin(report->journal, "replay", loop_wall_ms(report->loop), deadline_ms);
    if (!json_pick(buffer_span(&report->fixture->event), keys, &records, 1, NULL) || !records.at)
        return;
    for (size_t i = 0; i < report->fixture->count && json_next(&records, &element); i++)
        add_record(report, &report->fixture->records[i], element);
}

void report_html_event(struct report_html *report, const struct sink_run *run, const char *type,
                       struct span payload)
{
    struct journal_run *told = report ? journal_run_of(report->journal, run->run_id) : NULL;
    if (told)
        journal_event(report->journal, told, loop_wall_ms(report->loop), type, payload);
}

/* Two records may share a run, and its status. */
void report_html_progress(struct report_html *report, const struct sink_run *run)
{
    struct journal_run *each = report && report->batch ? report->batch->runs : NULL;
    for (; each; each = each->next)
        if (each->run_id && strcmp(each->run_id, run->run_id) == 0)
            journal_status(report->journal, each, loop_wall_ms(report->loop),
                           sink_status_name(run->status), run->error);
}

void report_html_log(struct report_html *report, const char *line)
{
    if (report)
        journal_log(report->journal, line);
}

void report_html_answer(struct report_html *report, enum lambda_answer how, struct span body)
{
    if (!report || !report->batch)
        return;
    size_t count = report->fixture->count, i = 0;
    const char **ids = mem_array(count, sizeof *ids);
    bool *failed = mem_array(count, sizeof *failed);
    struct error why = {0};
    for (; i < count; i++)
        ids[i] =
            report->fixture->records[i].message_id ? report->fixture->records[i].message_id : "";
    bool good = how == LAMBDA_RESPONSE && batch_answer_read(body, ids, count, failed, &why);
    i = 0;
    for (struct journal_run *run = report->batch->runs; run; run = run->next, i++)
        journal_fate(report->journal, run, !good || failed[i] ? "returned" : "acknowledged");
    journal_end(report->journal, report->batch, loop_wall_ms(report->loop),
                how == LAMBDA_RESPONSE ? "answered" : "error", body);
    mem_free(failed);
    mem_free(ids);
}

/* --- the document ---------------------------------------------------------------------------- */

static struct span picture_of(struct report_html *report, const char *flow)
{
    struct picture *picture = report->pictures;
    while (picture && strcmp(picture->flow, flow) != 0)
        picture = picture->next;
    if (!picture) {
        struct error err = {0};
        picture = mem_new(sizeof *picture);
        picture->flow = mem_copy(flow);
        buffer_init(&picture->svg, WIRE_FRAME_MAX);
        if (!drawing_svg(report->loop, report->flows_dir, flow, &picture->svg, &err))
            buffer_clear(&picture->svg); /* the run says what is wrong with it */
        picture->next = report->pictures;
        report->pictures = picture;
    }
    return picture->svg.len ? buffer_span(&picture->svg) : (struct span){NULL, 0};
}

static void put_file(struct buffer *out, const char *path)
{
    for (const struct embedded_file *file = web_files; file->path; file++)
        if (strcmp(file->path, path) == 0)
            buffer_add(out, (struct span){(const char *)file->bytes, file->len});
}

/* What was replayed, without the folders of this machine. */
static const char *title_of(const struct report_html *report)
{
    const char *slash = strrchr(report->title, '/');
    return strcmp(report->title, "-") == 0 ? "standard input" : slash ? slash + 1 : report->title;
}

static void put_opening(struct buffer *out, const struct report_html *report)
{
    buffer_text(out, "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                     "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
                     "style-src 'unsafe-inline'\">\n"
                     "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                     "<title>replay of ");
    html_text(out, span_of(title_of(report)));
    buffer_text(out, "</title>\n<style>\n");
    put_file(out, "run.css");
    put_file(out, "report.css");
    buffer_text(out, "</style>\n</head>\n<body class=\"report\">\n<header class=\"top\"><h1>");
    html_text(out, span_of(title_of(report)));
    buffer_text(out, "</h1><p>");
}

static void put_summary(struct buffer *out, const struct report_html *report)
{
    size_t completed = 0, returned = 0;
    const struct journal_batch *batch = report->batch;
    for (const struct journal_run *run = batch->runs; run; run = run->next) {
        completed += strcmp(run->status, "completed") == 0;
        returned += strcmp(run->fate, "returned") == 0;
    }
    buffer_format(out, "%zu job%s, %zu completed", batch->run_count,
                  batch->run_count == 1 ? "" : "s", completed);
    buffer_format(out, ", %zu message%s returned; ", returned, returned == 1 ? "" : "s");
    html_took(out, batch->ended_ms ? batch->ended_ms - batch->began_ms : 0);
    buffer_text(out, "; replayed at ");
    html_clock(out, batch->began_ms);
    buffer_text(out, " UTC by moonmill " MOONMILL_VERSION "</p></header>\n<main>\n");
}

/* Folded when it went well, unless it is the only one. */
static void put_run(struct buffer *out, struct report_html *report, const struct journal_run *run)
{
    const char *state = run_html_state(run);
    struct run_html with = {.now_ms = loop_wall_ms(report->loop),
                            .flows_dir = report->flows_dir,
                            .payloads_max = PAYLOADS_MAX};
    bool open = report->batch->run_count == 1 || strcmp(state, "completed") != 0;
    buffer_format(out, "<details class=\"one\" data-state=\"%s\"%s><summary>", state,
                  open ? " open" : "");
    buffer_format(out, "<span class=\"number\">%zu</span> <b>", run->number);
    html_text(out, span_of(run->flow ? run->flow : "no job"));
    buffer_format(out,
                  "</b> <span class=\"state\" data-state=\"%s\">%s</span> <span class=\"took\">",
                  state, state);
    if (run->ended_ms)
        html_took(out, run->ended_ms - run->began_ms);
    buffer_text(out, "</span>");
    if (run->error) {
        buffer_text(out, " <span class=\"why\">");
        html_brief(out, span_of(run->error), WHY_SHOWN);
        buffer_text(out, "</span>");
    }
    buffer_text(out, "</summary>\n");
    if (run->flow)
        with.graph = picture_of(report, run->flow);
    run_html(out, run, &with);
    buffer_text(out, "</details>\n");
}

static void put_answer(struct buffer *out, const struct journal_batch *batch)
{
    buffer_text(out, "<section class=\"answer\"><h2>Batch response</h2>");
    if (batch->answer) {
        buffer_text(out, "<pre>");
        html_json(out, span_of(batch->answer), BODY_MAX);
        buffer_text(out, "</pre>");
    } else {
        buffer_text(out, "<p class=\"none\">The runtime gave none.</p>");
    }
    buffer_text(out, "</section>\n</main>\n</body>\n</html>\n");
}

static bool put_document(struct buffer *out, struct report_html *report)
{
    put_opening(out, report);
    if (!report->batch)
        return buffer_text(out, "The runtime did not take the event.</p></header></body></html>\n");
    put_summary(out, report);
    for (const struct journal_run *run = report->batch->runs; run; run = run->next)
        put_run(out, report, run);
    put_answer(out, report->batch);
    return out->len < out->max; /* what does not fit is left out */
}

bool report_html_write(struct report_html *report, struct error *err)
{
    struct buffer out;
    if (!report || !report->file)
        return true;
    buffer_init(&out, DOCUMENT_MAX);
    bool fits = put_document(&out, report);
    bool written = fits && fwrite(out.data, 1, out.len, report->file) == out.len;
    written = fclose(report->file) == 0 && written;
    report->file = NULL;
    buffer_release(&out);
    if (!fits)
        return error_set(err, ERROR_LIMIT, "%s: the report is too large", report->path);
    return written ||
           error_set(err, ERROR_SYSTEM, "%s: cannot be written: %s", report->path, strerror(errno));
}
