/* host: what the prelude is given as its first argument: values, frames up, time, places.
 *
 * The table of C functions that every file of the prelude may call and no author's code can reach.
 * What they ask of the outside goes through struct script_host, which a worker, or a test, fills.
 */
#ifndef MOONMILL_HOST_H
#define MOONMILL_HOST_H

#include "budget.h"
#include "clock.h"
#include "compiled.h"
#include "wire.h"

#include <lua.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A file of the prelude, as bytecode (cmake/embed_prelude.c). Lists end with a NULL name. */
struct prelude_file {
    const char *name;
    const void *bytes;
    size_t len;
};

struct script_host {
    void *arg;
    const struct prelude_file *extra; /* what only a developer's program has, or NULL */
    struct compiled *compiled;        /* what was compiled before, or NULL */
    const struct clock *clock;
    void (*event)(void *arg, const struct wire_event *event);
    void (*progress)(void *arg, const struct wire_progress *progress);
    void (*request)(void *arg, const struct wire_request *request);
    void (*fetch)(void *arg, const struct wire_fetch *fetch);
    void (*abandon)(void *arg, const struct wire_abandon *abandon);
    /* Waits for the next reply, at most timeout_ms (-1: for ever). False when the time is up. The
     * reply's spans stay valid until the next call. */
    bool (*wait)(void *arg, int64_t timeout_ms, struct wire_reply *reply);
    /* The run ends now, at once, whatever the script does about it: never returns. */
    void (*final)(void *arg, const struct wire_outcome *outcome) __attribute__((noreturn));
    /* The hook ran: the VM is alive (every SCRIPT_TICK instructions). */
    void (*tick)(void *arg);
};

/* What the functions work with: budget.arg of the state that they are called in. */
struct host {
    struct script_host out;
    const struct budget *budget;
    int64_t event_limit_bytes;
    int64_t ends_ms; /* the run's deadline, before which undo functions need not end; 0: none yet */
};

/* Pushes the table; once a state, in protected mode. */
void host_push(lua_State *L);
/* Puts the limits of this run into it. */
void host_set_limits(lua_State *L);

#endif
