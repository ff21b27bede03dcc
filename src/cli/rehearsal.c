#include "rehearsal.h"

#include "child.h"
#include "cli.h"
#include "clock.h"
#include "fixture.h"
#include "lambda.h"
#include "loop.h"
#include "mint.h"
#include "outcome.h"
#include "progress.h"
#include "report_html.h"
#include "service.h"
#include "sink.h"
#include "tokens.h"
#include "variables.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define START_LIMIT_MS 30000 /* from exec to the first poll */
#define OVERTIME_MS    10000 /* past the invocation's deadline: it hangs */
#define END_LIMIT_MS   5000
#define TICK_MS        200
#define URL_SIZE       128
#define LIST_MAX       (1024 * 1024)

struct rehearsal {
    const struct rehearsal_spec *spec;
    struct clock clock;
    struct loop *loop;
    struct mint *mint;
    struct world *world;
    char world_url[URL_SIZE];
    struct sink *sink;
    struct fixture *fixture;
    struct sink_run **runs; /* a record's, or NULL */
    struct report *report;
    struct outcome *outcome;
    struct report_html *page; /* or NULL */
    struct lambda *lambda;
    struct lambda_invocation invocation;
    struct variables variables;
    struct child *child;
    struct loop_timer limit;
    struct progress progress;
    struct loop_timer tick;
    int64_t ended; /* runs */
    int64_t started_ms;
    bool own_tokens; /* the event brings its tokens */
    bool started;
    bool answered;
    bool refused_start; /* /init/error */
    bool late;
    bool interrupted;
    int status; /* waitpid's */
};

/* --- how far it is --------------------------------------------------------------------------- */

static void on_tick(void *arg)
{
    struct rehearsal *rehearsal = arg;
    progress_say(&rehearsal->progress, "runs have ended", rehearsal->ended,
                 (int64_t)rehearsal->fixture->count);
    loop_timer_set(rehearsal->loop, &rehearsal->tick, loop_mono_ms(rehearsal->loop) + TICK_MS,
                   on_tick, rehearsal);
}

/* Not where lines of events on a terminal say it themselves. */
static void begin_progress(struct rehearsal *rehearsal)
{
    const struct report_style *style = &rehearsal->spec->style;
    bool lines = !style->json && !style->silent && !style->quiet;
    progress_begin(&rehearsal->progress, style->quiet || (lines && isatty(STDOUT_FILENO)));
    on_tick(rehearsal);
}

/* --- while it runs --------------------------------------------------------------------------- */

static void end_child(void *arg)
{
    struct rehearsal *rehearsal = arg;
    child_end(rehearsal->child, END_LIMIT_MS);
}

static void set_limit(struct rehearsal *rehearsal, int64_t after_ms, void (*fire)(void *arg))
{
    loop_timer_set(rehearsal->loop, &rehearsal->limit, loop_mono_ms(rehearsal->loop) + after_ms,
                   fire, rehearsal);
}

static void on_late(void *arg)
{
    struct rehearsal *rehearsal = arg;
    rehearsal->late = true;
    end_child(rehearsal);
}

static void on_started(void *arg, int64_t deadline_ms)
{
    struct rehearsal *rehearsal = arg;
    report_html_began(rehearsal->page, deadline_ms);
    rehearsal->started = true;
    rehearsal->started_ms = loop_mono_ms(rehearsal->loop);
    set_limit(rehearsal, rehearsal->spec->timeout_ms + OVERTIME_MS, on_late);
}

static void on_answered(void *arg, enum lambda_answer how, struct span body)
{
    struct rehearsal *rehearsal = arg;
    rehearsal->answered = true;
    report_answer(rehearsal->report, how, body);
    report_html_answer(rehearsal->page, how, body);
    set_limit(rehearsal, END_LIMIT_MS, end_child);
}

static void on_refused_start(void *arg, struct span body)
{
    struct rehearsal *rehearsal = arg;
    rehearsal->refused_start = true;
    on_answered(rehearsal, LAMBDA_ERROR, body);
}

static void on_event(void *arg, struct sink_run *run, const char *type, struct span payload)
{
    struct rehearsal *rehearsal = arg;
    size_t record = 0;
    while (rehearsal->runs[record] != run)
        record++;
    report_event(rehearsal->report, loop_mono_ms(rehearsal->loop) - rehearsal->started_ms, run,
                 type, payload);
    report_html_event(rehearsal->page, run, type, payload);
    outcome_event(rehearsal->outcome, record, type, payload);
}

