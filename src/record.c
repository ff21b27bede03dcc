#include "record.h"

#include "callback.h"
#include "claims.h"
#include "failure.h"
#include "job.h"
#include "json.h"
#include "run.h"

#include <stdio.h>
#include <string.h>

#define KEYS_WAIT_MS          (JWKS_REFRESH_MS + JWKS_TIMEOUT_MS) /* one refresh, at the latest */
#define LEARNED_SHARE_PERCENT 75 /* of the invocation: what was learned never asks for more */
#define OWN_SHARE_PERCENT     90 /* a run that had this much of the invocation timed out by itself */

struct record {
    const struct stages *stages;
    const struct sqs_record *sqs;
    const struct record_bounds *bounds;
    struct record_user user;
    enum fate fate;
    struct job *job;
    struct claims *claims;
    struct jwks_wait keys_wait;
    bool refreshed; /* the key set, for this record */
    struct callback *callback;
    struct run *run;
    bool opened;             /* `running` was accepted */
    bool loaded;             /* the flow is ready to start */
    bool closed;             /* the outcome is on its way to the API; the run is over */
    enum fate after_proof;   /* the fate once the API has accepted the rest */
    struct error load_error; /* kind != NONE: the flow could not be had; told once it is opened */
    struct loop_timer end_timer; /* ends outside of run's and callback's calls */
    int64_t started_ms;          /* 0: never */
    int64_t run_started_ms;      /* the flow itself; 0: never */
    int64_t run_took_ms;         /* -1: not known */
    char flow_name[128];         /* "" when it is not known */
    char flow[160];              /* the same with its version */
};

const char *fate_name(enum fate fate)
{
    static const char *const names[] = {
#define X(fate, name, acknowledged) [fate] = name,
        FATES(X)
#undef X
    };
    return names[fate];
}

bool fate_is_acknowledged(enum fate fate)
{
    static const bool acknowledged[] = {
#define X(fate, name, acknowledged) [fate] = acknowledged,
        FATES(X)
#undef X
    };
    return acknowledged[fate];
}

/* --- logging ---------------------------------------------------------------------------------- */

static void complain(const struct record *record, enum log_level level, const char *message,
                     const char *reason)
{
    log_line(record->stages->log, level, message, LOG_TEXT("reason", reason),
             LOG_TEXT("requestId", record->bounds->request_id),
             LOG_TEXT("messageId", record->sqs->message_id),
             LOG_TEXT("run_id", record->claims ? claims_run_id(record->claims) : ""),
             LOG_NUMBER("receive_count", record->sqs->receive_count));
}

static void log_end(const struct record *record, const struct callback_counts *counts)
{
    /* ten thousand that came too late are one line of the batch */
    enum log_level level = record->fate == FATE_UNTOUCHED ? LOG_TRACE : LOG_INFO;
    const struct claims *claims = record->claims;
    int64_t took_ms = loop_mono_ms(record->stages->loop) - record->started_ms;
    log_line(record->stages->log, level, "record ended",
             LOG_TEXT("requestId", record->bounds->request_id),
             LOG_TEXT("messageId", record->sqs->message_id),
             LOG_TEXT("run_id", claims ? claims_run_id(claims) : ""),
             LOG_TEXT("app_id", claims ? claims_app_id(claims) : ""),
             LOG_TEXT("flow", record->flow), LOG_TEXT("fate", fate_name(record->fate)),
             LOG_NUMBER("duration_ms", record->started_ms ? took_ms : 0),
             LOG_NUMBER("events", counts->events), LOG_NUMBER("pushes", counts->pushes),
             LOG_NUMBER("retries", counts->retries),
             LOG_NUMBER("receive_count", record->sqs->receive_count));
}

static enum metrics_count counted_as(const struct record *record)
{
    if (!fate_is_acknowledged(record->fate))
        return METRIC_RETURNED;
    if (!record->started_ms || record->fate == FATE_DUPLICATE)
        return METRIC_DUPLICATES; /* its twin ran, or an earlier delivery did */
    return record->fate == FATE_COMPLETED ? METRIC_COMPLETED
           : record->fate == FATE_FAILED  ? METRIC_FAILED
                                          : METRIC_CANCELLED;
}

static void count(const struct record *record, enum metrics_count what, int64_t number)
{
    metrics_add(record->bounds->metrics, record->flow_name, what, number);
}

