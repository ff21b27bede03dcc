#include "event_options.h"

#include "cli.h"
#include "envelope.h"
#include "event.h"
#include "job.h"
#include "json.h"

#include <stddef.h>
#include <string.h>

#define COUNT_MAX      10000 /* of one event (runtime.md 3) */
#define FIFO_COUNT_MAX 10
#define QUEUE_NAME_MAX 80
#define APP            "local"
#define USER           "developer"
#define CALLBACK       "http://localhost:8080"

static const char *const event_examples[] = {
    "moonmill event sqs --flow refund --payload '{\"order\":\"A-1\",\"amount\":20}'",
    "moonmill event sqs --flow refund --payload @refund.json | moonmill replay -",
    "moonmill event sqs --flow refund --count 10 --fifo --groups 3 --seed 1 > batch.json",
    "moonmill event job --flow refund",
    "moonmill event token --key keys/test.pem --run my-run",
    NULL};

static const struct option_spec event_options[] = {
    {.name = "flow",
     .kind = OPTION_FLOW,
     .value = "NAME",
     .help = "the flow that a job asks for; needed, but for a token",
     .at = offsetof(struct event_options, flow)},
    {.name = "payload",
     .kind = OPTION_TEXT,
     .value = "JSON|@FILE",
     .help = "the flow's input; @- reads standard input (null)",
     .at = offsetof(struct event_options, payload)},
    {.name = "version",
     .kind = OPTION_TEXT,
     .value = "N.N.N",
     .help = "the flow's version (the latest)",
     .at = offsetof(struct event_options, version)},
    {.name = "count",
     .kind = OPTION_NUMBER,
     .value = "N",
     .help = "messages; 10 at most in a FIFO batch, and 6 MB in all (1)",
     .at = offsetof(struct event_options, count),
     .least = 1,
     .most = COUNT_MAX},
    {.name = "fifo",
     .help = "of a FIFO queue: groups, sequence numbers, deduplication ids",
     .at = offsetof(struct event_options, fifo)},
    {.name = "groups",
     .kind = OPTION_NUMBER,
     .value = "N",
     .help = "the messages take turns in that many groups, each an app of its own, as the API has "
             "it (1)",
     .at = offsetof(struct event_options, groups),
     .least = 1,
     .most = COUNT_MAX},
    {.name = "receive-count",
     .kind = OPTION_NUMBER,
     .value = "N",
     .help = "how often each message was received, this time counted (1)",
     .at = offsetof(struct event_options, receive_count),
     .least = 1,
     .most = 1000},
    {.name = "queue",
     .kind = OPTION_TEXT,
     .value = "NAME",
     .help = "the queue's name (moonmill, or moonmill.fifo)",
     .at = offsetof(struct event_options, queue)},
    {.name = "seed",
     .kind = OPTION_NUMBER,
     .value = "N",
     .help = "the same ids and times for the same seed; tokens are never the same (random, now)",
     .at = offsetof(struct event_options, seed),
     .least = 0,
     .most = INT64_MAX},
    {.name = "app",
     .kind = OPTION_TEXT,
     .value = "ID",
     .help = "whose flow it is (" APP ")",
     .at = offsetof(struct event_options, app)},
    {.name = "user",
     .kind = OPTION_TEXT,
     .value = "ID",
     .help = "who runs it (" USER ")",
     .at = offsetof(struct event_options, user)},
    {.name = "run",
     .kind = OPTION_TEXT,
     .value = "ID",
     .help = "the run's id, of one job (a made one)",
     .at = offsetof(struct event_options, run)},
    {.name = "callback",
     .kind = OPTION_TEXT,
     .value = "URL",
     .help = "where a run reports to (" CALLBACK ")",
     .at = offsetof(struct event_options, callback)},
    {.name = "key",
     .kind = OPTION_FILE,
     .value = "FILE",
     .help = "sign tokens by this P-256 key, which is made, for you alone, when the file is not "
             "there; standard error tells the BACKEND_PUB that verifies them (a token: a fresh "
             "key; a job: \"" ENVELOPE_TOKEN "\", for replay and watch to replace)",
     .at = offsetof(struct event_options, key)},
    {.name = "json",
     .help = "a token as a document; events and jobs are JSON anyway",
     .at = offsetof(struct event_options, json)},
};

