/* envelope: a job as the API puts it on the queue: all 18 keys in their order (contract.md 1.2). */
#ifndef MOONMILL_CLI_ENVELOPE_H
#define MOONMILL_CLI_ENVELOPE_H

#include "mem.h"

#include <stdbool.h>

/* What stands for a token until there is one: replay and watch put theirs in its place. */
#define ENVELOPE_TOKEN "@JWT@"

struct envelope {
    const char *job_id, *run_id;
    const char *app_id;       /* NULL: "local" */
    const char *flow;         /* the board's id */
    const char *version;      /* "1.4.2", or NULL: the latest */
    const char *node_id;      /* NULL: "start" */
    const char *user_id;      /* NULL: "developer" */
    struct span payload;      /* JSON; {NULL, 0}: null */
    const char *token;        /* NULL: ENVELOPE_TOKEN */
    const char *callback_url; /* NULL: "http://localhost:8080", as the API's default */
};

/* Appends it. False when the buffer's maximum would be passed, or the version is no "1.4.2". */
bool envelope_write(struct buffer *out, const struct envelope *envelope);

#endif
