#include "bundle.h"

#include <openssl/pem.h>
#include <openssl/x509.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define TEXT_MAX (1024 * 1024)
#define USUAL    "/etc/ssl/certs/ca-certificates.crt" /* Debian's, of its package ca-certificates */

/* Common names that count as equal, each spelled in another way, then two that are others. */
static const struct spelling {
    int type; /* of the string, MBSTRING_* or V_ASN1_*: how the bytes are read and kept */
    const char *text;
    bool same;
} spellings[] = {
    {V_ASN1_PRINTABLESTRING, "Root of Trust", true},
    {V_ASN1_UTF8STRING, "Root of Trust", true},
    {V_ASN1_UTF8STRING, "  root OF\t\ttrust ", true},
    {V_ASN1_IA5STRING, "ROOT  of  TRUST", true},
    {V_ASN1_T61STRING, "Root of trust", true},
    {V_ASN1_BMPSTRING, "\0R\0o\0o\0t\0 \0o\0f\0 \0T\0r\0u\0s\0t", true},
    {V_ASN1_UTF8STRING, "Root of Truss", false},
    {V_ASN1_UTF8STRING, "Rootof Trust", false}, /* its print is the same: no harm */
};

static X509_NAME *name_of(const struct spelling *spelling)
{
    X509_NAME *name = X509_NAME_new();
    int len = spelling->type == V_ASN1_BMPSTRING ? 26 : (int)strlen(spelling->text);
    assert_int_equal(X509_NAME_add_entry_by_NID(name, NID_countryName, V_ASN1_PRINTABLESTRING,
                                                (const unsigned char *)"DE", -1, -1, 0),
                     1);
    assert_int_equal(X509_NAME_add_entry_by_NID(name, NID_commonName, spelling->type,
                                                (const unsigned char *)spelling->text, len, -1, 0),
                     1);
    return name;
}

static struct span der_of(X509_NAME *name)
{
    const unsigned char *der;
    size_t len;
    assert_int_equal(X509_NAME_get0_der(name, &der, &len), 1);
    return (struct span){(const char *)der, len};
}

static bool may_be_equal(uint64_t a, uint64_t b)
{
    return a == 0 || b == 0 || a == b;
}

static void bundle_print_is_the_same_for_names_that_count_as_equal(void **state)
{
    (void)state;
    size_t count = sizeof spellings / sizeof *spellings, told_apart = 0;
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < count; j++) {
            X509_NAME *one = name_of(&spellings[i]), *other = name_of(&spellings[j]);
            bool equal = X509_NAME_cmp(one, other) == 0;
            bool maybe = may_be_equal(bundle_print(der_of(one)), bundle_print(der_of(other)));
            assert_int_equal(equal, (spellings[i].same && spellings[j].same) || i == j);
            assert_true(maybe || !equal);
            told_apart += !maybe;
            X509_NAME_free(one);
            X509_NAME_free(other);
        }
    }
    assert_true(told_apart > 0);
}

/* A SET of two, in either order; OpenSSL sorts them. */
static void bundle_print_knows_no_order_in_a_set(void **state)
{
    (void)state;
    X509_NAME *names[2];
    for (int i = 0; i < 2; i++) {
        names[i] = X509_NAME_new();
        for (int j = 0; j < 2; j++)
            assert_int_equal(
                X509_NAME_add_entry_by_NID(names[i], i == j ? NID_commonName : NID_organizationName,
                                           V_ASN1_UTF8STRING, (const unsigned char *)"Same", -1, -1,
                                           j == 0 ? 0 : -1),
                1);
    }
    assert_int_equal(X509_NAME_cmp(names[0], names[1]), 0);
    assert_int_equal(bundle_print(der_of(names[0])), bundle_print(der_of(names[1])));
    X509_NAME_free(names[0]);
    X509_NAME_free(names[1]);
}

static void bundle_print_cannot_tell_of_what_is_no_name(void **state)
{
    (void)state;
    assert_int_equal(bundle_print((struct span){0}), 0);
    assert_int_equal(bundle_print(span_of("\x30\x05\x31\x03")), 0);
    assert_int_equal(bundle_print((struct span){"\x30\x04\x31\x02\x30\x00", 6}), 0);
}

