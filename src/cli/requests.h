/* requests: the callbacks that a receiver got, as JSON lines: what --json prints and --save keeps.
 *
 * A token never gets into one: the header is left out, and where a body repeats it, "[token]"
 * stands. */
#ifndef MOONMILL_CLI_REQUESTS_H
#define MOONMILL_CLI_REQUESTS_H

#include "mem.h"
#include "sink.h"

#include <stdint.h>

/* Appends {"atMs","run","method","path","contentType","key","body","status","answer","violations"}
 * and a line's end. body is the JSON that came; what is none is the string "bodyText", or, when it
 * is no text, its size "bodyBytes". violations is a JSON array. */
void requests_put(struct buffer *out, int64_t at_ms, const struct sink_request *request, int status,
                  struct span answer, struct span violations);

#endif
