#include "roots.h"

#include "bundle.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <stdio.h>
#include <sys/stat.h>

#define FILE_MAX (16 * 1024 * 1024) /* bytes; the usual bundle has 220 KB */

struct roots {
    char *file;
    struct bundle bundle;
    bool *made; /* which of them are in the store */
    X509_LOOKUP_METHOD *method;
    X509_STORE *store; /* NULL until the first connection */
};

/* --- the bundle ------------------------------------------------------------------------------- */

/* The file's text, or NULL. */
static char *read_text(const char *file, size_t *len)
{
    struct stat info;
    FILE *in = fopen(file, "r");
    if (!in)
        return NULL;
    char *text = NULL;
    if (fstat(fileno(in), &info) == 0 && S_ISREG(info.st_mode) && info.st_size <= FILE_MAX) {
        text = mem_new((size_t)info.st_size + 1);
        *len = fread(text, 1, (size_t)info.st_size, in);
    }
    fclose(in);
    return text;
}

static bool read_bundle(struct roots *roots)
{
    size_t len;
    char *text = read_text(roots->file, &len);
    if (!text)
        return false;
    bundle_read(&roots->bundle, (struct span){text, len});
    mem_free(text);
    if (roots->bundle.count == 0) {
        bundle_release(&roots->bundle);
        return false;
    }
    roots->made = mem_array(roots->bundle.count, sizeof *roots->made);
    return true;
}

/* --- what a chain asks for -------------------------------------------------------------------- */

static const unsigned char *bytes_of(struct span span)
{
    return (const unsigned char *)span.at;
}

static bool is_of(const struct certificate *certificate, const X509_NAME *name, uint64_t print)
{
    const unsigned char *at = bytes_of(certificate->subject);
    if (print && certificate->print && certificate->print != print)
        return false;
    X509_NAME *subject = d2i_X509_NAME(NULL, &at, (long)certificate->subject.len);
    bool equal = subject && X509_NAME_cmp(subject, name) == 0;
    X509_NAME_free(subject);
    return equal;
}

static X509 *make(X509_STORE *store, const struct certificate *certificate)
{
    const unsigned char *at = bytes_of(certificate->der);
    X509 *made = d2i_X509(NULL, &at, (long)certificate->der.len);
    if (made && X509_STORE_add_cert(store, made) != 1) {
        X509_free(made);
        return NULL;
    }
    return made;
}

static uint64_t print_of(const X509_NAME *name)
{
    const unsigned char *der;
    size_t len;
    return X509_NAME_get0_der(name, &der, &len) == 1
               ? bundle_print((struct span){(const char *)der, len})
               : 0;
}

/* Puts all certificates of that subject into the store; the first is the answer. What is spoilt
 * leaves no error behind, which the handshake that asks would take for its own. */
static int find(X509_LOOKUP *lookup, X509_LOOKUP_TYPE type, const X509_NAME *name,
                X509_OBJECT *found)
{
    struct roots *roots = X509_LOOKUP_get_method_data(lookup);
    uint64_t print = print_of(name);
    int count = 0;
    ERR_set_mark();
    for (size_t i = 0; type == X509_LU_X509 && i < roots->bundle.count; i++) {
        const struct certificate *each = &roots->bundle.list[i];
        if (roots->made[i] || !is_of(each, name, print))
            continue;
        roots->made[i] = true;
        X509 *made = make(X509_LOOKUP_get_store(lookup), each);
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
    bundle_release(&roots->bundle);
    mem_free(roots->made);
    mem_free(roots->file);
    mem_free(roots);
}

const char *roots_file(const struct roots *roots)
{
    return roots->file;
}
