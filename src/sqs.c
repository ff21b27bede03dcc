#include "sqs.h"

#include "config.h"
#include "json.h"

#include <stdlib.h>
#include <string.h>

#define MESSAGE_ID_MAX 256 /* SQS gives out UUIDs; others may be longer */
#define ATTRIBUTE_MAX  1024

/* An optional text of a record: true with *text NULL when absent or null. */
static bool read_text(struct span value, const char *name, size_t max, char **text,
                      struct error *err)
{
    struct error why;
    *text = NULL;
    if (!value.at || json_type(value) == JSON_NULL)
        return true;
    if (!(*text = json_string(value, max, &why)))
        return error_set(err, why.kind, "%s: %s", name, why.text);
    return true;
}

static bool read_message_id(struct sqs_record *record, struct span value, struct error *err)
{
    if (!read_text(value, "messageId", MESSAGE_ID_MAX, &record->message_id, err))
        return false;
    if (!record->message_id || !*record->message_id)
        return error_set(err, ERROR_INPUT, "messageId is missing: its failure could not be told");
    return true;
}

static bool read_body(struct sqs_record *record, struct span value, struct error *err)
{
    if (!value.at || json_type(value) == JSON_NULL)
        return true;
    if (json_type(value) != JSON_STRING)
        return error_set(err, ERROR_INPUT, "body: must be a string, got %s",
                         json_type_name(json_type(value)));
    record->body = mem_new(value.len); /* its quotes leave room for the NUL */
    record->body_len = json_unescape(value, record->body);
    return true;
}

/* Whatever is no count says nothing about earlier deliveries. */
static int64_t receive_count_of(struct span value)
{
    int64_t count;
    if (!value.at || json_type(value) != JSON_STRING)
        return 1;
    struct span digits = {value.at + 1, value.len - 2};
    return json_integer(digits, &count, NULL) && count >= 1 ? count : 1;
}

/* The trace goes out as a header: what could not stand in one is dropped, not sent. */
static void drop_odd_trace(struct sqs_record *record)
{
    for (const char *c = record->trace; c && *c; c++) {
        if (*c >= 0x20 && *c < 0x7f)
            continue;
        mem_free(record->trace);
        record->trace = NULL;
        return;
    }
}

static bool read_attributes(struct sqs_record *record, struct span attributes, struct error *err)
{
    static const char *const keys[] = {"MessageGroupId", "AWSTraceHeader",
                                       "ApproximateReceiveCount"};
    struct span values[3] = {0};
    struct error why;
    if (attributes.at && json_type(attributes) != JSON_NULL &&
        !json_pick(attributes, keys, values, 3, &why))
        return error_set(err, why.kind, "attributes: %s", why.text);
    if (!read_text(values[0], "attributes.MessageGroupId", ATTRIBUTE_MAX, &record->group_id, err) ||
        !read_text(values[1], "attributes.AWSTraceHeader", ATTRIBUTE_MAX, &record->trace, err))
        return false;
    if (!record->group_id)
        record->group_id = mem_copy("");
    drop_odd_trace(record);
    record->receive_count = receive_count_of(values[2]);
    return true;
}

static bool read_queue(struct sqs_record *record, struct span value, struct error *err)
{
    static const char suffix[] = ".fifo";
    char *arn;
    if (!read_text(value, "eventSourceARN", ATTRIBUTE_MAX, &arn, err))
        return false;
    size_t len = arn ? strlen(arn) : 0, tail = sizeof suffix - 1;
    record->fifo = len >= tail && strcmp(arn + len - tail, suffix) == 0;
    mem_free(arn);
    return true;
}

static bool read_record(struct sqs_record *record, struct span text, struct error *err)
{
    static const char *const keys[] = {"messageId", "body", "attributes", "eventSourceARN"};
    struct span values[4];
    return json_pick(text, keys, values, 4, err) && read_message_id(record, values[0], err) &&
           read_body(record, values[1], err) && read_attributes(record, values[2], err) &&
           read_queue(record, values[3], err);
}

