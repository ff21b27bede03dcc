/* schema: `moonmill schema`: JSON Schemas of what goes over the wire. */
#ifndef MOONMILL_CLI_SCHEMA_H
#define MOONMILL_CLI_SCHEMA_H

#include "command.h"

extern const struct command schema_command;

#endif
