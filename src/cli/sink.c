#include "sink.h"

#include "json.h"
#include "stage.h"

#include <string.h>

#define TYPE_MAX  1024
#define ERROR_MAX (256 * 1024)

struct ticket {
    char *token;
    struct sink_run *run;
    struct ticket *next;
};

struct sink {
    struct loop *loop;
    sink_event_fn *on_event;
    void *arg;
    struct stage *stage;
    struct sink_run *runs;
    struct ticket *tickets;
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

static struct sink_run *run_of(struct sink *sink, struct stage_call *call)
{
    const char *header = stage_header(call, "Authorization");
    if (!header || strncmp(header, "Bearer ", 7) != 0)
        return NULL;
    struct ticket *ticket = sink->tickets;
    while (ticket && strcmp(ticket->token, header + 7) != 0)
        ticket = ticket->next;
    return ticket ? ticket->run : NULL;
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

static void take_events(struct sink *sink, struct sink_run *run, struct stage_call *call,
                        struct span body)
{
    static const char *const keys[] = {"events"};
    struct span events, element, payload = {NULL, 0};
    if (json_type(body) != JSON_OBJECT || !json_pick(body, keys, &events, 1, NULL) || !events.at ||
        json_type(events) != JSON_ARRAY || count_events(events) < 0) {
        stage_say(call, 422, span_of("expected {\"events\":[{\"event_type\",\"payload\"}]}"));
        return;
    }
    long count = 0;
    for (struct span cursor = events; json_next(&cursor, &element); count++) {
        char *type = read_event(element, &payload);
        run->events++;
        sink->on_event(sink->arg, run, type, payload);
        mem_free(type);
    }
    struct buffer answer;
    buffer_init(&answer, 256);
    buffer_format(&answer, "{\"accepted\":%ld,\"next_sequence\":%zu}", count, run->events + 1);
    stage_add_header(call, "Content-Type", "application/json");
    stage_say(call, 200, buffer_span(&answer));
    buffer_release(&answer);
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

static void take_progress(struct sink *sink, struct sink_run *run, struct stage_call *call,
                          struct span body)
{
    static const char *const keys[] = {"status", "error"};
    struct span values[2];
    enum sink_status status = run->status;
    bool good = json_type(body) == JSON_OBJECT && json_pick(body, keys, values, 2, NULL);
    if (good && values[0].at && json_type(values[0]) != JSON_NULL) {
        char *word = json_string(values[0], TYPE_MAX, NULL);
        good = word && status_of(word, &status);
        mem_free(word);
    }
    if (!good) {
        stage_say(call, 422, span_of("expected an object whose status is one of the API's"));
        return;
    }
    bool accepted = !is_terminal(run->status);
    if (accepted && status != run->status)
        set_status(sink, run, status, values[1]);
    struct buffer answer;
    buffer_init(&answer, 256);
    buffer_format(&answer, "{\"accepted\":%s,\"status\":\"%s\"}", accepted ? "true" : "false",
                  statuses[run->status].answer);
    stage_add_header(call, "Content-Type", "application/json");
    stage_say(call, 200, buffer_span(&answer));
    buffer_release(&answer);
}

/* --- life ------------------------------------------------------------------------------------ */

static void refuse(struct stage_call *call, int status, const char *code, const char *message)
{
    struct buffer body;
    buffer_init(&body, 512);
    buffer_format(&body, "{\"error\":{\"code\":\"%s\",\"message\":\"%s\"}}", code, message);
    stage_add_header(call, "Content-Type", "application/json");
    stage_say(call, status, buffer_span(&body));
    buffer_release(&body);
}

static void on_request(void *arg, struct stage_call *call, const struct stage_request *request)
{
    struct sink *sink = arg;
    bool events = strcmp(request->path, SINK_EVENTS_PATH) == 0;
    bool progress = strcmp(request->path, SINK_PROGRESS_PATH) == 0;
    struct sink_run *run = run_of(sink, call);
    if (!events && !progress)
        refuse(call, 404, "NOT_FOUND", "no such route");
    else if (strcmp(request->method, "POST") != 0)
        refuse(call, 405, "BAD_REQUEST", "POST only");
    else if (!json_check(request->body, NULL))
        stage_say(call, 400, span_of("the body is no JSON"));
    else if (!run)
        refuse(call, 400, "BAD_REQUEST", "the bearer token belongs to no run of this replay");
    else if (events)
        take_events(sink, run, call, request->body);
    else
        take_progress(sink, run, call, request->body);
}

struct sink *sink_open(struct loop *loop, sink_event_fn *on_event, void *arg, struct error *err)
{
    struct sink *sink = mem_new(sizeof *sink);
    *sink = (struct sink){.loop = loop, .on_event = on_event, .arg = arg};
    sink->stage = stage_open(loop, 0, on_request, sink, err);
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
