/* pending: a run's requests to the outside world that are under way.
 *
 * At most CONFIG_HTTP_IN_FLIGHT_MAX at once, each known by the id that the worker gave it. */
#ifndef MOONMILL_PENDING_H
#define MOONMILL_PENDING_H

#include "config.h"
#include "diag.h"
#include "http.h"
#include "mem.h"
#include "secrets.h"
#include "wire.h"

#include <stdbool.h>
#include <stdint.h>

struct pending;

/* One place of it. */
struct pending_request {
    struct pending *of;
    int64_t id; /* 0: free */
    struct http_request *request;
};

/* Embedded in its run. Set the first five, and what they point to outlives it. */
struct pending {
    struct http *http;
    struct secrets *secrets;
    const char *trace;                                        /* goes along; or NULL */
    void (*reply)(void *arg, const struct wire_reply *reply); /* later, from the loop */
    void *arg;
    struct pending_request requests[CONFIG_HTTP_IN_FLIGHT_MAX];
};

/* left_ms: what the run has left for it. False with err (ERROR_INPUT, ERROR_LIMIT): the worker
 * broke its protocol. */
bool pending_send(struct pending *pending, const struct wire_request *request, int64_t left_ms,
                  struct error *err);
/* Nobody waits for it any more; false: it was not under way. */
bool pending_abandon(struct pending *pending, int64_t id);
/* All of them. */
void pending_cancel(struct pending *pending);

#endif
