/* junit: the tests of a tally as JUnit XML: a testsuite a spec file, a testcase a test.
 *
 * Only characters that XML 1.0 allows; what it does not becomes U+FFFD. */
#ifndef MOONMILL_CLI_JUNIT_H
#define MOONMILL_CLI_JUNIT_H

#include "diag.h"
#include "tally.h"

#include <stdbool.h>

/* Writes the file anew. False with err (ERROR_SYSTEM) when it cannot be written. */
bool junit_write(const char *path, const struct tally *tally, struct error *err);

#endif
