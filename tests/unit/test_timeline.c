#include "timeline.h"

#include "lit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

struct tale {
    struct journal *journal;
    struct journal_run *run;
    struct timeline *timeline;
};

static int set_up(void **state)
{
    struct tale *tale = mem_new(sizeof *tale);
    tale->journal = journal_new(NULL, NULL);
    tale->run = journal_add(tale->journal, journal_begin(tale->journal, "r", 1000, 9000), "m", "r",
                            "flow", span_of("{}"), 1);
    journal_status(tale->journal, tale->run, 1000, "running", NULL);
    *state = tale;
    return 0;
}

static int tear_down(void **state)
{
    struct tale *tale = *state;
    timeline_free(tale->timeline);
    journal_free(tale->journal);
    mem_free(tale);
    return 0;
}

static void start(struct tale *tale, int64_t at_ms, const char *path, int attempt)
{
    char payload[4096];
    snprintf(payload, sizeof payload, "{\"node_id\":\"%s\",\"kind\":\"task\",\"attempt\":%d}", path,
             attempt);
    journal_event(tale->journal, tale->run, at_ms, "node_start", span_of(payload));
}

static void end(struct tale *tale, int64_t at_ms, const char *path, const char *status,
                int64_t took_ms)
{
    char payload[256];
    snprintf(payload, sizeof payload,
             "{\"node_id\":\"%s\",\"status\":\"%s\",\"duration_ms\":%lld,\"error\":{\"code\":"
             "\"it.broke\",\"message\":\"so\"}}",
             path, status, (long long)took_ms);
    journal_event(tale->journal, tale->run, at_ms, "node_end", span_of(payload));
}

static void log_line(struct tale *tale, int64_t at_ms)
{
    journal_event(tale->journal, tale->run, at_ms, "log", span_of("{}"));
}

static const struct timeline *draw(struct tale *tale, int64_t now_ms)
{
    timeline_free(tale->timeline);
    return tale->timeline = timeline_new(tale->run, now_ms);
}

static void assert_spell(const struct timeline_spell *spell, int64_t from_ms, int64_t to_ms,
                         enum timeline_state state)
{
    assert_int_equal(spell->from_ms, from_ms);
    assert_int_equal(spell->to_ms, to_ms);
    assert_int_equal(spell->state, state);
}

static void timeline_places_steps_by_their_durations(void **state)
{
    struct tale *tale = *state;
    start(tale, 1300, "a", 1); /* all arrive at once, long after */
    end(tale, 1300, "a", "completed", 100);
    start(tale, 1300, "b", 1);
    end(tale, 1300, "b", "completed", 50);
    journal_status(tale->journal, tale->run, 1310, "completed", NULL);
    const struct timeline *timeline = draw(tale, 5000);
    assert_int_equal(timeline->total_ms, 310);
    assert_spell(&timeline->rows->spells[0], 150, 250, TIMELINE_COMPLETED);
    assert_spell(&timeline->rows->next->spells[0], 250, 300, TIMELINE_COMPLETED);
}

static void timeline_keeps_the_attempts_of_a_step(void **state)
{
    struct tale *tale = *state;
    start(tale, 1010, "a", 1);
    end(tale, 1020, "a", "failed", 10);
    start(tale, 1120, "a", 2);
    end(tale, 1140, "a", "completed", 20);
    const struct timeline *timeline = draw(tale, 1200);
    assert_int_equal(timeline->row_count, 1);
    assert_int_equal(timeline->rows->spell_count, 2);
    assert_spell(&timeline->rows->spells[0], 10, 20, TIMELINE_FAILED);
    assert_spell(&timeline->rows->spells[1], 120, 140, TIMELINE_COMPLETED);
    assert_string_equal(timeline->rows->spells[0].code, "it.broke");
    assert_int_equal(timeline->rows->spells[1].attempt, 2);
}

static void timeline_puts_steps_into_the_nearest_around_them(void **state)
{
    struct tale *tale = *state;
    start(tale, 1010, "send", 1);
    start(tale, 1010, "send[1]/draft", 1);
    start(tale, 1010, "send[1]/draft/sub:2", 1);
    start(tale, 1010, "sender", 1);
    const struct timeline *timeline = draw(tale, 1100);
    const struct timeline_row *send = timeline->rows;
    assert_string_equal(send->children->path, "send[1]/draft");
    assert_string_equal(send->children->children->path, "send[1]/draft/sub:2");
    assert_int_equal(send->children->children->depth, 2);
    assert_string_equal(send->next->path, "sender");
    assert_null(send->next->parent);
}

static void timeline_knows_what_runs_and_what_was_cut(void **state)
{
    struct tale *tale = *state;
    start(tale, 1100, "a", 1);
    assert_spell(&draw(tale, 1500)->rows->spells[0], 100, 500, TIMELINE_RUNNING);
    journal_status(tale->journal, tale->run, 1400, "failed", "timeout");
    assert_spell(&draw(tale, 9000)->rows->spells[0], 100, 400, TIMELINE_STOPPED);
}