/* At the end of every record. */
static void report(const struct record *record)
{
    struct callback_counts counts = {0};
    if (record->callback)
        counts = callback_counted(record->callback);
    log_end(record, &counts);
    count(record, METRIC_RECORDS, 1);
    count(record, counted_as(record), 1);
    count(record, METRIC_CALLBACK_RETRIES, counts.retries);
}

/* A run that cost its worker, and what for. A flow's own failure is none. */
static void count_worker(const struct record *record, const struct run_outcome *outcome)
{
    static const struct {
        const char *code;
        enum metrics_count what;
    } limits[] = {{"limit.stall", METRIC_ENDED_STALL},
                  {"limit.instructions", METRIC_ENDED_BUDGET},
                  {"limit.memory", METRIC_ENDED_BUDGET},
                  {"limit.events", METRIC_ENDED_BUDGET}};
    if (outcome->end == RUN_DEADLINE)
        count(record, METRIC_ENDED_DEADLINE, 1);
    else if (outcome->end == RUN_CRASHED)
        count(record, METRIC_ENDED_CRASH, 1);
    else if (outcome->end == RUN_LOST)
        count(record, METRIC_ENDED_OUTSIDE, 1);
    for (size_t i = 0; outcome->end == RUN_FAILED && i < sizeof limits / sizeof *limits; i++)
        if (strcmp(outcome->code, limits[i].code) == 0)
            count(record, limits[i].what, 1);
}

/* --- fate ------------------------------------------------------------------------------------- */

void record_settle(struct record *record, enum fate fate)
{
    if (record->fate != FATE_NONE)
        return;
    record->fate = fate;
    report(record);
}

static void tell_ended(void *arg)
{
    struct record *record = arg;
    run_free(record->run);
    record->run = NULL;
    callback_free(record->callback);
    record->callback = NULL;
    record->user.ended(record->user.arg, record);
}

/* The fate of a record that ran; told from the loop, because run or callback may be calling us. */
static void end(struct record *record, enum fate fate)
{
    if (record->fate != FATE_NONE)
        return;
    record_settle(record, fate);
    loop_timer_set(record->stages->loop, &record->end_timer, loop_mono_ms(record->stages->loop),
                   tell_ended, record);
}

/* --- job and claims --------------------------------------------------------------------------- */

static enum record_check refuse(struct record *record, enum fate fate, const struct error *err)
{
    complain(record, LOG_ERROR, "record refused", err->text);
    record_settle(record, fate);
    return RECORD_ENDED;
}

static void on_keys(void *arg, bool newer, const struct error *why);

/* After a set was refreshed for this record, what still fails is the token's fault. The first fetch
 * is no refresh: what it brought may be old. */
static enum record_check verify(struct record *record)
{
    const struct stages *stages = record->stages;
    struct error err = {0};
    record->claims =
        claims_verify(jwks_keys(stages->jwks), record->job, loop_wall_ms(stages->loop), &err);
    if (record->claims)
        return RECORD_CHECKED;
    if (err.kind != ERROR_KEY || record->refreshed)
        return refuse(record, FATE_UNTRUSTED, &err);
    record->refreshed = jwks_keys(stages->jwks) != NULL;
    int64_t deadline_ms = loop_mono_ms(stages->loop) + KEYS_WAIT_MS;
    if (deadline_ms > record->bounds->run_ms)
        deadline_ms = record->bounds->run_ms;
    record->keys_wait = (struct jwks_wait){.generation = jwks_generation(stages->jwks),
                                           .deadline_ms = deadline_ms,
                                           .done = on_keys,
                                           .arg = record};
    jwks_refresh(stages->jwks, &record->keys_wait);
    return RECORD_WAITS;
}

static void on_keys(void *arg, bool newer, const struct error *why)
{
    struct record *record = arg;
    if (!newer)
        refuse(record, jwks_keys(record->stages->jwks) ? FATE_UNTRUSTED : FATE_NO_KEYS, why);
    else if (verify(record) == RECORD_WAITS)
        return;
    record->user.checked(record->user.arg, record);
}

