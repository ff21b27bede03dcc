/* moonmill invoke: sends an event to a running watch, or to anything that speaks Lambda's invoke.
 */
#ifndef MOONMILL_CLI_INVOKE_H
#define MOONMILL_CLI_INVOKE_H

#include "command.h"

extern const struct command invoke_command;

#endif
