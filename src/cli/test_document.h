/* test_document: what became of the tests, as one JSON document. */
#ifndef MOONMILL_CLI_TEST_DOCUMENT_H
#define MOONMILL_CLI_TEST_DOCUMENT_H

#include "tally.h"

#include <stdio.h>

/* As docs/cli.md has it (moonmill test --json); ms: how long all of it took. */
void test_document_write(FILE *out, const struct tally *tally, int64_t ms);

#endif
