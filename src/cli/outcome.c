#include "outcome.h"

#include "json.h"
#include "member.h"
#include "piece.h"
#include "substitute.h"

#include <string.h>

#define LEFT_OUT "\"duration_ms\""

struct ended {
    struct buffer events; /* lines */
    char *status;
    char *fate;
    char *error; /* or NULL */
};

struct outcome {
    const struct fixture *fixture;
    const char *world_url;
    struct ended *records;
};

struct outcome *outcome_new(const struct fixture *fixture, const char *world_url)
{
    struct outcome *outcome = mem_new(sizeof *outcome);
    outcome->fixture = fixture;
    outcome->world_url = world_url;
    outcome->records = mem_array(fixture->count, sizeof *outcome->records);
    for (size_t i = 0; i < fixture->count; i++)
        buffer_init(&outcome->records[i].events, OUTCOME_MAX);
    return outcome;
}

void outcome_free(struct outcome *outcome)
{
    if (!outcome)
        return;
    for (size_t i = 0; i < outcome->fixture->count; i++) {
        buffer_release(&outcome->records[i].events);
        mem_free(outcome->records[i].status);
        mem_free(outcome->records[i].fate);
        mem_free(outcome->records[i].error);
    }
    mem_free(outcome->records);
    mem_free(outcome);
}

/* Checked JSON without white space between its parts. */
static bool put_compact(struct buffer *out, struct span json)
{
    struct span piece;
    bool fits = true;
    while (fits && piece_next(&json, &piece))
        fits = strchr(" \t\r\n", *piece.at) || buffer_add(out, piece);
    return fits;
}

/* An object without its duration. */
static bool put_step_end(struct buffer *out, struct span object)
{
    const char *comma = "";
    struct span key, value;
    bool fits = buffer_text(out, "{");
    while (fits && json_next_member(&object, &key, &value)) {
        if (span_is(key, LEFT_OUT))
            continue;
        fits = buffer_text(out, comma) && buffer_add(out, key) && buffer_text(out, ":") &&
               put_compact(out, value);
        comma = ",";
    }
    return fits && buffer_text(out, "}");
}

void outcome_event(struct outcome *outcome, size_t record, const char *type, struct span payload)
{
    struct buffer *out = &outcome->records[record].events;
    size_t before = out->len;
    if (strncmp(type, "run:", 4) == 0)
        return;
    bool step = strcmp(type, "node_end") == 0 && json_type(payload) == JSON_OBJECT;
    if (!buffer_text(out, before ? ",\n    {\"type\":" : "\n    {\"type\":") ||
        !json_put_string(out, span_of(type)) || !buffer_text(out, ",\"payload\":") ||
        !(step ? put_step_end(out, payload) : put_compact(out, payload)) || !buffer_text(out, "}"))
        out->len = before;
}

void outcome_end(struct outcome *outcome, size_t record, const char *status, const char *fate,
                 const char *error)
{
    struct ended *ended = &outcome->records[record];
    ended->status = mem_copy(status);
    ended->fate = mem_copy(fate);
    ended->error = mem_copy(error);
}

static bool put_records(const struct outcome *outcome, struct buffer *out)
{
    bool fits = buffer_text(out, "{\"records\":[");
    for (size_t i = 0; i < outcome->fixture->count && fits; i++) {
        const struct fixture_record *record = &outcome->fixture->records[i];
        const struct ended *ended = &outcome->records[i];
        fits = member_put(out,
                          i ? ",\n  {\"messageId\":" : "\n  {\"messageId\":", record->message_id) &&
               member_put(out, ",\"flow\":", record->flow) &&
               member_put(out, ",\"status\":", ended->status) &&
               member_put(out, ",\"fate\":", ended->fate) &&
               member_put(out, ",\"error\":", ended->error) &&
               buffer_text(out, ",\n   \"events\":[") &&
               buffer_add(out, buffer_span(&ended->events)) && buffer_text(out, "\n   ]}");
    }
    return fits && buffer_text(out, "\n]}\n");
}

bool outcome_put(const struct outcome *outcome, struct buffer *out)
{
    struct buffer text;
    buffer_init(&text, OUTCOME_MAX);
    bool fits = put_records(outcome, &text);
    fits = fits && substitute(out, buffer_span(&text), outcome->world_url, FIXTURE_ANSWERS);
    buffer_release(&text);
    return fits;
}
