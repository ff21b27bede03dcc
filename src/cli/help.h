/* help: `moonmill help`: the commands, one of them, or the page docs/cli.md. */
#ifndef MOONMILL_CLI_HELP_H
#define MOONMILL_CLI_HELP_H

#include "command.h"

extern const struct command help_command;

#endif
