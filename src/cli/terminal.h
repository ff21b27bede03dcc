/* terminal: text from outside, shown to people.
 *
 * Control characters, C1 too, would be the terminal's: they never get there. */
#ifndef MOONMILL_CLI_TERMINAL_H
#define MOONMILL_CLI_TERMINAL_H

#include "mem.h"

#include <stdbool.h>
#include <stdio.h>

#define TERMINAL_RED    "\033[31m"
#define TERMINAL_GREEN  "\033[32m"
#define TERMINAL_YELLOW "\033[33m"
#define TERMINAL_BOLD   "\033[1m"
#define TERMINAL_DIM    "\033[2m"
#define TERMINAL_PLAIN  "\033[0m"

/* Whether the descriptor is a terminal whose user has not set NO_COLOR. */
bool terminal_colours(int fd);

/* At most max bytes of UTF-8 text in one line, then "..." where it was cut. */
void terminal_put(FILE *out, struct span text, size_t max);

/* How many columns the UTF-8 text takes; its tabs count one. */
size_t terminal_width(struct span text);

#endif
