#include "run.h"

#include "context.h"
#include "fetch.h"
#include "json.h"
#include "pending.h"
#include "wire.h"
#include "worker.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#define STALL_LOOKS      8   /* looks at the worker's pulse in one EXECUTOR_STALL_MS */
#define RUN_GRACE_MS     200 /* a worker that stops by itself can say step and line... */
#define ASKED_GRACE_MS   100 /* ...and so can one that is asked, in the middle of native code */
#define UNDO_MS          10000
#define STEP_MAX         1024
#define FINDING_TEXT_MAX 4096

enum run_state { RUN_LOADING, RUN_LOADED, RUN_RUNNING, RUN_OVER, RUN_STATES };

/* What a worker may say in which state; all else ends the run. */
static const struct {
    enum wire_kind kind;
    bool allowed[RUN_STATES];
} frame_table[] = {
    /*                  loading loaded running over */
    {WIRE_DESCRIBED, {true, false, false, false}}, {WIRE_EVENT, {false, false, true, false}},
    {WIRE_PROGRESS, {false, false, true, false}},  {WIRE_REQUEST, {false, false, true, false}},
    {WIRE_FETCH, {true, false, true, false}},      {WIRE_ABANDON, {false, false, true, false}},
    {WIRE_OUTCOME, {true, false, true, false}}, /* loading: a final limit while it compiles */
};

struct run {
    const struct stages *stages;
    struct secrets *secrets;
    char *trace; /* goes with its requests; or NULL */
    struct run_user user;
    struct pool_worker *worker;
    enum run_state state;
    int64_t deadline_ms;
    int64_t latest_ms;   /* undo functions may run on until then */
    int64_t undo_ms;     /* of which they have so much behind the deadline */
    int64_t declared_ms; /* the flow's timeout, 0: none */
    bool asked;          /* to say where it is, and to end */
    bool stalled;        /* because one native call runs too long; else because the time is up */
    bool paused;
    bool gave_back; /* the worker ended its run in order and is the pool's again */
    struct loop_timer deadline_timer;
    struct loop_timer stall_timer;
    struct pulse pulse;
    struct fetcher fetcher;
    int64_t events;
    struct pending pending;
    char step[STEP_MAX]; /* latest known, for an end that the worker cannot report */
};

/* --- ending ----------------------------------------------------------------------------------- */

static void drop_worker(struct run *run)
{
    if (run->worker)
        pool_kill(run->worker);
    run->worker = NULL;
}

/* The outcome may point into what the worker sent, so the worker goes last. */
static void end(struct run *run, const struct run_outcome *outcome)
{
    loop_timer_stop(run->stages->loop, &run->deadline_timer);
    loop_timer_stop(run->stages->loop, &run->stall_timer);
    pending_cancel(&run->pending);
    run->state = RUN_OVER;
    run->user.ended(run->user.arg, outcome);
    drop_worker(run);
}

/* An end that the worker did not report itself. */
static void end_because(struct run *run, enum run_end how, const char *code, const char *message)
{
    struct run_outcome outcome = {
        .end = how, .code = code, .message = message, .step = run->step, .file = ""};
    end(run, &outcome);
}

static void end_at_deadline(struct run *run)
{
    end_because(run, RUN_DEADLINE, "timeout", "Execution timeout");
}

/* It was asked where it is, and did not say. */
static void end_asked(struct run *run)
{
    char message[160];
    if (!run->stalled) {
        end_at_deadline(run);
        return;
    }
    snprintf(message, sizeof message,
             "one native call used the CPU for too long: EXECUTOR_STALL_MS is %lld",
             (long long)run->stages->config->stall_ms);
    end_because(run, RUN_FAILED, "limit.stall", message);
}

/* Why the worker broke its protocol is for the log. */
static void end_broken(struct run *run, const char *why, pid_t pid)
{
    if (run->asked) { /* it was stopped in the middle of a frame */
        end_asked(run);
        return;
    }
    log_line(run->stages->log, LOG_ERROR, "a worker broke the protocol", LOG_TEXT("reason", why),
             LOG_NUMBER("pid", pid));
    end_because(run, RUN_CRASHED, "worker.protocol", "the worker broke its protocol");
}

