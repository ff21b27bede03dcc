#include "event.h"

#include "cli.h"
#include "clock.h"
#include "config.h"
#include "dice.h"
#include "envelope.h"
#include "event_options.h"
#include "fixture.h"
#include "job.h"
#include "json.h"
#include "mint.h"
#include "sqs_event.h"

#include <stdio.h>
#include <string.h>

#define SEEDED_MS       1771683517000 /* what seeded events were sent at */
#define FIRST_SEQUENCE  18000000000000000000ULL
#define SEQUENCE_SPREAD 100000000000000ULL
#define POLL_MS         41 /* from a message's sending to its first receive */

struct event {
    const struct event_options *options;
    struct dice dice;
    int64_t now_ms;        /* of messages; a seed says it, too */
    int64_t token_secs;    /* of tokens, which have to be fresh */
    struct buffer payload; /* JSON */
    struct mint *mint;     /* NULL: jobs get a placeholder */
};

/* --- a job ----------------------------------------------------------------------------------- */

/* The app of the message at this place: groups are apps. Into text, or given as it is. */
static const char *app_of(const struct event_options *options, int64_t place,
                          char text[JOB_ID_MAX + 32])
{
    if (options->groups == 1)
        return options->app;
    snprintf(text, JOB_ID_MAX + 32, "%s-%lld", options->app,
             (long long)(place % options->groups + 1));
    return text;
}

static char *token_of(const struct event *event, const char *run_id, const char *app)
{
    const struct event_options *options = event->options;
    struct mint_claims claims = {options->user, run_id, app, options->flow, options->callback};
    return mint_token(event->mint, &claims, event->token_secs);
}

/* Appends a job; its id becomes the message's deduplication id. False when it is over what a
 * message may hold. */
static bool put_job(struct event *event, struct buffer *out, const char *app,
                    char job_id[DICE_ID_SIZE])
{
    const struct event_options *options = event->options;
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
    const struct event_options *options = event->options;
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
    const struct event_options *options = event->options;
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

int event_main(int argc, char **argv)
{
    struct event_options options;
    struct command_line line;
    struct clock clock = {0};
    int code = event_options_read(argc, argv, &options, &line);
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
