#include "journal.h"

#include "json.h"
#include "log_line.h"

#include <string.h>

#define EVENTS_FIRST 16

struct journal {
    journal_changed *changed;
    void *arg;
    struct journal_batch *newest;
    size_t batches, batch_number, run_number;
    size_t bytes; /* of bodies, answers and events */
};

struct journal *journal_new(journal_changed *changed, void *arg)
{
    struct journal *journal = mem_new(sizeof *journal);
    journal->changed = changed;
    journal->arg = arg;
    return journal;
}

static void tell(struct journal *journal, size_t run)
{
    if (journal->changed)
        journal->changed(journal->arg, run);
}

/* --- forgetting ------------------------------------------------------------------------------ */

static size_t bytes_of(const struct journal_event *event)
{
    return sizeof *event + strlen(event->type) + strlen(event->payload);
}

static size_t free_run(struct journal_run *run)
{
    size_t bytes = strlen(run->body);
    for (size_t i = 0; i < run->event_count; i++) {
        bytes += bytes_of(&run->events[i]);
        mem_free(run->events[i].type);
        mem_free(run->events[i].payload);
    }
    mem_free(run->events);
    mem_free(run->run_id);
    mem_free(run->flow);
    mem_free(run->message_id);
    mem_free(run->body);
    mem_free(run->error);
    mem_free(run);
    return bytes;
}

static size_t free_batch(struct journal_batch *batch)
{
    size_t bytes = batch->answer ? strlen(batch->answer) : 0;
    while (batch->runs) {
        struct journal_run *gone = batch->runs;
        batch->runs = gone->next;
        bytes += free_run(gone);
    }
    mem_free(batch->request_id);
    mem_free(batch->answer);
    mem_free(batch);
    return bytes;
}

void journal_free(struct journal *journal)
{
    if (!journal)
        return;
    while (journal->newest) {
        struct journal_batch *gone = journal->newest;
        journal->newest = gone->older;
        free_batch(gone);
    }
    mem_free(journal);
}

/* The oldest batch that has ended, but never the newest one. False when there is none. */
static bool drop_oldest(struct journal *journal)
{
    struct journal_batch **oldest = NULL;
    if (!journal->newest)
        return false;
    for (struct journal_batch **at = &journal->newest->older; *at; at = &(*at)->older)
        if ((*at)->ended_ms)
            oldest = at;
    if (!oldest)
        return false;
    struct journal_batch *gone = *oldest;
    *oldest = gone->older;
    journal->batches--;
    journal->bytes -= free_batch(gone);
    return true;
}

static bool make_room(struct journal *journal, size_t bytes)
{
    while (journal->bytes + bytes > JOURNAL_BYTES_MAX)
        if (!drop_oldest(journal))
            return false;
    journal->bytes += bytes;
    return true;
}

/* --- batches --------------------------------------------------------------------------------- */

/* What of a job may be shown: none of the keys of its secrets. */
static bool is_shown(struct span key)
{
    static const char *const shown[] = {"job_id",        "run_id",      "app_id",  "board_id",
                                        "board_version", "node_id",     "payload", "user_id",
                                        "callback_url",  "stream_state"};
    for (size_t i = 0; i < sizeof shown / sizeof *shown; i++)
        if (key.len == strlen(shown[i]) + 2 && memcmp(key.at + 1, shown[i], strlen(shown[i])) == 0)
            return true;
    return false;
}

static char *without_secrets(struct span body)
{
    struct error err = {0};
    struct buffer out;
    struct span key, value;
    buffer_init(&out, body.len + 2 * sizeof err.text);
    if (!json_check(body, &err)) {
        buffer_format(&out, "the body is no JSON (%zu bytes): %s", body.len, err.text);
    } else if (json_type(body) != JSON_OBJECT) {
        buffer_format(&out, "the body is no job: its JSON type is %s",
                      json_type_name(json_type(body)));
    } else {
        buffer_text(&out, "{");
        for (struct span cursor = body; json_next_member(&cursor, &key, &value);) {
            if (!is_shown(key))
                continue;
            buffer_text(&out, out.len > 1 ? "," : "");
            buffer_add(&out, key);
            buffer_text(&out, ":");
            buffer_add(&out, value);
        }
        buffer_text(&out, "}");
    }
    char *text = mem_string(buffer_span(&out));
    buffer_release(&out);
    return text;
}

struct journal_batch *journal_begin(struct journal *journal, const char *request_id,
                                    int64_t began_ms, int64_t deadline_ms)
{
    struct journal_batch *batch = mem_new(sizeof *batch);
    *batch = (struct journal_batch){.number = ++journal->batch_number,
                                    .request_id = mem_copy(request_id),
                                    .began_ms = began_ms,
                                    .deadline_ms = deadline_ms,
                                    .how = "running",
                                    .older = journal->newest};
    journal->newest = batch;
    if (++journal->batches > JOURNAL_BATCHES_MAX)
        drop_oldest(journal);
    tell(journal, 0);
    return batch;
}

