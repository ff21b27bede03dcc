#include "receiver.h"

#include "bearer.h"
#include "cli.h"
#include "clock.h"
#include "json.h"
#include "loop.h"
#include "protocol.h"
#include "receipts.h"
#include "requests.h"
#include "sink.h"
#include "terminal.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LINE_MAX_BYTES (8 * SINK_BODY_MAX)
#define BROKEN_MAX     (64 * 1024) /* violations of one request, as JSON */
#define FAULT_STATUS   503
#define LAST_WORD_MS   200 /* for the last answer to leave */

struct options {
    int64_t port;
    int64_t status;
    int64_t latency_ms;
    int64_t fail_every;
    int64_t runs;
    const char *save;
    bool json;
};

struct receiver {
    const struct options *options;
    const struct command_line *line;
    struct clock clock;
    struct loop *loop;
    struct sink *sink;
    struct protocol *protocol;
    FILE *save;
    bool colour;
    int64_t started_ms;
    struct receipts_total total;
    struct buffer violations; /* of this request, JSON, without brackets */
    struct buffer complaints; /* the same for people */
    bool unwritable;
    struct loop_timer enough;
};

/* --- the command ----------------------------------------------------------------------------- */

static int sink_main(int argc, char **argv);

static const char *const sink_examples[] = {
    "moonmill sink --port 8123", "moonmill sink --fail-every 3 --latency 200",
    "moonmill sink --json --save callbacks.jsonl --runs 1", NULL};

static const struct option_spec sink_options[] = {
    {.name = "port",
     .kind = OPTION_NUMBER,
     .value = "PORT",
     .help = "of 127.0.0.1 (a free one)",
     .at = offsetof(struct options, port),
     .least = 1,
     .most = 65535},
    {.name = "status",
     .kind = OPTION_NUMBER,
     .value = "N",
     .help = "answer every request with this status; with --fail-every those (503)",
     .at = offsetof(struct options, status),
     .least = 300,
     .most = 599},
    {.name = "latency",
     .kind = OPTION_NUMBER,
     .value = "MS",
     .help = "answer so much later (0)",
     .at = offsetof(struct options, latency_ms),
     .least = 0,
     .most = 600000},
    {.name = "fail-every",
     .kind = OPTION_NUMBER,
     .value = "N",
     .help = "fail every Nth request",
     .at = offsetof(struct options, fail_every),
     .least = 1,
     .most = 1000000},
    {.name = "runs",
     .kind = OPTION_NUMBER,
     .value = "N",
     .help = "end when so many runs are over, instead of at Ctrl-C",
     .at = offsetof(struct options, runs),
     .least = 1,
     .most = 1000000},
    {.name = "save",
     .kind = OPTION_FILE,
     .value = "FILE",
     .help = "keep what came as JSON lines, without tokens",
     .at = offsetof(struct options, save)},
    {.name = "json",
     .help = "the same JSON lines on standard output, the address and a summary around them",
     .at = offsetof(struct options, json)},
};

static const char *const sink_exits[COMMAND_EXITS] = {"what came was in order", "a rule was broken",
                                                      "wrong use", "--save cannot be written",
                                                      "the port is taken, or the machine refused"};

static const char sink_json[] =
    "{\"url\":\"http://127.0.0.1:8123\"}\n"
    "{\"atMs\":12,\"run\":\"run-1\",\"method\":\"POST\",\"path\":\"" SINK_PROGRESS_PATH "\",\n"
    " \"contentType\":\"application/json\",\"key\":\"0123456789abcdef0123456789abcdef-p0\",\n"
    " \"body\":{\"progress\":0,\"status\":\"running\"},\"status\":200,\n"
    " \"answer\":{\"accepted\":true,\"status\":\"Running\"},\n"
    " \"violations\":[{\"rule\":\"order.running\",\"text\":\"why\"}]}\n"
    "{\"requests\":1,\"failed\":0,\"broken\":1,\"runs\":[\n"
    " {\"run\":\"run-1\",\"status\":\"running\",\"events\":0,\"error\":null}]}";

