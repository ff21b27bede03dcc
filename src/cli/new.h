/* new: `moonmill new [DIR]`: a folder to begin with: a flow, its test, a job to replay, and what an
 * editor needs. Files that are there already are never written to. */
#ifndef MOONMILL_CLI_NEW_H
#define MOONMILL_CLI_NEW_H

#include "command.h"

extern const struct command new_command;

#endif
