#include "tls.h"

// clang-format off
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
// clang-format on
#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define DAY (24 * 3600L)

static void add_extension(X509 *certificate, int nid, const char *value)
{
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, nid, value);
    assert_non_null(extension);
    X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
}

static X509 *make_certificate(const struct tls_spec *spec, EVP_PKEY *key)
{
    X509 *certificate = X509_new();
    X509_NAME *name = X509_get_subject_name(certificate);
    X509_set_version(certificate, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), spec->from_days * DAY);
    X509_gmtime_adj(X509_getm_notAfter(certificate), spec->until_days * DAY);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"test", -1, -1, 0);
    X509_set_issuer_name(certificate, name);
    X509_set_pubkey(certificate, key);
    add_extension(certificate, NID_basic_constraints, "critical,CA:TRUE");
    add_extension(certificate, NID_subject_alt_name, spec->names);
    assert_true(X509_sign(certificate, key, EVP_sha256()) > 0);
    return certificate;
}

static void write_files(const struct tls *tls, const struct tls_spec *spec)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *certificate = make_certificate(spec, key);
    FILE *file = fopen(tls->key, "w");
    assert_non_null(file);
    PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL);
    fclose(file);
    file = fopen(tls->certificate, "w");
    assert_non_null(file);
    PEM_write_X509(file, certificate);
    fclose(file);
    X509_free(certificate);
    EVP_PKEY_free(key);
}

/* Starts openssl's own server; its output comes by the pipe. */
static pid_t spawn(const struct tls *tls, const struct tls_spec *spec, int output)
{
    pid_t pid = fork();
    if (pid == 0) {
        dup2(open("/dev/null", O_RDONLY), 0);
        dup2(output, 1);
        dup2(open("/dev/null", O_WRONLY), 2);
        execlp("openssl", "openssl", "s_server", "-accept", "127.0.0.1:0", "-www", "-key", tls->key,
               "-cert", tls->certificate, spec->option, (char *)NULL);
        _exit(127);
    }
    return pid;
}

void tls_start(struct tls *tls, const struct tls_spec *spec)
{
    char line[256] = "";
    int pipes[2];
    *tls = (struct tls){.folder = "/tmp/moonmill-tls-XXXXXX"};
    assert_non_null(mkdtemp(tls->folder));
    snprintf(tls->key, sizeof tls->key, "%s/key.pem", tls->folder);
    snprintf(tls->certificate, sizeof tls->certificate, "%s/cert.pem", tls->folder);
    write_files(tls, spec);
    assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
    tls->pid = spawn(tls, spec, pipes[1]);
    close(pipes[1]);
    FILE *output = fdopen(pipes[0], "r");
    while (!strstr(line, "ACCEPT") && fgets(line, sizeof line, output))
        continue;
    const char *port = strrchr(line, ':');
    assert_non_null(port);
    tls->port = atoi(port + 1);
    fclose(output);
}

void tls_stop(struct tls *tls)
{
    kill(tls->pid, SIGKILL);
    waitpid(tls->pid, NULL, 0);
    unlink(tls->key);
    unlink(tls->certificate);
    rmdir(tls->folder);
}
