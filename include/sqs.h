/* sqs: the envelope of an SQS event, and the batch response.
 *
 * Event bytes to records, failed ids to the response (runtime.md section 3). A record without a
 * messageId fails the whole event, because nothing could report it. A queue is FIFO by its ARN
 * alone. */
#ifndef MOONMILL_SQS_H
#define MOONMILL_SQS_H

#include "diag.h"
#include "mem.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SQS_RECORDS_MAX 10000

struct sqs_record {
    char *message_id; /* never NULL, never empty, unique in the batch */
    char *body;       /* decoded; NULL when the record has none (that record fails) */
    size_t body_len;  /* a body may hold U+0000 */
    char *group_id;   /* attributes.MessageGroupId, "" when absent; counts in FIFO queues only */
    char *trace;      /* attributes.AWSTraceHeader or NULL */
    int64_t receive_count; /* attributes.ApproximateReceiveCount; 1 when absent or no number */
    bool fifo;             /* eventSourceARN ends in .fifo */
};

struct sqs_event {
    size_t count;
    struct sqs_record *records;
};

/* Parses an event of at most CONFIG_PAYLOAD_MAX bytes. NULL with err: what is malformed, in which
 * record (by index). Two records with one messageId are refused: they could not be told apart. */
struct sqs_event *sqs_parse(struct span bytes, struct error *err);
void sqs_free(struct sqs_event *event);

/* Appends {"batchItemFailures":[{"itemIdentifier":"..."}]} for the records whose failed[i] is true.
 */
bool sqs_put_response(struct buffer *out, const struct sqs_event *event, const bool *failed);

#endif
