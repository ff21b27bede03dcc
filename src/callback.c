#include "callback.h"

#include "answer.h"
#include "json.h"
#include "outbox.h"
#include "post.h"
#include "status.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>

#define URL_MAX             2048
#define TRY_WAIT_MS         100 /* doubles with each try of a round */
#define TRY_WAIT_MAX_MS     5000
#define ROUND_WAIT_MS       1000 /* doubles with each round */
#define ROUND_WAIT_MAX_MS   30000
#define ROUNDS_BEFORE_BLAME 2
#define ID_BYTES            16
#define KEY_SIZE            (2 * ID_BYTES + 64)
#define TYPE_SHOWN_MAX      200

/* What the user is to hear; when there is more than one, in this order. */
enum news { NEWS_OPENED, NEWS_POISONED, NEWS_STOPPED, NEWS_ROOM, NEWS_ENDED };

/* The one request that is being delivered: in flight, or waiting for its next try. */
struct push {
    bool live;
    enum answer_push kind;
    struct buffer body;
    struct outbox_push events; /* ANSWER_TO_EVENTS */
    bool probing;        /* a replacement sent to learn whether the API or the event is broken */
    bool sent;           /* at least once */
    int64_t tries;       /* in this round */
    int64_t rounds;      /* that failed */
    int64_t late_rounds; /* of these, since delivery has a time limit */
    int64_t broken;      /* answers 5xx, one after the other */
    bool own_wait;       /* the API did not ask for the wait */
};

/* The latest progress; kept until it is accepted. */
struct progress {
    bool pending;
    int64_t percent;
    char *step;
    int64_t next_ms; /* not before */
    int64_t number;
};

enum ending { GOING, FINISHING, FLUSHING };

struct callback {
    struct loop *loop;
    const struct config *config;
    const struct log *log;
    struct callback_user user;
    char *events_url, *progress_url;
    char id[2 * ID_BYTES + 1]; /* of this delivery */
    int64_t deadline_ms;

    struct outbox outbox;
    struct progress progress;
    struct push push;
    bool opened; /* `running` was accepted */
    bool was_full;
    bool warned_nul, warned_unknown;

    enum ending ending;
    bool completed;
    int64_t output_len;
    char *error;
    int64_t give_up_ms; /* 0: no limit but the deadline */
    bool over;

    struct post post; /* holds the token */
    struct loop_transfer transfer;

    struct loop_timer wake; /* the next try, or the next push */
    struct loop_timer deadline_timer, give_up_timer, news_timer;
    unsigned news;
    enum callback_open how_opened;
    enum callback_stop how_stopped;
    enum callback_proof proof;
    struct error last;   /* what became of the last try; empty when it was accepted */
    struct error blame;  /* of the event being replaced */
    struct error poison; /* the first event that was refused */
    struct callback_counts counts;
};

/* --- URLs ------------------------------------------------------------------------------------ */

static bool is_url(const char *url)
{
    CURLU *parsed = curl_url();
    bool good = parsed && curl_url_set(parsed, CURLUPART_URL, url, 0) == CURLUE_OK;
    curl_url_cleanup(parsed);
    return good;
}

/* Where the path begins, or NULL with err. */
static const char *check_url(const char *url, struct error *err)
{
    const char *fault = NULL, *host = url, *path = url;
    if (strncasecmp(url, "http://", 7) == 0)
        host = url + 7;
    else if (strncasecmp(url, "https://", 8) == 0)
        host = url + 8;
    path = host + strcspn(host, "/");
    if (strlen(url) > URL_MAX)
        fault = "is longer than 2048 bytes";
    else if (host == url)
        fault = "is neither http:// nor https://";
    for (const char *c = url; *c && !fault; c++)
        if ((unsigned char)*c <= 0x20 || *c == 0x7f)
            fault = "holds white space or a control character";
    if (!fault && strcspn(host, "@\\") < (size_t)(path - host))
        fault = "holds user information";
    else if (!fault && strpbrk(url, "?#"))
        fault = "holds a query or a fragment";
    else if (!fault && (path == host || !is_url(url)))
        fault = "is no URL";
    if (fault)
        error_set(err, ERROR_INPUT, "the token's callback_url %s", fault);
    return fault ? NULL : path;
}

