#include "roots.h"

#include "mem.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <sys/stat.h>

#define BUNDLE_MAX (16 * 1024 * 1024) /* bytes; the usual one has 220 KB */

/* A certificate of the bundle, its bytes as they are, and whom it is of. */
struct root {
    unsigned char *der;
    long len;
    X509_NAME *subject;
    bool made; /* it is in the store */
};

struct roots {
    char *file;
    X509_LOOKUP_METHOD *method;
    X509_STORE *store; /* NULL until the first connection */
    struct root *list;
    size_t count;
};

/* --- the bundle ------------------------------------------------------------------------------- */

/* The contents of the DER element at *at, which moves behind it; false when there is none whole. */
static bool next_element(const unsigned char **at, const unsigned char *end, struct span *contents,
                         int *tag)
{
    const unsigned char *start = *at;
    long len;
    int class;
    if (start >= end || ASN1_get_object(&start, &len, tag, &class, end - start) & 0x80)
        return false;
    *contents = (struct span){(const char *)start, (size_t)len};
    *at = start + len;
    return true;
}

/* RFC 5280 4.1: version, serial number, signature, issuer, validity, subject. NULL: no certificate.
 */
static X509_NAME *subject_of(const unsigned char *der, long len)
{
    const unsigned char *at = der;
    struct span inner;
    int tag;
    for (int depth = 0; depth < 2; depth++) {
        if (!next_element(&at, der + len, &inner, &tag))
            return NULL;
        at = (const unsigned char *)inner.at;
    }
    const unsigned char *end = at + inner.len;
    for (int left = 4; left > 0; left--) {
        if (!next_element(&at, end, &inner, &tag))
            return NULL;
        left += tag == 0; /* the version, which may be left out */
    }
    return d2i_X509_NAME(NULL, &at, end - at);
}

static void add(struct roots *roots, unsigned char *der, long len)
{
    X509_NAME *subject = subject_of(der, len);
    if (!subject) {
        OPENSSL_free(der);
        return;
    }
    roots->list = mem_resize(roots->list, roots->count + 1, sizeof *roots->list);
    roots->list[roots->count++] = (struct root){der, len, subject, false};
}

static bool is_bundle(const char *file)
{
    struct stat info;
    return stat(file, &info) == 0 && S_ISREG(info.st_mode) && info.st_size <= BUNDLE_MAX;
}

/* False at the end. What is spoilt is passed over: those behind it are trusted all the same. */
static bool read_one(struct roots *roots, BIO *in)
{
    char *name, *header;
    unsigned char *der;
    long len;
    if (PEM_read_bio(in, &name, &header, &der, &len)) {
        OPENSSL_free(header);
        OPENSSL_free(name);
        add(roots, der, len);
        return true;
    }
    bool over = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
    ERR_clear_error();
    return !over && !BIO_eof(in);
}

static bool read_bundle(struct roots *roots)
{
    BIO *in = is_bundle(roots->file) ? BIO_new_file(roots->file, "r") : NULL;
    while (in && read_one(roots, in))
        ;
    BIO_free(in);
    ERR_clear_error(); /* the end of the file counts as one */
    return roots->count > 0;
}

/* --- what a chain asks for -------------------------------------------------------------------- */

static X509 *make(X509_STORE *store, struct root *root)
{
    const unsigned char *at = root->der;
    X509 *made = d2i_X509(NULL, &at, root->len);
    root->made = true;
    if (made && X509_STORE_add_cert(store, made) != 1) {
        X509_free(made);
        return NULL;
    }
    return made;
}

/* Puts all certificates of that subject into the store; the first is the answer. What is spoilt is
 * no error of the handshake's. */
static int find(X509_LOOKUP *lookup, X509_LOOKUP_TYPE type, const X509_NAME *name,
                X509_OBJECT *found)
{
    struct roots *roots = X509_LOOKUP_get_method_data(lookup);
    int count = 0;
    ERR_set_mark();
    for (size_t i = 0; type == X509_LU_X509 && i < roots->count; i++) {
        struct root *root = &roots->list[i];
        if (root->made || X509_NAME_cmp(root->subject, name) != 0)
            continue;
        X509 *made = make(X509_LOOKUP_get_store(lookup), root);
        if (made && count++ == 0) {
            X509_OBJECT_set1_X509(found, made);
            X509_free(made); /* the caller borrows: the store holds it */
        }
        X509_free(made);
    }
    ERR_pop_to_mark();
    return count > 0;
}

static bool open_store(struct roots *roots)
{
    if (!read_bundle(roots))
        return false;
    roots->store = X509_STORE_new();
    X509_LOOKUP *lookup = X509_STORE_add_lookup(roots->store, roots->method);
    X509_LOOKUP_set_method_data(lookup, roots);
    /* as curl does: an intermediate that the bundle has ends a chain */
    X509_STORE_set_flags(roots->store, X509_V_FLAG_TRUSTED_FIRST | X509_V_FLAG_PARTIAL_CHAIN);
    return true;
}

static CURLcode trust(CURL *easy, void *context, void *arg)
{
    (void)easy;
    struct roots *roots = arg;
    if (!roots->store && !open_store(roots))
        return CURLE_SSL_CACERT_BADFILE;
    SSL_CTX_set1_cert_store(context, roots->store);
    return CURLE_OK;
}

void roots_use(struct roots *roots, CURL *easy)
{
    curl_easy_setopt(easy, CURLOPT_CAINFO, NULL);
    curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
    curl_easy_setopt(easy, CURLOPT_SSL_CTX_FUNCTION, trust);
    curl_easy_setopt(easy, CURLOPT_SSL_CTX_DATA, roots);
}

/* --- life ------------------------------------------------------------------------------------- */

struct roots *roots_new(const char *file)
{
    struct roots *roots = mem_new(sizeof *roots);
    roots->file = mem_copy(file);
    roots->method = X509_LOOKUP_meth_new("roots of a bundle");
    X509_LOOKUP_meth_set_get_by_subject(roots->method, find);
    return roots;
}

void roots_free(struct roots *roots)
{
    if (!roots)
        return;
    X509_STORE_free(roots->store);
    X509_LOOKUP_meth_free(roots->method);
    for (size_t i = 0; i < roots->count; i++) {
        OPENSSL_free(roots->list[i].der);
        X509_NAME_free(roots->list[i].subject);
    }
    mem_free(roots->list);
    mem_free(roots->file);
    mem_free(roots);
}

const char *roots_file(const struct roots *roots)
{
    return roots->file;
}
