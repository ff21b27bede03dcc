#include "journal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

struct book {
    struct journal *journal;
    size_t changes, last; /* what it told */
};

static void on_changed(void *arg, size_t run)
{
    struct book *book = arg;
    book->changes++;
    book->last = run;
}

static int set_up(void **state)
{
    struct book *book = mem_new(sizeof *book);
    book->journal = journal_new(on_changed, book);
    *state = book;
    return 0;
}

static int tear_down(void **state)
{
    struct book *book = *state;
    journal_free(book->journal);
    mem_free(book);
    return 0;
}

static struct journal_run *add_run(struct book *book, struct journal_batch *batch, const char *id,
                                   const char *body)
{
    return journal_add(book->journal, batch, "m-1", id, "hello", span_of(body), 1);
}

static struct journal_batch *begin(struct book *book)
{
    return journal_begin(book->journal, "request", 1000, 4000);
}

static void journal_keeps_a_run_as_it_was_told(void **state)
{
    struct book *book = *state;
    struct journal_batch *batch = begin(book);
    struct journal_run *run = add_run(book, batch, "r-1", "{\"run_id\":\"r-1\"}");
    journal_status(book->journal, run, 1010, "running", NULL);
    journal_event(book->journal, run, 1020, "log", span_of("{\"message\":\"a\"}"));
    journal_event(book->journal, run, 1030, "error", span_of("{}"));
    journal_status(book->journal, run, 1040, "failed", "it broke");
    journal_fate(book->journal, run, "acknowledged");
    journal_end(book->journal, batch, 1050, "answered", span_of("{\"batchItemFailures\":[]}"));

    assert_ptr_equal(journal_newest(book->journal), batch);
    assert_ptr_equal(journal_run_numbered(book->journal, run->number), run);
    assert_ptr_equal(journal_batch_of(book->journal, run), batch);
    assert_int_equal(batch->run_count, 1);
    assert_int_equal(run->event_count, 2);
    assert_int_equal(run->events[1].at_ms, 1030);
    assert_string_equal(run->events[0].payload, "{\"message\":\"a\"}");
    assert_string_equal(run->status, "failed");
    assert_string_equal(run->error, "it broke");
    assert_string_equal(run->fate, "acknowledged");
    assert_int_equal(run->began_ms, 1010);
    assert_int_equal(run->ended_ms, 1040);
    assert_string_equal(batch->how, "answered");
    assert_string_equal(batch->answer, "{\"batchItemFailures\":[]}");
}

static void journal_tells_which_run_changed(void **state)
{
    struct book *book = *state;
    struct journal_batch *batch = begin(book);
    assert_int_equal(book->last, 0);
    add_run(book, batch, "r-1", "{}");
    struct journal_run *second = add_run(book, batch, "r-2", "{}");
    assert_int_equal(book->changes, 3);
    journal_event(book->journal, second, 1, "log", span_of("1"));
    assert_int_equal(book->last, second->number);
    journal_end(book->journal, batch, 2, "timeout", (struct span){NULL, 0});
    assert_int_equal(book->last, 0);
    assert_null(batch->answer);
}

static void journal_knows_the_newest_delivery_of_a_run(void **state)
{
    struct book *book = *state;
    struct journal_run *first = add_run(book, begin(book), "r-1", "{}");
    struct journal_run *again = add_run(book, begin(book), "r-1", "{}");
    assert_ptr_equal(journal_run_of(book->journal, "r-1"), again);
    assert_int_not_equal(first->number, again->number);
    assert_null(journal_run_of(book->journal, "r-2"));
    assert_null(journal_run_numbered(book->journal, 99));
}

static void journal_shows_nothing_of_a_job_that_is_secret(void **state)
{
    static const struct {
        const char *body, *kept;
    } cases[] = {
        {"{\"run_id\":\"r\",\"executor_jwt\":\"eyJ.x.y\",\"payload\":{\"a\":[1.50, null]},"
         "\"token\":\"t\",\"credentials\":{\"k\":\"s\"},\"oauth_tokens\":{\"g\":{}},"
         "\"runtime_variables\":{},\"event_json\":\"{}\",\"board_version\":null}",
         "{\"run_id\":\"r\",\"payload\":{\"a\":[1.50, null]},\"board_version\":null}"},
        {"{}", "{}"},
        {"[\"eyJ\"]", "the body is no job: its JSON type is array"},
        {"{\"executor_jwt\":\"eyJ", NULL},
    };
    struct book *book = *state;
    struct journal_batch *batch = begin(book);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct journal_run *run = add_run(book, batch, NULL, cases[i].body);
        if (cases[i].kept)
            assert_string_equal(run->body, cases[i].kept);
        assert_null(strstr(run->body, "eyJ"));
    }
}

