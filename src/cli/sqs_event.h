/* sqs_event: the event that Lambda makes of messages of a queue (runtime.md 3). */
#ifndef MOONMILL_CLI_SQS_EVENT_H
#define MOONMILL_CLI_SQS_EVENT_H

#include "mem.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sqs_message {
    const char *message_id;
    const char *receipt; /* another one at each receive */
    struct span body;
    int64_t receive_count;
    int64_t sent_ms, first_received_ms; /* epoch */
    const char *queue;                  /* its name; a FIFO queue's ends in .fifo */
    const char *group;                  /* MessageGroupId, or NULL */
    const char *deduplication_id;       /* on a FIFO queue, as is the sequence */
    uint64_t sequence;
    const char *trace; /* AWSTraceHeader, or NULL */
};

/* Appends {"Records":[...]}; false when the buffer's maximum would be passed. */
bool sqs_event_write(struct buffer *out, const struct sqs_message *messages, size_t count);
/* Appends one of its records. */
bool sqs_event_record(struct buffer *out, const struct sqs_message *message);

#endif
