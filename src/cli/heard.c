#include "heard.h"

#include "json.h"

#include <stdio.h>

#define EVENTS_MAX (6 * 1024 * 1024)

void heard_init(struct heard *heard)
{
    buffer_init(&heard->events, EVENTS_MAX);
    buffer_init(&heard->progress, EVENTS_MAX / 8);
    heard_clear(heard);
}

void heard_clear(struct heard *heard)
{
    buffer_clear(&heard->events);
    buffer_clear(&heard->progress);
    heard->step[0] = '\0';
    heard->cut = false;
}

void heard_release(struct heard *heard)
{
    buffer_release(&heard->events);
    buffer_release(&heard->progress);
}

void heard_event(struct heard *heard, struct span type, struct span payload)
{
    struct buffer *events = &heard->events;
    size_t before = events->len;
    if (!json_is_utf8(type) || !json_check(payload, NULL))
        return;
    if ((!before || buffer_text(events, ",")) && buffer_text(events, "{\"type\":") &&
        json_put_string(events, type) && buffer_text(events, ",\"payload\":") &&
        buffer_add(events, payload) && buffer_text(events, "}"))
        return;
    events->len = before;
    heard->cut = true;
}

void heard_progress(struct heard *heard, const struct wire_progress *progress)
{
    struct buffer *list = &heard->progress;
    size_t before = list->len;
    struct span step = progress->step;
    if (!json_is_utf8(step))
        return;
    if (step.len)
        snprintf(heard->step, sizeof heard->step, "%.*s", (int)step.len, step.at);
    if (!((!before || buffer_text(list, ",")) &&
          buffer_format(list, "{\"percent\":%lld,\"step\":", (long long)progress->percent) &&
          json_put_string(list, step) && buffer_text(list, "}")))
        list->len = before;
}
