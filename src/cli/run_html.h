/* run_html: one run as a piece of an HTML page: what became of it and why, its steps over time, its
 * flow's picture lit up, its events, its job. The same for the live page and for a report.
 *
 * Everything of the run is escaped. It needs web/run.css and no script. */
#ifndef MOONMILL_CLI_RUN_HTML_H
#define MOONMILL_CLI_RUN_HTML_H

#include "journal.h"
#include "mem.h"

#include <stddef.h>
#include <stdint.h>

struct run_html {
    int64_t now_ms;        /* on the wall clock */
    struct span graph;     /* the flow's picture, or {NULL, 0} */
    const char *flows_dir; /* for the lines of errors, or NULL */
    size_t payloads_max;   /* bytes of payloads in full; the events behind show their beginning */
};

void run_html(struct buffer *out, const struct journal_run *run, const struct run_html *with);

/* "completed", "failed", "running", "waiting", "returned": what a reader wants to know first. */
const char *run_html_state(const struct journal_run *run);

#endif
