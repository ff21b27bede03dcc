/* lambda: a real bootstrap process behind a local Runtime API, for soaks, benches and tests that
 * need the whole program. One invocation at a time, in the caller's thread. */
#ifndef MOONMILL_RIG_LAMBDA_H
#define MOONMILL_RIG_LAMBDA_H

#include <stdint.h>
#include <sys/types.h>

struct lambda;

/* Execs program with the given "NAME=value" strings (NULL-ended) and AWS_LAMBDA_RUNTIME_API as its
 * whole environment; returns when it asked for its first invocation, or NULL when it ended before
 * (its status in *status). */
struct lambda *lambda_start(const char *program, const char *const *environment, int *status);
/* The same, with its flows in that folder and tokens signed by the test key trusted, and says on
 * stderr when it ended before. */
struct lambda *lambda_start_with_flows(const char *program, const char *flows_dir,
                                       const char *const *environment);
/* Hands out one event and waits for the answer: the body of /response, or "error: " and the body of
 * /error; NULL when the process ended instead. Freed by free. deadline_ms from now. */
char *lambda_invoke(struct lambda *lambda, const char *event, int64_t deadline_ms);
/* Sends SIGTERM, waits, returns waitpid's status; frees. */
int lambda_stop(struct lambda *lambda);
pid_t lambda_pid(const struct lambda *lambda);
/* exec to first /next, in microseconds. */
int64_t lambda_cold_start_us(const struct lambda *lambda);

#endif
