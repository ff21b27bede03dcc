/* child: one process of ours with an environment of its own, its output line by line or as it is.
 *
 * It runs in a process group of its own, so that Ctrl-C reaches it through us; it dies when we do,
 * and what it started ends with it. */
#ifndef MOONMILL_CLI_CHILD_H
#define MOONMILL_CLI_CHILD_H

#include "diag.h"
#include "loop.h"
#include "mem.h"

struct child;

struct child_user {
    void *arg;
    /* A line that it wrote on standard output or error, without its end. */
    void (*line)(void *arg, const char *line);
    /* In place of line: the bytes of its standard output; what it says on standard error is lost.
     */
    void (*output)(void *arg, struct span bytes);
    /* It is gone, and every line was told before; waitpid's status. */
    void (*exited)(void *arg, int status);
};

/* Executes program with standard input closed off. NULL with err (ERROR_SYSTEM). */
struct child *child_start(struct loop *loop, const char *program, char *const *argv,
                          char *const *environment, const struct child_user *user,
                          struct error *err);
/* SIGTERM, and SIGKILL when that does not help within limit_ms; exited follows. */
void child_end(struct child *child, int64_t limit_ms);
/* Kills what still runs; user is not called any more. Accepts NULL. */
void child_free(struct child *child);

#endif
