#include "status.h"

#include "json.h"

#include <stdbool.h>
#include <string.h>

static void put_text(struct buffer *body, struct span text)
{
    struct span kept = span_cut(text, STATUS_TEXT_MAX);
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

void status_latest_init(struct status_latest *latest)
{
    *latest = (struct status_latest){.percent = -1};
}

void status_latest_release(struct status_latest *latest)
{
    mem_free((char *)latest->step.at);
    status_latest_init(latest);
}

void status_latest_set(struct status_latest *latest, int64_t percent, struct span step)
{
    if (percent < 0 && step.len == 0)
        return;
    if (percent >= 0)
        latest->percent = percent < 100 ? percent : 100;
    if (step.len > 0) {
        struct span kept = span_cut(step, STATUS_TEXT_MAX);
        mem_free((char *)latest->step.at);
        latest->step = (struct span){mem_string(kept), kept.len};
    }
    latest->pending = true;
}

void status_latest_accepted(struct status_latest *latest)
{
    if (!latest->pending)
        status_latest_release(latest);
}

void status_running(struct buffer *body)
{
    buffer_clear(body);
    buffer_text(body, "{\"progress\":0,\"status\":\"running\"}");
}

void status_progress(struct buffer *body, const struct status_latest *latest)
{
    const char *comma = "";
    buffer_clear(body);
    buffer_text(body, "{");
    if (latest->percent >= 0) {
        buffer_format(body, "\"progress\":%d", (int)latest->percent);
        comma = ",";
    }
    if (latest->step.at) {
        buffer_format(body, "%s\"current_step\":", comma);
        put_text(body, latest->step);
    }
    buffer_text(body, "}");
}

static void put_error(struct buffer *body, const char *error, const char *poison)
{
    size_t len = error ? strnlen(error, STATUS_TEXT_MAX + 4) : 0; /* more is cut anyway */
    struct buffer text;
    buffer_init(&text, strlen(poison) + 2 + len);
    buffer_text(&text, poison);
    buffer_text(&text, *poison && len ? "; " : "");
    buffer_add(&text, (struct span){error, len});
    buffer_text(body, ",\"error\":");
    put_text(body, buffer_span(&text));
    buffer_release(&text);
}

void status_ended(struct buffer *body, const struct status_end *end, const char *poison)
{
    bool completed = end->completed && !*poison;
    buffer_clear(body);
    buffer_format(body, "{\"progress\":100,\"status\":\"%s\"", completed ? "completed" : "failed");
    if (completed && end->output_len >= 0)
        buffer_format(body, ",\"output_len\":%lld", (long long)end->output_len);
    if (!completed && (end->error || *poison))
        put_error(body, end->error, poison);
    buffer_text(body, "}");
}
