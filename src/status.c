#include "status.h"

#include "json.h"

#include <stdbool.h>

/* The longest beginning of at most STATUS_TEXT_MAX bytes that ends at a character's edge. */
static struct span cut(struct span text)
{
    size_t len = text.len < STATUS_TEXT_MAX ? text.len : STATUS_TEXT_MAX;
    while (len < text.len && len > 0 && ((unsigned char)text.at[len] & 0xc0) == 0x80)
        len--;
    return (struct span){text.at, len};
}

static void put_text(struct buffer *body, struct span text)
{
    struct span kept = cut(text);
    char *bytes = mem_string(kept);
    if (!json_is_utf8(kept))
        for (size_t i = 0; i < kept.len; i++)
            if ((unsigned char)bytes[i] >= 0x80)
                bytes[i] = '?';
    struct buffer quoted;
    size_t replaced;
    buffer_init(&quoted, STATUS_BODY_MAX);
    json_put_string(&quoted, (struct span){bytes, kept.len});
    json_put_without_nul(body, buffer_span(&quoted), &replaced);
    buffer_release(&quoted);
    mem_free(bytes);
}

void status_running(struct buffer *body)
{
    buffer_clear(body);
    buffer_text(body, "{\"progress\":0,\"status\":\"running\"}");
}

void status_progress(struct buffer *body, int64_t percent, struct span step)
{
    const char *comma = "";
    buffer_clear(body);
    buffer_text(body, "{");
    if (percent >= 0) {
        buffer_format(body, "\"progress\":%d", percent < 100 ? (int)percent : 100);
        comma = ",";
    }
    if (step.len > 0) {
        buffer_format(body, "%s\"current_step\":", comma);
        put_text(body, step);
    }
    buffer_text(body, "}");
}

void status_completed(struct buffer *body, int64_t output_len)
{
    buffer_clear(body);
    buffer_text(body, "{\"progress\":100,\"status\":\"completed\"");
    if (output_len >= 0)
        buffer_format(body, ",\"output_len\":%lld", (long long)output_len);
    buffer_text(body, "}");
}

void status_failed(struct buffer *body, struct span error)
{
    buffer_clear(body);
    buffer_text(body, "{\"progress\":100,\"status\":\"failed\"");
    if (error.at) {
        buffer_text(body, ",\"error\":");
        put_text(body, error);
    }
    buffer_text(body, "}");
}
