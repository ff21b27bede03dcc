#include "invocation.h"

#include "batch_answer.h"
#include "config.h"
#include "fixture.h"
#include "json.h"

#include <string.h>

struct invocation {
    struct invoker *invoker;
    struct fixture *fixture;
    struct journal_run **runs; /* by record */
    struct journal_batch *batch;
    struct lambda_invocation waiting;
    struct loop_timer deadline;
    invocation_over *over;
    void *arg;
};

static void free_invocation(struct invocation *invocation)
{
    const struct fixture *fixture = invocation->fixture;
    for (size_t i = 0; i < fixture->count; i++)
        if (fixture->records[i].run_id && fixture->records[i].token)
            sink_expire(invocation->invoker->sink, fixture->records[i].token);
    loop_timer_stop(invocation->invoker->loop, &invocation->deadline);
    lambda_withdraw(invocation->invoker->lambda, &invocation->waiting);
    fixture_free(invocation->fixture);
    mem_free(invocation->runs);
    mem_free(invocation);
}

void invocation_drop(struct invocation *invocation)
{
    if (invocation)
        free_invocation(invocation);
}

/* --- in the journal --------------------------------------------------------------------------- */

static int64_t receives_of(struct span attributes)
{
    static const char *const keys[] = {"ApproximateReceiveCount"};
    struct span value = {NULL, 0};
    int64_t count = 1;
    if (attributes.at && json_type(attributes) == JSON_OBJECT &&
        json_pick(attributes, keys, &value, 1, NULL) && value.at && value.len > 2)
        json_integer((struct span){value.at + 1, value.len - 2}, &count, NULL);
    return count;
}

/* What the journal is told of a record; its element is of the event as it is handed out. */
static struct journal_run *note_record(struct invocation *invocation, size_t at,
                                       struct span element)
{
    static const char *const keys[] = {"body", "attributes"};
    const struct fixture_record *record = &invocation->fixture->records[at];
    struct span values[2] = {{NULL, 0}, {NULL, 0}};
    struct buffer body;
    buffer_init(&body, CONFIG_PAYLOAD_MAX);
    if (json_type(element) == JSON_OBJECT && json_pick(element, keys, values, 2, NULL) &&
        values[0].at && json_type(values[0]) == JSON_STRING)
        json_decode(values[0], &body, NULL);
    struct journal_run *run =
        journal_add(invocation->invoker->journal, invocation->batch, record->message_id,
                    record->run_id, record->flow, buffer_span(&body), receives_of(values[1]));
    buffer_release(&body);
    return run;
}

static void note_records(struct invocation *invocation)
{
    static const char *const keys[] = {"Records"};
    struct fixture *fixture = invocation->fixture;
    struct span records = {NULL, 0}, element;
    size_t at = 0;
    json_pick(buffer_span(&fixture->event), keys, &records, 1, NULL);
    for (struct span cursor = records; json_next(&cursor, &element); at++)
        invocation->runs[at] = note_record(invocation, at, element);
}

/* Once; a runtime that polls twice gets the same again. */
static void note_batch(struct invocation *invocation, int64_t deadline_ms)
{
    struct invoker *invoker = invocation->invoker;
    if (invocation->batch)
        return;
    invocation->batch = journal_begin(invoker->journal, invocation->waiting.request_id,
                                      loop_wall_ms(invoker->loop), deadline_ms);
    note_records(invocation);
}

/* --- its end --------------------------------------------------------------------------------- */

static bool has_failed(const struct journal_run *run)
{
    return run && strcmp(run->status, "failed") == 0;
}

/* Tells the journal what became of each record; how many did not go well. */
static size_t tell_fates(struct invocation *invocation, const bool *failed)
{
    struct journal *journal = invocation->invoker->journal;
    size_t unhappy = 0;
    for (size_t i = 0; i < invocation->fixture->count; i++) {
        struct journal_run *run = invocation->runs[i];
        if (run)
            journal_fate(journal, run, failed[i] ? "returned" : "acknowledged");
        unhappy += failed[i] || has_failed(run);
    }
    return unhappy;
}

