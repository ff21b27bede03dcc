/* cli: what the developer's commands have in common: their exit codes, and how a usage error is
 * said. */
#ifndef MOONMILL_CLI_CLI_H
#define MOONMILL_CLI_CLI_H

enum cli_exit {
    CLI_DONE = 0,
    CLI_FAILED = 1,       /* it worked, and what it found is not good */
    CLI_USAGE = 2,        /* the command line */
    CLI_INPUT = 3,        /* a file that it was given */
    CLI_BROKEN = 4,       /* the runtime, or the machine */
    CLI_INTERRUPTED = 130 /* Ctrl-C */
};

/* "moonmill COMMAND: message" and where help is, on stderr; returns CLI_USAGE. */
int cli_usage(const char *command, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* "moonmill COMMAND: message" on stderr; returns code. */
int cli_fail(const char *command, enum cli_exit code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
