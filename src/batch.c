#include "batch.h"

#include "hash.h"
#include "metrics.h"
#include "record.h"
#include "run.h"
#include "sqs.h"

#include <stdlib.h>
#include <string.h>

#define ANSWER_LEAD_MS 600  /* the answer leaves so long before the deadline; law 7 asks for 500 */
#define FLUSH_LEAD_MS  100  /* the last callback ends so long before the answer */
#define FLUSH_LEAST_MS 200  /* what the last events and the end of a run get, at least */
#define START_LEFT_MS  5000 /* a record is not started with less than this before the runs' end */
#define CHECKS_A_TURN  32   /* a signature each: others want their turn, too */
#define MARGIN_MAX_MS  3000
#define MARGIN_SHARE   5 /* a fifth of the invocation */
#define RESPONSE_MAX   CONFIG_PAYLOAD_MAX

/* A record in its place: the order of its group, and what became of it. */
struct slot {
    struct batch *batch;
    struct record *record;
    struct slot *next_in_lane;
    struct slot *next_ready; /* in one of the two queues */
    struct slot *next_twin;  /* records with the same run id that share the fate of the first */
    struct slot *twins;
    struct lane *lane;
    bool running;
};

/* Records that run one after another: a FIFO group; in a standard queue each record has its own. */
struct lane {
    struct slot *head; /* the next record of the group */
};

struct queue {
    struct slot *first, **last;
};

struct batch {
    const struct stages *stages;
    struct sqs_event *event;
    struct record_bounds bounds;
    char *request_id;
    char *trace;
    batch_done_fn *done;
    void *arg;
    struct slot *slots;
    struct lane *lanes;
    struct slot **runs; /* hash table by run id: the first record of each */
    size_t runs_size;
    struct queue unchecked; /* heads of lanes */
    struct queue checked;
    struct turns_member turns; /* the places of its running records */
    size_t settled;
    bool cold;
    struct loop_timer pump_timer;
    struct loop_timer start_timer; /* the last moment to start anything is over */
    struct loop_timer answer_timer;
};

static void put(struct queue *queue, struct slot *slot)
{
    slot->next_ready = NULL;
    *queue->last = slot;
    queue->last = &slot->next_ready;
}

static struct slot *take(struct queue *queue)
{
    struct slot *slot = queue->first;
    if (slot) {
        queue->first = slot->next_ready;
        if (!queue->first)
            queue->last = &queue->first;
    }
    return slot;
}

/* --- one run id, one run ---------------------------------------------------------------------- */

/* The first record of this run id: this one, or the twin that came before it. */
static struct slot *first_of_run(struct batch *batch, struct slot *slot)
{
    const char *run_id = record_run_id(slot->record);
    size_t i = hash_text(HASH_EMPTY, run_id) % batch->runs_size;
    while (batch->runs[i] && strcmp(record_run_id(batch->runs[i]->record), run_id) != 0)
        i = (i + 1) % batch->runs_size;
    if (!batch->runs[i])
        batch->runs[i] = slot;
    return batch->runs[i];
}

/* --- settling --------------------------------------------------------------------------------- */

static void wake(struct batch *batch);

/* The lane goes on, or, after a record of a FIFO group that goes back to the queue, the rest of it
 * is returned untouched. */
static void settle(struct slot *slot)
{
    struct batch *batch = slot->batch;
    struct lane *lane = slot->lane;
    bool blocked =
        record_sqs(slot->record)->fifo && !fate_is_acknowledged(record_fate(slot->record));
    batch->settled++;
    lane->head = slot->next_in_lane;
    while (blocked && lane->head) {
        record_settle(lane->head->record, FATE_UNTOUCHED);
        batch->settled++;
        lane->head = lane->head->next_in_lane;
    }
    if (lane->head)
        put(&batch->unchecked, lane->head);
    for (struct slot *twin = slot->twins; twin; twin = twin->next_twin) {
        record_settle(twin->record, record_fate(slot->record));
        settle(twin);
    }
    slot->twins = NULL;
    wake(batch);
}