static bool ends_with(struct span text, const char *end)
{
    size_t len = strlen(end);
    return text.len >= len && memcmp(text.at + text.len - len, end, len) == 0;
}

static char *join(const char *url, const char *end, const char *more)
{
    struct buffer joined;
    buffer_init(&joined, URL_MAX + 64);
    buffer_add(&joined, (struct span){url, (size_t)(end - url)});
    buffer_text(&joined, more);
    char *text = mem_string(buffer_span(&joined));
    buffer_release(&joined);
    return text;
}

bool callback_urls(const char *callback_url, bool literal, char **events, char **progress,
                   struct error *err)
{
    /* what a path ends in, and what is missing after it */
    static const struct {
        const char *end, *events, *progress;
    } rules[] = {
        {"/execution", "/events", "/progress"},
        {"/api/v1", "/execution/events", "/execution/progress"},
        {"", "/api/v1/execution/events", "/api/v1/execution/progress"},
    };
    const char *url = callback_url, *path_at = check_url(url, err);
    if (!path_at)
        return false;
    struct span path = span_of(path_at);
    while (!literal && ends_with(path, "/"))
        path.len--;
    if (literal || ends_with(path, "/events")) {
        *events = join(url, path.at + path.len, "");
        while (ends_with(path, "/events"))
            path.len -= strlen("/events");
        *progress = join(url, path.at + path.len, "/progress");
        return true;
    }
    size_t i = 0;
    while (!ends_with(path, rules[i].end))
        i++;
    *events = join(url, path.at + path.len, rules[i].events);
    *progress = join(url, path.at + path.len, rules[i].progress);
    return true;
}

/* --- news ------------------------------------------------------------------------------------ */

/* One piece a turn, and nothing of the callback is touched after it was told: the user may free. */
static void on_news(void *arg)
{
    struct callback *callback = arg;
    const struct callback_user user = callback->user;
    enum news first = (enum news)__builtin_ctz(callback->news);
    callback->news &= callback->news - 1;
    if (callback->news)
        loop_timer_set(callback->loop, &callback->news_timer, loop_mono_ms(callback->loop), on_news,
                       callback);
    switch (first) {
    case NEWS_OPENED:
        user.opened(user.arg, callback->how_opened);
        break;
    case NEWS_POISONED:
        user.stopped(user.arg, CALLBACK_POISONED, callback->poison.text);
        break;
    case NEWS_STOPPED:
        user.stopped(user.arg, callback->how_stopped, callback->last.text);
        break;
    case NEWS_ROOM:
        user.room(user.arg);
        break;
    case NEWS_ENDED:
        user.ended(user.arg, callback->proof, callback->last.text);
        break;
    }
}

static void tell(struct callback *callback, enum news news)
{
    callback->news |= 1u << news;
    if (!callback->news_timer.set)
        loop_timer_set(callback->loop, &callback->news_timer, loop_mono_ms(callback->loop), on_news,
                       callback);
}

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
    callback->news &= ~(1u << NEWS_ROOM);
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
    error_set(&callback->last, ERROR_UNAVAILABLE, "%s%s%s", what,
              callback->last.text[0] ? "; last: " : "", callback->last.text);
    end(callback, CALLBACK_UNDELIVERED);
}

static void on_deadline(void *arg)
{
    end_late(arg, "the deadline came");
}

static void on_give_up(void *arg)
{
    struct callback *callback = arg;
    if (callback->push.late_rounds > 0)
        end_late(callback, "not delivered in time");
    /* else the round that is under way is the last one */
}

static void set_give_up(struct callback *callback)
{
    callback->give_up_ms = loop_mono_ms(callback->loop) + callback->config->flush_ms;
    loop_timer_set(callback->loop, &callback->give_up_timer, callback->give_up_ms, on_give_up,
                   callback);
}

/* --- pushes ---------------------------------------------------------------------------------- */

static const char *url_of(const struct callback *callback)
{
    return callback->push.kind == ANSWER_TO_EVENTS ? callback->events_url : callback->progress_url;
}

