#include "event.h"

#include "cli.h"
#include "clock.h"
#include "config.h"
#include "dice.h"
#include "envelope.h"
#include "fixture.h"
#include "job.h"
#include "json.h"
#include "mint.h"
#include "sqs_event.h"

#include <stdio.h>
#include <string.h>

#define COUNT_MAX       10000 /* of one event (runtime.md 3) */
#define FIFO_COUNT_MAX  10
#define QUEUE_NAME_MAX  80
#define SEEDED_MS       1771683517000 /* what seeded events were sent at */
#define FIRST_SEQUENCE  18000000000000000000ULL
#define SEQUENCE_SPREAD 100000000000000ULL
#define POLL_MS         41 /* from a message's sending to its first receive */
#define APP             "local"
#define USER            "developer"
#define CALLBACK        "http://localhost:8080"

struct options {
    const char *flow, *payload, *version, *app, *user, *run, *callback;
    const char *key;   /* a file, or NULL */
    const char *queue; /* its name, or NULL */
    int64_t count, groups, receive_count;
    int64_t seed; /* -1: none */
    bool fifo, json;
};

struct event {
    const struct options *options;
    struct dice dice;
    int64_t now_ms;        /* of messages; a seed says it, too */
    int64_t token_secs;    /* of tokens, which have to be fresh */
    struct buffer payload; /* JSON */
    struct mint *mint;     /* NULL: jobs get a placeholder */
};

/* --- options --------------------------------------------------------------------------------- */

static int event_main(int argc, char **argv);

static const char *const event_examples[] = {
    "moonmill event sqs --flow refund --payload '{\"order\":\"A-1\",\"amount\":20}'",
    "moonmill event sqs --flow refund --payload @refund.json | moonmill replay -",
    "moonmill event sqs --flow refund --count 10 --fifo --groups 3 --seed 1 > batch.json",
    "moonmill event job --flow refund",
    "moonmill event token --key keys/test.pem --run my-run",
    NULL};

static const struct option_spec event_options[] = {
    {.name = "flow",
     .kind = OPTION_TEXT,
     .value = "NAME",
     .help = "the flow that a job asks for; needed, but for a token",
     .at = offsetof(struct options, flow)},
    {.name = "payload",
     .kind = OPTION_TEXT,
     .value = "JSON|@FILE",
     .help = "the flow's input; @- reads standard input (null)",
     .at = offsetof(struct options, payload)},
    {.name = "version",
     .kind = OPTION_TEXT,
     .value = "N.N.N",
     .help = "the flow's version (the latest)",
     .at = offsetof(struct options, version)},
    {.name = "count",
     .kind = OPTION_NUMBER,
     .value = "N",
     .help = "messages; 10 at most in a FIFO batch, and 6 MB in all (1)",
     .at = offsetof(struct options, count),
     .least = 1,
     .most = COUNT_MAX},
    {.name = "fifo",
     .help = "of a FIFO queue: groups, sequence numbers, deduplication ids",
     .at = offsetof(struct options, fifo)},
    {.name = "groups",
     .kind = OPTION_NUMBER,
     .value = "N",
     .help = "the messages take turns in that many groups, each an app of its own, as the API has "
             "it (1)",
     .at = offsetof(struct options, groups),
     .least = 1,
     .most = COUNT_MAX},
    {.name = "receive-count",
     .kind = OPTION_NUMBER,
     .value = "N",
     .help = "how often each message was received, this time counted (1)",
     .at = offsetof(struct options, receive_count),
     .least = 1,
     .most = 1000},
    {.name = "queue",
     .kind = OPTION_TEXT,
     .value = "NAME",
     .help = "the queue's name (moonmill, or moonmill.fifo)",
     .at = offsetof(struct options, queue)},
    {.name = "seed",
     .kind = OPTION_NUMBER,
     .value = "N",
     .help = "the same ids and times for the same seed; tokens are never the same (random, now)",
     .at = offsetof(struct options, seed),
     .least = 0,
     .most = INT64_MAX},
    {.name = "app",
     .kind = OPTION_TEXT,
     .value = "ID",
     .help = "whose flow it is (" APP ")",
     .at = offsetof(struct options, app)},
    {.name = "user",
     .kind = OPTION_TEXT,
     .value = "ID",
     .help = "who runs it (" USER ")",
     .at = offsetof(struct options, user)},
    {.name = "run",
     .kind = OPTION_TEXT,
     .value = "ID",
     .help = "the run's id, of one job (a made one)",
     .at = offsetof(struct options, run)},
    {.name = "callback",
     .kind = OPTION_TEXT,
     .value = "URL",
     .help = "where a run reports to (" CALLBACK ")",
     .at = offsetof(struct options, callback)},
    {.name = "key",
     .kind = OPTION_FILE,
     .value = "FILE",
     .help = "sign tokens by this P-256 key, which is made, for you alone, when the file is not "
             "there; standard error tells the BACKEND_PUB that verifies them (a token: a fresh "
             "key; a job: \"" ENVELOPE_TOKEN "\", for replay and watch to replace)",
     .at = offsetof(struct options, key)},
    {.name = "json",
     .help = "a token as a document; events and jobs are JSON anyway",
     .at = offsetof(struct options, json)},
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
static const char *bad_id(const struct options *options)
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
static int judge_queue(const struct options *options)
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

static int judge_options(const struct options *options, const char *what)
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
    return event ? judge_queue(options) : -1;
}