/* The queue's own maxReceiveCount is not known here; ours is what it should be above. */
static void warn_if_often(const struct record *record)
{
    int64_t max = record->stages->config->max_receives;
    if (record->sqs->receive_count >= max)
        log_line(record->stages->log, LOG_WARN,
                 "a record came EXECUTOR_MAX_RECEIVES times or more: a dead letter queue is near",
                 LOG_TEXT("requestId", record->bounds->request_id),
                 LOG_TEXT("messageId", record->sqs->message_id),
                 LOG_NUMBER("receive_count", record->sqs->receive_count),
                 LOG_NUMBER("max_receives", max));
}

enum record_check record_check(struct record *record)
{
    struct error err = {0};
    warn_if_often(record);
    if (!record->sqs->body) {
        error_set(&err, ERROR_INPUT, "the record has no body");
        return refuse(record, FATE_MALFORMED, &err);
    }
    record->job = job_parse((struct span){record->sqs->body, record->sqs->body_len}, &err);
    if (!record->job)
        return refuse(record, FATE_MALFORMED, &err);
    if (record->job->event_unparsable)
        complain(record, LOG_WARN, "event_json is ignored", "it is no JSON object");
    return verify(record);
}

/* --- the flow's end --------------------------------------------------------------------------- */

static void send_error_event(struct record *record, const struct run_outcome *outcome)
{
    struct buffer payload;
    buffer_init(&payload, FAILURE_MAX);
    failure_put(&payload, outcome, record->stages->config->event_limit_bytes / 2);
    callback_event(record->callback, "error", buffer_span(&payload));
    buffer_release(&payload);
}

static void send_log_event(struct record *record, const char *message)
{
    struct buffer payload;
    buffer_init(&payload, 1024);
    buffer_text(&payload, "{\"message\":");
    json_put_string(&payload, span_of(message));
    buffer_text(&payload, "}");
    callback_event(record->callback, "log", buffer_span(&payload));
    buffer_release(&payload);
}

static void finish_completed(struct record *record, const struct run_outcome *outcome)
{
    if (outcome->output.len)
        callback_event(record->callback, "output", outcome->output);
    send_log_event(record, "Execution completed");
    record->after_proof = FATE_COMPLETED;
    callback_finish(record->callback, true, outcome->output.len ? (int64_t)outcome->output.len : -1,
                    NULL);
}

static void finish_failed(struct record *record, const struct run_outcome *outcome)
{
    send_error_event(record, outcome);
    record->after_proof = FATE_FAILED;
    callback_finish(record->callback, false, -1, outcome->message);
}

static void finish_failed_because(struct record *record, const char *code, const char *message)
{
    struct run_outcome outcome = {.code = code, .message = message};
    finish_failed(record, &outcome);
}

/* The run goes back to the queue, unless it came back too often already. */
static void finish_interrupted(struct record *record, int64_t receives_allowed)
{
    char message[80];
    if (record->sqs->receive_count >= receives_allowed) {
        snprintf(message, sizeof message, "interrupted %lld times",
                 (long long)record->sqs->receive_count);
        finish_failed_because(record, "interrupted", message);
        return;
    }
    send_log_event(record, "interrupted, will be retried");
    record->after_proof = FATE_INTERRUPTED;
    callback_flush(record->callback);
}

/* How long the run took, for those who ask and for those who come after it. One that was killed
 * from outside says nothing. */
static void note_run(struct record *record, const struct run_outcome *outcome)
{
    count_worker(record, outcome);
    if (!record->run_started_ms || outcome->end == RUN_LOST)
        return;
    record->run_took_ms = loop_mono_ms(record->stages->loop) - record->run_started_ms;
    metrics_value(record->bounds->metrics, record->flow_name, METRIC_RUN_MS, record->run_took_ms);
    /* one that was cut off would have taken longer: short ones say nothing */
    if (outcome->end != RUN_DEADLINE ||
        record->run_took_ms > estimate_ms(record->stages->run_times, record->flow))
        estimate_learn(record->stages->run_times, record->flow, record->run_took_ms);
}

/* True when the deadline that came was the run's own: EXECUTOR_TIMEOUT_SECS, the flow's, or the
 * Lambda's after it had nearly all of the invocation, where another try could not get further. */
