#include "queue.h"

#include "json.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#define DEDUPLICATION_MS (5 * 60 * 1000)

struct list {
    struct queue_message *first, *last;
    size_t count;
};

/* What was sent to a FIFO queue not long ago, also when it is deleted by now. */
struct memory {
    char *deduplication_id;
    char message_id[UUID_SIZE];
    int64_t sent_ms;
    struct memory *next;
};

struct queue {
    struct queue_settings settings;
    char *name;
    struct list live, dead;
    struct memory *recent; /* newest first */
    size_t bytes;
    uint64_t sequence;
};

/* --- lists ----------------------------------------------------------------------------------- */

static void append(struct list *list, struct queue_message *message)
{
    message->next = NULL;
    message->previous = list->last;
    if (list->last)
        list->last->next = message;
    else
        list->first = message;
    list->last = message;
    list->count++;
}

static void unlink_from(struct list *list, struct queue_message *message)
{
    if (message->previous)
        message->previous->next = message->next;
    else
        list->first = message->next;
    if (message->next)
        message->next->previous = message->previous;
    else
        list->last = message->previous;
    list->count--;
}

static void free_message(struct queue_message *message)
{
    mem_free_secret(message->body); /* it may hold a token */
    mem_free(message->group);
    mem_free(message->deduplication_id);
    mem_free(message);
}

static void clear(struct list *list)
{
    while (list->first) {
        struct queue_message *gone = list->first;
        unlink_from(list, gone);
        free_message(gone);
    }
}

struct queue *queue_new(const struct queue_settings *settings)
{
    struct queue *queue = mem_new(sizeof *queue);
    queue->settings = *settings;
    queue->name = mem_copy(settings->name);
    queue->settings.name = queue->name;
    return queue;
}

/* Forgets what was sent longer ago than that. */
static void forget(struct queue *queue, int64_t before_ms)
{
    struct memory **at = &queue->recent;
    while (*at && (*at)->sent_ms > before_ms)
        at = &(*at)->next;
    while (*at) {
        struct memory *gone = *at;
        *at = gone->next;
        mem_free(gone->deduplication_id);
        mem_free(gone);
    }
}

void queue_free(struct queue *queue)
{
    if (!queue)
        return;
    clear(&queue->live);
    clear(&queue->dead);
    forget(queue, INT64_MAX);
    mem_free(queue->name);
    mem_free(queue);
}

const struct queue_settings *queue_settings_of(const struct queue *queue)
{
    return &queue->settings;
}

/* --- sending --------------------------------------------------------------------------------- */

/* SQS takes tab, LF, CR, U+0020 to U+D7FF, U+E000 to U+FFFD, and what is above U+FFFF. */
static bool is_allowed(struct span body)
{
    for (size_t i = 0; i < body.len; i++) {
        unsigned char c = (unsigned char)body.at[i];
        if (c < 0x20 && c != '\t' && c != '\n' && c != '\r')
            return false;
        if (c == 0xef && i + 2 < body.len && (unsigned char)body.at[i + 1] == 0xbf &&
            (unsigned char)body.at[i + 2] >= 0xbe) /* U+FFFE, U+FFFF */
            return false;
    }
    return json_is_utf8(body);
}

static bool is_sound(const struct queue *queue, const struct queue_send *send, struct error *err)
{
    if (!send->body.len)
        return error_set(err, ERROR_INPUT, "a message has a body");
    if (send->body.len > QUEUE_BODY_MAX)
        return error_set(err, ERROR_LIMIT, "the body is over %d bytes", QUEUE_BODY_MAX);
    if (!is_allowed(send->body))
        return error_set(err, ERROR_INPUT,
                         "the body holds what SQS refuses: control characters, "
                         "or bytes that are no UTF-8");
    if (queue->settings.fifo && !(send->group && *send->group))
        return error_set(err, ERROR_INPUT, "a message to a FIFO queue needs a group");
    if (queue->settings.fifo && send->delay_ms)
        return error_set(err, ERROR_INPUT, "a message to a FIFO queue cannot be delayed by itself");
    if (queue->live.count + queue->dead.count >= QUEUE_MESSAGES_MAX ||
        queue->bytes + send->body.len > QUEUE_BYTES_MAX)
        return error_set(err, ERROR_LIMIT, "the queue is full: %d messages, or %zu MiB",
                         QUEUE_MESSAGES_MAX, QUEUE_BYTES_MAX >> 20);
    return true;
}

static char *sha256_of(struct span body)
{
    unsigned char digest[32];
    char *text = mem_new(2 * sizeof digest + 1);
    EVP_Digest(body.at, body.len, digest, NULL, EVP_sha256(), NULL);
    for (size_t i = 0; i < sizeof digest; i++)
        snprintf(text + 2 * i, 3, "%02x", digest[i]);
    return text;
}

/* The id that this one was sent under in the last five minutes, or NULL. */
static const struct memory *remembered(struct queue *queue, const char *deduplication_id,
                                       int64_t now_ms)
{
    forget(queue, now_ms - DEDUPLICATION_MS);
    const struct memory *memory = queue->recent;
    while (memory && strcmp(memory->deduplication_id, deduplication_id) != 0)
        memory = memory->next;
    return memory;
}

static void remember(struct queue *queue, const struct queue_message *message)
{
    struct memory *memory = mem_new(sizeof *memory);
    *memory = (struct memory){.deduplication_id = mem_copy(message->deduplication_id),
                              .sent_ms = message->sent_ms,
                              .next = queue->recent};
    memcpy(memory->message_id, message->id, UUID_SIZE);
    queue->recent = memory;
}