static void on_ended(void *arg, struct record *record)
{
    struct slot *slot = arg;
    (void)record;
    slot->running = false;
    turns_give(slot->batch->stages->turns, &slot->batch->turns);
    settle(slot);
}

/* A record with its claims: to be run, or to share the fate of its twin. */
static void admit(struct slot *slot)
{
    struct batch *batch = slot->batch;
    struct slot *first = first_of_run(batch, slot);
    if (first == slot) {
        put(&batch->checked, slot);
    } else if (record_fate(first->record) != FATE_NONE && !first->running) {
        record_settle(slot->record, record_fate(first->record));
        settle(slot);
    } else {
        slot->next_twin = first->twins;
        first->twins = slot;
    }
}

static void on_checked(void *arg, struct record *record)
{
    struct slot *slot = arg;
    if (record_fate(record) == FATE_NONE)
        admit(slot);
    else
        settle(slot);
    wake(slot->batch);
}

/* --- answering -------------------------------------------------------------------------------- */

/* The batch's own line: what its records' lines add up to. */
static void log_batch(const struct batch *batch)
{
    struct loop *loop = batch->stages->loop;
    int64_t counts[FATE_COUNT] = {0}, returned = 0;
    for (size_t i = 0; i < batch->event->count; i++) {
        enum fate fate = record_fate(batch->slots[i].record);
        counts[fate]++;
        returned += !fate_is_acknowledged(fate);
    }
    log_line(batch->stages->log, LOG_INFO, "batch ended", LOG_TEXT("requestId", batch->request_id),
             LOG_NUMBER("records", (int64_t)batch->event->count), LOG_NUMBER("returned", returned),
             LOG_NUMBER("untouched", counts[FATE_UNTOUCHED]),
             LOG_NUMBER("completed", counts[FATE_COMPLETED]),
             LOG_NUMBER("failed", counts[FATE_FAILED]),
             LOG_NUMBER("duration_ms", loop_mono_ms(loop) - batch->bounds.received_ms));
}

/* Before the answer leaves: after it this process may be frozen. */
static void report(const struct batch *batch)
{
    log_batch(batch);
    if (batch->cold)
        metrics_add(batch->bounds.metrics, "", METRIC_COLD_START, 1);
    metrics_write(batch->bounds.metrics, loop_wall_ms(batch->stages->loop),
                  batch->stages->metrics_fd);
}

static void answer(struct batch *batch)
{
    struct buffer response;
    bool *failed = mem_array(batch->event->count, sizeof *failed);
    for (size_t i = 0; i < batch->event->count; i++)
        failed[i] = !fate_is_acknowledged(record_fate(batch->slots[i].record));
    buffer_init(&response, RESPONSE_MAX);
    bool fits = sqs_put_response(&response, batch->event, failed);
    mem_free(failed);
    loop_timer_stop(batch->stages->loop, &batch->answer_timer);
    loop_timer_stop(batch->stages->loop, &batch->pump_timer);
    loop_timer_stop(batch->stages->loop, &batch->start_timer);
    turns_decline(batch->stages->turns, &batch->turns);
    report(batch);
    if (!fits)
        log_line(batch->stages->log, LOG_ERROR,
                 "the ids of what goes back do not fit into one answer: the whole batch goes back",
                 LOG_TEXT("requestId", batch->request_id));
    batch->done(batch->arg, fits ? buffer_span(&response) : (struct span){NULL, 0});
    buffer_release(&response);
}

/* The last moment: what has no fate yet goes back to the queue as it is. */
static void on_answer_time(void *arg)
{
    struct batch *batch = arg;
    size_t cut = 0;
    for (size_t i = 0; i < batch->event->count; i++) {
        struct slot *slot = &batch->slots[i];
        cut += slot->running;
        record_settle(slot->record, slot->running ? FATE_UNDELIVERED : FATE_UNTOUCHED);
    }
    log_line(batch->stages->log, LOG_WARN, "the invocation's deadline is near: answering now",
             LOG_TEXT("requestId", batch->request_id), LOG_NUMBER("cut_off", (int64_t)cut));
    answer(batch);
}

/* --- who may start ---------------------------------------------------------------------------- */