static const char *const event_exits[COMMAND_EXITS] = {
    "written", NULL, "wrong use, or a payload that is no JSON", "a file cannot be read or written",
    "the machine refused"};

const struct command event_command = {
    .name = "event",
    .summary = "write SQS events, jobs and tokens to try flows with",
    .about = "Writes an SQS event with jobs, as Lambda gives it to a function; one job, as it lies "
             "on the queue; or a token, as it lies in a job. Nothing is sent or downloaded.",
    .operands = "sqs|job|token",
    .operands_min = 1,
    .operands_max = 1,
    .examples = event_examples,
    .options = event_options,
    .option_count = sizeof event_options / sizeof *event_options,
    .exits = event_exits,
    .json = "{\"token\":\"eyJ0eXAi...\",\"backendPub\":\"LS0tLS1C...\",\"runId\":\"my-run\"}",
    .main = event_main};

/* The first of the texts that may not stand in JSON or is too long for an id. */
static const char *bad_id(const struct event_options *options)
{
    const char *const ids[] = {options->flow, options->app,      options->user,
                               options->run,  options->callback, options->queue};
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++)
        if (ids[i] && (!*ids[i] || strlen(ids[i]) > JOB_ID_MAX || !json_is_utf8(span_of(ids[i]))))
            return ids[i];
    return NULL;
}

/* As SQS has it: 1 to 80 letters, digits, - and _; a FIFO queue's name ends in .fifo. */
static bool is_queue_name(const char *name, bool fifo)
{
    size_t len = strlen(name);
    size_t plain = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_");
    return plain > 0 && len <= QUEUE_NAME_MAX &&
           (fifo ? strcmp(name + plain, ".fifo") == 0 : plain == len);
}

/* -1, or the exit status. */
static int judge_queue(const struct event_options *options)
{
    if (options->fifo && options->count > FIFO_COUNT_MAX)
        return cli_usage("event", "--count %lld: a FIFO batch holds %d at most",
                         (long long)options->count, FIFO_COUNT_MAX);
    if (options->queue && !is_queue_name(options->queue, options->fifo))
        return cli_usage("event", "--queue '%s': must be 1 to %d letters, digits, - and _%s",
                         options->queue, QUEUE_NAME_MAX,
                         options->fifo ? ", and end in .fifo" : "; one in .fifo needs --fifo");
    return -1;
}

/* -1, or the exit status. */
static int judge_version(const struct event_options *options)
{
    struct buffer trial;
    buffer_init(&trial, 16 * JOB_ID_MAX);
    bool good = envelope_write(
        &trial,
        &(struct envelope){.job_id = "", .run_id = "", .flow = "", .version = options->version});
    buffer_release(&trial);
    return good ? -1 : cli_usage("event", "--version '%s': must be like 1.4.2", options->version);
}

static int judge(const struct event_options *options, const char *what)
{
    const char *bad = bad_id(options);
    bool event = strcmp(what, "sqs") == 0;
    if (!options->flow && strcmp(what, "token") != 0)
        return cli_usage("event", "which flow? --flow NAME");
    if (bad)
        return cli_usage("event", "'%s': a name is 1 to %d bytes of UTF-8", bad, JOB_ID_MAX);
    if (!event && (options->count > 1 || options->fifo || options->groups > 1 ||
                   options->receive_count > 1 || options->queue))
        return cli_usage("event", "--count, --fifo, --groups, --receive-count and --queue are for "
                                  "an event: moonmill event sqs");
    if (options->run && options->count > 1)
        return cli_usage("event", "--run is for one job");
    int code = event ? judge_queue(options) : -1;
    return code < 0 ? judge_version(options) : code;
}

int event_options_read(int argc, char **argv, struct event_options *options,
                       struct command_line *line)
{
    *options = (struct event_options){.payload = "null",
                                      .app = APP,
                                      .user = USER,
                                      .callback = CALLBACK,
                                      .count = 1,
                                      .groups = 1,
                                      .receive_count = 1,
                                      .seed = -1};
    int code = command_read(&event_command, argc, argv, options, line);
    return code < 0 ? judge(options, line->operands[0]) : code;
}
