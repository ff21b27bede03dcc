#include "order.h"

#include "json.h"

#include <string.h>

void order_release(struct order *order)
{
    mem_free(order->flow);
    mem_free(order->id);
    mem_free(order->user);
    mem_free(order->entry);
}

bool order_read(struct order *order, struct span json, struct error *err)
{
    static const char *const keys[] = {"flow", "id",         "user",      "entry",
                                       "skip", "timeout_ms", "budget_ms", "context"};
    struct span at[sizeof keys / sizeof *keys];
    if (json_type(json) != JSON_OBJECT ||
        !json_pick(json, keys, at, sizeof keys / sizeof *keys, err))
        return false;
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (!at[i].at)
            return error_set(err, ERROR_INPUT, "run: no %s", keys[i]);
    order->skip = span_is(at[4], "true");
    order->context = at[7];
    return (order->flow = json_string(at[0], 1024, err)) &&
           (order->id = json_string(at[1], 1024, err)) &&
           (order->user = json_string(at[2], 1024, err)) &&
           (order->entry = json_string(at[3], 1024, err)) &&
           json_integer(at[5], &order->timeout_ms, err) &&
           json_integer(at[6], &order->budget_ms, err);
}

void order_put_context(struct buffer *out, const struct order *order, const struct flow *flow)
{
    const struct {
        const char *before;
        const char *text;
    } parts[] = {
        {"{\"run\":{\"id\":", order->id}, {",\"app\":", "test"},
        {",\"flow\":", flow->name},       {",\"version\":", flow->version},
        {",\"user\":", order->user},      {"},\"entry\":", order->entry},
    };
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        buffer_text(out, parts[i].before);
        json_put_string(out, span_of(parts[i].text));
    }
    if (order->context.len > strlen("{}"))
        buffer_text(out, ",");
    buffer_add(out, (struct span){order->context.at + 1, order->context.len - 1});
}