static bool had_its_time(const struct record *record)
{
    const struct record_bounds *bounds = record->bounds;
    int64_t now = loop_mono_ms(record->stages->loop);
    if (run_has_own_deadline(record->run) || now < bounds->run_ms)
        return true;
    int64_t whole = bounds->run_ms - bounds->received_ms;
    return (bounds->run_ms - record->started_ms) * 100 >= whole * OWN_SHARE_PERCENT;
}

static void on_run_ended(void *arg, const struct run_outcome *outcome)
{
    struct record *record = arg;
    int64_t limit = record->stages->config->event_limit_bytes;
    record->closed = true;
    note_run(record, outcome);
    switch (outcome->end) {
    case RUN_COMPLETED:
        if ((int64_t)outcome->output.len > limit)
            finish_failed_because(record, "limit.payload",
                                  "the flow's result is larger than EXECUTOR_EVENT_LIMIT_KB");
        else
            finish_completed(record, outcome);
        break;
    case RUN_LOST:
        finish_interrupted(record, 2);
        break;
    case RUN_DEADLINE:
        if (had_its_time(record))
            finish_failed(record, outcome);
        else
            finish_interrupted(record, record->stages->config->max_receives);
        break;
    default:
        finish_failed(record, outcome);
        break;
    }
}

/* --- run and callback, joined ----------------------------------------------------------------- */

static void start_when_ready(struct record *record)
{
    if (record->opened && record->loaded && !record->closed) {
        send_log_event(record, "Execution started");
        record->run_started_ms = loop_mono_ms(record->stages->loop);
        run_start(record->run);
    }
}

static void on_loaded(void *arg)
{
    struct record *record = arg;
    record->loaded = true;
    start_when_ready(record);
}

static void on_event(void *arg, const char *type, struct span payload)
{
    struct record *record = arg;
    callback_event(record->callback, type, payload);
    if (callback_full(record->callback))
        run_pause(record->run, true);
}

static void on_progress(void *arg, int64_t percent, struct span step)
{
    struct record *record = arg;
    callback_progress(record->callback, percent, step);
}

static void stop_run(struct record *record)
{
    if (record->run_started_ms && !record->closed)
        count(record, METRIC_ENDED_STOPPED, 1);
    record->closed = true;
    run_free(record->run);
    record->run = NULL;
}

static void on_opened(void *arg, enum callback_open how)
{
    struct record *record = arg;
    if (how == CALLBACK_DUPLICATE) {
        stop_run(record);
        record->after_proof = FATE_DUPLICATE; /* `ended` follows */
        return;
    }
    record->opened = true;
    if (record->load_error.kind != ERROR_NONE) {
        record->closed = true;
        finish_failed_because(record, "flow.unknown", record->load_error.text);
        return;
    }
    start_when_ready(record);
}

static void on_stopped(void *arg, enum callback_stop how, const char *why)
{
    struct record *record = arg;
    bool was_closed = record->closed;
    stop_run(record);
    if (how == CALLBACK_CANCELLED) {
        record->after_proof = FATE_CANCELLED;
        complain(record, LOG_INFO, "the run is over for the API", why);
    } else if (how == CALLBACK_REFUSED) {
        complain(record, LOG_ERROR, "the API refused a callback for good", why);
    } else if (!was_closed) {
        complain(record, LOG_WARN, "the API refused an event", why);
        record->after_proof = FATE_FAILED;
        callback_finish(record->callback, false, -1, "the API refused one of its events");
    } else if (record->after_proof == FATE_COMPLETED) {
        record->after_proof = FATE_FAILED; /* callback makes the terminal status `failed` */
    }
}

static void on_room(void *arg)
{
    struct record *record = arg;
    if (record->run)
        run_pause(record->run, false);
}

static void on_answered(void *arg, int64_t took_ms)
{
    const struct record *record = arg;
    metrics_value(record->bounds->metrics, record->flow_name, METRIC_CALLBACK_MS, took_ms);
}

static void on_delivery_ended(void *arg, enum callback_proof proof, const char *why)
{
    struct record *record = arg;
    if (proof == CALLBACK_UNDELIVERED) {
        complain(record, LOG_ERROR, "the API does not know how the run ended", why);
        end(record, FATE_UNDELIVERED);
    } else {
        if (record->run_took_ms >= 0)
            estimate_learn(record->stages->delivery_times, record->flow,
                           loop_mono_ms(record->stages->loop) - record->started_ms -
                               record->run_took_ms);
        end(record, record->after_proof == FATE_NONE ? FATE_CANCELLED : record->after_proof);
    }
}

