#include "service.h"

#include "batch.h"
#include "clock.h"
#include "runtime.h"
#include "sandbox.h"
#include "stages.h"

#include <fcntl.h>
#include <limits.h>
#include <unistd.h>

#define WARM_AFTER_MS 1

/* One invocation after the other; there are as many seats as come at once. */
struct seat {
    struct service *service;
    struct runtime *runtime;
    struct invocation *invocation; /* under way, or NULL */
    struct batch *batch;
};

struct service {
    struct stages stages;
    struct seat *seats; /* the first also reports a failed start */
    size_t seat_count;
    struct loop_timer warm;
    bool cold;     /* nothing was served yet */
    bool starting; /* an /init/error is under way: its answer ends us */
    int exit_code;
};

const char *service_own_program(char *path)
{
    ssize_t len = readlink("/proc/self/exe", path, PATH_MAX - 1);
    if (len <= 0)
        return "/proc/self/exe";
    path[len] = '\0';
    return path;
}

void service_hold_standard_files(void)
{
    int fd;
    do
        fd = open("/dev/null", O_RDWR);
    while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd > STDERR_FILENO)
        close(fd);
}

static void stop(struct service *service, int exit_code)
{
    service->exit_code = exit_code;
    loop_stop(service->stages.loop);
}

/* --- invocations ------------------------------------------------------------------------------ */

static void on_batch_done(void *arg, struct span response)
{
    struct seat *seat = arg;
    struct invocation *invocation = seat->invocation;
    batch_free(seat->batch);
    seat->batch = NULL;
    seat->invocation = NULL;
    if (response.at)
        runtime_respond(seat->runtime, invocation, response);
    else
        runtime_fail(seat->runtime, invocation, "Runtime.ResponseTooLarge",
                     "the ids of the records that go back do not fit into one answer");
}

static void on_invoked(void *arg, struct invocation *invocation)
{
    struct seat *seat = arg;
    struct service *service = seat->service;
    struct error err = {0};
    struct batch_spec spec = {.event = buffer_span(&invocation->event),
                              .request_id = invocation->request_id,
                              .trace = invocation->trace,
                              .deadline_ms = invocation->deadline_ms,
                              .cold = service->cold};
    seat->batch = batch_new(&service->stages, &spec, on_batch_done, seat, &err);
    if (!seat->batch) {
        log_line(service->stages.log, LOG_ERROR, "event refused", LOG_TEXT("reason", err.text),
                 LOG_TEXT("requestId", invocation->request_id));
        runtime_fail(seat->runtime, invocation, "Runtime.EventMalformed", err.text);
        return;
    }
    buffer_release(&invocation->event);
    service->cold = false;
    seat->invocation = invocation;
}

static void on_answered(void *arg)
{
    struct seat *seat = arg;
    if (seat->service->starting)
        stop(seat->service, 1);
    else
        runtime_next(seat->runtime);
}

static void on_lost(void *arg, const struct error *err)
{
    const struct seat *seat = arg;
    log_line(seat->service->stages.log, LOG_FATAL, "the Runtime API ended this environment",
             LOG_TEXT("reason", err->text));
    stop(seat->service, 1);
}

static void on_signal(void *arg, int signal)
{
    struct service *service = arg;
    int64_t returned = 0;
    for (size_t i = 0; i < service->seat_count; i++)
        returned += service->seats[i].batch != NULL;
    log_line(service->stages.log, LOG_INFO, "stopping", LOG_NUMBER("signal", signal),
             LOG_NUMBER("batches_returned", returned));
    stop(service, 0);
}

static void ask_for_invocations(struct service *service)
{
    for (size_t i = 0; i < service->seat_count; i++)
        runtime_next(service->seats[i].runtime);
}

/* --- starting --------------------------------------------------------------------------------- */

static struct http *open_http(const struct stages *stages, struct config *config)
{
    struct error err = {0};
    struct http *http = http_new(stages->loop, config, &err);
    if (!http) {
        log_line(stages->log, LOG_WARN,
                 "EXECUTOR_HTTP_ALLOW is ignored: flows reach public addresses only",
                 LOG_TEXT("reason", err.text));
        mem_free(config->http_allow);
        config->http_allow = NULL;
        http = http_new(stages->loop, config, &err);
    }
    return http;
}

