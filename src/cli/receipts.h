/* receipts: what a receiver of callbacks shows: a line a request, and what it came to.
 *
 * Everything from outside is made harmless for a terminal before it is printed. */
#ifndef MOONMILL_CLI_RECEIPTS_H
#define MOONMILL_CLI_RECEIPTS_H

#include "mem.h"
#include "sink.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The request's line on standard output; below it complaints, a line each. */
void receipts_print(int64_t at_ms, const struct sink_request *request, int status,
                    struct span complaints, bool colour);

struct receipts_total {
    size_t requests;
    size_t failed; /* because it was asked for */
    size_t broken; /* rules */
};
/* What it came to, and each run: for people, or as one line of JSON. */
void receipts_print_total(const struct receipts_total *total, const struct sink_run *all);
void receipts_print_json(const struct receipts_total *total, const struct sink_run *all);

#endif
