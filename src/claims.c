#include "claims.h"

#include "json.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <string.h>
#include <strings.h>

#define BACKEND_PUB_MAX (16 * 1024)
#define COORDINATE      32 /* bytes of x, y, r and s on P-256 */
#define SIGNATURE       (2 * COORDINATE)

#define BASE64URL "-_" /* the last two letters of the alphabet, RFC 4648 5 */
#define BASE64    "+/" /* RFC 4648 4 */

/* --- base64 ---------------------------------------------------------------------------------- */

static int sextet(char c, const char *last_two)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    if (c == last_two[0])
        return 62;
    return c == last_two[1] ? 63 : -1;
}

/* The bytes of unpadded base64, NUL-terminated, or NULL: a foreign letter, an impossible length, or
 * bits left over that are not zero (the same bytes must not have two spellings). */
static char *decode64(struct span text, const char *last_two, size_t *len)
{
    if (text.len % 4 == 1)
        return NULL;
    char *out = mem_new(text.len / 4 * 3 + 3);
    unsigned bits = 0, held = 0;
    size_t n = 0;
    for (size_t i = 0; i < text.len; i++) {
        int value = sextet(text.at[i], last_two);
        if (value < 0)
            goto fail;
        bits = bits << 6 | (unsigned)value;
        held += 6;
        if (held >= 8) {
            held -= 8;
            out[n++] = (char)(bits >> held);
            bits &= (1u << held) - 1;
        }
    }
    if (bits)
        goto fail;
    *len = n;
    return out;
fail:
    mem_free(out);
    return NULL;
}

/* Standard base64, where the padding is required. */
static char *decode64_padded(struct span text, size_t *len)
{
    if (text.len == 0 || text.len % 4 != 0)
        return NULL;
    for (int i = 0; i < 2 && text.at[text.len - 1] == '='; i++)
        text.len--;
    return decode64(text, BASE64, len);
}

/* --- keys ------------------------------------------------------------------------------------ */

struct key {
    char *kid; /* NULL: the key of BACKEND_PUB, good for any kid */
    EVP_PKEY *public;
};

struct keys {
    struct key *list;
    size_t count;
};

static void add_key(struct keys *keys, const char *kid, EVP_PKEY *public)
{
    keys->list = mem_resize(keys->list, keys->count + 1, sizeof *keys->list);
    keys->list[keys->count++] = (struct key){mem_copy(kid), public};
}

void keys_free(struct keys *keys)
{
    if (!keys)
        return;
    for (size_t i = 0; i < keys->count; i++) {
        mem_free(keys->list[i].kid);
        EVP_PKEY_free(keys->list[i].public);
    }
    mem_free(keys->list);
    mem_free(keys);
}

/* A point of the curve P-256, and not the one at infinity. */
static bool is_p256(EVP_PKEY *public)
{
    char group[32] = "";
    if (!EVP_PKEY_is_a(public, "EC") || !EVP_PKEY_get_group_name(public, group, sizeof group, NULL))
        return false;
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_pkey(NULL, public, NULL);
    bool good =
        strcmp(group, SN_X9_62_prime256v1) == 0 && context && EVP_PKEY_public_check(context) == 1;
    EVP_PKEY_CTX_free(context);
    return good;
}

/* The first PEM block, which must be a SubjectPublicKeyInfo and nothing else. */
static EVP_PKEY *read_pem(const char *pem, size_t len)
{
    char *name = NULL, *header = NULL;
    unsigned char *der = NULL;
    long der_len = 0;
    EVP_PKEY *public = NULL;
    BIO *bio = BIO_new_mem_buf(pem, (int)len);
    if (bio && PEM_read_bio(bio, &name, &header, &der, &der_len) == 1 &&
        strcmp(name, PEM_STRING_PUBLIC) == 0 && header[0] == '\0') {
        const unsigned char *at = der;
        public = d2i_PUBKEY(NULL, &at, der_len);
        if (public && at != der + der_len) {
            EVP_PKEY_free(public);
            public = NULL;
        }
    }
    OPENSSL_free(name);
    OPENSSL_free(header);
    OPENSSL_free(der);
    BIO_free(bio);
    return public;
}

