#include "runtime.h"

#include "json.h"
#include "loops.h"
#include "server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define LIMIT_MS      10000
#define REQUESTS_MAX  64
#define REQUEST_ID    "8476a536-e9f4-11e8-9739-2dfe598c3fcd"
#define GOOD_HEADERS  "Lambda-Runtime-Aws-Request-Id: " REQUEST_ID "\r\n"
#define NEXT_PATH     "/2018-06-01/runtime/invocation/next"
#define RESPONSE_PATH "/2018-06-01/runtime/invocation/" REQUEST_ID "/response"
#define ERROR_PATH    "/2018-06-01/runtime/invocation/" REQUEST_ID "/error"

/* What the API got. */
struct seen {
    char path[256];
    char method[8];
    char agent[64], content_type[64], error_type[64], cause[8192], invocation_id[64], expect[64];
    bool has_invocation_id;
    char *body;
};

/* A Runtime API that answers by script, and its client; the log goes to a file. */
struct rig {
    struct server *api;
    struct server_answer next[8], post[8]; /* in order; the last one repeats */
    size_t next_count, post_count;
    size_t nexts, posts;
    struct seen seen[REQUESTS_MAX];
    size_t seen_count;
    struct clock clock;
    struct loop *loop;
    struct config config;
    struct log log;
    FILE *log_file;
    struct runtime *runtime;
    struct invocation *invocation;
    bool invoked, answered, lost;
    int answers;
    struct error lost_error;
};

static void copy_header(char *to, size_t size, const struct server_request *request,
                        const char *name)
{
    const char *value = server_header(request, name);
    snprintf(to, size, "%s", value ? value : "");
}

static struct server_answer answer_by_script(void *arg, const struct server_request *request)
{
    struct rig *rig = arg;
    assert_true(rig->seen_count < REQUESTS_MAX);
    struct seen *seen = &rig->seen[rig->seen_count++];
    snprintf(seen->path, sizeof seen->path, "%s", request->path);
    snprintf(seen->method, sizeof seen->method, "%s", request->method);
    copy_header(seen->agent, sizeof seen->agent, request, "User-Agent");
    copy_header(seen->content_type, sizeof seen->content_type, request, "Content-Type");
    copy_header(seen->expect, sizeof seen->expect, request, "Expect");
    copy_header(seen->error_type, sizeof seen->error_type, request,
                "Lambda-Runtime-Function-Error-Type");
    copy_header(seen->cause, sizeof seen->cause, request,
                "Lambda-Runtime-Function-XRay-Error-Cause");
    copy_header(seen->invocation_id, sizeof seen->invocation_id, request,
                "Lambda-Runtime-Invocation-Id");
    seen->has_invocation_id = server_header(request, "Lambda-Runtime-Invocation-Id") != NULL;
    seen->body = mem_string(request->body);
    if (strcmp(request->method, "GET") == 0) {
        size_t at = rig->nexts < rig->next_count ? rig->nexts : rig->next_count - 1;
        rig->nexts++;
        return rig->next[at];
    }
    size_t at = rig->posts < rig->post_count ? rig->posts : rig->post_count - 1;
    rig->posts++;
    return rig->post[at];
}

static void on_invoked(void *arg, struct invocation *invocation)
{
    struct rig *rig = arg;
    assert_null(rig->invocation);
    rig->invocation = invocation;
    rig->invoked = true;
}

static void on_answered(void *arg)
{
    struct rig *rig = arg;
    rig->answered = true;
    rig->answers++;
}

static void on_lost(void *arg, const struct error *err)
{
    struct rig *rig = arg;
    rig->lost_error = *err;
    rig->lost = true;
}

static struct runtime *open_runtime(struct rig *rig, const char *api, struct error *err)
{
    struct runtime_user user = {rig, on_invoked, on_answered, on_lost};
    mem_free(rig->config.runtime_api);
    rig->config.runtime_api = mem_copy(api);
    return runtime_new(rig->loop, &rig->config, &rig->log, &user, err);
}

