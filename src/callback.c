#include "callback.h"

#include "answer.h"
#include "endpoints.h"
#include "outbox.h"
#include "post.h"
#include "retry.h"
#include "status.h"

#include <stdio.h>

/* What the user is to hear; when there is more than one piece, in this order. */
enum news { NEWS_OPENED, NEWS_POISONED, NEWS_STOPPED, NEWS_ROOM, NEWS_ENDED };

/* The one request that is being delivered: in flight, or waiting for its next try. */
struct push {
    bool live;
    enum answer_push kind;
    struct buffer body;
    char key[POST_KEY_SIZE];   /* the same on every retry */
    struct outbox_push events; /* when kind is ANSWER_TO_EVENTS */
    struct retry retry;
    bool probing;  /* a replacement sent to learn whether the API or the event is broken */
    bool sent;     /* at least once */
    bool own_wait; /* the API did not ask for the wait */
};

enum ending { GOING, FINISHING, FLUSHING };

struct callback {
    struct loop *loop;
    const struct config *config;
    const struct log *log;
    struct callback_user user;
    char *events_url, *progress_url;
    struct post post; /* holds the token */
    struct loop_transfer transfer;

    struct outbox outbox;
    struct status_latest progress;
    int64_t progress_number;
    int64_t progress_next_ms; /* not before */
    int64_t progress_rounds;  /* that failed, one after the other */
    struct push push;
    struct loop_timer wake; /* the next try, or the next push */
    bool opened;            /* `running` was answered */
    bool was_full;
    bool warned_nul, warned_unknown;

    enum ending ending;
    struct status_end end;
    int64_t deadline_ms;
    int64_t give_up_ms; /* 0: no limit but the deadline */
    struct loop_timer deadline_timer, give_up_timer;
    bool over;

    unsigned news; /* a bit each */
    struct loop_timer news_timer;
    enum callback_open how_opened;
    enum callback_stop how_stopped;
    enum callback_proof proof;
    struct error last;   /* what became of the last try; empty when it was accepted */
    struct error blame;  /* of the event that is being replaced */
    struct error poison; /* the first event that was refused */
    struct callback_counts counts;
};

/* --- news ------------------------------------------------------------------------------------ */

static void set_news_timer(struct callback *callback);

/* One piece a turn, and nothing of the callback is touched after it was told: the user may free. */
static void on_news(void *arg)
{
    struct callback *callback = arg;
    const struct callback_user *user = &callback->user;
    enum news first = (enum news)__builtin_ctz(callback->news);
    callback->news &= callback->news - 1;
    if (callback->news)
        set_news_timer(callback);
    if (first == NEWS_OPENED)
        user->opened(user->arg, callback->how_opened);
    else if (first == NEWS_POISONED)
        user->stopped(user->arg, CALLBACK_POISONED, callback->poison.text);
    else if (first == NEWS_STOPPED)
        user->stopped(user->arg, callback->how_stopped, callback->last.text);
    else if (first == NEWS_ROOM)
        user->room(user->arg);
    else
        user->ended(user->arg, callback->proof, callback->last.text);
}

static void set_news_timer(struct callback *callback)
{
    loop_timer_set(callback->loop, &callback->news_timer, loop_mono_ms(callback->loop), on_news,
                   callback);
}

static void tell(struct callback *callback, enum news news)
{
    callback->news |= 1u << news;
    if (!callback->news_timer.set)
        set_news_timer(callback);
}

/* --- the end --------------------------------------------------------------------------------- */

static void stop_sending(struct callback *callback)
{
    loop_transfer_cancel(callback->loop, &callback->transfer);
    loop_timer_stop(callback->loop, &callback->wake);
    loop_timer_stop(callback->loop, &callback->deadline_timer);
    loop_timer_stop(callback->loop, &callback->give_up_timer);
}

static void end(struct callback *callback, enum callback_proof proof)
{
    stop_sending(callback);
    outbox_release(&callback->outbox);
    callback->push.live = false;
    callback->over = true;
    callback->proof = proof;
    tell(callback, NEWS_ENDED);
}

