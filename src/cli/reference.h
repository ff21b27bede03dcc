/* reference: docs/cli.md, as the commands' tables say it: `moonmill help --markdown`. */
#ifndef MOONMILL_CLI_REFERENCE_H
#define MOONMILL_CLI_REFERENCE_H

#include <stdio.h>

void reference_write(FILE *out);

#endif