/* The same on every retry; other contents, as a split's halves or a replacement, have another. */
static void put_key(const struct callback *callback, char key[KEY_SIZE])
{
    const struct push *push = &callback->push;
    if (push->kind == ANSWER_TO_EVENTS)
        snprintf(key, KEY_SIZE, "%s-%lld-%lld%s", callback->id, (long long)push->events.first,
                 (long long)push->events.last, push->events.instead ? "-r" : "");
    else if (push->kind == ANSWER_TO_END)
        snprintf(key, KEY_SIZE, "%s-end", callback->id);
    else
        snprintf(key, KEY_SIZE, "%s-p%lld", callback->id, (long long)callback->progress.number);
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
    char key[KEY_SIZE];
    put_key(callback, key);
    callback->counts.pushes++;
    callback->counts.retries += push->sent;
    push->sent = true;
    push->tries++;
    post_prepare(&callback->post, url_of(callback), key, buffer_span(&push->body), timeout_ms);
    loop_transfer_start(callback->loop, &callback->transfer);
}

/* The body is written already. */
static void begin_push(struct callback *callback, enum answer_push kind)
{
    struct push *push = &callback->push;
    *push = (struct push){.live = true, .kind = kind, .body = push->body, .events = push->events};
    send_push(callback);
}

static void push_events(struct callback *callback)
{
    struct push *push = &callback->push;
    push->events =
        outbox_body(&callback->outbox, (size_t)callback->config->max_batch_size, &push->body);
    begin_push(callback, ANSWER_TO_EVENTS);
}

static void push_progress(struct callback *callback)
{
    struct progress *progress = &callback->progress;
    progress->pending = false;
    progress->number++;
    progress->next_ms = loop_mono_ms(callback->loop) + callback->config->batch_interval_ms;
    status_progress(&callback->push.body, progress->percent,
                    span_of(progress->step ? progress->step : ""));
    begin_push(callback, ANSWER_TO_PROGRESS);
}

static void push_end(struct callback *callback)
{
    struct buffer error;
    struct buffer *body = &callback->push.body;
    const char *poison = callback->poison.text, *said = callback->error;
    if (callback->completed && !*poison) {
        status_completed(body, callback->output_len);
    } else {
        buffer_init(&error, sizeof callback->poison.text + 2 + STATUS_TEXT_MAX);
        buffer_text(&error, poison);
        buffer_text(&error, *poison && said ? "; " : "");
        buffer_text(&error, said ? said : "");
        status_failed(body, buffer_span(&error));
        buffer_release(&error);
    }
    begin_push(callback, ANSWER_TO_END);
}

/* When the events that wait are to be sent. Those behind a cut are overdue anyway. */
static int64_t events_due_ms(const struct callback *callback)
{
    const struct outbox *outbox = &callback->outbox;
    if (callback->ending || callback_full(callback) ||
        (int64_t)outbox->count >= callback->config->max_batch_size)
        return 0;
    return outbox->first->at_ms + callback->config->batch_interval_ms;
}

static void go_on(struct callback *callback);

static void on_wake(void *arg)
{
    go_on(arg);
}

/* Chooses what is sent next; nothing while a push is live. Progress goes first, or a steady flow of
 * events would starve it; it cannot starve them, it has its interval. */
static void go_on(struct callback *callback)
{
    int64_t now = loop_mono_ms(callback->loop), wake_ms = INT64_MAX;
    if (callback->over || callback->push.live || !callback->opened)
        return;
    if (callback->progress.pending && !callback->ending) {
        if (now >= callback->progress.next_ms) {
            push_progress(callback);
            return;
        }
        wake_ms = callback->progress.next_ms;
    }
    if (callback->outbox.count > 0) {
        int64_t due_ms = events_due_ms(callback);
        if (now >= due_ms) {
            push_events(callback);
            return;
        }
        wake_ms = due_ms < wake_ms ? due_ms : wake_ms;
    } else if (callback->ending == FLUSHING) {
        end(callback, CALLBACK_FLUSHED);
    } else if (callback->ending == FINISHING) {
        push_end(callback);
    }
    if (wake_ms != INT64_MAX)
        loop_timer_set(callback->loop, &callback->wake, wake_ms, on_wake, callback);
}

