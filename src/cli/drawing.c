#include "drawing.h"

#include "config.h"
#include "flow.h"
#include "guest.h"
#include "json.h"

#include <string.h>

#define DRAW_LIMIT_MS     10000
#define DRAW_INSTRUCTIONS 20000000000LL

/* A flow that does not load has no picture. */
static bool has_no_errors(struct span description, struct error *err)
{
    bool good = true;
    const cJSON *finding;
    cJSON *described = json_parse(description, err);
    cJSON_ArrayForEach(finding, json_member(described, "findings"))
    {
        const char *severity = json_member_text(finding, "severity");
        const char *message = json_member_text(finding, "message");
        if (good && severity && strcmp(severity, "error") == 0)
            good = error_set(err, ERROR_INPUT, "%s", message ? message : "it has errors");
    }
    cJSON_Delete(described);
    return described && good;
}

static bool draw(struct guest *guest, const struct flow *flow, struct buffer *out,
                 struct error *err)
{
    struct span description;
    struct wire_outcome outcome;
    struct guest_load load = {
        .name = span_of(flow->path),
        .source = flow->source,
        .context = span_of("{\"run\":{\"id\":\"graph\",\"app\":\"\",\"flow\":\"\",\"version\":\"\","
                           "\"user\":\"\"},\"entry\":\"start\",\"stream_state\":false,"
                           "\"role\":\"graph\",\"format\":\"svg\"}"),
        .instruction_limit = DRAW_INSTRUCTIONS,
        .memory_limit_bytes = GUEST_MEMORY_MAX};
    if (!guest_load(guest, &load, &description, err) || !has_no_errors(description, err) ||
        !guest_run(guest, NULL, DRAW_LIMIT_MS, &outcome, err))
        return false;
    if (!outcome.completed)
        return error_set(err, ERROR_SYSTEM, "%.*s", (int)outcome.message.len, outcome.message.at);
    if (!outcome.output.len)
        return error_set(err, ERROR_LIMIT, "the picture is too large");
    return json_check(outcome.output, err) && json_decode(outcome.output, out, err);
}

bool drawing_svg(struct loop *loop, const char *flows, const char *flow, struct buffer *out,
                 struct error *err)
{
    struct flows *folder = flows_open(flows, err);
    const struct flow *found = folder ? flow_called(folder, span_of(flow), err) : NULL;
    struct guest *guest = !found ? NULL
                          : loop ? guest_open_on(loop, flows, err)
                                 : guest_open(flows, err);
    bool drawn = guest && draw(guest, found, out, err);
    guest_close(guest);
    flows_close(folder);
    return drawn;
}
