/* check: what is wrong with flows, told before anything runs. */
#ifndef MOONMILL_CLI_CHECK_H
#define MOONMILL_CLI_CHECK_H

#include "command.h"

extern const struct command check_command;

#endif
