#include "guest.h"

#include "config.h"
#include "fetch.h"
#include "flow.h"
#include "json.h"
#include "pool.h"
#include "service.h"
#include "worker.h"

#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define LOAD_LIMIT_MS 30000 /* a loading flow is stopped long before, by its own limits */
#define GRACE_MS      1000  /* a worker that stops by itself can say step and line */
#define UNDO_MS       10000 /* as run.c has it */
#define STALL_LOOKS   8     /* looks at the worker's pulse in one EXECUTOR_STALL_MS */

enum guest_state { GUEST_IDLE, GUEST_LOADING, GUEST_LOADED, GUEST_RUNNING };

struct guest {
    struct clock clock;
    struct log log;
    struct config config;       /* its memory limit is the worker process's, the largest there is */
    int64_t memory_limit_bytes; /* a run's */
    struct loop *loop;
    bool owns_loop;
    struct pool *pool;
    struct flows *flows; /* or NULL */
    struct pool_worker *worker;
    enum guest_state state;
    bool asked;   /* to say where it stalls */
    bool waiting; /* a call waits for the frame that ends it */
    bool interrupted;
    bool late; /* the last wait took too long */
    struct fetcher fetcher;
    struct guest_user user;
    struct buffer answer; /* the frame that ended the last wait */
    struct error err;     /* or why there is none */
    struct loop_timer limit;
    struct loop_timer stall;
    struct pulse pulse;
};

/* --- the wait -------------------------------------------------------------------------------- */

static void end_wait(struct guest *guest)
{
    loop_timer_stop(guest->loop, &guest->limit);
    loop_timer_stop(guest->loop, &guest->stall);
    if (guest->waiting)
        loop_stop(guest->loop);
    guest->waiting = false;
}

static void drop_worker(struct guest *guest)
{
    if (guest->worker)
        pool_kill(guest->worker);
    guest->worker = NULL;
    guest->state = GUEST_IDLE;
}

/* guest->err says why. */
static void give_up(struct guest *guest)
{
    drop_worker(guest);
    end_wait(guest);
}

static void on_limit(void *arg)
{
    struct guest *guest = arg;
    guest->late = true;
    error_set(&guest->err, ERROR_SYSTEM, "the worker gave no answer in time");
    give_up(guest);
}

static void on_unanswered(void *arg)
{
    struct guest *guest = arg;
    guest->asked = false;
    error_set(&guest->err, ERROR_LIMIT,
              "limit.stall: one native call used the CPU for too long: EXECUTOR_STALL_MS is %lld",
              (long long)guest->config.stall_ms);
    give_up(guest);
}

static void watch_for_stall(void *arg)
{
    struct guest *guest = arg;
    int64_t stall_ms = guest->config.stall_ms;
    if (pool_stalls(guest->worker, &guest->pulse, stall_ms, false)) {
        guest->asked = true; /* where it is, the worker itself can say */
        pool_ask(guest->worker);
        return;
    }
    loop_timer_set(guest->loop, &guest->stall,
                   loop_mono_ms(guest->loop) + 1 + stall_ms / STALL_LOOKS, watch_for_stall, guest);
}

/* Runs the loop until the wait has ended, if the answer is not there yet and may come. */
static bool await(struct guest *guest, int64_t limit_ms, struct error *err)
{
    if (guest->err.kind == ERROR_NONE && !guest->answer.len) {
        guest->waiting = true;
        guest->pulse = (struct pulse){.begun = false};
        loop_timer_set(guest->loop, &guest->limit, loop_mono_ms(guest->loop) + limit_ms, on_limit,
                       guest);
        watch_for_stall(guest);
    }
    while (guest->waiting)
        loop_run(guest->loop);
    return guest->err.kind == ERROR_NONE || error_set(err, guest->err.kind, "%s", guest->err.text);
}

/* Sends the frame and waits for its answer. */
static bool wait_for_answer(struct guest *guest, const struct buffer *frame, int64_t limit_ms,
                            struct error *err)
{
    buffer_clear(&guest->answer);
    guest->err = (struct error){0};
    guest->late = guest->asked = false;
    pool_send(guest->worker, buffer_span(frame));
    return await(guest, limit_ms, err);
}

static void on_signal(void *arg, int signal)
{
    struct guest *guest = arg;
    (void)signal;
    guest->interrupted = true;
    error_set(&guest->err, ERROR_UNAVAILABLE, "interrupted");
    give_up(guest);
}

