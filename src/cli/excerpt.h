/* excerpt: the line of a flow at which something happened, with those around it, as HTML. */
#ifndef MOONMILL_CLI_EXCERPT_H
#define MOONMILL_CLI_EXCERPT_H

#include "mem.h"

#include <stdbool.h>
#include <stdint.h>

/* file: as the runtime calls it, "flows/refund.lua"; nothing outside of the folder is read. False,
 * and nothing put, when it cannot be shown. */
bool excerpt_html(struct buffer *out, const char *flows_dir, const char *file, int64_t line);

#endif
