/* report_document: what a replay came to, as one JSON document, each run with its events. */
#ifndef MOONMILL_CLI_REPORT_DOCUMENT_H
#define MOONMILL_CLI_REPORT_DOCUMENT_H

#include "fixture.h"
#include "mem.h"
#include "report.h"

#include <stddef.h>
#include <stdint.h>

struct report_document;

/* fixture outlives it. */
struct report_document *report_document_new(const struct fixture *fixture);
/* Accepts NULL. */
void report_document_free(struct report_document *document);

/* An event of a run, by the first of its records; payload is checked JSON. */
void report_document_event(struct report_document *document, size_t record, int64_t at_ms,
                           const char *type, struct span payload);

/* Prints it on standard output; answer: what the runtime answered. Standard error tells of events
 * that were too many to be listed. */
void report_document_write(const struct report_document *document, const struct report *report,
                           struct span answer);

#endif