/* A zeroed record at the end of the event; the room doubles. */
static struct sqs_record *add_record(struct sqs_event *event, size_t *room)
{
    if (event->count == *room) {
        *room = *room ? *room * 2 : 16;
        event->records = mem_resize(event->records, *room, sizeof *event->records);
    }
    struct sqs_record *record = &event->records[event->count++];
    *record = (struct sqs_record){0};
    return record;
}

static bool read_records(struct sqs_event *event, struct span records, struct error *err)
{
    struct span text;
    struct error why;
    size_t room = 0;
    while (json_next(&records, &text)) {
        if (event->count == SQS_RECORDS_MAX)
            return error_set(err, ERROR_LIMIT, "Records: over %d records", SQS_RECORDS_MAX);
        size_t index = event->count;
        if (!read_record(add_record(event, &room), text, &why))
            return error_set(err, why.kind, "record %zu: %s", index, why.text);
    }
    return true;
}

static int compare_ids(const void *a, const void *b)
{
    const struct sqs_record *const *left = a, *const *right = b;
    return strcmp((*left)->message_id, (*right)->message_id);
}

/* Sorted, so that ten thousand records cost no square of time. */
static bool check_ids_differ(const struct sqs_event *event, struct error *err)
{
    const struct sqs_record **sorted = mem_array(event->count, sizeof *sorted);
    for (size_t i = 0; i < event->count; i++)
        sorted[i] = &event->records[i];
    qsort(sorted, event->count, sizeof *sorted, compare_ids);
    bool differ = true;
    for (size_t i = 1; i < event->count && differ; i++)
        if (compare_ids(&sorted[i - 1], &sorted[i]) == 0)
            differ = error_set(err, ERROR_INPUT, "records %td and %td have the same messageId",
                               sorted[i - 1] - event->records, sorted[i] - event->records);
    mem_free(sorted);
    return differ;
}

/* The raw array of records in the event's text. */
static bool find_records(struct span bytes, struct span *records, struct error *err)
{
    static const char *const keys[] = {"Records"};
    if (bytes.len > CONFIG_PAYLOAD_MAX)
        return error_set(err, ERROR_LIMIT, "%zu bytes, at most %d are allowed", bytes.len,
                         CONFIG_PAYLOAD_MAX);
    if (!json_check(bytes, err) || !json_pick(bytes, keys, records, 1, err))
        return false;
    if (!records->at || json_type(*records) != JSON_ARRAY)
        return error_set(err, ERROR_INPUT, "Records: must be an array, %s%s",
                         records->at ? "got " : "is missing",
                         records->at ? json_type_name(json_type(*records)) : "");
    return true;
}

struct sqs_event *sqs_parse(struct span bytes, struct error *err)
{
    struct span records;
    struct error why;
    struct sqs_event *event = mem_new(sizeof *event);
    if (find_records(bytes, &records, &why) && read_records(event, records, &why) &&
        check_ids_differ(event, &why))
        return event;
    error_set(err, why.kind, "SQS event: %s", why.text);
    sqs_free(event);
    return NULL;
}

void sqs_free(struct sqs_event *event)
{
    if (!event)
        return;
    for (size_t i = 0; i < event->count; i++) {
        struct sqs_record *record = &event->records[i];
        mem_free(record->message_id);
        mem_wipe(record->body, record->body_len); /* bodies carry tokens and credentials */
        mem_free(record->body);
        mem_free(record->group_id);
        mem_free(record->trace);
    }
    mem_free(event->records);
    mem_free(event);
}

bool sqs_put_response(struct buffer *out, const struct sqs_event *event, const bool *failed)
{
    const char *comma = "";
    size_t before = out->len;
    bool fits = buffer_text(out, "{\"batchItemFailures\":[");
    for (size_t i = 0; i < event->count && fits; i++) {
        if (!failed[i])
            continue;
        fits = buffer_text(out, comma) && buffer_text(out, "{\"itemIdentifier\":") &&
               json_put_string(out, span_of(event->records[i].message_id)) && buffer_text(out, "}");
        comma = ",";
    }
    fits = fits && buffer_text(out, "]}");
    if (!fits)
        out->len = before;
    return fits;
}
