#include "sqs_event.h"

#include "json.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#define REGION  "us-east-1"
#define ACCOUNT "000000000000"
#define SENDER  "AIDAMOONMILLLOCAL0000"

static bool put(struct buffer *out, const char *before, const char *text)
{
    return buffer_text(out, before) && json_put_string(out, span_of(text));
}

static void md5_of(struct span body, char text[33])
{
    unsigned char digest[16];
    EVP_Digest(body.at, body.len, digest, NULL, EVP_md5(), NULL);
    for (size_t i = 0; i < sizeof digest; i++)
        snprintf(text + 2 * i, 3, "%02x", digest[i]);
}

static bool is_fifo(const char *queue)
{
    size_t len = strlen(queue);
    return len > 5 && strcmp(queue + len - 5, ".fifo") == 0;
}

static bool put_attributes(struct buffer *out, const struct sqs_message *message)
{
    bool fifo = is_fifo(message->queue);
    return buffer_format(out,
                         ",\"attributes\":{\"ApproximateReceiveCount\":\"%lld\","
                         "\"SentTimestamp\":\"%lld\",\"SenderId\":\"" SENDER "\","
                         "\"ApproximateFirstReceiveTimestamp\":\"%lld\"",
                         (long long)message->receive_count, (long long)message->sent_ms,
                         (long long)message->first_received_ms) &&
           (!fifo || buffer_format(out, ",\"SequenceNumber\":\"%020llu\"",
                                   (unsigned long long)message->sequence)) &&
           (!message->group || put(out, ",\"MessageGroupId\":", message->group)) &&
           (!fifo || !message->deduplication_id ||
            put(out, ",\"MessageDeduplicationId\":", message->deduplication_id)) &&
           (!message->trace || put(out, ",\"AWSTraceHeader\":", message->trace)) &&
           buffer_text(out, "}");
}

bool sqs_event_record(struct buffer *out, const struct sqs_message *message)
{
    char md5[33], arn[256];
    md5_of(message->body, md5);
    snprintf(arn, sizeof arn, "arn:aws:sqs:" REGION ":" ACCOUNT ":%s", message->queue);
    return put(out, "{\"messageId\":", message->message_id) &&
           put(out, ",\"receiptHandle\":", message->receipt) && buffer_text(out, ",\"body\":") &&
           json_put_string(out, message->body) && put_attributes(out, message) &&
           buffer_text(out, ",\"messageAttributes\":{}") && put(out, ",\"md5OfBody\":", md5) &&
           put(out, ",\"eventSource\":\"aws:sqs\",\"eventSourceARN\":", arn) &&
           buffer_text(out, ",\"awsRegion\":\"" REGION "\"}");
}

bool sqs_event_write(struct buffer *out, const struct sqs_message *messages, size_t count)
{
    bool fits = buffer_text(out, "{\"Records\":[");
    for (size_t i = 0; i < count && fits; i++)
        fits = buffer_text(out, i ? "," : "") && sqs_event_record(out, &messages[i]);
    return fits && buffer_text(out, "]}");
}
