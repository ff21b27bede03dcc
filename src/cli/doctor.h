/* doctor: what of this machine and its environment would keep the runtime from its work. */
#ifndef MOONMILL_CLI_DOCTOR_H
#define MOONMILL_CLI_DOCTOR_H

#include "command.h"

extern const struct command doctor_command;

#endif