static void stop(struct callback *callback, enum callback_stop how)
{
    callback->how_stopped = how;
    tell(callback, NEWS_STOPPED);
    end(callback, how == CALLBACK_CANCELLED ? CALLBACK_DELIVERED : CALLBACK_UNDELIVERED);
}

static void end_late(struct callback *callback, const char *what)
{
    const char *last = callback->last.text;
    error_set(&callback->last, ERROR_UNAVAILABLE, "%s%s%s", what, *last ? ": " : "", last);
    end(callback, CALLBACK_UNDELIVERED);
}

static void on_deadline(void *arg)
{
    end_late(arg, "not delivered before the deadline");
}

static void on_give_up(void *arg)
{
    struct callback *callback = arg;
    if (callback->push.live && callback->push.retry.late_rounds > 0)
        end_late(callback, "not delivered in time");
    /* else the round that is under way is the last one */
}

static void set_give_up(struct callback *callback)
{
    callback->give_up_ms = loop_mono_ms(callback->loop) + callback->config->flush_ms;
    loop_timer_set(callback->loop, &callback->give_up_timer, callback->give_up_ms, on_give_up,
                   callback);
}

/* True when it ended: the time is up, and a whole round of it was in vain. */
static bool gave_up(struct callback *callback)
{
    if (callback->give_up_ms && loop_mono_ms(callback->loop) >= callback->give_up_ms)
        on_give_up(callback);
    return callback->over;
}

/* --- pushes ---------------------------------------------------------------------------------- */

static const char *url_of(const struct callback *callback)
{
    return callback->push.kind == ANSWER_TO_EVENTS ? callback->events_url : callback->progress_url;
}

static void send_push(void *arg)
{
    struct callback *callback = arg;
    struct push *push = &callback->push;
    int64_t timeout_ms = callback->deadline_ms - loop_mono_ms(callback->loop);
    if (timeout_ms <= 0)
        return; /* the deadline's timer is due */
    if (timeout_ms > callback->config->callback_timeout_ms)
        timeout_ms = callback->config->callback_timeout_ms;
    callback->counts.pushes++;
    callback->counts.retries += push->sent;
    push->sent = true;
    post_prepare(&callback->post, url_of(callback), push->key, buffer_span(&push->body),
                 timeout_ms);
    loop_transfer_start(callback->loop, &callback->transfer);
}

/* Body and key are written already. */
static void begin_push(struct callback *callback, enum answer_push kind)
{
    struct push *push = &callback->push;
    loop_timer_stop(callback->loop, &callback->wake);
    push->live = true;
    push->kind = kind;
    push->retry = (struct retry){0};
    push->probing = push->sent = false;
    send_push(callback);
}

static void begin_progress(struct callback *callback)
{
    struct push *push = &callback->push;
    callback->progress.pending = false;
    callback->progress_next_ms = loop_mono_ms(callback->loop) + callback->config->batch_interval_ms;
    snprintf(push->key, sizeof push->key, "p%lld", (long long)++callback->progress_number);
    status_progress(&push->body, &callback->progress);
    begin_push(callback, ANSWER_TO_PROGRESS);
}

static void begin_end(struct callback *callback)
{
    struct push *push = &callback->push;
    snprintf(push->key, sizeof push->key, "end");
    status_ended(&push->body, &callback->end, callback->poison.text);
    begin_push(callback, ANSWER_TO_END);
}

/* Sets body and key; another selection of events has another key. */
static void take_events(struct callback *callback, int64_t max_count)
{
    struct push *push = &callback->push;
    push->events = outbox_body(&callback->outbox, (size_t)max_count, &push->body);
    snprintf(push->key, sizeof push->key, "%s", push->events.key);
}

static void begin_events(struct callback *callback)
{
    take_events(callback, callback->config->max_batch_size);
    begin_push(callback, ANSWER_TO_EVENTS);
}

static int64_t events_due_ms(const struct callback *callback)
{
    const struct config *config = callback->config;
    bool hurry = callback->ending || callback->was_full; /* its run is paused */
    return outbox_due_ms(&callback->outbox, hurry ? 1 : (size_t)config->max_batch_size,
                         config->batch_interval_ms);
}

