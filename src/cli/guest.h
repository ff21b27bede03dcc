/* guest: one worker of this program, driven by a developer's command.
 *
 * The flow that a command looks at runs where it would run in Lambda: in a confined process under
 * the limits of the environment (EXECUTOR_*). Calls block until the worker has answered, however it
 * ends; what it fetches (modules, called flows) is answered from one flows folder. After an error
 * the next load gets a new worker. Ctrl-C ends the wait. */
#ifndef MOONMILL_CLI_GUEST_H
#define MOONMILL_CLI_GUEST_H

#include "diag.h"
#include "loop.h"
#include "mem.h"
#include "wire.h"

#include <stdbool.h>
#include <stdint.h>

struct guest;

/* With a loop of its own, or on one that outlives it. flows_dir may be NULL: nothing can be
 * fetched. NULL with err: ERROR_MISSING (no such folder), ERROR_SYSTEM. */
struct guest *guest_open(const char *flows_dir, struct error *err);
struct guest *guest_open_on(struct loop *loop, const char *flows_dir, struct error *err);
/* Kills the worker. Accepts NULL. */
void guest_close(struct guest *guest);

/* What a worker process is made for, when the environment asks for less. */
#define GUEST_MEMORY_MAX (512LL * 1024 * 1024)

struct guest_load {
    struct span name;    /* as authors see it: flows/hello.lua */
    struct span source;  /* Lua text */
    struct span payload; /* JSON; {NULL, 0}: null */
    struct span context; /* JSON object: what wire_load.context is, with a role where one is due */
    bool skip_waits;     /* waiting takes no time: wire_load.skip_waits */
    int64_t instruction_limit;  /* 0: the environment's */
    int64_t memory_limit_bytes; /* 0: the environment's; at most GUEST_MEMORY_MAX */
};
/* Loads it and waits for its description: *text is JSON as in wire_described, valid until the next
 * call. False with err: ERROR_LIMIT (a limit of the run, named), ERROR_SYSTEM (the worker crashed,
 * broke its protocol, or gave no answer), ERROR_UNAVAILABLE (interrupted). */
bool guest_load(struct guest *guest, const struct guest_load *load, struct span *text,
                struct error *err);

/* What a run says meanwhile; each may be NULL. From the loop, during guest_run only. */
struct guest_user {
    void *arg;
    void (*event)(void *arg, const struct wire_event *event);
    void (*progress)(void *arg, const struct wire_progress *progress);
    /* Wants a guest_reply, at once or later; without it the request is refused (net.denied). */
    void (*request)(void *arg, const struct wire_request *request);
    void (*abandon)(void *arg, const struct wire_abandon *abandon);
};
/* Runs what was loaded last, which had no errors, for at most left_ms, and the undo functions for
 * as long as in production. True: *outcome, completed or failed, is valid until the next call; user
 * may be NULL. False with err as guest_load. */
bool guest_run(struct guest *guest, const struct guest_user *user, int64_t left_ms,
               struct wire_outcome *outcome, struct error *err);
void guest_reply(struct guest *guest, const struct wire_reply *reply);

/* The same in turns, for a caller that has somebody else to ask before it can reply. */
enum guest_turn {
    GUEST_PAUSED, /* guest_pause was called; guest_go_on is next */
    GUEST_ENDED,  /* *outcome, completed or failed, is valid until the next call */
    GUEST_LATE,   /* limit_ms of real time went by; the worker is gone */
    GUEST_BROKEN  /* err as of guest_load; the worker is gone */
};
/* left_ms: what the run is told, on its own clock; limit_ms: what this wait may take. user's calls
 * come whenever the loop runs, until the run has ended. */
enum guest_turn guest_start(struct guest *guest, const struct guest_user *user, int64_t left_ms,
                            int64_t limit_ms, struct wire_outcome *outcome, struct error *err);
enum guest_turn guest_go_on(struct guest *guest, int64_t limit_ms, struct wire_outcome *outcome,
                            struct error *err);
/* From inside one of the user's calls: the wait, if there is one, ends. */
void guest_pause(struct guest *guest);
/* From there too: the wait may take so long from now on. */
void guest_extend(struct guest *guest, int64_t limit_ms);
/* Ends a run that is paused. */
void guest_stop(struct guest *guest);
/* For the owner of a loop that guests share, when a signal came: every wait ends. */
void guest_interrupt(struct guest *guest);

/* Ctrl-C, or SIGTERM, came to a guest with a loop of its own. */
bool guest_interrupted(const struct guest *guest);

#endif
