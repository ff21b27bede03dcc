/* context: what a script learns about its run beside its payload: ctx.run, ctx.user, ctx.profile,
 * ctx.event and the variables of the message.
 *
 * No secret, no URL: a secret variable is told by name alone, an event without its variables and
 * config. What is any JSON stands as text in a string, so that its depth is its own. */
#ifndef MOONMILL_CONTEXT_H
#define MOONMILL_CONTEXT_H

#include "claims.h"
#include "flow.h"
#include "job.h"
#include "mem.h"

#include <stdbool.h>

#define CONTEXT_MAX ((size_t)4 * JOB_BODY_MAX)

/* Appends a JSON object: run {id app flow version user}, entry, stream_state; where the job has
 * them user, profile and event (strings of JSON), and variables {runtime, event}: lists of
 * {id, name, json} or {id, name, secret: true}. False when out would pass its maximum. */
bool context_put(struct buffer *out, const struct claims *claims, const struct job *job,
                 const struct flow *flow);

#endif
