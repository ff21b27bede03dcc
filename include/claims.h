/* claims: the only door to trust.
 *
 * Verifies an executor JWT (contract.md 2; RFC 7515, 7518 3.4: ES256, raw r||s) against a key set
 * and a job. struct claims is opaque and made here alone: whoever holds one holds proof. alg, typ,
 * iss, aud, exp (60 s leeway) and nbf are checked; kid picks the key. Does no I/O. */
#ifndef MOONMILL_CLAIMS_H
#define MOONMILL_CLAIMS_H

#include "diag.h"
#include "job.h"
#include "mem.h"

#include <stdbool.h>
#include <stdint.h>

#define CLAIMS_TOKEN_MAX (16 * 1024)
#define CLAIMS_JWKS_MAX  (64 * 1024)
#define CLAIMS_LEEWAY_MS 60000

struct keys;   /* public keys by kid */
struct claims; /* what a verified token says */

/* The key of BACKEND_PUB: standard base64 of a PEM "PUBLIC KEY" on P-256. It verifies any kid.
 * NULL with err (ERROR_INPUT) that names BACKEND_PUB and the rule. */
struct keys *keys_from_backend_pub(const char *base64, struct error *err);
/* A JWKS document of at most CLAIMS_JWKS_MAX bytes: every EC P-256 key in it with a kid; others are
 * passed over; none left is an error. */
struct keys *keys_from_jwks(struct span text, struct error *err);
void keys_free(struct keys *keys);

/* Verifies the job's token and that run_id, app_id and board_id of job and claims are equal.
 * NULL with err: ERROR_TRUST (refuse), or ERROR_KEY: unknown kid or a signature that fails, where a
 * refreshed set might know better. keys may be NULL (nothing fetched yet): ERROR_KEY, after the
 * checks that need no key. The error text never holds a part of the token. */
struct claims *claims_verify(const struct keys *keys, const struct job *job, int64_t wall_ms,
                             struct error *err);
void claims_free(struct claims *claims);

const char *claims_run_id(const struct claims *claims);
const char *claims_app_id(const struct claims *claims);
const char *claims_board_id(const struct claims *claims);
const char *claims_event_id(const struct claims *claims); /* NULL for board runs */
const char *claims_user(const struct claims *claims);     /* sub */
const char *claims_callback_url(const struct claims *claims);
const char *claims_token(const struct claims *claims); /* the JWT itself: a secret */

#endif