static void on_gone(void *arg, const struct pool_end *how)
{
    int status = how->status;
    struct guest *guest = arg;
    guest->worker = NULL;
    if (guest->state == GUEST_IDLE && guest->answer.len)
        return; /* its outcome came before: a limit of the run ends the worker too */
    if (guest->asked) {
        on_unanswered(guest);
        return;
    }
    if (!how->ready)
        error_set(&guest->err, ERROR_SYSTEM, "a worker could not start");
    else if (WIFSIGNALED(status) && WTERMSIG(status) == SIGPROF)
        error_set(&guest->err, ERROR_LIMIT, "timeout: the worker used up its CPU time");
    else if (how->broke)
        error_set(&guest->err, ERROR_SYSTEM, "the worker broke its protocol: %s", how->broke);
    else if (WIFSIGNALED(status))
        error_set(&guest->err, ERROR_SYSTEM, "the worker crashed: %s", strsignal(WTERMSIG(status)));
    else
        error_set(&guest->err, ERROR_SYSTEM, "the worker ended with status %d",
                  WEXITSTATUS(status));
    give_up(guest);
}

/* --- frames ---------------------------------------------------------------------------------- */

void guest_reply(struct guest *guest, const struct wire_reply *reply)
{
    struct buffer out;
    buffer_init(&out, WIRE_FRAME_MAX + 4);
    if (guest->worker && wire_put_reply(&out, reply))
        pool_send(guest->worker, buffer_span(&out));
    buffer_release(&out);
}

static bool on_event(struct guest *guest, const struct wire_frame *frame, struct error *err)
{
    struct wire_event event;
    if (!wire_get_event(frame, &event, err))
        return false;
    if (guest->user.event)
        guest->user.event(guest->user.arg, &event);
    return true;
}

static bool on_progress(struct guest *guest, const struct wire_frame *frame, struct error *err)
{
    struct wire_progress progress;
    if (!wire_get_progress(frame, &progress, err))
        return false;
    if (guest->user.progress)
        guest->user.progress(guest->user.arg, &progress);
    return true;
}

static bool on_request(struct guest *guest, const struct wire_frame *frame, struct error *err)
{
    struct wire_request request;
    if (!wire_get_request(frame, &request, err))
        return false;
    if (guest->user.request)
        guest->user.request(guest->user.arg, &request);
    else
        guest_reply(guest, &(struct wire_reply){
                               .id = request.id,
                               .head = span_of("{\"error\":{\"code\":\"net.denied\",\"message\":"
                                               "\"there is no network here\"}}")});
    return true;
}

/* A source of the flows folder. */
static bool on_fetch(struct guest *guest, const struct wire_frame *frame, struct error *err)
{
    struct wire_fetch fetch;
    struct wire_reply reply;
    struct buffer head;
    if (!wire_get_fetch(frame, &fetch, err))
        return false;
    bool good = fetch_answer(&guest->fetcher, &fetch, &head, &reply, err);
    if (good)
        guest_reply(guest, &reply);
    buffer_release(&head);
    return good;
}

static bool on_abandon(struct guest *guest, const struct wire_frame *frame, struct error *err)
{
    struct wire_abandon abandon;
    if (!wire_get_abandon(frame, &abandon, err))
        return false;
    if (guest->user.abandon)
        guest->user.abandon(guest->user.arg, &abandon);
    return true;
}

/* A limit of the whole run that came while the flow was loaded. */
static bool on_early_outcome(struct guest *guest, const struct wire_frame *frame, struct error *err)
{
    struct wire_outcome outcome;
    if (!wire_get_outcome(frame, &outcome, err))
        return false;
    error_set(&guest->err, ERROR_LIMIT, "%.*s: %.*s", (int)outcome.code.len, outcome.code.at,
              (int)outcome.message.len, outcome.message.at);
    return true;
}

/* Keeps the frame that ends the wait, for the caller to read it. */
static void keep_answer(struct guest *guest, struct span bytes, enum guest_state next)
{
    buffer_clear(&guest->answer);
    buffer_add(&guest->answer, bytes);
    guest->state = next;
    end_wait(guest);
}