static void journal_drops_the_oldest_batches_that_have_ended(void **state)
{
    struct book *book = *state;
    struct journal_batch *batch = begin(book); /* goes on and on */
    size_t open = add_run(book, batch, "open", "{}")->number;
    size_t old = 0;
    for (int i = 0; i < JOURNAL_BATCHES_MAX + 5; i++) {
        batch = begin(book);
        size_t number = add_run(book, batch, "r", "{}")->number;
        old = old ? old : number;
        journal_end(book->journal, batch, 2000, "answered", span_of("{}"));
    }
    assert_non_null(journal_run_numbered(book->journal, open));
    assert_null(journal_run_numbered(book->journal, old));
    size_t count = 0;
    for (batch = journal_newest(book->journal); batch; batch = batch->older)
        count++;
    assert_int_equal(count, JOURNAL_BATCHES_MAX);
}

static void journal_counts_what_it_has_no_room_for(void **state)
{
    struct book *book = *state;
    size_t large = JOURNAL_BYTES_MAX / 4;
    char *payload = mem_new(large + 1);
    memset(payload, '1', large);
    struct journal_batch *old = begin(book);
    size_t gone = add_run(book, old, "r-1", "{}")->number;
    journal_event(book->journal, old->runs, 1, "chunk", (struct span){payload, large});
    journal_end(book->journal, old, 2, "answered", (struct span){NULL, 0});
    struct journal_run *run = add_run(book, begin(book), "r-2", "{}");
    for (int i = 0; i < 5; i++)
        journal_event(book->journal, run, 3, "chunk", (struct span){payload, large});
    mem_free(payload);
    assert_null(journal_run_numbered(book->journal, gone));
    assert_int_equal(run->event_count, 3);
    assert_int_equal(run->unkept, 2);
}

static void journal_keeps_why_a_message_went_wrong(void **state)
{
    struct book *book = *state;
    struct journal_run *old = add_run(book, begin(book), "r-1", "{}");
    struct journal_run *run = add_run(book, begin(book), "r-1", "{}");
    static const char *const others[] = {
        "no log line", "[]", "{\"level\":\"INFO\",\"messageId\":\"m-1\",\"reason\":\"no\"}",
        "{\"level\":\"ERROR\",\"messageId\":\"m-2\",\"reason\":\"no\"}",
        "{\"level\":\"ERROR\",\"messageId\":\"m-1\"}"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        journal_log(book->journal, others[i]);
    assert_null(run->error);
    journal_log(book->journal, "{\"level\":\"ERROR\",\"messageId\":\"m-1\",\"reason\":\"no job\"}");
    assert_string_equal(run->error, "no job");
    assert_null(old->error);
    journal_status(book->journal, run, 2, "failed", "it broke");
    assert_string_equal(run->error, "it broke");
    journal_log(book->journal, "{\"level\":\"ERROR\",\"messageId\":\"m-1\",\"reason\":\"again\"}");
    assert_string_equal(run->error, "it broke");
}

static void journal_keeps_many_events_in_order(void **state)
{
    struct book *book = *state;
    struct journal_run *run = add_run(book, begin(book), "r", "{}");
    char payload[16];
    for (int i = 0; i < 5000; i++) {
        snprintf(payload, sizeof payload, "%d", i);
        journal_event(book->journal, run, i, "n", span_of(payload));
    }
    assert_int_equal(run->event_count, 5000);
    for (int i = 0; i < 5000; i++)
        assert_int_equal(run->events[i].at_ms, i);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(journal_keeps_a_run_as_it_was_told, set_up, tear_down),
        cmocka_unit_test_setup_teardown(journal_tells_which_run_changed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(journal_knows_the_newest_delivery_of_a_run, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(journal_shows_nothing_of_a_job_that_is_secret, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(journal_drops_the_oldest_batches_that_have_ended, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(journal_counts_what_it_has_no_room_for, set_up, tear_down),
        cmocka_unit_test_setup_teardown(journal_keeps_why_a_message_went_wrong, set_up, tear_down),
        cmocka_unit_test_setup_teardown(journal_keeps_many_events_in_order, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
