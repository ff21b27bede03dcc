#include "desk.h"

#include "envelope.h"
#include "json.h"

#include <openssl/rand.h>
#include <stdio.h>
#include <string.h>

#define ID_LEN         24 /* cuid2's */
#define NAME_MAX_BYTES 200
#define DEAD_MAX       200 /* listed */

/* As the API makes them: a letter, then letters and digits. */
static void make_id(char id[ID_LEN + 1])
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789";
    unsigned char random[ID_LEN];
    RAND_bytes(random, sizeof random);
    for (int i = 0; i < ID_LEN; i++)
        id[i] = letters[random[i] % (i ? 36 : 26)];
    id[ID_LEN] = '\0';
}

/* --- sending --------------------------------------------------------------------------------- */

static bool put_into_queue(struct desk *desk, struct span body, const char *group,
                           char id[UUID_SIZE], struct error *err)
{
    bool fifo = queue_settings_of(desk->queue)->fifo;
    struct queue_send send = {.body = body, .group = group ? group : fifo ? "local" : NULL};
    if (!queue_send(desk->queue, &send, loop_wall_ms(desk->loop), id, err))
        return false;
    char *last_body = mem_string(body),
         *last_group = mem_copy(group); /* they may be the last ones */
    desk_release(desk);
    desk->last_body = last_body;
    desk->last_group = last_group;
    desk->sent(desk->arg);
    return true;
}

static void put_sent(struct buffer *out, const char *message_id, const char *run_id)
{
    buffer_text(out, "{\"message_id\":");
    json_put_string(out, span_of(message_id));
    buffer_text(out, ",\"run_id\":");
    json_put_string(out, span_of(run_id));
    buffer_text(out, "}");
}

static bool send_job(struct desk *desk, const char *flow, struct span payload, const char *group,
                     struct buffer *out, struct error *err)
{
    char run_id[ID_LEN + 1], job_id[ID_LEN + 1], message_id[UUID_SIZE];
    struct buffer body;
    make_id(run_id);
    make_id(job_id);
    struct envelope envelope = {
        .job_id = job_id, .run_id = run_id, .flow = flow, .payload = payload};
    buffer_init(&body, QUEUE_BODY_MAX);
    bool done = envelope_write(&body, &envelope) ||
                error_set(err, ERROR_LIMIT, "the job is over %d bytes", QUEUE_BODY_MAX);
    done = done && put_into_queue(desk, buffer_span(&body), group, message_id, err);
    buffer_release(&body);
    if (done)
        put_sent(out, message_id, run_id);
    return done;
}

bool desk_send(void *arg, struct span request, struct buffer *out, struct error *err)
{
    static const char *const keys[] = {"flow", "payload", "group"};
    struct span values[3];
    if (!json_check(request, err))
        return false;
    if (json_type(request) != JSON_OBJECT || !json_pick(request, keys, values, 3, err))
        return error_set(err, ERROR_INPUT, "expected {\"flow\":\"...\",\"payload\":...}");
    char *flow = values[0].at ? json_string(values[0], NAME_MAX_BYTES, NULL) : NULL;
    char *group = values[2].at ? json_string(values[2], NAME_MAX_BYTES, NULL) : NULL;
    bool done = flow && *flow
                    ? send_job(arg, flow, values[1], group && *group ? group : NULL, out, err)
                    : error_set(err, ERROR_INPUT, "flow: which flow?");
    mem_free(flow);
    mem_free(group);
    return done;
}

/* --- once more ------------------------------------------------------------------------------- */

/* What a job must have, and what is not kept of one that ran. */
static const struct {
    const char *key;
    const char *value;
} due[] = {{"credentials", "{}"},
           {"executor_jwt", "\"" ENVELOPE_TOKEN "\""},
           {"callback_url", "\"http://localhost:8080\""}};
#define DUE (sizeof due / sizeof *due)

static bool put_due(struct span body, struct buffer *out)
{
    const char *keys[DUE];
    struct span values[DUE];
    for (size_t i = 0; i < DUE; i++)
        keys[i] = due[i].key;
    bool fits = json_pick(body, keys, values, DUE, NULL);
    for (size_t i = 0; i < DUE && fits; i++)
        fits = values[i].at || buffer_format(out, ",\"%s\":%s", due[i].key, due[i].value);
    return fits;
}

/* The job with another run_id: what the API would dispatch when asked again. */
static bool renew(struct span body, struct buffer *out, char run_id[ID_LEN + 1])
{
    struct span key, value;
    make_id(run_id);
    if (!json_check(body, NULL) || json_type(body) != JSON_OBJECT)
        return false;
    bool fits = buffer_text(out, "{\"run_id\":") && json_put_string(out, span_of(run_id));
    for (struct span cursor = body; fits && json_next_member(&cursor, &key, &value);)
        fits = span_is(key, "\"run_id\"") || (buffer_text(out, ",") && buffer_add(out, key) &&
                                              buffer_text(out, ":") && buffer_add(out, value));
    return fits && put_due(body, out) && buffer_text(out, "}");
}

static bool send_again(struct desk *desk, struct span body, const char *group, struct buffer *out,
                       struct error *err)
{
    char run_id[ID_LEN + 1], message_id[UUID_SIZE];
    struct buffer renewed;
    buffer_init(&renewed, QUEUE_BODY_MAX);
    bool done = renew(body, &renewed, run_id) ||
                error_set(err, ERROR_INPUT, "it was no job, and is not kept");
    done = done && put_into_queue(desk, buffer_span(&renewed), group, message_id, err);
    if (done)
        put_sent(out, message_id, run_id);
    buffer_release(&renewed);
    return done;
}

