#include "mint.h"

#include "json.h"
#include "mem.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TOKEN_MAX     (256 * 1024)
#define PART_SIZE     32 /* r and s of P-256 */
#define LIFETIME_SECS 86400

struct mint {
    EVP_PKEY *key;
};

struct mint *mint_new(struct error *err)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    if (!key) {
        error_set(err, ERROR_SYSTEM, "OpenSSL made no P-256 key");
        return NULL;
    }
    struct mint *mint = mem_new(sizeof *mint);
    mint->key = key;
    return mint;
}

static struct mint *refuse(EVP_PKEY *key, struct error *err, const char *path, const char *why)
{
    EVP_PKEY_free(key);
    error_set(err, ERROR_INPUT, "%s: %s", path, why);
    return NULL;
}

static struct mint *read_key(const char *path, int fd, struct error *err)
{
    char curve[32] = "";
    FILE *file = fdopen(fd, "r");
    EVP_PKEY *key = PEM_read_PrivateKey(file, NULL, NULL, (char[]){""}); /* no password is asked */
    fclose(file);
    if (!key)
        return refuse(key, err, path, "holds no private key (PEM, without a password)");
    if (EVP_PKEY_get_group_name(key, curve, sizeof curve, NULL) != 1 ||
        strcmp(curve, "prime256v1") != 0)
        return refuse(key, err, path, "the key is not of the curve P-256");
    struct mint *mint = mem_new(sizeof *mint);
    mint->key = key;
    return mint;
}

static struct mint *make_key(const char *path, struct error *err)
{
    struct mint *mint = mint_new(err);
    if (!mint)
        return NULL;
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    FILE *file = fd < 0 ? NULL : fdopen(fd, "w");
    bool written = file && PEM_write_PrivateKey(file, mint->key, NULL, NULL, 0, NULL, NULL) == 1;
    int why = errno;
    if (file && fclose(file) != 0 && written) {
        written = false;
        why = errno;
    }
    if (written)
        return mint;
    if (file)
        unlink(path); /* half a key is none */
    mint_free(mint);
    error_set(err, ERROR_INPUT, "%s: no key can be written there: %s", path, strerror(why));
    return NULL;
}

struct mint *mint_open(const char *path, struct error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd >= 0)
        return read_key(path, fd, err);
    if (errno == ENOENT)
        return make_key(path, err);
    error_set(err, ERROR_INPUT, "%s: cannot be read: %s", path, strerror(errno));
    return NULL;
}

void mint_free(struct mint *mint)
{
    if (!mint)
        return;
    EVP_PKEY_free(mint->key);
    mem_free(mint);
}

/* Standard base64 with padding. */
static char *base64(struct span bytes)
{
    char *text = mem_new(bytes.len / 3 * 4 + 5);
    EVP_EncodeBlock((unsigned char *)text, (const unsigned char *)bytes.at, (int)bytes.len);
    return text;
}

/* RFC 7515 2: the URL alphabet, no padding. */
static void put_base64url(struct buffer *out, struct span bytes)
{
    char *text = base64(bytes);
    for (char *c = text; *c; c++)
        *c = *c == '+' ? '-' : *c == '/' ? '_' : *c;
    text[strcspn(text, "=")] = '\0';
    buffer_text(out, text);
    mem_free(text);
}

char *mint_backend_pub(const struct mint *mint)
{
    BIO *pem = BIO_new(BIO_s_mem());
    char *bytes = NULL;
    PEM_write_bio_PUBKEY(pem, mint->key);
    long len = BIO_get_mem_data(pem, &bytes);
    char *text = base64((struct span){bytes, (size_t)len});
    BIO_free(pem);
    return text;
}

static void put_claim(struct buffer *out, const char *before, const char *value)
{
    buffer_text(out, before);
    json_put_string(out, span_of(value ? value : ""));
}

static void put_claims(struct buffer *out, const struct mint_claims *claims, int64_t now_secs)
{
    unsigned char id[12];
    RAND_bytes(id, sizeof id);
    put_claim(out, "{\"sub\":", claims->user_id);
    put_claim(out, ",\"run_id\":", claims->run_id);
    put_claim(out, ",\"app_id\":", claims->app_id);
    put_claim(out, ",\"board_id\":", claims->board_id);
    put_claim(out, ",\"callback_url\":", claims->callback_url);
    buffer_format(out,
                  ",\"typ\":\"executor\",\"iss\":\"flow-like\",\"aud\":\"flow-like-executor\","
                  "\"iat\":%lld,\"nbf\":%lld,\"exp\":%lld,\"jti\":\"",
                  (long long)now_secs, (long long)now_secs - 30,
                  (long long)now_secs + LIFETIME_SECS);
    for (size_t i = 0; i < sizeof id; i++)
        buffer_format(out, "%02x", id[i]);
    buffer_text(out, "\"}");
}

/* RFC 7518 3.4: r and s side by side, where OpenSSL gives DER. */
static void sign(const struct mint *mint, struct span text, unsigned char raw[2 * PART_SIZE])
{
    unsigned char der[128];
    size_t len = sizeof der;
    EVP_MD_CTX *digest = EVP_MD_CTX_new();
    const unsigned char *at = der;
    ECDSA_SIG *signature = NULL;
    if (EVP_DigestSignInit(digest, NULL, EVP_sha256(), NULL, mint->key) == 1 &&
        EVP_DigestSign(digest, der, &len, (const unsigned char *)text.at, text.len) == 1)
        signature = d2i_ECDSA_SIG(NULL, &at, (long)len);
    if (!signature)
        abort(); /* a fresh key of ours signs, or the machine is broken */
    BN_bn2binpad(ECDSA_SIG_get0_r(signature), raw, PART_SIZE);
    BN_bn2binpad(ECDSA_SIG_get0_s(signature), raw + PART_SIZE, PART_SIZE);
    ECDSA_SIG_free(signature);
    EVP_MD_CTX_free(digest);
}

char *mint_token(const struct mint *mint, const struct mint_claims *claims, int64_t now_secs)
{
    unsigned char signature[2 * PART_SIZE];
    struct buffer payload, token;
    buffer_init(&payload, TOKEN_MAX);
    buffer_init(&token, TOKEN_MAX);
    put_claims(&payload, claims, now_secs);
    put_base64url(&token,
                  span_of("{\"typ\":\"JWT\",\"alg\":\"ES256\",\"kid\":\"backend-es256-v1\"}"));
    buffer_text(&token, ".");
    put_base64url(&token, buffer_span(&payload));
    sign(mint, buffer_span(&token), signature);
    buffer_text(&token, ".");
    put_base64url(&token, (struct span){(char *)signature, sizeof signature});
    buffer_release(&payload);
    char *text = mem_string(buffer_span(&token));
    buffer_release(&token);
    return text;
}
