/* mint: executor tokens for tests, good ones and forged ones.
 *
 * Every text returned is the caller's, freed by mem_free. Whatever fails aborts the test. */
#ifndef MOONMILL_RIG_MINT_H
#define MOONMILL_RIG_MINT_H

#include "mem.h"

#include <stdint.h>

#define MINT_SIGNATURE 64

/* The claims of an executor token of a board run: issued at now_s, good for a day. */
char *mint_claims(const char *run_id, const char *app_id, const char *board_id,
                  const char *callback_url, int64_t now_s);
/* Signed by ES256 with the usual header; kid NULL leaves it out. */
char *mint_token(const char *private_pem_path, const char *kid, const char *claims_json);
/* BACKEND_PUB's value for a PEM file: standard base64 of the whole file. */
char *mint_backend_pub(const char *public_pem_path);

/* Writes a new P-256 private key as PEM to path, for what happens when keys are changed. */
void mint_key(const char *private_pem_path);
/* The JWKS text with the public key of one or of two private keys (the second may be NULL). */
char *mint_jwks(const char *private_pem_path, const char *kid, const char *second_pem_path,
                const char *second_kid);

/* For forgeries. The header and the claims as given, signed by ES256, ... */
char *mint_raw(const char *private_pem_path, struct span header_json, struct span claims_json);
/* ... by HMAC-SHA-256 with that secret, ... */
char *mint_hmac(struct span secret, const char *header_json, const char *claims_json);
/* ... or with these signature bytes. */
char *mint_join(const char *header_json, const char *claims_json, struct span signature);
/* The raw r||s of ES256 over some text. */
void mint_sign(const char *private_pem_path, struct span text,
               unsigned char signature[MINT_SIGNATURE]);
char *mint_base64url(struct span bytes);
/* The bytes of a file, NUL-terminated. */
char *mint_file(const char *path, size_t *len);

#endif