/* It ended by itself, or by a signal of the machine's. */
static void end_gone(struct run *run, int status)
{
    char message[160];
    int signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    if (signal == SIGPROF || signal == SIGXCPU) {
        end_at_deadline(run);
    } else if (signal == SIGKILL) {
        end_because(run, RUN_LOST, "worker.killed",
                    "the worker was killed from outside (out of memory on the machine?)");
    } else if (signal) {
        snprintf(message, sizeof message, "the worker crashed: %s", strsignal(signal));
        end_because(run, RUN_CRASHED, "worker.crashed", message);
    } else {
        snprintf(message, sizeof message, "the worker ended with status %d", WEXITSTATUS(status));
        end_because(run, RUN_CRASHED, "worker.crashed", message);
    }
}

static void on_gone(void *arg, const struct pool_end *how)
{
    struct run *run = arg;
    run->worker = NULL;
    if (run->asked)
        end_asked(run);
    else if (!how->ready)
        end_because(run, RUN_LOST, "worker.start", "a worker could not start");
    else if (how->broke)
        end_broken(run, how->broke, how->pid);
    else
        end_gone(run, how->status);
}

/* --- bounds ----------------------------------------------------------------------------------- */

static void on_grace_over(void *arg)
{
    end_at_deadline(arg);
}

static void ask(struct run *run)
{
    run->asked = true;
    pool_ask(run->worker);
}

/* The worker did not stop by itself: it is in native code, or out of its mind. */
static void on_deadline(void *arg)
{
    struct run *run = arg;
    ask(run);
    loop_timer_set(run->stages->loop, &run->deadline_timer,
                   loop_mono_ms(run->stages->loop) + ASKED_GRACE_MS, on_grace_over, run);
}

static void set_deadline(struct run *run)
{
    loop_timer_set(run->stages->loop, &run->deadline_timer,
                   run->deadline_ms + run->undo_ms + RUN_GRACE_MS - ASKED_GRACE_MS, on_deadline,
                   run);
}

static void ask_stalled(struct run *run)
{
    run->stalled = true;
    ask(run);
}

static void watch_for_stall(void *arg)
{
    struct run *run = arg;
    int64_t stall_ms = run->stages->config->stall_ms;
    if (pool_stalls(run->worker, &run->pulse, stall_ms, run->state == RUN_LOADED)) {
        ask_stalled(run);
        return;
    }
    loop_timer_set(run->stages->loop, &run->stall_timer,
                   loop_mono_ms(run->stages->loop) + 1 + stall_ms / STALL_LOOKS, watch_for_stall,
                   run);
}

/* --- frames ----------------------------------------------------------------------------------- */

/* The longest beginning of at most max bytes that ends at a character's edge. */
static struct span cut(struct span text, size_t max)
{
    size_t len = text.len < max ? text.len : max;
    while (len < text.len && len > 0 && ((unsigned char)text.at[len] & 0xc0) == 0x80)
        len--;
    return (struct span){text.at, len};
}

static void remember_step(struct run *run, struct span step)
{
    struct span kept = cut(step, sizeof run->step - 1);
    if (step.len)
        snprintf(run->step, sizeof run->step, "%.*s", (int)kept.len, kept.at);
}

/* A finding is a worker's word, too: what is told of it is no longer than an outcome's texts. */
static char *finding_text(const cJSON *finding, const char *name, const char *otherwise)
{
    const char *text = json_member_text(finding, name);
    return mem_string(cut(span_of(text && *text ? text : otherwise), FINDING_TEXT_MAX));
}

/* The first error among the findings ends the run before it starts. */
static void end_unloadable(struct run *run, const cJSON *finding)
{
    const cJSON *line = json_member(finding, "line");
    bool known = cJSON_IsNumber(line) && line->valuedouble >= 1 && line->valuedouble <= INT32_MAX;
    char *code = finding_text(finding, "code", "flow.invalid");
    char *message = finding_text(finding, "message", "the flow does not load");
    char *file = finding_text(finding, "file", "");
    struct run_outcome outcome = {.end = RUN_FAILED,
                                  .code = code,
                                  .message = message,
                                  .step = "",
                                  .file = file,
                                  .line = known ? (int64_t)line->valuedouble : 0};
    end(run, &outcome);
    mem_free(code);
    mem_free(message);
    mem_free(file);
}

/* What the worker wrote in the run before is not believed, though it is read only now. */
static bool is_own(const struct run *run, int64_t number, struct error *err)
{
    if (number == pool_loan(run->worker))
        return true;
    return error_set(err, ERROR_INPUT, "a frame of run %lld in run %lld of its worker",
                     (long long)number, (long long)pool_loan(run->worker));
}

