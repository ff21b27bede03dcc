/* doctor: what of this machine and its environment would keep the runtime from its work. */
#ifndef MOONMILL_CLI_DOCTOR_H
#define MOONMILL_CLI_DOCTOR_H

/* moonmill doctor [-v] [--json]; returns the exit code (cli.h): 0 nothing is wrong, 1 something is,
 * 2 usage, 4 it could not look. */
int doctor_main(int argc, char **argv);

#endif
