/* moonmill watch: the whole system on this machine: Lambda, a queue, the API, the real bootstrap,
 * and a page that shows it. */
#ifndef MOONMILL_CLI_WATCH_H
#define MOONMILL_CLI_WATCH_H

#include "command.h"

extern const struct command watch_command;

int watch_main(int argc, char **argv);

#endif
