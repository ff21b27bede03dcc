#include "trial.h"

#include "flow.h"
#include "guest.h"
#include "heard.h"
#include "json.h"
#include "order.h"
#include "specs.h"

#include <stdio.h>
#include <string.h>

#define MESSAGE_MAX  (WIRE_FRAME_MAX - 64 * 1024) /* head, or body, of one frame */
#define FLOWS_LISTED 200
#define ANSWERS_MAX  16

/* A request of the flow's that no mock was asked about yet. */
struct asked {
    int64_t id;
    struct buffer head, body;
    struct asked *next;
};

/* An answer that is due later, by the real clock. */
struct late {
    struct trial *trial;
    int64_t id; /* 0: free */
    struct buffer head, body;
    struct loop_timer timer;
};

struct trial {
    struct loop *loop;
    char *flows_dir;
    struct flows *flows;
    struct guest *guest;
    bool running;
    bool skip; /* waits take no time */
    int64_t until_ms;
    int64_t current; /* the request that was passed on last */
    struct asked *first, **last;
    struct late late[ANSWERS_MAX];
    struct heard heard;
    struct buffer head, body; /* of the answer that is given now */
};

/* --- what the flow says ----------------------------------------------------------------------- */

static void copy(struct buffer *to, struct span from)
{
    buffer_init(to, from.len + 1);
    buffer_add(to, from);
}

static void on_request(void *arg, const struct wire_request *request)
{
    struct trial *trial = arg;
    struct asked *asked = mem_new(sizeof *asked);
    asked->id = request->id;
    copy(&asked->head, request->head);
    copy(&asked->body, request->body);
    *trial->last = asked;
    trial->last = &asked->next;
    guest_pause(trial->guest);
}

static void on_event(void *arg, const struct wire_event *event)
{
    struct trial *trial = arg;
    heard_event(&trial->heard, event->type, event->payload);
}

static void on_progress(void *arg, const struct wire_progress *progress)
{
    struct trial *trial = arg;
    heard_progress(&trial->heard, progress);
}

/* --- answers that are due later --------------------------------------------------------------- */

static void drop_late(struct trial *trial, struct late *late)
{
    loop_timer_stop(trial->loop, &late->timer);
    buffer_release(&late->head);
    buffer_release(&late->body);
    late->id = 0;
}

static void on_due(void *arg)
{
    struct late *late = arg;
    guest_reply(late->trial->guest, &(struct wire_reply){.id = late->id,
                                                         .head = buffer_span(&late->head),
                                                         .body = buffer_span(&late->body)});
    drop_late(late->trial, late);
}

/* At most so many requests of a flow are out at once, so there is a free one. */
static void answer_later(struct trial *trial, const struct wire_reply *reply)
{
    struct late *late = trial->late;
    while (late->id && late < trial->late + ANSWERS_MAX - 1)
        late++;
    late->trial = trial;
    late->id = reply->id;
    copy(&late->head, reply->head);
    copy(&late->body, reply->body);
    loop_timer_set(trial->loop, &late->timer, loop_mono_ms(trial->loop) + reply->after_ms, on_due,
                   late);
}

/* --- what the spec is told -------------------------------------------------------------------- */

static void begin_answer(struct trial *trial)
{
    buffer_clear(&trial->head);
    buffer_clear(&trial->body);
}

static void tell_stuck(struct trial *trial, const char *what)
{
    struct error text;
    trial_stop(trial);
    begin_answer(trial);
    if (*trial->heard.step)
        error_set(&text, ERROR_LIMIT, "%s, in step \"%s\"", what, trial->heard.step);
    else
        error_set(&text, ERROR_LIMIT, "%s", what);
    buffer_text(&trial->head, "{\"stuck\":");
    json_put_string(&trial->head, span_of(text.text));
    buffer_text(&trial->head, "}");
}

static void tell_request(struct trial *trial, struct asked *asked)
{
    trial->first = asked->next;
    if (!trial->first)
        trial->last = &trial->first;
    trial->current = asked->id;
    begin_answer(trial);
    buffer_text(&trial->head, "{\"http\":");
    buffer_add(&trial->head, buffer_span(&asked->head));
    buffer_text(&trial->head, "}");
    buffer_add(&trial->body, buffer_span(&asked->body));
    buffer_release(&asked->head);
    buffer_release(&asked->body);
    mem_free(asked);
}

static void put_member(struct buffer *out, const char *name, struct span text)
{
    buffer_format(out, ",\"%s\":", name);
    json_put_string(out, text);
}

static void put_error(struct buffer *out, const struct wire_outcome *outcome)
{
    put_member(out, "code", outcome->code);
    put_member(out, "message", outcome->message);
    if (outcome->step.len)
        put_member(out, "step", outcome->step);
    if (outcome->file.len)
        put_member(out, "file", outcome->file);
    if (outcome->line)
        buffer_format(out, ",\"line\":%lld", (long long)outcome->line);
    if (outcome->attempt)
        buffer_format(out, ",\"attempt\":%lld", (long long)outcome->attempt);
    if (outcome->data.len) {
        buffer_text(out, ",\"data\":");
        buffer_add(out, outcome->data);
    }
}

