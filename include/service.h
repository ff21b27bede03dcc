/* service: the runtime as a whole: makes the stages, serves invocations until it is told to stop.
 *
 * What both programs run: bootstrap does nothing else, moonmill runs it as replay's child. */
#ifndef MOONMILL_SERVICE_H
#define MOONMILL_SERVICE_H

#include "config.h"

/* Returns the exit code: 0 after SIGTERM or SIGINT, 1 when it could not start or the Runtime API
 * said that this environment is over (one line on stderr, and /init/error where that helps).
 * program: what to exec as a worker. */
int service_run(struct config *config, const struct config_warnings *warnings, const char *program);

/* The path of the running program itself, to exec it again: in path (of PATH_MAX bytes), or
 * "/proc/self/exe" where that cannot be read. Not the link itself: under a tool such as valgrind
 * the kernel's link names the tool. */
const char *service_own_program(char *path);

/* Opens descriptors 0 to 2 where they are closed, so that no socket gets their numbers. */
void service_hold_standard_files(void);

#endif
