#include "apart.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MB (1024 * 1024)

static void say(const struct apart_told *told, const char *what, struct span a, struct span b)
{
    dprintf(told->fd, "%s %.*s %.*s\n", what, (int)a.len, a.len ? a.at : "", (int)b.len,
            b.len ? b.at : "");
}

static void say_outcome(const struct apart_told *told, const char *what,
                        const struct wire_outcome *outcome)
{
    if (outcome->completed)
        say(told, "completed", outcome->output, (struct span){NULL, 0});
    else
        dprintf(told->fd, "%s [%.*s] [%.*s] step=%.*s file=%.*s line=%lld attempt=%lld\n", what,
                (int)outcome->code.len, outcome->code.at, (int)outcome->message.len,
                outcome->message.at, (int)outcome->step.len, outcome->step.at,
                (int)outcome->file.len, outcome->file.len ? outcome->file.at : "",
                (long long)outcome->line, (long long)outcome->attempt);
}

static void told_event(void *arg, const struct wire_event *event)
{
    say(arg, "event", event->type, event->payload);
}

static void told_progress(void *arg, const struct wire_progress *progress)
{
    char percent[8];
    snprintf(percent, sizeof percent, "%d", (int)progress->percent);
    say(arg, "progress", span_of(percent), progress->step);
}

static void told_request(void *arg, const struct wire_request *request)
{
    struct apart_told *told = arg;
    told->asked = request->id;
    say(told, "request", request->head, request->body);
}

static void told_abandon(void *arg, const struct wire_abandon *abandon)
{
    const struct apart_told *told = arg;
    dprintf(told->fd, "abandon %lld\n", (long long)abandon->id);
}

static bool told_wait(void *arg, int64_t timeout_ms, struct wire_reply *reply)
{
    struct apart_told *told = arg;
    if (told->asked) {
        *reply = (struct wire_reply){.id = told->asked,
                                     .head = span_of("{\"status\":200,\"headers\":{}}"),
                                     .body = span_of("pong")};
        told->asked = 0;
        return true;
    }
    if (timeout_ms < 0)
        _exit(APART_BROKEN);
    nanosleep(&(struct timespec){timeout_ms / 1000, timeout_ms % 1000 * 1000000}, NULL);
    return false;
}

static void told_final(void *arg, const struct wire_outcome *outcome) __attribute__((noreturn));
static void told_final(void *arg, const struct wire_outcome *outcome)
{
    say_outcome(arg, "final", outcome);
    _exit(APART_FINAL);
}

static void told_tick(void *arg)
{
    (void)arg;
}

struct script_host apart_host(struct apart_told *told)
{
    return (struct script_host){.arg = told,
                                .clock = &told->clock,
                                .event = told_event,
                                .progress = told_progress,
                                .request = told_request,
                                .abandon = told_abandon,
                                .wait = told_wait,
                                .final = told_final,
                                .tick = told_tick};
}

struct wire_load apart_load(const struct apart_order *order)
{
    static const char context[] =
        "{\"run\":{\"id\":\"r1\",\"app\":\"a1\",\"flow\":\"b1\",\"version\":\"1.0.0\","
        "\"user\":{\"id\":\"u1\"}},\"entry\":\"start\",\"stream_state\":false}";
    return (struct wire_load){.context = span_of(context),
                              .name = span_of("flows/test.lua"),
                              .source = span_of(order->source),
                              .payload = span_of(order->payload ? order->payload : "null"),
                              .instruction_limit =
                                  order->instructions ? order->instructions : 1000000000,
                              .memory_limit_bytes = (order->memory_mb ? order->memory_mb : 64) * MB,
                              .stall_ms = order->stall_ms ? order->stall_ms : 3000,
                              .event_limit_bytes = 256 * 1024,
                              .events_limit = order->events ? order->events : 1000000};
}

void apart_run_here(const struct apart_order *order, struct apart_told *told)
{
    struct wire_load load = apart_load(order);
    struct script_host host = apart_host(told);
    struct error err = {0};
    struct script *script = script_new(order->arena, &load, &host, &err);
    if (!script) {
        say(told, "new", span_of(err.text), span_of(""));
        return;
    }
    struct span text;
    bool startable = script_load(script, &load, &text);
    say(told, "described", text, span_of(""));
    if (startable) {
        struct wire_outcome outcome;
        struct wire_start start = {.left_ms = order->left_ms ? order->left_ms : 60000};
        script_run(script, &start, &outcome);
        say_outcome(told, "failed", &outcome);
    }
    script_free(script);
}

const char *apart_run(const struct apart_order *order)
{
    static char text[APART_TOLD_MAX];
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct apart_told told = {.fd = ends[1]};
        apart_run_here(order, &told);
        _exit(0);
    }
    close(ends[1]);
    size_t len = 0;
    for (ssize_t got; (got = read(ends[0], text + len, sizeof text - 1 - len)) > 0;)
        len += (size_t)got;
    text[len] = '\0';
    close(ends[0]);
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    bool final = strstr(text, "\nfinal ") || strncmp(text, "final ", 6) == 0;
    if (!WIFEXITED(status) || WEXITSTATUS(status) != (final ? APART_FINAL : 0))
        fail_msg("status %#x after: %s", status, text);
    return text;
}

void apart_assert(const char *text, const char *what, const char *name)
{
    if (!strstr(text, what))
        fail_msg("%s: no '%s' in:\n%s", name, what, text);
}

const char *apart_flow(const char *body)
{
    static char source[8192];
    snprintf(source, sizeof source,
             "return flow \"test\" { task \"one\" (function(s, ctx)\n%s\nend) }\n", body);
    return source;
}

const char *apart_run_body(const char *body)
{
    return apart_run(&(struct apart_order){.source = apart_flow(body)});
}