/* One frame, whose bytes are given too. False with err: not one that may come now. */
static bool take_frame(struct guest *guest, const struct wire_frame *frame, struct span bytes,
                       struct error *err)
{
    const bool running = guest->state == GUEST_RUNNING;
    if ((running || guest->state == GUEST_LOADING) && frame->kind == WIRE_FETCH)
        return on_fetch(guest, frame, err);
    if (running && frame->kind == WIRE_EVENT)
        return on_event(guest, frame, err);
    if (running && frame->kind == WIRE_PROGRESS)
        return on_progress(guest, frame, err);
    if (running && frame->kind == WIRE_REQUEST)
        return on_request(guest, frame, err);
    if (running && frame->kind == WIRE_ABANDON)
        return on_abandon(guest, frame, err);
    if (running && frame->kind == WIRE_OUTCOME)
        return keep_answer(guest, bytes, GUEST_IDLE), true;
    if (guest->state == GUEST_LOADING && frame->kind == WIRE_DESCRIBED)
        return keep_answer(guest, bytes, GUEST_LOADED), true;
    if (guest->state == GUEST_LOADING && frame->kind == WIRE_OUTCOME)
        return on_early_outcome(guest, frame, err);
    return error_set(err, ERROR_SYSTEM, "a frame '%s' out of turn", wire_kind_name(frame->kind));
}

static size_t on_bytes(void *arg, struct span bytes)
{
    struct guest *guest = arg;
    size_t done = 0;
    for (;;) {
        struct wire_frame frame;
        struct error err = {0};
        size_t used = 0;
        struct span rest = {bytes.at + done, bytes.len - done};
        enum wire_status status = wire_read(rest, &frame, &used, &err);
        if (status == WIRE_MORE)
            return done;
        if (status == WIRE_BROKEN || !take_frame(guest, &frame, (struct span){rest.at, used}, &err))
            error_set(&guest->err, ERROR_SYSTEM, "the worker broke its protocol: %s", err.text);
        done += used;
        if (guest->err.kind != ERROR_NONE) {
            give_up(guest);
            return POOL_WORKER_GONE;
        }
    }
}

/* --- calls ----------------------------------------------------------------------------------- */

static bool take_worker(struct guest *guest, struct error *err)
{
    struct pool_user user = {guest, on_bytes, on_gone};
    if (guest->interrupted)
        return error_set(err, ERROR_UNAVAILABLE, "interrupted");
    if (!guest->worker)
        guest->worker = pool_take(guest->pool, "developer", &user, err);
    return guest->worker != NULL;
}

/* The frame kept as the answer; it was whole when it came. */
static void read_answer(const struct guest *guest, struct wire_frame *frame)
{
    size_t used;
    wire_read(buffer_span(&guest->answer), frame, &used, NULL);
}

bool guest_load(struct guest *guest, const struct guest_load *load, struct span *text,
                struct error *err)
{
    struct wire_load order = {
        .context = load->context,
        .name = load->name,
        .source = load->source,
        .payload = load->payload.at ? load->payload : span_of("null"),
        .instruction_limit =
            load->instruction_limit ? load->instruction_limit : guest->config.instruction_limit,
        .memory_limit_bytes =
            load->memory_limit_bytes ? load->memory_limit_bytes : guest->memory_limit_bytes,
        .stall_ms = guest->config.stall_ms,
        .event_limit_bytes = guest->config.event_limit_bytes,
        .events_limit = guest->config.events_limit,
        .skip_waits = load->skip_waits};
    struct wire_frame frame;
    struct wire_described described;
    struct buffer out;
    if (!take_worker(guest, err))
        return false;
    buffer_init(&out, WIRE_FRAME_MAX + 4);
    guest->state = GUEST_LOADING;
    guest->fetcher = (struct fetcher){.flows = guest->flows};
    bool good = wire_put_load(&out, &order)
                    ? wait_for_answer(guest, &out, LOAD_LIMIT_MS, err)
                    : error_set(err, ERROR_LIMIT, "source and payload do not fit into one frame");
    buffer_release(&out);
    if (!good) {
        drop_worker(guest);
        return false;
    }
    read_answer(guest, &frame);
    if (!wire_get_described(&frame, &described, err))
        return false;
    *text = described.text;
    return true;
}

/* Waits on, after whatever was sent; good: the wait brought an answer or was paused. */
static enum guest_turn turn(struct guest *guest, bool good, struct wire_outcome *outcome,
                            struct error *err)
{
    struct wire_frame frame;
    if (good && !guest->answer.len)
        return GUEST_PAUSED;
    guest->user = (struct guest_user){0};
    if (good) {
        read_answer(guest, &frame);
        good = wire_get_outcome(&frame, outcome, err);
    }
    if (!good || !outcome->completed)
        drop_worker(guest); /* only one that completed its run is used again */
    return good ? GUEST_ENDED : guest->late ? GUEST_LATE : GUEST_BROKEN;
}

