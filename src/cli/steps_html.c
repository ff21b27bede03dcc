#include "steps_html.h"

#include "html.h"

#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#define SHOWN_MAX  30  /* of a step's children; the rest can be opened */
#define CHUNK      100 /* steps that come and stay together */
#define SPELLS_MAX 60  /* drawn in one line */
#define TICK_SLOTS 300 /* events nearer than that to each other are one tick */
#define WHY_MAX    300
#define TYPE_SHOWN 60
#define AXIS_PARTS 6
#define AXIS_END   94 /* percent: a label behind it would leave the page */

static void put(struct buffer *out, const char *text)
{
    html_text(out, span_of(text));
}

static double part(const struct timeline *timeline, int64_t ms)
{
    double share = 100.0 * (double)ms / (double)timeline->total_ms;
    return share < 0 ? 0 : share > 100 ? 100 : share;
}

/* --- the axis -------------------------------------------------------------------------------- */

/* 1, 2 or 5 times a power of ten, of which AXIS_PARTS are enough. */
static int64_t unit_of(int64_t total_ms)
{
    static const int64_t steps[] = {1, 2, 5};
    for (int64_t power = 1;; power *= 10)
        for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
            if (power * steps[i] * AXIS_PARTS >= total_ms)
                return power * steps[i];
}

static void put_axis(struct buffer *out, const struct timeline *timeline)
{
    int64_t unit = unit_of(timeline->total_ms);
    buffer_text(out, "<div class=\"axis\" aria-hidden=\"true\"><div class=\"track\">");
    for (int64_t ms = 0; ms <= timeline->total_ms; ms += unit) {
        buffer_format(out, "<i class=\"at%s\" style=\"--from:%" PRId64 "\">",
                      part(timeline, ms) > AXIS_END ? " end" : "", ms);
        html_took(out, ms);
        buffer_text(out, "</i>");
    }
    buffer_text(out, "</div></div>");
}

/* --- one step -------------------------------------------------------------------------------- */

static void put_why(struct buffer *out, const struct timeline_spell *spell)
{
    if (spell->code) {
        html_brief(out, span_of(spell->code), WHY_MAX);
        buffer_text(out, spell->message ? ": " : "");
    }
    if (spell->message)
        html_brief(out, span_of(spell->message), WHY_MAX);
}

static void put_place(struct buffer *out, int64_t from_ms, int64_t to_ms)
{
    buffer_format(out, "\" style=\"--from:%" PRId64 ";--to:%" PRId64 "\" title=\"", from_ms, to_ms);
}

static void put_bar(struct buffer *out, const struct timeline_spell *spell)
{
    buffer_format(out, "<i class=\"bar\" data-state=\"%s", timeline_state_name(spell->state));
    put_place(out, spell->from_ms, spell->to_ms);
    if (spell->state == TIMELINE_SKIPPED) {
        buffer_text(out, "skipped");
    } else {
        buffer_format(out, "attempt %" PRId64 ": %s, ", spell->attempt,
                      timeline_state_name(spell->state));
        html_took(out, spell->to_ms - spell->from_ms);
        buffer_text(out, spell->code || spell->message ? "; " : "");
        put_why(out, spell);
    }
    buffer_text(out, "\"></i>");
}

/* What is between two attempts: the wait before the second. Loops have none. */
static void put_wait(struct buffer *out, const struct timeline_spell *before,
                     const struct timeline_spell *after)
{
    if (after->attempt <= before->attempt || after->from_ms <= before->to_ms)
        return;
    buffer_text(out, "<i class=\"wait");
    put_place(out, before->to_ms, after->from_ms);
    html_took(out, after->from_ms - before->to_ms);
    buffer_format(out, " until attempt %" PRId64 "\"></i>", after->attempt);
}

static void put_track(struct buffer *out, const struct timeline_row *row)
{
    size_t first = row->spell_count > SPELLS_MAX ? row->spell_count - SPELLS_MAX : 0;
    buffer_text(out, "<div class=\"track\" aria-hidden=\"true\">");
    for (size_t i = first; i < row->spell_count; i++) {
        if (i > first)
            put_wait(out, &row->spells[i - 1], &row->spells[i]);
        put_bar(out, &row->spells[i]);
    }
    buffer_text(out, "</div>");
}

/* The path from the parent on: "[3] › draft". */
static void put_name(struct buffer *out, const struct timeline_row *row)
{
    const char *name = row->path + (row->parent ? strlen(row->parent->path) : 0);
    name += *name == '/';
    buffer_text(out, "<b>");
    for (const char *slash; (slash = strchr(name, '/')); name = slash + 1) {
        html_text(out, (struct span){name, (size_t)(slash - name)});
        buffer_text(out, " › ");
    }
    put(out, name);
    buffer_text(out, "</b>");
}

static int64_t attempts_of(const struct timeline_row *row)
{
    int64_t most = 1;
    for (size_t i = 0; i < row->spell_count; i++)
        if (row->spells[i].attempt > most)
            most = row->spells[i].attempt;
    return most;
}

static void put_took(struct buffer *out, const struct timeline_row *row)
{
    const struct timeline_spell *last = &row->spells[row->spell_count - 1];
    buffer_text(out, "<div class=\"took\">");
    if (last->state == TIMELINE_SKIPPED)
        buffer_text(out, "skipped");
    else
        html_took(out, last->to_ms - row->spells[0].from_ms);
    buffer_text(out, "</div>");
}

