/* Any bytes as a bundle of authorities, in a handshake with a server: it is trusted or it is not,
 * and so it is the second time (fuzz_bundle has the reading). Corpus: tests/fuzz/corpus/roots. */
#include "roots.h"

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define CERTIFICATE TEST_DATA "/test-ec-certificate.pem"
#define KEY         TEST_DATA "/test-ec-private.pem"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds)
        abort();
}

struct server {
    SSL_CTX *tls;
    int fd; /* listens */
    char address[64];
};

static void open_server(struct server *server)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    socklen_t len = offsetof(struct sockaddr_un, sun_path);
    server->tls = SSL_CTX_new(TLS_server_method());
    must(SSL_CTX_use_certificate_file(server->tls, CERTIFICATE, SSL_FILETYPE_PEM) == 1);
    must(SSL_CTX_use_PrivateKey_file(server->tls, KEY, SSL_FILETYPE_PEM) == 1);
    server->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    must(bind(server->fd, (struct sockaddr *)&address, len) == 0); /* an abstract one */
    must(listen(server->fd, 1) == 0);
    len = sizeof address;
    must(getsockname(server->fd, (struct sockaddr *)&address, &len) == 0);
    len -= offsetof(struct sockaddr_un, sun_path) + 1;
    memcpy(server->address, address.sun_path + 1, len);
}

static CURL *new_client(const struct server *server, struct roots *roots)
{
    CURL *easy = curl_easy_init();
    curl_easy_setopt(easy, CURLOPT_URL, "https://127.0.0.1/");
    curl_easy_setopt(easy, CURLOPT_ABSTRACT_UNIX_SOCKET, server->address);
    curl_easy_setopt(easy, CURLOPT_CONNECT_ONLY, 1L);
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    roots_use(roots, easy);
    return easy;
}

/* Both sides in turns, in one thread. */
static CURLcode handshake(const struct server *server, struct roots *roots)
{
    int running, left;
    CURLM *multi = curl_multi_init();
    CURL *easy = new_client(server, roots);
    curl_multi_add_handle(multi, easy);
    curl_multi_perform(multi, &running);
    int fd = accept4(server->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    SSL *session = SSL_new(server->tls);
    SSL_set_fd(session, fd);
    while (curl_multi_perform(multi, &running) == CURLM_OK && running)
        SSL_accept(session);
    CURLcode code = curl_multi_info_read(multi, &left)->data.result;
    curl_multi_remove_handle(multi, easy);
    curl_easy_cleanup(easy);
    curl_multi_cleanup(multi);
    SSL_free(session);
    close(fd);
    return code;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct server server;
    if (!server.tls)
        open_server(&server);
    char file[64];
    int fd = memfd_create("bundle", MFD_CLOEXEC);
    must(fd >= 0 && write(fd, data, size) == (ssize_t)size);
    snprintf(file, sizeof file, "/proc/self/fd/%d", fd);
    struct roots *roots = roots_new(file);
    bool trusted = handshake(&server, roots) == CURLE_OK;
    must((handshake(&server, roots) == CURLE_OK) == trusted); /* what was made is kept */
    roots_free(roots);
    close(fd);
    return 0;
}