static void on_progress(void *arg, struct sink_run *run, const struct sink_progress *progress)
{
    struct rehearsal *rehearsal = arg;
    rehearsal->ended += progress->status > SINK_RUNNING;
    if (progress->status != SINK_NONE)
        report_html_progress(rehearsal->page, run);
}

static void on_line(void *arg, const char *line)
{
    struct rehearsal *rehearsal = arg;
    progress_clear(&rehearsal->progress);
    report_log(rehearsal->report, line);
    report_html_log(rehearsal->page, line);
}

static void on_exited(void *arg, int status)
{
    struct rehearsal *rehearsal = arg;
    rehearsal->status = status;
    loop_stop(rehearsal->loop);
}

static void on_signal(void *arg, int signal)
{
    struct rehearsal *rehearsal = arg;
    (void)signal;
    if (rehearsal->interrupted)
        loop_stop(rehearsal->loop); /* asked twice: child_free kills it */
    rehearsal->interrupted = true;
    end_child(rehearsal);
}

/* --- the event ------------------------------------------------------------------------------- */

static bool open_fixture(struct rehearsal *rehearsal, struct error *err)
{
    const struct rehearsal_spec *spec = rehearsal->spec;
    char callback_url[URL_SIZE];
    snprintf(callback_url, sizeof callback_url, "http://127.0.0.1:%d" SINK_EVENTS_PATH,
             sink_port(rehearsal->sink));
    snprintf(rehearsal->world_url, sizeof rehearsal->world_url, "http://127.0.0.1:%d",
             world_port(rehearsal->world));
    struct fixture_spec fixture = {.mint = rehearsal->mint,
                                   .now_secs = clock_wall_ms(&rehearsal->clock) / 1000,
                                   .callback_url = spec->callback ? spec->callback : callback_url,
                                   .flow = spec->flow,
                                   .as_sent = spec->as_sent};
    if (world_is_scripted(rehearsal->world))
        fixture.answers_url = rehearsal->world_url;
    rehearsal->fixture = fixture_new(spec->event, &fixture, err);
    return rehearsal->fixture != NULL;
}

static void warn(const struct rehearsal *rehearsal)
{
    cli_fail("replay", CLI_DONE, "warning: real callbacks go to %s, for %zu record%s%s",
             rehearsal->spec->callback, rehearsal->fixture->count,
             rehearsal->fixture->count == 1 ? "" : "s",
             rehearsal->own_tokens ? "" : ", with tokens of a key that only this replay knows");
}

/* --- the runtime ----------------------------------------------------------------------------- */

static void add_key(struct rehearsal *rehearsal)
{
    static const char *const theirs[] = {"BACKEND_PUB", "API_URL", "CALLBACK_BASE_URL"};
    if (!rehearsal->own_tokens) {
        char *key = mint_backend_pub(rehearsal->mint);
        variables_add(&rehearsal->variables, "BACKEND_PUB", key);
        mem_free(key);
        return;
    }
    for (size_t i = 0; i < sizeof theirs / sizeof *theirs; i++)
        if (getenv(theirs[i]))
            variables_add(&rehearsal->variables, theirs[i], getenv(theirs[i]));
}

/* What flows may reach besides: the world. */
static void add_world(struct rehearsal *rehearsal)
{
    const char *allow = getenv("EXECUTOR_HTTP_ALLOW");
    struct buffer list;
    if (!world_port(rehearsal->world))
        return;
    buffer_init(&list, LIST_MAX);
    buffer_format(&list, "%s%s127.0.0.1:%d", allow ? allow : "", allow && *allow ? "," : "",
                  world_port(rehearsal->world));
    char *both = mem_string(buffer_span(&list));
    variables_add(&rehearsal->variables, "EXECUTOR_HTTP_ALLOW", both);
    buffer_release(&list);
    mem_free(both);
}

