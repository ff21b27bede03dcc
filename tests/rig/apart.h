/* apart: a flow run in a process of its own, and what it told its host.
 *
 * The host writes what it is told as lines ("event log {...}", "request {...} body", "progress 50
 * half", "completed {...}", "failed [code] [message] step= file= line= attempt=", the same with
 * "final") and answers every request with 200 and "pong". A limit of the whole run ends the
 * process, as in a worker. */
#ifndef MOONMILL_RIG_APART_H
#define MOONMILL_RIG_APART_H

#include "script.h"

#define APART_TOLD_MAX (64 * 1024)
/* Exit codes of the process that runs: host.final was called; the flow waits for what never comes.
 */
#define APART_FINAL  3
#define APART_BROKEN 4

/* A run's order; what a test does not set has a default. */
struct apart_order {
    const char *source;
    const char *payload;
    struct arena *arena; /* NULL: the heap */
    int64_t instructions;
    int64_t memory_mb;
    int64_t stall_ms;
    int64_t events;
    int64_t left_ms;
};

struct apart_told {
    struct clock clock;
    int fd;
    int64_t asked; /* the last request's id, until it is answered */
};

struct wire_load apart_load(const struct apart_order *order);
struct script_host apart_host(struct apart_told *told);
/* Runs the order in this process. */
void apart_run_here(const struct apart_order *order, struct apart_told *told);
/* Runs the order in a child, so that it may be ended; what was told, valid until the next call.
 * Fails the test when the child ends otherwise than by itself or by host.final. */
const char *apart_run(const struct apart_order *order);

/* The source of a flow "test" with one task "one", whose function has that body from line 2 on;
 * valid until the next call. */
const char *apart_flow(const char *body);
const char *apart_run_body(const char *body);
/* Fails the test, naming the case, unless text holds what. */
void apart_assert(const char *text, const char *what, const char *name);

#endif
