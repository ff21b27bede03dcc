#include "mapping.h"

#include "config.h"
#include "sqs_event.h"

#include <string.h>

struct mapping {
    struct invoker *invoker;
    struct queue *queue;
    struct mapping_settings settings;
    struct mapping_user user;
    struct queue_message **batch; /* collected, or on its way */
    size_t count;
    int64_t since_ms; /* the first of them was received, on the monotonic clock */
    struct invocation *invocation;
    struct loop_timer timer;
};

static void on_timer(void *arg)
{
    mapping_look(arg);
}

static void look_again(struct mapping *mapping, int64_t after_ms)
{
    struct loop *loop = mapping->invoker->loop;
    loop_timer_set(loop, &mapping->timer, loop_mono_ms(loop) + after_ms, on_timer, mapping);
}

static int64_t now_ms(const struct mapping *mapping)
{
    return loop_wall_ms(mapping->invoker->loop);
}

/* --- a batch --------------------------------------------------------------------------------- */

/* Its first messages as an event, as many as one event may hold; the rest goes back at once. */
static void write_event(struct mapping *mapping, struct buffer *event)
{
    const char *queue = queue_settings_of(mapping->queue)->name;
    size_t written = 0;
    buffer_text(event, "{\"Records\":[");
    for (; written < mapping->count; written++) {
        const struct queue_message *message = mapping->batch[written];
        char receipt[UUID_SIZE];
        uuid_make(receipt);
        struct sqs_message record = {.message_id = message->id,
                                     .receipt = receipt,
                                     .body = {message->body, message->body_len},
                                     .receive_count = message->receives,
                                     .sent_ms = message->sent_ms,
                                     .first_received_ms = message->first_received_ms,
                                     .queue = queue,
                                     .group = message->group,
                                     .deduplication_id = message->deduplication_id,
                                     .sequence = message->sequence};
        size_t before = event->len;
        if (buffer_text(event, written ? "," : "") && sqs_event_record(event, &record) &&
            event->len + 2 <= CONFIG_PAYLOAD_MAX)
            continue;
        event->len = before;
        break;
    }
    buffer_text(event, "]}");
    for (size_t i = written; i < mapping->count; i++)
        queue_unreceive(mapping->queue, mapping->batch[i], now_ms(mapping));
    mapping->count = written;
}

static void on_over(void *arg, const struct invocation_end *end)
{
    struct mapping *mapping = arg;
    for (size_t i = 0; i < mapping->count; i++)
        if (!end->failed[i])
            queue_delete(mapping->queue, mapping->batch[i]);
    mapping->count = 0;
    mapping->invocation = NULL;
    mapping->user.batch_over(mapping->user.arg, end);
    mapping->user.changed(mapping->user.arg);
    look_again(mapping, 0);
}

static void invoke(struct mapping *mapping)
{
    struct buffer event;
    struct error err = {0};
    buffer_init(&event, CONFIG_PAYLOAD_MAX + 1024);
    write_event(mapping, &event);
    mapping->invocation =
        invocation_start(mapping->invoker, buffer_span(&event), on_over, mapping, &err);
    buffer_release(&event);
}

/* --- collecting ------------------------------------------------------------------------------ */

static void collect(struct mapping *mapping)
{
    size_t room = mapping->settings.batch_size - mapping->count;
    size_t got =
        queue_receive(mapping->queue, room, now_ms(mapping), mapping->batch + mapping->count);
    if (!got)
        return;
    if (!mapping->count)
        mapping->since_ms = loop_mono_ms(mapping->invoker->loop);
    mapping->count += got;
    mapping->user.changed(mapping->user.arg);
}

static int64_t window_left_ms(const struct mapping *mapping)
{
    if (queue_settings_of(mapping->queue)->fifo || mapping->count == mapping->settings.batch_size)
        return 0;
    int64_t waited_ms = loop_mono_ms(mapping->invoker->loop) - mapping->since_ms;
    return waited_ms < mapping->settings.window_ms ? mapping->settings.window_ms - waited_ms : 0;
}

void mapping_look(struct mapping *mapping)
{
    if (mapping->invocation)
        return;
    struct queue_counts before = queue_count(mapping->queue, now_ms(mapping));
    collect(mapping);
    if (queue_count(mapping->queue, now_ms(mapping)).dead != before.dead)
        mapping->user.changed(mapping->user.arg);
    int64_t left_ms = mapping->count ? window_left_ms(mapping) : INT64_MAX;
    if (left_ms == 0) {
        invoke(mapping);
        return;
    }
    int64_t next_ms = queue_next_ms(mapping->queue, now_ms(mapping));
    if (next_ms != INT64_MAX && next_ms - now_ms(mapping) < left_ms)
        left_ms = next_ms - now_ms(mapping);
    if (left_ms != INT64_MAX)
        look_again(mapping, left_ms > 0 ? left_ms : 1);
}

void mapping_runtime_exited(struct mapping *mapping)
{
    if (mapping->invocation)
        invocation_exited(mapping->invocation);
}

/* --- life ------------------------------------------------------------------------------------ */

struct mapping *mapping_new(struct invoker *invoker, struct queue *queue,
                            const struct mapping_settings *settings,
                            const struct mapping_user *user)
{
    struct mapping *mapping = mem_new(sizeof *mapping);
    *mapping = (struct mapping){.invoker = invoker,
                                .queue = queue,
                                .settings = *settings,
                                .user = *user,
                                .batch = mem_array(settings->batch_size, sizeof(void *))};
    return mapping;
}

void mapping_free(struct mapping *mapping)
{
    if (!mapping)
        return;
    loop_timer_stop(mapping->invoker->loop, &mapping->timer);
    invocation_drop(mapping->invocation);
    mem_free(mapping->batch);
    mem_free(mapping);
}
