/* rehearsal: one pass of an SQS event through the real runtime on this machine, with stand-ins for
 * Lambda, the API and the outside world around it. */
#ifndef MOONMILL_CLI_REHEARSAL_H
#define MOONMILL_CLI_REHEARSAL_H

#include "mem.h"
#include "report.h"
#include "world.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rehearsal_spec {
    const char *name;  /* of the event, for messages and the page */
    struct span event; /* its text */
    const char *flows;
    const char *flow;     /* every job runs this one; NULL: its own */
    const char *callback; /* a real receiver, or NULL */
    const char *page;     /* a file (report_html.h), or NULL */
    struct world_spec world;
    struct report_style style;
    int64_t timeout_ms; /* the invocation's */
    bool as_sent;
    bool skip_waits;
    bool one_by_one; /* unless EXECUTOR_CONCURRENCY says otherwise: runs in the event's order */
};

/* Shows what happens, and appends what it came to (outcome.h) to outcome; adds to *apart how often
 * requests and a recording went apart. An exit status of cli.h; what is wrong with the files or the
 * runtime was said. */
int rehearsal_run(const struct rehearsal_spec *spec, struct buffer *outcome, size_t *apart);

#endif