static int64_t progress_due_ms(const struct callback *callback)
{
    bool wanted = callback->progress.pending && !callback->ending;
    return wanted ? callback->progress_next_ms : INT64_MAX;
}

/* Chooses what is sent next; nothing while a push is live. Progress goes first, or a steady flow of
 * events would starve it; it cannot starve them, it has its interval. */
static void go_on(void *arg)
{
    struct callback *callback = arg;
    if (callback->over || callback->push.live || !callback->opened)
        return;
    int64_t now = loop_mono_ms(callback->loop);
    int64_t events_ms = events_due_ms(callback), progress_ms = progress_due_ms(callback);
    int64_t next_ms = events_ms < progress_ms ? events_ms : progress_ms;
    if (now >= progress_ms)
        begin_progress(callback);
    else if (now >= events_ms)
        begin_events(callback);
    else if (callback->ending == FINISHING)
        begin_end(callback);
    else if (callback->ending == FLUSHING)
        end(callback, CALLBACK_FLUSHED);
    else if (next_ms != INT64_MAX)
        loop_timer_set(callback->loop, &callback->wake, next_ms, go_on, callback);
}

static void drop_push(struct callback *callback)
{
    callback->push.live = false;
    go_on(callback);
}

/* --- failures -------------------------------------------------------------------------------- */

static void wait_to_send(struct callback *callback, int64_t asked_ms)
{
    int64_t wait_ms = retry_wait_ms(&callback->push.retry, asked_ms);
    callback->push.own_wait = asked_ms == 0;
    loop_timer_set(callback->loop, &callback->wake, loop_mono_ms(callback->loop) + wait_ms,
                   send_push, callback);
}

/* Events do not wait for progress: it comes again later, with what is the latest by then. */
static void put_off_progress(struct callback *callback, int64_t asked_ms)
{
    callback->push.retry.rounds = ++callback->progress_rounds;
    callback->progress_next_ms =
        loop_mono_ms(callback->loop) + retry_wait_ms(&callback->push.retry, asked_ms);
    callback->progress.pending = true;
    drop_push(callback);
}

static void split(struct callback *callback)
{
    outbox_split(&callback->outbox, callback->push.events.count);
    drop_push(callback);
}

static void poison(struct callback *callback)
{
    if (callback->poison.kind != ERROR_NONE)
        return;
    callback->poison = callback->blame;
    tell(callback, NEWS_POISONED);
}

/* 5xx says that something is broken, not what: the one event that is left, or the API. One try of
 * the replacement, at once, tells them apart. When that is accepted, the event was to blame; when
 * it fails as well, the API is down for everything, and the event goes back to its place. */
static void probe(struct callback *callback, long status)
{
    struct push *push = &callback->push;
    outbox_replace(&callback->outbox, status, &callback->blame);
    take_events(callback, 1);
    push->probing = true;
    send_push(callback);
}

static void probe_failed(struct callback *callback, int64_t asked_ms)
{
    struct push *push = &callback->push;
    outbox_restore(&callback->outbox);
    take_events(callback, 1);
    push->probing = false;
    push->retry.broken = 0; /* two more rounds until the next probe */
    if (!gave_up(callback))
        wait_to_send(callback, asked_ms);
}

static void round_failed(struct callback *callback, long status, int64_t asked_ms)
{
    struct push *push = &callback->push;
    bool may_blame = push->kind == ANSWER_TO_EVENTS && !push->events.instead &&
                     retry_is_broken(&push->retry, callback->config->callback_retries);
    if (gave_up(callback))
        return;
    if (push->kind == ANSWER_TO_PROGRESS)
        put_off_progress(callback, asked_ms);
    else if (!may_blame)
        wait_to_send(callback, asked_ms);
    else if (push->events.count > 1)
        split(callback);
    else
        probe(callback, status);
}

static void try_failed(struct callback *callback, long status, bool broken, int64_t asked_ms)
{
    struct push *push = &callback->push;
    if (push->kind == ANSWER_TO_PROGRESS && callback->ending)
        drop_push(callback);
    else if (push->probing)
        probe_failed(callback, asked_ms);
    else if (retry_failed(&push->retry, callback->config->callback_retries, broken))
        round_failed(callback, status, asked_ms);
    else
        wait_to_send(callback, asked_ms);
}

