#include "deferred.h"

static void forget(struct deferred_reply *reply)
{
    mem_free(reply->head);
    mem_free(reply->body);
    *reply = (struct deferred_reply){0};
}

static void close_gap(struct deferred *deferred, size_t at)
{
    for (deferred->count--; at < deferred->count; at++)
        deferred->replies[at] = deferred->replies[at + 1];
}

void deferred_add(struct deferred *deferred, const struct wire_reply *reply, int64_t due_ms)
{
    if (deferred->count == DEFERRED_MAX)
        forget(&deferred->replies[--deferred->count]);
    deferred->replies[deferred->count++] = (struct deferred_reply){.id = reply->id,
                                                                   .due_ms = due_ms,
                                                                   .head = mem_string(reply->head),
                                                                   .body = mem_string(reply->body),
                                                                   .head_len = reply->head.len,
                                                                   .body_len = reply->body.len};
}

/* The earliest, the first of several; count when there is none. */
static size_t earliest(const struct deferred *deferred)
{
    size_t best = 0;
    for (size_t i = 1; i < deferred->count; i++)
        if (deferred->replies[i].due_ms < deferred->replies[best].due_ms)
            best = i;
    return best;
}

bool deferred_next(const struct deferred *deferred, int64_t *due_ms)
{
    if (deferred->count == 0)
        return false;
    *due_ms = deferred->replies[earliest(deferred)].due_ms;
    return true;
}

void deferred_take(struct deferred *deferred, struct wire_reply *reply)
{
    size_t at = earliest(deferred);
    forget(&deferred->taken);
    deferred->taken = deferred->replies[at];
    close_gap(deferred, at);
    *reply = (struct wire_reply){
        .id = deferred->taken.id,
        .head = {deferred->taken.head, deferred->taken.head_len},
        .body = {deferred->taken.body, deferred->taken.body_len},
    };
}

void deferred_drop(struct deferred *deferred, int64_t id)
{
    for (size_t i = 0; i < deferred->count; i++) {
        if (deferred->replies[i].id != id)
            continue;
        forget(&deferred->replies[i]);
        close_gap(deferred, i);
        return;
    }
}

void deferred_clear(struct deferred *deferred)
{
    while (deferred->count)
        forget(&deferred->replies[--deferred->count]);
    forget(&deferred->taken);
}
