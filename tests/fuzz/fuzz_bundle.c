/* Any bytes as a bundle of certificates: names that count as equal have one print, and what
 * OpenSSL reads up to its first complaint is found, once it is written as it should be. Corpus:
 * tests/fuzz/corpus/bundle. */
#include "bundle.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdbool.h>
#include <stdlib.h>

#define NAMES_MAX 64 /* that are compared, each with each */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds)
        abort();
}

static bool lies_in(struct span inner, struct span outer)
{
    return inner.at >= outer.at && inner.at + inner.len <= outer.at + outer.len;
}

static bool has(const struct bundle *bundle, X509 *wanted)
{
    bool found = false;
    for (size_t i = 0; !found && i < bundle->count; i++) {
        const unsigned char *at = (const unsigned char *)bundle->list[i].der.at;
        X509 *each = d2i_X509(NULL, &at, (long)bundle->list[i].der.len);
        found = each && X509_cmp(each, wanted) == 0;
        X509_free(each);
    }
    return found;
}

/* What OpenSSL reads of the text, written as it should be. */
static BIO *write_again(struct span text)
{
    BIO *in = BIO_new_mem_buf(text.at, (int)text.len), *out = BIO_new(BIO_s_mem());
    for (X509 *each; (each = PEM_read_bio_X509(in, NULL, NULL, NULL));) {
        PEM_write_bio_X509(out, each);
        X509_free(each);
    }
    BIO_free(in);
    return out;
}

static void look_for_all(struct span text)
{
    struct bundle bundle;
    BIO *good = write_again(text), *in;
    char *at;
    long len = BIO_get_mem_data(good, &at);
    bundle_read(&bundle, (struct span){at, (size_t)len});
    in = BIO_new_mem_buf(at, (int)len);
    for (X509 *each; (each = PEM_read_bio_X509(in, NULL, NULL, NULL));) {
        must(has(&bundle, each));
        X509_free(each);
    }
    bundle_release(&bundle);
    BIO_free(in);
    BIO_free(good);
}

static void compare_names(const struct bundle *bundle)
{
    X509_NAME *names[NAMES_MAX] = {NULL};
    size_t count = bundle->count < NAMES_MAX ? bundle->count : NAMES_MAX;
    for (size_t i = 0; i < count; i++) {
        const struct certificate *one = &bundle->list[i];
        const unsigned char *at = (const unsigned char *)one->subject.at;
        must(lies_in(one->subject, one->der) && one->print == bundle_print(one->subject));
        names[i] = d2i_X509_NAME(NULL, &at, (long)one->subject.len);
        for (size_t k = 0; names[i] && k < i; k++)
            must(!names[k] || !one->print || !bundle->list[k].print ||
                 X509_NAME_cmp(names[i], names[k]) != 0 || one->print == bundle->list[k].print);
    }
    for (size_t i = 0; i < count; i++)
        X509_NAME_free(names[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bundle bundle;
    struct span text = {(const char *)data, size};
    bundle_read(&bundle, text);
    must(ERR_peek_error() == 0);
    look_for_all(text);
    compare_names(&bundle);
    ERR_clear_error();
    bundle_release(&bundle);
    return 0;
}
