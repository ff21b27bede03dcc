/* Any bytes as a bundle of authorities: what OpenSSL's own reader finds is found, and a name that
 * is spelled otherwise has the same print. Corpus: tests/fuzz/corpus/bundle. */
#include "bundle.h"

#include <ctype.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds)
        abort();
}

static bool has(const struct bundle *bundle, X509 *certificate)
{
    unsigned char *der = NULL;
    int len = i2d_X509(certificate, &der);
    bool found = false;
    for (size_t i = 0; i < bundle->count && !found; i++) {
        const unsigned char *at = (const unsigned char *)bundle->list[i].der.at;
        X509 *each = d2i_X509(NULL, &at, (long)bundle->list[i].der.len);
        found = each && len > 0 && X509_cmp(each, certificate) == 0;
        X509_free(each);
    }
    OPENSSL_free(der);
    return found || len <= 0;
}

/* The first certificate of the bytes, by OpenSSL's own reader, is written behind all of them. */
static void look_behind(const uint8_t *data, size_t size)
{
    BIO *in = BIO_new_mem_buf(data, (int)size), *out = BIO_new(BIO_s_mem());
    X509 *certificate = PEM_read_bio_X509(in, NULL, NULL, NULL);
    if (certificate && BIO_write(out, data, (int)size) == (int)size && BIO_puts(out, "\n") == 1 &&
        PEM_write_bio_X509(out, certificate) == 1) {
        char *text;
        size_t len = (size_t)BIO_get_mem_data(out, &text);
        struct bundle bundle;
        bundle_read(&bundle, (struct span){text, len});
        must(has(&bundle, certificate));
        bundle_release(&bundle);
    }
    X509_free(certificate);
    BIO_free(out);
    BIO_free(in);
}

/* Its letters in the other case. */
static X509_NAME *respell(const X509_NAME *name)
{
    X509_NAME *other = X509_NAME_dup(name);
    for (int i = 0; i < X509_NAME_entry_count(other); i++) {
        X509_NAME_ENTRY *entry = X509_NAME_get_entry(other, i);
        const ASN1_STRING *value = X509_NAME_ENTRY_get_data(entry);
        int len = ASN1_STRING_length(value);
        unsigned char *text = OPENSSL_memdup(ASN1_STRING_get0_data(value), (size_t)len + !len);
        for (int j = 0; j < len && text[j] < 0x80; j++)
            text[j] = (unsigned char)(islower(text[j]) ? toupper(text[j]) : tolower(text[j]));
        X509_NAME_ENTRY_set_data(entry, ASN1_STRING_type(value), text, len);
        OPENSSL_free(text);
    }
    return other;
}

static uint64_t print_of(const X509_NAME *name)
{
    const unsigned char *der;
    size_t len;
    must(X509_NAME_get0_der(name, &der, &len) == 1);
    return bundle_print((struct span){(const char *)der, len});
}

static void compare_prints(const struct certificate *certificate)
{
    const unsigned char *at = (const unsigned char *)certificate->subject.at;
    X509_NAME *name = d2i_X509_NAME(NULL, &at, (long)certificate->subject.len);
    X509_NAME *other = name ? respell(name) : NULL;
    if (other && X509_NAME_cmp(name, other) == 0) {
        uint64_t one = print_of(other);
        must(one == 0 || certificate->print == 0 || one == certificate->print);
    }
    X509_NAME_free(other);
    X509_NAME_free(name);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bundle bundle;
    bundle_read(&bundle, (struct span){(const char *)data, size});
    must(ERR_peek_error() == 0);
    look_behind(data, size);
    for (size_t i = 0; i < bundle.count; i++)
        compare_prints(&bundle.list[i]);
    bundle_release(&bundle);
    ERR_clear_error();
    return 0;
}