static bool on_described(struct run *run, const struct wire_frame *frame, struct error *err)
{
    struct wire_described described;
    cJSON *text = NULL;
    const cJSON *finding;
    if (!wire_get_described(frame, &described, err) || !is_own(run, described.run, err) ||
        !(text = json_parse(described.text, err)))
        return false;
    cJSON_ArrayForEach(finding, json_member(text, "findings"))
    {
        const char *severity = json_member_text(finding, "severity");
        if (severity && strcmp(severity, "error") == 0) {
            end_unloadable(run, finding);
            cJSON_Delete(text);
            return true;
        }
    }
    const cJSON *timeout = json_member(text, "timeout_ms");
    if (cJSON_IsNumber(timeout) && timeout->valuedouble >= 1 && timeout->valuedouble < 1e12)
        run->declared_ms = (int64_t)timeout->valuedouble;
    cJSON_Delete(text);
    run->state = RUN_LOADED;
    run->user.loaded(run->user.arg);
    return true;
}

static bool on_event(struct run *run, const struct wire_frame *frame, struct error *err)
{
    struct wire_event event;
    if (!wire_get_event(frame, &event, err) || !json_check(event.payload, err))
        return false;
    if ((int64_t)event.payload.len > run->stages->config->event_limit_bytes)
        return error_set(err, ERROR_LIMIT, "an event of %zu bytes", event.payload.len);
    if (run->events++ >= run->stages->config->events_limit)
        return error_set(err, ERROR_LIMIT, "more events than EXECUTOR_EVENTS_LIMIT");
    if (!json_is_utf8(event.type) || memchr(event.type.at, 0, event.type.len))
        return error_set(err, ERROR_INPUT, "an event's type is no text");
    char *type = mem_string(event.type), *copy;
    run->user.event(run->user.arg, type, secrets_cleaned_json(run->secrets, event.payload, &copy));
    mem_free(copy);
    mem_free(type);
    return true;
}

static bool on_progress(struct run *run, const struct wire_frame *frame, struct error *err)
{
    struct wire_progress progress;
    if (!wire_get_progress(frame, &progress, err))
        return false;
    if (!json_is_utf8(progress.step))
        return error_set(err, ERROR_INPUT, "a step's name is no text");
    remember_step(run, progress.step);
    run->user.progress(run->user.arg, progress.percent, progress.step);
    return true;
}

static void send_reply(struct run *run, const struct wire_reply *reply)
{
    struct buffer out;
    buffer_init(&out, WIRE_FRAME_MAX + 4);
    if (wire_put_reply(&out, reply))
        pool_send(run->worker, buffer_span(&out));
    buffer_release(&out);
}

static void on_reply(void *arg, const struct wire_reply *reply)
{
    send_reply(arg, reply);
}

static bool on_request(struct run *run, const struct wire_frame *frame, struct error *err)
{
    struct wire_request request;
    if (!wire_get_request(frame, &request, err))
        return false;
    /* undo functions, too, may ask */
    int64_t left_ms = run->deadline_ms + run->undo_ms - loop_mono_ms(run->stages->loop);
    return pending_send(&run->pending, &request, left_ms, err);
}

/* A source of the flows folder. */
static bool on_fetch(struct run *run, const struct wire_frame *frame, struct error *err)
{
    struct wire_fetch fetch;
    struct wire_reply reply;
    struct buffer head;
    if (!wire_get_fetch(frame, &fetch, err) || !is_own(run, fetch.run, err))
        return false;
    bool good = fetch_answer(&run->fetcher, &fetch, &head, &reply, err);
    if (good)
        send_reply(run, &reply);
    buffer_release(&head);
    return good;
}

/* On a turned clock the worker takes in every reply before time goes on. */
static void reply_abandoned(struct run *run, int64_t id)
{
    static const char head[] = "{\"error\":{\"code\":\"net.connect\",\"message\":\"abandoned\"}}";
    if (run->stages->config->skip_waits)
        send_reply(run, &(struct wire_reply){.id = id, .head = span_of(head), .body = span_of("")});
}

static bool on_abandon(struct run *run, const struct wire_frame *frame, struct error *err)
{
    struct wire_abandon abandon;
    if (!wire_get_abandon(frame, &abandon, err))
        return false;
    if (pending_abandon(&run->pending, abandon.id))
        reply_abandoned(run, abandon.id);
    return true;
}

