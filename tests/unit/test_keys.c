#include "claims.h"

#include "mint.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define PUBLIC TEST_DATA "/test-ec-public.pem"

#define X_GOOD "m_XR_zWjooUh_T6aFas8X1FMbVzUrcbu9uQk5MvpBjc"
#define Y_GOOD "K98Cd_zmGnPPTLElZuGppqd7Q8qsxf2xJ0Phk3AuFG4"
#define ZERO   "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define JWK(crv, more, kid, x, y)                                                                  \
    "{\"kty\":\"EC\",\"crv\":\"" crv "\"" more ",\"kid\":" kid ",\"x\":\"" x "\",\"y\":\"" y "\"}"
#define GOOD_JWK  JWK("P-256", "", "\"k\"", X_GOOD, Y_GOOD)
#define SET(jwks) "{\"keys\":[" jwks "]}"

static void keys_from_jwks_takes_p256_keys_and_passes_over_others(void **state)
{
    (void)state;
    static const struct {
        const char *set;
        bool good;
    } cases[] = {
        {SET(GOOD_JWK), true},
        {"{\"more\":1,\"keys\":[" GOOD_JWK "]}", true},
        {SET(JWK("P-256", ",\"alg\":\"ES256\",\"use\":\"sig\"", "\"k\"", X_GOOD, Y_GOOD)), true},
        {SET("{\"kty\":\"RSA\",\"kid\":\"r\",\"n\":\"AQAB\",\"e\":\"AQAB\"}," GOOD_JWK), true},
        {SET("null,7,\"x\",[],{}," GOOD_JWK), true},
        {SET(JWK("P-256", "", "\"k\"", X_GOOD, X_GOOD) "," GOOD_JWK), true},
        {SET(""), false},
        {"{}", false},
        {"[]", false},
        {"null", false},
        {"", false},
        {"<html></html>", false},
        {"{\"keys\":" GOOD_JWK "}", false},
        {SET(GOOD_JWK) "x", false},
        {SET(JWK("P-384", "", "\"k\"", X_GOOD, Y_GOOD)), false},
        {SET(JWK("P-256", "", "null", X_GOOD, Y_GOOD)), false},
        {SET(JWK("P-256", "", "7", X_GOOD, Y_GOOD)), false},
        {SET(JWK("P-256", ",\"alg\":\"ES384\"", "\"k\"", X_GOOD, Y_GOOD)), false},
        {SET(JWK("P-256", ",\"use\":\"enc\"", "\"k\"", X_GOOD, Y_GOOD)), false},
        {SET(JWK("P-256", "", "\"k\"", X_GOOD, X_GOOD)), false}, /* not on the curve */
        {SET(JWK("P-256", "", "\"k\"", ZERO, ZERO)), false},
        {SET(JWK("P-256", "", "\"k\"", "", "")), false},
        {SET(JWK("P-256", "", "\"k\"", X_GOOD "=", Y_GOOD)), false},
        {SET(JWK("P-256", "", "\"k\"", X_GOOD, "AA")), false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct error err = {0};
        struct keys *keys = keys_from_jwks(span_of(cases[i].set), &err);
        if (!!keys != cases[i].good || (!keys && err.kind != ERROR_INPUT))
            fail_msg("%s: '%s'", cases[i].set, err.text);
        keys_free(keys);
    }
}

static void keys_from_jwks_refuses_a_set_over_its_maximum(void **state)
{
    (void)state;
    struct error err = {0};
    char *text = mem_new(CLAIMS_JWKS_MAX + 1);
    memset(text, ' ', CLAIMS_JWKS_MAX + 1);
    memcpy(text, SET(GOOD_JWK), strlen(SET(GOOD_JWK)));
    assert_null(keys_from_jwks((struct span){text, CLAIMS_JWKS_MAX + 1}, &err));
    assert_int_equal(err.kind, ERROR_INPUT);
    struct keys *keys = keys_from_jwks((struct span){text, CLAIMS_JWKS_MAX}, &err);
    assert_non_null(keys);
    keys_free(keys);
    mem_free(text);
}

static void expect_bad_backend_pub(const char *base64, const char *text)
{
    struct error err = {0};
    struct keys *keys = keys_from_backend_pub(base64, &err);
    if (keys || err.kind != ERROR_INPUT || !strstr(err.text, "BACKEND_PUB") ||
        !strstr(err.text, text))
        fail_msg("wanted '%s', got '%s'", text, err.text);
}

static void keys_from_backend_pub_wants_strict_base64(void **state)
{
    (void)state;
    static const char *const cases[] = {"", "====", "QQ", "QR==", "Q===", " QUJD", "QU-_"};
    char *good = mint_backend_pub(PUBLIC);
    size_t len = strlen(good);
    char *spelt = mem_new(len + 8);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        expect_bad_backend_pub(cases[i], "not standard base64");
    snprintf(spelt, len + 8, "%s\n", good);
    expect_bad_backend_pub(spelt, "not standard base64");
    snprintf(spelt, len + 8, "%.76s\n%s", good, good + 76);
    expect_bad_backend_pub(spelt, "not standard base64");
    snprintf(spelt, len + 8, "%s====", good);
    expect_bad_backend_pub(spelt, "not standard base64");
    mem_free(spelt);
    mem_free(good);
}

static void keys_from_backend_pub_wants_a_public_key_on_p256(void **state)
{
    (void)state;
    static const struct {
        const char *file, *text;
    } cases[] = {
        {TEST_DATA "/test-ec-private.pem", "PEM block"},
        {TEST_DATA "/jwks.json", "PEM block"},
        {TEST_DATA "/other-p384-public.pem", "EC key on P-256"},
        {TEST_DATA "/other-rsa-public.pem", "EC key on P-256"},
        {TEST_DATA "/other-ed25519-public.pem", "EC key on P-256"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *base64 = mint_backend_pub(cases[i].file);
        expect_bad_backend_pub(base64, cases[i].text);
        mem_free(base64);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_from_jwks_takes_p256_keys_and_passes_over_others),
        cmocka_unit_test(keys_from_jwks_refuses_a_set_over_its_maximum),
        cmocka_unit_test(keys_from_backend_pub_wants_strict_base64),
        cmocka_unit_test(keys_from_backend_pub_wants_a_public_key_on_p256),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
