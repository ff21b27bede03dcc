/* index: a flows folder's index.json, {"<board id>": "<flow>"}, checked: that it is what the
 * runtime reads, and that each entry leads to a flow. */
#ifndef MOONMILL_CLI_INDEX_H
#define MOONMILL_CLI_INDEX_H

#include "findings.h"

/* Adds what is wrong with it: index.invalid, index.unknown. No index.json is no mistake; returns
 * whether there is one. */
bool index_check(const char *folder, struct findings *findings);

#endif