static void finish(struct invocation *invocation, const char *how, struct span body)
{
    struct fixture *fixture = invocation->fixture;
    note_batch(invocation, 0); /* it may have had no beginning */
    const char **ids = mem_array(fixture->count + 1, sizeof *ids);
    bool *failed = mem_array(fixture->count + 1, sizeof *failed);
    struct error why = {0};
    for (size_t i = 0; i < fixture->count; i++) {
        ids[i] = fixture->records[i].message_id;
        failed[i] = true;
    }
    if (strcmp(how, "answered") == 0)
        batch_answer_read(body, ids, fixture->count, failed, &why);
    struct invocation_end end = {.how = how,
                                 .body = body,
                                 .failed = failed,
                                 .count = fixture->count,
                                 .unhappy = tell_fates(invocation, failed),
                                 .why = why.text};
    journal_end(invocation->invoker->journal, invocation->batch,
                loop_wall_ms(invocation->invoker->loop), how, body);
    invocation->over(invocation->arg, &end);
    mem_free(ids);
    mem_free(failed);
    free_invocation(invocation);
}

static void on_answered(void *arg, enum lambda_answer how, struct span body)
{
    finish(arg, how == LAMBDA_RESPONSE ? "answered" : "error", body);
}

static void on_deadline(void *arg);

static void set_deadline(struct invocation *invocation)
{
    struct loop *loop = invocation->invoker->loop;
    loop_timer_set(loop, &invocation->deadline,
                   loop_mono_ms(loop) + invocation->invoker->timeout_ms, on_deadline, invocation);
}

/* Its time is up, or for so long the runtime did not come for it. */
static void on_deadline(void *arg)
{
    struct invocation *invocation = arg;
    struct invoker *invoker = invocation->invoker;
    if (!invocation->waiting.given && lambda_is_busy(invoker->lambda)) {
        set_deadline(invocation); /* it waits behind another */
        return;
    }
    finish(invocation, "timeout", span_of(""));
    invoker->late(invoker->arg);
}

void invocation_exited(struct invocation *invocation)
{
    if (invocation->waiting.given)
        finish(invocation, "exited", span_of(""));
}

/* --- its beginning --------------------------------------------------------------------------- */

static void on_started(void *arg, int64_t deadline_ms)
{
    struct invocation *invocation = arg;
    note_batch(invocation, deadline_ms);
    set_deadline(invocation);
}

struct invocation *invocation_start(struct invoker *invoker, struct span event,
                                    invocation_over *over, void *arg, struct error *err)
{
    struct fixture_spec spec = {.mint = invoker->mint,
                                .now_secs = loop_wall_ms(invoker->loop) / 1000,
                                .callback_url = invoker->callback_url,
                                .answers_url = invoker->answers_url};
    struct fixture *fixture = fixture_new(event, &spec, err);
    if (!fixture)
        return NULL;
    struct invocation *invocation = mem_new(sizeof *invocation);
    *invocation = (struct invocation){.invoker = invoker,
                                      .fixture = fixture,
                                      .runs = mem_array(fixture->count + 1, sizeof(void *)),
                                      .over = over,
                                      .arg = arg};
    for (size_t i = 0; i < fixture->count; i++) {
        const struct fixture_record *record = &fixture->records[i];
        if (record->run_id && record->token)
            sink_expect(invoker->sink, record->token, record->run_id);
    }
    invocation->waiting = (struct lambda_invocation){.event = buffer_span(&fixture->event),
                                                     .timeout_ms = invoker->timeout_ms,
                                                     .started = on_started,
                                                     .answered = on_answered,
                                                     .arg = invocation};
    set_deadline(invocation);
    lambda_invoke(invoker->lambda, &invocation->waiting);
    return invocation;
}
