#include "wire.h"

#include <stddef.h>

/* length, kind, count */
#define HEAD_SIZE 6

/* What a field of a message is, where it lies in its struct, and what the reader takes: the bytes
 * of a TEXT, the range of a NUMBER. A FLAG is a number that is 0 or 1. One table a message is both
 * its writer and its reader, so that the two cannot differ. */
struct shape {
    const char *name;
    size_t offset;
    enum { TEXT, NUMBER, FLAG } type;
    int64_t min;
    int64_t max;
};

#define COUNT(array) (sizeof(array) / sizeof *(array))

const char *wire_kind_name(int kind)
{
    switch (kind) {
#define X(kind, number, name)                                                                      \
    case kind:                                                                                     \
        return name;
        WIRE_KINDS(X)
#undef X
    }
    return NULL;
}

static uint32_t read_u32(const char *at)
{
    const unsigned char *b = (const unsigned char *)at;
    return (uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
}

static void write_u32(char *at, size_t value)
{
    for (int i = 0; i < 4; i++)
        at[i] = (char)(value >> (8 * i) & 0xff);
}

static int64_t read_number(const char *at)
{
    return (int64_t)((uint64_t)read_u32(at) | (uint64_t)read_u32(at + 4) << 32);
}

static void write_number(char *at, int64_t value)
{
    write_u32(at, (uint64_t)value & 0xffffffff);
    write_u32(at + 4, (uint64_t)value >> 32);
}

/* Splits a frame's body, which follows kind and count, into its fields. */
static bool split_fields(struct span body, struct wire_frame *frame, struct error *err)
{
    const char *name = wire_kind_name((int)frame->kind);
    for (size_t i = 0; i < frame->count; i++) {
        if (body.len < 4)
            return error_set(err, ERROR_INPUT, "frame %s: ends before field %zu", name, i);
        size_t len = read_u32(body.at);
        if (len > body.len - 4)
            return error_set(err, ERROR_INPUT, "frame %s: field %zu is longer than its frame", name,
                             i);
        frame->fields[i] = (struct span){body.at + 4, len};
        body = (struct span){body.at + 4 + len, body.len - 4 - len};
    }
    if (body.len)
        return error_set(err, ERROR_INPUT, "frame %s: %zu bytes after the last field", name,
                         body.len);
    return true;
}

/* The fixed part: what is known before the whole frame is there. */
static bool check_head(struct span bytes, struct wire_frame *frame, struct error *err)
{
    size_t len = read_u32(bytes.at);
    int kind = (unsigned char)bytes.at[4];
    size_t count = (unsigned char)bytes.at[5];
    if (len < HEAD_SIZE - 4 || len > WIRE_FRAME_MAX - 4)
        return error_set(err, ERROR_INPUT, "frame: length %zu is not 2 to %d", len,
                         WIRE_FRAME_MAX - 4);
    if (!wire_kind_name(kind))
        return error_set(err, ERROR_INPUT, "frame: kind %d is not known", kind);
    if (count > WIRE_FIELDS_MAX)
        return error_set(err, ERROR_INPUT, "frame %s: %zu fields are over %d", wire_kind_name(kind),
                         count, WIRE_FIELDS_MAX);
    frame->kind = (enum wire_kind)kind;
    frame->count = count;
    return true;
}

enum wire_status wire_read(struct span bytes, struct wire_frame *frame, size_t *used,
                           struct error *err)
{
    struct wire_frame read = {0};
    if (bytes.len < HEAD_SIZE)
        return WIRE_MORE;
    if (!check_head(bytes, &read, err))
        return WIRE_BROKEN;
    size_t size = 4 + (size_t)read_u32(bytes.at);
    if (bytes.len < size)
        return WIRE_MORE;
    struct span body = {bytes.at + HEAD_SIZE, size - HEAD_SIZE};
    if (!split_fields(body, &read, err))
        return WIRE_BROKEN;
    *frame = read;
    *used = size;
    return WIRE_WHOLE;
}

/* A message's field as text, or as 8 bytes written to number. */
static struct span field_bytes(const struct shape *shape, const void *message, char number[8])
{
    const char *at = (const char *)message + shape->offset;
    if (shape->type == TEXT)
        return *(const struct span *)at;
    write_number(number, shape->type == FLAG ? *(const bool *)at : *(const int64_t *)at);
    return (struct span){number, 8};
}

static bool put(struct buffer *out, enum wire_kind kind, const struct shape *shapes, size_t count,
                const void *message)
{
    char number[8];
    size_t size = HEAD_SIZE;
    for (size_t i = 0; i < count; i++) {
        size_t len = field_bytes(&shapes[i], message, number).len;
        if (len > WIRE_FRAME_MAX - 4 - size)
            return false;
        size += 4 + len;
        if (size > WIRE_FRAME_MAX)
            return false;
    }
    if (size > out->max - out->len)
        return false;
    char head[HEAD_SIZE] = {0, 0, 0, 0, (char)kind, (char)count};
    write_u32(head, size - 4);
    buffer_add(out, (struct span){head, sizeof head});
    for (size_t i = 0; i < count; i++) {
        struct span field = field_bytes(&shapes[i], message, number);
        char len[4];
        write_u32(len, field.len);
        buffer_add(out, (struct span){len, sizeof len});
        buffer_add(out, field);
    }
    return true;
}

static bool get_text(const struct shape *shape, const char *kind, struct span field, void *at,
                     struct error *err)
{
    if ((int64_t)field.len < shape->min || (int64_t)field.len > shape->max)
        return error_set(err, ERROR_INPUT, "frame %s: %s has %zu bytes, not %lld to %lld", kind,
                         shape->name, field.len, (long long)shape->min, (long long)shape->max);
    *(struct span *)at = field;
    return true;
}

static bool get_number(const struct shape *shape, const char *kind, struct span field, void *at,
                       struct error *err)
{
    if (field.len != 8)
        return error_set(err, ERROR_INPUT, "frame %s: %s has %zu bytes, not the 8 of a number",
                         kind, shape->name, field.len);
    int64_t value = read_number(field.at);
    if (value < shape->min || value > shape->max)
        return error_set(err, ERROR_INPUT, "frame %s: %s is %lld, not %lld to %lld", kind,
                         shape->name, (long long)value, (long long)shape->min,
                         (long long)shape->max);
    if (shape->type == FLAG)
        *(bool *)at = value != 0;
    else
        *(int64_t *)at = value;
    return true;
}

static bool get(const struct wire_frame *frame, enum wire_kind kind, const struct shape *shapes,
                size_t count, void *message, struct error *err)
{
    const char *name = wire_kind_name((int)kind);
    if (frame->kind != kind)
        return error_set(err, ERROR_INPUT, "frame %s: expected %s",
                         wire_kind_name((int)frame->kind), name);
    if (frame->count != count)
        return error_set(err, ERROR_INPUT, "frame %s: has %zu fields, not %zu", name, frame->count,
                         count);
    for (size_t i = 0; i < count; i++) {
        void *at = (char *)message + shapes[i].offset;
        bool (*one)(const struct shape *, const char *, struct span, void *, struct error *) =
            shapes[i].type == TEXT ? get_text : get_number;
        if (!one(&shapes[i], name, frame->fields[i], at, err))
            return false;
    }
    return true;
}

/* A message's writer and reader, both of its table. What is read into is written only when all of
 * the frame was right. */
#define WRITER(message, kind)                                                                      \
    bool wire_put_##message(struct buffer *out, const struct wire_##message *message)              \
    {                                                                                              \
        return put(out, kind, message##_shape, COUNT(message##_shape), message);                   \
    }
#define READER(message, kind)                                                                      \
    bool wire_get_##message(const struct wire_frame *frame, struct wire_##message *message,        \
                            struct error *err)                                                     \
    {                                                                                              \
        struct wire_##message read;                                                                \
        if (!get(frame, kind, message##_shape, COUNT(message##_shape), &read, err))                \
            return false;                                                                          \
        *message = read;                                                                           \
        return true;                                                                               \
    }
#define FIELD(message, field) #field, offsetof(struct wire_##message, field)

static const struct shape load_shape[] = {
    {FIELD(load, run), NUMBER, 0, INT64_MAX},
    {FIELD(load, context), TEXT, 2, WIRE_FRAME_MAX},
    {FIELD(load, name), TEXT, 1, 4096},
    {FIELD(load, source), TEXT, 0, WIRE_FRAME_MAX},
    {FIELD(load, payload), TEXT, 1, WIRE_FRAME_MAX},
    {FIELD(load, instruction_limit), NUMBER, 1, INT64_MAX},
    {FIELD(load, memory_limit_bytes), NUMBER, 1, INT64_MAX},
    {FIELD(load, stall_ms), NUMBER, 1, INT32_MAX},
    {FIELD(load, event_limit_bytes), NUMBER, 1, INT32_MAX},
    {FIELD(load, events_limit), NUMBER, 1, INT64_MAX},
    {FIELD(load, skip_waits), FLAG, 0, 1},
};
WRITER(load, WIRE_LOAD)
READER(load, WIRE_LOAD)

static const struct shape start_shape[] = {
    {FIELD(start, left_ms), NUMBER, 0, INT32_MAX},
    {FIELD(start, undo_ms), NUMBER, 0, INT32_MAX},
};
WRITER(start, WIRE_START)
READER(start, WIRE_START)

static const struct shape reply_shape[] = {
    {FIELD(reply, id), NUMBER, 1, INT64_MAX},
    {FIELD(reply, head), TEXT, 2, WIRE_FRAME_MAX},
    {FIELD(reply, body), TEXT, 0, WIRE_FRAME_MAX},
    {FIELD(reply, after_ms), NUMBER, 0, INT32_MAX},
};
WRITER(reply, WIRE_REPLY)
READER(reply, WIRE_REPLY)

static const struct shape ready_shape[] = {
    {FIELD(ready, level), TEXT, 0, 256},
};
WRITER(ready, WIRE_READY)
READER(ready, WIRE_READY)

static const struct shape described_shape[] = {
    {FIELD(described, run), NUMBER, 0, INT64_MAX},
    {FIELD(described, text), TEXT, 2, WIRE_FRAME_MAX},
};
WRITER(described, WIRE_DESCRIBED)
READER(described, WIRE_DESCRIBED)

static const struct shape event_shape[] = {
    {FIELD(event, type), TEXT, 1, 128},
    {FIELD(event, payload), TEXT, 1, WIRE_FRAME_MAX},
};
WRITER(event, WIRE_EVENT)
READER(event, WIRE_EVENT)

static const struct shape progress_shape[] = {
    {FIELD(progress, percent), NUMBER, -1, 100},
    {FIELD(progress, step), TEXT, 0, 4096},
};
WRITER(progress, WIRE_PROGRESS)
READER(progress, WIRE_PROGRESS)

static const struct shape request_shape[] = {
    {FIELD(request, id), NUMBER, 1, INT64_MAX},
    {FIELD(request, head), TEXT, 2, WIRE_FRAME_MAX},
    {FIELD(request, body), TEXT, 0, WIRE_FRAME_MAX},
};
WRITER(request, WIRE_REQUEST)
READER(request, WIRE_REQUEST)

static const struct shape fetch_shape[] = {
    {FIELD(fetch, run), NUMBER, 0, INT64_MAX},
    {FIELD(fetch, id), NUMBER, 1, INT64_MAX},
    {FIELD(fetch, what), TEXT, 1, 16},
    {FIELD(fetch, name), TEXT, 1, 256},
};
WRITER(fetch, WIRE_FETCH)
READER(fetch, WIRE_FETCH)

static const struct shape abandon_shape[] = {
    {FIELD(abandon, id), NUMBER, 1, INT64_MAX},
};
WRITER(abandon, WIRE_ABANDON)
READER(abandon, WIRE_ABANDON)

static const struct shape outcome_shape[] = {
    {FIELD(outcome, run), NUMBER, 0, INT64_MAX},
    {FIELD(outcome, completed), FLAG, 0, 1},
    {FIELD(outcome, output), TEXT, 0, WIRE_FRAME_MAX},
    {FIELD(outcome, code), TEXT, 0, 128},
    {FIELD(outcome, message), TEXT, 0, 4096},
    {FIELD(outcome, step), TEXT, 0, 4096},
    {FIELD(outcome, file), TEXT, 0, 4096},
    {FIELD(outcome, line), NUMBER, 0, INT32_MAX},
    {FIELD(outcome, attempt), NUMBER, 0, INT32_MAX},
    {FIELD(outcome, data), TEXT, 0, WIRE_FRAME_MAX},
    {FIELD(outcome, trace), TEXT, 0, 4096},
    {FIELD(outcome, turned_ms), NUMBER, 0, INT64_MAX},
};
WRITER(outcome, WIRE_OUTCOME)

bool wire_get_outcome(const struct wire_frame *frame, struct wire_outcome *outcome,
                      struct error *err)
{
    struct wire_outcome read = {0};
    if (!get(frame, WIRE_OUTCOME, outcome_shape, COUNT(outcome_shape), &read, err))
        return false;
    if (!read.completed && read.code.len == 0)
        return error_set(err, ERROR_INPUT, "frame outcome: failed without a code");
    *outcome = read;
    return true;
}
