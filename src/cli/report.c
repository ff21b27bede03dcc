#include "report.h"

#include "batch_answer.h"
#include "json.h"
#include "log_line.h"
#include "report_document.h"
#include "terminal.h"

#include <stdio.h>
#include <string.h>

#define ANSWER_MAX    (8 * 1024 * 1024)
#define STEP_MAX      1024
#define PAYLOAD_SHOWN 100
#define TEXT_SHOWN    400
#define ID_SHOWN      8

/* A record and what became of it. */
struct row {
    const struct sink_run *run; /* NULL: none can report for it */
    char *reason;               /* the last complaint of the log about it, or NULL */
    char *step;                 /* where its run is; in the first row of a run */
    bool returned;
    /* as the runtime's log tells it, for a run that reports elsewhere */
    enum sink_status told;
    int64_t told_ms, told_events; /* told_ms: -1 unknown */
};

struct report {
    const struct fixture *fixture;
    struct report_style style;
    struct row *rows;
    struct report_document *document; /* NULL: a table */
    bool answered;
    bool refused; /* /error or /init/error */
    struct buffer answer;
};

struct report *report_new(const struct fixture *fixture, const struct report_style *style)
{
    struct report *report = mem_new(sizeof *report);
    report->fixture = fixture;
    report->style = *style;
    report->rows = mem_array(fixture->count, sizeof *report->rows);
    if (style->json)
        report->document = report_document_new(fixture);
    buffer_init(&report->answer, ANSWER_MAX);
    return report;
}

void report_free(struct report *report)
{
    if (!report)
        return;
    for (size_t i = 0; i < report->fixture->count; i++) {
        mem_free(report->rows[i].reason);
        mem_free(report->rows[i].step);
    }
    mem_free(report->rows);
    report_document_free(report->document);
    buffer_release(&report->answer);
    mem_free(report);
}

void report_run(struct report *report, size_t record, struct sink_run *run)
{
    report->rows[record].run = run;
}

/* The first row of a run holds what is one for all of its records. */
static size_t first_row(const struct report *report, const struct sink_run *run)
{
    size_t at = 0;
    while (report->rows[at].run != run)
        at++;
    return at;
}

/* --- on a terminal --------------------------------------------------------------------------- */

static const char *colour(const struct report *report, const char *code)
{
    return report->style.colour ? code : "";
}

static const char *plain(const struct report *report)
{
    return colour(report, TERMINAL_PLAIN);
}

static void put_cell(struct span text, int width)
{
    bool cut = text.len > (size_t)width;
    terminal_put(stdout, text, (size_t)(cut ? width - 3 : width)); /* it puts "..." behind a cut */
    for (int i = cut ? width : (int)text.len; i < width + 2; i++)
        putchar(' ');
}

/* --- while it runs --------------------------------------------------------------------------- */

/* A string member of a payload, or NULL. */
static char *member_of(struct span payload, const char *key)
{
    struct span value = {NULL, 0};
    if (json_type(payload) != JSON_OBJECT || !json_pick(payload, &key, &value, 1, NULL) ||
        !value.at || json_type(value) != JSON_STRING)
        return NULL;
    return json_string(value, STEP_MAX, NULL);
}

/* Before an event is shown: the step that it tells of is where the run is. */
static void enter_step(struct row *row, const char *type, struct span payload)
{
    const char *key = strcmp(type, "error") == 0                                         ? "step"
                      : strcmp(type, "node_start") == 0 || strcmp(type, "node_end") == 0 ? "node_id"
                                                                                         : NULL;
    char *step = key ? member_of(payload, key) : NULL;
    if (!step)
        return;
    mem_free(row->step);
    row->step = step;
}

/* After a step's end the run is where that step stood: "send[3]/mail" in "send[3]". */
static void leave_step(struct row *row, const char *type)
{
    if (strcmp(type, "node_end") != 0 || !row->step)
        return;
    char *slash = strrchr(row->step, '/');
    if (slash) {
        *slash = '\0';
    } else {
        mem_free(row->step);
        row->step = NULL;
    }
}

