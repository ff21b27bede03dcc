/* lookalike: a text that was given for an SQS event and is none: what it looks like instead, and an
 * event made of it where that can be done. */
#ifndef MOONMILL_CLI_LOOKALIKE_H
#define MOONMILL_CLI_LOOKALIKE_H

#include "diag.h"
#include "mem.h"

#include <stdbool.h>

/* Fills err (ERROR_INPUT) with what checked JSON is, and what to do; false, or true when it may be
 * an SQS event. */
bool lookalike_check(struct span text, struct error *err);

/* Appends an SQS event: of one job, of an array of jobs, of an array of records; an SQS event stays
 * as it is. False with err when it is nothing of that. */
bool lookalike_wrap(struct span text, struct buffer *event, struct error *err);

#endif
