/* Any bytes as an SQS event: refused with a reason, or records that keep sqs.h's promises and a
 * response that is JSON. Corpus: tests/fuzz/corpus/event. */
#include "json.h"
#include "sqs.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds)
        abort();
}

static void check_records(const struct sqs_event *event)
{
    must(event->count <= SQS_RECORDS_MAX);
    for (size_t i = 0; i < event->count; i++) {
        const struct sqs_record *record = &event->records[i];
        must(record->message_id && *record->message_id);
        must(record->group_id != NULL);
        must(record->receive_count >= 1);
        must(record->body ? record->body[record->body_len] == '\0' : record->body_len == 0);
    }
}

static void check_response(const struct sqs_event *event)
{
    struct buffer out;
    bool *failed = mem_array(event->count, sizeof *failed);
    memset(failed, true, event->count);
    buffer_init(&out, 64 * 1024 * 1024);
    must(sqs_put_response(&out, event, failed));
    must(json_check(buffer_span(&out), NULL));
    buffer_release(&out);
    mem_free(failed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct error err = {0};
    struct sqs_event *event = sqs_parse((struct span){(const char *)data, size}, &err);
    if (!event) {
        must(err.kind != ERROR_NONE && *err.text);
        return 0;
    }
    check_records(event);
    check_response(event);
    sqs_free(event);
    return 0;
}
