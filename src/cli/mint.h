/* mint: a key pair of ours, and executor tokens signed by it.
 *
 * Stands in for the API that would have signed the job (contract.md 2; RFC 7515, 7518 3.4: ES256).
 * The private key leaves the process only for the file that a user named. */
#ifndef MOONMILL_CLI_MINT_H
#define MOONMILL_CLI_MINT_H

#include "diag.h"

#include <stdint.h>

struct mint;

/* NULL with err when OpenSSL makes no key. */
struct mint *mint_new(struct error *err);
/* With the P-256 key of a PEM file; where there is none it is made, readable by its owner alone, in
 * a folder that is there. NULL with err: ERROR_INPUT when the file is the reason. */
struct mint *mint_open(const char *path, struct error *err);
void mint_free(struct mint *mint);

/* The public key as the variable BACKEND_PUB wants it: base64 of a PEM. Freed by mem_free. */
char *mint_backend_pub(const struct mint *mint);

/* What a token says; a NULL counts as "". */
struct mint_claims {
    const char *user_id; /* sub */
    const char *run_id;
    const char *app_id;
    const char *board_id;
    const char *callback_url;
};
/* A token issued at that second, good for 24 hours, as the API's. Freed by mem_free_secret. */
char *mint_token(const struct mint *mint, const struct mint_claims *claims, int64_t now_secs);

#endif