/* The events that the API gets of the end itself, before the last log line. */
static void add_last_event(struct trial *trial, const struct wire_outcome *outcome)
{
    struct buffer error;
    if (outcome->completed && outcome->output.len)
        heard_event(&trial->heard, span_of("output"), outcome->output);
    if (outcome->completed)
        return;
    buffer_init(&error, MESSAGE_MAX);
    put_error(&error, outcome);
    *error.data = '{'; /* for the comma of its first member */
    buffer_text(&error, "}");
    heard_event(&trial->heard, span_of("error"), buffer_span(&error));
    buffer_release(&error);
}

static void tell_end(struct trial *trial, const struct wire_outcome *outcome)
{
    struct buffer *out = &trial->head;
    trial->running = false;
    add_last_event(trial, outcome);
    if (trial->heard.cut) {
        tell_stuck(trial, "sent more events than a test keeps (6 MB)");
        return;
    }
    begin_answer(trial);
    buffer_format(out, "{\"ended\":{\"completed\":%s", outcome->completed ? "true" : "false");
    if (!outcome->completed)
        put_error(out, outcome);
    if (outcome->output.len) {
        buffer_text(out, ",\"output\":");
        buffer_add(out, outcome->output);
    }
    buffer_text(out, ",\"events\":[");
    buffer_add(out, buffer_span(&trial->heard.events));
    buffer_format(out, "],\"waited_ms\":%lld,\"progress\":[", (long long)outcome->turned_ms);
    buffer_add(out, buffer_span(&trial->heard.progress));
    if (!buffer_text(out, "]}}"))
        tell_stuck(trial, "left more than a test can hold");
}

static void tell_turn(struct trial *trial, enum guest_turn turn, const struct wire_outcome *outcome,
                      const struct error *err)
{
    if (turn == GUEST_ENDED)
        tell_end(trial, outcome);
    else if (turn == GUEST_LATE)
        tell_stuck(trial, "ran longer than a test may take, by the real clock");
    else if (turn == GUEST_BROKEN || !trial->first)
        tell_stuck(trial, err->text);
    else
        tell_request(trial, trial->first);
}

/* Until the flow wants something or has ended. */
static void go_on(struct trial *trial)
{
    struct wire_outcome outcome;
    struct error err = {0};
    enum guest_turn turn = GUEST_PAUSED;
    if (!trial->first) {
        int64_t left_ms = trial->until_ms - loop_mono_ms(trial->loop);
        turn = guest_go_on(trial->guest, left_ms > 0 ? left_ms : 0, &outcome, &err);
    }
    tell_turn(trial, turn, &outcome, &err);
}

/* --- starting a flow -------------------------------------------------------------------------- */

static void forget(struct trial *trial)
{
    while (trial->first) {
        struct asked *asked = trial->first;
        trial->first = asked->next;
        buffer_release(&asked->head);
        buffer_release(&asked->body);
        mem_free(asked);
    }
    trial->last = &trial->first;
    for (size_t i = 0; i < ANSWERS_MAX; i++)
        if (trial->late[i].id)
            drop_late(trial, &trial->late[i]);
    heard_clear(&trial->heard);
}

/* True when the description holds an error; the spec is told all of them then. */
static bool tell_findings(struct trial *trial, struct span described)
{
    static const char *const key = "findings";
    struct span findings = {NULL, 0}, cursor, finding;
    if (!json_check(described, NULL) || json_type(described) != JSON_OBJECT ||
        !json_pick(described, &key, &findings, 1, NULL) || !findings.at)
        return false;
    cursor = findings;
    while (json_next(&cursor, &finding)) {
        static const char *const severity = "severity";
        struct span value = {NULL, 0};
        if (!json_pick(finding, &severity, &value, 1, NULL) || !span_is(value, "\"error\""))
            continue;
        begin_answer(trial);
        buffer_text(&trial->head, "{\"findings\":");
        buffer_add(&trial->head, findings);
        buffer_text(&trial->head, "}");
        return true;
    }
    return false;
}

static void tell_unknown(struct trial *trial, const char *name, const struct error *why)
{
    struct specs known = {0};
    begin_answer(trial);
    buffer_text(&trial->head, "{\"unknown\":{\"flow\":");
    json_put_string(&trial->head, span_of(name));
    buffer_text(&trial->head, ",\"message\":");
    json_put_string(&trial->head, span_of(why->text));
    buffer_text(&trial->head, ",\"known\":[");
    specs_flows(&known, trial->flows_dir);
    for (size_t i = 0; i < known.count && i < FLOWS_LISTED; i++) {
        buffer_text(&trial->head, i ? "," : "");
        if (!json_is_utf8(span_of(known.paths[i])))
            buffer_text(&trial->head, "\"?\"");
        else
            json_put_string(&trial->head, span_of(known.paths[i]));
    }
    buffer_text(&trial->head, "]}}");
    specs_release(&known);
}

