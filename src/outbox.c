#include "outbox.h"

#include "config.h"
#include "json.h"

#include <stdio.h>
#include <string.h>

#define TYPE_KEY       "{\"event_type\":"
#define PAYLOAD_KEY    ",\"payload\":"
#define BODY_HEAD      "{\"events\":["
#define BODY_TAIL      "]}"
#define TYPE_SHOWN_MAX 200
/* What is left for one event in a push of its own; a body stays below the maximum. */
#define EVENT_MAX (CONFIG_CALLBACK_BODY_MAX - 1 - strlen(BODY_HEAD) - strlen(BODY_TAIL))

/* What it takes in memory, so that small events count, too. */
static size_t cost(const struct outbox_event *event)
{
    return sizeof *event + event->text.len;
}

static void free_first(struct outbox *outbox)
{
    struct outbox_event *gone = outbox->first;
    outbox->first = gone->next;
    outbox->count--;
    outbox->bytes -= cost(gone);
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
    outbox->bytes += cost(event);
}

/* The first bytes of a type. */
static int shown_len(struct span type)
{
    return (int)span_cut(type, TYPE_SHOWN_MAX).len;
}

static void put_refusal(struct buffer *text, const struct error *refusal)
{
    buffer_text(text, TYPE_KEY "\"error\"" PAYLOAD_KEY "{\"message\":");
    json_put_string(text, span_of(refusal->text));
    buffer_text(text, ",\"code\":\"event.refused\"}}");
}

static bool put_event(struct buffer *text, const char *type, struct span payload, size_t *type_len,
                      size_t *replaced)
{
    buffer_text(text, TYPE_KEY);
    if (!json_put_string(text, span_of(type)))
        return false;
    *type_len = text->len - strlen(TYPE_KEY) - strlen("\"\"");
    return buffer_text(text, PAYLOAD_KEY) && json_put_without_nul(text, payload, replaced) &&
           buffer_text(text, "}");
}

bool outbox_add(struct outbox *outbox, const char *type, struct span payload, int64_t now_ms,
                size_t *replaced, struct error *err)
{
    struct buffer text;
    size_t type_len;
    buffer_init(&text, EVENT_MAX);
    *replaced = 0;
    bool fits = put_event(&text, type, payload, &type_len, replaced);
    if (!fits) {
        error_set(err, ERROR_LIMIT, "event %lld of type %.*s is larger than one push may be",
                  (long long)outbox->sequence + 1, shown_len(span_of(type)), type);
        buffer_clear(&text);
        put_refusal(&text, err);
        type_len = strlen("error");
    }
    append(outbox, buffer_span(&text), type_len, now_ms);
    buffer_release(&text);
    return fits;
}

struct outbox_push outbox_body(struct outbox *outbox, size_t max_count, struct buffer *body)
{
    struct outbox_push push = {.instead = outbox->first->instead.at != NULL};
    size_t max = CONFIG_CALLBACK_BODY_MAX - 1 - strlen(BODY_TAIL);
    int64_t last = 0;
    buffer_clear(body);
    buffer_text(body, BODY_HEAD);
    for (const struct outbox_event *event = outbox->first; event; event = event->next) {
        struct span text = event->instead.at ? event->instead : event->text;
        if (push.count > 0 && (push.count >= max_count || body->len + 1 + text.len > max))
            break;
        buffer_text(body, push.count > 0 ? "," : "");
        buffer_add(body, text);
        push.count++;
        last = event->sequence;
        if (event->cut)
            break;
    }
    buffer_text(body, BODY_TAIL);
    snprintf(push.key, sizeof push.key, "%lld-%lld%s", (long long)outbox->first->sequence,
             (long long)last, push.instead ? "-r" : "");
    outbox->tried = last > outbox->tried ? last : outbox->tried;
    return push;
}

int64_t outbox_due_ms(const struct outbox *outbox, size_t max_count, int64_t interval_ms)
{
    if (outbox->count == 0)
        return INT64_MAX;
    if (outbox->count >= max_count || outbox->first->sequence <= outbox->tried)
        return 0;
    return outbox->first->at_ms + interval_ms;
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

void outbox_replace(struct outbox *outbox, long status, struct error *refusal)
{
    struct outbox_event *event = outbox->first;
    struct buffer text;
    error_set(refusal, ERROR_INPUT, "event %lld of type %.*s was refused by the API (%ld)",
              (long long)event->sequence, shown_len(event->type), event->type.at, status);
    buffer_init(&text, EVENT_MAX);
    put_refusal(&text, refusal);
    event->instead = (struct span){mem_string(buffer_span(&text)), text.len};
    event->cut = true;
    buffer_release(&text);
}

void outbox_restore(struct outbox *outbox)
{
    mem_free((char *)outbox->first->instead.at);
    outbox->first->instead = (struct span){NULL, 0};
}