/* --- a job ----------------------------------------------------------------------------------- */

/* The app of the message at this place: groups are apps. Into text, or given as it is. */
static const char *app_of(const struct options *options, int64_t place, char text[JOB_ID_MAX + 32])
{
    if (options->groups == 1)
        return options->app;
    snprintf(text, JOB_ID_MAX + 32, "%s-%lld", options->app,
             (long long)(place % options->groups + 1));
    return text;
}

static char *token_of(const struct event *event, const char *run_id, const char *app)
{
    const struct options *options = event->options;
    struct mint_claims claims = {options->user, run_id, app, options->flow, options->callback};
    return mint_token(event->mint, &claims, event->token_secs);
}

/* Appends a job; its id becomes the message's deduplication id. False when it is over what a
 * message may hold. */
static bool put_job(struct event *event, struct buffer *out, const char *app,
                    char job_id[DICE_ID_SIZE])
{
    const struct options *options = event->options;
    char run_id[DICE_ID_SIZE];
    dice_id(&event->dice, job_id);
    dice_id(&event->dice, run_id);
    struct envelope envelope = {.job_id = job_id,
                                .run_id = options->run ? options->run : run_id,
                                .app_id = app,
                                .flow = options->flow,
                                .version = options->version,
                                .user_id = options->user,
                                .payload = buffer_span(&event->payload),
                                .callback_url = options->callback};
    char *token = event->mint ? token_of(event, envelope.run_id, app) : NULL;
    envelope.token = token;
    bool fits = envelope_write(out, &envelope);
    mem_free_secret(token);
    return fits;
}

static int too_large(void)
{
    return cli_usage("event", "the job is over 1 MiB, which is all that a message holds; let the "
                              "payload name where the data is");
}

static int write_job(struct event *event)
{
    char job_id[DICE_ID_SIZE];
    struct buffer body;
    buffer_init(&body, JOB_BODY_MAX);
    bool fits = put_job(event, &body, event->options->app, job_id);
    if (fits)
        printf("%.*s\n", (int)body.len, body.data);
    buffer_release(&body);
    return fits ? CLI_DONE : too_large();
}

/* --- an event -------------------------------------------------------------------------------- */

/* Appends the record at this place; -1, or the exit status. */
static int put_record(struct event *event, int64_t place, uint64_t first_sequence,
                      struct buffer *out)
{
    const struct options *options = event->options;
    char message_id[UUID_SIZE], receipt[DICE_RECEIPT_SIZE], job_id[DICE_ID_SIZE];
    char group[JOB_ID_MAX + 32];
    const char *app = app_of(options, place, group);
    struct buffer body;
    dice_uuid(&event->dice, message_id);
    dice_receipt(&event->dice, receipt);
    buffer_init(&body, JOB_BODY_MAX);
    bool fits = put_job(event, &body, app, job_id);
    int code = fits ? -1 : too_large();
    struct sqs_message message = {.message_id = message_id,
                                  .receipt = receipt,
                                  .body = buffer_span(&body),
                                  .receive_count = options->receive_count,
                                  .sent_ms = event->now_ms + place,
                                  .first_received_ms = event->now_ms + options->count + POLL_MS,
                                  .queue = options->queue  ? options->queue
                                           : options->fifo ? "moonmill.fifo"
                                                           : "moonmill",
                                  .group = options->fifo || options->groups > 1 ? app : NULL,
                                  .deduplication_id = job_id,
                                  .sequence = first_sequence + (uint64_t)place};
    if (fits && !((place == 0 || buffer_text(out, ",")) && sqs_event_record(out, &message)))
        code = cli_usage("event", "the event is over 6 MB, which is all that Lambda gives a "
                                  "function; lower --count");
    buffer_release(&body);
    return code;
}

