#include "watch.h"

#include "answers.h"
#include "beacon.h"
#include "catalog.h"
#include "changes.h"
#include "cli.h"
#include "desk.h"
#include "environment.h"
#include "fixture.h"
#include "front.h"
#include "mapping.h"
#include "service.h"
#include "terminal.h"
#include "variables.h"
#include "watch_log.h"
#include "watch_options.h"

#include <limits.h>
#include <string.h>
#include <unistd.h>

#define SCRIPT_MAX (8 * 1024 * 1024)
#define URL_SIZE   64

struct watch {
    struct watch_options options;
    struct watch_log log;
    struct clock clock;
    struct loop *loop;
    struct buffer script; /* of the answers */
    struct answers *answers;
    struct invoker invoker;
    struct queue *queue;
    struct mapping *mapping;
    struct catalog *catalog;
    struct desk desk;
    struct page *page;
    struct front *front;
    struct beacon *beacon;
    struct environment *environment;
    struct changes *flow_changes, *program_changes;
    struct variables variables;
    char program[PATH_MAX], bootstrap[PATH_MAX];
    char callback_url[URL_SIZE * 2], answers_url[URL_SIZE], front_url[URL_SIZE], stand_in[16];
    char *argv[6];
    size_t dead;
    bool saved; /* flows have changed since the last message was sent again */
    bool stopping;
};

/* --- what happens ---------------------------------------------------------------------------- */

static void on_journal(void *arg, size_t run)
{
    struct watch *watch = arg;
    if (watch->page)
        page_changed(watch->page, run);
}

static void on_event(void *arg, struct sink_run *run, const char *type, struct span payload)
{
    struct watch *watch = arg;
    struct journal_run *known = journal_run_of(watch->invoker.journal, run->run_id);
    if (known)
        journal_event(watch->invoker.journal, known, loop_wall_ms(watch->loop), type, payload);
}

static void on_progress(void *arg, struct sink_run *run, const struct sink_progress *progress)
{
    struct watch *watch = arg;
    struct journal_run *known = journal_run_of(watch->invoker.journal, run->run_id);
    if (known && progress->status != SINK_NONE)
        journal_status(watch->invoker.journal, known, loop_wall_ms(watch->loop),
                       sink_status_name(progress->status), run->error);
}

static void on_idle(void *arg)
{
    struct watch *watch = arg;
    environment_is_ready(watch->environment);
}

static void on_refused_start(void *arg, struct span body)
{
    (void)arg, (void)body; /* its log says why */
}

/* Both kinds of batches, the queue's and those of the endpoint. */
static void on_batch_over(void *arg, const struct invocation_end *end)
{
    struct watch *watch = arg;
    const struct journal_batch *batch = journal_newest(watch->invoker.journal);
    if (batch)
        watch_log_batch(&watch->log, batch, end);
    mapping_look(watch->mapping);
}

static void on_queue_changed(void *arg)
{
    struct watch *watch = arg;
    size_t dead = queue_count(watch->queue, loop_wall_ms(watch->loop)).dead;
    if (dead > watch->dead)
        watch_log_dead(&watch->log, dead - watch->dead);
    watch->dead = dead;
    page_queue_changed(watch->page);
}

static void on_sent(void *arg)
{
    struct watch *watch = arg;
    on_queue_changed(watch);
    mapping_look(watch->mapping);
}

/* --- changes of files ------------------------------------------------------------------------ */

static void on_flows_changed(void *arg)
{
    struct watch *watch = arg;
    watch->saved = true;
    catalog_refresh(watch->catalog);
}

static void on_flows_read(void *arg)
{
    struct watch *watch = arg;
    watch_log_flows(&watch->log, watch->catalog);
    page_flows_changed(watch->page);
    if (watch->saved && watch->options.rerun)
        desk_send_last_again(&watch->desk);
    watch->saved = false;
}

static void on_program_changed(void *arg)
{
    struct watch *watch = arg;
    if (access(watch->bootstrap, X_OK) == 0) /* a linker may still be writing it */
        environment_renew(watch->environment);
}

/* --- the runtime ----------------------------------------------------------------------------- */

static void on_line(void *arg, const char *line)
{
    struct watch *watch = arg;
    watch_log_line(&watch->log, line);
    front_log(watch->front, line);
    journal_log(watch->invoker.journal, line);
}

static void on_ended(void *arg, int status)
{
    struct watch *watch = arg;
    lambda_gone(watch->invoker.lambda);
    if (watch->stopping) {
        loop_stop(watch->loop);
        return;
    }
    watch_log_exit(&watch->log, status);
    mapping_runtime_exited(watch->mapping);
    front_runtime_exited(watch->front);
}

static void on_late(void *arg)
{
    struct watch *watch = arg;
    environment_kill(watch->environment);
}

