#include "claims.h"

#include "mint.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define PRIVATE TEST_DATA "/test-ec-private.pem"
#define PUBLIC  TEST_DATA "/test-ec-public.pem"
#define KID     "test-key-1"
#define NOW_S   1771683600
#define NOW_MS  (NOW_S * INT64_C(1000))
#define HEADER  "{\"typ\":\"JWT\",\"alg\":\"ES256\",\"kid\":\"" KID "\"}"

static struct keys *key_set(void)
{
    size_t len;
    char *text = mint_file(TEST_DATA "/jwks.json", &len);
    struct keys *keys = keys_from_jwks((struct span){text, len}, NULL);
    assert_non_null(keys);
    mem_free(text);
    return keys;
}

static char *good_claims(void)
{
    return mint_claims("run-1", "app-1", "board-1", "https://api.example.test", NOW_S);
}

/* The verdict on a token for the job run-1, app-1, board-1; NULL keys: nothing fetched yet. */
static struct claims *verify(const struct keys *keys, const char *token, struct error *err)
{
    char run[] = "run-1", app[] = "app-1", board[] = "board-1";
    char *copy = mem_copy(token);
    struct job job = {.run_id = run, .app_id = app, .board_id = board, .executor_jwt = copy};
    *err = (struct error){0};
    struct claims *claims = claims_verify(keys, &job, NOW_MS, err);
    mem_free(copy);
    return claims;
}

/* text NULL: the token is good. label says which case it was. */
static void expect(const struct keys *keys, const char *token, enum error_kind kind,
                   const char *text, const char *label)
{
    struct error err;
    struct claims *claims = verify(keys, token, &err);
    if (text ? claims || err.kind != kind || !strstr(err.text, text) : !claims)
        fail_msg("%s: wanted '%s', got '%s'", label, text ? text : "claims", err.text);
    claims_free(claims);
}

/* claims_json with the first occurrence of what replaced. */
static char *edit(const char *claims_json, const char *what, const char *with)
{
    struct buffer text;
    const char *at = strstr(claims_json, what);
    assert_non_null(at);
    buffer_init(&text, 64 * 1024);
    buffer_add(&text, (struct span){claims_json, (size_t)(at - claims_json)});
    buffer_text(&text, with);
    buffer_text(&text, at + strlen(what));
    char *edited = mem_string(buffer_span(&text));
    buffer_release(&text);
    return edited;
}

static void claims_verify_gives_what_the_token_says(void **state)
{
    (void)state;
    struct keys *keys = key_set();
    struct error err;
    char *plain = good_claims();
    char *with_event = edit(plain, "\"typ\"", "\"event_id\":\"event-1\",\"typ\"");
    char *token = mint_token(PRIVATE, KID, with_event);
    struct claims *claims = verify(keys, token, &err);
    assert_non_null(claims);
    assert_string_equal(claims_run_id(claims), "run-1");
    assert_string_equal(claims_app_id(claims), "app-1");
    assert_string_equal(claims_board_id(claims), "board-1");
    assert_string_equal(claims_event_id(claims), "event-1");
    assert_string_equal(claims_user(claims), "user-1");
    assert_string_equal(claims_callback_url(claims), "https://api.example.test");
    assert_string_equal(claims_token(claims), token);
    claims_free(claims);
    mem_free(token);
    mem_free(with_event);
    mem_free(plain);
    keys_free(keys);
}

static void claims_verify_accepts_the_fixture(void **state)
{
    (void)state;
    struct keys *keys = key_set();
    size_t len;
    char *text = mint_file(TEST_DATA "/claims.json", &len);
    char *token = mint_token(PRIVATE, KID, text);
    char run[] = "g81qtxgabkvb5ytwuxfaxrk4", app[] = "j6lh2ihgtl6mn230z19utf56",
         board[] = "z6jee0jbogxl48gbvin1az1w";
    struct job job = {.run_id = run, .app_id = app, .board_id = board, .executor_jwt = token};
    struct error err = {0};
    struct claims *claims = claims_verify(keys, &job, NOW_MS, &err);
    assert_string_equal(err.text, "");
    assert_non_null(claims);
    assert_string_equal(claims_event_id(claims), "btkrqlj2y14vqnpiz3b6xd3c");
    claims_free(claims);
    mem_free(token);
    mem_free(text);
    keys_free(keys);
}

