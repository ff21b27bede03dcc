/* tokens: whether an event may be replayed against a real receiver: whose tokens it brings, and
 * where they say that callbacks go. */
#ifndef MOONMILL_CLI_TOKENS_H
#define MOONMILL_CLI_TOKENS_H

#include "diag.h"
#include "fixture.h"

#include <stdbool.h>

/* Sets *own: the tokens are the event's, not ours. False with err (ERROR_INPUT): one says another
 * URL, some are ours and some are not, or nobody says the key of those that are not. */
bool tokens_check(const struct fixture *fixture, const char *callback, bool *own,
                  struct error *err);

#endif