static int set_up(void **state)
{
    struct rig *rig = mem_new(sizeof *rig);
    rig->loop = loop_new(&rig->clock, NULL);
    rig->log_file = tmpfile();
    rig->log = (struct log){.clock = &rig->clock, .fd = fileno(rig->log_file), .json = true};
    rig->api = server_start(0, answer_by_script, rig);
    rig->runtime = open_runtime(rig, server_url(rig->api), NULL);
    assert_non_null(rig->runtime);
    rig->post[0] = (struct server_answer){.status = 202, .body = "{\"status\":\"OK\"}"};
    rig->post_count = 1;
    *state = rig;
    return 0;
}

static int tear_down(void **state)
{
    struct rig *rig = *state;
    runtime_free(rig->runtime);
    server_stop(rig->api);
    loop_free(rig->loop);
    invocation_free(rig->invocation);
    for (size_t i = 0; i < rig->seen_count; i++)
        mem_free(rig->seen[i].body);
    mem_free(rig->config.runtime_api);
    fclose(rig->log_file);
    mem_free(rig);
    return 0;
}

static void script_next(struct rig *rig, struct server_answer answer)
{
    rig->next[rig->next_count++] = answer;
}

static void script_event(struct rig *rig, const char *headers, const char *body)
{
    script_next(rig, (struct server_answer){.status = 200, .headers = headers, .body = body});
}

/* After the events: a poll that hangs, as on an idle queue. */
static void script_idle(struct rig *rig)
{
    script_next(rig, (struct server_answer){.fault = SERVER_HANGS});
}

static struct invocation *take(struct rig *rig)
{
    rig->invoked = false;
    runtime_next(rig->runtime);
    assert_true(loops_until(rig->loop, &rig->invoked, LIMIT_MS));
    struct invocation *invocation = rig->invocation;
    rig->invocation = NULL;
    return invocation;
}

/* The number of log lines that hold the text. */
static int logged(struct rig *rig, const char *text)
{
    char line[16384];
    int count = 0;
    rewind(rig->log_file);
    while (fgets(line, sizeof line, rig->log_file))
        count += strstr(line, text) != NULL;
    fseek(rig->log_file, 0, SEEK_END);
    return count;
}

static const struct seen *last_post(const struct rig *rig)
{
    for (size_t i = rig->seen_count; i > 0; i--)
        if (strcmp(rig->seen[i - 1].method, "POST") == 0)
            return &rig->seen[i - 1];
    fail_msg("no POST was seen");
    return NULL;
}

/* --- next ------------------------------------------------------------------------------------ */

static void next_hands_out_the_event_with_its_headers(void **state)
{
    struct rig *rig = *state;
    char headers[512];
    long long deadline_ms = clock_wall_ms(&rig->clock) + 60000;
    snprintf(headers, sizeof headers,
             GOOD_HEADERS "Lambda-Runtime-Deadline-Ms: %lld\r\n"
                          "lambda-runtime-trace-id: Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700\r\n"
                          "Lambda-Runtime-Invoked-Function-Arn: arn:aws:lambda:x\r\n"
                          "Lambda-Runtime-Invocation-Id: inv-7\r\n",
             deadline_ms);
    script_event(rig, headers, "{\"Records\":[]}");
    struct invocation *invocation = take(rig);
    assert_string_equal(invocation->request_id, REQUEST_ID);
    assert_string_equal(invocation->trace, "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700");
    assert_string_equal(invocation->function_arn, "arn:aws:lambda:x");
    assert_string_equal(invocation->invocation_id, "inv-7");
    assert_int_equal(invocation->deadline_ms, deadline_ms);
    assert_true(invocation->received_ms <= clock_wall_ms(&rig->clock));
    assert_true(span_is(buffer_span(&invocation->event), "{\"Records\":[]}"));
    invocation_free(invocation);
    assert_string_equal(rig->seen[0].path, NEXT_PATH);
    assert_string_equal(rig->seen[0].agent, "moonmill/" MOONMILL_VERSION);
    assert_int_equal(logged(rig, "deadline"), 0);
}

static void next_takes_empty_headers_for_absent(void **state)
{
    struct rig *rig = *state;
    script_event(rig,
                 GOOD_HEADERS "Lambda-Runtime-Trace-Id:\r\nLambda-Runtime-Invocation-Id: \r\n"
                              "Lambda-Runtime-Invoked-Function-Arn:\r\n",
                 "{}");
    struct invocation *invocation = take(rig);
    assert_null(invocation->trace);
    assert_null(invocation->invocation_id);
    assert_null(invocation->function_arn);
    invocation_free(invocation);
}

