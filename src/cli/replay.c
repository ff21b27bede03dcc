#include "replay.h"

#include "cli.h"
#include "config.h"
#include "difference.h"
#include "expectation.h"
#include "fixture.h"
#include "lookalike.h"
#include "outcome.h"
#include "rehearsal.h"
#include "terminal.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#define TIMEOUT_DEFAULT_SECS 60
#define TIMEOUT_MAX_SECS     86400
#define LINES_MAX            60 /* of a difference between two passes */

struct options {
    const char *file;
    const char *flows;
    const char *flow;                    /* or NULL */
    const char *answers, *record, *mock; /* at most one of them */
    const char *report;                  /* a file, or NULL */
    const char *callback;                /* or NULL */
    const char *speed;
    const char *expect; /* or NULL */
    int64_t timeout_secs;
    int64_t repeat;
    bool write;
    bool wrap;
    bool json;
    bool as_sent;
    bool verbose, quiet;
};

/* --- options --------------------------------------------------------------------------------- */

static int replay_main(int argc, char **argv);

static const char *const replay_examples[] = {
    "moonmill replay fixtures/refund.json",
    "moonmill replay --answers fixtures/answers.json fixtures/refund.json",
    "moonmill replay --flow refund --json event.json",
    "moonmill replay --record shop.json event.json",
    "moonmill replay --mock shop.json --speed skip --expect golden.json event.json",
    NULL};