static void put_row(struct buffer *out, const struct timeline_row *row)
{
    enum timeline_state state = timeline_row_state(row);
    int64_t attempts = attempts_of(row);
    buffer_format(out, "<li class=\"step\" data-state=\"%s\" data-kind=\"",
                  timeline_state_name(state));
    put(out, row->kind);
    buffer_format(out, "\" style=\"--depth:%zu\"><div class=\"name\" title=\"", row->depth);
    put(out, row->path);
    buffer_text(out, "\">");
    put_name(out, row);
    buffer_text(out, " <span class=\"kind\">");
    put(out, row->kind);
    buffer_text(out, "</span>");
    if (attempts > 1)
        buffer_format(out, " <span class=\"again\">%" PRId64 " attempts</span>", attempts);
    buffer_format(out, "<span class=\"said\">: %s</span></div>", timeline_state_name(state));
    put_track(out, row);
    put_took(out, row);
    if (state == TIMELINE_FAILED || state == TIMELINE_CAUGHT || state == TIMELINE_STOPPED) {
        buffer_text(out, "<div class=\"why\">");
        put_why(out, &row->spells[row->spell_count - 1]);
        buffer_text(out, state == TIMELINE_STOPPED ? "the run ended while it was under way</div>"
                                                   : "</div>");
    }
    buffer_text(out, "</li>\n");
}

/* --- the steps ------------------------------------------------------------------------------- */

static void count_rows(const struct timeline_row *row, size_t *count, size_t *failed)
{
    for (; row; row = row->next) {
        ++*count;
        *failed += timeline_row_state(row) == TIMELINE_FAILED;
        count_rows(row->children, count, failed);
    }
}

/* A piece of the folded ones that stays as it is while others change. */
static void put_all(struct buffer *out, const struct timeline_row *row, const char *key,
                    size_t *listed)
{
    for (; row; row = row->next) {
        if (*listed % CHUNK == 0) {
            buffer_text(out, *listed ? "</ol>" : "");
            buffer_text(out, "<ol class=\"steps\" data-key=\"more-");
            put(out, key);
            buffer_format(out, "-%zu\">\n", *listed / CHUNK);
        }
        ++*listed;
        put_row(out, row);
        put_all(out, row->children, key, listed);
    }
}

static void put_folded(struct buffer *out, const struct timeline_row *row, const char *prefix)
{
    size_t count = 0, failed = 0, listed = 0;
    const char *key = row->parent ? row->parent->path : "";
    count_rows(row, &count, &failed);
    buffer_text(out, "<li class=\"more\" data-key=\"more-");
    put(out, key);
    buffer_format(out, "\"><details data-open=\"%s-more-", prefix);
    put(out, key);
    buffer_format(out, "\"><summary>%zu more steps", count);
    if (failed)
        buffer_format(out, ", <b>%zu failed</b>", failed);
    buffer_text(out, "</summary>");
    put_all(out, row, key, &listed);
    buffer_text(out, "</ol></details></li>\n");
}

static void put_rows(struct buffer *out, const struct timeline_row *row, const char *prefix)
{
    for (size_t shown = 0; row && shown < SHOWN_MAX; row = row->next, shown++) {
        put_row(out, row);
        put_rows(out, row->children, prefix);
    }
    if (row)
        put_folded(out, row, prefix);
}

/* --- events ---------------------------------------------------------------------------------- */

static size_t slot_of(const struct timeline *timeline, size_t tick)
{
    return (size_t)(part(timeline, timeline->ticks[tick].at_ms) * TICK_SLOTS / 100);
}

/* An event, or several that are one tick: what most readers look for shows. */
static void put_tick(struct buffer *out, const struct journal_run *run,
                     const struct timeline *timeline, size_t from, size_t to)
{
    const char *type = run->events[timeline->ticks[from].event].type;
    for (size_t i = from; i < to; i++)
        if (strcmp(run->events[timeline->ticks[i].event].type, "error") == 0)
            type = "error";
    buffer_text(out, "<i class=\"tick\" data-type=\"");
    html_brief(out, span_of(type), TYPE_SHOWN);
    put_place(out, timeline->ticks[from].at_ms, timeline->ticks[from].at_ms);
    html_brief(out, span_of(type), TYPE_SHOWN);
    if (to - from > 1)
        buffer_format(out, " and %zu more", to - from - 1);
    buffer_text(out, "\"></i>");
}

static void put_ticks(struct buffer *out, const struct journal_run *run,
                      const struct timeline *timeline)
{
    if (!timeline->tick_count)
        return;
    buffer_text(out,
                "<li class=\"step events\"><div class=\"name\"><span class=\"kind\">events</span>"
                "</div><div class=\"track\" aria-hidden=\"true\">");
    for (size_t from = 0, to; from < timeline->tick_count; from = to) {
        for (to = from; to < timeline->tick_count; to++)
            if (slot_of(timeline, to) != slot_of(timeline, from))
                break;
        put_tick(out, run, timeline, from, to);
    }
    buffer_format(out, "</div><div class=\"took\">%zu</div></li>\n", timeline->tick_count);
}

void steps_html(struct buffer *out, const struct journal_run *run, const struct timeline *timeline,
                const char *prefix)
{
    buffer_format(out, "<div class=\"timeline\" style=\"--total:%" PRId64 "\">",
                  timeline->total_ms);
    put_axis(out, timeline);
    buffer_text(out, "<ol class=\"steps\">\n");
    put_ticks(out, run, timeline);
    put_rows(out, timeline->rows, prefix);
    buffer_text(out, "</ol></div>");
}
