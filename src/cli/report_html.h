/* report_html: a replay as one HTML file that needs nothing else, and no script: for a ticket.
 *
 * It is told what report is told, keeps it in a journal, and draws each run as the page of `watch`
 * does. No token gets into it. Each function accepts NULL for the report: nobody asked for one. */
#ifndef MOONMILL_CLI_REPORT_HTML_H
#define MOONMILL_CLI_REPORT_HTML_H

#include "diag.h"
#include "fixture.h"
#include "lambda.h"
#include "loop.h"
#include "mem.h"
#include "sink.h"

#include <stdbool.h>
#include <stdint.h>

struct report_html;

/* Opens the file, so that one that cannot be written is known before anything runs; NULL with err
 * (ERROR_SYSTEM). loop, fixture, and the texts outlive it. title: what was replayed. */
struct report_html *report_html_open(struct loop *loop, const char *file,
                                     const struct fixture *fixture, const char *title,
                                     const char *flows_dir, struct error *err);
void report_html_free(struct report_html *report);

void report_html_began(struct report_html *report, int64_t deadline_ms);
void report_html_event(struct report_html *report, const struct sink_run *run, const char *type,
                       struct span payload);
void report_html_progress(struct report_html *report, const struct sink_run *run);
/* A line of the runtime's log: why a record went wrong. */
void report_html_log(struct report_html *report, const char *line);
void report_html_answer(struct report_html *report, enum lambda_answer how, struct span body);

/* Draws the flows and writes the file; once. False with err (ERROR_SYSTEM). */
bool report_html_write(struct report_html *report, struct error *err);

#endif