/* Each row is one edit of good claims; text NULL: still good. */
static void claims_verify_says_which_claim_broke_which_rule(void **state)
{
    (void)state;
    static const struct {
        const char *what, *with, *text;
    } cases[] = {
        {"\"sub\":\"user-1\",", "", "claim sub is missing"},
        {"\"user-1\"", "null", "claim sub is missing"},
        {"\"user-1\"", "7", "claim sub is not a string"},
        {"\"user-1\"", "\"a\\u0000b\"", "claim sub is not a string, or holds U+0000"},
        {"\"run-1\"", "\"run-2\"", "claim run_id differs from the job's"},
        {"\"run-1\"", "\"run-1 \"", "claim run_id differs from the job's"},
        {"\"run-1\"", "\"run-\\u0031\"", NULL},
        {"\"app-1\"", "\"app-2\"", "claim app_id differs from the job's"},
        {"\"board-1\"", "\"board-2\"", "claim board_id differs from the job's"},
        {"\"board-1\"", "\"\"", "claim board_id is empty"},
        {"\"board-1\"", "[\"board-1\"]", "claim board_id is not a string"},
        {"\"https://api.example.test\"", "\"\"", "claim callback_url is empty"},
        {"\"typ\"", "\"event_id\":null,\"typ\"", NULL},
        {"\"typ\"", "\"event_id\":7,\"typ\"", "claim event_id is not a string"},
        {"\"typ\"", "\"event_id\":\"\",\"typ\"", "claim event_id is empty"},
        {"\"typ\"", "\"more\":{\"a\":[1]},\"typ\"", NULL},
        {"\"typ\":\"executor\",", "", "claim typ is missing"},
        {"\"executor\"", "\"user\"", "claim typ is not \"executor\""},
        {"\"executor\"", "\"Executor\"", "claim typ is not \"executor\""},
        {"\"flow-like\"", "\"flow-like.evil\"", "claim iss is not \"flow-like\""},
        {"\"flow-like\"", "[\"flow-like\"]", "claim iss is not a string"},
        {"\"flow-like-executor\"", "\"flow-like-user\"", "claim aud is not \"flow-like-executor\""},
        {"\"flow-like-executor\"", "[\"flow-like-executor\"]", "claim aud is not a string"},
        {"\"aud\":\"flow-like-executor\",", "", "claim aud is missing"},
        {",\"jti\":\"jti-1\"", "", "claim jti is missing"},
        {"\"iat\":1771683600,", "", "claim iat is missing"},
        {"1771683600", "1771683600.0", "claim iat is not an integer"},
        {"1771683600", "1e9", "claim iat is not an integer"},
        {"1771683600", "\"1771683600\"", "claim iat is not an integer"},
        {"1771770000", "null", "claim exp is not an integer"},
        {"1771770000", "1771770000.5", "claim exp is not an integer"},
        {"1771770000", "9223372036854775808", "claim exp is not an integer"},
        {"1771770000", "9223372036854775807", NULL},
        {"1771770000", "1771683540", NULL}, /* over for exactly the leeway */
        {"1771770000", "1771683539", "claim exp is over"},
        {"1771770000", "-9223372036854775808", "claim exp is over"},
        {"1771683570", "1771683660", NULL},
        {"1771683570", "1771683661", "claim nbf is still to come"},
        {"1771683570", "9223372036854775807", "claim nbf is still to come"},
        {"1771683570", "-9223372036854775808", NULL},
        {"\"sub\"", "\"run_id\":\"run-1\",\"sub\"", "the same claim twice"},
        {"\"sub\"", "\"run\\u005fid\":\"run-1\",\"sub\"", "the same claim twice"},
        {"{", "[{", "claims are not a JSON object"},
        {"}", "} x", "claims are not a JSON object"},
    };
    struct keys *keys = key_set();
    char *plain = good_claims();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *claims_json = edit(plain, cases[i].what, cases[i].with);
        char *token = mint_token(PRIVATE, KID, claims_json);
        expect(keys, token, ERROR_TRUST, cases[i].text, cases[i].with);
        mem_free(token);
        mem_free(claims_json);
    }
    mem_free(plain);
    keys_free(keys);
}