static void next_runs_without_a_deadline_that_cannot_be_believed_and_says_so_once(void **state)
{
    struct rig *rig = *state;
    char past[256], far[256];
    long long now_ms = clock_wall_ms(&rig->clock);
    snprintf(past, sizeof past, GOOD_HEADERS "Lambda-Runtime-Deadline-Ms: %lld\r\n", now_ms - 5000);
    snprintf(far, sizeof far, GOOD_HEADERS "Lambda-Runtime-Deadline-Ms: %lld\r\n",
             now_ms + 11LL * 86400000);
    const char *cases[] = {
        GOOD_HEADERS,
        past,
        far,
        GOOD_HEADERS "Lambda-Runtime-Deadline-Ms: 600000\r\n",
        GOOD_HEADERS "Lambda-Runtime-Deadline-Ms: soon\r\n",
        GOOD_HEADERS "Lambda-Runtime-Deadline-Ms: -1\r\n",
        GOOD_HEADERS "Lambda-Runtime-Deadline-Ms: 99999999999999999999999999\r\n",
    };
    const size_t count = sizeof cases / sizeof *cases;
    for (size_t i = 0; i < count; i++)
        script_event(rig, cases[i], "{}");
    for (size_t i = 0; i < count; i++) {
        struct invocation *invocation = take(rig);
        assert_int_equal(invocation->deadline_ms, 0);
        invocation_free(invocation);
    }
    assert_int_equal(logged(rig, "deadline"), 1);
}

static void next_asks_again(void **state, struct server_answer first, const char *log_text)
{
    struct rig *rig = *state;
    script_next(rig, first);
    script_event(rig, GOOD_HEADERS, "{}");
    struct invocation *invocation = take(rig);
    assert_string_equal(invocation->request_id, REQUEST_ID);
    invocation_free(invocation);
    assert_int_equal(rig->nexts, 2);
    if (log_text)
        assert_int_equal(logged(rig, log_text), 1);
    else
        assert_int_equal(logged(rig, "Runtime API"), 0);
}

static void next_polls_again_after_204(void **state)
{
    next_asks_again(state, (struct server_answer){.status = 204}, NULL);
}

static void next_asks_again_after_an_event_without_request_id(void **state)
{
    next_asks_again(state, (struct server_answer){.status = 200, .body = "{}"}, "request id");
}

static void next_asks_again_after_an_empty_request_id(void **state)
{
    next_asks_again(state,
                    (struct server_answer){.status = 200,
                                           .headers = "Lambda-Runtime-Aws-Request-Id:\r\n",
                                           .body = "{}"},
                    "request id");
}

static void next_asks_again_after_a_status_it_does_not_know(void **state)
{
    next_asks_again(state, (struct server_answer){.status = 502, .body = "bad \x01gateway"},
                    "\"status\":502,\"answer\":\"bad ?gateway\"");
}

static void next_follows_no_redirect(void **state)
{
    next_asks_again(state,
                    (struct server_answer){.status = 307, .headers = "Location: /elsewhere\r\n"},
                    "\"status\":307");
}

static void next_reconnects_after_a_closed_connection(void **state)
{
    next_asks_again(state, (struct server_answer){.fault = SERVER_CLOSES}, "connection");
}

static void next_reconnects_after_a_reset_and_logs_errno(void **state)
{
    next_asks_again(state, (struct server_answer){.fault = SERVER_RESETS}, "connection");
}

static void next_asks_again_after_half_an_event(void **state)
{
    next_asks_again(state,
                    (struct server_answer){.status = 200,
                                           .headers = GOOD_HEADERS,
                                           .body = "{\"Records\":[]}",
                                           .fault = SERVER_HALF},
                    "connection");
}

static void next_waits_for_an_api_that_is_not_there_yet(void **state)
{
    struct rig *rig = *state;
    int port = server_port(rig->api);
    char where[64];
    server_stop(rig->api);
    rig->api = NULL;
    runtime_next(rig->runtime);
    loops_for(rig->loop, 200);
    assert_false(rig->invoked);
    snprintf(where, sizeof where, "%s", strerror(ECONNREFUSED));
    assert_true(logged(rig, where) >= 1);
    script_event(rig, GOOD_HEADERS, "{}");
    rig->api = server_start(port, answer_by_script, rig);
    assert_true(loops_until(rig->loop, &rig->invoked, LIMIT_MS));
}

