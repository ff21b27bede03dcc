/* check: what is wrong with flows, told before anything runs. */
#ifndef MOONMILL_CLI_CHECK_H
#define MOONMILL_CLI_CHECK_H

/* moonmill check [--json] [--flows DIR] [PATH...]; returns the exit code (cli.h): 0 no errors,
 * 1 errors, 2 usage, 3 a path cannot be read, 4 the runtime failed. */
int check_main(int argc, char **argv);

#endif
