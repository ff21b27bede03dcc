#include "run_html.h"

#include "excerpt.h"
#include "html.h"
#include "json.h"
#include "lit.h"
#include "steps_html.h"
#include "timeline.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define CHUNK         100          /* events that come and stay together */
#define BRIEF_MAX     160          /* of a payload that is folded */
#define PAYLOAD_SHOWN (256 * 1024) /* when it is opened */
#define JOB_SHOWN     (1024 * 1024)
#define TYPE_SHOWN    60
#define TEXT_SHOWN    4096
#define PREFIX_SIZE   32

static void put(struct buffer *out, const char *text)
{
    html_text(out, span_of(text ? text : "-"));
}

const char *run_html_state(const struct journal_run *run)
{
    bool told = strcmp(run->status, "none") != 0, pending = strcmp(run->fate, "pending") == 0;
    if (strcmp(run->fate, "returned") == 0)
        return strcmp(run->status, "failed") == 0 ? "failed" : "returned";
    return told ? run->status : pending ? "waiting" : run->fate;
}

/* --- head ------------------------------------------------------------------------------------ */

static void put_fact(struct buffer *out, const char *name, const char *value)
{
    buffer_format(out, "<div><dt>%s</dt><dd>", name);
    put(out, value);
    buffer_text(out, "</dd></div>");
}

static void put_head(struct buffer *out, const struct journal_run *run,
                     const struct timeline *timeline)
{
    const char *state = run_html_state(run);
    buffer_text(out, "<header data-key=\"head\"><h2>");
    put(out, run->flow ? run->flow : "no job");
    buffer_format(out,
                  " <span class=\"state\" data-state=\"%s\">%s</span></h2><dl class=\"facts\">",
                  state, state);
    buffer_text(out, "<div><dt>took</dt><dd>");
    if (run->event_count || run->began_ms) {
        html_took(out, timeline->total_ms);
        buffer_text(out, "</dd></div><div><dt>began</dt><dd>");
        html_clock(out, timeline->began_ms);
    } else {
        buffer_text(out, "-");
    }
    buffer_text(out, "</dd></div>");
    put_fact(out, "message", strcmp(run->fate, "pending") == 0 ? "in flight" : run->fate);
    buffer_format(out, "<div><dt>received</dt><dd>%" PRId64 "×</dd></div>", run->receive_count);
    put_fact(out, "run id", run->run_id);
    put_fact(out, "message id", run->message_id);
    buffer_text(out, "</dl></header>\n");
}

/* --- what went wrong ------------------------------------------------------------------------- */

enum { MESSAGE, CODE, STEP, FILE_NAME, LINE, ATTEMPT, DATA, TRACE, KEYS };

static char *text_of(struct span value)
{
    return value.at && json_type(value) == JSON_STRING ? json_string(value, TEXT_SHOWN, NULL)
                                                       : NULL;
}

/* The payload of the run's last error. */
static bool find_error(const struct journal_run *run, struct span values[KEYS])
{
    static const char *const keys[KEYS] = {"message", "code",    "step", "file",
                                           "line",    "attempt", "data", "trace"};
    size_t i = run->event_count;
    while (i > 0 && strcmp(run->events[i - 1].type, "error") != 0)
        i--;
    if (i == 0)
        return false;
    struct span payload = span_of(run->events[i - 1].payload);
    return json_check(payload, NULL) && json_type(payload) == JSON_OBJECT &&
           json_pick(payload, keys, values, KEYS, NULL);
}

static void put_place(struct buffer *out, const struct span values[KEYS],
                      const struct run_html *with)
{
    char *step = text_of(values[STEP]), *file = text_of(values[FILE_NAME]);
    int64_t line = 0;
    if (values[LINE].at && json_type(values[LINE]) == JSON_NUMBER)
        json_integer(values[LINE], &line, NULL);
    if (step) {
        buffer_text(out, "<p class=\"where\">in step <b>");
        put(out, step);
        buffer_text(out, "</b>");
    }
    if (file) {
        buffer_text(out, step ? ", <code>" : "<p class=\"where\"><code>");
        put(out, file);
        if (line > 0)
            buffer_format(out, ":%" PRId64, line);
        buffer_text(out, "</code>");
    }
    buffer_text(out, step || file ? "</p>" : "");
    if (file && line > 0)
        excerpt_html(out, with->flows_dir, file, line);
    mem_free(step);
    mem_free(file);
}

