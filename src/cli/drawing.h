/* drawing: a flow's picture as `moonmill graph --format svg` has it, for a page or a report.
 *
 * The element of a step has the step's path as its id. Nothing of the flow is run; a worker loads
 * and draws it, which takes a tenth of a second or so. */
#ifndef MOONMILL_CLI_DRAWING_H
#define MOONMILL_CLI_DRAWING_H

#include "diag.h"
#include "loop.h"
#include "mem.h"

/* Appends the picture of the flow that a board of this id, or a call of this name, would run. loop
 * may be NULL: one of its own. False with err: as flow_called; ERROR_INPUT (the flow has errors);
 * as guest_load. */
bool drawing_svg(struct loop *loop, const char *flows, const char *flow, struct buffer *out,
                 struct error *err);

#endif