static void next_backs_off_rather_than_hammer(void **state)
{
    struct rig *rig = *state;
    script_next(rig, (struct server_answer){.status = 503});
    runtime_next(rig->runtime);
    loops_for(rig->loop, 500);
    /* 50 + 100 + 200 ms apart, and slower on a slow machine */
    assert_true(rig->nexts >= 1 && rig->nexts <= 5);
}

static void next_says_the_environment_is_over(void **state, int status)
{
    struct rig *rig = *state;
    char text[32];
    snprintf(text, sizeof text, "%d", status);
    script_next(rig, (struct server_answer){.status = status,
                                            .body = "{\"errorType\":\"InvalidStateTransition\"}"});
    runtime_next(rig->runtime);
    assert_true(loops_until(rig->loop, &rig->lost, LIMIT_MS));
    assert_false(rig->invoked);
    assert_non_null(strstr(rig->lost_error.text, text));
    assert_non_null(strstr(rig->lost_error.text, "InvalidStateTransition"));
    loops_for(rig->loop, 200);
    assert_int_equal(rig->nexts, 1);
}

static void next_is_lost_on_403(void **state)
{
    next_says_the_environment_is_over(state, 403);
}

static void next_is_lost_on_500(void **state)
{
    next_says_the_environment_is_over(state, 500);
}

static void next_takes_an_event_of_the_largest_size(void **state)
{
    struct rig *rig = *state;
    char *event = mem_new(CONFIG_PAYLOAD_MAX + 1);
    memset(event, ' ', CONFIG_PAYLOAD_MAX);
    script_event(rig, GOOD_HEADERS, event);
    struct invocation *invocation = take(rig);
    assert_int_equal(invocation->event.len, CONFIG_PAYLOAD_MAX);
    invocation_free(invocation);
    mem_free(event);
}

static void next_refuses_a_larger_event_by_itself_and_goes_on(void **state)
{
    struct rig *rig = *state;
    char *event = mem_new(CONFIG_PAYLOAD_MAX + 2);
    memset(event, ' ', CONFIG_PAYLOAD_MAX + 1);
    script_event(rig, GOOD_HEADERS, event);
    script_event(rig, GOOD_HEADERS, "{}");
    struct invocation *invocation = take(rig);
    assert_true(span_is(buffer_span(&invocation->event), "{}"));
    assert_string_equal(last_post(rig)->path, ERROR_PATH);
    assert_string_equal(last_post(rig)->error_type, "Runtime.EventTooLarge");
    assert_false(rig->answered);
    invocation_free(invocation);
    mem_free(event);
}

static void next_uses_no_proxy(void **state)
{
    struct rig *rig = *state;
    setenv("http_proxy", "http://127.0.0.1:1", 1);
    setenv("ALL_PROXY", "http://127.0.0.1:1", 1);
    script_event(rig, GOOD_HEADERS, "{}");
    struct invocation *invocation = take(rig);
    invocation_free(invocation);
    unsetenv("http_proxy");
    unsetenv("ALL_PROXY");
}

/* --- answers --------------------------------------------------------------------------------- */

static void respond_posts_the_body_as_it_is(void **state)
{
    struct rig *rig = *state;
    script_event(rig, GOOD_HEADERS "Lambda-Runtime-Invocation-Id: inv-7\r\n", "{}");
    script_idle(rig);
    char body[] = "{\"batchItemFailures\":[]}";
    runtime_respond(rig->runtime, take(rig), span_of(body));
    memset(body, 'x', sizeof body - 1); /* the body was copied */
    assert_false(rig->answered);        /* never from inside the call */
    assert_true(loops_until(rig->loop, &rig->answered, LIMIT_MS));
    const struct seen *seen = last_post(rig);
    assert_string_equal(seen->path, RESPONSE_PATH);
    assert_string_equal(seen->body, "{\"batchItemFailures\":[]}");
    assert_string_equal(seen->content_type, "application/json");
    assert_string_equal(seen->agent, "moonmill/" MOONMILL_VERSION);
    assert_string_equal(seen->invocation_id, "inv-7");
    assert_string_equal(seen->error_type, "");
    assert_string_equal(seen->expect, "");
    assert_int_equal(logged(rig, "Runtime API"), 0);
}