static void put_more(struct buffer *out, struct span value, const char *name, const char *prefix)
{
    if (!value.at)
        return;
    buffer_format(out, "<details data-open=\"%s-%s\"><summary>%s</summary><pre>", prefix, name,
                  name);
    html_json(out, value, PAYLOAD_SHOWN);
    buffer_text(out, "</pre></details>");
}

static void put_wrong(struct buffer *out, const struct journal_run *run,
                      const struct run_html *with, const char *prefix)
{
    struct span values[KEYS] = {{NULL, 0}};
    bool told = find_error(run, values);
    if (!told && !run->error)
        return;
    char *code = text_of(values[CODE]), *message = text_of(values[MESSAGE]);
    buffer_text(out, "<section class=\"wrong\" data-key=\"wrong\"><h3>");
    put(out, code ? code : "error");
    buffer_text(out, "</h3><p class=\"message\">");
    html_brief(out, span_of(message ? message : run->error ? run->error : ""), TEXT_SHOWN);
    buffer_text(out, "</p>");
    if (told) {
        put_place(out, values, with);
        put_more(out, values[DATA], "data", prefix);
        put_more(out, values[TRACE], "trace", prefix);
    }
    buffer_text(out, "</section>\n");
    mem_free(code);
    mem_free(message);
}

/* --- steps and picture ----------------------------------------------------------------------- */

static void put_steps(struct buffer *out, const struct journal_run *run,
                      const struct timeline *timeline, const char *prefix)
{
    buffer_text(out, "<section data-key=\"steps\"><h3>Steps</h3>");
    if (timeline->row_count || timeline->tick_count)
        steps_html(out, run, timeline, prefix);
    if (!timeline->row_count)
        buffer_text(out, run->event_count
                             ? "<p class=\"none\">The run told of no step: its job did not ask "
                               "for stream_state, or it never came to one.</p>"
                         : strcmp(run->fate, "pending") == 0
                             ? "<p class=\"none\">Nothing has happened yet.</p>"
                             : "<p class=\"none\">It did not run.</p>");
    buffer_text(out, "</section>\n");
}

static void put_graph(struct buffer *out, const struct timeline *timeline,
                      const struct run_html *with, const char *prefix)
{
    if (!with->graph.at)
        return;
    buffer_format(out,
                  "<section data-key=\"graph\"><details open data-open=\"%s-graph\">"
                  "<summary><h3>Flow</h3></summary><figure class=\"graph%s\" tabindex=\"0\" "
                  "role=\"group\" aria-label=\"the flow's picture\">",
                  prefix, timeline->row_count ? " lit" : "");
    lit_put(out, with->graph, timeline, prefix);
    buffer_text(out, "</figure></details></section>\n");
}

/* --- events ---------------------------------------------------------------------------------- */

/* All of a payload, as long as there is room for so much; *room is what is left of it. */
static void put_payload(struct buffer *out, struct span payload, size_t *room)
{
    size_t whole = payload.len < PAYLOAD_SHOWN ? payload.len : PAYLOAD_SHOWN;
    buffer_text(out, "<pre>");
    if (whole <= *room) {
        html_json(out, payload, PAYLOAD_SHOWN);
        *room -= whole;
    } else {
        buffer_format(out, "%zu bytes are not shown: the events before them are many, or large",
                      payload.len);
    }
    buffer_text(out, "</pre>");
}

static void put_event(struct buffer *out, const struct journal_event *event, int64_t began_ms,
                      const char *key, size_t *room)
{
    struct span payload = span_of(event->payload);
    bool folded = payload.len > BRIEF_MAX;
    buffer_text(out, "<li class=\"event\" data-type=\"");
    html_brief(out, span_of(event->type), TYPE_SHOWN);
    buffer_text(out, "\"><span class=\"when\">");
    html_took(out, event->at_ms > began_ms ? event->at_ms - began_ms : 0);
    buffer_text(out, "</span> <span class=\"type\">");
    html_brief(out, span_of(event->type), TYPE_SHOWN);
    buffer_text(out, "</span> ");
    if (folded)
        buffer_format(out, "<details data-open=\"%s\"><summary>", key);
    buffer_text(out, "<code>");
    html_brief(out, payload, BRIEF_MAX);
    buffer_text(out, "</code>");
    if (folded) {
        buffer_text(out, "</summary>");
        put_payload(out, payload, room);
        buffer_text(out, "</details>");
    }
    buffer_text(out, "</li>\n");
}