static void claims_verify_says_what_is_wrong_with_a_header(void **state)
{
    (void)state;
    static const struct {
        const char *header;
        enum error_kind kind;
        const char *text;
    } cases[] = {
        {HEADER, ERROR_NONE, NULL},
        {"{\"alg\":\"ES256\"}", ERROR_NONE, NULL}, /* one key, no question */
        {"{\"alg\":\"ES256\"} ", ERROR_NONE, NULL},
        {"{\"alg\":\"ES256\",\"typ\":\"jwt\"}", ERROR_NONE, NULL},
        {"{\"alg\":\"ES256\",\"jku\":\"https://evil.test\",\"jwk\":{}}", ERROR_NONE, NULL},
        {"{\"typ\":\"JWT\",\"kid\":\"" KID "\"}", ERROR_TRUST, "header alg"},
        {"{\"alg\":\"none\"}", ERROR_TRUST, "header alg"},
        {"{\"alg\":\"es256\"}", ERROR_TRUST, "header alg"},
        {"{\"alg\":\"ES384\"}", ERROR_TRUST, "header alg"},
        {"{\"alg\":\"ES256K\"}", ERROR_TRUST, "header alg"},
        {"{\"alg\":[\"ES256\"]}", ERROR_TRUST, "header alg"},
        {"{\"Alg\":\"ES256\"}", ERROR_TRUST, "header alg"},
        {"{\"alg\":\"ES256\\u0000\"}", ERROR_TRUST, "header is not a JSON object"},
        {"{\"alg\":\"none\",\"alg\":\"ES256\"}", ERROR_TRUST, "header is not a JSON object"},
        {"{\"alg\":\"ES256\",\"typ\":\"JWS\"}", ERROR_TRUST, "header typ"},
        {"{\"alg\":\"ES256\",\"typ\":null}", ERROR_TRUST, "header typ"},
        {"{\"alg\":\"ES256\",\"kid\":1}", ERROR_TRUST, "header kid is not a string"},
        {"{\"alg\":\"ES256\",\"crit\":[\"b64\"],\"b64\":false}", ERROR_TRUST, "header crit"},
        {"{\"alg\":\"ES256\",\"crit\":null}", ERROR_TRUST, "header crit"},
        {"{\"alg\":\"ES256\",\"kid\":\"test-key-2\"}", ERROR_KEY, "kid is not in the key set"},
        {"{\"alg\":\"ES256\",\"kid\":\"\"}", ERROR_KEY, "kid is not in the key set"},
        {"[\"ES256\"]", ERROR_TRUST, "header is not a JSON object"},
        {"{\"alg\":\"ES256\"", ERROR_TRUST, "header is not a JSON object"},
        {"{\"alg\":\"ES256\",\"x\":\"\xff\"}", ERROR_TRUST, "header is not a JSON object"},
    };
    struct keys *keys = key_set();
    char *claims_json = good_claims();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *token = mint_raw(PRIVATE, span_of(cases[i].header), span_of(claims_json));
        expect(keys, token, cases[i].kind, cases[i].text, cases[i].header);
        mem_free(token);
    }
    mem_free(claims_json);
    keys_free(keys);
}

static void claims_verify_refuses_the_algorithms_none_and_hmac(void **state)
{
    (void)state;
    struct keys *keys = key_set();
    char *claims_json = good_claims();
    size_t len;
    char *pem = mint_file(PUBLIC, &len);
    char *none = mint_join("{\"alg\":\"none\"}", claims_json, (struct span){"", 0});
    char *hmac = mint_hmac((struct span){pem, len}, "{\"alg\":\"HS256\"}", claims_json);
    char *lying = mint_hmac((struct span){pem, len}, HEADER, claims_json);
    expect(keys, none, ERROR_TRUST, "header alg is not \"ES256\"", "none");
    expect(keys, hmac, ERROR_TRUST, "header alg is not \"ES256\"", "HS256 by the public key");
    expect(keys, lying, ERROR_TRUST, "signature is not 64 bytes", "HS256 that says ES256");
    mem_free(lying);
    mem_free(hmac);
    mem_free(none);
    mem_free(pem);
    mem_free(claims_json);
    keys_free(keys);
}