static void on_signal(void *arg, int signal)
{
    struct watch *watch = arg;
    (void)signal;
    if (watch->stopping)
        loop_stop(watch->loop); /* asked twice */
    watch->stopping = true;
    environment_stop(watch->environment);
}

static void make_variables(struct watch *watch)
{
    struct variables *variables = &watch->variables;
    char *key = mint_backend_pub(watch->invoker.mint);
    char text[URL_SIZE];
    snprintf(text, sizeof text, "127.0.0.1:%d", lambda_port(watch->invoker.lambda));
    variables_add(variables, "AWS_LAMBDA_RUNTIME_API", text);
    variables_add(variables, "AWS_LAMBDA_LOG_FORMAT", "JSON");
    variables_add(variables, "BACKEND_PUB", key);
    variables_add(variables, "EXECUTOR_FLOWS_DIR", watch->options.flows);
    if (watch->answers) {
        snprintf(text, sizeof text, "127.0.0.1:%d", answers_port(watch->answers));
        variables_add(variables, "EXECUTOR_HTTP_ALLOW", text);
    }
    variables_pass_settings(variables);
    variables_add(variables, "EXECUTOR_BATCH_INTERVAL_MS", "20");
    mem_free(key);
}

/* The real bootstrap; with --answers this program as the runtime, which keeps flows from the
 * network. */
static bool start_runtime(struct watch *watch, struct error *err)
{
    const char *program = watch->bootstrap;
    watch->argv[0] = "bootstrap";
    if (watch->answers) {
        char *const argv[] = {"moonmill", "runtime", "--offline", "--stand-in", watch->stand_in};
        memcpy(watch->argv, argv, sizeof argv);
        program = watch->program;
    }
    if (access(program, X_OK) < 0)
        return error_set(err, ERROR_MISSING,
                         "%s cannot be executed; build it, or name another with --bootstrap",
                         program);
    make_variables(watch);
    struct environment_spec spec = {program, watch->argv, watch->variables.list,
                                    watch,   on_line,     on_ended};
    watch->environment = environment_start(watch->loop, &spec, err);
    return watch->environment != NULL;
}

static void find_programs(struct watch *watch)
{
    const char *own = service_own_program(watch->program);
    if (own != watch->program)
        snprintf(watch->program, sizeof watch->program, "%s", own);
    snprintf(watch->bootstrap, sizeof watch->bootstrap, "%s",
             watch->options.bootstrap ? watch->options.bootstrap : watch->program);
    char *slash = strrchr(watch->bootstrap, '/');
    if (!watch->options.bootstrap && slash)
        snprintf(slash, sizeof watch->bootstrap - (size_t)(slash - watch->bootstrap), "/bootstrap");
}

/* --- setting up ------------------------------------------------------------------------------ */

static bool open_answers(struct watch *watch, struct error *err)
{
    const char *file = watch->options.answers;
    if (!file)
        return true;
    if (!fixture_load(file, &watch->script, err) ||
        !(watch->answers = answers_open(watch->loop, buffer_span(&watch->script), err))) {
        char why[sizeof err->text];
        snprintf(why, sizeof why, "%s", err->text);
        return error_set(err, ERROR_INPUT, "%s: %s", file, why);
    }
    snprintf(watch->stand_in, sizeof watch->stand_in, "%d", answers_port(watch->answers));
    snprintf(watch->answers_url, sizeof watch->answers_url, "http://127.0.0.1:%s", watch->stand_in);
    return true;
}

static bool open_cloud(struct watch *watch, struct error *err)
{
    struct invoker *invoker = &watch->invoker;
    struct lambda_user lambda = {watch, on_idle, on_refused_start};
    struct sink_user sink = {.arg = watch, .event = on_event, .progress = on_progress};
    *invoker = (struct invoker){.loop = watch->loop,
                                .timeout_ms = watch->options.timeout_secs * 1000,
                                .callback_url = watch->callback_url,
                                .answers_url = watch->answers ? watch->answers_url : NULL,
                                .journal = journal_new(on_journal, watch),
                                .late = on_late,
                                .arg = watch};
    invoker->mint = mint_new(err);
    invoker->lambda = invoker->mint ? lambda_open(watch->loop, 0, &lambda, err) : NULL;
    invoker->sink = invoker->lambda ? sink_open(watch->loop, 0, &sink, err) : NULL;
    if (invoker->sink)
        snprintf(watch->callback_url, sizeof watch->callback_url,
                 "http://127.0.0.1:%d" SINK_EVENTS_PATH, sink_port(invoker->sink));
    return invoker->sink != NULL;
}