static void print_event(const struct report *report, int64_t at_ms, size_t record, const char *type,
                        struct span payload)
{
    const struct row *row = &report->rows[record];
    const char *flow = report->fixture->records[record].flow;
    printf("%s%8.3fs%s  run ", colour(report, TERMINAL_DIM), (double)at_ms / 1000, plain(report));
    terminal_put(stdout, span_of(flow ? flow : row->run->run_id), TEXT_SHOWN);
    if (report->fixture->count > 1)
        printf("#%zu", record + 1);
    fputs("  ", stdout);
    put_cell(span_of(row->step ? row->step : "-"), 16);
    fputs(strcmp(type, "error") == 0 ? colour(report, TERMINAL_RED) : "", stdout);
    terminal_put(stdout, span_of(type), TEXT_SHOWN);
    printf("%s  ", plain(report));
    terminal_put(stdout, payload, PAYLOAD_SHOWN);
    putchar('\n');
    fflush(stdout);
}

void report_event(struct report *report, int64_t at_ms, const struct sink_run *run,
                  const char *type, struct span payload)
{
    size_t record = first_row(report, run);
    struct row *row = &report->rows[record];
    enter_step(row, type, payload);
    if (report->style.json)
        report_document_event(report->document, record, at_ms, type, payload);
    else if (!report->style.silent && !report->style.quiet &&
             (report->style.verbose || strncmp(type, "run:", 4) != 0))
        print_event(report, at_ms, record, type, payload);
    leave_step(row, type);
}

/* --- the runtime's log ----------------------------------------------------------------------- */

static void keep_reason(struct report *report, const char *message_id, const char *reason)
{
    for (size_t i = 0; message_id && reason && i < report->fixture->count; i++) {
        const char *id = report->fixture->records[i].message_id;
        if (!id || strcmp(id, message_id) != 0)
            continue;
        mem_free(report->rows[i].reason);
        report->rows[i].reason = mem_copy(reason);
    }
}

static int64_t number_of(const cJSON *line, const char *name)
{
    const cJSON *number = json_member(line, name);
    return cJSON_IsNumber(number) ? (int64_t)number->valuedouble : 0;
}

/* "record ended": all that is known of a run whose callbacks go to somebody else. */
static void keep_end(struct report *report, const cJSON *line)
{
    const char *id = json_member_text(line, "messageId"), *fate = json_member_text(line, "fate");
    for (size_t i = 0; id && fate && i < report->fixture->count; i++) {
        const char *own = report->fixture->records[i].message_id;
        struct row *row = &report->rows[i];
        if (!own || strcmp(own, id) != 0)
            continue;
        row->told = strcmp(fate, "completed") == 0 ? SINK_COMPLETED
                    : strcmp(fate, "failed") == 0  ? SINK_FAILED
                                                   : SINK_NONE;
        row->told_ms = number_of(line, "duration_ms");
        row->told_events = number_of(line, "events");
    }
}

void report_log(struct report *report, const char *line)
{
    cJSON *tree = json_parse(span_of(line), NULL);
    const char *level = tree ? json_member_text(tree, "level") : NULL;
    const char *reason = tree ? json_member_text(tree, "reason") : NULL;
    if (log_line_is_bad(level) || (level && strcmp(level, "WARN") == 0))
        keep_reason(report, json_member_text(tree, "messageId"),
                    reason ? reason : json_member_text(tree, "message"));
    const char *message = tree ? json_member_text(tree, "message") : NULL;
    if (message && strcmp(message, "record ended") == 0)
        keep_end(report, tree);
    if (!level || report->style.verbose || log_line_is_bad(level))
        log_line_show(stderr, line, report->style.colour_log);
    cJSON_Delete(tree);
}

/* --- the answer ------------------------------------------------------------------------------ */

static void return_all(struct report *report)
{
    for (size_t i = 0; i < report->fixture->count; i++)
        report->rows[i].returned = true;
}

static void read_response(struct report *report, struct span body)
{
    size_t count = report->fixture->count;
    const char **ids = mem_array(count + 1, sizeof *ids);
    bool *failed = mem_array(count + 1, sizeof *failed);
    struct error why = {0};
    for (size_t i = 0; i < count; i++)
        ids[i] = report->fixture->records[i].message_id;
    batch_answer_read(body, ids, count, failed, &why);
    for (size_t i = 0; i < count; i++)
        report->rows[i].returned = failed[i];
    mem_free(ids);
    mem_free(failed);
}

