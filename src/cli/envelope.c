#include "envelope.h"

#include "json.h"

#include <stdio.h>

static bool put(struct buffer *out, const char *before, const char *text)
{
    return buffer_text(out, before) && json_put_string(out, span_of(text));
}

static bool put_version(struct buffer *out, const char *version)
{
    unsigned major, minor, patch;
    char rest;
    if (!version)
        return buffer_text(out, ",\"board_version\":null");
    return sscanf(version, "%9u.%9u.%9u%c", &major, &minor, &patch, &rest) == 3 &&
           buffer_format(out, ",\"board_version\":[%u,%u,%u]", major, minor, patch);
}

bool envelope_write(struct buffer *out, const struct envelope *envelope)
{
    const char *app_id = envelope->app_id ? envelope->app_id : "local";
    const char *node_id = envelope->node_id ? envelope->node_id : "start";
    const char *user_id = envelope->user_id ? envelope->user_id : "developer";
    const char *token = envelope->token ? envelope->token : ENVELOPE_TOKEN;
    const char *url = envelope->callback_url ? envelope->callback_url : "http://localhost:8080";
    struct span payload = envelope->payload.at ? envelope->payload : span_of("null");
    return put(out, "{\"job_id\":", envelope->job_id) &&
           put(out, ",\"run_id\":", envelope->run_id) && put(out, ",\"app_id\":", app_id) &&
           put(out, ",\"board_id\":", envelope->flow) && put_version(out, envelope->version) &&
           put(out, ",\"node_id\":", node_id) &&
           buffer_text(out, ",\"event_json\":null,\"payload\":") && buffer_add(out, payload) &&
           put(out, ",\"user_id\":", user_id) &&
           put(out, ",\"credentials\":{},\"executor_jwt\":", token) &&
           put(out, ",\"callback_url\":", url) &&
           buffer_text(out, ",\"token\":null,\"oauth_tokens\":null,\"stream_state\":true,"
                            "\"runtime_variables\":null,\"user_context\":null,\"profile\":null}");
}
