#include "fixture.h"

#include "config.h"
#include "job.h"
#include "json.h"
#include "lookalike.h"
#include "substitute.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define EVENT_MAX                                                                                  \
    (2 * CONFIG_PAYLOAD_MAX) /* replacing may make it too large: the runtime says so */
#define TOKEN_MAX (64 * 1024)
#define EDITS_MAX 8

/* Text that takes the place of a span of the raw body. */
struct edit {
    struct span old;
    struct buffer text;
};

/* A body under edit: which keys it has, and what becomes of them. */
struct draft {
    struct span body;
    struct edit edits[EDITS_MAX];
    size_t count;
};

enum { RUN_ID, APP_ID, BOARD_ID, BOARD_VERSION, NODE_ID, USER_ID, TOKEN, STREAM, KEYS };
static const char *const keys[KEYS] = {"run_id",  "app_id",  "board_id",     "board_version",
                                       "node_id", "user_id", "executor_jwt", "stream_state"};

/* --- reading --------------------------------------------------------------------------------- */

bool fixture_load(const char *path, struct buffer *text, struct error *err)
{
    char chunk[64 * 1024];
    bool standard = strcmp(path, "-") == 0, fits = true;
    int fd = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    ssize_t got = fd < 0 ? -1 : 1;
    while (got > 0 && fits && (got = read(fd, chunk, sizeof chunk)) > 0)
        fits = buffer_add(text, (struct span){chunk, (size_t)got});
    if (got < 0)
        error_set(err, ERROR_MISSING, "%s", strerror(errno));
    else if (!fits)
        error_set(err, ERROR_LIMIT, "over %zu bytes", text->max);
    if (fd >= 0 && !standard)
        close(fd);
    return got == 0 && fits;
}

/* --- editing a body -------------------------------------------------------------------------- */

/* The buffer to write the new text to. Edits are made in any order and applied in the text's. */
static struct buffer *edit(struct draft *draft, struct span old)
{
    size_t at = draft->count++;
    while (at > 0 && draft->edits[at - 1].old.at > old.at) {
        draft->edits[at] = draft->edits[at - 1];
        at--;
    }
    draft->edits[at].old = old;
    buffer_init(&draft->edits[at].text, TOKEN_MAX * 8);
    return &draft->edits[at].text;
}

static bool apply(struct draft *draft, struct buffer *out)
{
    const char *from = draft->body.at, *end = draft->body.at + draft->body.len;
    bool fits = true;
    for (size_t i = 0; i < draft->count; i++) {
        struct edit *next = &draft->edits[i];
        fits = fits && buffer_add(out, (struct span){from, (size_t)(next->old.at - from)}) &&
               buffer_add(out, buffer_span(&next->text));
        from = next->old.at + next->old.len;
        buffer_release(&next->text);
    }
    return fits && buffer_add(out, (struct span){from, (size_t)(end - from)});
}

static void use_flow(struct draft *draft, const struct span *values, const char *flow)
{
    if (values[BOARD_ID].at)
        json_put_string(edit(draft, values[BOARD_ID]), span_of(flow));
    if (values[BOARD_VERSION].at)
        buffer_text(edit(draft, values[BOARD_VERSION]), "null");
    if (values[NODE_ID].at)
        buffer_text(edit(draft, values[NODE_ID]), "\"start\"");
}

/* Only what is off is turned on: a null there is an error that the runtime has to find. */
static void stream_state_on(struct draft *draft, const struct span *values)
{
    if (span_is(values[STREAM], "false"))
        buffer_text(edit(draft, values[STREAM]), "true");
    else if (!values[STREAM].at && values[RUN_ID].at)
        buffer_text(edit(draft, (struct span){strchr(draft->body.at, '{') + 1, 0}),
                    "\"stream_state\":true,");
}

static char *text_of(struct span value, size_t max)
{
    return value.at ? json_string(value, max, NULL) : NULL;
}

/* A token of ours where a placeholder stands; what looks like a token stays. */
static void use_token(struct draft *draft, const struct span *values,
                      const struct fixture_spec *spec, struct fixture_record *record)
{
    char *given = text_of(values[TOKEN], TOKEN_MAX);
    if (!given || strchr(given, '.')) {
        record->token = given;
        return;
    }
    mem_free(given);
    char *user_id = text_of(values[USER_ID], JOB_ID_MAX);
    char *app_id = text_of(values[APP_ID], JOB_ID_MAX);
    struct mint_claims claims = {user_id, record->run_id, app_id, record->flow, spec->callback_url};
    record->token = mint_token(spec->mint, &claims, spec->now_secs);
    record->minted = true;
    json_put_string(edit(draft, values[TOKEN]), span_of(record->token));
    mem_free(user_id);
    mem_free(app_id);
}