static void respond_sends_no_invocation_id_that_it_was_not_given(void **state)
{
    struct rig *rig = *state;
    script_event(rig, GOOD_HEADERS, "{}");
    runtime_respond(rig->runtime, take(rig), span_of("{}"));
    assert_true(loops_until(rig->loop, &rig->answered, LIMIT_MS));
    assert_false(last_post(rig)->has_invocation_id);
}

static void respond_keeps_invocations_apart(void **state)
{
    struct rig *rig = *state;
    script_event(rig, GOOD_HEADERS "Lambda-Runtime-Invocation-Id: inv-1\r\n", "{}");
    script_event(rig, "Lambda-Runtime-Aws-Request-Id: second one\r\n", "{}");
    runtime_respond(rig->runtime, take(rig), span_of("{\"n\":1}"));
    assert_true(loops_until(rig->loop, &rig->answered, LIMIT_MS));
    rig->answered = false;
    runtime_respond(rig->runtime, take(rig), span_of("2"));
    assert_true(loops_until(rig->loop, &rig->answered, LIMIT_MS));
    assert_string_equal(last_post(rig)->path,
                        "/2018-06-01/runtime/invocation/second%20one/response");
    assert_string_equal(last_post(rig)->body, "2");
    assert_false(last_post(rig)->has_invocation_id);
}

static void respond_goes_on_after_a_refusal(void **state)
{
    static const int statuses[] = {400, 403, 404, 410, 413};
    struct rig *rig = *state;
    const size_t count = sizeof statuses / sizeof *statuses;
    rig->post_count = 0;
    for (size_t i = 0; i < count; i++) {
        script_event(rig, GOOD_HEADERS, "{}");
        rig->post[rig->post_count++] =
            (struct server_answer){.status = statuses[i], .body = "{\"errorType\":\"No\"}"};
    }
    for (size_t i = 0; i < count; i++) {
        char text[32];
        rig->answered = false;
        runtime_respond(rig->runtime, take(rig), span_of("{}"));
        assert_true(loops_until(rig->loop, &rig->answered, LIMIT_MS));
        snprintf(text, sizeof text, "\"status\":%d", statuses[i]);
        assert_int_equal(logged(rig, text), 1);
    }
    assert_false(rig->lost);
    assert_int_equal(rig->posts, count); /* no /error after a 413 */
    assert_int_equal(logged(rig, REQUEST_ID), count);
}

static void respond_is_lost_on_500(void **state)
{
    struct rig *rig = *state;
    script_event(rig, GOOD_HEADERS, "{}");
    rig->post[0] = (struct server_answer){.status = 500};
    runtime_respond(rig->runtime, take(rig), span_of("{}"));
    assert_true(loops_until(rig->loop, &rig->lost, LIMIT_MS));
    assert_false(rig->answered);
    assert_non_null(strstr(rig->lost_error.text, "500"));
}

static void respond_never_sends_twice(void **state, enum server_fault fault)
{
    struct rig *rig = *state;
    /* the first answer leaves a used connection behind, if one is kept at all */
    script_event(rig, GOOD_HEADERS, "{}");
    rig->post[1] = (struct server_answer){.fault = fault, .status = 202, .body = "{}"};
    rig->post_count = 2;
    runtime_respond(rig->runtime, take(rig), span_of("{\"n\":1}"));
    assert_true(loops_until(rig->loop, &rig->answered, LIMIT_MS));
    rig->answered = false;
    runtime_respond(rig->runtime, take(rig), span_of("{\"n\":2}"));
    assert_true(loops_until(rig->loop, &rig->answered, LIMIT_MS));
    loops_for(rig->loop, 200);
    assert_int_equal(rig->posts, 2);
    assert_int_equal(logged(rig, "broke"), 1);
    assert_false(rig->lost);
}

static void respond_is_not_repeated_when_the_connection_closes(void **state)
{
    respond_never_sends_twice(state, SERVER_CLOSES);
}

static void respond_is_not_repeated_when_the_connection_is_reset(void **state)
{
    respond_never_sends_twice(state, SERVER_RESETS);
}

static void respond_is_not_repeated_when_the_answer_is_cut(void **state)
{
    respond_never_sends_twice(state, SERVER_HALF);
}