/* A record's own, else the invocation's. */
static const char *trace_of(const struct record *record)
{
    return record->sqs->trace ? record->sqs->trace : record->bounds->trace;
}

static bool open_callback(struct record *record, struct error *err)
{
    struct callback_spec spec = {.callback_url = claims_callback_url(record->claims),
                                 .token = claims_token(record->claims),
                                 .trace = trace_of(record),
                                 .deadline_ms = record->bounds->answer_ms};
    struct callback_user user = {record,  on_opened,         on_stopped,
                                 on_room, on_delivery_ended, on_answered};
    record->callback = callback_new(record->stages->loop, record->stages->config,
                                    record->stages->log, &spec, &user, err);
    return record->callback != NULL;
}

/* False when there is no worker; a flow that cannot be had is told to the API instead. */
static bool load_run(struct record *record, const struct flow *flow, int64_t deadline_ms,
                     struct error *err)
{
    struct run_user user = {record, on_loaded, on_event, on_progress, on_run_ended};
    if (!flow)
        return true;
    record->run = run_new(record->stages, record->claims, record->job, flow, trace_of(record),
                          deadline_ms, record->bounds->run_ms, &user, err);
    return record->run != NULL;
}

static const struct flow *find_flow(struct record *record)
{
    const struct flow *flow =
        flow_find(record->stages->flows, record->claims, record->job, &record->load_error);
    if (!flow)
        return NULL;
    snprintf(record->flow_name, sizeof record->flow_name, "%s", flow->name);
    snprintf(record->flow, sizeof record->flow, "%s%s%s", flow->name, *flow->version ? "@" : "",
             flow->version);
    return flow;
}

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static bool is_too_late(const struct record *record, int64_t now)
{
    const struct record_bounds *bounds = record->bounds;
    if (bounds->run_ms == INT64_MAX)
        return false;
    int64_t cap = (bounds->run_ms - bounds->received_ms) * LEARNED_SHARE_PERCENT / 100;
    int64_t run = estimate_ms(record->stages->run_times, record->flow);
    int64_t delivery = estimate_ms(record->stages->delivery_times, record->flow);
    return now > bounds->start_ms || now + least(run, cap) > bounds->run_ms ||
           now + least(run + delivery, cap) > bounds->answer_ms;
}

void record_run(struct record *record)
{
    struct error err = {0};
    int64_t now = loop_mono_ms(record->stages->loop);
    int64_t timeout_ms = record->stages->config->timeout_ms;
    int64_t deadline_ms = now + least(timeout_ms, record->bounds->run_ms - now);
    const struct flow *flow = find_flow(record);
    if (is_too_late(record, now)) {
        end(record, FATE_UNTOUCHED);
        return;
    }
    record->started_ms = now;
    if (!open_callback(record, &err)) {
        complain(record, LOG_ERROR, "record refused", err.text);
        end(record, FATE_UNTRUSTED);
    } else if (!load_run(record, flow, deadline_ms, &err)) {
        complain(record, LOG_ERROR, "no worker for the record", err.text);
        end(record, FATE_NO_WORKER);
    } else {
        callback_open(record->callback);
    }
}

/* --- life ------------------------------------------------------------------------------------- */

struct record *record_new(const struct stages *stages, const struct sqs_record *sqs,
                          const struct record_bounds *bounds, const struct record_user *user)
{
    struct record *record = mem_new(sizeof *record);
    record->stages = stages;
    record->sqs = sqs;
    record->bounds = bounds;
    record->user = *user;
    record->run_took_ms = -1;
    return record;
}

void record_free(struct record *record)
{
    if (!record)
        return;
    loop_timer_stop(record->stages->loop, &record->end_timer);
    jwks_forget(record->stages->jwks, &record->keys_wait);
    run_free(record->run);
    callback_free(record->callback);
    claims_free(record->claims);
    job_free(record->job);
    mem_free(record);
}

enum fate record_fate(const struct record *record)
{
    return record->fate;
}

const char *record_run_id(const struct record *record)
{
    return record->claims ? claims_run_id(record->claims) : NULL;
}

const struct sqs_record *record_sqs(const struct record *record)
{
    return record->sqs;
}
