/* jwks: the API's key set, fetched when needed and kept.
 *
 * GET <base>/execution/.well-known/jwks.json and, on 404, <base>/api/v1/execution/... (contract.md
 * 2). Asked for again after an unknown kid or a signature that failed: the first refresh at once,
 * then not more than one a minute; who asks in between waits for it. */
#ifndef MOONMILL_JWKS_H
#define MOONMILL_JWKS_H

#include "claims.h"
#include "config.h"
#include "diag.h"
#include "loop.h"

#include <stdbool.h>

struct jwks;

#define JWKS_TIMEOUT_MS 10000
#define JWKS_REFRESH_MS 60000

/* With config.backend_pub the set is that key, for ever. NULL with err when that is malformed. */
struct jwks *jwks_new(struct loop *loop, const struct config *config, struct error *err);
void jwks_free(struct jwks *jwks);
/* The set as it stands; NULL when nothing was fetched yet. Valid until the next fetch ends. */
const struct keys *jwks_keys(const struct jwks *jwks);
/* Counts the sets there were; a caller that failed with generation g may ask for a newer one. */
unsigned jwks_generation(const struct jwks *jwks);

/* A request for a set newer than generation; embedded, zeroed. done is called once, never from
 * inside: true when there is a newer set now, false (err) when none could be had by deadline_ms
 * (monotonic) or none ever will (BACKEND_PUB). */
struct jwks_wait {
    unsigned generation;
    int64_t deadline_ms;
    void (*done)(void *arg, bool newer, const struct error *err);
    void *arg;
    struct jwks_wait *next;
    bool waiting;
};
void jwks_refresh(struct jwks *jwks, struct jwks_wait *wait);
void jwks_forget(struct jwks *jwks, struct jwks_wait *wait);

#endif
