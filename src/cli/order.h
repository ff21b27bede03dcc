/* order: what a spec's run() asks for: which flow runs, for whom, from where, and for how long. */
#ifndef MOONMILL_CLI_ORDER_H
#define MOONMILL_CLI_ORDER_H

#include "diag.h"
#include "flow.h"
#include "mem.h"

#include <stdbool.h>
#include <stdint.h>

struct order {
    char *flow; /* its name */
    char *id;   /* the run's */
    char *user;
    char *entry;
    struct span context; /* further members: a JSON object */
    bool skip;           /* waits take no time */
    int64_t timeout_ms;
    int64_t budget_ms; /* real time */
};

/* False with err (ERROR_INPUT): a key that is missing or has not its type. To be released either
 * way; order begins as {0}, and json, which is checked, outlives it. */
bool order_read(struct order *order, struct span json, struct error *err);
void order_release(struct order *order);

/* The context of the run: {"run":{...},"entry":...} and what the spec gave for the rest. */
void order_put_context(struct buffer *out, const struct order *order, const struct flow *flow);

#endif
