#include "environment.h"

#include "child.h"
#include "mem.h"

#define END_LIMIT_MS   5000
#define RESTART_MS     100
#define RESTART_MAX_MS 10000

struct environment {
    struct loop *loop;
    struct environment_spec spec;
    struct child *child; /* NULL between two */
    struct loop_timer next;
    int64_t wait_ms;
    bool stopping;
};

static void start_next(void *arg);

static void restart_later(struct environment *environment)
{
    loop_timer_set(environment->loop, &environment->next,
                   loop_mono_ms(environment->loop) + environment->wait_ms, start_next, environment);
    environment->wait_ms *= 2;
    if (environment->wait_ms > RESTART_MAX_MS)
        environment->wait_ms = RESTART_MAX_MS;
}

static void on_line(void *arg, const char *line)
{
    struct environment *environment = arg;
    environment->spec.line(environment->spec.arg, line);
}

static void on_exited(void *arg, int status)
{
    struct environment *environment = arg;
    if (!environment->stopping)
        restart_later(environment);
    environment->spec.ended(environment->spec.arg, status);
}

static bool start(struct environment *environment, struct error *err)
{
    const struct environment_spec *spec = &environment->spec;
    struct child_user user = {.arg = environment, .line = on_line, .exited = on_exited};
    child_free(environment->child);
    environment->child =
        child_start(environment->loop, spec->program, spec->argv, spec->variables, &user, err);
    return environment->child != NULL;
}

static void start_next(void *arg)
{
    struct environment *environment = arg;
    if (!start(environment, NULL))
        restart_later(environment);
}

struct environment *environment_start(struct loop *loop, const struct environment_spec *spec,
                                      struct error *err)
{
    struct environment *environment = mem_new(sizeof *environment);
    *environment = (struct environment){.loop = loop, .spec = *spec, .wait_ms = RESTART_MS};
    if (start(environment, err))
        return environment;
    mem_free(environment);
    return NULL;
}

void environment_is_ready(struct environment *environment)
{
    environment->wait_ms = RESTART_MS;
}

void environment_kill(struct environment *environment)
{
    if (environment->child)
        child_end(environment->child, 0);
}

void environment_renew(struct environment *environment)
{
    environment->wait_ms = RESTART_MS;
    if (environment->next.set)
        loop_timer_set(environment->loop, &environment->next, loop_mono_ms(environment->loop),
                       start_next, environment);
    else if (environment->child)
        child_end(environment->child, END_LIMIT_MS);
}

void environment_stop(struct environment *environment)
{
    environment->stopping = true;
    if (environment->next.set) {
        loop_timer_stop(environment->loop, &environment->next);
        environment->spec.ended(environment->spec.arg, 0);
    } else if (environment->child) {
        child_end(environment->child, END_LIMIT_MS);
    }
}

void environment_free(struct environment *environment)
{
    if (!environment)
        return;
    loop_timer_stop(environment->loop, &environment->next);
    child_free(environment->child);
    mem_free(environment);
}
