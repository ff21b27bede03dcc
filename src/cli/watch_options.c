#include "watch_options.h"

#include "cli.h"
#include "mapping.h"
#include "watch.h"

#include <stddef.h>

#define FIELD(name) offsetof(struct watch_options, name)
static const struct option_spec table[] = {
    {"flows", 0, OPTION_FOLDER, "DIR", "where the flows are (flows)", FIELD(flows), 0, 0},
    {"port", 0, OPTION_NUMBER, "N", "of the page and the invoke endpoint (a free one)", FIELD(port),
     1, 65535},
    {"bootstrap", 0, OPTION_FILE, "FILE", "the runtime (bootstrap beside this program)",
     FIELD(bootstrap), 0, 0},
    {"answers", 0, OPTION_FILE, "FILE",
     "what the outside world says, as for replay; flows reach nothing else", FIELD(answers), 0, 0},
    {"timeout", 0, OPTION_NUMBER, "SECS", "the function's timeout (30)", FIELD(timeout_secs), 1,
     900},
    {"batch-size", 0, OPTION_NUMBER, "N", "messages of a batch, at most (10)", FIELD(batch_size), 1,
     MAPPING_BATCH_MAX},
    {"window", 0, OPTION_NUMBER, "SECS", "how long a batch waits to be full (0)",
     FIELD(window_secs), 0, 300},
    {"visibility", 0, OPTION_NUMBER, "SECS",
     "how long a message that comes back stays invisible (timeout + window)",
     FIELD(visibility_secs), 0, 43200},
    {"max-receives", 0, OPTION_NUMBER, "N",
     "received that often, a message goes to the dead-letter queue; 0: never (3)",
     FIELD(max_receives), 0, 1000},
    {"fifo", 0, OPTION_FLAG, NULL, "a FIFO queue: groups in order", FIELD(fifo), 0, 0},
    {"rerun", 0, OPTION_FLAG, NULL, "send the last job again when a flow is saved", FIELD(rerun), 0,
     0},
    {"json", 0, OPTION_FLAG, NULL, "a JSON object a line instead of text", FIELD(json), 0, 0},
    {"verbose", 'v', OPTION_FLAG, NULL, "all of the runtime's log", FIELD(verbose), 0, 0},
};

static const char *const examples[] = {"moonmill watch", "moonmill watch --rerun",
                                       "moonmill watch --port 9000 --answers fixtures/answers.json",
                                       "moonmill watch --fifo --visibility 60 --max-receives 2",
                                       NULL};

static const char *const exits[COMMAND_EXITS] = {
    "ended by Ctrl-C or SIGTERM", NULL, "usage", "a file or folder cannot be read",
    "a port is taken, another watch runs in this folder, or the machine refuses"};

const struct command watch_command = {
    .name = "watch",
    .summary = "the whole system here, with a page that shows each run",
    .about =
        "Starts the real runtime between a local Lambda, a queue with its dead-letter queue and a "
        "receiver of callbacks, all on 127.0.0.1, and serves a page: runs as they happen, the "
        "flow lit up, a form that sends jobs. Flows and the runtime are read again when they "
        "change. `moonmill invoke`, the AWS CLI and SDKs reach the function through the printed "
        "address. Settings EXECUTOR_* go along.",
    .operands = "",
    .operands_min = 0,
    .operands_max = 0,
    .examples = examples,
    .options = table,
    .option_count = sizeof table / sizeof *table,
    .exits = exits,
    .json = "{\"page\":\"http://127.0.0.1:9000/\",\"invoke\":\"http://127.0.0.1:9000\"}\n"
            "{\"batch\":1,\"requestId\":\"2c5c...\",\"how\":\"answered\",\"durationMs\":12,"
            "\"records\":[\n"
            "  "
            "{\"messageId\":\"4363...\",\"runId\":\"uy24...\",\"flow\":\"hello\",\"status\":"
            "\"completed\",\n"
            "   \"fate\":\"acknowledged\",\"error\":null,\"receiveCount\":1,\"durationMs\":9,\n"
            "   \"events\":12}]}\n"
            "{\"dead\":1}",
    .main = watch_main};

/* What AWS would refuse. -1: good. */
static int judge(struct watch_options *options)
{
    int64_t least = options->timeout_secs + options->window_secs;
    if (options->fifo && options->window_secs)
        return cli_usage("watch", "--window: a FIFO queue has none");
    if (options->fifo && options->batch_size > 10)
        return cli_usage("watch", "--batch-size %lld: a FIFO queue's batches hold 10 at most",
                         (long long)options->batch_size);
    if (options->batch_size > 10 && !options->window_secs)
        return cli_usage("watch", "--batch-size %lld: over 10 needs a --window",
                         (long long)options->batch_size);
    if (!options->visibility_secs)
        options->visibility_secs = least;
    if (options->visibility_secs < least)
        return cli_usage("watch", "--visibility %lld: must not be below timeout + window, %lld",
                         (long long)options->visibility_secs, (long long)least);
    return -1;
}

int watch_options_read(int argc, char **argv, struct watch_options *options,
                       struct command_line *line)
{
    *options = (struct watch_options){
        .flows = "flows", .timeout_secs = 30, .batch_size = 10, .max_receives = 3};
    int code = command_read(&watch_command, argc, argv, options, line);
    return code < 0 ? judge(options) : code;
}
