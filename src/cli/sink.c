#include "sink.h"

#include "json.h"
#include "stage.h"

#include <string.h>
#include <strings.h>

#define TYPE_MAX   1024
#define STEP_MAX   (64 * 1024)
#define ERROR_MAX  (256 * 1024)
#define ANSWER_MAX 1024

struct ticket {
    char *token;
    struct sink_run *run;
    struct ticket *next;
};

struct sink {
    struct loop *loop;
    struct sink_user user;
    struct stage *stage;
    struct sink_run *runs;
    struct ticket *tickets;
};

/* What is said to a request. */
struct reply {
    int status;
    bool json;
    struct buffer body;
};

static const struct {
    const char *name;   /* in the request */
    const char *answer; /* in our answer */
} statuses[] = {
    [SINK_NONE] = {"none", "Pending"},
    [SINK_RUNNING] = {"running", "Running"},
    [SINK_COMPLETED] = {"completed", "Completed"},
    [SINK_FAILED] = {"failed", "Failed"},
    [SINK_CANCELLED] = {"cancelled", "Cancelled"},
};

const char *sink_status_name(enum sink_status status)
{
    return statuses[status].name;
}

/* --- who reports ----------------------------------------------------------------------------- */

static struct sink_run *find_run(struct sink *sink, const char *run_id)
{
    struct sink_run *run = sink->runs;
    while (run && strcmp(run->run_id, run_id) != 0)
        run = run->next;
    return run;
}

struct sink_run *sink_expect(struct sink *sink, const char *token, const char *run_id)
{
    struct sink_run *run = find_run(sink, run_id);
    if (!run) {
        run = mem_new(sizeof *run);
        run->run_id = mem_copy(run_id);
        run->next = sink->runs;
        sink->runs = run;
    }
    struct ticket *ticket = mem_new(sizeof *ticket);
    *ticket = (struct ticket){mem_copy(token), run, sink->tickets};
    sink->tickets = ticket;
    return run;
}

void sink_expire(struct sink *sink, const char *token)
{
    struct ticket **at = &sink->tickets;
    while (*at && strcmp((*at)->token, token) != 0)
        at = &(*at)->next;
    struct ticket *gone = *at;
    if (!gone)
        return;
    *at = gone->next;
    mem_free_secret(gone->token);
    mem_free(gone);
}

/* The token in the header, or NULL; the prefix is case-sensitive, as on the server. */
static const char *token_of(struct stage_call *call)
{
    const char *header = stage_header(call, "Authorization");
    return header && strncmp(header, "Bearer ", 7) == 0 && header[7] ? header + 7 : NULL;
}

static struct sink_run *run_of(struct sink *sink, const char *token)
{
    struct ticket *ticket = sink->tickets;
    while (token && ticket && strcmp(ticket->token, token) != 0)
        ticket = ticket->next;
    if (!token || ticket || !sink->user.run_id_of)
        return token && ticket ? ticket->run : NULL;
    char *run_id = sink->user.run_id_of(sink->user.arg, token);
    struct sink_run *run = run_id ? sink_expect(sink, token, run_id) : NULL;
    mem_free(run_id);
    return run;
}

/* --- answers --------------------------------------------------------------------------------- */

static void say(struct reply *reply, int status, const char *text)
{
    reply->status = status;
    buffer_text(&reply->body, text);
}

/* The form of the API's own handlers. */
static void refuse(struct reply *reply, int status, const char *code, const char *message)
{
    reply->status = status;
    reply->json = true;
    buffer_format(&reply->body, "{\"error\":{\"code\":\"%s\",\"message\":\"%s\"}}", code, message);
}

/* --- events ---------------------------------------------------------------------------------- */

/* The type decoded (freed by mem_free) and the payload, or NULL: no event. */
static char *read_event(struct span element, struct span *payload)
{
    static const char *const keys[] = {"event_type", "payload"};
    struct span values[2];
    if (json_type(element) != JSON_OBJECT || !json_pick(element, keys, values, 2, NULL) ||
        !values[0].at || !values[1].at)
        return NULL;
    *payload = values[1];
    return json_string(values[0], TYPE_MAX, NULL);
}

/* The number of events in a well-formed push, or -1. */
static long count_events(struct span events)
{
    struct span element, payload;
    long count = 0;
    for (struct span cursor = events; json_next(&cursor, &element); count++) {
        char *type = read_event(element, &payload);
        if (!type)
            return -1;
        mem_free(type);
    }
    return count;
}

