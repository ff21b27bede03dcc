/* html: text from outside as HTML that says just that, and nothing more.
 *
 * Everything is appended to a buffer, whose maximum bounds it: what does not fit is left out. */
#ifndef MOONMILL_CLI_HTML_H
#define MOONMILL_CLI_HTML_H

#include "mem.h"

#include <stdint.h>

/* Escaped for text and for attributes in either quotes; control characters and what is no UTF-8
 * become U+FFFD. */
void html_text(struct buffer *out, struct span text);
/* At most max bytes of it, cut between characters, then an ellipsis. */
void html_brief(struct buffer *out, struct span text, size_t max);
/* JSON with a line a member, or as it is when it is none. At most max bytes are read. */
void html_json(struct buffer *out, struct span json, size_t max);

/* "7 ms", "1.25 s", "2 min 05 s". */
void html_took(struct buffer *out, int64_t ms);
/* <time>: the clock's part of a moment, UTC; all of it for a machine and a pointer. */
void html_clock(struct buffer *out, int64_t wall_ms);

#endif
