#include "lambda.h"

#include "config.h"
#include "stage.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define REQUEST_ID "00000000-0000-4000-8000-000000000001"
#define BASE       "/2018-06-01/runtime/"
#define MINE       BASE "invocation/" REQUEST_ID "/"

struct lambda {
    struct loop *loop;
    struct span event;
    int64_t timeout_ms;
    struct lambda_user user;
    struct stage *stage;
    bool started;
    bool answered;
};

static void hand_out(struct lambda *lambda, struct stage_call *call)
{
    char deadline[32];
    if (lambda->started) { /* held: there is no second event */
        if (lambda->answered)
            lambda->user.idle(lambda->user.arg);
        return;
    }
    lambda->started = true;
    snprintf(deadline, sizeof deadline, "%lld",
             (long long)(loop_wall_ms(lambda->loop) + lambda->timeout_ms));
    stage_add_header(call, "Lambda-Runtime-Aws-Request-Id", REQUEST_ID);
    stage_add_header(call, "Lambda-Runtime-Deadline-Ms", deadline);
    stage_add_header(call, "Lambda-Runtime-Invoked-Function-Arn",
                     "arn:aws:lambda:local:000000000000:function:moonmill");
    stage_add_header(call, "Content-Type", "application/json");
    stage_say(call, 200, lambda->event);
    lambda->user.started(lambda->user.arg);
}

static void refuse(struct stage_call *call, int status, const char *type)
{
    char body[128];
    snprintf(body, sizeof body, "{\"errorMessage\":\"refused\",\"errorType\":\"%s\"}", type);
    stage_say(call, status, span_of(body));
}

static void take(struct lambda *lambda, struct stage_call *call, enum lambda_answer how,
                 struct span body)
{
    if (lambda->answered || (how == LAMBDA_INIT_ERROR) == lambda->started) {
        refuse(call, 403, "InvalidStateTransition");
    } else if (body.len > CONFIG_PAYLOAD_MAX) {
        refuse(call, 413, "RequestEntityTooLarge");
    } else {
        lambda->answered = true;
        stage_say(call, 202, span_of("{\"status\":\"OK\"}"));
        lambda->user.answered(lambda->user.arg, how, body);
    }
}

static void on_request(void *arg, struct stage_call *call, const struct stage_request *request)
{
    struct lambda *lambda = arg;
    bool post = strcmp(request->method, "POST") == 0;
    if (!post && strcmp(request->path, BASE "invocation/next") == 0)
        hand_out(lambda, call);
    else if (post && strcmp(request->path, MINE "response") == 0)
        take(lambda, call, LAMBDA_RESPONSE, request->body);
    else if (post && strcmp(request->path, MINE "error") == 0)
        take(lambda, call, LAMBDA_ERROR, request->body);
    else if (post && strcmp(request->path, BASE "init/error") == 0)
        take(lambda, call, LAMBDA_INIT_ERROR, request->body);
    else
        refuse(call, 400, "InvalidRequestID");
}

struct lambda *lambda_open(struct loop *loop, struct span event, int64_t timeout_ms,
                           const struct lambda_user *user, struct error *err)
{
    struct lambda *lambda = mem_new(sizeof *lambda);
    *lambda =
        (struct lambda){.loop = loop, .event = event, .timeout_ms = timeout_ms, .user = *user};
    lambda->stage = stage_open(loop, on_request, lambda, err);
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
