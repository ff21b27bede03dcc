/* test: moonmill test: runs the specs that lie beside the flows. */
#ifndef MOONMILL_CLI_TEST_H
#define MOONMILL_CLI_TEST_H

#include "command.h"

extern const struct command test_command;

#endif