/* An API that reads the start of a body and hangs up. */
struct cutter {
    int listener;
    int port;
    int accepted;
    pthread_t thread;
};

static void *cut_all(void *arg)
{
    struct cutter *cutter = arg;
    char chunk[4096];
    for (;;) {
        int fd = accept(cutter->listener, NULL, NULL);
        if (fd < 0)
            return NULL;
        cutter->accepted++;
        while (recv(fd, chunk, sizeof chunk, 0) < (ssize_t)sizeof chunk)
            continue;
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &(struct linger){.l_onoff = 1},
                   sizeof(struct linger));
        close(fd);
    }
}

static void cutter_start(struct cutter *cutter)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    *cutter = (struct cutter){.listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    assert_int_equal(bind(cutter->listener, (struct sockaddr *)&address, size), 0);
    assert_int_equal(listen(cutter->listener, 8), 0);
    assert_int_equal(getsockname(cutter->listener, (struct sockaddr *)&address, &size), 0);
    cutter->port = ntohs(address.sin_port);
    assert_int_equal(pthread_create(&cutter->thread, NULL, cut_all, cutter), 0);
}

static void cutter_stop(struct cutter *cutter)
{
    shutdown(cutter->listener, SHUT_RDWR);
    pthread_join(cutter->thread, NULL);
    close(cutter->listener);
}

static void respond_is_not_repeated_when_it_breaks_mid_body(void **state)
{
    struct rig *rig = *state;
    struct cutter cutter;
    char api[64];
    cutter_start(&cutter);
    snprintf(api, sizeof api, "127.0.0.1:%d", cutter.port);
    runtime_free(rig->runtime);
    rig->runtime = open_runtime(rig, api, NULL);
    struct invocation *invocation = mem_new(sizeof *invocation);
    invocation->request_id = mem_copy(REQUEST_ID);
    char *body = mem_new(CONFIG_PAYLOAD_MAX);
    memset(body, 'x', CONFIG_PAYLOAD_MAX);
    runtime_respond(rig->runtime, invocation, (struct span){body, CONFIG_PAYLOAD_MAX});
    mem_free(body);
    assert_true(loops_until(rig->loop, &rig->answered, LIMIT_MS));
    loops_for(rig->loop, 200);
    cutter_stop(&cutter);
    assert_int_equal(cutter.accepted, 1);
    assert_int_equal(logged(rig, "broke"), 1);
    assert_int_equal(rig->answers, 1);
}

static void respond_tries_again_only_while_nothing_was_sent(void **state)
{
    struct rig *rig = *state;
    int port = server_port(rig->api);
    script_event(rig, GOOD_HEADERS, "{}");
    struct invocation *invocation = take(rig);
    server_stop(rig->api);
    rig->api = NULL;
    runtime_respond(rig->runtime, invocation, span_of("{}"));
    loops_for(rig->loop, 20);
    rig->api = server_start(port, answer_by_script, rig);
    assert_true(loops_until(rig->loop, &rig->answered, LIMIT_MS));
    assert_int_equal(rig->answers, 1);
    assert_true(rig->posts <= 1);
}

static void respond_gives_up_on_an_api_that_is_gone(void **state)
{
    struct rig *rig = *state;
    script_event(rig, GOOD_HEADERS, "{}");
    struct invocation *invocation = take(rig);
    server_stop(rig->api);
    rig->api = NULL;
    runtime_respond(rig->runtime, invocation, span_of("{}"));
    assert_true(loops_until(rig->loop, &rig->answered, LIMIT_MS));
    assert_true(logged(rig, "broke") > 1);
}

/* --- errors ---------------------------------------------------------------------------------- */

