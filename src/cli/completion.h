/* completion: `moonmill completion`: what a shell needs to complete commands, options and values,
 * written from the commands' tables. */
#ifndef MOONMILL_CLI_COMPLETION_H
#define MOONMILL_CLI_COMPLETION_H

#include "command.h"

extern const struct command completion_command;

#endif