/* The r||s of those claims under the usual header, to be spoilt. */
static void good_signature(const char *claims_json, unsigned char signature[MINT_SIGNATURE])
{
    char *token = mint_token(PRIVATE, KID, claims_json);
    mint_sign(PRIVATE, (struct span){token, (size_t)(strrchr(token, '.') - token)}, signature);
    mem_free(token);
}

static void claims_verify_refuses_spoilt_signatures(void **state)
{
    (void)state;
    static const unsigned char zero[32];
    static const unsigned char order[32] = {0xff, 0xff, 0xff, 0xff, 0,    0,    0,    0,
                                            0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                            0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84,
                                            0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51};
    static const struct {
        const char *label;
        size_t at;
        const unsigned char *half; /* written over r or s; NULL: one bit turned */
        size_t len;
        enum error_kind kind;
        const char *text;
    } cases[] = {
        {"r = 0", 0, zero, 64, ERROR_TRUST, "r or s out of range"},
        {"s = 0", 32, zero, 64, ERROR_TRUST, "r or s out of range"},
        {"r = n", 0, order, 64, ERROR_TRUST, "r or s out of range"},
        {"s = n", 32, order, 64, ERROR_TRUST, "r or s out of range"},
        {"none", 0, zero, 0, ERROR_TRUST, "signature is not 64 bytes"},
        {"63 bytes", 0, NULL, 63, ERROR_TRUST, "signature is not 64 bytes"},
        {"65 bytes", 0, NULL, 65, ERROR_TRUST, "signature is not 64 bytes"},
        {"a bit of r", 31, NULL, 64, ERROR_KEY, "signature does not verify"},
        {"a bit of s", 63, NULL, 64, ERROR_KEY, "signature does not verify"},
    };
    struct keys *keys = key_set();
    char *claims_json = good_claims();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        unsigned char signature[MINT_SIGNATURE + 1] = {0};
        good_signature(claims_json, signature);
        if (cases[i].half)
            memcpy(signature + cases[i].at, cases[i].half, 32);
        else
            signature[cases[i].at] ^= 1;
        char *token =
            mint_join(HEADER, claims_json, (struct span){(char *)signature, cases[i].len});
        expect(keys, token, cases[i].kind, cases[i].text, cases[i].label);
        mem_free(token);
    }
    mem_free(claims_json);
    keys_free(keys);
}

/* ASN.1 is how OpenSSL writes a signature, and not how JWS does. */
static void claims_verify_refuses_an_asn1_signature(void **state)
{
    (void)state;
    struct keys *keys = key_set();
    char *claims_json = good_claims();
    unsigned char raw[MINT_SIGNATURE], der[70] = {0x30, 68, 0x02, 32};
    good_signature(claims_json, raw);
    memcpy(der + 4, raw, 32);
    memcpy(der + 36, (unsigned char[]){0x02, 32}, 2);
    memcpy(der + 38, raw + 32, 32);
    char *token = mint_join(HEADER, claims_json, (struct span){(char *)der, sizeof der});
    expect(keys, token, ERROR_TRUST, "signature is not 64 bytes", "ASN.1");
    mem_free(token);
    mem_free(claims_json);
    keys_free(keys);
}

static void claims_verify_refuses_claims_under_another_signature(void **state)
{
    (void)state;
    struct keys *keys = key_set();
    unsigned char signature[MINT_SIGNATURE];
    char *plain = good_claims();
    char *other = edit(plain, "user-1", "user-2");
    good_signature(plain, signature);
    char *token = mint_join(HEADER, other, (struct span){(char *)signature, sizeof signature});
    expect(keys, token, ERROR_KEY, "signature does not verify", "another user");
    mem_free(token);
    mem_free(other);
    mem_free(plain);
    keys_free(keys);
}

