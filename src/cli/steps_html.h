/* steps_html: a timeline as HTML: a line a step, its attempts as bars over time, the waits between
 * them, events as ticks. Needs web/run.css and no script. */
#ifndef MOONMILL_CLI_STEPS_HTML_H
#define MOONMILL_CLI_STEPS_HTML_H

#include "journal.h"
#include "mem.h"
#include "timeline.h"

/* prefix: the timeline's own in the page, for what can be opened in it ("run-7"). */
void steps_html(struct buffer *out, const struct journal_run *run, const struct timeline *timeline,
                const char *prefix);

#endif
