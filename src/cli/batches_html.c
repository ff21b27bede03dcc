#include "batches_html.h"

#include "html.h"
#include "run_html.h"

#include <inttypes.h>
#include <string.h>

#define NAME_SHOWN 80
#define ID_SHOWN   12
#define WHY_SHOWN  160

static void put_run(struct buffer *out, const struct journal_run *run, int64_t now_ms)
{
    const char *state = run_html_state(run);
    buffer_format(out, "<li><a class=\"row\" href=\"#/runs/%zu\" data-run=\"%zu\" data-run-id=\"",
                  run->number, run->number);
    html_text(out, span_of(run->run_id ? run->run_id : ""));
    buffer_format(out, "\" data-state=\"%s\"><b>", state);
    html_brief(out, span_of(run->flow ? run->flow : "no job"), NAME_SHOWN);
    buffer_text(out, "</b> <span class=\"id\">");
    html_brief(out,
               span_of(run->run_id       ? run->run_id
                       : run->message_id ? run->message_id
                                         : "-"),
               ID_SHOWN);
    buffer_text(out, "</span>");
    if (run->receive_count > 1)
        buffer_format(out, " <span class=\"again\">received %" PRId64 "×</span>",
                      run->receive_count);
    buffer_format(out, "<span class=\"state\" data-state=\"%s\">%s</span><span class=\"took\">",
                  state, state);
    if (run->began_ms)
        html_took(out, (run->ended_ms ? run->ended_ms : now_ms) - run->began_ms);
    buffer_text(out, "</span>");
    if (run->error) {
        buffer_text(out, "<span class=\"why\">");
        html_brief(out, span_of(run->error), WHY_SHOWN);
        buffer_text(out, "</span>");
    }
    buffer_text(out, "</a></li>\n");
}

static void put_batch(struct buffer *out, const struct journal_batch *batch, int64_t now_ms)
{
    buffer_format(out,
                  "<section class=\"batch\" data-key=\"batch-%zu\" data-how=\"%s\"><h3>Batch %zu "
                  "<span class=\"facts\">",
                  batch->number, batch->how, batch->number);
    html_clock(out, batch->began_ms);
    buffer_format(out, " · %zu record%s · %s · ", batch->run_count,
                  batch->run_count == 1 ? "" : "s", batch->how);
    html_took(out, (batch->ended_ms ? batch->ended_ms : now_ms) - batch->began_ms);
    buffer_text(out, "</span></h3><ol>\n");
    for (const struct journal_run *run = batch->runs; run; run = run->next)
        put_run(out, run, now_ms);
    buffer_text(out, "</ol></section>\n");
}

void batches_html(struct buffer *out, const struct journal *journal, size_t before, int64_t now_ms)
{
    size_t shown = 0;
    const struct journal_batch *batch = journal_newest(journal);
    while (batch && before && batch->number >= before)
        batch = batch->older;
    if (!batch && !before)
        buffer_text(out, "<p class=\"none\">No job has come yet. Send one, and it shows here.</p>");
    for (; batch && shown < BATCHES_SHOWN; batch = batch->older, shown++) {
        put_batch(out, batch, now_ms);
        before = batch->number;
    }
    if (batch)
        buffer_format(out, "<button class=\"older\" data-before=\"%zu\">Older batches</button>\n",
                      before);
}
