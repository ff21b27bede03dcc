#include "fetch.h"

#include "config.h"
#include "json.h"

#define HEAD_MAX 16384

/* {"file":"flows/lib/money.lua"}, or the error. */
static void put_head(struct buffer *head, const struct flow *flow, const struct error *why,
                     const char *code)
{
    buffer_text(head, flow ? "{\"file\":" : "{\"error\":{\"code\":");
    json_put_string(head, span_of(flow ? flow->path : code));
    if (!flow) {
        buffer_text(head, ",\"message\":");
        json_put_string(head, span_of(why->text));
        buffer_text(head, "}");
    }
    buffer_text(head, "}");
}

static const struct flow *find(struct fetcher *fetcher, bool module, struct span name,
                               struct error *why)
{
    if (!fetcher->flows) {
        error_set(why, ERROR_MISSING, "there is no flows folder to look in");
        return NULL;
    }
    if (fetcher->count > FETCH_COUNT_MAX) {
        error_set(why, ERROR_LIMIT, "one run looks for more than %d modules and flows",
                  FETCH_COUNT_MAX);
        return NULL;
    }
    const struct flow *flow = (module ? flow_module : flow_called)(fetcher->flows, name, why);
    if (!flow || (fetcher->bytes += flow->source.len) <= CONFIG_FETCHED_MAX)
        return flow;
    error_set(why, ERROR_LIMIT, "modules and called flows of one run are over %d bytes",
              CONFIG_FETCHED_MAX);
    return NULL;
}

bool fetch_answer(struct fetcher *fetcher, const struct wire_fetch *fetch, struct buffer *head,
                  struct wire_reply *reply, struct error *err)
{
    struct error why = {0};
    bool module = span_is(fetch->what, "module");
    buffer_init(head, HEAD_MAX);
    if (!json_is_utf8(fetch->name) || (!module && !span_is(fetch->what, "flow")))
        return error_set(err, ERROR_INPUT, "a fetch of neither a module nor a flow");
    if (++fetcher->count > FETCH_FLOOD)
        return error_set(err, ERROR_LIMIT, "more than %d fetches", FETCH_FLOOD);
    const struct flow *flow = find(fetcher, module, fetch->name, &why);
    put_head(head, flow, &why, module ? "module.unknown" : "flow.unknown");
    *reply = (struct wire_reply){.id = fetch->id, .head = buffer_span(head)};
    if (flow)
        reply->body = flow->source;
    return true;
}
