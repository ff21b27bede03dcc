/* graph: `moonmill graph`: a picture of a flow, drawn from its definition; no step is run.
 *
 * lua/developer/graph.lua draws, in a worker, where the flow is loaded; what comes back is text. */
#ifndef MOONMILL_CLI_GRAPH_H
#define MOONMILL_CLI_GRAPH_H

#include "command.h"

extern const struct command graph_command;

#endif
