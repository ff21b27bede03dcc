#include "requests.h"

#include "json.h"
#include "member.h"
#include "substitute.h"

#include <string.h>

static void put_body(struct buffer *out, const struct sink_request *request)
{
    struct buffer clean;
    buffer_init(&clean, 2 * request->body.len + 16);
    substitute(&clean, request->body, request->token, "[token]");
    struct span body = buffer_span(&clean);
    if (json_check(body, NULL)) {
        buffer_text(out, ",\"body\":");
        buffer_add(out, body);
    } else if (json_is_utf8(body)) {
        buffer_text(out, ",\"bodyText\":");
        json_put_string(out, body);
    } else {
        buffer_format(out, ",\"bodyBytes\":%zu", body.len);
    }
    buffer_release(&clean);
}

/* A line must stay one: JSON may be written over several. */
static void join_lines(struct buffer *out, size_t from)
{
    for (size_t i = from; i < out->len; i++)
        if (out->data[i] == '\n' || out->data[i] == '\r')
            out->data[i] = ' ';
}

void requests_put(struct buffer *out, int64_t at_ms, const struct sink_request *request, int status,
                  struct span answer, struct span violations)
{
    size_t from = out->len;
    buffer_format(out, "{\"atMs\":%lld", (long long)at_ms);
    member_put(out, ",\"run\":", request->run ? request->run->run_id : NULL);
    member_put(out, ",\"method\":", request->method);
    member_put(out, ",\"path\":", request->path);
    member_put(out, ",\"contentType\":", request->type);
    member_put(out, ",\"key\":", request->key);
    put_body(out, request);
    buffer_format(out, ",\"status\":%d", status);
    if (json_check(answer, NULL)) {
        buffer_text(out, ",\"answer\":");
        buffer_add(out, answer);
    } else {
        buffer_text(out, ",\"answerText\":");
        json_put_string(out, answer);
    }
    buffer_text(out, ",\"violations\":");
    buffer_add(out, violations);
    buffer_text(out, "}");
    join_lines(out, from);
    buffer_text(out, "\n");
}