/* Those that tell of no step, or those that do, in pieces that stay as they are. */
static size_t list_events(struct buffer *out, const struct journal_run *run, int64_t began_ms,
                          const char *prefix, bool of_steps, size_t *room)
{
    size_t listed = 0;
    char key[2 * PREFIX_SIZE];
    for (size_t i = 0; i < run->event_count; i++) {
        const char *type = run->events[i].type;
        if (timeline_draws(type) != of_steps || strncmp(type, "run:", 4) == 0)
            continue;
        if (listed % CHUNK == 0)
            buffer_format(out, "%s<ol class=\"events\" data-key=\"events-%d-%zu\">\n",
                          listed ? "</ol>" : "", of_steps, listed / CHUNK);
        snprintf(key, sizeof key, "%s-event-%zu", prefix, i);
        put_event(out, &run->events[i], began_ms, key, room);
        listed++;
    }
    buffer_text(out, listed ? "</ol>" : "");
    return listed;
}

static void put_events(struct buffer *out, const struct journal_run *run,
                       const struct timeline *timeline, const char *prefix, size_t room)
{
    if (!run->event_count && !run->unkept)
        return;
    buffer_format(out,
                  "<section data-key=\"events\"><details%s data-open=\"%s-events\">"
                  "<summary><h3>Events <span class=\"count\">%zu</span></h3></summary>\n",
                  timeline->tick_count <= CHUNK ? " open" : "", prefix, timeline->tick_count);
    list_events(out, run, timeline->began_ms, prefix, false, &room);
    if (timeline->tick_count < run->event_count) {
        buffer_format(out,
                      "<details class=\"others\" data-open=\"%s-steps\" data-key=\"others\">"
                      "<summary>%zu events of steps</summary>",
                      prefix, run->event_count - timeline->tick_count);
        list_events(out, run, timeline->began_ms, prefix, true, &room);
        buffer_text(out,
                    "<p class=\"none\"><code>run:</code> events, which say the same to boards, "
                    "are not listed.</p></details>");
    }
    if (run->unkept)
        buffer_format(out,
                      "<p class=\"none\">%zu events more were not kept: the memory for them "
                      "is full.</p>",
                      run->unkept);
    buffer_text(out, "</details></section>\n");
}

/* --- the job --------------------------------------------------------------------------------- */

static void put_job(struct buffer *out, const struct journal_run *run, const char *prefix)
{
    static const char *const keys[] = {"payload"};
    struct span body = span_of(run->body), payload = {NULL, 0};
    if (json_check(body, NULL) && json_type(body) == JSON_OBJECT)
        json_pick(body, keys, &payload, 1, NULL);
    buffer_text(out, "<section data-key=\"job\"><h3>Input</h3><pre>");
    html_json(out, payload.at ? payload : body, JOB_SHOWN);
    buffer_text(out, "</pre>");
    if (payload.at)
        put_more(out, body, "job", prefix);
    buffer_text(out, "</section>\n");
}

void run_html(struct buffer *out, const struct journal_run *run, const struct run_html *with)
{
    char prefix[PREFIX_SIZE];
    struct timeline *timeline = timeline_new(run, with->now_ms);
    snprintf(prefix, sizeof prefix, "run-%zu", run->number);
    buffer_format(out, "<article class=\"run\" id=\"%s\" data-state=\"%s\" data-message-id=\"",
                  prefix, run_html_state(run));
    html_text(out, span_of(run->message_id ? run->message_id : ""));
    buffer_text(out, "\">\n");
    put_head(out, run, timeline);
    put_wrong(out, run, with, prefix);
    put_steps(out, run, timeline, prefix);
    put_graph(out, timeline, with, prefix);
    put_events(out, run, timeline, prefix, with->payloads_max);
    put_job(out, run, prefix);
    buffer_text(out, "</article>\n");
    timeline_free(timeline);
}