static void take_events(struct sink *sink, struct sink_run *run, struct span body,
                        struct reply *reply)
{
    static const char *const keys[] = {"events"};
    struct span events, element, payload = {NULL, 0};
    if (json_type(body) != JSON_OBJECT || !json_pick(body, keys, &events, 1, NULL) || !events.at ||
        json_type(events) != JSON_ARRAY || count_events(events) < 0) {
        say(reply, 422, "expected {\"events\":[{\"event_type\",\"payload\"}]}");
        return;
    }
    if (!run) {
        refuse(reply, 400, "BAD_REQUEST", "the bearer token belongs to no run");
        return;
    }
    long count = 0;
    for (struct span cursor = events; json_next(&cursor, &element); count++) {
        char *type = read_event(element, &payload);
        run->events++;
        if (sink->user.event)
            sink->user.event(sink->user.arg, run, type, payload);
        mem_free(type);
    }
    reply->status = 200;
    reply->json = true;
    buffer_format(&reply->body, "{\"accepted\":%ld,\"next_sequence\":%zu}", count, run->events + 1);
}

/* --- progress -------------------------------------------------------------------------------- */

/* False when the word is none of the API's. */
static bool status_of(const char *word, enum sink_status *status)
{
    for (int i = SINK_RUNNING; i <= SINK_CANCELLED; i++) {
        if (strcmp(word, statuses[i].name) == 0) {
            *status = (enum sink_status)i;
            return true;
        }
    }
    return false;
}

static bool is_terminal(enum sink_status status)
{
    return status > SINK_RUNNING;
}

static void set_status(struct sink *sink, struct sink_run *run, enum sink_status status,
                       struct span error)
{
    run->status = status;
    if (!run->began_ms)
        run->began_ms = loop_mono_ms(sink->loop);
    if (!is_terminal(status))
        return;
    run->ended_ms = loop_mono_ms(sink->loop);
    if (error.at && json_type(error) == JSON_STRING)
        run->error = json_string(error, ERROR_MAX, NULL);
}

/* Absent and null are the same. */
static bool is_set(struct span value)
{
    return value.at && json_type(value) != JSON_NULL;
}

enum { STATUS, ERROR, PERCENT, STEP, OUTPUT_LEN, PROGRESS_KEYS };

/* False when it has not the API's shape. */
static bool read_progress(struct span body, struct span values[PROGRESS_KEYS],
                          struct sink_progress *progress)
{
    static const char *const keys[] = {"status", "error", "progress", "current_step", "output_len"};
    int64_t length;
    *progress = (struct sink_progress){.percent = -1};
    if (json_type(body) != JSON_OBJECT || !json_pick(body, keys, values, PROGRESS_KEYS, NULL))
        return false;
    char *word = is_set(values[STATUS]) ? json_string(values[STATUS], TYPE_MAX, NULL) : NULL;
    bool good = !is_set(values[STATUS]) || (word && status_of(word, &progress->status));
    mem_free(word);
    if (!good ||
        (is_set(values[PERCENT]) && !json_integer(values[PERCENT], &progress->percent, NULL)) ||
        (is_set(values[OUTPUT_LEN]) && !json_integer(values[OUTPUT_LEN], &length, NULL)) ||
        (is_set(values[ERROR]) && json_type(values[ERROR]) != JSON_STRING) ||
        (is_set(values[STEP]) && json_type(values[STEP]) != JSON_STRING))
        return false;
    if (is_set(values[PERCENT]))
        progress->percent = progress->percent < 0     ? 0
                            : progress->percent > 100 ? 100
                                                      : progress->percent;
    return true;
}

static void tell_progress(struct sink *sink, struct sink_run *run, struct sink_progress *progress,
                          struct span step)
{
    char *text = is_set(step) ? json_string(step, STEP_MAX, NULL) : NULL;
    progress->step = text;
    if (sink->user.progress)
        sink->user.progress(sink->user.arg, run, progress);
    mem_free(text);
}