static const struct option_spec replay_options[] = {
    {.name = "flows",
     .kind = OPTION_FOLDER,
     .value = "DIR",
     .help = "where the flows are (./flows)",
     .at = offsetof(struct options, flows)},
    {.name = "flow",
     .kind = OPTION_FLOW,
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
    {.name = "report",
     .kind = OPTION_FILE,
     .value = "FILE",
     .help = "also write an HTML page that needs nothing else: each run's steps over time, its "
             "flow, its events, its error",
     .at = offsetof(struct options, report)},
    {.name = "record",
     .kind = OPTION_FILE,
     .value = "FILE",
     .help = "let flows reach the real servers, and keep what they say in FILE; without headers of "
             "requests, cookies, and values of secrets",
     .at = offsetof(struct options, record)},
    {.name = "mock",
     .kind = OPTION_FILE,
     .value = "FILE",
     .help = "answer flows from such a file; what they ask otherwise is shown, and is a failure",
     .at = offsetof(struct options, mock)},
    {.name = "callback",
     .kind = OPTION_TEXT,
     .value = "URL",
     .help =
         "let runs report to this receiver, for real; their events are seen there alone: here are "
         "the status, the time and how many there were, as the runtime's log has them",
     .at = offsetof(struct options, callback)},
    {.name = "speed",
     .kind = OPTION_WORD,
     .value = "real|skip",
     .help = "skip: waits and pauses of flows take no time (real)",
     .at = offsetof(struct options, speed)},
    {.name = "repeat",
     .kind = OPTION_NUMBER,
     .value = "N",
     .help = "N passes, and where they differ from the first (1); with --json a line each, and "
             "one that counts",
     .at = offsetof(struct options, repeat),
     .least = 1,
     .most = 1000},
    {.name = "expect",
     .kind = OPTION_FILE,
     .value = "FILE",
     .help = "hold the outcome against that in FILE, where \"@ANY@\" is any value; a difference is "
             "shown, and is the failure then",
     .at = offsetof(struct options, expect)},
    {.name = "write", .help = "make the file of --expect", .at = offsetof(struct options, write)},
    {.name = "wrap",
     .help = "FILE is a job, an array of jobs or of records: make an event of it",
     .at = offsetof(struct options, wrap)},
    {.name = "json",
     .help = "one JSON document instead of lines",
     .at = offsetof(struct options, json)},
    {.name = "verbose",
     .letter = 'v',
     .help = "`run:` events and the runtime's log as well",
     .at = offsetof(struct options, verbose)},
};

static const char *const replay_exits[COMMAND_EXITS] = {
    "all completed and acknowledged, or as expected",
    "some failed or were returned, or something differs", "wrong use", "a file cannot be used",
    "the runtime itself failed"};

const struct command replay_command = {
    .name = "replay",
    .summary = "run the jobs of an SQS event here, against local stand-ins",
    .about =
        "Runs the jobs of a recorded SQS event through the real runtime on this machine. The "
        "queue, the API and the outside world are local stand-ins. A job whose executor_jwt is "
        "no token (\"@JWT@\") gets one. With --record, --mock or --expect runs go one after the "
        "other, unless EXECUTOR_CONCURRENCY is set. -q leaves the table and the answer.",
    .operands = "FILE|-",
    .operands_min = 1,
    .operands_max = 1,
    .examples = replay_examples,
    .options = replay_options,
    .option_count = sizeof replay_options / sizeof *replay_options,
    .exits = replay_exits,
    .json = "{\"records\":[{\"messageId\":\"4363f76f-507c-4a01-b243-713119df2743\",\n"
            "  \"runId\":\"uy24ija6wysbs2n5sgaxovpe\",\"flow\":\"echo\",\"status\":\"completed\",\n"
            "  \"fate\":\"done\",\"error\":null,\"durationMs\":44,\n"
            "  \"events\":[{\"atMs\":59,\"type\":\"log\",\"payload\":{\"message\":\"hi\"}}]}],\n"
            " \"response\":{\"batchItemFailures\":[]}}",
    .main = replay_main};

static bool is_url(const char *text)
{
    return strncasecmp(text, "http://", 7) == 0 || strncasecmp(text, "https://", 8) == 0;
}

/* -1: go on; else the exit code. */
static int check_options(const struct options *options)
{
    if ((options->answers != NULL) + (options->record != NULL) + (options->mock != NULL) > 1)
        return cli_usage("replay", "--answers, --record and --mock exclude each other");
    if (options->record && options->repeat > 1)
        return cli_usage("replay", "--record is for one pass");
    if (options->write && !options->expect)
        return cli_usage("replay", "--write makes the file of --expect");
    if (options->callback && options->report)
        return cli_usage("replay",
                         "--report draws the events, which --callback sends elsewhere: one "
                         "of them");
    if (options->callback && !is_url(options->callback))
        return cli_usage("replay", "--callback '%s': must be an http or https URL",
                         options->callback);
    return -1;
}

/* --- the event ------------------------------------------------------------------------------- */

static int load(const struct options *options, struct buffer *event)
{
    struct buffer text;
    struct error err;
    int code = CLI_DONE;
    buffer_init(&text, 2 * CONFIG_PAYLOAD_MAX);
    bool good = fixture_load(options->file, &text, &err) &&
                (options->wrap ? lookalike_wrap(buffer_span(&text), event, &err)
                               : buffer_add(event, buffer_span(&text)));
    if (!good)
        code = cli_fail("replay", CLI_INPUT, "%s: %s", options->file, err.text);
    buffer_release(&text);
    return code;
}

/* --- passes ---------------------------------------------------------------------------------- */

struct passes {
    int64_t count;
    int64_t bad;       /* not all completed and acknowledged */
    int64_t different; /* from the first */
    size_t apart;      /* requests, from what was recorded */
};

static struct rehearsal_spec spec_of(const struct options *options, struct span event, bool first)
{
    return (struct rehearsal_spec){
        .name = options->file,
        .event = event,
        .flows = options->flows,
        .flow = options->flow,
        .callback = options->callback,
        .page = first ? options->report : NULL,
        .world = {.answers = options->answers, .record = options->record, .mock = options->mock},
        .style = {.json = options->json,
                  .verbose = options->verbose && first,
                  .quiet = options->quiet,
                  .colour = terminal_colours(STDOUT_FILENO),
                  .colour_log = terminal_colours(STDERR_FILENO),
                  .silent = !first},
        .timeout_ms = options->timeout_secs * 1000,
        .as_sent = options->as_sent,
        .skip_waits = strcmp(options->speed, "skip") == 0,
        .one_by_one = options->record || options->mock || options->expect};
}

static void compare(struct passes *passes, struct span first, struct span later)
{
    bool colour = terminal_colours(STDERR_FILENO);
    if (span_equal(first, later))
        return;
    passes->different++;
    fprintf(stderr, "moonmill replay: pass %lld came out otherwise than the first:\n",
            (long long)passes->count);
    difference_print(stderr, first, later, LINES_MAX, colour);
}

static void print_passes(const struct options *options, const struct passes *passes)
{
    if (options->json)
        printf("{\"passes\":%lld,\"failed\":%lld,\"different\":%lld}\n", (long long)passes->count,
               (long long)passes->bad, (long long)passes->different);
    else
        printf("\n%lld passes: %lld came out otherwise than the first, %lld with runs that failed "
               "or came back\n",
               (long long)passes->count, (long long)passes->different, (long long)passes->bad);
    fflush(stdout);
}

/* The exit status of the runs alone; outcome is the first pass's. */
static int repeat(const struct options *options, struct span event, struct passes *passes,
                  struct buffer *outcome)
{
    int code = CLI_DONE;
    while (passes->count < options->repeat && (code == CLI_DONE || code == CLI_FAILED)) {
        struct buffer later;
        bool first = passes->count++ == 0;
        struct rehearsal_spec spec = spec_of(options, event, first);
        buffer_init(&later, OUTCOME_MAX);
        code = rehearsal_run(&spec, first ? outcome : &later, &passes->apart);
        passes->bad += code == CLI_FAILED;
        if (!first && (code == CLI_DONE || code == CLI_FAILED))
            compare(passes, buffer_span(outcome), buffer_span(&later));
        buffer_release(&later);
    }
    if (code != CLI_DONE && code != CLI_FAILED)
        return code;
    if (options->repeat > 1)
        print_passes(options, passes);
    return passes->bad ? CLI_FAILED : CLI_DONE;
}

/* Whether runs may fail is for the expectation to say, where there is one. */
static int replay(const struct options *options)
{
    struct buffer event, outcome;
    struct passes passes = {0};
    buffer_init(&event, 4 * CONFIG_PAYLOAD_MAX);
    buffer_init(&outcome, OUTCOME_MAX);
    int code = load(options, &event);
    if (code == CLI_DONE)
        code = repeat(options, buffer_span(&event), &passes, &outcome);
    if (options->expect && (code == CLI_DONE || code == CLI_FAILED))
        code = expectation_check(options->expect, options->write, buffer_span(&outcome));
    if (code == CLI_DONE && (passes.different || passes.apart))
        code = CLI_FAILED;
    buffer_release(&event);
    buffer_release(&outcome);
    return code;
}

static int replay_main(int argc, char **argv)
{
    struct options options = {
        .flows = "./flows", .speed = "real", .timeout_secs = TIMEOUT_DEFAULT_SECS, .repeat = 1};
    struct command_line line;
    int code = command_read(&replay_command, argc, argv, &options, &line);
    if (code >= 0 || (code = check_options(&options)) >= 0)
        return code;
    options.file = line.operands[0];
    options.quiet = line.quiet;
    return replay(&options);
}
