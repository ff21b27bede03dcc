#include "jobs.h"

#include "config.h"
#include "json.h"
#include "mint.h"

#include <stdio.h>
#include <string.h>

/* The only place where a format is no literal: it is the caller's own. */
static char *make_url(const char *url_format, const char *run)
{
    const char *place = strstr(url_format, "%s");
    struct buffer url;
    buffer_init(&url, 4096);
    buffer_add(&url, (struct span){url_format, (size_t)(place - url_format)});
    buffer_text(&url, run);
    buffer_text(&url, place + 2);
    char *text = mem_string(buffer_span(&url));
    buffer_release(&url);
    return text;
}

static char *make_token(const struct jobs_record *record, const char *app, const char *url_format,
                        int64_t now_s)
{
    char *url = make_url(url_format, record->run);
    char *claims = mint_claims(record->run, app, record->flow, url, now_s);
    char *token = mint_token(TEST_DATA "/test-ec-private.pem", "test-key-1", claims);
    mem_free(claims);
    mem_free(url);
    return token;
}

static void put_body(struct buffer *out, const struct jobs_record *record, const char *url_format,
                     int64_t now_s)
{
    const char *app = record->app ? record->app : "app";
    char *token =
        record->token ? mem_copy(record->token) : make_token(record, app, url_format, now_s);
    buffer_format(out,
                  "{\"job_id\":\"j-%s\",\"run_id\":\"%s\",\"app_id\":\"%s\",\"board_id\":\"%s\","
                  "\"node_id\":\"start\",\"user_id\":\"u\",\"credentials\":{\"Aws\":{\"secret_"
                  "access_key\":\"" JOBS_CREDENTIAL "\"}},\"executor_jwt\":\"%s\","
                  "\"callback_url\":\"http://127.0.0.1:1\",\"stream_state\":%s,\"payload\":%s%s}",
                  record->run, record->run, app, record->flow, token,
                  record->stream_state ? "true" : "false",
                  record->payload ? record->payload : "null", record->more ? record->more : "");
    mem_free(token);
}

static void put_record(struct buffer *out, const struct jobs_record *record, const char *url_format,
                       int64_t now_s)
{
    struct buffer body;
    char message[96];
    buffer_init(&body, CONFIG_PAYLOAD_MAX);
    if (record->body)
        buffer_text(&body, record->body);
    else
        put_body(&body, record, url_format, now_s);
    snprintf(message, sizeof message, "m-%s", record->run ? record->run : "");
    buffer_text(out, "{\"messageId\":");
    json_put_string(out, span_of(record->message ? record->message : message));
    buffer_text(out, ",\"receiptHandle\":\"r\",\"body\":");
    json_put_string(out, buffer_span(&body));
    buffer_format(out, ",\"attributes\":{\"ApproximateReceiveCount\":\"%d\"",
                  record->receive_count ? record->receive_count : 1);
    if (record->group)
        buffer_format(out, ",\"MessageGroupId\":\"%s\"", record->group);
    buffer_format(out,
                  "},\"messageAttributes\":{},\"eventSource\":\"aws:sqs\","
                  "\"eventSourceARN\":\"arn:aws:sqs:eu-central-1:123456789012:jobs%s\"}",
                  record->group ? ".fifo" : "");
    buffer_release(&body);
}

char *jobs_event(const struct jobs_record *records, size_t count, const char *url_format,
                 int64_t now_s)
{
    struct buffer out;
    buffer_init(&out, 4 * (size_t)CONFIG_PAYLOAD_MAX);
    buffer_text(&out, "{\"Records\":[");
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            buffer_text(&out, ",");
        put_record(&out, &records[i], url_format, now_s);
    }
    buffer_text(&out, "]}");
    char *event = mem_string(buffer_span(&out));
    buffer_release(&out);
    return event;
}