static void timeline_shows_skipped_steps_and_ticks(void **state)
{
    struct tale *tale = *state;
    log_line(tale, 1050);
    end(tale, 1060, "a", "skipped", 0);
    journal_event(tale->journal, tale->run, 1060, "run:r", span_of("{}"));
    log_line(tale, 1070);
    const struct timeline *timeline = draw(tale, 1100);
    assert_spell(&timeline->rows->spells[0], 60, 60, TIMELINE_SKIPPED);
    assert_int_equal(timeline->tick_count, 2);
    assert_int_equal(timeline->ticks[1].at_ms, 70);
    assert_int_equal(timeline->ticks[1].event, 3);
}

/* A flow may emit any event type, these too. */
static void timeline_takes_whatever_a_flow_makes_up(void **state)
{
    static const char *const payloads[] = {
        "null",
        "7",
        "{}",
        "{\"node_id\":5}",
        "{\"node_id\":\"\"}",
        "{\"node_id\":\"a\",\"duration_ms\":-9223372036854775808,\"attempt\":1.5}",
        "{\"node_id\":\"a\",\"duration_ms\":9223372036854775807,\"status\":\"?\",\"error\":[]}",
        "{\"node_id\":\"////[[[]]]\"}",
        "no json",
        "{\"node_id\":\"x\\u0000y\"}"};
    struct tale *tale = *state;
    for (size_t i = 0; i < sizeof payloads / sizeof *payloads; i++) {
        journal_event(tale->journal, tale->run, 1010, "node_end", span_of(payloads[i]));
        journal_event(tale->journal, tale->run, 1010, "node_start", span_of(payloads[i]));
    }
    const struct timeline *timeline = draw(tale, 1100);
    assert_int_equal(timeline->total_ms, 100);
}

static void timeline_bounds_its_depth(void **state)
{
    struct tale *tale = *state;
    char path[2048] = "a";
    for (int i = 0; i < 500; i++) {
        start(tale, 1010, path, 1);
        strcat(path, "/a");
    }
    size_t deepest = 0;
    const struct timeline *timeline = draw(tale, 1100);
    for (const struct timeline_row *row = timeline->rows; row; row = row->children)
        deepest = row->depth;
    assert_int_equal(timeline->row_count, 500);
    assert_in_range(deepest, 10, 60);
}

/* --- on the flow's picture ------------------------------------------------------------------- */

static char *lit(struct tale *tale, const char *svg)
{
    struct buffer out;
    buffer_init(&out, 65536);
    lit_put(&out, span_of(svg), draw(tale, 1100), "run-7");
    char *text = mem_string(buffer_span(&out));
    buffer_release(&out);
    return text;
}

static void lit_puts_states_onto_the_steps_of_a_picture(void **state)
{
    struct tale *tale = *state;
    end(tale, 1010, "who/large/ask", "completed", 0);
    end(tale, 1010, "send[1]/mail", "completed", 0);
    end(tale, 1010, "send[2]/mail", "failed", 0);
    end(tale, 1010, "send[3]/mail", "completed", 0);
    end(tale, 1010, "pay", "caught", 0);
    end(tale, 1010, "pay/catch/voucher", "completed", 0);
    static const struct {
        const char *svg, *made;
    } cases[] = {
        {"<g id=\"who/large/ask\" class=\"k-task\">",
         "<g id=\"run-7-who/large/ask\" data-state=\"completed\" class=\"k-task\">"},
        {"<g id=\"who/large\">", "<g id=\"run-7-who/large\" data-state=\"taken\">"},
        {"<g id=\"who/otherwise\">", "<g id=\"run-7-who/otherwise\">"},
        {"<g id=\"send/mail\">", "<g id=\"run-7-send/mail\" data-state=\"failed\">"},
        {"<g id=\"pay\">", "<g id=\"run-7-pay\" data-state=\"caught\">"},
        {"<g id=\"pay/catch\">", "<g id=\"run-7-pay/catch\">"},
        {"<svg role=\"img\" aria-labelledby=\"mm-title mm-desc\">",
         "<svg role=\"img\" aria-labelledby=\"run-7-mm-title run-7-mm-desc\">"},
        {"<use href=\"#mm-task\"/><path id=\"mm-task\"/>",
         "<use href=\"#run-7-mm-task\"/><path id=\"run-7-mm-task\"/>"},
        {"<text> id= href=&quot;#x&quot;</text>", "<text> id= href=&quot;#x&quot;</text>"},
        {"<g id=\"pay", "<g id=\"run-7-pay\" data-state=\"caught"},
        {"", ""},
        {" ", " "},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *made = lit(tale, cases[i].svg);
        assert_string_equal(made, cases[i].made);
        mem_free(made);
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(timeline_places_steps_by_their_durations),
        TEST(timeline_keeps_the_attempts_of_a_step),
        TEST(timeline_puts_steps_into_the_nearest_around_them),
        TEST(timeline_knows_what_runs_and_what_was_cut),
        TEST(timeline_shows_skipped_steps_and_ticks),
        TEST(timeline_takes_whatever_a_flow_makes_up),
        TEST(timeline_bounds_its_depth),
        TEST(lit_puts_states_onto_the_steps_of_a_picture),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