enum guest_turn guest_start(struct guest *guest, const struct guest_user *user, int64_t left_ms,
                            int64_t limit_ms, struct wire_outcome *outcome, struct error *err)
{
    struct buffer out;
    if (guest->state != GUEST_LOADED) {
        error_set(err, ERROR_SYSTEM, "nothing is loaded that could be run");
        return GUEST_BROKEN;
    }
    guest->state = GUEST_RUNNING;
    guest->user = user ? *user : (struct guest_user){0};
    buffer_init(&out, 64);
    wire_put_start(&out, &(struct wire_start){.left_ms = left_ms, .undo_ms = UNDO_MS});
    bool good = wait_for_answer(guest, &out, limit_ms, err);
    buffer_release(&out);
    return turn(guest, good, outcome, err);
}

enum guest_turn guest_go_on(struct guest *guest, int64_t limit_ms, struct wire_outcome *outcome,
                            struct error *err)
{
    return turn(guest, await(guest, limit_ms, err), outcome, err);
}

void guest_pause(struct guest *guest)
{
    end_wait(guest);
}

void guest_extend(struct guest *guest, int64_t limit_ms)
{
    if (guest->waiting)
        loop_timer_set(guest->loop, &guest->limit, loop_mono_ms(guest->loop) + limit_ms, on_limit,
                       guest);
}

void guest_stop(struct guest *guest)
{
    guest->user = (struct guest_user){0};
    drop_worker(guest);
}

void guest_interrupt(struct guest *guest)
{
    on_signal(guest, SIGINT);
}

bool guest_run(struct guest *guest, const struct guest_user *user, int64_t left_ms,
               struct wire_outcome *outcome, struct error *err)
{
    enum guest_turn last =
        guest_start(guest, user, left_ms, left_ms + UNDO_MS + GRACE_MS, outcome, err);
    while (last == GUEST_PAUSED)
        last = guest_go_on(guest, left_ms + UNDO_MS + GRACE_MS, outcome, err);
    return last == GUEST_ENDED;
}

bool guest_interrupted(const struct guest *guest)
{
    return guest->interrupted;
}

/* --- life ------------------------------------------------------------------------------------ */

/* The runtime's own settings. What it warns of is the runtime's to say. */
static void read_settings(struct guest *guest)
{
    struct config_warnings warnings;
    config_read(&guest->config, (const char *const *)environ, &warnings);
    guest->memory_limit_bytes = guest->config.memory_limit_bytes;
    if (guest->config.memory_limit_bytes < GUEST_MEMORY_MAX)
        guest->config.memory_limit_bytes = GUEST_MEMORY_MAX;
    guest->log = (struct log){&guest->clock, STDERR_FILENO, LOG_ERROR, false};
}

static struct guest *open_guest(struct loop *loop, const char *flows_dir, struct error *err)
{
    struct guest *guest = mem_new(sizeof *guest);
    char program[PATH_MAX];
    read_settings(guest);
    buffer_init(&guest->answer, WIRE_FRAME_MAX + 4);
    if (flows_dir && !(guest->flows = flows_open(flows_dir, err)))
        goto fail;
    guest->loop = loop ? loop : loop_new(&guest->clock, err);
    guest->owns_loop = !loop;
    if (!guest->loop)
        goto fail;
    if (guest->owns_loop)
        loop_on_signal(guest->loop, on_signal, guest);
    guest->pool = pool_new(guest->loop, &guest->config, &guest->log, service_own_program(program));
    return guest;
fail:
    guest_close(guest);
    return NULL;
}

struct guest *guest_open(const char *flows_dir, struct error *err)
{
    return open_guest(NULL, flows_dir, err);
}

struct guest *guest_open_on(struct loop *loop, const char *flows_dir, struct error *err)
{
    return open_guest(loop, flows_dir, err);
}

void guest_close(struct guest *guest)
{
    if (!guest)
        return;
    drop_worker(guest);
    pool_free(guest->pool);
    if (guest->owns_loop)
        loop_free(guest->loop);
    flows_close(guest->flows);
    config_release(&guest->config);
    buffer_release(&guest->answer);
    mem_free(guest);
}
