#include "service.h"

#include "batch.h"
#include "clock.h"
#include "runtime.h"
#include "sandbox.h"
#include "stages.h"

#include <fcntl.h>
#include <limits.h>
#include <unistd.h>

struct service {
    struct stages stages;
    struct runtime *runtime;
    struct invocation *invocation; /* under way, or NULL */
    struct batch *batch;
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
    struct service *service = arg;
    struct invocation *invocation = service->invocation;
    batch_free(service->batch);
    service->batch = NULL;
    service->invocation = NULL;
    if (response.at)
        runtime_respond(service->runtime, invocation, response);
    else
        runtime_fail(service->runtime, invocation, "Runtime.ResponseTooLarge",
                     "the ids of the records that go back do not fit into one answer");
}

static void on_invoked(void *arg, struct invocation *invocation)
{
    struct service *service = arg;
    struct error err = {0};
    struct batch_spec spec = {.event = buffer_span(&invocation->event),
                              .request_id = invocation->request_id,
                              .trace = invocation->trace,
                              .deadline_ms = invocation->deadline_ms,
                              .cold = service->cold};
    service->batch = batch_new(&service->stages, &spec, on_batch_done, service, &err);
    if (!service->batch) {
        log_line(service->stages.log, LOG_ERROR, "event refused", LOG_TEXT("reason", err.text),
                 LOG_TEXT("requestId", invocation->request_id));
        runtime_fail(service->runtime, invocation, "Runtime.EventMalformed", err.text);
        return;
    }
    buffer_release(&invocation->event);
    service->cold = false;
    service->invocation = invocation;
}

static void on_answered(void *arg)
{
    struct service *service = arg;
    if (service->starting)
        stop(service, 1);
    else
        runtime_next(service->runtime);
}

static void on_lost(void *arg, const struct error *err)
{
    struct service *service = arg;
    log_line(service->stages.log, LOG_FATAL, "the Runtime API ended this environment",
             LOG_TEXT("reason", err->text));
    stop(service, 1);
}

static void on_signal(void *arg, int signal)
{
    struct service *service = arg;
    log_line(service->stages.log, LOG_INFO, "stopping", LOG_NUMBER("signal", signal),
             LOG_NUMBER("batches_returned", service->batch != NULL));
    stop(service, 0);
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
    stages->pool = pool_new(stages->loop, config, stages->log, program);
    return true;
}

static void close_stages(struct stages *stages)
{
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
    runtime_init_error(service->runtime, type, err->text);
}

static void on_confined(void *arg, const struct error *why)
{
    struct service *service = arg;
    if (why)
        refuse_to_start(service, "Runtime.SandboxIncomplete", why);
    else
        runtime_next(service->runtime);
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
        pool_warm(service->stages.pool, 1);
        runtime_next(service->runtime);
    }
    loop_run(service->stages.loop);
}

int service_run(struct config *config, const struct config_warnings *warnings, const char *program)
{
    struct clock clock = {0};
    struct log log = {&clock, STDERR_FILENO, config->log_level, config->log_json};
    struct service service = {
        .stages = {.config = config, .log = &log, .metrics_fd = STDOUT_FILENO}, .cold = true};
    struct runtime_user user = {&service, on_invoked, on_answered, on_lost};
    struct error err = {0};

    sandbox_no_cores();
    log_warnings(&log, warnings);
    service.stages.loop = loop_new(&clock, &err);
    if (service.stages.loop)
        service.runtime = runtime_new(service.stages.loop, config, &log, &user, &err);
    if (service.runtime) {
        loop_on_signal(service.stages.loop, on_signal, &service);
        serve(&service, config, program);
    } else {
        log_line(&log, LOG_FATAL, "cannot start", LOG_TEXT("reason", err.text));
        service.exit_code = 1;
    }
    batch_free(service.batch);
    invocation_free(service.invocation);
    close_stages(&service.stages);
    if (service.runtime)
        runtime_free(service.runtime);
    loop_free(service.stages.loop);
    return service.exit_code;
}
