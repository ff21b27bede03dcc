/* protocol: what the callbacks of runs must look like, request by request.
 *
 * Bodies and headers are contract.md 3.2 and 3.3; the order is docs/ARCHITECTURE.md's: `running`,
 * the events without a gap, the terminal status, nothing behind it; a push that comes again is the
 * same. One delivery of a run is told from the next by the first half of its Idempotency-Keys. */
#ifndef MOONMILL_CLI_PROTOCOL_H
#define MOONMILL_CLI_PROTOCOL_H

#include "sink.h"

#include <stdbool.h>
#include <stddef.h>

struct protocol;

/* rule is a word ("order.events"); text says what broke it. Both are valid during the call. */
typedef void protocol_broken(void *arg, const char *rule, const char *text);

struct protocol *protocol_new(void);
/* Accepts NULL. */
void protocol_free(struct protocol *protocol);

/* Tells of every rule that the request breaks, before status is looked at as its answer. late: the
 * sender may have given up on an answer of ours, so that what was taken may come again. */
void protocol_check(struct protocol *protocol, const struct sink_request *request, int status,
                    bool over, bool late, protocol_broken *broken, void *arg);

#endif