void report_answer(struct report *report, enum lambda_answer how, struct span body)
{
    report->answered = true;
    report->refused = how != LAMBDA_RESPONSE;
    buffer_add(&report->answer, body);
    if (report->refused)
        return_all(report);
    else
        read_response(report, body);
}

/* --- the end --------------------------------------------------------------------------------- */

static enum sink_status status_of(const struct row *row)
{
    return row->run ? row->run->status : row->told;
}

/* Why it is not as it should be, or NULL. */
static const char *error_of(const struct row *row)
{
    if (row->run && row->run->error)
        return row->run->error;
    return status_of(row) == SINK_COMPLETED && !row->returned ? NULL : row->reason;
}

static int64_t duration_of(const struct row *row)
{
    if (!row->run)
        return row->told == SINK_NONE ? -1 : row->told_ms;
    return row->run->ended_ms ? row->run->ended_ms - row->run->began_ms : -1;
}

static void print_word(const struct report *report, const char *word, const char *code, int width)
{
    printf("%s%-*s%s  ", colour(report, code), width, word, plain(report));
}

static void print_row(const struct report *report, size_t at, int flow_width)
{
    const struct fixture_record *record = &report->fixture->records[at];
    const struct row *row = &report->rows[at];
    enum sink_status status = status_of(row);
    const char *error = error_of(row);
    printf("%4zu  ", at + 1);
    put_cell((struct span){record->message_id ? record->message_id : "-",
                           record->message_id ? strnlen(record->message_id, ID_SHOWN) : 1},
             ID_SHOWN);
    put_cell(span_of(record->flow ? record->flow : "-"), flow_width);
    print_word(report, sink_status_name(status),
               status == SINK_COMPLETED ? TERMINAL_GREEN
               : status == SINK_NONE    ? TERMINAL_YELLOW
                                        : TERMINAL_RED,
               9);
    print_word(report, row->returned ? "returned" : "done",
               row->returned ? TERMINAL_YELLOW : TERMINAL_GREEN, 8);
    if (duration_of(row) >= 0)
        printf("%8lld  ", (long long)duration_of(row));
    else
        printf("%8s  ", "-");
    printf("%6zu\n", row->run ? row->run->events : (size_t)row->told_events);
    if (error) {
        fputs("      ", stdout);
        terminal_put(stdout, span_of(error), TEXT_SHOWN);
        putchar('\n');
    }
}

static void print_table(const struct report *report)
{
    int width = 4;
    for (size_t i = 0; i < report->fixture->count; i++) {
        const char *flow = report->fixture->records[i].flow;
        if (flow && (int)strnlen(flow, 32) > width)
            width = (int)strnlen(flow, 32);
    }
    printf("\n%s%4s  %-8s  %-*s  %-9s  %-8s  %8s  %6s%s\n", colour(report, TERMINAL_DIM), "#",
           "message", width, "flow", "run", "fate", "ms", "events", plain(report));
    for (size_t i = 0; i < report->fixture->count; i++)
        print_row(report, i, width);
    putchar('\n');
    if (report->answered) {
        terminal_put(stdout, buffer_span(&report->answer), report->answer.len);
        putchar('\n');
    }
}

struct report_record report_record(const struct report *report, size_t record)
{
    const struct row *row = &report->rows[record];
    return (struct report_record){.status = sink_status_name(status_of(row)),
                                  .fate = row->returned ? "returned" : "done",
                                  .error = error_of(row),
                                  .duration_ms = duration_of(row),
                                  .elsewhere = !row->run && row->told_events > 0,
                                  .first = row->run ? first_row(report, row->run) : record};
}

bool report_end(struct report *report)
{
    bool good = report->answered && !report->refused;
    if (!report->answered)
        return_all(report);
    for (size_t i = 0; i < report->fixture->count; i++)
        good = good && status_of(&report->rows[i]) == SINK_COMPLETED && !report->rows[i].returned;
    if (report->style.json)
        report_document_write(report->document, report,
                              report->answered ? buffer_span(&report->answer) : span_of("null"));
    else if (!report->style.silent)
        print_table(report);
    fflush(stdout);
    return good;
}
