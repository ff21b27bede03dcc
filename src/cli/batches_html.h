/* batches_html: the list of batches and their runs as a piece of an HTML page, newest first. */
#ifndef MOONMILL_CLI_BATCHES_HTML_H
#define MOONMILL_CLI_BATCHES_HTML_H

#include "journal.h"
#include "mem.h"

#include <stddef.h>
#include <stdint.h>

#define BATCHES_SHOWN 50

/* BATCHES_SHOWN of them, older than the one of that number; 0: from the newest on. */
void batches_html(struct buffer *out, const struct journal *journal, size_t before, int64_t now_ms);

#endif
