/* session: one spec file, run to its end on a worker, whatever its tests do.
 *
 * A test that ends its worker (a limit, a crash, a hang that nothing else stops) has failed; the
 * tests after it run on another worker, with the before_all hooks around them once more. */
#ifndef MOONMILL_CLI_SESSION_H
#define MOONMILL_CLI_SESSION_H

#include "diag.h"
#include "loop.h"
#include "tally.h"

#include <stdbool.h>
#include <stdint.h>

struct session;

struct session_options {
    const char *flows_dir;
    const char *filter; /* a Lua pattern for a test's full name, or NULL */
    int64_t limit_ms;   /* one test's real time */
};

/* options and tally outlive it. NULL with err. */
struct session *session_open(struct loop *loop, const struct session_options *options,
                             struct tally *tally, struct error *err);
/* Accepts NULL. */
void session_close(struct session *session);

/* Runs the file's tests, or those that the filter takes, and tells the tally of each. What is wrong
 * with the file itself is a failed test. False with err: ERROR_MISSING (it cannot be read),
 * ERROR_INPUT (the filter is no pattern), ERROR_UNAVAILABLE (interrupted). */
bool session_run(struct session *session, const char *path, struct error *err);
/* From the loop: ends session_run at once. */
void session_interrupt(struct session *session);

#endif