/* Two spellings of one token would be two tokens that both verify. */
static void claims_verify_knows_one_spelling_of_a_token(void **state)
{
    (void)state;
    static const char *const endings[] = {"=", "==", "\n", " ", "A", "%3D", "+", "/"};
    struct keys *keys = key_set();
    char *claims_json = good_claims();
    char *token = mint_token(PRIVATE, KID, claims_json);
    size_t len = strlen(token), head = (size_t)(strchr(token, '.') - token);
    char *spelt = mem_new(len + 8);
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        snprintf(spelt, len + 8, "%s%s", token, endings[i]);
        expect(keys, spelt, ERROR_TRUST, "signature is not", endings[i]);
        snprintf(spelt, len + 8, "%.*s%s%s", (int)head, token, endings[i], token + head);
        expect(keys, spelt, ERROR_TRUST, "header is not", endings[i]);
    }
    snprintf(spelt, len + 8, "%s", token); /* 64 bytes leave four bits in the last letter */
    spelt[len - 1]++;
    expect(keys, spelt, ERROR_TRUST, "signature is not base64url", "bits left over");
    snprintf(spelt, len + 8, " %s", token);
    expect(keys, spelt, ERROR_TRUST, "header is not base64url", "a space before");
    mem_free(spelt);
    mem_free(token);
    mem_free(claims_json);
    keys_free(keys);
}

static void claims_verify_refuses_what_is_no_token(void **state)
{
    (void)state;
    static const struct {
        const char *token, *text;
    } cases[] = {
        {"", "not three parts"},
        {".", "not three parts"},
        {"a.b", "not three parts"},
        {"a.b.c.d", "not three parts"},
        {"@JWT@", "not three parts"},
        {"..", "header is not a JSON object"},
        {"a.b.c", "header is not base64url"},
        {"e30.e30.", "header alg is not"},
        {"eyJhbGciOiJFUzI1NiJ9.e30.", "signature is not 64 bytes"},
    };
    struct keys *keys = key_set();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        expect(keys, cases[i].token, ERROR_TRUST, cases[i].text, cases[i].token);
    keys_free(keys);
}

static void claims_verify_refuses_a_token_over_its_maximum(void **state)
{
    (void)state;
    struct keys *keys = key_set();
    char *filler = mem_new(CLAIMS_TOKEN_MAX);
    memset(filler, 'x', CLAIMS_TOKEN_MAX - 1);
    char *plain = good_claims();
    char *claims_json = edit(plain, "user-1", filler);
    char *token = mint_token(PRIVATE, KID, claims_json);
    expect(keys, token, ERROR_TRUST, "over 16384 bytes", "a long user");
    mem_free(token);
    mem_free(claims_json);
    mem_free(plain);
    mem_free(filler);
    keys_free(keys);
}

/* A fetch is asked for only where a key could change the answer. */
static void claims_verify_without_keys_refuses_first_what_no_key_can_mend(void **state)
{
    (void)state;
    char *plain = good_claims();
    char *late = edit(plain, "1771770000", "1771683000");
    char *good = mint_token(PRIVATE, KID, plain), *expired = mint_token(PRIVATE, KID, late);
    expect(NULL, good, ERROR_KEY, "no key set yet", "good");
    expect(NULL, expired, ERROR_TRUST, "claim exp is over", "expired");
    expect(NULL, "a.b", ERROR_TRUST, "not three parts", "a.b");
    mem_free(expired);
    mem_free(good);
    mem_free(late);
    mem_free(plain);
}

static void errors_never_hold_a_part_of_the_token(void **state)
{
    (void)state;
    struct keys *keys = key_set();
    char *plain = good_claims();
    char *secret = edit(plain, "executor", "SECRET-TYP");
    char *token = mint_token(PRIVATE, KID, secret);
    char *unknown = mint_token(PRIVATE, "SECRET-KID", plain);
    struct error err;
    assert_null(verify(keys, token, &err));
    assert_int_equal(err.kind, ERROR_TRUST);
    assert_null(strstr(err.text, "SECRET"));
    assert_null(verify(keys, unknown, &err));
    assert_int_equal(err.kind, ERROR_KEY);
    assert_null(strstr(err.text, "SECRET"));
    mem_free(unknown);
    mem_free(token);
    mem_free(secret);
    mem_free(plain);
    keys_free(keys);
}