static void make_variables(struct rehearsal *rehearsal)
{
    struct variables *variables = &rehearsal->variables;
    char address[URL_SIZE];
    snprintf(address, sizeof address, "127.0.0.1:%d", lambda_port(rehearsal->lambda));
    variables_add(variables, "AWS_LAMBDA_RUNTIME_API", address);
    variables_add(variables, "AWS_LAMBDA_LOG_FORMAT", "JSON");
    if (rehearsal->spec->callback) /* its log is all that is known of the runs */
        variables_add(variables, "AWS_LAMBDA_LOG_LEVEL", "INFO");
    variables_add(variables, "EXECUTOR_FLOWS_DIR", rehearsal->spec->flows);
    add_key(rehearsal);
    add_world(rehearsal);
    variables_pass_settings(variables);
    if (rehearsal->spec->one_by_one)
        variables_add(variables, "EXECUTOR_CONCURRENCY", "1");
    variables_add(variables, "EXECUTOR_BATCH_INTERVAL_MS", "20");
}

static bool start_runtime(struct rehearsal *rehearsal, struct error *err)
{
    const struct world *world = rehearsal->world;
    struct child_user user = {.arg = rehearsal, .line = on_line, .exited = on_exited};
    char program[PATH_MAX], port[16];
    char *argv[8] = {"moonmill", "runtime"};
    size_t count = 2;
    snprintf(port, sizeof port, "%d", world_port(world));
    if (!world_is_real(world))
        argv[count++] = "--offline";
    if (world_port(world)) {
        argv[count++] = "--stand-in";
        argv[count++] = port;
    }
    if (world_is_whole(world))
        argv[count++] = "--all-hosts";
    if (rehearsal->spec->skip_waits)
        argv[count++] = "--skip-waits";
    make_variables(rehearsal);
    rehearsal->child = child_start(rehearsal->loop, service_own_program(program), argv,
                                   rehearsal->variables.list, &user, err);
    set_limit(rehearsal, START_LIMIT_MS, on_late);
    return rehearsal->child != NULL;
}

static bool invoke(struct rehearsal *rehearsal, struct error *err)
{
    rehearsal->invocation =
        (struct lambda_invocation){.event = buffer_span(&rehearsal->fixture->event),
                                   .timeout_ms = rehearsal->spec->timeout_ms,
                                   .started = on_started,
                                   .answered = on_answered,
                                   .arg = rehearsal};
    lambda_invoke(rehearsal->lambda, &rehearsal->invocation);
    return start_runtime(rehearsal, err);
}

/* --- the whole ------------------------------------------------------------------------------- */

static void open_report(struct rehearsal *rehearsal)
{
    const struct fixture *fixture = rehearsal->fixture;
    rehearsal->report = report_new(fixture, &rehearsal->spec->style);
    rehearsal->outcome =
        outcome_new(fixture, world_is_scripted(rehearsal->world) ? rehearsal->world_url : NULL);
    rehearsal->runs = mem_array(fixture->count, sizeof(void *));
    for (size_t i = 0; i < fixture->count && !rehearsal->spec->callback; i++) {
        const struct fixture_record *record = &fixture->records[i];
        if (!record->run_id || !record->token)
            continue;
        rehearsal->runs[i] = sink_expect(rehearsal->sink, record->token, record->run_id);
        report_run(rehearsal->report, i, rehearsal->runs[i]);
    }
}

static bool open_page(struct rehearsal *rehearsal, struct error *err)
{
    const struct rehearsal_spec *spec = rehearsal->spec;
    if (!spec->page)
        return true;
    rehearsal->page = report_html_open(rehearsal->loop, spec->page, rehearsal->fixture, spec->name,
                                       spec->flows, err);
    return rehearsal->page != NULL;
}

/* CLI_DONE: everything is there; else what is wrong was said. */
static int open_all(struct rehearsal *rehearsal)
{
    const struct rehearsal_spec *spec = rehearsal->spec;
    struct sink_user user = {.arg = rehearsal, .event = on_event, .progress = on_progress};
    struct lambda_user lambda = {rehearsal, end_child, on_refused_start};
    struct world_spec world = spec->world;
    const char *file = NULL;
    struct error err = {0};
    if (!(rehearsal->loop = loop_new(&rehearsal->clock, &err)) ||
        !(rehearsal->mint = mint_new(&err)) ||
        !(rehearsal->sink = sink_open(rehearsal->loop, 0, &user, &err)) ||
        !(rehearsal->lambda = lambda_open(rehearsal->loop, 0, &lambda, &err)))
        return cli_fail("replay", CLI_BROKEN, "%s", err.text);
    loop_on_signal(rehearsal->loop, on_signal, rehearsal);
    world.lambda_port = lambda_port(rehearsal->lambda);
    if (!(rehearsal->world = world_open(rehearsal->loop, &world, &file, &err)))
        return cli_fail("replay", CLI_INPUT, "%s: %s", file ? file : "the machine", err.text);
    if (!open_fixture(rehearsal, &err) ||
        (spec->callback &&
         !tokens_check(rehearsal->fixture, spec->callback, &rehearsal->own_tokens, &err)))
        return cli_fail("replay", CLI_INPUT, "%s: %s", spec->name, err.text);
    if (!open_page(rehearsal, &err))
        return cli_fail("replay", CLI_INPUT, "%s", err.text);
    world_hide(rehearsal->world, rehearsal->fixture);
    open_report(rehearsal);
    if (spec->callback)
        warn(rehearsal);
    return CLI_DONE;
}

