/* sink: the API's side of the callbacks: takes what runs report and answers as the API does.
 *
 * Paths and answers are contract.md 3.3 and 3.4; a run is known by its bearer token; its first
 * terminal status stays. */
#ifndef MOONMILL_CLI_SINK_H
#define MOONMILL_CLI_SINK_H

#include "diag.h"
#include "loop.h"
#include "mem.h"

#include <stddef.h>
#include <stdint.h>

struct sink;

enum sink_status { SINK_NONE, SINK_RUNNING, SINK_COMPLETED, SINK_FAILED, SINK_CANCELLED };
/* "running" and so on, as they stand in a progress body; "none". */
const char *sink_status_name(enum sink_status status);

/* One run, as far as it was reported; times are of the loop's monotonic clock, 0: not yet. */
struct sink_run {
    char *run_id;
    enum sink_status status;
    char *error; /* of the terminal status, or NULL */
    int64_t began_ms;
    int64_t ended_ms;
    size_t events;
    struct sink_run *next;
};

/* An event of a run; type and payload (raw JSON) are valid during the call. */
typedef void sink_event_fn(void *arg, struct sink_run *run, const char *type, struct span payload);

struct sink *sink_open(struct loop *loop, sink_event_fn *on_event, void *arg, struct error *err);
void sink_close(struct sink *sink);
int sink_port(const struct sink *sink);

/* Whoever has this token reports for this run; two tokens of one run_id share the run. Owned by the
 * sink. */
struct sink_run *sink_expect(struct sink *sink, const char *token, const char *run_id);

#define SINK_EVENTS_PATH   "/api/v1/execution/events"
#define SINK_PROGRESS_PATH "/api/v1/execution/progress"

#endif
