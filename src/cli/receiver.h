/* receiver: `moonmill sink`: the API's side of the callbacks alone, for whoever writes a backend.
 */
#ifndef MOONMILL_CLI_RECEIVER_H
#define MOONMILL_CLI_RECEIVER_H

#include "command.h"

extern const struct command sink_command;

#endif
