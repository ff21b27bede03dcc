/* trace: a place in a distributed trace, as headers carry it.
 *
 * AWS writes "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1" (X-Ray),
 * everybody else "00-5759e988bd862e3fe1be46a994272793-53995c3f42cd8ad8-01" (W3C Trace Context 1).
 * The same place, spelled twice. */
#ifndef MOONMILL_TRACE_H
#define MOONMILL_TRACE_H

#include <stdbool.h>

#define TRACE_PARENT_SIZE 56

/* The W3C spelling of an X-Ray trace; false, and parent untouched, when it names no root or no
 * parent, or is NULL. What says nothing of sampling is not sampled. */
bool trace_parent(const char *xray, char parent[TRACE_PARENT_SIZE]);

#endif
