/* difference: two texts compared line by line, and shown as what went and what came.
 *
 * "@ANY@" as a JSON string in the first text stands for any one JSON value in the second. */
#ifndef MOONMILL_CLI_DIFFERENCE_H
#define MOONMILL_CLI_DIFFERENCE_H

#include "mem.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* True when no line differs. Else up to most lines are printed: "- " before what is only in the
 * first text, "+ " before what is only in the second, with a line of context; made harmless for a
 * terminal. */
bool difference_print(FILE *out, struct span first, struct span second, size_t most, bool colour);

#endif