/* --- failures -------------------------------------------------------------------------------- */

static int64_t doubled(int64_t first_ms, int64_t times, int64_t max_ms)
{
    while (times-- > 0 && first_ms < max_ms)
        first_ms *= 2;
    return first_ms < max_ms ? first_ms : max_ms;
}

/* Somewhere in the upper half, so that runs that failed together do not come back together. */
static int64_t jittered(int64_t ms)
{
    uint32_t random = 0;
    if (getrandom(&random, sizeof random, GRND_NONBLOCK) != sizeof random)
        return ms;
    return ms / 2 + random % (ms - ms / 2 + 1);
}

static void wait_to_send(struct callback *callback, int64_t own_ms, int64_t asked_ms)
{
    callback->push.own_wait = asked_ms == 0;
    loop_timer_set(callback->loop, &callback->wake,
                   loop_mono_ms(callback->loop) + (own_ms > asked_ms ? own_ms : asked_ms),
                   send_push, callback);
}

/* True when it ended: the time is up, and a whole round of it was in vain. */
static bool gave_up(struct callback *callback)
{
    if (!callback->push.late_rounds || loop_mono_ms(callback->loop) < callback->give_up_ms)
        return false;
    on_give_up(callback);
    return true;
}

static void wait_for_round(struct callback *callback, int64_t asked_ms)
{
    struct push *push = &callback->push;
    push->tries = 0;
    wait_to_send(callback, doubled(ROUND_WAIT_MS, push->rounds - 1, ROUND_WAIT_MAX_MS), asked_ms);
}

static void drop_push(struct callback *callback)
{
    callback->push.live = false;
    go_on(callback);
}

static void split(struct callback *callback)
{
    outbox_split(&callback->outbox, callback->push.events.count);
    drop_push(callback);
}

/* Puts an error event in the place of the one that was refused alone. */
static void replace(struct callback *callback, long status)
{
    const struct outbox_event *event = callback->outbox.first;
    size_t len = event->type.len < TYPE_SHOWN_MAX ? event->type.len : TYPE_SHOWN_MAX;
    while (len < event->type.len && ((unsigned char)event->type.at[len] & 0xc0) == 0x80)
        len--;
    error_set(&callback->blame, ERROR_INPUT, "event %lld of type %.*s was refused by the API (%ld)",
              (long long)event->sequence, (int)len, event->type.at, status);
    outbox_replace(&callback->outbox, callback->blame.text);
}

static void poison(struct callback *callback)
{
    if (callback->poison.kind != ERROR_NONE)
        return;
    callback->poison = callback->blame;
    tell(callback, NEWS_POISONED);
}

/* 5xx says that something is broken, not what: the one event that is left, or the API. One try of
 * the replacement, at once, tells them apart: when that is accepted, the event was to blame. When
 * it fails as well, the API is down for everything, and the event goes back to its place. */
static void probe(struct callback *callback, long status)
{
    struct push *push = &callback->push;
    replace(callback, status);
    push->events = outbox_body(&callback->outbox, 1, &push->body);
    push->probing = true;
    send_push(callback);
}

static void probe_failed(struct callback *callback, int64_t asked_ms)
{
    struct push *push = &callback->push;
    outbox_restore(&callback->outbox);
    push->events = outbox_body(&callback->outbox, 1, &push->body);
    push->probing = false;
    push->broken = 0; /* two more rounds until the next probe */
    if (!gave_up(callback))
        wait_for_round(callback, asked_ms);
}