struct keys *keys_from_backend_pub(const char *base64, struct error *err)
{
    struct keys *keys = NULL;
    size_t len = strlen(base64);
    char *pem = len <= BACKEND_PUB_MAX ? decode64_padded(span_of(base64), &len) : NULL;
    if (!pem) {
        error_set(err, ERROR_INPUT,
                  "BACKEND_PUB is not standard base64 (with padding, without "
                  "white space, at most %d bytes)",
                  BACKEND_PUB_MAX);
        return NULL;
    }
    EVP_PKEY *public = read_pem(pem, len);
    if (!public) {
        error_set(err, ERROR_INPUT, "BACKEND_PUB does not hold a PEM block \"PUBLIC KEY\"");
    } else if (!is_p256(public)) {
        error_set(err, ERROR_INPUT, "BACKEND_PUB does not hold an EC key on P-256");
    } else {
        keys = mem_new(sizeof *keys);
        add_key(keys, NULL, public);
        public = NULL;
    }
    EVP_PKEY_free(public);
    ERR_clear_error(); /* what is left in the queue would confuse the next TLS read */
    mem_free(pem);
    return keys;
}

/* x or y of a JWK, RFC 7518 6.2.1: exactly 32 bytes. */
static bool read_coordinate(const cJSON *jwk, const char *name, unsigned char *out)
{
    const char *text = json_member_text(jwk, name);
    size_t len;
    char *bytes = text ? decode64(span_of(text), BASE64URL, &len) : NULL;
    bool good = bytes && len == COORDINATE;
    if (good)
        memcpy(out, bytes, COORDINATE);
    mem_free(bytes);
    return good;
}

/* The key of an uncompressed point, or NULL when that is not on the curve. */
static EVP_PKEY *point_key(unsigned char *point, size_t len)
{
    char group[] = SN_X9_62_prime256v1;
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0),
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point, len),
        OSSL_PARAM_construct_end(),
    };
    EVP_PKEY *public = NULL;
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    if (context && EVP_PKEY_fromdata_init(context) == 1)
        EVP_PKEY_fromdata(context, &public, EVP_PKEY_PUBLIC_KEY, params);
    EVP_PKEY_CTX_free(context);
    if (public && !is_p256(public)) {
        EVP_PKEY_free(public);
        public = NULL;
    }
    return public;
}

static bool member_is(const cJSON *object, const char *name, const char *value)
{
    const char *text = json_member_text(object, name);
    return text && strcmp(text, value) == 0;
}

static bool member_absent_or(const cJSON *object, const char *name, const char *value)
{
    return !json_member(object, name) || member_is(object, name, value);
}

static void add_jwk(struct keys *keys, const cJSON *jwk)
{
    unsigned char point[1 + 2 * COORDINATE] = {POINT_CONVERSION_UNCOMPRESSED};
    const char *kid = json_member_text(jwk, "kid");
    if (!kid || !member_is(jwk, "kty", "EC") || !member_is(jwk, "crv", "P-256") ||
        !member_absent_or(jwk, "alg", "ES256") || !member_absent_or(jwk, "use", "sig"))
        return;
    if (!read_coordinate(jwk, "x", point + 1) || !read_coordinate(jwk, "y", point + 1 + COORDINATE))
        return;
    EVP_PKEY *public = point_key(point, sizeof point);
    if (public)
        add_key(keys, kid, public);
}

struct keys *keys_from_jwks(struct span text, struct error *err)
{
    if (text.len > CLAIMS_JWKS_MAX) {
        error_set(err, ERROR_INPUT, "key set: over %d bytes", CLAIMS_JWKS_MAX);
        return NULL;
    }
    cJSON *set = json_parse(text, err);
    if (!set)
        return NULL;
    struct keys *keys = mem_new(sizeof *keys);
    const cJSON *list = json_member(set, "keys"), *jwk;
    for (jwk = cJSON_IsArray(list) ? list->child : NULL; jwk; jwk = jwk->next)
        add_jwk(keys, jwk);
    cJSON_Delete(set);
    ERR_clear_error();
    if (keys->count == 0) {
        error_set(err, ERROR_INPUT, "key set: no EC key on P-256 with a kid in \"keys\"");
        keys_free(keys);
        return NULL;
    }
    return keys;
}

