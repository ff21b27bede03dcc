#include "replay.h"

#include "answers.h"
#include "child.h"
#include "cli.h"
#include "clock.h"
#include "config.h"
#include "fixture.h"
#include "lambda.h"
#include "loop.h"
#include "mint.h"
#include "report.h"
#include "service.h"
#include "sink.h"
#include "terminal.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define TIMEOUT_DEFAULT_SECS 60
#define TIMEOUT_MAX_SECS     86400
#define START_LIMIT_MS       30000 /* from exec to the first poll */
#define OVERTIME_MS          10000 /* past the invocation's deadline: it hangs */
#define END_LIMIT_MS         5000
#define ENVIRONMENT_MAX      256
#define VARIABLE_MAX         (1024 * 1024)
#define SCRIPT_MAX           (8 * 1024 * 1024)
#define URL_SIZE             128

struct options {
    const char *file;
    const char *flows;
    const char *flow;    /* or NULL */
    const char *answers; /* or NULL */
    int64_t timeout_secs;
    bool json;
    bool as_sent;
    bool verbose;
};

struct replay {
    const struct options *options;
    struct clock clock;
    struct loop *loop;
    struct mint *mint;
    struct buffer script; /* of the answers */
    struct answers *answers;
    struct sink *sink;
    struct fixture *fixture;
    struct report *report;
    struct lambda *lambda;
    struct lambda_invocation invocation;
    struct child *child;
    struct loop_timer limit;
    int64_t started_ms;
    bool started;
    bool answered;
    bool refused_start; /* /init/error */
    bool late;
    bool interrupted;
    int status; /* waitpid's */
    char *environment[ENVIRONMENT_MAX + 1];
    size_t variables;
};

/* --- options --------------------------------------------------------------------------------- */

static int replay_main(int argc, char **argv);

static const char *const replay_examples[] = {
    "moonmill replay fixtures/refund.json",
    "moonmill replay --answers fixtures/answers.json fixtures/refund.json",
    "moonmill replay --flow refund --json event.json", NULL};

static const struct option_spec replay_options[] = {
    {.name = "flows",
     .kind = OPTION_FOLDER,
     .value = "DIR",
     .help = "where the flows are (./flows)",
     .at = offsetof(struct options, flows)},
    {.name = "flow",
     .kind = OPTION_TEXT,
     .value = "NAME",
     .help = "every job runs this flow, from its start",
     .at = offsetof(struct options, flow)},
    {.name = "answers",
     .kind = OPTION_FILE,
     .value = "FILE",
     .help = "what the outside world says: "
             "{\"GET https://a.test/x\":[{\"status\":200,\"json\":{}}]}; a method is not needed, * "
             "at the end is any rest; \"/path\" is for jobs in which @ANSWERS@ becomes its address",
     .at = offsetof(struct options, answers)},
    {.name = "timeout",
     .kind = OPTION_NUMBER,
     .value = "SECS",
     .help = "the invocation's deadline (60)",
     .at = offsetof(struct options, timeout_secs),
     .least = 1,
     .most = TIMEOUT_MAX_SECS},
    {.name = "as-sent",
     .help = "do not turn stream_state on",
     .at = offsetof(struct options, as_sent)},
    {.name = "json",
     .help = "one JSON document instead of lines",
     .at = offsetof(struct options, json)},
};

static const char *const replay_exits[COMMAND_EXITS] = {
    "all completed and acknowledged", "some failed or were returned", "wrong use",
    "the file is no SQS event", "the runtime itself failed"};

const struct command replay_command = {
    .name = "replay",
    .summary = "run the jobs of an SQS event here, against local stand-ins",
    .about =
        "Runs the jobs of a recorded SQS event through the real runtime on this machine. The "
        "queue, the API and the outside world are local stand-ins. A job whose executor_jwt is "
        "no token (\"@JWT@\") gets one. -v shows `run:` events and the runtime's log as well.",
    .operands = "FILE|-",
    .operands_min = 1,
    .operands_max = 1,
    .examples = replay_examples,
    .options = replay_options,
    .option_count = sizeof replay_options / sizeof *replay_options,
    .exits = replay_exits,
    .main = replay_main};