static void take_progress(struct sink *sink, struct sink_run *run, struct span body,
                          struct reply *reply)
{
    struct span values[PROGRESS_KEYS];
    struct sink_progress progress;
    if (!read_progress(body, values, &progress)) {
        say(reply, 422, "expected an object whose status is one of the API's");
        return;
    }
    if (!run) {
        refuse(reply, 400, "BAD_REQUEST", "the bearer token belongs to no run");
        return;
    }
    bool accepted = !is_terminal(run->status);
    if (accepted && progress.status != SINK_NONE && progress.status != run->status)
        set_status(sink, run, progress.status, values[ERROR]);
    if (accepted)
        tell_progress(sink, run, &progress, values[STEP]);
    reply->status = 200;
    reply->json = true;
    buffer_format(&reply->body, "{\"accepted\":%s,\"status\":\"%s\"}", accepted ? "true" : "false",
                  statuses[run->status].answer);
}

/* --- requests -------------------------------------------------------------------------------- */

static bool is_json(const char *type)
{
    size_t len = strlen("application/json");
    return type && strncasecmp(type, "application/json", len) == 0 &&
           (type[len] == '\0' || type[len] == ';' || type[len] == ' ');
}

/* In the API's order: the route, the body, then the token. */
static void judge(struct sink *sink, const struct sink_request *request, struct reply *reply)
{
    bool events = strcmp(request->path, SINK_EVENTS_PATH) == 0;
    if (!events && strcmp(request->path, SINK_PROGRESS_PATH) != 0)
        refuse(reply, 404, "NOT_FOUND", "no such route");
    else if (strcmp(request->method, "POST") != 0)
        say(reply, 405, "POST only");
    else if (!is_json(request->type))
        say(reply, 415, "expected Content-Type: application/json");
    else if (request->body.len > SINK_BODY_MAX)
        say(reply, 413, "length limit exceeded");
    else if (!json_check(request->body, NULL))
        say(reply, 400, "the body is no JSON");
    else if (events)
        take_events(sink, request->run, request->body, reply);
    else
        take_progress(sink, request->run, request->body, reply);
}

static void fail(struct reply *reply, int status)
{
    refuse(reply, status,
           status >= 500   ? "INTERNAL_ERROR"
           : status == 404 ? "NOT_FOUND"
                           : "BAD_REQUEST",
           "this answer was asked for");
}

static void on_request(void *arg, struct stage_call *call, const struct stage_request *came)
{
    struct sink *sink = arg;
    const char *token = token_of(call);
    struct sink_request request = {.method = came->method,
                                   .path = came->path,
                                   .type = stage_header(call, "Content-Type"),
                                   .key = stage_header(call, "Idempotency-Key"),
                                   .token = token,
                                   .run = run_of(sink, token),
                                   .body = came->body};
    struct sink_fault fault = {0};
    struct reply reply = {0};
    buffer_init(&reply.body, ANSWER_MAX);
    if (sink->user.asked)
        fault = sink->user.asked(sink->user.arg, &request);
    if (fault.status)
        fail(&reply, fault.status);
    else
        judge(sink, &request, &reply);
    if (sink->user.answered)
        sink->user.answered(sink->user.arg, &request, reply.status, buffer_span(&reply.body));
    if (reply.json)
        stage_add_header(call, "Content-Type", "application/json");
    stage_say_later(call, reply.status, buffer_span(&reply.body), fault.after_ms);
    buffer_release(&reply.body);
}

/* --- life ------------------------------------------------------------------------------------ */

struct sink *sink_open(struct loop *loop, int port, const struct sink_user *user, struct error *err)
{
    struct sink *sink = mem_new(sizeof *sink);
    *sink = (struct sink){.loop = loop, .user = *user};
    sink->stage = stage_open(loop, port, on_request, sink, err);
    if (sink->stage)
        return sink;
    mem_free(sink);
    return NULL;
}

void sink_close(struct sink *sink)
{
    if (!sink)
        return;
    stage_close(sink->stage);
    while (sink->runs) {
        struct sink_run *gone = sink->runs;
        sink->runs = gone->next;
        mem_free(gone->run_id);
        mem_free(gone->error);
        mem_free(gone);
    }
    while (sink->tickets) {
        struct ticket *gone = sink->tickets;
        sink->tickets = gone->next;
        mem_free_secret(gone->token);
        mem_free(gone);
    }
    mem_free(sink);
}

int sink_port(const struct sink *sink)
{
    return stage_port(sink->stage);
}

const struct sink_run *sink_runs(const struct sink *sink)
{
    return sink->runs;
}