static int write_sqs(struct event *event)
{
    struct buffer out;
    int code = -1;
    uint64_t first_sequence = FIRST_SEQUENCE + dice_number(&event->dice) % SEQUENCE_SPREAD;
    buffer_init(&out, CONFIG_PAYLOAD_MAX - 2);
    buffer_text(&out, "{\"Records\":[");
    for (int64_t place = 0; place < event->options->count && code < 0; place++)
        code = put_record(event, place, first_sequence, &out);
    if (code < 0)
        printf("%.*s]}\n", (int)out.len, out.data);
    buffer_release(&out);
    return code < 0 ? CLI_DONE : code;
}

/* --- a token --------------------------------------------------------------------------------- */

static int write_token(struct event *event)
{
    const struct options *options = event->options;
    char made[DICE_ID_SIZE];
    dice_id(&event->dice, made);
    const char *run_id = options->run ? options->run : made;
    char *token = token_of(event, run_id, options->app);
    char *key = mint_backend_pub(event->mint);
    struct buffer id;
    buffer_init(&id, 8 * JOB_ID_MAX);
    json_put_string(&id, span_of(run_id));
    if (options->json)
        printf("{\"token\":\"%s\",\"backendPub\":\"%s\",\"runId\":%.*s}\n", token, key, (int)id.len,
               id.data);
    else
        puts(token);
    buffer_release(&id);
    mem_free(key);
    mem_free_secret(token);
    return CLI_DONE;
}

/* --- the whole ------------------------------------------------------------------------------- */

/* -1, or the exit status. */
static int read_payload(struct event *event, const char *given)
{
    struct error err = {0};
    if (*given != '@')
        buffer_text(&event->payload, given);
    else if (!fixture_load(given + 1, &event->payload, &err))
        return cli_fail("event", CLI_INPUT, "--payload %s: %s", given, err.text);
    if (!json_check(buffer_span(&event->payload), &err))
        return cli_usage("event", "--payload: %s", err.text);
    return -1;
}

/* -1, or the exit status. */
static int check_version(const struct options *options)
{
    struct buffer trial;
    buffer_init(&trial, 16 * JOB_ID_MAX);
    bool good = envelope_write(
        &trial,
        &(struct envelope){.job_id = "", .run_id = "", .flow = "", .version = options->version});
    buffer_release(&trial);
    return good ? -1 : cli_usage("event", "--version '%s': must be like 1.4.2", options->version);
}

/* Jobs are signed when there is a key to do it with; a token always is. */
static int open_mint(struct event *event, bool token, bool quiet)
{
    const char *file = event->options->key;
    struct error err = {0};
    if (!file && !token)
        return -1;
    event->mint = file ? mint_open(file, &err) : mint_new(&err);
    if (!event->mint)
        return cli_fail("event", err.kind == ERROR_INPUT ? CLI_INPUT : CLI_BROKEN, "%s", err.text);
    char *key = mint_backend_pub(event->mint);
    if (!quiet)
        fprintf(stderr, "BACKEND_PUB=%s\n", key);
    mem_free(key);
    return -1;
}

static int write_event(struct event *event, const char *what)
{
    if (strcmp(what, "token") == 0)
        return write_token(event);
    return strcmp(what, "job") == 0 ? write_job(event) : write_sqs(event);
}

static int event_main(int argc, char **argv)
{
    struct options options = {.payload = "null",
                              .app = APP,
                              .user = USER,
                              .callback = CALLBACK,
                              .count = 1,
                              .groups = 1,
                              .receive_count = 1,
                              .seed = -1};
    struct command_line line;
    struct clock clock = {0};
    int code = command_read(&event_command, argc, argv, &options, &line);
    if (code < 0)
        code = judge_options(&options, line.operands[0]);
    if (code < 0)
        code = check_version(&options);
    if (code >= 0)
        return code;
    bool seeded = options.seed >= 0;
    struct event event = {.options = &options,
                          .dice.seed = seeded ? (uint64_t)options.seed : dice_random_seed(),
                          .now_ms = seeded ? SEEDED_MS : clock_wall_ms(&clock),
                          .token_secs = clock_wall_ms(&clock) / 1000};
    buffer_init(&event.payload, JOB_BODY_MAX);
    code = read_payload(&event, options.payload);
    if (code < 0)
        code = open_mint(&event, strcmp(line.operands[0], "token") == 0, line.quiet);
    if (code < 0)
        code = write_event(&event, line.operands[0]);
    buffer_release(&event.payload);
    mint_free(event.mint);
    return code;
}
