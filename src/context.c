#include "context.h"

#include "json.h"

#define NAME_MAX_BYTES 1024

enum { ID, NAME, SECRET, VALUE, VARIABLE_KEYS };

static bool put_key(struct buffer *out, const char *key)
{
    return buffer_format(out, "\"%s\":", key);
}

static bool put_text(struct buffer *out, const char *key, const char *text)
{
    return put_key(out, key) && json_put_string(out, span_of(text)) && buffer_text(out, ",");
}

static bool put_run(struct buffer *out, const struct claims *claims, const struct flow *flow)
{
    return buffer_text(out, "{\"run\":{") && put_text(out, "id", claims_run_id(claims)) &&
           put_text(out, "app", claims_app_id(claims)) && put_text(out, "flow", flow->name) &&
           put_text(out, "version", flow->version) && put_key(out, "user") &&
           json_put_string(out, span_of(claims_user(claims))) && buffer_text(out, "},");
}

/* JSON of any depth as a string; nothing when there is none. */
static bool put_json(struct buffer *out, const char *key, struct span json)
{
    if (!json.at)
        return true;
    return buffer_text(out, ",") && put_key(out, key) && json_put_string(out, json);
}

/* What flows may know of their event: neither its variables nor its config, which may be secret. */
static bool put_event(struct buffer *out, struct span event)
{
    static const char *const keys[] = {"id",      "name",       "description",   "board_id",
                                       "node_id", "event_type", "event_version", "inputs"};
    enum { KEYS = sizeof keys / sizeof *keys };
    struct span values[KEYS];
    struct buffer shown;
    if (!event.at || !json_pick(event, keys, values, KEYS, NULL))
        return true;
    buffer_init(&shown, JOB_BODY_MAX);
    buffer_text(&shown, "{");
    for (size_t i = 0; i < KEYS; i++) {
        if (!values[i].at)
            continue;
        buffer_text(&shown, shown.len > 1 ? "," : "");
        put_key(&shown, keys[i]);
        buffer_add(&shown, values[i]);
    }
    bool fits = buffer_text(&shown, "}") && put_json(out, "event", buffer_span(&shown));
    buffer_release(&shown);
    return fits;
}

/* The value as text in a string. */
static bool put_value(struct buffer *out, struct span array)
{
    struct buffer text;
    buffer_init(&text, JOB_BODY_MAX);
    bool fits = job_put_variable(&text, array) && put_key(out, "json") &&
                json_put_string(out, buffer_span(&text));
    if (text.len)
        mem_wipe(text.data, text.len);
    buffer_release(&text);
    return fits;
}

/* One variable; what is none is left out: those of an event nobody has checked. */
static bool put_variable(struct buffer *out, struct span variable, bool *first)
{
    static const char *const keys[VARIABLE_KEYS] = {"id", "name", "secret", "default_value"};
    struct span values[VARIABLE_KEYS];
    if (json_type(variable) != JSON_OBJECT ||
        !json_pick(variable, keys, values, VARIABLE_KEYS, NULL))
        return true;
    for (int i = ID; i <= NAME; i++)
        if (!values[i].at || json_type(values[i]) != JSON_STRING || values[i].len > NAME_MAX_BYTES)
            return true;
    if (values[SECRET].at && json_type(values[SECRET]) != JSON_BOOL)
        return true;
    bool fits = buffer_text(out, *first ? "{" : ",{") && put_key(out, "id") &&
                buffer_add(out, values[ID]) && buffer_text(out, ",") && put_key(out, "name") &&
                buffer_add(out, values[NAME]) && buffer_text(out, ",");
    *first = false;
    /* an event's variables are checked by nobody: one that does not say counts as secret */
    if (fits && !(values[SECRET].at && span_is(values[SECRET], "false")))
        fits = put_key(out, "secret") && buffer_text(out, "true");
    else
        fits = fits && put_value(out, values[VALUE]);
    return fits && buffer_text(out, "}");
}

static bool put_variables(struct buffer *out, const char *key, struct span map)
{
    struct span name, variable;
    bool first = true, fits = put_key(out, key) && buffer_text(out, "[");
    if (map.at && json_type(map) == JSON_OBJECT)
        while (fits && json_next_member(&map, &name, &variable))
            fits = put_variable(out, variable, &first);
    return fits && buffer_text(out, "]");
}

bool context_put(struct buffer *out, const struct claims *claims, const struct job *job,
                 const struct flow *flow)
{
    return put_run(out, claims, flow) && put_text(out, "entry", job->node_id) &&
           put_key(out, "stream_state") && buffer_text(out, job->stream_state ? "true" : "false") &&
           put_json(out, "user", job->user_context) && put_json(out, "profile", job->profile) &&
           put_event(out, job->event) && buffer_text(out, ",\"variables\":{") &&
           put_variables(out, "runtime", job->runtime_variables) && buffer_text(out, ",") &&
           put_variables(out, "event", job_event_variables(job)) && buffer_text(out, "}}");
}