/* False with err and the error type for /init/error. */
static bool open_stages(struct stages *stages, struct config *config, const char *program,
                        const char **type, struct error *err)
{
    *type = "Runtime.FlowsMissing";
    if (!(stages->flows = flows_open(config->flows_dir, err)))
        return false;
    *type = "Runtime.KeyInvalid";
    if (!(stages->jwks = jwks_new(stages->loop, config, err)))
        return false;
    stages->http = open_http(stages, config);
    stages->run_times = estimate_new();
    stages->delivery_times = estimate_new();
    stages->turns = turns_new(stages->loop, (size_t)config->concurrency);
    stages->pool = pool_new(stages->loop, config, stages->log, program);
    return true;
}

static void close_stages(struct stages *stages)
{
    turns_free(stages->turns);
    pool_free(stages->pool);
    if (stages->http)
        http_free(stages->http);
    if (stages->jwks)
        jwks_free(stages->jwks);
    if (stages->flows)
        flows_close(stages->flows);
    estimate_free(stages->run_times);
    estimate_free(stages->delivery_times);
}

static void log_warnings(const struct log *log, const struct config_warnings *warnings)
{
    for (size_t i = 0; i < warnings->count; i++)
        log_line(log, LOG_WARN, warnings->text[i], LOG_TEXT("stage", "config"));
}

static void refuse_to_start(struct service *service, const char *type, const struct error *err)
{
    log_line(service->stages.log, LOG_FATAL, "cannot start", LOG_TEXT("reason", err->text));
    service->starting = true;
    runtime_init_error(service->seats[0].runtime, type, err->text);
}

static void on_confined(void *arg, const struct error *why)
{
    struct service *service = arg;
    if (why)
        refuse_to_start(service, "Runtime.SandboxIncomplete", why);
    else
        ask_for_invocations(service);
}

static void warm(void *arg)
{
    struct service *service = arg;
    pool_warm(service->stages.pool, 1);
}

static void serve(struct service *service, struct config *config, const char *program)
{
    struct error err = {0};
    const char *type;
    if (!open_stages(&service->stages, config, program, &type, &err)) {
        refuse_to_start(service, type, &err);
    } else if (config->sandbox_strict) {
        pool_await_confined(service->stages.pool, on_confined, service);
    } else {
        ask_for_invocations(service);
        /* the first worker starts while the first invocation is on its way */
        loop_timer_set(service->stages.loop, &service->warm,
                       loop_mono_ms(service->stages.loop) + WARM_AFTER_MS, warm, service);
    }
    loop_run(service->stages.loop);
}

static bool open_seats(struct service *service, size_t count, struct error *err)
{
    service->seats = mem_array(count, sizeof *service->seats);
    for (size_t i = 0; i < count; i++) {
        struct seat *seat = &service->seats[i];
        struct runtime_user user = {seat, on_invoked, on_answered, on_lost};
        seat->service = service;
        seat->runtime = runtime_new(service->stages.loop, service->stages.config,
                                    service->stages.log, &user, err);
        if (!seat->runtime)
            return false;
        service->seat_count++;
    }
    return true;
}

static void close_seats(struct service *service)
{
    for (size_t i = 0; i < service->seat_count; i++) {
        batch_free(service->seats[i].batch);
        invocation_free(service->seats[i].invocation);
        runtime_free(service->seats[i].runtime);
    }
    mem_free(service->seats);
}

int service_run(struct config *config, const struct config_warnings *warnings, const char *program)
{
    struct clock clock = {0};
    struct log log = {&clock, STDERR_FILENO, config->log_level, config->log_json};
    struct service service = {
        .stages = {.config = config, .log = &log, .metrics_fd = STDOUT_FILENO}, .cold = true};
    struct error err = {0};

    sandbox_no_cores();
    log_warnings(&log, warnings);
    service.stages.loop = loop_new(&clock, &err);
    if (service.stages.loop && open_seats(&service, (size_t)config->invocations, &err)) {
        loop_on_signal(service.stages.loop, on_signal, &service);
        serve(&service, config, program);
    } else {
        log_line(&log, LOG_FATAL, "cannot start", LOG_TEXT("reason", err.text));
        service.exit_code = 1;
    }
    close_seats(&service);
    close_stages(&service.stages);
    loop_free(service.stages.loop);
    return service.exit_code;
}