static void unacceptable(struct callback *callback, long status)
{
    if (callback->push.events.instead) {
        stop(callback, CALLBACK_REFUSED);
    } else if (callback->push.events.count > 1) {
        split(callback);
    } else {
        outbox_replace(&callback->outbox, status, &callback->blame);
        poison(callback);
        drop_push(callback);
    }
}

/* --- answers --------------------------------------------------------------------------------- */

static void open_with(struct callback *callback, enum callback_open how)
{
    callback->how_opened = how;
    callback->opened = true;
    /* `running` was a progress push: a run shorter than an interval needs no other */
    callback->progress_next_ms = loop_mono_ms(callback->loop) + callback->config->batch_interval_ms;
    if (!callback->ending) {
        callback->give_up_ms = 0;
        loop_timer_stop(callback->loop, &callback->give_up_timer);
    }
    tell(callback, NEWS_OPENED);
}

static void events_accepted(struct callback *callback)
{
    if (callback->push.probing)
        poison(callback);
    callback->counts.events += (int64_t)callback->push.events.count;
    outbox_drop(&callback->outbox, callback->push.events.count);
    if (callback->was_full &&
        (int64_t)callback->outbox.bytes < callback->config->buffer_limit_bytes / 2) {
        callback->was_full = false;
        tell(callback, NEWS_ROOM);
    }
}

static void accepted(struct callback *callback)
{
    enum answer_push kind = callback->push.kind;
    callback->last = (struct error){0};
    if (kind == ANSWER_TO_RUNNING) {
        open_with(callback, CALLBACK_STARTED);
    } else if (kind == ANSWER_TO_EVENTS) {
        events_accepted(callback);
    } else if (kind == ANSWER_TO_PROGRESS) {
        status_latest_accepted(&callback->progress);
        callback->progress_rounds = 0;
    }
    if (kind == ANSWER_TO_END)
        end(callback, CALLBACK_DELIVERED);
    else
        drop_push(callback);
}

/* The run is terminal for the API. When that answers our own terminal status, it may be the echo of
 * a try whose answer was lost. */
static void is_over(struct callback *callback)
{
    enum answer_push kind = callback->push.kind;
    if (kind == ANSWER_TO_EVENTS || kind == ANSWER_TO_PROGRESS) {
        stop(callback, CALLBACK_CANCELLED);
        return;
    }
    if (kind == ANSWER_TO_RUNNING)
        open_with(callback, CALLBACK_DUPLICATE);
    end(callback, CALLBACK_DELIVERED);
}

/* Some backends keep no run rows. Then the events are the proof: all were accepted before the end
 * was sent. */
static void run_is_unknown(struct callback *callback)
{
    if (!callback->warned_unknown)
        log_line(callback->log, LOG_WARN,
                 "the API does not know the run; its accepted events must do as proof of delivery",
                 LOG_TEXT("answer", callback->last.text));
    callback->warned_unknown = true;
    if (callback->push.kind == ANSWER_TO_END && callback->counts.events == 0)
        end(callback, CALLBACK_UNDELIVERED);
    else
        accepted(callback);
}

static void on_answer(void *arg, CURLcode result)
{
    struct callback *callback = arg;
    struct answer answer =
        post_answer(&callback->post, callback->push.kind, result, loop_wall_ms(callback->loop));
    int64_t asked_ms;
    enum answer_verdict verdict = answer_judge(&answer, &asked_ms);
    if (callback->user.answered)
        callback->user.answered(callback->user.arg, answer.took_ms);
    post_describe(url_of(callback), &answer, &callback->last);
    if (verdict == ANSWER_ACCEPTED)
        accepted(callback);
    else if (verdict == ANSWER_OVER)
        is_over(callback);
    else if (verdict == ANSWER_UNKNOWN_RUN)
        run_is_unknown(callback);
    else if (verdict == ANSWER_UNACCEPTABLE)
        unacceptable(callback, answer.status);
    else if (verdict == ANSWER_REFUSED)
        stop(callback, CALLBACK_REFUSED);
    else
        try_failed(callback, answer.status, verdict == ANSWER_BROKEN, asked_ms);
}

