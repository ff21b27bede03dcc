/* report: what a replay shows: a line an event while it runs, a table at the end; or one JSON
 * document instead.
 *
 * Everything from outside is made harmless for a terminal before it is printed. */
#ifndef MOONMILL_CLI_REPORT_H
#define MOONMILL_CLI_REPORT_H

#include "fixture.h"
#include "lambda.h"
#include "mem.h"
#include "sink.h"

#include <stdbool.h>
#include <stdint.h>

struct report;

struct report_style {
    bool json;       /* one document at the end, and nothing else, on stdout */
    bool verbose;    /* `run:` events and all of the runtime's log */
    bool quiet;      /* no line an event */
    bool colour;     /* on stdout */
    bool colour_log; /* on stderr */
    bool silent;     /* nothing on stdout, and of the log only what is bad */
};

/* fixture outlives it, as do the runs it is told of. */
struct report *report_new(const struct fixture *fixture, const struct report_style *style);
void report_free(struct report *report);

/* The run of a record (by index); two records may share one. */
void report_run(struct report *report, size_t record, struct sink_run *run);
void report_event(struct report *report, int64_t at_ms, const struct sink_run *run,
                  const char *type, struct span payload);
/* A line of the runtime's log: what it says about a record is kept, and shown when it matters. */
void report_log(struct report *report, const char *line);
void report_answer(struct report *report, enum lambda_answer how, struct span body);

/* How a record ended, once the answer is there. */
struct report_record {
    const char *status;
    const char *fate;
    const char *error;   /* or NULL */
    int64_t duration_ms; /* -1: unknown */
    size_t first;        /* the first record of its run, or itself */
    bool elsewhere;      /* its events went to a receiver of its own */
};
struct report_record report_record(const struct report *report, size_t record);

/* Prints the table, or the document. True when every record completed and was acknowledged. */
bool report_end(struct report *report);

#endif
