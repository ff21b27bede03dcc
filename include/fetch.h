/* fetch: what a worker is given of the flows folder while it loads or runs: modules and called
 * flows, all of one run bounded together. */
#ifndef MOONMILL_FETCH_H
#define MOONMILL_FETCH_H

#include "flow.h"
#include "mem.h"
#include "wire.h"

#include <stdbool.h>

/* One run's. Zero-initialise, then set flows; NULL: there is no folder. */
struct fetcher {
    struct flows *flows;
    size_t bytes; /* given so far, at most CONFIG_FETCHED_MAX */
    size_t count; /* asked for so far */
};

#define FETCH_COUNT_MAX 10000  /* after so many nothing more is looked for */
#define FETCH_FLOOD     100000 /* no honest worker asks so often */

/* Fills the reply: the source, or an error of code module.unknown or flow.unknown; its head lies in
 * the buffer, which is initialised here. False with err: a fetch of neither
 * (ERROR_INPUT), or a flood of them (ERROR_LIMIT). */
bool fetch_answer(struct fetcher *fetcher, const struct wire_fetch *fetch, struct buffer *head,
                  struct wire_reply *reply, struct error *err);

#endif