/* --- what the owner says --------------------------------------------------------------------- */

void callback_open(struct callback *callback)
{
    if (callback->over)
        return;
    set_give_up(callback);
    snprintf(callback->push.key, sizeof callback->push.key, "p0");
    status_running(&callback->push.body);
    begin_push(callback, ANSWER_TO_RUNNING);
}

void callback_event(struct callback *callback, const char *type, struct span payload)
{
    size_t replaced;
    if (callback->over || callback->ending)
        return;
    if (!outbox_add(&callback->outbox, type, payload, loop_mono_ms(callback->loop), &replaced,
                    &callback->blame))
        poison(callback);
    if (replaced > 0 && !callback->warned_nul)
        log_line(callback->log, LOG_WARN, "U+0000 in an event became U+FFFD",
                 LOG_TEXT("event_type", type));
    callback->warned_nul |= replaced > 0;
    callback->was_full |= callback_full(callback);
    go_on(callback);
}

void callback_progress(struct callback *callback, int64_t percent, struct span step)
{
    if (callback->over || callback->ending)
        return;
    status_latest_set(&callback->progress, percent, step);
    go_on(callback);
}

bool callback_full(const struct callback *callback)
{
    return (int64_t)callback->outbox.bytes >= callback->config->buffer_limit_bytes;
}

/* The time limit begins, and a round with it: what waits for its next try does not wait any longer,
 * unless the API asked for it. */
static void begin_ending(struct callback *callback, enum ending ending)
{
    struct push *push = &callback->push;
    bool waits = push->live && !callback->transfer.running;
    callback->ending = ending;
    set_give_up(callback);
    retry_limit(&push->retry);
    if (waits && push->kind == ANSWER_TO_PROGRESS)
        push->live = false;
    else if (waits && push->own_wait)
        loop_timer_set(callback->loop, &callback->wake, loop_mono_ms(callback->loop), send_push,
                       callback);
    go_on(callback);
}

void callback_finish(struct callback *callback, bool completed, int64_t output_len,
                     const char *error)
{
    if (callback->over || callback->ending)
        return;
    callback->end = (struct status_end){completed, output_len, mem_copy(error)};
    begin_ending(callback, FINISHING);
}

void callback_flush(struct callback *callback)
{
    if (!callback->over && !callback->ending)
        begin_ending(callback, FLUSHING);
}

struct callback_counts callback_counted(const struct callback *callback)
{
    return callback->counts;
}

/* --- life ------------------------------------------------------------------------------------ */

struct callback *callback_new(struct loop *loop, const struct config *config, const struct log *log,
                              const struct callback_spec *spec, const struct callback_user *user,
                              struct error *err)
{
    struct callback *callback = mem_new(sizeof *callback);
    callback->loop = loop;
    callback->config = config;
    callback->log = log;
    callback->user = *user;
    callback->deadline_ms = spec->deadline_ms;
    status_latest_init(&callback->progress);
    buffer_init(&callback->push.body, CONFIG_CALLBACK_BODY_MAX);
    if (!endpoints_of(spec->callback_url, config->callback_paths_literal, &callback->events_url,
                      &callback->progress_url, err) ||
        !post_init(&callback->post, spec->token, spec->trace, err)) {
        callback_free(callback);
        return NULL;
    }
    loop_trust(loop, callback->post.easy, config->ca_file);
    callback->transfer = (struct loop_transfer){
        .easy = callback->post.easy, .done = on_answer, .arg = callback, .cache = LOOP_OWN};
    loop_timer_set(loop, &callback->deadline_timer, spec->deadline_ms, on_deadline, callback);
    return callback;
}

void callback_free(struct callback *callback)
{
    if (!callback)
        return;
    stop_sending(callback);
    loop_timer_stop(callback->loop, &callback->news_timer);
    post_release(&callback->post);
    outbox_release(&callback->outbox);
    buffer_release(&callback->push.body);
    status_latest_release(&callback->progress);
    mem_free(callback->end.error);
    mem_free(callback->events_url);
    mem_free(callback->progress_url);
    mem_free(callback);
}
