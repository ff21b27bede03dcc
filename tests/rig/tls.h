/* tls: an HTTPS server with a certificate of one's choice: openssl's own s_server, on a free port
 * of 127.0.0.1. */
#ifndef MOONMILL_RIG_TLS_H
#define MOONMILL_RIG_TLS_H

#include <sys/types.h>

struct tls_spec {
    const char *names; /* as OpenSSL writes them: "IP:127.0.0.1,DNS:localhost" */
    int from_days;     /* valid from and until, in days from now */
    int until_days;
    const char *option; /* of s_server: "-no_tls1_3"; NULL: none */
};

struct tls {
    char folder[32];
    char key[64], certificate[64]; /* files; the certificate is its own issuer */
    pid_t pid;
    int port;
};

/* Fails the test when it cannot. */
void tls_start(struct tls *tls, const struct tls_spec *spec);
void tls_stop(struct tls *tls);

#endif