const struct command sink_command = {
    .name = "sink",
    .summary = "be the receiver of callbacks, and check what arrives",
    .about = "Takes the callbacks of runs as the API does, prints a line a request, and says which "
             "rule of docs/callbacks.md was broken. Any bearer token is accepted; its claims are "
             "read, not verified. Ctrl-C ends it with a summary.",
    .operands = "",
    .operands_min = 0,
    .operands_max = 0,
    .examples = sink_examples,
    .options = sink_options,
    .option_count = sizeof sink_options / sizeof *sink_options,
    .exits = sink_exits,
    .json = sink_json,
    .main = sink_main,
};

/* --- a request ------------------------------------------------------------------------------- */

static char *run_id_of(void *arg, const char *token)
{
    (void)arg;
    return bearer_claim(token, "run_id");
}

static struct sink_fault on_asked(void *arg, const struct sink_request *request)
{
    struct receiver *receiver = arg;
    const struct options *options = receiver->options;
    struct sink_fault fault = {.after_ms = options->latency_ms};
    (void)request;
    receiver->total.requests++;
    if (options->fail_every ? receiver->total.requests % (size_t)options->fail_every == 0
                            : options->status != 0)
        fault.status = options->status ? (int)options->status : FAULT_STATUS;
    receiver->total.failed += fault.status != 0;
    return fault;
}

static void on_broken(void *arg, const char *rule, const char *text)
{
    struct receiver *receiver = arg;
    struct buffer *out = &receiver->violations;
    receiver->total.broken++;
    buffer_text(out, out->len ? ",{\"rule\":" : "{\"rule\":");
    json_put_string(out, span_of(rule));
    buffer_text(out, ",\"text\":");
    json_put_string(out, json_is_utf8(span_of(text)) ? span_of(text) : span_of("?"));
    buffer_text(out, "}");
    buffer_format(&receiver->complaints, "%s: %s\n", rule, text);
}

static void write_line(struct receiver *receiver, int64_t at_ms, const struct sink_request *request,
                       int status, struct span answer)
{
    struct buffer line, list;
    buffer_init(&line, LINE_MAX_BYTES);
    buffer_init(&list, BROKEN_MAX + 2);
    buffer_text(&list, "[");
    buffer_add(&list, buffer_span(&receiver->violations));
    buffer_text(&list, "]");
    requests_put(&line, at_ms, request, status, answer, buffer_span(&list));
    if (receiver->options->json)
        fwrite(line.data, 1, line.len, stdout);
    if (receiver->save &&
        (fwrite(line.data, 1, line.len, receiver->save) != line.len || fflush(receiver->save) != 0))
        receiver->unwritable = true;
    buffer_release(&line);
    buffer_release(&list);
}

static bool says_over(struct span answer)
{
    static const char *const keys[] = {"accepted"};
    struct span accepted = {NULL, 0};
    return json_check(answer, NULL) && json_type(answer) == JSON_OBJECT &&
           json_pick(answer, keys, &accepted, 1, NULL) && span_is(accepted, "false");
}

static size_t runs_over(const struct receiver *receiver)
{
    size_t count = 0;
    for (const struct sink_run *run = sink_runs(receiver->sink); run; run = run->next)
        count += run->ended_ms != 0;
    return count;
}

static void on_enough(void *arg)
{
    struct receiver *receiver = arg;
    loop_stop(receiver->loop);
}

