/* failure: how a run failed, as the payload of the `error` event that tells the API. */
#ifndef MOONMILL_FAILURE_H
#define MOONMILL_FAILURE_H

#include "mem.h"
#include "run.h"

#include <stdint.h>

#define FAILURE_MAX (2 * CONFIG_RESULT_MAX)

/* Appends {"message","code","step","file","line","attempt","data","trace"}, what is unknown left
 * out, and data of data_max bytes or more. out has a maximum of FAILURE_MAX. */
void failure_put(struct buffer *out, const struct run_outcome *outcome, int64_t data_max);

#endif
