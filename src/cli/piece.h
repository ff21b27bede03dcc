/* piece: JSON text a piece at a time: a whole string, quotes and all, or one byte of what stands
 * outside of strings. */
#ifndef MOONMILL_CLI_PIECE_H
#define MOONMILL_CLI_PIECE_H

#include "mem.h"

#include <stdbool.h>

/* Takes the next piece off text; false at its end. A string that is cut short is one piece. */
bool piece_next(struct span *text, struct span *piece);

#endif