static void round_failed(struct callback *callback, const struct answer *answer, int64_t asked_ms)
{
    struct push *push = &callback->push;
    int64_t blame_after = ROUNDS_BEFORE_BLAME * (callback->config->callback_retries + 1);
    push->rounds++;
    push->late_rounds += callback->give_up_ms != 0;
    if (gave_up(callback))
        return;
    if (push->kind == ANSWER_TO_PROGRESS) {
        /* events do not wait for it; it goes out again with what is the latest by then */
        callback->progress.pending = true;
        drop_push(callback);
    } else if (push->kind != ANSWER_TO_EVENTS || push->events.instead ||
               push->broken < blame_after) {
        wait_for_round(callback, asked_ms);
    } else if (push->events.count > 1) {
        split(callback);
    } else {
        probe(callback, answer->status);
    }
}

static void try_failed(struct callback *callback, const struct answer *answer, bool broken,
                       int64_t asked_ms)
{
    struct push *push = &callback->push;
    push->broken = broken ? push->broken + 1 : 0;
    if (push->kind == ANSWER_TO_PROGRESS && callback->ending)
        drop_push(callback);
    else if (push->probing)
        probe_failed(callback, asked_ms);
    else if (push->tries <= callback->config->callback_retries)
        wait_to_send(callback, jittered(doubled(TRY_WAIT_MS, push->tries - 1, TRY_WAIT_MAX_MS)),
                     asked_ms);
    else
        round_failed(callback, answer, asked_ms);
}

static void unacceptable(struct callback *callback, const struct answer *answer)
{
    if (callback->push.events.instead) {
        stop(callback, CALLBACK_REFUSED);
    } else if (callback->push.events.count > 1) {
        split(callback);
    } else {
        replace(callback, answer->status);
        poison(callback);
        drop_push(callback);
    }
}

/* --- answers --------------------------------------------------------------------------------- */

