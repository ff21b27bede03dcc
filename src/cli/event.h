/* event: `moonmill event`: SQS events, jobs and tokens to try flows with. */
#ifndef MOONMILL_CLI_EVENT_H
#define MOONMILL_CLI_EVENT_H

#include "command.h"

extern const struct command event_command;

int event_main(int argc, char **argv);

#endif
