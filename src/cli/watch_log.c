#include "watch_log.h"
#include "clock.h"

#include "json.h"
#include "log_line.h"
#include "member.h"
#include "terminal.h"

#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#define TEXT_SHOWN 300

static const char *colour(const struct watch_log *log, const char *code)
{
    return log->colour ? code : "";
}

static const char *word(const char *text)
{
    return text ? text : "-";
}

/* --- for programs ---------------------------------------------------------------------------- */

static void put_run(struct buffer *out, const struct journal_run *run)
{
    member_put(out, "{\"messageId\":", run->message_id);
    member_put(out, ",\"runId\":", run->run_id);
    member_put(out, ",\"flow\":", run->flow);
    member_put(out, ",\"status\":", run->status);
    member_put(out, ",\"fate\":", run->fate);
    member_put(out, ",\"error\":", run->error);
    buffer_format(out, ",\"receiveCount\":%lld,\"durationMs\":%lld,\"events\":%zu}",
                  (long long)run->receive_count, (long long)(run->ended_ms - run->began_ms),
                  run->event_count);
}

static void print_document(const struct journal_batch *batch)
{
    struct buffer out;
    const char *before = "";
    buffer_init(&out, (size_t)64 * 1024 * 1024);
    buffer_format(&out, "{\"batch\":%zu", batch->number);
    member_put(&out, ",\"requestId\":", batch->request_id);
    member_put(&out, ",\"how\":", batch->how);
    buffer_format(&out, ",\"durationMs\":%lld,\"records\":[",
                  (long long)(batch->ended_ms - batch->began_ms));
    for (const struct journal_run *run = batch->runs; run; run = run->next, before = ",") {
        buffer_text(&out, before);
        put_run(&out, run);
    }
    buffer_text(&out, "]}\n");
    fwrite(out.data, 1, out.len, stdout);
    fflush(stdout);
    buffer_release(&out);
}

/* --- for people ------------------------------------------------------------------------------ */

static void print_time(const struct watch_log *log, int64_t wall_ms)
{
    char text[CLOCK_TEXT_SIZE];
    clock_text(wall_ms, text);
    printf("%s%.8s%s  ", colour(log, TERMINAL_DIM), text + 11, colour(log, TERMINAL_PLAIN));
}

static bool is_well(const struct journal_run *run)
{
    return strcmp(run->fate, "acknowledged") == 0 && strcmp(run->status, "failed") != 0;
}

static void print_run(const struct watch_log *log, const struct journal_run *run)
{
    const char *shade = is_well(run) ? TERMINAL_GREEN : TERMINAL_RED;
    fputs("          ", stdout);
    terminal_put(stdout, span_of(word(run->flow)), TEXT_SHOWN);
    printf("  %s%s%s  %s  %lld ms  %zu events", colour(log, shade), run->status,
           colour(log, TERMINAL_PLAIN), run->fate, (long long)(run->ended_ms - run->began_ms),
           run->event_count);
    if (run->receive_count > 1)
        printf("  received %lld times", (long long)run->receive_count);
    if (run->error) {
        fputs("\n            ", stdout);
        terminal_put(stdout, span_of(run->error), TEXT_SHOWN);
    }
    putchar('\n');
}

void watch_log_batch(const struct watch_log *log, const struct journal_batch *batch,
                     const struct invocation_end *end)
{
    if (log->json) {
        print_document(batch);
        return;
    }
    if (log->quiet && !end->unhappy)
        return;
    print_time(log, batch->ended_ms);
    printf("batch %zu: %zu record%s, %s", batch->number, batch->run_count,
           batch->run_count == 1 ? "" : "s", end->how);
    printf(" after %lld ms%s%s\n", (long long)(batch->ended_ms - batch->began_ms),
           *end->why ? "; all of it comes back: " : "", end->why);
    for (const struct journal_run *run = batch->runs; run; run = run->next)
        print_run(log, run);
    fflush(stdout);
}

void watch_log_dead(const struct watch_log *log, size_t count)
{
    if (log->json)
        printf("{\"dead\":%zu}\n", count);
    else
        printf("          %sto the dead-letter queue: %zu message%s%s\n",
               colour(log, TERMINAL_YELLOW), count, count == 1 ? "" : "s",
               colour(log, TERMINAL_PLAIN));
    fflush(stdout);
}

/* --- flows and the runtime, on standard error ------------------------------------------------- */

static void print_finding(void *arg, const char *line)
{
    (void)arg;
    fputs("          ", stderr);
    terminal_put(stderr, span_of(line), TEXT_SHOWN);
    fputc('\n', stderr);
}

void watch_log_flows(const struct watch_log *log, const struct catalog *catalog)
{
    size_t errors = catalog_errors(catalog);
    if (!log->quiet || errors)
        fprintf(stderr, "          flows read: %zu error%s\n", errors, errors == 1 ? "" : "s");
    catalog_tell(catalog, print_finding, NULL);
}

void watch_log_line(const struct watch_log *log, const char *line)
{
    cJSON *tree = json_parse(span_of(line), NULL);
    const char *level = tree ? json_member_text(tree, "level") : NULL;
    bool worth = !level || log_line_is_bad(level) || strcmp(level, "WARN") == 0;
    if (worth || log->verbose)
        log_line_show(stderr, line, log->colour);
    cJSON_Delete(tree);
}

void watch_log_exit(const struct watch_log *log, int status)
{
    if (WIFSIGNALED(status))
        fprintf(stderr, "          %sthe runtime was ended by signal %d%s\n",
                colour(log, TERMINAL_RED), WTERMSIG(status), colour(log, TERMINAL_PLAIN));
    else if (WEXITSTATUS(status) != 0)
        fprintf(stderr, "          %sthe runtime exited with %d%s%s\n", colour(log, TERMINAL_RED),
                WEXITSTATUS(status), WEXITSTATUS(status) == 127 ? ": it cannot be executed" : "",
                colour(log, TERMINAL_PLAIN));
}
