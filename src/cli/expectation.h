/* expectation: an outcome that is kept in a file, and whether another one is the same. */
#ifndef MOONMILL_CLI_EXPECTATION_H
#define MOONMILL_CLI_EXPECTATION_H

#include "mem.h"

#include <stdbool.h>

/* Holds the outcome against the file's, or writes it there; says on standard error what differs. An
 * exit status of cli.h: done, failed (it differs), input (the file). */
int expectation_check(const char *file, bool write, struct span outcome);

#endif