static void check_next(struct slot *slot)
{
    switch (record_check(slot->record)) {
    case RECORD_CHECKED:
        admit(slot);
        break;
    case RECORD_ENDED:
        settle(slot);
        break;
    case RECORD_WAITS:
        break;
    }
}

/* What is checked runs first; others are checked only while there is a place to run them. */
static void start_records(struct batch *batch)
{
    struct turns *turns = batch->stages->turns;
    bool place = false;
    int checks = CHECKS_A_TURN;
    while (batch->checked.first || (batch->unchecked.first && checks > 0)) {
        if (!place && !(place = turns_take(turns, &batch->turns)))
            return;
        struct slot *slot = take(&batch->checked);
        if (slot) {
            slot->running = true;
            place = false;
            record_run(slot->record);
        } else {
            checks--;
            check_next(take(&batch->unchecked));
        }
    }
    if (place)
        turns_give(turns, &batch->turns);
    if (batch->unchecked.first)
        wake(batch);
    else
        turns_decline(turns, &batch->turns);
}

/* Too late for all that has not begun. */
static void return_rest(struct batch *batch)
{
    struct slot *slot;
    while ((slot = take(&batch->checked)) || (slot = take(&batch->unchecked))) {
        record_settle(slot->record, FATE_UNTOUCHED);
        settle(slot);
    }
}

static void pump(void *arg)
{
    struct batch *batch = arg;
    if (loop_mono_ms(batch->stages->loop) > batch->bounds.start_ms)
        return_rest(batch);
    start_records(batch);
    if (batch->settled == batch->event->count)
        answer(batch);
}

static void come(void *arg)
{
    wake(arg);
}

static void wake(struct batch *batch)
{
    if (!batch->pump_timer.set)
        loop_timer_set(batch->stages->loop, &batch->pump_timer, loop_mono_ms(batch->stages->loop),
                       pump, batch);
}

/* --- life ------------------------------------------------------------------------------------- */

/* min(3000 ms, a fifth of what there is), or as set; never less than the answer needs. */
static int64_t margin_ms(const struct config *config, int64_t left_ms)
{
    int64_t margin = config->deadline_margin_ms;
    int64_t least = ANSWER_LEAD_MS + FLUSH_LEAD_MS + FLUSH_LEAST_MS + RUN_GRACE_MS;
    if (margin < 0)
        margin = left_ms / MARGIN_SHARE < MARGIN_MAX_MS ? left_ms / MARGIN_SHARE : MARGIN_MAX_MS;
    return margin > least ? margin : least;
}

/* The last moment to start anything: the smaller of 5 s, EXECUTOR_TIMEOUT_SECS and half of the
 * invocation's time before the runs' end. */
static int64_t start_until_ms(const struct record_bounds *bounds, const struct config *config)
{
    int64_t half = (bounds->run_ms - bounds->received_ms) / 2;
    int64_t left = START_LEFT_MS < half ? START_LEFT_MS : half;
    left = left < config->timeout_ms ? left : config->timeout_ms;
    return bounds->run_ms - (left > 1 ? left : 1);
}

static void set_bounds(struct batch *batch, const struct batch_spec *spec)
{
    struct loop *loop = batch->stages->loop;
    int64_t now = loop_mono_ms(loop);
    batch->bounds =
        (struct record_bounds){.received_ms = now,
                               .start_ms = INT64_MAX,
                               .run_ms = INT64_MAX,
                               .answer_ms = INT64_MAX,
                               .request_id = batch->request_id,
                               .trace = batch->trace,
                               .metrics = batch->stages->config->metrics ? metrics_new() : NULL};
    if (spec->deadline_ms == 0)
        return;
    int64_t left_ms = spec->deadline_ms - loop_wall_ms(loop);
    int64_t answer_ms = now + left_ms - ANSWER_LEAD_MS;
    batch->bounds.run_ms = now + left_ms - margin_ms(batch->stages->config, left_ms);
    batch->bounds.start_ms = start_until_ms(&batch->bounds, batch->stages->config);
    batch->bounds.answer_ms = answer_ms - FLUSH_LEAD_MS;
    loop_timer_set(loop, &batch->start_timer, batch->bounds.start_ms + 1, pump, batch);
    loop_timer_set(loop, &batch->answer_timer, answer_ms, on_answer_time, batch);
}