static void open_with(struct callback *callback, enum callback_open how)
{
    callback->how_opened = how;
    callback->opened = true;
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

static void progress_accepted(struct progress *progress)
{
    if (progress->pending)
        return; /* a newer one came meanwhile */
    progress->percent = -1;
    mem_free(progress->step);
    progress->step = NULL;
}

static void accepted(struct callback *callback)
{
    callback->last = (struct error){0};
    switch (callback->push.kind) {
    case ANSWER_TO_RUNNING:
        open_with(callback, CALLBACK_STARTED);
        break;
    case ANSWER_TO_EVENTS:
        events_accepted(callback);
        break;
    case ANSWER_TO_PROGRESS:
        progress_accepted(&callback->progress);
        break;
    case ANSWER_TO_END:
        end(callback, CALLBACK_DELIVERED);
        return;
    }
    drop_push(callback);
}

/* The run is terminal for the API. When that answers our own terminal status, it may be the echo of
 * a try whose answer was lost. */
static void is_over(struct callback *callback)
{
    if (callback->push.kind == ANSWER_TO_RUNNING)
        open_with(callback, CALLBACK_DUPLICATE);
    if (callback->push.kind == ANSWER_TO_EVENTS || callback->push.kind == ANSWER_TO_PROGRESS)
        stop(callback, CALLBACK_CANCELLED);
    else
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

static void note(struct callback *callback, const struct answer *answer)
{
    const char *url = url_of(callback), *host = strstr(url, "://") + 3;
    const char *path = host + strcspn(host, "/");
    char text[ANSWER_TEXT_SIZE];
    answer_text(answer, text);
    error_set(&callback->last, ERROR_UNAVAILABLE, "POST %.300s: %s", *path ? path : "/", text);
}

static void on_answer(void *arg, CURLcode result)
{
    struct callback *callback = arg;
    struct answer answer =
        post_answer(&callback->post, callback->push.kind, result, loop_wall_ms(callback->loop));
    int64_t asked_ms;
    enum answer_verdict verdict = answer_judge(&answer, &asked_ms);
    note(callback, &answer);
    switch (verdict) {
    case ANSWER_ACCEPTED:
        accepted(callback);
        break;
    case ANSWER_OVER:
        is_over(callback);
        break;
    case ANSWER_UNKNOWN_RUN:
        run_is_unknown(callback);
        break;
    case ANSWER_AGAIN:
    case ANSWER_BROKEN:
        try_failed(callback, &answer, verdict == ANSWER_BROKEN, asked_ms);
        break;
    case ANSWER_UNACCEPTABLE:
        unacceptable(callback, &answer);
        break;
    case ANSWER_REFUSED:
        stop(callback, CALLBACK_REFUSED);
        break;
    }
}

/* --- what the owner says --------------------------------------------------------------------- */

void callback_open(struct callback *callback)
{
    if (callback->over)
        return;
    set_give_up(callback);
    status_running(&callback->push.body);
    begin_push(callback, ANSWER_TO_RUNNING);
}

static void warn_of_nul(struct callback *callback, const char *type)
{
    if (!callback->warned_nul)
        log_line(callback->log, LOG_WARN, "U+0000 in an event became U+FFFD",
                 LOG_TEXT("event_type", type));
    callback->warned_nul = true;
}

void callback_event(struct callback *callback, const char *type, struct span payload)
{
    size_t replaced = 0;
    if (callback->over || callback->ending)
        return;
    if (!outbox_add(&callback->outbox, type, payload, loop_mono_ms(callback->loop), &replaced))
        return;
    if (replaced > 0)
        warn_of_nul(callback, type);
    callback->was_full |= callback_full(callback);
    go_on(callback);
}

void callback_progress(struct callback *callback, int64_t percent, struct span step)
{
    struct progress *progress = &callback->progress;
    if (callback->over || callback->ending || (percent < 0 && step.len == 0))
        return;
    if (percent >= 0)
        progress->percent = percent;
    if (step.len > 0) {
        mem_free(progress->step);
        progress->step = mem_string(step);
    }
    progress->pending = true;
    go_on(callback);
}

bool callback_full(const struct callback *callback)
{
    return (int64_t)callback->outbox.bytes >= callback->config->buffer_limit_bytes;
}

/* The time limit begins, and with it a round: what waits for its turn does not wait any longer,
 * unless the API asked for it. */
static void begin_ending(struct callback *callback, enum ending ending)
{
    struct push *push = &callback->push;
    bool waits = push->live && !callback->transfer.running;
    callback->ending = ending;
    set_give_up(callback);
    push->late_rounds = 0;
    push->tries = waits ? 0 : 1;
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
    callback->completed = completed;
    callback->output_len = output_len;
    callback->error = mem_copy(completed ? NULL : error);
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

static bool make_id(char id[2 * ID_BYTES + 1], struct error *err)
{
    unsigned char bytes[ID_BYTES];
    if (getrandom(bytes, sizeof bytes, 0) != sizeof bytes)
        return error_set(err, ERROR_SYSTEM, "no random numbers for the idempotency key");
    for (size_t i = 0; i < ID_BYTES; i++)
        snprintf(id + 2 * i, 3, "%02x", bytes[i]);
    return true;
}

/* What stands in a header line may not begin another. */
static bool is_printable(const char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < 0x20 || *text == 0x7f)
            return false;
    return true;
}

struct callback *callback_new(struct loop *loop, const struct config *config, const struct log *log,
                              const struct callback_spec *spec, const struct callback_user *user,
                              struct error *err)
{
    char *events_url, *progress_url, id[2 * ID_BYTES + 1];
    if (!is_printable(spec->token)) {
        error_set(err, ERROR_INPUT, "the token holds a control character");
        return NULL;
    }
    if (!make_id(id, err) || !callback_urls(spec->callback_url, config->callback_paths_literal,
                                            &events_url, &progress_url, err))
        return NULL;
    struct callback *callback = mem_new(sizeof *callback);
    *callback = (struct callback){.loop = loop,
                                  .config = config,
                                  .log = log,
                                  .user = *user,
                                  .events_url = events_url,
                                  .progress_url = progress_url,
                                  .deadline_ms = spec->deadline_ms,
                                  .progress.percent = -1};
    memcpy(callback->id, id, sizeof id);
    buffer_init(&callback->push.body, CONFIG_CALLBACK_BODY_MAX);
    post_init(&callback->post, config->ca_file, spec->token,
              spec->trace && is_printable(spec->trace) ? spec->trace : NULL);
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
    mem_free(callback->progress.step);
    mem_free(callback->error);
    mem_free(callback->events_url);
    mem_free(callback->progress_url);
    mem_free(callback);
}
