/* environment: Lambda's execution environment: the runtime as a child, started again when it ends.
 *
 * One that ends before its first poll is started again later and later, at most every ten seconds:
 * it will not be better by itself. */
#ifndef MOONMILL_CLI_ENVIRONMENT_H
#define MOONMILL_CLI_ENVIRONMENT_H

#include "diag.h"
#include "loop.h"

#include <stdbool.h>

struct environment;

struct environment_spec {
    const char *program; /* bootstrap, or this program */
    char *const *argv;
    char *const *variables;
    void *arg;
    void (*line)(void *arg, const char *line); /* of its log */
    /* It ended, by itself or not; status is waitpid's. It will be started again. */
    void (*ended)(void *arg, int status);
};

/* What spec points to outlives it. NULL with err when it cannot be started at all. */
struct environment *environment_start(struct loop *loop, const struct environment_spec *spec,
                                      struct error *err);
/* It has polled. */
void environment_is_ready(struct environment *environment);
/* Kills it, as Lambda does at the deadline; the next one is started. */
void environment_kill(struct environment *environment);
/* Lets it end (SIGTERM), and starts the next one: the program has changed. */
void environment_renew(struct environment *environment);
/* Lets it end for good; ended is called, at once when there is none. */
void environment_stop(struct environment *environment);
void environment_free(struct environment *environment);

#endif