/* --- the text --------------------------------------------------------------------------------- */

static char *read_file(const char *path, size_t *len)
{
    static char text[TEXT_MAX];
    FILE *in = fopen(path, "r");
    assert_non_null(in);
    *len = fread(text, 1, sizeof text, in);
    fclose(in);
    return text;
}

/* What PEM_read_bio and d2i_X509 make of it. */
static void assert_as_openssl_reads(const struct bundle *bundle, struct span text)
{
    BIO *in = BIO_new_mem_buf(text.at, (int)text.len);
    size_t count = 0;
    while (!BIO_eof(in)) {
        X509 *made = PEM_read_bio_X509(in, NULL, NULL, NULL);
        if (!made)
            continue; /* words, a key, no digits */
        assert_true(count < bundle->count);
        const struct certificate *certificate = &bundle->list[count];
        unsigned char *der = NULL;
        int len = i2d_X509(made, &der);
        assert_true(span_equal(certificate->der, (struct span){(char *)der, (size_t)len}));
        assert_true(span_equal(certificate->subject, der_of(X509_get_subject_name(made))));
        OPENSSL_free(der);
        X509_free(made);
        count++;
    }
    BIO_free(in);
    assert_int_equal(bundle->count, count);
}

static void bundle_reads_what_openssl_reads(void **state)
{
    (void)state;
    static const char *const files[] = {TEST_DATA "/authorities.pem", USUAL};
    for (size_t i = 0; i < 2; i++) {
        size_t len;
        struct bundle bundle;
        const char *text = read_file(files[i], &len);
        bundle_read(&bundle, (struct span){text, len});
        assert_true(bundle.count >= 3);
        assert_as_openssl_reads(&bundle, (struct span){text, len});
        bundle_release(&bundle);
    }
}

/* The same digits in lines of other lengths, with other ends of lines. */
static void bundle_takes_any_width_of_line(void **state)
{
    (void)state;
    size_t len, at = 0;
    static char wrapped[2 * TEXT_MAX];
    struct bundle plain, other;
    const char *text = read_file(TEST_DATA "/authorities.pem", &len);
    for (size_t i = 0; i < len; i++) {
        wrapped[at++] = text[i];
        if (text[i] == '\n' || (i % 7 == 0 && text[i] != '-' && text[i] != ' ' && i > 30 &&
                                !memchr(text + i - 30, '-', 60)))
            at += (size_t)sprintf(wrapped + at, "\r\n");
    }
    bundle_read(&plain, (struct span){text, len});
    bundle_read(&other, (struct span){wrapped, at});
    assert_int_equal(plain.count, other.count);
    for (size_t i = 0; i < plain.count; i++)
        assert_true(span_equal(plain.list[i].der, other.list[i].der));
    bundle_release(&plain);
    bundle_release(&other);
}

static void bundle_passes_over_what_is_cut(void **state)
{
    (void)state;
    size_t len;
    struct bundle whole, cut;
    const char *text = read_file(TEST_DATA "/authorities.pem", &len);
    bundle_read(&whole, (struct span){text, len});
    for (size_t kept = 0; kept < len; kept++) {
        char *exact = mem_string((struct span){text, kept});
        bundle_read(&cut, (struct span){exact, kept});
        assert_true(cut.count <= whole.count);
        for (size_t i = 0; i < cut.count; i++)
            assert_true(span_equal(cut.list[i].der, whole.list[i].der));
        bundle_release(&cut);
        mem_free(exact);
    }
    bundle_release(&whole);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bundle_print_is_the_same_for_names_that_count_as_equal),
        cmocka_unit_test(bundle_print_knows_no_order_in_a_set),
        cmocka_unit_test(bundle_print_cannot_tell_of_what_is_no_name),
        cmocka_unit_test(bundle_reads_what_openssl_reads),
        cmocka_unit_test(bundle_takes_any_width_of_line),
        cmocka_unit_test(bundle_passes_over_what_is_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