static struct queue_message *add(struct queue *queue, const struct queue_send *send, char *dedup,
                                 int64_t now_ms)
{
    struct queue_message *message = mem_new(sizeof *message);
    uuid_make(message->id);
    message->body = mem_string(send->body);
    message->body_len = send->body.len;
    message->group = mem_copy(send->group);
    message->deduplication_id = dedup;
    message->sequence = ++queue->sequence;
    message->sent_ms = now_ms;
    message->visible_ms = now_ms + send->delay_ms;
    queue->bytes += send->body.len;
    append(&queue->live, message);
    return message;
}

bool queue_send(struct queue *queue, const struct queue_send *send, int64_t now_ms,
                char id[UUID_SIZE], struct error *err)
{
    char *dedup = NULL;
    if (!is_sound(queue, send, err))
        return false;
    if (queue->settings.fifo) {
        dedup = send->deduplication_id ? mem_copy(send->deduplication_id) : sha256_of(send->body);
        const struct memory *before = remembered(queue, dedup, now_ms);
        if (before) {
            memcpy(id, before->message_id, UUID_SIZE);
            mem_free(dedup);
            return true;
        }
    }
    const struct queue_message *message = add(queue, send, dedup, now_ms);
    if (dedup)
        remember(queue, message);
    memcpy(id, message->id, UUID_SIZE);
    return true;
}

/* --- receiving ------------------------------------------------------------------------------- */

/* Its timeout is over: it may be received again. */
static void end_timeouts(struct queue *queue, int64_t now_ms)
{
    for (struct queue_message *message = queue->live.first; message; message = message->next)
        message->in_flight = message->in_flight && message->visible_ms > now_ms;
}

static bool is_in_order(const struct queue *queue, const struct queue_message *message)
{
    if (!queue->settings.fifo)
        return true;
    /* earlier ones of its group that this receive takes along do not stand in its way */
    for (const struct queue_message *before = message->previous; before; before = before->previous)
        if (strcmp(before->group, message->group) == 0)
            return before->in_flight ? before->taken : false;
    return true;
}

static void bury(struct queue *queue, struct queue_message *message)
{
    unlink_from(&queue->live, message);
    append(&queue->dead, message);
}

static bool is_spent(const struct queue *queue, const struct queue_message *message)
{
    return queue->settings.max_receives > 0 && message->receives >= queue->settings.max_receives;
}

static void take(const struct queue *queue, struct queue_message *message, int64_t now_ms)
{
    message->in_flight = message->taken = true;
    message->visible_ms = now_ms + queue->settings.visibility_ms;
    message->receives++;
    if (!message->first_received_ms)
        message->first_received_ms = now_ms;
}

size_t queue_receive(struct queue *queue, size_t max, int64_t now_ms, struct queue_message **out)
{
    size_t count = 0;
    struct queue_message *next;
    end_timeouts(queue, now_ms);
    for (struct queue_message *message = queue->live.first; message && count < max;
         message = next) {
        next = message->next;
        if (message->in_flight || message->visible_ms > now_ms || !is_in_order(queue, message))
            continue;
        if (is_spent(queue, message)) {
            bury(queue, message);
            continue;
        }
        take(queue, message, now_ms);
        out[count++] = message;
    }
    for (size_t i = 0; i < count; i++)
        out[i]->taken = false;
    return count;
}

void queue_delete(struct queue *queue, struct queue_message *message)
{
    unlink_from(&queue->live, message);
    queue->bytes -= message->body_len;
    free_message(message);
}

void queue_release(struct queue *queue, struct queue_message *message, int64_t now_ms)
{
    (void)queue;
    message->in_flight = false;
    message->visible_ms = now_ms;
}

void queue_unreceive(struct queue *queue, struct queue_message *message, int64_t now_ms)
{
    message->receives--;
    queue_release(queue, message, now_ms);
}

/* --- looking --------------------------------------------------------------------------------- */

int64_t queue_next_ms(const struct queue *queue, int64_t now_ms)
{
    int64_t next_ms = INT64_MAX;
    for (const struct queue_message *message = queue->live.first; message; message = message->next)
        if (message->visible_ms > now_ms && message->visible_ms < next_ms)
            next_ms = message->visible_ms;
    return next_ms;
}

struct queue_counts queue_count(const struct queue *queue, int64_t now_ms)
{
    struct queue_counts counts = {.dead = queue->dead.count};
    for (const struct queue_message *message = queue->live.first; message;
         message = message->next) {
        if (message->visible_ms <= now_ms)
            counts.visible++;
        else if (message->in_flight)
            counts.in_flight++;
        else
            counts.delayed++;
    }
    return counts;
}

const struct queue_message *queue_first(const struct queue *queue)
{
    return queue->live.first;
}

const struct queue_message *queue_first_dead(const struct queue *queue)
{
    return queue->dead.first;
}

static struct queue_message *find_in(const struct list *list, const char *id)
{
    struct queue_message *message = list->first;
    while (message && strcmp(message->id, id) != 0)
        message = message->next;
    return message;
}

struct queue_message *queue_find(struct queue *queue, const char *id)
{
    struct queue_message *message = find_in(&queue->live, id);
    return message ? message : find_in(&queue->dead, id);
}

bool queue_redrive(struct queue *queue, const char *id, int64_t now_ms)
{
    struct queue_message *message = find_in(&queue->dead, id);
    if (!message)
        return false;
    unlink_from(&queue->dead, message);
    message->receives = 0;
    message->first_received_ms = 0;
    message->in_flight = false;
    message->visible_ms = now_ms;
    message->sequence = ++queue->sequence;
    append(&queue->live, message);
    return true;
}