static bool check_outcome(const struct run *run, const struct wire_outcome *outcome,
                          struct error *err)
{
    if ((outcome->output.len && !json_check(outcome->output, err)) ||
        (outcome->data.len && !json_check(outcome->data, err)))
        return false;
    if (!json_is_utf8(outcome->message) || !json_is_utf8(outcome->code) ||
        !json_is_utf8(outcome->trace) || !json_is_utf8(outcome->step) ||
        !json_is_utf8(outcome->file))
        return error_set(err, ERROR_INPUT, "an outcome's text is no UTF-8");
    if (run->state == RUN_LOADING && outcome->completed)
        return error_set(err, ERROR_INPUT, "completed before it started");
    return true;
}

static void end_failed(struct run *run, const struct wire_outcome *frame)
{
    char *cleaned, *cleaned_data;
    char *code = mem_string(frame->code);
    char *message = mem_string(secrets_cleaned(run->secrets, frame->message, &cleaned));
    char *step = mem_string(frame->step), *file = mem_string(frame->file);
    bool deadline =
        strcmp(code, "timeout") == 0 && loop_mono_ms(run->stages->loop) >= run->deadline_ms;
    struct run_outcome outcome = {
        .end = deadline ? RUN_DEADLINE : RUN_FAILED,
        .code = code,
        .message = message,
        .step = *step ? step : run->step,
        .file = file,
        .line = frame->line,
        .attempt = frame->attempt,
        .data = secrets_cleaned_json(run->secrets, frame->data, &cleaned_data),
        .trace = frame->trace};
    end(run, &outcome);
    mem_free(code);
    mem_free(message);
    mem_free(step);
    mem_free(file);
    mem_free(cleaned);
    mem_free(cleaned_data);
}

/* It was asked because its time is up, and does not know that: it was not told before its start. */
static bool was_late(const struct run *run, const struct wire_outcome *outcome)
{
    return run->asked && !run->stalled && span_is(outcome->code, "limit.stall");
}

/* last: nothing followed in the same bytes, so the worker ended its run in order. One that was
 * asked where it is may answer that yet. */
static bool on_outcome(struct run *run, const struct wire_frame *frame, bool last,
                       struct error *err)
{
    struct wire_outcome frame_outcome;
    if (!wire_get_outcome(frame, &frame_outcome, err) || !is_own(run, frame_outcome.run, err) ||
        !check_outcome(run, &frame_outcome, err))
        return false;
    if (!frame_outcome.completed) {
        if (was_late(run, &frame_outcome))
            end_at_deadline(run);
        else
            end_failed(run, &frame_outcome);
        return true;
    }
    if (last && !run->asked) {
        pool_give_back(run->worker);
        run->worker = NULL;
        run->gave_back = true;
    }
    char *copy;
    struct span output = secrets_cleaned_json(run->secrets, frame_outcome.output, &copy);
    struct run_outcome outcome = {
        .end = RUN_COMPLETED, .output = output, .code = "", .message = "", .step = "", .file = ""};
    end(run, &outcome);
    mem_free(copy);
    return true;
}

static bool is_allowed(const struct run *run, enum wire_kind kind)
{
    for (size_t i = 0; i < sizeof frame_table / sizeof *frame_table; i++)
        if (frame_table[i].kind == kind)
            return frame_table[i].allowed[run->state];
    return false;
}

static bool take_frame(struct run *run, const struct wire_frame *frame, bool last,
                       struct error *err)
{
    if (!is_allowed(run, frame->kind))
        return error_set(err, ERROR_INPUT, "a frame '%s' out of turn", wire_kind_name(frame->kind));
    switch (frame->kind) {
    case WIRE_DESCRIBED:
        return on_described(run, frame, err);
    case WIRE_EVENT:
        return on_event(run, frame, err);
    case WIRE_PROGRESS:
        return on_progress(run, frame, err);
    case WIRE_REQUEST:
        return on_request(run, frame, err);
    case WIRE_FETCH:
        return on_fetch(run, frame, err);
    case WIRE_ABANDON:
        return on_abandon(run, frame, err);
    default:
        return on_outcome(run, frame, last, err);
    }
}

static size_t on_bytes(void *arg, struct span bytes)
{
    struct run *run = arg;
    size_t done = 0;
    while (run->state != RUN_OVER && !run->paused) {
        struct wire_frame frame;
        struct error err = {0};
        size_t used = 0;
        struct span rest = {bytes.at + done, bytes.len - done};
        enum wire_status status = wire_read(rest, &frame, &used, &err);
        if (status == WIRE_MORE)
            return done;
        bool last = used == rest.len;
        if (status == WIRE_BROKEN || !take_frame(run, &frame, last, &err)) {
            end_broken(run, err.text, pool_pid(run->worker));
            return POOL_WORKER_GONE;
        }
        done += used;
    }
    return run->state == RUN_OVER && !run->gave_back ? POOL_WORKER_GONE : done;
}