/* The newest delivery of a message, or NULL. */
static const struct journal_run *delivery_of(const struct journal *journal, const char *message_id)
{
    for (const struct journal_batch *batch = journal_newest(journal); batch; batch = batch->older)
        for (const struct journal_run *run = batch->runs; run; run = run->next)
            if (run->message_id && strcmp(run->message_id, message_id) == 0)
                return run;
    return NULL;
}

static bool resend(struct desk *desk, const char *message_id, struct buffer *out, struct error *err)
{
    const struct journal_run *run = delivery_of(desk->journal, message_id);
    if (queue_redrive(desk->queue, message_id, loop_wall_ms(desk->loop))) {
        put_sent(out, message_id, "");
        desk->sent(desk->arg);
        return true;
    }
    if (run && run->body)
        return send_again(desk, span_of(run->body), NULL, out, err);
    return error_set(err, ERROR_MISSING, "no message of the id %s is known here", message_id);
}

bool desk_resend(void *arg, struct span request, struct buffer *out, struct error *err)
{
    static const char *const keys[] = {"message_id"};
    struct span value = {NULL, 0};
    if (!json_check(request, err))
        return false;
    if (json_type(request) != JSON_OBJECT || !json_pick(request, keys, &value, 1, err) || !value.at)
        return error_set(err, ERROR_INPUT, "expected {\"message_id\":\"...\"}");
    char *id = json_string(value, NAME_MAX_BYTES, err);
    bool done = id && resend(arg, id, out, err);
    mem_free(id);
    return done;
}

bool desk_send_last_again(struct desk *desk)
{
    struct buffer out;
    buffer_init(&out, 1024);
    bool done =
        desk->last_body && send_again(desk, span_of(desk->last_body), desk->last_group, &out, NULL);
    buffer_release(&out);
    return done;
}

/* --- a whole event --------------------------------------------------------------------------- */

static bool enqueue_record(struct desk *desk, struct span record, struct buffer *out,
                           struct error *err)
{
    static const char *const keys[] = {"body", "attributes"};
    static const char *const names[] = {"MessageGroupId"};
    struct span values[2], group = {NULL, 0};
    struct buffer body;
    char id[UUID_SIZE];
    if (json_type(record) != JSON_OBJECT || !json_pick(record, keys, values, 2, err) ||
        !values[0].at || json_type(values[0]) != JSON_STRING)
        return error_set(err, ERROR_INPUT, "a record without a body");
    if (values[1].at && json_type(values[1]) == JSON_OBJECT)
        json_pick(values[1], names, &group, 1, NULL);
    char *name = group.at ? json_string(group, NAME_MAX_BYTES, NULL) : NULL;
    buffer_init(&body, QUEUE_BODY_MAX);
    bool done = json_decode(values[0], &body, err) &&
                put_into_queue(desk, buffer_span(&body), name, id, err);
    buffer_release(&body);
    mem_free(name);
    return done && json_put_string(out, span_of(id));
}

bool desk_enqueue(struct desk *desk, struct span event, struct buffer *out, struct error *err)
{
    static const char *const keys[] = {"Records"};
    struct span records = {NULL, 0}, record;
    const char *before = "";
    if (!json_check(event, err))
        return false;
    if (json_type(event) != JSON_OBJECT || !json_pick(event, keys, &records, 1, err) ||
        !records.at || json_type(records) != JSON_ARRAY)
        return error_set(err, ERROR_INPUT, "is no SQS event: an object with an array Records");
    buffer_text(out, "{\"sent\":[");
    for (struct span cursor = records; json_next(&cursor, &record); before = ",")
        if (!buffer_text(out, before) || !enqueue_record(desk, record, out, err))
            return false;
    return buffer_text(out, "]}");
}

/* --- lists ----------------------------------------------------------------------------------- */

void desk_flows(void *arg, struct buffer *out)
{
    const struct desk *desk = arg;
    catalog_list(desk->catalog, out);
}

struct span desk_graph(void *arg, const char *flow)
{
    const struct desk *desk = arg;
    return catalog_picture(desk->catalog, flow);
}

static void put_dead(const struct queue_message *message, struct buffer *out)
{
    static const char *const keys[] = {"board_id"};
    struct span body = {message->body, message->body_len}, flow = {NULL, 0};
    if (json_check(body, NULL) && json_type(body) == JSON_OBJECT)
        json_pick(body, keys, &flow, 1, NULL);
    buffer_text(out, "{\"message_id\":");
    json_put_string(out, span_of(message->id));
    buffer_text(out, ",\"flow\":");
    buffer_add(out, flow.at && json_type(flow) == JSON_STRING ? flow : span_of("\"\""));
    buffer_format(out, ",\"receive_count\":%lld}", (long long)message->receives);
}

void desk_queue(void *arg, struct buffer *out)
{
    const struct desk *desk = arg;
    struct queue_counts counts = queue_count(desk->queue, loop_wall_ms(desk->loop));
    const struct queue_message *message = queue_first_dead(desk->queue);
    buffer_format(out,
                  "{\"queue\":{\"visible\":%zu,\"in_flight\":%zu,\"delayed\":%zu},\"dead\":%zu,"
                  "\"dlq\":[",
                  counts.visible, counts.in_flight, counts.delayed, counts.dead);
    for (size_t i = 0; message && i < DEAD_MAX; i++, message = message->next) {
        buffer_text(out, i ? "," : "");
        put_dead(message, out);
    }
    buffer_text(out, "]}");
}

void desk_release(struct desk *desk)
{
    mem_free_secret(desk->last_body);
    mem_free(desk->last_group);
    desk->last_body = desk->last_group = NULL;
}