static void on_answered(void *arg, const struct sink_request *request, int status,
                        struct span answer)
{
    struct receiver *receiver = arg;
    int64_t at_ms = loop_mono_ms(receiver->loop) - receiver->started_ms;
    buffer_clear(&receiver->violations);
    buffer_clear(&receiver->complaints);
    protocol_check(receiver->protocol, request, status, says_over(answer),
                   receiver->options->latency_ms > 0, on_broken, receiver);
    write_line(receiver, at_ms, request, status, answer);
    if (!receiver->options->json)
        receipts_print(at_ms, request, status, buffer_span(&receiver->complaints),
                       receiver->colour);
    if (fflush(stdout) != 0)
        receiver->unwritable = true;
    if (receiver->unwritable)
        loop_stop(receiver->loop);
    if (receiver->options->runs && runs_over(receiver) >= (size_t)receiver->options->runs)
        loop_timer_set(receiver->loop, &receiver->enough,
                       loop_mono_ms(receiver->loop) + receiver->options->latency_ms + LAST_WORD_MS,
                       on_enough, receiver);
}

/* --- the end --------------------------------------------------------------------------------- */

/* --- life ------------------------------------------------------------------------------------ */

static void on_signal(void *arg, int signal)
{
    struct receiver *receiver = arg;
    (void)signal;
    loop_stop(receiver->loop);
}

static void print_address(const struct receiver *receiver)
{
    int port = sink_port(receiver->sink);
    if (receiver->options->json)
        printf("{\"url\":\"http://127.0.0.1:%d\"}\n", port);
    else if (!receiver->line->quiet)
        fprintf(stderr, "moonmill sink: http://127.0.0.1:%d is a callback_url; Ctrl-C ends it\n",
                port);
    fflush(stdout);
}

static int end(struct receiver *receiver)
{
    if (receiver->options->json)
        receipts_print_json(&receiver->total, sink_runs(receiver->sink));
    else
        receipts_print_total(&receiver->total, sink_runs(receiver->sink));
    receiver->unwritable |= receiver->save && fclose(receiver->save) != 0;
    receiver->save = NULL;
    if (fflush(stdout) != 0 || ferror(stdout))
        return cli_fail("sink", CLI_BROKEN, "standard output cannot be written");
    if (receiver->unwritable)
        return cli_fail("sink", CLI_INPUT, "%s: cannot be written: %s", receiver->options->save,
                        strerror(errno));
    return receiver->total.broken ? CLI_FAILED : CLI_DONE;
}

static int serve(struct receiver *receiver)
{
    const struct options *options = receiver->options;
    struct error err = {0};
    struct sink_user user = {
        .arg = receiver, .asked = on_asked, .answered = on_answered, .run_id_of = run_id_of};
    if (options->save && !(receiver->save = fopen(options->save, "we")))
        return cli_fail("sink", CLI_INPUT, "%s: %s", options->save, strerror(errno));
    if (!(receiver->loop = loop_new(&receiver->clock, &err)) ||
        !(receiver->sink = sink_open(receiver->loop, (int)options->port, &user, &err)))
        return cli_fail("sink", CLI_BROKEN, "%s", err.text);
    loop_on_signal(receiver->loop, on_signal, receiver);
    receiver->started_ms = loop_mono_ms(receiver->loop);
    print_address(receiver);
    loop_run(receiver->loop);
    return end(receiver);
}

static int sink_main(int argc, char **argv)
{
    struct options options = {0};
    struct command_line line;
    int code = command_read(&sink_command, argc, argv, &options, &line);
    if (code >= 0)
        return code;
    struct receiver receiver = {.options = &options,
                                .line = &line,
                                .protocol = protocol_new(),
                                .colour = terminal_colours(STDOUT_FILENO)};
    buffer_init(&receiver.violations, BROKEN_MAX);
    buffer_init(&receiver.complaints, BROKEN_MAX);
    code = serve(&receiver);
    if (receiver.loop)
        loop_timer_stop(receiver.loop, &receiver.enough);
    sink_close(receiver.sink);
    protocol_free(receiver.protocol);
    loop_free(receiver.loop);
    if (receiver.save)
        fclose(receiver.save);
    buffer_release(&receiver.violations);
    buffer_release(&receiver.complaints);
    return code;
}