static void start(struct trial *trial, const struct order *order)
{
    struct guest_user user = {trial, on_event, on_progress, on_request, NULL};
    struct wire_outcome outcome;
    struct error err = {0};
    trial->running = true;
    enum guest_turn turn = guest_start(trial->guest, &user, order->timeout_ms,
                                       trial->until_ms - loop_mono_ms(trial->loop), &outcome, &err);
    tell_turn(trial, turn, &outcome, &err);
}

static void load_and_start(struct trial *trial, const struct order *order, struct span payload)
{
    struct error err = {0};
    struct span described;
    struct buffer context;
    const struct flow *flow = flow_called(trial->flows, span_of(order->flow), &err);
    if (!flow) {
        tell_unknown(trial, order->flow, &err);
        return;
    }
    trial->skip = order->skip;
    trial->until_ms = loop_mono_ms(trial->loop) + order->budget_ms;
    buffer_init(&context, MESSAGE_MAX);
    order_put_context(&context, order, flow);
    struct guest_load load = {.name = span_of(flow->path),
                              .source = flow->source,
                              .payload = payload,
                              .context = buffer_span(&context),
                              .skip_waits = order->skip};
    bool loaded = guest_load(trial->guest, &load, &described, &err);
    buffer_release(&context);
    if (!loaded)
        tell_stuck(trial, err.text);
    else if (!tell_findings(trial, described))
        start(trial, order);
}

/* --- the conversation ------------------------------------------------------------------------- */

static bool take_order(struct trial *trial, struct span json, struct span payload,
                       struct error *err)
{
    struct order order = {0};
    bool good = order_read(&order, json, err);
    if (good) {
        trial_stop(trial);
        forget(trial);
        load_and_start(trial, &order, payload);
    }
    order_release(&order);
    return good;
}

static bool take_answer(struct trial *trial, struct span json, struct span body, struct error *err)
{
    static const char *const keys[] = {"head", "after_ms"};
    struct span at[2];
    int64_t after_ms;
    if (!trial->running || !trial->current)
        return error_set(err, ERROR_INPUT, "an answer to no request");
    if (json_type(json) != JSON_OBJECT || !json_pick(json, keys, at, 2, err) || !at[0].at ||
        !at[1].at || !json_integer(at[1], &after_ms, err))
        return error_set(err, ERROR_INPUT, "an answer without head and after_ms");
    struct wire_reply reply = {
        .id = trial->current, .head = at[0], .body = body, .after_ms = after_ms};
    trial->current = 0;
    if (after_ms && !trial->skip)
        answer_later(trial, &reply);
    else
        guest_reply(trial->guest, &reply);
    go_on(trial);
    return true;
}

bool trial_ask(struct trial *trial, const struct trial_message *message,
               struct trial_message *answer, struct error *err)
{
    static const char *const keys[] = {"run", "answer", "stop"};
    struct span at[3];
    bool good = false;
    if (!json_check(message->head, err) || json_type(message->head) != JSON_OBJECT ||
        !json_pick(message->head, keys, at, 3, err))
        return error_set(err, ERROR_INPUT, "a message of the spec's is no object");
    if (at[0].at) {
        good = take_order(trial, at[0], message->body, err);
    } else if (at[1].at) {
        good = take_answer(trial, at[1], message->body, err);
    } else {
        trial_stop(trial);
        begin_answer(trial);
        good = buffer_text(&trial->head, "{\"stopped\":true}");
    }
    *answer = (struct trial_message){buffer_span(&trial->head), buffer_span(&trial->body)};
    return good;
}

void trial_stop(struct trial *trial)
{
    if (trial->running)
        guest_stop(trial->guest);
    trial->running = false;
    trial->current = 0;
}

void trial_interrupt(struct trial *trial)
{
    guest_interrupt(trial->guest);
}

/* --- life ------------------------------------------------------------------------------------- */

struct trial *trial_open(struct loop *loop, const char *flows_dir, struct error *err)
{
    struct trial *trial = mem_new(sizeof *trial);
    trial->loop = loop;
    trial->flows_dir = mem_copy(flows_dir);
    trial->last = &trial->first;
    heard_init(&trial->heard);
    buffer_init(&trial->head, MESSAGE_MAX);
    buffer_init(&trial->body, MESSAGE_MAX);
    if ((trial->flows = flows_open(flows_dir, err)) &&
        (trial->guest = guest_open_on(loop, flows_dir, err)))
        return trial;
    trial_close(trial);
    return NULL;
}

void trial_close(struct trial *trial)
{
    if (!trial)
        return;
    forget(trial);
    guest_close(trial->guest);
    flows_close(trial->flows);
    mem_free(trial->flows_dir);
    heard_release(&trial->heard);
    buffer_release(&trial->head);
    buffer_release(&trial->body);
    mem_free(trial);
}