static int by_group(const void *a, const void *b)
{
    const struct slot *left = *(struct slot *const *)a, *right = *(struct slot *const *)b;
    int order = strcmp(record_sqs(left->record)->group_id, record_sqs(right->record)->group_id);
    return order ? order : (left > right) - (left < right);
}

/* Gives the records of one group one lane, in the order of the event. */
static void lay_fifo_lanes(struct batch *batch)
{
    size_t count = batch->event->count;
    struct slot **sorted = mem_array(count, sizeof(struct slot *));
    for (size_t i = 0; i < count; i++)
        sorted[i] = &batch->slots[i];
    qsort(sorted, count, sizeof(struct slot *), by_group);
    for (size_t i = 1; i < count; i++) {
        struct slot *before = sorted[i - 1], *slot = sorted[i];
        if (!record_sqs(slot->record)->fifo || !record_sqs(before->record)->fifo ||
            strcmp(record_sqs(slot->record)->group_id, record_sqs(before->record)->group_id) != 0)
            continue;
        slot->lane = before->lane;
        before->next_in_lane = slot;
    }
    mem_free(sorted);
}

static void lay_lanes(struct batch *batch)
{
    size_t count = batch->event->count;
    for (size_t i = 0; i < count; i++)
        batch->slots[i].lane = &batch->lanes[i];
    lay_fifo_lanes(batch);
    for (size_t i = 0; i < count; i++) {
        struct slot *slot = &batch->slots[i];
        if (slot->lane == &batch->lanes[i]) {
            slot->lane->head = slot;
            put(&batch->unchecked, slot);
        }
    }
}

static void make_slots(struct batch *batch)
{
    size_t count = batch->event->count;
    batch->slots = mem_array(count, sizeof *batch->slots);
    batch->lanes = mem_array(count, sizeof *batch->lanes);
    batch->runs_size = 2 * count + 1;
    batch->runs = mem_array(batch->runs_size, sizeof(struct slot *));
    for (size_t i = 0; i < count; i++) {
        struct slot *slot = &batch->slots[i];
        struct record_user user = {slot, on_checked, on_ended};
        slot->batch = batch;
        slot->record = record_new(batch->stages, &batch->event->records[i], &batch->bounds, &user);
    }
}

struct batch *batch_new(const struct stages *stages, const struct batch_spec *spec,
                        batch_done_fn *done, void *arg, struct error *err)
{
    struct sqs_event *event = sqs_parse(spec->event, err);
    if (!event)
        return NULL;
    struct batch *batch = mem_new(sizeof *batch);
    batch->stages = stages;
    batch->event = event;
    batch->request_id = mem_copy(spec->request_id);
    batch->trace = mem_copy(spec->trace);
    batch->cold = spec->cold;
    batch->done = done;
    batch->arg = arg;
    batch->unchecked.last = &batch->unchecked.first;
    batch->checked.last = &batch->checked.first;
    turns_join(stages->turns, &batch->turns, come, batch);
    set_bounds(batch, spec);
    make_slots(batch);
    lay_lanes(batch);
    wake(batch);
    return batch;
}

void batch_free(struct batch *batch)
{
    if (!batch)
        return;
    loop_timer_stop(batch->stages->loop, &batch->pump_timer);
    loop_timer_stop(batch->stages->loop, &batch->start_timer);
    loop_timer_stop(batch->stages->loop, &batch->answer_timer);
    turns_leave(batch->stages->turns, &batch->turns);
    for (size_t i = 0; i < batch->event->count; i++)
        record_free(batch->slots[i].record);
    metrics_free(batch->bounds.metrics);
    mem_free(batch->slots);
    mem_free(batch->lanes);
    mem_free(batch->runs);
    mem_free(batch->request_id);
    mem_free(batch->trace);
    sqs_free(batch->event);
    mem_free(batch);
}
