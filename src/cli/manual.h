/* manual: what a command's table says, for people: --help, `moonmill help`, docs/cli.md. */
#ifndef MOONMILL_CLI_MANUAL_H
#define MOONMILL_CLI_MANUAL_H

#include "command.h"

#include <stdio.h>

/* Examples, usage, about, options, exit statuses: as --help prints them. */
void command_help(const struct command *command, FILE *out);
/* The commands, a line each: `moonmill --help`. */
void manual_contents(FILE *out);

#endif