/* Appends the body as the runtime shall get it. */
static bool prepare_job(struct span body, const struct fixture_spec *spec,
                        struct fixture_record *record, struct buffer *out)
{
    struct span values[KEYS];
    struct draft draft = {.body = body};
    if (!json_check(body, NULL) || json_type(body) != JSON_OBJECT ||
        !json_pick(body, keys, values, KEYS, NULL))
        return buffer_add(out, body);
    record->run_id = text_of(values[RUN_ID], JOB_ID_MAX);
    record->flow = spec->flow ? mem_copy(spec->flow) : text_of(values[BOARD_ID], JOB_ID_MAX);
    if (spec->flow)
        use_flow(&draft, values, spec->flow);
    if (!spec->as_sent)
        stream_state_on(&draft, values);
    use_token(&draft, values, spec, record);
    return apply(&draft, out);
}

/* --- the event ------------------------------------------------------------------------------- */

/* Appends the record's body, quoted, in place of the raw one. */
static bool prepare_body(struct span raw, const struct fixture_spec *spec,
                         struct fixture_record *record, struct buffer *event)
{
    struct buffer body, placed, ready;
    buffer_init(&body, CONFIG_PAYLOAD_MAX);
    buffer_init(&placed, EVENT_MAX);
    buffer_init(&ready, EVENT_MAX);
    bool done = json_decode(raw, &body, NULL);
    if (done && body.len > JOB_BODY_MAX) /* to be refused as it is */
        done = buffer_add(event, raw);
    else
        done = done &&
               substitute(&placed, buffer_span(&body), FIXTURE_ANSWERS, spec->answers_url) &&
               prepare_job(buffer_span(&placed), spec, record, &ready) &&
               json_put_string(event, buffer_span(&ready));
    buffer_release(&body);
    buffer_release(&placed);
    buffer_release(&ready);
    return done;
}

/* Appends the event's text from *from to the end of this record. */
static bool prepare_record(struct span element, const char **from, const struct fixture_spec *spec,
                           struct fixture_record *record, struct buffer *event)
{
    static const char *const names[] = {"messageId", "body"};
    struct span values[2];
    if (json_type(element) != JSON_OBJECT || !json_pick(element, names, values, 2, NULL))
        return true;
    if (values[0].at && json_type(values[0]) == JSON_STRING)
        record->message_id = text_of(values[0], JOB_ID_MAX);
    if (!values[1].at || json_type(values[1]) != JSON_STRING)
        return true;
    if (!buffer_add(event, (struct span){*from, (size_t)(values[1].at - *from)}) ||
        !prepare_body(values[1], spec, record, event))
        return false;
    *from = values[1].at + values[1].len;
    return true;
}

static bool prepare_event(struct fixture *fixture, struct span text, struct span records,
                          const struct fixture_spec *spec)
{
    const char *from = text.at;
    struct span element;
    for (struct span cursor = records; json_next(&cursor, &element);)
        fixture->count++;
    fixture->records = mem_array(fixture->count, sizeof *fixture->records);
    struct fixture_record *record = fixture->records;
    for (struct span cursor = records; json_next(&cursor, &element);)
        if (!prepare_record(element, &from, spec, record++, &fixture->event))
            return false;
    return buffer_add(&fixture->event, (struct span){from, (size_t)(text.at + text.len - from)});
}

/* The array of records, or {NULL, 0} with err: what the text is instead. */
static struct span find_records(struct span text, struct error *err)
{
    static const char *const names[] = {"Records"};
    struct span records = {NULL, 0};
    if (json_check(text, err) && lookalike_check(text, err))
        json_pick(text, names, &records, 1, err);
    return records;
}

struct fixture *fixture_new(struct span text, const struct fixture_spec *spec, struct error *err)
{
    struct span records = find_records(text, err);
    if (!records.at)
        return NULL;
    struct fixture *fixture = mem_new(sizeof *fixture);
    buffer_init(&fixture->event, EVENT_MAX);
    if (prepare_event(fixture, text, records, spec))
        return fixture;
    error_set(err, ERROR_LIMIT, "over %d bytes once its placeholders are replaced", EVENT_MAX);
    fixture_free(fixture);
    return NULL;
}

void fixture_free(struct fixture *fixture)
{
    if (!fixture)
        return;
    for (size_t i = 0; i < fixture->count; i++) {
        mem_free(fixture->records[i].message_id);
        mem_free(fixture->records[i].run_id);
        mem_free(fixture->records[i].flow);
        mem_free_secret(fixture->records[i].token);
    }
    mem_free(fixture->records);
    buffer_release(&fixture->event);
    mem_free(fixture);
}