/* Says what went wrong with the runtime itself, if anything did. */
static int judge(const struct rehearsal *rehearsal, bool all_good)
{
    const int status = rehearsal->status;
    if (rehearsal->interrupted)
        return CLI_INTERRUPTED;
    if (rehearsal->refused_start)
        return cli_fail("replay", CLI_BROKEN, "the runtime did not start");
    if (rehearsal->late)
        return cli_fail("replay", CLI_BROKEN,
                        rehearsal->started ? "the runtime gave no answer in time"
                                           : "the runtime did not ask for the event in time");
    if (WIFSIGNALED(status))
        return cli_fail("replay", CLI_BROKEN, "the runtime was killed by signal %d (%s)",
                        WTERMSIG(status), strsignal(WTERMSIG(status)));
    if (WEXITSTATUS(status) != 0 || !rehearsal->answered)
        return cli_fail("replay", CLI_BROKEN, "the runtime exited with %d %s an answer",
                        WEXITSTATUS(status), rehearsal->answered ? "after" : "without");
    return all_good ? CLI_DONE : CLI_FAILED;
}

/* Writes the files: one that cannot be written, which was said, keeps no other from it. */
static bool write_files(const struct rehearsal *rehearsal, size_t *apart)
{
    struct error world = {0}, page = {0};
    bool recorded = world_end(rehearsal->world, apart, &world);
    bool shown = report_html_write(rehearsal->page, &page);
    if (!recorded)
        cli_fail("replay", CLI_BROKEN, "%s: %s", rehearsal->spec->world.record, world.text);
    if (!shown)
        cli_fail("replay", CLI_BROKEN, "%s", page.text);
    return recorded && shown;
}

/* The runtime is gone: what it came to. */
static int end(struct rehearsal *rehearsal, struct buffer *outcome, size_t *apart)
{
    size_t times = 0;
    if (!write_files(rehearsal, &times))
        return CLI_BROKEN;
    bool good = report_end(rehearsal->report);
    for (size_t i = 0; i < rehearsal->fixture->count; i++) {
        struct report_record record = report_record(rehearsal->report, i);
        outcome_end(rehearsal->outcome, i, record.status, record.fate, record.error);
    }
    if (!outcome_put(rehearsal->outcome, outcome))
        return cli_fail("replay", CLI_BROKEN, "more events than an outcome holds");
    *apart += times;
    return judge(rehearsal, good);
}

static void release(struct rehearsal *rehearsal)
{
    if (rehearsal->loop) {
        loop_timer_stop(rehearsal->loop, &rehearsal->limit);
        loop_timer_stop(rehearsal->loop, &rehearsal->tick);
    }
    child_free(rehearsal->child);
    lambda_close(rehearsal->lambda);
    world_close(rehearsal->world);
    report_free(rehearsal->report);
    outcome_free(rehearsal->outcome);
    report_html_free(rehearsal->page);
    fixture_free(rehearsal->fixture);
    mem_free(rehearsal->runs);
    sink_close(rehearsal->sink);
    mint_free(rehearsal->mint);
    variables_release(&rehearsal->variables);
    loop_free(rehearsal->loop);
}

int rehearsal_run(const struct rehearsal_spec *spec, struct buffer *outcome, size_t *apart)
{
    struct rehearsal rehearsal = {.spec = spec};
    struct error err = {0};
    int code = open_all(&rehearsal);
    if (code == CLI_DONE && !invoke(&rehearsal, &err)) {
        code = cli_fail("replay", CLI_BROKEN, "%s", err.text);
    } else if (code == CLI_DONE) {
        begin_progress(&rehearsal);
        loop_run(rehearsal.loop);
        progress_clear(&rehearsal.progress);
        code = end(&rehearsal, outcome, apart);
    }
    release(&rehearsal);
    return code;
}
