/* journal: what is known of every message, batch and run since it was opened, in memory.
 *
 * It is told as things happen, and draws nothing: page and report read it. Bounded: the oldest
 * batches that have ended go first, with their runs; what still does not fit is counted, not kept.
 * It keeps no secret: of a job only what anyone may see. Times are milliseconds of the loop's wall
 * clock; 0: not yet. */
#ifndef MOONMILL_CLI_JOURNAL_H
#define MOONMILL_CLI_JOURNAL_H

#include "mem.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define JOURNAL_BATCHES_MAX 1000
#define JOURNAL_BYTES_MAX   ((size_t)256 * 1024 * 1024) /* payloads and events together */

struct journal;

struct journal_event {
    int64_t at_ms;
    char *type;
    char *payload; /* JSON */
};

/* One delivery of one run: a message that is received again is another one. */
struct journal_run {
    char *run_id, *flow, *message_id;
    char *body; /* JSON: the job without tokens, credentials and variables; else why not, as text */
    int64_t receive_count;
    const char *status; /* as the API was told: "none", "running", "completed", "failed", ... */
    char *error;        /* of the terminal status; without one what the log said; or NULL */
    const char *fate;   /* "pending", "acknowledged", "returned" */
    int64_t began_ms, ended_ms;
    struct journal_event *events;
    size_t event_count;
    size_t unkept;            /* events that were not kept: the journal is full */
    size_t number;            /* its own, from 1, never used again: /runs/NUMBER */
    struct journal_run *next; /* in its batch */
};

struct journal_batch {
    size_t number; /* from 1 */
    char *request_id;
    int64_t began_ms, deadline_ms, ended_ms;
    const char *how; /* "running", "answered", "error", "timeout", "exited" */
    char *answer;    /* what the runtime said, or NULL */
    struct journal_run *runs;
    size_t run_count;
    struct journal_batch *older;
};

/* changed is called after every change, with the number of the run that changed or 0 for the lists;
 * NULL: nobody wants to know. */
typedef void journal_changed(void *arg, size_t run);
struct journal *journal_new(journal_changed *changed, void *arg);
void journal_free(struct journal *journal);

/* A batch begins; then its records, in order. Pointers stay valid until the batch is dropped, which
 * is not before it ended and another began; keep numbers instead. Texts may be NULL where a record
 * does not say; how and fate are constants and not copied. */
struct journal_batch *journal_begin(struct journal *journal, const char *request_id,
                                    int64_t began_ms, int64_t deadline_ms);
struct journal_run *journal_add(struct journal *journal, struct journal_batch *batch,
                                const char *message_id, const char *run_id, const char *flow,
                                struct span body, int64_t receive_count);
void journal_end(struct journal *journal, struct journal_batch *batch, int64_t ended_ms,
                 const char *how, struct span answer);
void journal_fate(struct journal *journal, struct journal_run *run, const char *fate);

/* The newest delivery of this run, or NULL. */
struct journal_run *journal_run_of(struct journal *journal, const char *run_id);
void journal_event(struct journal *journal, struct journal_run *run, int64_t at_ms,
                   const char *type, struct span payload);
/* error may be NULL. */
void journal_status(struct journal *journal, struct journal_run *run, int64_t at_ms,
                    const char *status, const char *error);

/* A line of the runtime's log: an error about a message is why its newest delivery went wrong. */
void journal_log(struct journal *journal, const char *line);

/* Newest first. */
struct journal_batch *journal_newest(const struct journal *journal);
struct journal_run *journal_run_numbered(const struct journal *journal, size_t number);
struct journal_batch *journal_batch_of(const struct journal *journal,
                                       const struct journal_run *run);

#endif