static void fail_posts_type_message_and_cause(void **state)
{
    struct rig *rig = *state;
    script_event(rig, GOOD_HEADERS "Lambda-Runtime-Invocation-Id: inv-7\r\n", "{}");
    runtime_fail(rig->runtime, take(rig), "Runtime.EventMalformed",
                 "not \"JSON\"\r\nat byte 3\x7f");
    assert_true(loops_until(rig->loop, &rig->answered, LIMIT_MS));
    const struct seen *seen = last_post(rig);
    assert_string_equal(seen->path, ERROR_PATH);
    assert_string_equal(seen->error_type, "Runtime.EventMalformed");
    assert_string_equal(seen->invocation_id, "inv-7");
    assert_string_equal(seen->body, "{\"errorMessage\":\"not \\\"JSON\\\"  at byte 3 \","
                                    "\"errorType\":\"Runtime.EventMalformed\",\"stackTrace\":[]}");
    assert_string_equal(seen->cause,
                        "{\"working_directory\":\"/var/task\",\"exceptions\":[{\"type\":"
                        "\"Runtime.EventMalformed\",\"message\":\"not \\\"JSON\\\"  at byte 3 \","
                        "\"stack\":[]}],\"paths\":[]}");
}

static void fail_sends_only_types_that_lambda_knows(void **state)
{
    static const struct {
        const char *type, *sent;
    } cases[] = {
        {"Runtime.Unknown", "Runtime.Unknown"},     {"Function.TimedOut", "Function.TimedOut"},
        {"Runtime.E", "Runtime.Unknown"},           {"Runtime.bad", "Runtime.Unknown"},
        {"Runtime.Exit1", "Runtime.Unknown"},       {"Other.Error", "Runtime.Unknown"},
        {"Runtime.Bad\r\nX: y", "Runtime.Unknown"}, {"", "Runtime.Unknown"},
    };
    struct rig *rig = *state;
    script_event(rig, GOOD_HEADERS, "{}");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        rig->answered = false;
        runtime_fail(rig->runtime, take(rig), cases[i].type, "m");
        assert_true(loops_until(rig->loop, &rig->answered, LIMIT_MS));
        assert_string_equal(last_post(rig)->error_type, cases[i].sent);
    }
}

static void fail_cuts_a_long_message_and_mends_a_broken_one(void **state)
{
    struct rig *rig = *state;
    script_event(rig, GOOD_HEADERS, "{}");
    size_t size = 2 * 1024 * 1024;
    char *message = mem_new(size + 1);
    for (size_t i = 0; i + 1 < size; i += 2)
        memcpy(message + i, "\xc3\xa9", 2);
    runtime_fail(rig->runtime, take(rig), "Runtime.Unknown", message);
    assert_true(loops_until(rig->loop, &rig->answered, LIMIT_MS));
    assert_true(strlen(last_post(rig)->body) < 64 * 1024);
    assert_true(json_check(span_of(last_post(rig)->body), NULL));
    assert_non_null(strstr(last_post(rig)->body, "\xc3\xa9\""));
    rig->answered = false;
    runtime_fail(rig->runtime, take(rig), "Runtime.Unknown", "bad \xff byte");
    assert_true(loops_until(rig->loop, &rig->answered, LIMIT_MS));
    assert_non_null(strstr(last_post(rig)->body, "\"bad ? byte\""));
    mem_free(message);
}

static void init_error_is_posted_before_the_first_next(void **state)
{
    struct rig *rig = *state;
    runtime_init_error(rig->runtime, "Runtime.FlowsMissing", "no flows in /var/task/flows");
    assert_true(loops_until(rig->loop, &rig->answered, LIMIT_MS));
    assert_string_equal(last_post(rig)->path, "/2018-06-01/runtime/init/error");
    assert_string_equal(last_post(rig)->error_type, "Runtime.FlowsMissing");
    assert_false(last_post(rig)->has_invocation_id);
}

static void init_error_that_is_refused_is_logged(void **state)
{
    struct rig *rig = *state;
    rig->post[0] = (struct server_answer){.status = 403};
    runtime_init_error(rig->runtime, "Runtime.FlowsMissing", "no flows");
    assert_true(loops_until(rig->loop, &rig->answered, LIMIT_MS));
    assert_int_equal(logged(rig, "init/error"), 1);
}

/* --- life ------------------------------------------------------------------------------------ */