/* --- the token's three parts ----------------------------------------------------------------- */

struct token {
    struct span head, body, signed_part; /* as they came, in base64url */
    char *kid;                           /* NULL when the header has none */
    unsigned char signature[SIGNATURE];
};

static bool refuse(struct error *err, const char *rule)
{
    return error_set(err, ERROR_TRUST, "executor_jwt: %s", rule);
}

/* JWS compact serialisation, RFC 7515 7.1. */
static bool split_token(const char *text, struct token *token, struct span *signature,
                        struct error *err)
{
    if (strnlen(text, CLAIMS_TOKEN_MAX + 1) > CLAIMS_TOKEN_MAX)
        return error_set(err, ERROR_TRUST, "executor_jwt: over %d bytes", CLAIMS_TOKEN_MAX);
    const char *first = strchr(text, '.');
    const char *second = first ? strchr(first + 1, '.') : NULL;
    if (!second || strchr(second + 1, '.'))
        return refuse(err, "not three parts");
    token->head = (struct span){text, (size_t)(first - text)};
    token->body = (struct span){first + 1, (size_t)(second - first - 1)};
    token->signed_part = (struct span){text, (size_t)(second - text)};
    *signature = span_of(second + 1);
    return true;
}

/* From 1 to n - 1, n being the order of P-256: anything else verifies under no key. */
static bool is_scalar(const unsigned char bytes[COORDINATE])
{
    static const unsigned char zero[COORDINATE];
    static const unsigned char order[COORDINATE] = {0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00,
                                                    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                                    0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84,
                                                    0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51};
    return memcmp(bytes, zero, COORDINATE) != 0 && memcmp(bytes, order, COORDINATE) < 0;
}

/* RFC 7518 3.4: r and s, 32 bytes each. */
static bool read_signature(struct span text, unsigned char out[SIGNATURE], struct error *err)
{
    size_t len;
    char *bytes = decode64(text, BASE64URL, &len);
    if (!bytes)
        return refuse(err, "signature is not base64url without padding");
    if (len == SIGNATURE)
        memcpy(out, bytes, SIGNATURE);
    mem_free(bytes);
    if (len != SIGNATURE)
        return refuse(err, "signature is not 64 bytes");
    if (!is_scalar(out) || !is_scalar(out + COORDINATE))
        return refuse(err, "signature has r or s out of range");
    return true;
}

static bool check_header(const cJSON *header, struct error *err)
{
    const cJSON *typ = json_member(header, "typ"), *kid = json_member(header, "kid");
    if (!member_is(header, "alg", "ES256"))
        return refuse(err, "header alg is not \"ES256\"");
    if (typ && (!cJSON_IsString(typ) || strcasecmp(typ->valuestring, "JWT") != 0))
        return refuse(err, "header typ is not \"JWT\"");
    if (kid && !cJSON_IsString(kid))
        return refuse(err, "header kid is not a string");
    if (json_member(header, "crit"))
        return refuse(err, "header crit names extensions, and none is known here");
    return true;
}

static bool read_header(struct token *token, struct error *err)
{
    size_t len;
    char *text = decode64(token->head, BASE64URL, &len);
    if (!text)
        return refuse(err, "header is not base64url without padding");
    cJSON *header = json_parse((struct span){text, len}, NULL);
    bool good = cJSON_IsObject(header) ? check_header(header, err)
                                       : refuse(err, "header is not a JSON object");
    if (good)
        token->kid = mem_copy(json_member_text(header, "kid"));
    cJSON_Delete(header);
    mem_free(text);
    return good;
}

/* --- the signature --------------------------------------------------------------------------- */

/* OpenSSL wants the signature as ASN.1; the caller frees *der by OPENSSL_free. */
static int signature_der(const unsigned char raw[SIGNATURE], unsigned char **der)
{
    int len = -1;
    BIGNUM *r = BN_bin2bn(raw, COORDINATE, NULL);
    BIGNUM *s = BN_bin2bn(raw + COORDINATE, COORDINATE, NULL);
    ECDSA_SIG *signature = ECDSA_SIG_new();
    if (r && s && signature && ECDSA_SIG_set0(signature, r, s)) {
        r = s = NULL; /* the signature's now */
        len = i2d_ECDSA_SIG(signature, der);
    }
    BN_free(r);
    BN_free(s);
    ECDSA_SIG_free(signature);
    return len;
}

