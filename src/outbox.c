#include "outbox.h"

#include "config.h"
#include "json.h"

#include <string.h>

#define TYPE_KEY    "{\"event_type\":"
#define PAYLOAD_KEY ",\"payload\":"
#define BODY_HEAD   "{\"events\":["
#define BODY_TAIL   "]}"
/* What is left for one event in a push of its own; a body stays below the maximum. */
#define EVENT_MAX (CONFIG_CALLBACK_BODY_MAX - 1 - strlen(BODY_HEAD) - strlen(BODY_TAIL))

static void free_first(struct outbox *outbox)
{
    struct outbox_event *gone = outbox->first;
    outbox->first = gone->next;
    outbox->count--;
    outbox->bytes -= gone->text.len;
    mem_free((char *)gone->instead.at);
    mem_free(gone);
    if (!outbox->first)
        outbox->last = NULL;
}

void outbox_release(struct outbox *outbox)
{
    while (outbox->first)
        free_first(outbox);
}

static void append(struct outbox *outbox, struct span text, size_t type_len, int64_t now_ms)
{
    struct outbox_event *event = mem_new(sizeof *event + text.len);
    char *copy = (char *)(event + 1);
    memcpy(copy, text.at, text.len);
    event->sequence = ++outbox->sequence;
    event->at_ms = now_ms;
    event->text = (struct span){copy, text.len};
    event->type = (struct span){copy + strlen(TYPE_KEY "\""), type_len};
    if (outbox->last)
        outbox->last->next = event;
    else
        outbox->first = event;
    outbox->last = event;
    outbox->count++;
    outbox->bytes += text.len;
}

bool outbox_add(struct outbox *outbox, const char *type, struct span payload, int64_t now_ms,
                size_t *replaced)
{
    struct buffer text;
    buffer_init(&text, EVENT_MAX);
    buffer_text(&text, TYPE_KEY);
    bool fits = json_put_string(&text, span_of(type));
    size_t type_len = fits ? text.len - strlen(TYPE_KEY "\""
                                                        "\"")
                           : 0;
    fits = fits && buffer_text(&text, PAYLOAD_KEY) &&
           json_put_without_nul(&text, payload, replaced) && buffer_text(&text, "}");
    if (fits)
        append(outbox, buffer_span(&text), type_len, now_ms);
    buffer_release(&text);
    return fits;
}

static struct span sent_text(const struct outbox_event *event)
{
    return event->instead.at ? event->instead : event->text;
}

struct outbox_push outbox_body(const struct outbox *outbox, size_t max_count, struct buffer *body)
{
    struct outbox_push push = {.first = outbox->first->sequence,
                               .instead = outbox->first->instead.at != NULL};
    size_t max = CONFIG_CALLBACK_BODY_MAX - 1 - strlen(BODY_TAIL);
    buffer_clear(body);
    buffer_text(body, BODY_HEAD);
    for (const struct outbox_event *event = outbox->first; event; event = event->next) {
        struct span text = sent_text(event);
        if (push.count > 0 && (push.count >= max_count || body->len + 1 + text.len > max))
            break;
        if (push.count > 0)
            buffer_text(body, ",");
        buffer_add(body, text);
        push.count++;
        push.last = event->sequence;
        if (event->cut)
            break;
    }
    buffer_text(body, BODY_TAIL);
    return push;
}

void outbox_drop(struct outbox *outbox, size_t count)
{
    while (count-- > 0)
        free_first(outbox);
}

void outbox_split(struct outbox *outbox, size_t count)
{
    struct outbox_event *event = outbox->first;
    for (size_t i = 1; i < count; i++, event = event->next)
        if (i == (count + 1) / 2)
            event->cut = true;
    event->cut = true;
}

void outbox_replace(struct outbox *outbox, const char *message)
{
    struct outbox_event *event = outbox->first;
    struct buffer text;
    buffer_init(&text, EVENT_MAX);
    buffer_text(&text, TYPE_KEY "\"error\"" PAYLOAD_KEY "{\"message\":");
    json_put_string(&text, span_of(message));
    buffer_text(&text, ",\"code\":\"event.refused\"}}");
    outbox_restore(outbox);
    event->instead = (struct span){mem_string(buffer_span(&text)), text.len};
    event->cut = true;
    buffer_release(&text);
}

void outbox_restore(struct outbox *outbox)
{
    mem_free((char *)outbox->first->instead.at);
    outbox->first->instead = (struct span){NULL, 0};
}
