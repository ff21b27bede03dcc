/* substitute: one text for another, wherever it stands. */
#ifndef MOONMILL_CLI_SUBSTITUTE_H
#define MOONMILL_CLI_SUBSTITUTE_H

#include "mem.h"

#include <stdbool.h>

/* Appends the text with `with` in each place of `what`; as it is when either is NULL, or what is
 * "". False when out is full; it may then hold the beginning. */
bool substitute(struct buffer *out, struct span text, const char *what, const char *with);

#endif