static bool verifies(EVP_PKEY *public, const struct token *token)
{
    unsigned char *der = NULL;
    int len = signature_der(token->signature, &der);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool good =
        len > 0 && context &&
        EVP_DigestVerifyInit(context, NULL, EVP_sha256(), NULL, public) == 1 &&
        EVP_DigestVerify(context, der, (size_t)len, (const unsigned char *)token->signed_part.at,
                         token->signed_part.len) == 1;
    EVP_MD_CTX_free(context);
    OPENSSL_free(der);
    ERR_clear_error();
    return good;
}

/* A token without kid is taken for the only key's, if there is only one. */
static bool is_meant(const struct keys *keys, const struct key *key, const char *kid)
{
    if (!key->kid)
        return true;
    return kid ? strcmp(key->kid, kid) == 0 : keys->count == 1;
}

/* Every key of that kid is tried: a set may hold the old and the new one under one name. */
static bool check_signature(const struct keys *keys, const struct token *token, struct error *err)
{
    bool known = false;
    if (!keys)
        return error_set(err, ERROR_KEY, "executor_jwt: no key set yet");
    for (size_t i = 0; i < keys->count; i++) {
        if (!is_meant(keys, &keys->list[i], token->kid))
            continue;
        if (verifies(keys->list[i].public, token))
            return true;
        known = true;
    }
    return error_set(err, ERROR_KEY, "executor_jwt: %s",
                     known        ? "signature does not verify"
                     : token->kid ? "header kid is not in the key set"
                                  : "no header kid, and the key set has several keys");
}

/* --- what the token says --------------------------------------------------------------------- */

/* name in the token, the one value it may have (NULL: any); texts first, then the times */
#define CLAIM_LIST(X)                                                                              \
    X(SUB, "sub", NULL)                                                                            \
    X(RUN_ID, "run_id", NULL)                                                                      \
    X(APP_ID, "app_id", NULL)                                                                      \
    X(BOARD_ID, "board_id", NULL)                                                                  \
    X(EVENT_ID, "event_id", NULL)                                                                  \
    X(CALLBACK_URL, "callback_url", NULL)                                                          \
    X(TYP, "typ", "executor")                                                                      \
    X(ISS, "iss", "flow-like")                                                                     \
    X(AUD, "aud", "flow-like-executor")                                                            \
    X(JTI, "jti", NULL)                                                                            \
    X(IAT, "iat", NULL)                                                                            \
    X(NBF, "nbf", NULL)                                                                            \
    X(EXP, "exp", NULL)

enum claim {
#define X(claim, name, value) claim,
    CLAIM_LIST(X) CLAIMS,
#undef X
    TEXTS = IAT
};

static const char *const names[CLAIMS] = {
#define X(claim, name, value) name,
    CLAIM_LIST(X)
#undef X
};

static const char *const only[CLAIMS] = {
#define X(claim, name, value) value,
    CLAIM_LIST(X)
#undef X
};

struct claims {
    char *text[TEXTS];
    int64_t time_s[CLAIMS - TEXTS];
    char *token;
};

static bool refuse_claim(struct error *err, enum claim claim, const char *rule)
{
    return error_set(err, ERROR_TRUST, "executor_jwt: claim %s %s", names[claim], rule);
}

static bool read_text(struct claims *claims, enum claim claim, struct span value, struct error *err)
{
    bool absent = !value.at || json_type(value) == JSON_NULL;
    if (claim == EVENT_ID && absent)
        return true;
    if (absent)
        return refuse_claim(err, claim, "is missing");
    claims->text[claim] = json_string(value, CLAIMS_TOKEN_MAX, NULL);
    if (!claims->text[claim])
        return refuse_claim(err, claim, "is not a string, or holds U+0000");
    if (claims->text[claim][0] == '\0')
        return refuse_claim(err, claim, "is empty");
    return true;
}

static bool read_time(struct claims *claims, enum claim claim, struct span value, struct error *err)
{
    if (!value.at)
        return refuse_claim(err, claim, "is missing");
    if (!json_integer(value, &claims->time_s[claim - TEXTS], NULL))
        return refuse_claim(err, claim, "is not an integer of seconds");
    return true;
}

