#include "lambda.h"

#include "config.h"
#include "stage.h"

#include <stdio.h>
#include <string.h>

#define BASE "/2018-06-01/runtime/"

struct lambda {
    struct loop *loop;
    struct lambda_user user;
    struct stage *stage;
    struct lambda_invocation *given;   /* handed out, not answered */
    struct lambda_invocation *waiting; /* in their order */
    struct stage_call *poll;           /* held */
    bool started;                      /* the runtime has polled */
};

/* --- handing out ----------------------------------------------------------------------------- */

static void give(struct lambda *lambda, struct stage_call *call)
{
    const struct lambda_invocation *invocation = lambda->given;
    char deadline[32];
    int64_t deadline_ms = loop_wall_ms(lambda->loop) + invocation->timeout_ms;
    snprintf(deadline, sizeof deadline, "%lld", (long long)deadline_ms);
    stage_add_header(call, "Lambda-Runtime-Aws-Request-Id", invocation->request_id);
    stage_add_header(call, "Lambda-Runtime-Deadline-Ms", deadline);
    stage_add_header(call, "Lambda-Runtime-Invoked-Function-Arn",
                     "arn:aws:lambda:local:000000000000:function:moonmill");
    stage_add_header(call, "Content-Type", "application/json");
    stage_say(call, 200, invocation->event);
    invocation->started(invocation->arg, deadline_ms);
}

static void give_next(struct lambda *lambda)
{
    struct lambda_invocation *next = lambda->waiting;
    struct stage_call *call = lambda->poll;
    if (!next || !call || lambda->given)
        return;
    lambda->waiting = next->next;
    lambda->poll = NULL;
    next->waits = false;
    next->given = true;
    lambda->given = next;
    give(lambda, call);
}

static void take_poll(struct lambda *lambda, struct stage_call *call)
{
    lambda->started = true;
    if (lambda->given) {
        give(lambda, call);
        return;
    }
    lambda->poll = call;
    if (lambda->waiting)
        give_next(lambda);
    else
        lambda->user.idle(lambda->user.arg);
}

void lambda_invoke(struct lambda *lambda, struct lambda_invocation *invocation)
{
    struct lambda_invocation **end = &lambda->waiting;
    while (*end)
        end = &(*end)->next;
    *end = invocation;
    invocation->next = NULL;
    invocation->waits = true;
    invocation->given = false;
    uuid_make(invocation->request_id);
    give_next(lambda);
}

void lambda_withdraw(struct lambda *lambda, struct lambda_invocation *invocation)
{
    if (lambda->given == invocation)
        lambda->given = NULL;
    for (struct lambda_invocation **at = &lambda->waiting; *at; at = &(*at)->next) {
        if (*at == invocation) {
            *at = invocation->next;
            break;
        }
    }
    invocation->waits = invocation->given = false;
}

bool lambda_is_busy(const struct lambda *lambda)
{
    return lambda->given != NULL;
}

void lambda_gone(struct lambda *lambda)
{
    if (lambda->poll)
        stage_say(lambda->poll, 500, span_of(""));
    lambda->poll = NULL;
    lambda->started = false;
}

/* --- answers --------------------------------------------------------------------------------- */

static void refuse(struct stage_call *call, int status, const char *type)
{
    char body[128];
    snprintf(body, sizeof body, "{\"errorMessage\":\"refused\",\"errorType\":\"%s\"}", type);
    stage_say(call, status, span_of(body));
}

static void say_ok(struct stage_call *call)
{
    stage_say(call, 202, span_of("{\"status\":\"OK\"}"));
}

static void take_init_error(struct lambda *lambda, struct stage_call *call, struct span body)
{
    if (lambda->started) {
        refuse(call, 403, "InvalidStateTransition");
        return;
    }
    say_ok(call);
    lambda->user.refused_start(lambda->user.arg, body);
}

static void take_answer(struct lambda *lambda, struct stage_call *call, enum lambda_answer how,
                        struct span body)
{
    struct lambda_invocation *invocation = lambda->given;
    if (body.len > CONFIG_PAYLOAD_MAX) {
        refuse(call, 413, "RequestEntityTooLarge");
        return;
    }
    say_ok(call);
    lambda->given = NULL;
    invocation->given = false;
    invocation->answered(invocation->arg, how, body);
}

/* "<request id>/response" of the invocation that is handed out; NULL: another one's. */
static const char *what_of(const struct lambda *lambda, const char *rest)
{
    size_t len = lambda->given ? strlen(lambda->given->request_id) : 0;
    return len && strncmp(rest, lambda->given->request_id, len) == 0 && rest[len] == '/'
               ? rest + len + 1
               : NULL;
}

static void on_request(void *arg, struct stage_call *call, const struct stage_request *request)
{
    static const char invocation[] = BASE "invocation/";
    struct lambda *lambda = arg;
    bool post = strcmp(request->method, "POST") == 0;
    bool about = post && strncmp(request->path, invocation, strlen(invocation)) == 0;
    const char *what = about ? what_of(lambda, request->path + strlen(invocation)) : NULL;
    if (!post && strcmp(request->path, BASE "invocation/next") == 0)
        take_poll(lambda, call);
    else if (post && strcmp(request->path, BASE "init/error") == 0)
        take_init_error(lambda, call, request->body);
    else if (what && strcmp(what, "response") == 0)
        take_answer(lambda, call, LAMBDA_RESPONSE, request->body);
    else if (what && strcmp(what, "error") == 0)
        take_answer(lambda, call, LAMBDA_ERROR, request->body);
    else
        refuse(call, 400, "InvalidRequestID");
}

struct lambda *lambda_open(struct loop *loop, int port, const struct lambda_user *user,
                           struct error *err)
{
    struct lambda *lambda = mem_new(sizeof *lambda);
    *lambda = (struct lambda){.loop = loop, .user = *user};
    lambda->stage = stage_open(loop, port, on_request, lambda, err);
    if (lambda->stage)
        return lambda;
    mem_free(lambda);
    return NULL;
}

void lambda_close(struct lambda *lambda)
{
    if (!lambda)
        return;
    stage_close(lambda->stage);
    mem_free(lambda);
}

int lambda_port(const struct lambda *lambda)
{
    return stage_port(lambda->stage);
}