static void new_reads_where_the_api_is(void **state)
{
    static const struct {
        const char *api;
        bool good;
    } cases[] = {
        {"127.0.0.1:9001", true},
        {"localhost:9001", true},
        {"127.0.0.1", true},
        {"http://127.0.0.1:9001", true},
        {"HTTP://127.0.0.1:9001/", true},
        {"http://[::1]:9000/.rt", true},
        {"[::1]:9000/.rt", true},
        {"https://127.0.0.1:9001", false},
        {"ftp://127.0.0.1", false},
        {"", false},
        {"http://", false},
        {"127.0.0.1:99999", false},
        {"127.0.0.1:9001/a?b", false},
        {"127.0.0.1:9001#x", false},
        {"me@127.0.0.1:9001", false},
        {"a b", false},
        {NULL, false},
    };
    struct rig *rig = *state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct error err = {0};
        struct runtime *runtime = open_runtime(rig, cases[i].api, &err);
        if (!!runtime != cases[i].good)
            fail_msg("'%s': %s", cases[i].api, err.text);
        if (!cases[i].good)
            assert_non_null(strstr(err.text, "AWS_LAMBDA_RUNTIME_API"));
        runtime_free(runtime);
    }
}

static void new_keeps_a_path_prefix(void **state)
{
    struct rig *rig = *state;
    char api[64];
    snprintf(api, sizeof api, "%s/.rt/", server_url(rig->api));
    runtime_free(rig->runtime);
    rig->runtime = open_runtime(rig, api, NULL);
    script_event(rig, GOOD_HEADERS, "{}");
    runtime_respond(rig->runtime, take(rig), span_of("{}"));
    assert_true(loops_until(rig->loop, &rig->answered, LIMIT_MS));
    assert_string_equal(rig->seen[0].path, "/.rt" NEXT_PATH);
    assert_string_equal(last_post(rig)->path, "/.rt" RESPONSE_PATH);
}

static void free_ends_whatever_is_under_way(void **state)
{
    struct rig *rig = *state;
    script_event(rig, GOOD_HEADERS, "{}");
    script_idle(rig);
    rig->post[0] = (struct server_answer){.fault = SERVER_HANGS};
    struct invocation *invocation = take(rig);
    runtime_next(rig->runtime);
    runtime_fail(rig->runtime, invocation, "Runtime.Unknown", "m");
    loops_for(rig->loop, 50);
    runtime_free(rig->runtime);
    rig->runtime = NULL;
    loops_for(rig->loop, 50);
    assert_false(rig->answered);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(next_hands_out_the_event_with_its_headers),
        TEST(next_takes_empty_headers_for_absent),
        TEST(next_runs_without_a_deadline_that_cannot_be_believed_and_says_so_once),
        TEST(next_polls_again_after_204),
        TEST(next_asks_again_after_an_event_without_request_id),
        TEST(next_asks_again_after_an_empty_request_id),
        TEST(next_asks_again_after_a_status_it_does_not_know),
        TEST(next_follows_no_redirect),
        TEST(next_reconnects_after_a_closed_connection),
        TEST(next_reconnects_after_a_reset_and_logs_errno),
        TEST(next_asks_again_after_half_an_event),
        TEST(next_waits_for_an_api_that_is_not_there_yet),
        TEST(next_backs_off_rather_than_hammer),
        TEST(next_is_lost_on_403),
        TEST(next_is_lost_on_500),
        TEST(next_takes_an_event_of_the_largest_size),
        TEST(next_refuses_a_larger_event_by_itself_and_goes_on),
        TEST(next_uses_no_proxy),
        TEST(respond_posts_the_body_as_it_is),
        TEST(respond_sends_no_invocation_id_that_it_was_not_given),
        TEST(respond_keeps_invocations_apart),
        TEST(respond_goes_on_after_a_refusal),
        TEST(respond_is_lost_on_500),
        TEST(respond_is_not_repeated_when_the_connection_closes),
        TEST(respond_is_not_repeated_when_the_connection_is_reset),
        TEST(respond_is_not_repeated_when_the_answer_is_cut),
        TEST(respond_is_not_repeated_when_it_breaks_mid_body),
        TEST(respond_tries_again_only_while_nothing_was_sent),
        TEST(respond_gives_up_on_an_api_that_is_gone),
        TEST(fail_posts_type_message_and_cause),
        TEST(fail_sends_only_types_that_lambda_knows),
        TEST(fail_cuts_a_long_message_and_mends_a_broken_one),
        TEST(init_error_is_posted_before_the_first_next),
        TEST(init_error_that_is_refused_is_logged),
        TEST(new_reads_where_the_api_is),
        TEST(new_keeps_a_path_prefix),
        TEST(free_ends_whatever_is_under_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
