#include "roots.h"

#include "tls.h"

#include <openssl/pem.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define DER_MAX 4096

/* A handshake with the server, by the authorities of the bundle. */
static CURLcode connected(struct roots *roots, const struct tls *tls)
{
    char url[64];
    CURL *easy = curl_easy_init();
    snprintf(url, sizeof url, "https://127.0.0.1:%d/", tls->port);
    curl_easy_setopt(easy, CURLOPT_URL, url);
    curl_easy_setopt(easy, CURLOPT_CONNECT_ONLY, 1L);
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, 10000L);
    roots_use(roots, easy);
    CURLcode code = curl_easy_perform(easy);
    curl_easy_cleanup(easy);
    return code;
}

static CURLcode connected_by(const char *file, const struct tls *tls)
{
    struct roots *roots = roots_new(file);
    assert_string_equal(roots_file(roots), file);
    CURLcode first = connected(roots, tls);
    assert_int_equal(connected(roots, tls), first); /* what was made is kept */
    roots_free(roots);
    return first;
}

static void start(struct tls *tls, const char *names)
{
    struct tls_spec spec = {.names = names, .from_days = -1, .until_days = 1};
    tls_start(tls, &spec);
}

static long read_der(const char *certificate, unsigned char der[DER_MAX])
{
    FILE *file = fopen(certificate, "r");
    char *name, *header;
    unsigned char *bytes;
    long len;
    assert_non_null(file);
    assert_true(PEM_read(file, &name, &header, &bytes, &len));
    assert_true(len <= DER_MAX);
    memcpy(der, bytes, (size_t)len);
    OPENSSL_free(name);
    OPENSSL_free(header);
    OPENSSL_free(bytes);
    fclose(file);
    return len;
}

static void roots_trust_what_the_bundle_has_and_nothing_else(void **state)
{
    (void)state;
    struct tls one, other;
    start(&one, "IP:127.0.0.1");
    start(&other, "IP:127.0.0.1");
    assert_int_equal(connected_by(one.certificate, &one), CURLE_OK);
    assert_int_equal(connected_by(other.certificate, &one), CURLE_PEER_FAILED_VERIFICATION);
    assert_int_equal(connected_by("/nowhere/bundle.pem", &one), CURLE_SSL_CACERT_BADFILE);
    assert_int_equal(connected_by("/dev/null", &one), CURLE_SSL_CACERT_BADFILE);
    assert_int_equal(connected_by("/dev/zero", &one), CURLE_SSL_CACERT_BADFILE);
    tls_stop(&one);
    tls_stop(&other);
}

/* A bundle of the certificate cut at every length, and with every byte changed, then the true one:
 * all of the same subject where that is left whole. */
static void roots_pass_over_what_is_no_certificate(void **state)
{
    (void)state;
    struct tls tls;
    unsigned char der[DER_MAX], spoilt[DER_MAX];
    char path[] = "/tmp/roots-XXXXXX";
    start(&tls, "IP:127.0.0.1");
    long len = read_der(tls.certificate, der);
    FILE *bundle = fdopen(mkstemp(path), "w");
    assert_non_null(bundle);
    fputs("words before\n-----BEGIN CERTIFICATE-----\n!!!\n-----END CERTIFICATE-----\n", bundle);
    for (long cut = 0; cut < len; cut++)
        PEM_write(bundle, "CERTIFICATE", "", der, cut);
    for (long at = 0; at < len; at++) {
        memcpy(spoilt, der, (size_t)len);
        spoilt[at] ^= 0x81;
        PEM_write(bundle, "CERTIFICATE", "", spoilt, len);
    }
    fflush(bundle);
    assert_int_equal(connected_by(path, &tls), CURLE_PEER_FAILED_VERIFICATION);
    PEM_write(bundle, "PRIVATE KEY", "", der, len);
    PEM_write(bundle, "CERTIFICATE", "", der, len);
    fclose(bundle);
    assert_int_equal(connected_by(path, &tls), CURLE_OK);
    unlink(path);
    tls_stop(&tls);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(roots_trust_what_the_bundle_has_and_nothing_else),
        cmocka_unit_test(roots_pass_over_what_is_no_certificate),
    };
    curl_global_init(CURL_GLOBAL_DEFAULT);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