/* --- whose key ------------------------------------------------------------------------------- */

/* A key made on the spot, in a file of its own. */
static void make_key(char path[64])
{
    snprintf(path, 64, "/tmp/test-claims-XXXXXX");
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    mint_key(path);
}

/* The token minted by path and kid is judged by the set of both keys under those two names. */
static void expect_of_two(const char *const names[2], const char *const paths[2], int signer,
                          const char *kid, const char *text)
{
    char *claims_json = good_claims();
    char *set = mint_jwks(paths[0], names[0], paths[1], names[1]);
    char *token = mint_token(paths[signer], kid, claims_json);
    struct keys *keys = keys_from_jwks(span_of(set), NULL);
    expect(keys, token, ERROR_KEY, text, kid ? kid : "no kid");
    keys_free(keys);
    mem_free(token);
    mem_free(set);
    mem_free(claims_json);
}

static void claims_verify_picks_the_key_by_kid(void **state)
{
    (void)state;
    static const char *const apart[] = {"one", "two"}, *const same[] = {"one", "one"};
    char other[64];
    make_key(other);
    const char *const paths[] = {PRIVATE, other};
    expect_of_two(apart, paths, 0, "one", NULL);
    expect_of_two(apart, paths, 1, "two", NULL);
    expect_of_two(apart, paths, 1, "one", "signature does not verify");
    expect_of_two(apart, paths, 0, "three", "header kid is not in the key set");
    expect_of_two(apart, paths, 0, NULL, "no header kid, and the key set has several keys");
    expect_of_two(same, paths, 0, "one", NULL);
    expect_of_two(same, paths, 1, "one", NULL);
    unlink(other);
}

static void the_key_of_backend_pub_verifies_any_kid(void **state)
{
    (void)state;
    static const char *const kids[] = {NULL, "", "backend-es256-v1"};
    char other[64];
    make_key(other);
    char *base64 = mint_backend_pub(PUBLIC), *claims_json = good_claims();
    struct keys *keys = keys_from_backend_pub(base64, NULL);
    assert_non_null(keys);
    for (size_t i = 0; i < sizeof kids / sizeof *kids; i++) {
        char *token = mint_token(PRIVATE, kids[i], claims_json);
        expect(keys, token, ERROR_NONE, NULL, kids[i] ? kids[i] : "no kid");
        mem_free(token);
    }
    char *foreign = mint_token(other, NULL, claims_json);
    expect(keys, foreign, ERROR_KEY, "signature does not verify", "another key");
    mem_free(foreign);
    mem_free(claims_json);
    mem_free(base64);
    keys_free(keys);
    unlink(other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(claims_verify_gives_what_the_token_says),
        cmocka_unit_test(claims_verify_accepts_the_fixture),
        cmocka_unit_test(claims_verify_says_which_claim_broke_which_rule),
        cmocka_unit_test(claims_verify_says_what_is_wrong_with_a_header),
        cmocka_unit_test(claims_verify_refuses_the_algorithms_none_and_hmac),
        cmocka_unit_test(claims_verify_refuses_spoilt_signatures),
        cmocka_unit_test(claims_verify_refuses_an_asn1_signature),
        cmocka_unit_test(claims_verify_refuses_claims_under_another_signature),
        cmocka_unit_test(claims_verify_knows_one_spelling_of_a_token),
        cmocka_unit_test(claims_verify_refuses_what_is_no_token),
        cmocka_unit_test(claims_verify_refuses_a_token_over_its_maximum),
        cmocka_unit_test(claims_verify_without_keys_refuses_first_what_no_key_can_mend),
        cmocka_unit_test(errors_never_hold_a_part_of_the_token),
        cmocka_unit_test(claims_verify_picks_the_key_by_kid),
        cmocka_unit_test(the_key_of_backend_pub_verifies_any_kid),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
