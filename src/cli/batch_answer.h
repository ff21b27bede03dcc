/* batch_answer: what Lambda's event source mapping makes of a function's answer (runtime.md 3). */
#ifndef MOONMILL_CLI_BATCH_ANSWER_H
#define MOONMILL_CLI_BATCH_ANSWER_H

#include "diag.h"
#include "mem.h"

#include <stdbool.h>
#include <stddef.h>

/* Sets failed[i] for each of the batch's message ids that comes back. False: the answer breaks the
 * rules, all of them come back, and why says what Lambda would not. */
bool batch_answer_read(struct span answer, const char *const *ids, size_t count, bool *failed,
                       struct error *why);

#endif
