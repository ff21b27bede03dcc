/* lit: a flow's picture with the states of a run's steps on it.
 *
 * Takes the picture as drawing_svg makes it: the element of a step gets data-state, and every id of
 * the picture a prefix, so that several can stand in one page. A picture made otherwise comes out
 * as it went in, unlit. */
#ifndef MOONMILL_CLI_LIT_H
#define MOONMILL_CLI_LIT_H

#include "mem.h"
#include "timeline.h"

/* prefix: letters, digits and "-". Steps that stand for several (a map's) show the state that says
 * most; branches that were taken are "taken". */
void lit_put(struct buffer *out, struct span svg, const struct timeline *timeline,
             const char *prefix);

#endif