static void open_queue(struct watch *watch)
{
    const struct watch_options *options = &watch->options;
    struct queue_settings queue = {options->fifo ? "moonmill.fifo" : "moonmill", options->fifo,
                                   options->visibility_secs * 1000, options->max_receives};
    struct mapping_settings mapping = {(size_t)options->batch_size, options->window_secs * 1000};
    struct mapping_user user = {watch, on_batch_over, on_queue_changed};
    watch->queue = queue_new(&queue);
    watch->mapping = mapping_new(&watch->invoker, watch->queue, &mapping, &user);
}

static bool open_front(struct watch *watch, struct error *err)
{
    struct catalog_user readers = {watch, on_flows_read};
    struct page_user page = {.arg = &watch->desk,
                             .flows_dir = watch->options.flows,
                             .flows = desk_flows,
                             .graph = desk_graph,
                             .queue = desk_queue,
                             .send = desk_send,
                             .resend = desk_resend};
    watch->catalog = catalog_new(watch->loop, watch->program, watch->options.flows,
                                 watch->options.answers != NULL, &readers);
    watch->desk = (struct desk){.loop = watch->loop,
                                .queue = watch->queue,
                                .catalog = watch->catalog,
                                .journal = watch->invoker.journal,
                                .sent = on_sent,
                                .arg = watch};
    watch->page = page_new(watch->loop, watch->invoker.journal, &page);
    struct front_spec front = {.port = (int)watch->options.port,
                               .invoker = &watch->invoker,
                               .desk = &watch->desk,
                               .page = watch->page,
                               .arg = watch,
                               .over = on_batch_over};
    watch->front = front_open(&front, err);
    if (!watch->front)
        return false;
    snprintf(watch->front_url, sizeof watch->front_url, "http://127.0.0.1:%d",
             front_port(watch->front));
    return (watch->beacon = beacon_light(watch->front_url, err)) != NULL;
}

static bool open_all(struct watch *watch, struct error *err)
{
    find_programs(watch);
    if (!open_answers(watch, err) || !open_cloud(watch, err))
        return false;
    open_queue(watch);
    if (!open_front(watch, err))
        return false;
    watch->flow_changes =
        changes_watch(watch->loop, watch->options.flows, on_flows_changed, watch, err);
    return watch->flow_changes && start_runtime(watch, err) &&
           (watch->answers || (watch->program_changes = changes_watch(
                                   watch->loop, watch->bootstrap, on_program_changed, watch, err)));
}

static void greet(const struct watch *watch)
{
    if (watch->options.json)
        printf("{\"page\":\"%s/\",\"invoke\":\"%s\"}\n", watch->front_url, watch->front_url);
    else
        printf("page     %s/\ninvoke   moonmill invoke, or: aws lambda invoke --endpoint-url %s\n"
               "queue    batches of %lld, %lld s of visibility, %s after %lld receives%s\n"
               "Ctrl-C ends it.\n",
               watch->front_url, watch->front_url, (long long)watch->options.batch_size,
               (long long)watch->options.visibility_secs,
               watch->options.max_receives ? "dead-letter queue" : "never dead: not",
               (long long)watch->options.max_receives, watch->options.fifo ? ", FIFO" : "");
    fflush(stdout);
}

static void release(struct watch *watch)
{
    changes_free(watch->flow_changes);
    changes_free(watch->program_changes);
    environment_free(watch->environment);
    beacon_put_out(watch->beacon);
    page_free(watch->page);
    front_close(watch->front);
    mapping_free(watch->mapping);
    desk_release(&watch->desk);
    catalog_free(watch->catalog);
    queue_free(watch->queue);
    lambda_close(watch->invoker.lambda);
    sink_close(watch->invoker.sink);
    mint_free(watch->invoker.mint);
    journal_free(watch->invoker.journal);
    answers_close(watch->answers);
    buffer_release(&watch->script);
    variables_release(&watch->variables);
    loop_free(watch->loop);
}

int watch_main(int argc, char **argv)
{
    struct watch *watch = mem_new(sizeof *watch);
    struct command_line line;
    struct error err = {0};
    int code = watch_options_read(argc, argv, &watch->options, &line);
    if (code < 0) {
        watch->log = (struct watch_log){watch->options.json, line.quiet, watch->options.verbose,
                                        terminal_colours(STDOUT_FILENO)};
        buffer_init(&watch->script, SCRIPT_MAX);
        watch->loop = loop_new(&watch->clock, &err);
        if (watch->loop && open_all(watch, &err)) {
            loop_on_signal(watch->loop, on_signal, watch);
            greet(watch);
            catalog_refresh(watch->catalog);
            loop_run(watch->loop);
            code = CLI_DONE;
        } else {
            code = cli_fail("watch", err.kind == ERROR_SYSTEM ? CLI_BROKEN : CLI_INPUT, "%s",
                            err.text);
        }
        release(watch);
    }
    mem_free(watch);
    return code;
}