struct journal_run *journal_add(struct journal *journal, struct journal_batch *batch,
                                const char *message_id, const char *run_id, const char *flow,
                                struct span body, int64_t receive_count)
{
    struct journal_run *run = mem_new(sizeof *run), **end = &batch->runs;
    *run = (struct journal_run){.run_id = mem_copy(run_id),
                                .flow = mem_copy(flow),
                                .message_id = mem_copy(message_id),
                                .body = without_secrets(body),
                                .receive_count = receive_count,
                                .status = "none",
                                .fate = "pending",
                                .number = ++journal->run_number};
    if (!make_room(journal, strlen(run->body))) {
        mem_free(run->body);
        run->body = mem_copy("");
    }
    while (*end)
        end = &(*end)->next;
    *end = run;
    batch->run_count++;
    tell(journal, 0);
    return run;
}

void journal_end(struct journal *journal, struct journal_batch *batch, int64_t ended_ms,
                 const char *how, struct span answer)
{
    batch->ended_ms = ended_ms;
    batch->how = how;
    if (answer.at && !batch->answer && make_room(journal, strnlen(answer.at, answer.len)))
        batch->answer = mem_string(answer);
    tell(journal, 0);
}

void journal_fate(struct journal *journal, struct journal_run *run, const char *fate)
{
    run->fate = fate;
    tell(journal, run->number);
}

/* --- runs ------------------------------------------------------------------------------------ */

struct journal_run *journal_run_of(struct journal *journal, const char *run_id)
{
    for (struct journal_batch *batch = journal->newest; batch; batch = batch->older)
        for (struct journal_run *run = batch->runs; run; run = run->next)
            if (run->run_id && strcmp(run->run_id, run_id) == 0)
                return run;
    return NULL;
}

static bool keep_event(struct journal *journal, struct journal_run *run,
                       const struct journal_event *event)
{
    if (!make_room(journal, bytes_of(event)))
        return false;
    size_t room = run->event_count;
    if (room == 0 || (room >= EVENTS_FIRST && (room & (room - 1)) == 0)) /* it is full */
        run->events = mem_resize(run->events, room ? 2 * room : EVENTS_FIRST, sizeof *run->events);
    run->events[run->event_count++] = *event;
    return true;
}

void journal_event(struct journal *journal, struct journal_run *run, int64_t at_ms,
                   const char *type, struct span payload)
{
    struct journal_event event = {at_ms, mem_copy(type), mem_string(payload)};
    if (!keep_event(journal, run, &event)) {
        mem_free(event.type);
        mem_free(event.payload);
        run->unkept++;
    }
    tell(journal, run->number);
}

/* The API's words for a status; the constant, so that it stays. */
static const char *constant_of(const char *status)
{
    static const char *const known[] = {"none", "running", "completed", "failed", "cancelled"};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(known[i], status) == 0)
            return known[i];
    return "unknown";
}

void journal_status(struct journal *journal, struct journal_run *run, int64_t at_ms,
                    const char *status, const char *error)
{
    run->status = constant_of(status);
    if (!run->began_ms)
        run->began_ms = at_ms;
    if (strcmp(run->status, "running") != 0 && strcmp(run->status, "none") != 0)
        run->ended_ms = at_ms;
    if (error) {
        mem_free(run->error);
        run->error = mem_copy(error);
    }
    tell(journal, run->number);
}

static struct journal_run *run_of_message(struct journal *journal, const char *message_id)
{
    for (struct journal_batch *batch = journal->newest; batch; batch = batch->older)
        for (struct journal_run *run = batch->runs; run; run = run->next)
            if (run->message_id && strcmp(run->message_id, message_id) == 0)
                return run;
    return NULL;
}

void journal_log(struct journal *journal, const char *line)
{
    cJSON *tree = json_parse(span_of(line), NULL);
    const char *id = tree ? json_member_text(tree, "messageId") : NULL;
    const char *reason = tree ? json_member_text(tree, "reason") : NULL;
    struct journal_run *run = id && reason && log_line_is_bad(json_member_text(tree, "level"))
                                  ? run_of_message(journal, id)
                                  : NULL;
    if (run && !run->error) {
        run->error = mem_copy(reason);
        tell(journal, run->number);
    }
    cJSON_Delete(tree);
}

/* --- reading --------------------------------------------------------------------------------- */

struct journal_batch *journal_newest(const struct journal *journal)
{
    return journal->newest;
}

struct journal_run *journal_run_numbered(const struct journal *journal, size_t number)
{
    for (struct journal_batch *batch = journal->newest; batch; batch = batch->older)
        for (struct journal_run *run = batch->runs; run; run = run->next)
            if (run->number == number)
                return run;
    return NULL;
}

struct journal_batch *journal_batch_of(const struct journal *journal, const struct journal_run *run)
{
    for (struct journal_batch *batch = journal->newest; batch; batch = batch->older)
        for (const struct journal_run *each = batch->runs; each; each = each->next)
            if (each == run)
                return batch;
    return NULL;
}