/* --- life ------------------------------------------------------------------------------------- */

static bool send_load(struct run *run, const struct claims *claims, const struct job *job,
                      const struct flow *flow)
{
    const struct config *config = run->stages->config;
    struct buffer context, out;
    buffer_init(&context, CONTEXT_MAX);
    buffer_init(&out, WIRE_FRAME_MAX + 4);
    bool fits = context_put(&context, claims, job, flow);
    struct wire_load load = {.run = pool_loan(run->worker),
                             .context = buffer_span(&context),
                             .name = span_of(flow->path),
                             .source = flow->source,
                             .payload = job->payload.at ? job->payload : span_of("null"),
                             .instruction_limit = config->instruction_limit,
                             .memory_limit_bytes = config->memory_limit_bytes,
                             .stall_ms = config->stall_ms,
                             .event_limit_bytes = config->event_limit_bytes,
                             .events_limit = config->events_limit,
                             .skip_waits = config->skip_waits};
    fits = fits && wire_put_load(&out, &load);
    if (fits)
        pool_send(run->worker, buffer_span(&out));
    buffer_release(&out);
    buffer_release(&context);
    return fits;
}

struct run *run_new(const struct stages *stages, const struct claims *claims, const struct job *job,
                    const struct flow *flow, const char *trace, int64_t deadline_ms,
                    int64_t latest_ms, const struct run_user *user, struct error *err)
{
    struct run *run = mem_new(sizeof *run);
    struct pool_user pool_user = {.arg = run, .bytes = on_bytes, .gone = on_gone};
    run->stages = stages;
    run->user = *user;
    run->fetcher.flows = stages->flows;
    run->secrets = secrets_new(stages->config, claims, job, loop_wall_ms(stages->loop));
    run->trace = mem_copy(trace);
    run->pending = (struct pending){.http = stages->http,
                                    .secrets = run->secrets,
                                    .trace = run->trace,
                                    .reply = on_reply,
                                    .arg = run};
    run->deadline_ms = deadline_ms;
    run->latest_ms = latest_ms;
    run->worker = pool_take(stages->pool, claims_app_id(claims), &pool_user, err);
    if (!run->worker || !send_load(run, claims, job, flow)) {
        if (run->worker)
            error_set(err, ERROR_SYSTEM, "the job does not fit into one frame");
        drop_worker(run);
        secrets_free(run->secrets);
        mem_free(run->trace);
        mem_free(run);
        return NULL;
    }
    set_deadline(run);
    watch_for_stall(run);
    return run;
}

void run_free(struct run *run)
{
    if (!run)
        return;
    loop_timer_stop(run->stages->loop, &run->deadline_timer);
    loop_timer_stop(run->stages->loop, &run->stall_timer);
    pending_cancel(&run->pending);
    drop_worker(run);
    secrets_free(run->secrets);
    mem_free(run->trace);
    mem_free(run);
}

static int64_t undo_time(const struct run *run)
{
    int64_t left_ms = run->latest_ms - run->deadline_ms;
    if (left_ms <= 0)
        return 0;
    return left_ms < UNDO_MS ? left_ms : UNDO_MS;
}

void run_start(struct run *run)
{
    int64_t now = loop_mono_ms(run->stages->loop);
    struct buffer out;
    if (run->declared_ms && now + run->declared_ms < run->deadline_ms)
        run->deadline_ms = now + run->declared_ms;
    run->undo_ms = undo_time(run);
    set_deadline(run);
    int64_t left_ms = run->deadline_ms > now ? run->deadline_ms - now : 0;
    struct wire_start start = {.left_ms = left_ms < INT32_MAX ? left_ms : INT32_MAX,
                               .undo_ms = run->undo_ms};
    buffer_init(&out, 64);
    wire_put_start(&out, &start);
    run->state = RUN_RUNNING;
    pool_send(run->worker, buffer_span(&out));
    buffer_release(&out);
}

void run_pause(struct run *run, bool paused)
{
    run->paused = paused;
    if (run->worker)
        pool_pause(run->worker, paused);
}

bool run_has_own_deadline(const struct run *run)
{
    return run->deadline_ms < run->latest_ms;
}
