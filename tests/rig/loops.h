/* loops: drives a loop until a condition holds, bounded in time, for tests of actors. */
#ifndef MOONMILL_RIG_LOOPS_H
#define MOONMILL_RIG_LOOPS_H

#include "loop.h"

#include <stdbool.h>

/* Runs the loop until *flag is true or limit_ms passed; returns *flag. */
bool loops_until(struct loop *loop, const bool *flag, int64_t limit_ms);
/* Runs the loop for that long. */
void loops_for(struct loop *loop, int64_t ms);

#endif
