/* nearest: the known word that a mistyped one was meant to be. */
#ifndef MOONMILL_CLI_NEAREST_H
#define MOONMILL_CLI_NEAREST_H

#include <stddef.h>

struct nearest {
    const char *word; /* as it was typed */
    const char *best; /* NULL: nothing offered is near enough to be a slip of the finger */
    size_t distance;  /* of best */
};

/* Considers a known word, which must outlive the answer. */
void nearest_offer(struct nearest *nearest, const char *known);

#endif
