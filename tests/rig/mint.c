#include "mint.h"

#include <inttypes.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_MAX   (64 * 1024)
#define COORDINATE 32

static void must(bool done, const char *what)
{
    if (done)
        return;
    fprintf(stderr, "rig: mint: %s\n", what);
    abort();
}

static char *text_of(struct buffer *text)
{
    char *copy = mem_string(buffer_span(text));
    buffer_release(text);
    return copy;
}

static char *base64(struct span bytes)
{
    char *text = mem_new((bytes.len + 2) / 3 * 4 + 1);
    EVP_EncodeBlock((unsigned char *)text, (const unsigned char *)bytes.at, (int)bytes.len);
    return text;
}

char *mint_base64url(struct span bytes)
{
    char *text = base64(bytes);
    for (char *c = text; *c; c++) {
        if (*c == '=')
            *c = '\0';
        else if (*c == '+' || *c == '/')
            *c = *c == '+' ? '-' : '_';
    }
    return text;
}

char *mint_file(const char *path, size_t *len)
{
    FILE *file = fopen(path, "rb");
    must(file != NULL, path);
    char *bytes = mem_new(FILE_MAX + 1);
    *len = fread(bytes, 1, FILE_MAX, file);
    fclose(file);
    return bytes;
}

static EVP_PKEY *read_private(const char *path)
{
    FILE *file = fopen(path, "r");
    must(file != NULL, path);
    EVP_PKEY *key = PEM_read_PrivateKey(file, NULL, NULL, NULL);
    fclose(file);
    must(key != NULL, path);
    return key;
}

char *mint_claims(const char *run_id, const char *app_id, const char *board_id,
                  const char *callback_url, int64_t now_s)
{
    struct buffer text;
    buffer_init(&text, FILE_MAX);
    buffer_format(&text,
                  "{\"sub\":\"user-1\",\"run_id\":\"%s\",\"app_id\":\"%s\",\"board_id\":\"%s\","
                  "\"callback_url\":\"%s\",\"typ\":\"executor\",\"iss\":\"flow-like\","
                  "\"aud\":\"flow-like-executor\",\"iat\":%" PRId64 ",\"nbf\":%" PRId64
                  ",\"exp\":%" PRId64 ",\"jti\":\"jti-1\"}",
                  run_id, app_id, board_id, callback_url, now_s, now_s - 30, now_s + 86400);
    return text_of(&text);
}

void mint_sign(const char *private_pem_path, struct span text,
               unsigned char signature[MINT_SIGNATURE])
{
    unsigned char der[128];
    size_t len = sizeof der;
    EVP_PKEY *key = read_private(private_pem_path);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    must(EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, key) == 1, "sign");
    must(EVP_DigestSign(context, der, &len, (const unsigned char *)text.at, text.len) == 1, "sign");
    const unsigned char *at = der;
    ECDSA_SIG *pair = d2i_ECDSA_SIG(NULL, &at, (long)len);
    must(BN_bn2binpad(ECDSA_SIG_get0_r(pair), signature, COORDINATE) == COORDINATE, "r");
    must(BN_bn2binpad(ECDSA_SIG_get0_s(pair), signature + COORDINATE, COORDINATE) == COORDINATE,
         "s");
    ECDSA_SIG_free(pair);
    EVP_MD_CTX_free(context);
    EVP_PKEY_free(key);
}

static void put_part(struct buffer *token, struct span bytes)
{
    char *text = mint_base64url(bytes);
    if (token->len > 0)
        buffer_text(token, ".");
    buffer_text(token, text);
    mem_free(text);
}

static void begin(struct buffer *token, struct span header, struct span claims)
{
    buffer_init(token, FILE_MAX);
    put_part(token, header);
    put_part(token, claims);
}

char *mint_raw(const char *private_pem_path, struct span header_json, struct span claims_json)
{
    struct buffer token;
    unsigned char signature[MINT_SIGNATURE];
    begin(&token, header_json, claims_json);
    mint_sign(private_pem_path, buffer_span(&token), signature);
    put_part(&token, (struct span){(char *)signature, sizeof signature});
    return text_of(&token);
}

char *mint_hmac(struct span secret, const char *header_json, const char *claims_json)
{
    struct buffer token;
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned len = sizeof digest;
    begin(&token, span_of(header_json), span_of(claims_json));
    HMAC(EVP_sha256(), secret.at, (int)secret.len, (const unsigned char *)token.data, token.len,
         digest, &len);
    put_part(&token, (struct span){(char *)digest, len});
    return text_of(&token);
}

char *mint_join(const char *header_json, const char *claims_json, struct span signature)
{
    struct buffer token;
    begin(&token, span_of(header_json), span_of(claims_json));
    put_part(&token, signature);
    return text_of(&token);
}

char *mint_token(const char *private_pem_path, const char *kid, const char *claims_json)
{
    struct buffer header;
    buffer_init(&header, FILE_MAX);
    buffer_text(&header, "{\"typ\":\"JWT\",\"alg\":\"ES256\"");
    if (kid)
        buffer_format(&header, ",\"kid\":\"%s\"", kid);
    buffer_text(&header, "}");
    char *token = mint_raw(private_pem_path, buffer_span(&header), span_of(claims_json));
    buffer_release(&header);
    return token;
}

char *mint_backend_pub(const char *public_pem_path)
{
    size_t len;
    char *pem = mint_file(public_pem_path, &len);
    char *text = base64((struct span){pem, len});
    mem_free(pem);
    return text;
}

void mint_key(const char *private_pem_path)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    FILE *file = fopen(private_pem_path, "w");
    must(key && file, private_pem_path);
    must(PEM_write_PKCS8PrivateKey(file, key, NULL, NULL, 0, NULL, NULL) == 1, private_pem_path);
    fclose(file);
    EVP_PKEY_free(key);
}

static void put_coordinate(struct buffer *text, EVP_PKEY *key, const char *parameter)
{
    BIGNUM *number = NULL;
    unsigned char bytes[COORDINATE];
    must(EVP_PKEY_get_bn_param(key, parameter, &number) == 1, parameter);
    must(BN_bn2binpad(number, bytes, COORDINATE) == COORDINATE, parameter);
    char *part = mint_base64url((struct span){(char *)bytes, sizeof bytes});
    buffer_text(text, part);
    mem_free(part);
    BN_free(number);
}

static void put_jwk(struct buffer *text, const char *private_pem_path, const char *kid)
{
    EVP_PKEY *key = read_private(private_pem_path);
    buffer_text(text, "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"");
    put_coordinate(text, key, OSSL_PKEY_PARAM_EC_PUB_X);
    buffer_text(text, "\",\"y\":\"");
    put_coordinate(text, key, OSSL_PKEY_PARAM_EC_PUB_Y);
    buffer_format(text, "\",\"alg\":\"ES256\",\"kid\":\"%s\",\"use\":\"sig\"}", kid);
    EVP_PKEY_free(key);
}

char *mint_jwks(const char *private_pem_path, const char *kid, const char *second_pem_path,
                const char *second_kid)
{
    struct buffer text;
    buffer_init(&text, FILE_MAX);
    buffer_text(&text, "{\"keys\":[");
    put_jwk(&text, private_pem_path, kid);
    if (second_pem_path) {
        buffer_text(&text, ",");
        put_jwk(&text, second_pem_path, second_kid);
    }
    buffer_text(&text, "]}");
    return text_of(&text);
}
