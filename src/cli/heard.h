/* heard: what a flow that is tried has said so far: its events, its progress, its last step. */
#ifndef MOONMILL_CLI_HEARD_H
#define MOONMILL_CLI_HEARD_H

#include "mem.h"
#include "wire.h"

#include <stdbool.h>

#define HEARD_STEP_MAX 256

struct heard {
    struct buffer events, progress; /* JSON, the elements of a list */
    char step[HEARD_STEP_MAX];      /* "" before the first */
    bool cut;                       /* there were more events than are kept (6 MB) */
};

void heard_init(struct heard *heard);
void heard_clear(struct heard *heard);
void heard_release(struct heard *heard);

/* What is no UTF-8 or no JSON is passed over. */
void heard_event(struct heard *heard, struct span type, struct span payload);
void heard_progress(struct heard *heard, const struct wire_progress *progress);

#endif
