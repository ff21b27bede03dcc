#include "front.h"

#include "config.h"
#include "json.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#define FUNCTIONS  "/2015-03-31/functions/"
#define TAIL_MAX   4096 /* of the log, as Lambda's */
#define UNHAPPY    "Moonmill-Unhappy"
#define ERROR_TYPE "X-Amzn-ErrorType"

/* One that somebody waits for, or nobody (Event). */
struct request {
    struct front *front;
    struct stage_call *call; /* NULL: it was answered already */
    bool wants_log;
    struct invocation *invocation;
    struct request *next;
};

struct front {
    struct front_spec spec;
    struct stage *stage;
    struct request *requests;
    char tail[TAIL_MAX];
    size_t tail_len;
};

/* --- answers --------------------------------------------------------------------------------- */

static void say_json(struct stage_call *call, int status, struct span body)
{
    stage_add_header(call, "Content-Type", "application/json");
    stage_say(call, status, body);
}

/* As Lambda's API tells an error: its type in a header, and why. */
static void refuse(struct stage_call *call, int status, const char *type, const char *message)
{
    struct buffer body;
    buffer_init(&body, 8192);
    buffer_text(&body, "{\"Type\":\"User\",\"Message\":");
    json_put_string(&body, span_of(message));
    buffer_text(&body, "}");
    stage_add_header(call, ERROR_TYPE, type);
    say_json(call, status, buffer_span(&body));
    buffer_release(&body);
}

static void add_log(const struct front *front, struct stage_call *call)
{
    char text[TAIL_MAX * 2];
    EVP_EncodeBlock((unsigned char *)text, (const unsigned char *)front->tail,
                    (int)front->tail_len);
    stage_add_header(call, "X-Amz-Log-Result", text);
}

static void say_failure(struct stage_call *call, const char *how)
{
    bool late = strcmp(how, "timeout") == 0;
    say_json(call, 200,
             span_of(late ? "{\"errorMessage\":\"the function's time was up\","
                            "\"errorType\":\"Sandbox.Timedout\"}"
                          : "{\"errorMessage\":\"the runtime exited without an answer\","
                            "\"errorType\":\"Runtime.ExitError\"}"));
}

static void forget(struct request *request)
{
    struct request **at = &request->front->requests;
    while (*at != request)
        at = &(*at)->next;
    *at = request->next;
    mem_free(request);
}

static void on_over(void *arg, const struct invocation_end *end)
{
    struct request *request = arg;
    struct front *front = request->front;
    struct stage_call *call = request->call;
    bool answered = strcmp(end->how, "answered") == 0;
    char number[24];
    if (call) {
        snprintf(number, sizeof number, "%zu", end->unhappy);
        stage_add_header(call, UNHAPPY, number);
        stage_add_header(call, "X-Amz-Executed-Version", "$LATEST");
        if (!answered)
            stage_add_header(call, "X-Amz-Function-Error", "Unhandled");
        if (request->wants_log)
            add_log(front, call);
        if (answered || end->body.len)
            say_json(call, 200, end->body);
        else
            say_failure(call, end->how);
    }
    forget(request);
    front->spec.over(front->spec.arg, end);
}

/* --- requests -------------------------------------------------------------------------------- */

static bool asks_for(struct stage_call *call, const char *name, const char *value)
{
    const char *given = stage_header(call, name);
    return given && strcmp(given, value) == 0;
}

static void start(struct front *front, struct stage_call *call, struct span event)
{
    struct request *request = mem_new(sizeof *request);
    struct error err = {0};
    bool waits = !asks_for(call, "X-Amz-Invocation-Type", "Event");
    *request = (struct request){.front = front,
                                .call = waits ? call : NULL,
                                .wants_log = asks_for(call, "X-Amz-Log-Type", "Tail"),
                                .next = front->requests};
    front->requests = request;
    request->invocation = invocation_start(front->spec.invoker, event, on_over, request, &err);
    if (!request->invocation) {
        forget(request);
        refuse(call, 400, "InvalidRequestContentException", err.text);
    } else if (!waits) {
        stage_say(call, 202, span_of(""));
    }
}

static void invoke(struct front *front, struct stage_call *call, struct span event)
{
    if (event.len > CONFIG_PAYLOAD_MAX)
        refuse(call, 413, "RequestTooLargeException", "the event is over 6291556 bytes");
    else if (asks_for(call, "X-Amz-Invocation-Type", "DryRun"))
        stage_say(call, 204, span_of(""));
    else
        start(front, call, event.len ? event : span_of("{}"));
}

static void enqueue(struct front *front, struct stage_call *call, struct span event)
{
    struct error err = {0};
    struct buffer out;
    buffer_init(&out, 4 * 1024 * 1024);
    if (desk_enqueue(front->spec.desk, event, &out, &err))
        say_json(call, 200, buffer_span(&out));
    else
        refuse(call, 400, "InvalidRequestContentException", err.text);
    buffer_release(&out);
}

static bool is_invocation(const char *path)
{
    size_t len = strlen(FUNCTIONS);
    const char *name = strncmp(path, FUNCTIONS, len) == 0 ? path + len : NULL;
    const char *slash = name ? strchr(name, '/') : NULL;
    return slash && slash > name && strcmp(slash, "/invocations") == 0;
}

static void on_request(void *arg, struct stage_call *call, const struct stage_request *request)
{
    struct front *front = arg;
    bool post = strcmp(request->method, "POST") == 0;
    bool foreign =
        stage_header(call, "Origin") != NULL; /* a page calls: not ours, which uses /send */
    if (post && is_invocation(request->path) && !foreign)
        invoke(front, call, request->body);
    else if (post && strcmp(request->path, "/enqueue") == 0 && !foreign)
        enqueue(front, call, request->body);
    else if (!page_serve(front->spec.page, call, request))
        refuse(call, 404, "ResourceNotFoundException", "no such path");
}

void front_log(struct front *front, const char *line)
{
    size_t len = strnlen(line, TAIL_MAX - 1) + 1;
    if (front->tail_len + len > TAIL_MAX) {
        size_t gone = front->tail_len + len - TAIL_MAX;
        memmove(front->tail, front->tail + gone, front->tail_len - gone);
        front->tail_len -= gone;
    }
    memcpy(front->tail + front->tail_len, line, len - 1);
    front->tail[front->tail_len + len - 1] = '\n';
    front->tail_len += len;
}

void front_runtime_exited(struct front *front)
{
    for (struct request *request = front->requests, *next; request; request = next) {
        next = request->next;
        invocation_exited(request->invocation);
    }
}

/* --- life ------------------------------------------------------------------------------------ */

struct front *front_open(const struct front_spec *spec, struct error *err)
{
    struct front *front = mem_new(sizeof *front);
    front->spec = *spec;
    front->stage = stage_open(spec->invoker->loop, spec->port, on_request, front, err);
    if (front->stage)
        return front;
    mem_free(front);
    return NULL;
}

void front_close(struct front *front)
{
    if (!front)
        return;
    while (front->requests) {
        invocation_drop(front->requests->invocation);
        forget(front->requests);
    }
    stage_close(front->stage);
    mem_free(front);
}

int front_port(const struct front *front)
{
    return stage_port(front->stage);
}
