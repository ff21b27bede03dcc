/* test: moonmill test: runs the specs that lie beside the flows. */
#ifndef MOONMILL_CLI_TEST_H
#define MOONMILL_CLI_TEST_H

/* argv[0] is the command's name; returns the exit code. */
int test_main(int argc, char **argv);

#endif