static bool read_members(struct claims *claims, struct span body, struct error *err)
{
    struct span values[CLAIMS];
    if (!json_check(body, NULL) || json_type(body) != JSON_OBJECT)
        return refuse(err, "claims are not a JSON object");
    if (!json_pick(body, names, values, CLAIMS, NULL))
        return refuse(err, "claims hold the same claim twice");
    for (enum claim claim = 0; claim < CLAIMS; claim++)
        if (!(claim < TEXTS ? read_text : read_time)(claims, claim, values[claim], err))
            return false;
    return true;
}

/* The claims' shape alone; who holds the result holds no proof yet. */
static struct claims *read_claims(const struct token *token, struct error *err)
{
    size_t len;
    char *body = decode64(token->body, BASE64URL, &len);
    if (!body) {
        refuse(err, "claims are not base64url without padding");
        return NULL;
    }
    struct claims *claims = mem_new(sizeof *claims);
    if (!read_members(claims, (struct span){body, len}, err)) {
        claims_free(claims);
        claims = NULL;
    }
    mem_free(body);
    return claims;
}

/* Times are compared in seconds, so that no claim can overflow the sum. */
static bool check_claims(const struct claims *claims, int64_t wall_ms, struct error *err)
{
    int64_t now_s = wall_ms / 1000, leeway_s = CLAIMS_LEEWAY_MS / 1000;
    for (enum claim claim = 0; claim < TEXTS; claim++)
        if (only[claim] && strcmp(claims->text[claim], only[claim]) != 0)
            return error_set(err, ERROR_TRUST, "executor_jwt: claim %s is not \"%s\"", names[claim],
                             only[claim]);
    if (claims->time_s[EXP - TEXTS] < now_s - leeway_s)
        return refuse_claim(err, EXP, "is over: the token has expired");
    if (claims->time_s[NBF - TEXTS] > now_s + leeway_s)
        return refuse_claim(err, NBF, "is still to come");
    return true;
}

static bool check_job(const struct claims *claims, const struct job *job, struct error *err)
{
    const struct {
        enum claim claim;
        const char *id;
    } ids[] = {{RUN_ID, job->run_id}, {APP_ID, job->app_id}, {BOARD_ID, job->board_id}};
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++)
        if (strcmp(claims->text[ids[i].claim], ids[i].id) != 0)
            return refuse_claim(err, ids[i].claim, "differs from the job's");
    return true;
}

struct claims *claims_verify(const struct keys *keys, const struct job *job, int64_t wall_ms,
                             struct error *err)
{
    struct token token = {0};
    struct span signature = {0};
    struct claims *claims = NULL, *unproven = NULL;
    if (!split_token(job->executor_jwt, &token, &signature, err) || !read_header(&token, err) ||
        !read_signature(signature, token.signature, err))
        goto out;
    unproven = read_claims(&token, err);
    if (!unproven || !check_claims(unproven, wall_ms, err) || !check_job(unproven, job, err) ||
        !check_signature(keys, &token, err))
        goto out;
    claims = unproven;
    unproven = NULL;
    claims->token = mem_copy(job->executor_jwt);
out:
    claims_free(unproven);
    mem_free(token.kid);
    return claims;
}

void claims_free(struct claims *claims)
{
    if (!claims)
        return;
    for (enum claim claim = 0; claim < TEXTS; claim++)
        mem_free(claims->text[claim]);
    mem_free_secret(claims->token);
    mem_free(claims);
}

const char *claims_run_id(const struct claims *claims)
{
    return claims->text[RUN_ID];
}

const char *claims_app_id(const struct claims *claims)
{
    return claims->text[APP_ID];
}

const char *claims_board_id(const struct claims *claims)
{
    return claims->text[BOARD_ID];
}

const char *claims_event_id(const struct claims *claims)
{
    return claims->text[EVENT_ID];
}

const char *claims_user(const struct claims *claims)
{
    return claims->text[SUB];
}

const char *claims_callback_url(const struct claims *claims)
{
    return claims->text[CALLBACK_URL];
}

const char *claims_token(const struct claims *claims)
{
    return claims->token;
}