static bool is_folder(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

/* -1: go on; else the exit code. */
static int read_options(int argc, char **argv, struct options *options)
{
    struct command_line line;
    int code = command_read(&replay_command, argc, argv, options, &line);
    if (code >= 0)
        return code;
    if (!is_folder(options->flows)) /* the usual one, which nobody named */
        return cli_usage("replay", "--flows '%s': no such folder", options->flows);
    options->file = line.operands[0];
    options->verbose = line.verbose;
    return -1;
}

/* --- while it runs --------------------------------------------------------------------------- */

static void end_child(void *arg)
{
    struct replay *replay = arg;
    child_end(replay->child, END_LIMIT_MS);
}

static void set_limit(struct replay *replay, int64_t after_ms, void (*fire)(void *arg))
{
    loop_timer_set(replay->loop, &replay->limit, loop_mono_ms(replay->loop) + after_ms, fire,
                   replay);
}

static void on_late(void *arg)
{
    struct replay *replay = arg;
    replay->late = true;
    end_child(replay);
}

static void on_started(void *arg, int64_t deadline_ms)
{
    struct replay *replay = arg;
    (void)deadline_ms;
    replay->started = true;
    replay->started_ms = loop_mono_ms(replay->loop);
    set_limit(replay, replay->options->timeout_secs * 1000 + OVERTIME_MS, on_late);
}

static void on_answered(void *arg, enum lambda_answer how, struct span body)
{
    struct replay *replay = arg;
    replay->answered = true;
    report_answer(replay->report, how, body);
    set_limit(replay, END_LIMIT_MS, end_child);
}

static void on_refused_start(void *arg, struct span body)
{
    struct replay *replay = arg;
    replay->refused_start = true;
    on_answered(replay, LAMBDA_ERROR, body);
}

static void on_event(void *arg, struct sink_run *run, const char *type, struct span payload)
{
    struct replay *replay = arg;
    report_event(replay->report, loop_mono_ms(replay->loop) - replay->started_ms, run, type,
                 payload);
}

static void on_line(void *arg, const char *line)
{
    struct replay *replay = arg;
    report_log(replay->report, line);
}

static void on_exited(void *arg, int status)
{
    struct replay *replay = arg;
    replay->status = status;
    loop_stop(replay->loop);
}

static void on_signal(void *arg, int signal)
{
    struct replay *replay = arg;
    (void)signal;
    if (replay->interrupted)
        loop_stop(replay->loop); /* asked twice: child_free kills it */
    replay->interrupted = true;
    end_child(replay);
}

/* --- the runtime's environment --------------------------------------------------------------- */

static void add_variable(struct replay *replay, const char *name, const char *value)
{
    struct buffer text;
    if (replay->variables == ENVIRONMENT_MAX)
        return;
    buffer_init(&text, VARIABLE_MAX);
    buffer_format(&text, "%s=%s", name, value);
    replay->environment[replay->variables++] = mem_string(buffer_span(&text));
    buffer_release(&text);
}

/* The EXECUTOR_ settings of the caller go along, but for those that are ours to set. */
static void pass_settings(struct replay *replay)
{
    for (char **each = environ; *each; each++) {
        const char *value = strchr(*each, '=');
        if (!value || strncmp(*each, "EXECUTOR_", 9) != 0 ||
            strncmp(*each, "EXECUTOR_FLOWS_DIR=", 19) == 0 ||
            strncmp(*each, "EXECUTOR_HTTP_ALLOW=", 20) == 0)
            continue;
        char *name = mem_string((struct span){*each, (size_t)(value - *each)});
        add_variable(replay, name, value + 1);
        mem_free(name);
    }
}

static void make_environment(struct replay *replay)
{
    char text[URL_SIZE];
    char *key = mint_backend_pub(replay->mint);
    const char *allow = getenv("EXECUTOR_HTTP_ALLOW");
    snprintf(text, sizeof text, "127.0.0.1:%d", lambda_port(replay->lambda));
    add_variable(replay, "AWS_LAMBDA_RUNTIME_API", text);
    add_variable(replay, "AWS_LAMBDA_LOG_FORMAT", "JSON");
    add_variable(replay, "BACKEND_PUB", key);
    add_variable(replay, "EXECUTOR_FLOWS_DIR", replay->options->flows);
    if (replay->answers) {
        struct buffer list;
        buffer_init(&list, VARIABLE_MAX);
        buffer_format(&list, "%s%s127.0.0.1:%d", allow ? allow : "", allow && *allow ? "," : "",
                      answers_port(replay->answers));
        char *both = mem_string(buffer_span(&list));
        add_variable(replay, "EXECUTOR_HTTP_ALLOW", both);
        buffer_release(&list);
        mem_free(both);
    } else if (allow) {
        add_variable(replay, "EXECUTOR_HTTP_ALLOW", allow);
    }
    if (!getenv("EXECUTOR_BATCH_INTERVAL_MS"))
        add_variable(replay, "EXECUTOR_BATCH_INTERVAL_MS", "20");
    pass_settings(replay);
    mem_free(key);
}

/* --- setting up ------------------------------------------------------------------------------ */

static bool open_answers(struct replay *replay, struct error *err)
{
    if (!replay->options->answers)
        return true;
    return fixture_load(replay->options->answers, &replay->script, err) &&
           (replay->answers = answers_open(replay->loop, buffer_span(&replay->script), err));
}

static bool open_fixture(struct replay *replay, struct error *err)
{
    char callback_url[URL_SIZE], answers_url[URL_SIZE];
    struct buffer text;
    snprintf(callback_url, sizeof callback_url, "http://127.0.0.1:%d" SINK_EVENTS_PATH,
             sink_port(replay->sink));
    if (replay->answers)
        snprintf(answers_url, sizeof answers_url, "http://127.0.0.1:%d",
                 answers_port(replay->answers));
    struct fixture_spec spec = {.mint = replay->mint,
                                .now_secs = clock_wall_ms(&replay->clock) / 1000,
                                .callback_url = callback_url,
                                .flow = replay->options->flow,
                                .answers_url = replay->answers ? answers_url : NULL,
                                .as_sent = replay->options->as_sent};
    buffer_init(&text, 2 * CONFIG_PAYLOAD_MAX);
    if (fixture_load(replay->options->file, &text, err))
        replay->fixture = fixture_new(buffer_span(&text), &spec, err);
    buffer_release(&text);
    return replay->fixture != NULL;
}

static void open_report(struct replay *replay)
{
    struct report_style style = {.json = replay->options->json,
                                 .verbose = replay->options->verbose,
                                 .colour = terminal_colours(STDOUT_FILENO),
                                 .colour_log = terminal_colours(STDERR_FILENO)};
    replay->report = report_new(replay->fixture, &style);
    for (size_t i = 0; i < replay->fixture->count; i++) {
        const struct fixture_record *record = &replay->fixture->records[i];
        if (record->run_id && record->token)
            report_run(replay->report, i, sink_expect(replay->sink, record->token, record->run_id));
    }
}

static bool start_runtime(struct replay *replay, struct error *err)
{
    struct lambda_user lambda = {replay, end_child, on_refused_start};
    struct child_user child = {.arg = replay, .line = on_line, .exited = on_exited};
    char port[16];
    char *argv[] = {"moonmill", "runtime", "--offline", NULL, NULL, NULL};
    if (replay->answers) {
        snprintf(port, sizeof port, "%d", answers_port(replay->answers));
        argv[3] = "--stand-in";
        argv[4] = port;
    }
    replay->lambda = lambda_open(replay->loop, 0, &lambda, err);
    if (!replay->lambda)
        return false;
    replay->invocation =
        (struct lambda_invocation){.event = buffer_span(&replay->fixture->event),
                                   .timeout_ms = replay->options->timeout_secs * 1000,
                                   .started = on_started,
                                   .answered = on_answered,
                                   .arg = replay};
    lambda_invoke(replay->lambda, &replay->invocation);
    make_environment(replay);
    char program[PATH_MAX];
    replay->child = child_start(replay->loop, service_own_program(program), argv,
                                replay->environment, &child, err);
    set_limit(replay, START_LIMIT_MS, on_late);
    return replay->child != NULL;
}

/* --- the whole ------------------------------------------------------------------------------- */

/* Says what went wrong with the runtime itself, if anything did. */
static int judge(const struct replay *replay, bool all_good)
{
    const int status = replay->status;
    if (replay->interrupted)
        return CLI_INTERRUPTED;
    if (replay->refused_start)
        return cli_fail("replay", CLI_BROKEN, "the runtime did not start");
    if (replay->late)
        return cli_fail("replay", CLI_BROKEN,
                        replay->started ? "the runtime gave no answer in time"
                                        : "the runtime did not ask for the event in time");
    if (WIFSIGNALED(status))
        return cli_fail("replay", CLI_BROKEN, "the runtime was killed by signal %d (%s)",
                        WTERMSIG(status), strsignal(WTERMSIG(status)));
    if (WEXITSTATUS(status) != 0 || !replay->answered)
        return cli_fail("replay", CLI_BROKEN, "the runtime exited with %d %s an answer",
                        WEXITSTATUS(status), replay->answered ? "after" : "without");
    return all_good ? CLI_DONE : CLI_FAILED;
}

static int run(struct replay *replay)
{
    struct error err = {0};
    struct sink_user user = {.arg = replay, .event = on_event};
    if (!(replay->mint = mint_new(&err)) ||
        !(replay->sink = sink_open(replay->loop, 0, &user, &err)))
        return cli_fail("replay", CLI_BROKEN, "%s", err.text);
    if (!open_answers(replay, &err))
        return cli_fail("replay", CLI_INPUT, "%s: %s", replay->options->answers, err.text);
    if (!open_fixture(replay, &err))
        return cli_fail("replay", CLI_INPUT, "%s: %s", replay->options->file, err.text);
    open_report(replay);
    if (!start_runtime(replay, &err))
        return cli_fail("replay", CLI_BROKEN, "%s", err.text);
    loop_run(replay->loop);
    return judge(replay, report_end(replay->report));
}

static void release(struct replay *replay)
{
    if (replay->loop)
        loop_timer_stop(replay->loop, &replay->limit);
    child_free(replay->child);
    lambda_close(replay->lambda);
    answers_close(replay->answers);
    report_free(replay->report);
    fixture_free(replay->fixture);
    sink_close(replay->sink);
    mint_free(replay->mint);
    buffer_release(&replay->script);
    for (size_t i = 0; i < replay->variables; i++)
        mem_free_secret(replay->environment[i]);
    loop_free(replay->loop);
}

static int replay_main(int argc, char **argv)
{
    struct options options = {.flows = "./flows", .timeout_secs = TIMEOUT_DEFAULT_SECS};
    struct replay replay = {.options = &options};
    struct error err = {0};
    int code = read_options(argc, argv, &options);
    if (code >= 0)
        return code;
    buffer_init(&replay.script, SCRIPT_MAX);
    replay.loop = loop_new(&replay.clock, &err);
    if (replay.loop) {
        loop_on_signal(replay.loop, on_signal, &replay);
        code = run(&replay);
    } else {
        code = cli_fail("replay", CLI_BROKEN, "%s", err.text);
    }
    release(&replay);
    return code;
}
