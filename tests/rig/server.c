#include "server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define HEAD_MAX         (256 * 1024)
#define REQUEST_MAX      (32 * 1024 * 1024)
#define HEADER_VALUE_MAX (16 * 1024)

struct connection {
    struct server *server;
    struct connection *next;
    pthread_t thread;
    unsigned number;
    int fd; /* -1 once closed; written under the server's lock */
};

struct server {
    server_handler *handler;
    void *arg;
    int listener;
    int port;
    char url[64];
    pthread_t thread;
    pthread_mutex_t turn; /* one handler at a time */
    pthread_mutex_t lock; /* of what follows */
    pthread_cond_t changed;
    struct connection *connections;
    unsigned accepted;
    bool stopping;
};

/* Where a request lies in the bytes read so far. */
struct frame {
    size_t head_len; /* request line and headers, the empty line included */
    size_t body_len;
    bool closes;  /* the client wants no further request */
    bool expects; /* it waits for a 100 before it sends the body */
};

static void must(bool done, const char *what)
{
    if (done)
        return;
    fprintf(stderr, "rig: server: %s: %s\n", what, strerror(errno));
    abort();
}

/* --- reading --------------------------------------------------------------------------------- */

const char *server_header(const struct server_request *request, const char *name)
{
    static _Thread_local char value[HEADER_VALUE_MAX];
    size_t len = strlen(name);
    for (const char *line = request->headers; *line; line = strstr(line, "\r\n") + 2) {
        if (strncasecmp(line, name, len) != 0 || line[len] != ':')
            continue;
        const char *from = line + len + 1 + strspn(line + len + 1, " \t");
        size_t size = (size_t)(strstr(from, "\r\n") - from);
        snprintf(value, sizeof value, "%.*s", (int)size, from);
        return value;
    }
    return NULL;
}

/* True when the head is whole; then it is described. */
static bool find_frame(const struct buffer *in, struct frame *frame)
{
    const char *end = in->len ? memmem(in->data, in->len, "\r\n\r\n", 4) : NULL;
    if (!end)
        return false;
    size_t len = (size_t)(end - in->data) + 4;
    char *head = mem_string((struct span){in->data, len - 2});
    struct server_request request = {.headers = strstr(head, "\r\n") + 2};
    const char *length = server_header(&request, "content-length");
    *frame = (struct frame){.head_len = len, .body_len = length ? strtoul(length, NULL, 10) : 0};
    const char *connection = server_header(&request, "connection");
    frame->closes = connection && strcasecmp(connection, "close") == 0;
    const char *expect = server_header(&request, "expect");
    frame->expects = expect && strcasecmp(expect, "100-continue") == 0;
    mem_free(head);
    return true;
}

static bool send_all(int fd, const char *at, size_t len)
{
    while (len > 0) {
        ssize_t sent = send(fd, at, len, MSG_NOSIGNAL);
        if (sent <= 0)
            return false;
        at += sent;
        len -= (size_t)sent;
    }
    return true;
}

/* Reads until one whole request is in; false when the client is gone or sends nonsense. */
static bool read_request(int fd, struct buffer *in, struct frame *frame)
{
    static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";
    char chunk[16 * 1024];
    bool told = false;
    while (!find_frame(in, frame) || in->len < frame->head_len + frame->body_len) {
        if (in->len > HEAD_MAX && !memmem(in->data, in->len, "\r\n\r\n", 4))
            return false;
        if (find_frame(in, frame) && frame->expects && !told) {
            told = true;
            if (!send_all(fd, go_on, sizeof go_on - 1))
                return false;
        }
        ssize_t got = recv(fd, chunk, sizeof chunk, 0);
        if (got <= 0 || !buffer_add(in, (struct span){chunk, (size_t)got}))
            return false;
    }
    return true;
}

/* --- answering ------------------------------------------------------------------------------- */

/* What was copied of an answer while the handler's lock was held. */
struct reply {
    struct server_answer answer;
    char *headers;
    char *body;
};

static bool has_no_body(const char *method, int status)
{
    return strcmp(method, "HEAD") == 0 || status == 204 || status == 304 || status < 200;
}

/* Splits the request in place, asks the handler, and keeps what it said. */
static struct reply ask(struct connection *connection, struct buffer *in, const struct frame *frame)
{
    struct server *server = connection->server;
    char *head = mem_string((struct span){in->data, frame->head_len - 2});
    char *body = mem_string((struct span){in->data + frame->head_len, frame->body_len});
    char *headers = strstr(head, "\r\n") + 2;
    headers[-2] = '\0';
    char *rest = head;
    char *method = strsep(&rest, " ");
    char *path = rest ? strsep(&rest, " ") : head + strlen(head);
    struct server_request request = {.method = method,
                                     .path = path,
                                     .headers = headers,
                                     .body = {body, frame->body_len},
                                     .connection = connection->number};
    pthread_mutex_lock(&server->turn);
    struct reply reply = {.answer = server->handler(server->arg, &request)};
    if (reply.answer.status == 0)
        reply.answer.status = 200;
    if (reply.answer.body && reply.answer.body_len == 0)
        reply.answer.body_len = strlen(reply.answer.body);
    reply.body = mem_string((struct span){reply.answer.body, reply.answer.body_len});
    reply.headers = mem_copy(reply.answer.headers ? reply.answer.headers : "");
    pthread_mutex_unlock(&server->turn);
    if (has_no_body(method, reply.answer.status))
        reply.answer.body_len = 0;
    mem_free(head);
    mem_free(body);
    return reply;
}

/* Waits, unless the server is stopped meanwhile; ms < 0: until it is. */
static bool wait_a_while(struct server *server, int ms)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += ms / 1000;
    until.tv_nsec += (long)(ms % 1000) * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    pthread_mutex_lock(&server->lock);
    int timed_out = 0;
    while (!server->stopping && timed_out == 0) {
        if (ms < 0)
            pthread_cond_wait(&server->changed, &server->lock);
        else
            timed_out = pthread_cond_timedwait(&server->changed, &server->lock, &until);
    }
    bool goes_on = !server->stopping;
    pthread_mutex_unlock(&server->lock);
    return goes_on;
}

static bool drip(struct connection *connection, const struct reply *reply)
{
    for (size_t i = 0; i < reply->answer.body_len; i++)
        if (!wait_a_while(connection->server, reply->answer.delay_ms) ||
            !send_all(connection->fd, reply->body + i, 1))
            return false;
    return true;
}

/* True when the connection may serve another request. */
static bool send_answer(struct connection *connection, const struct reply *reply)
{
    const struct server_answer *answer = &reply->answer;
    int fd = connection->fd;
    struct buffer head;
    buffer_init(&head, HEAD_MAX);
    buffer_format(&head, "HTTP/1.1 %d Answer\r\n", answer->status);
    if (answer->fault == SERVER_CUTS) {
        send_all(fd, head.data, head.len);
        buffer_release(&head);
        return false;
    }
    buffer_text(&head, reply->headers);
    if (!strcasestr(reply->headers, "transfer-encoding:") &&
        !strcasestr(reply->headers, "content-length:") && answer->status != 204)
        buffer_format(&head, "Content-Length: %zu\r\n", answer->body_len);
    buffer_text(&head, "\r\n");
    size_t len = answer->fault == SERVER_HALF ? answer->body_len / 2 : answer->body_len;
    bool sent = send_all(fd, head.data, head.len);
    if (answer->fault == SERVER_DRIPS)
        sent = sent && drip(connection, reply);
    else
        sent = sent && send_all(fd, reply->body, len);
    buffer_release(&head);
    return sent && answer->fault == SERVER_ANSWERS &&
           !strcasestr(reply->headers, "connection: close");
}

/* True when the connection may serve another request. */
static bool act(struct connection *connection, const struct reply *reply)
{
    struct server *server = connection->server;
    int fd = connection->fd;
    if (reply->answer.delay_ms > 0 && !wait_a_while(server, reply->answer.delay_ms))
        return false;
    switch (reply->answer.fault) {
    case SERVER_HANGS:
        wait_a_while(server, -1);
        return false;
    case SERVER_RESETS:
        /* lingering for no time is how the socket interface spells RST */
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &(struct linger){.l_onoff = 1},
                   sizeof(struct linger));
        return false;
    case SERVER_CLOSES:
        return false;
    case SERVER_ANSWERS:
    case SERVER_HALF:
    case SERVER_DRIPS:
    case SERVER_CUTS:
        break;
    }
    return send_answer(connection, reply);
}

static void *serve(void *arg)
{
    struct connection *connection = arg;
    struct server *server = connection->server;
    struct buffer in;
    struct frame frame;
    bool more = true;
    buffer_init(&in, REQUEST_MAX);
    while (more && read_request(connection->fd, &in, &frame)) {
        struct reply reply = ask(connection, &in, &frame);
        more = act(connection, &reply) && !frame.closes;
        buffer_drop(&in, frame.head_len + frame.body_len);
        mem_free(reply.headers);
        mem_free(reply.body);
    }
    buffer_release(&in);
    pthread_mutex_lock(&server->lock);
    close(connection->fd);
    connection->fd = -1;
    pthread_mutex_unlock(&server->lock);
    return NULL;
}

/* --- life ------------------------------------------------------------------------------------ */

/* Our threads take no signals: those are for the loop under test. */
static void start_thread(pthread_t *thread, void *(*body)(void *arg), void *arg)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    errno = pthread_create(thread, NULL, body, arg);
    must(errno == 0, "thread");
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

static void *accept_all(void *arg)
{
    struct server *server = arg;
    for (;;) {
        int fd = accept4(server->listener, NULL, NULL, SOCK_CLOEXEC);
        if (fd < 0 && (errno == EINTR || errno == ECONNABORTED))
            continue;
        pthread_mutex_lock(&server->lock);
        if (fd < 0 || server->stopping) {
            pthread_mutex_unlock(&server->lock);
            if (fd >= 0)
                close(fd);
            return NULL;
        }
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
        struct connection *connection = mem_new(sizeof *connection);
        *connection = (struct connection){
            .server = server, .next = server->connections, .number = ++server->accepted, .fd = fd};
        server->connections = connection;
        start_thread(&connection->thread, serve, connection);
        pthread_mutex_unlock(&server->lock);
    }
}

/* The address as the socket interface wants it; returns its size. */
static socklen_t parse_address(const char *text, int port, struct sockaddr_storage *address)
{
    struct sockaddr_in *four = (struct sockaddr_in *)address;
    struct sockaddr_in6 *six = (struct sockaddr_in6 *)address;
    *address = (struct sockaddr_storage){.ss_family = AF_INET};
    four->sin_port = htons((uint16_t)port);
    if (inet_pton(AF_INET, text, &four->sin_addr) == 1)
        return sizeof *four;
    address->ss_family = AF_INET6;
    must(inet_pton(AF_INET6, text, &six->sin6_addr) == 1, text);
    return sizeof *six;
}

static void listen_on(struct server *server, const char *text, int port)
{
    struct sockaddr_storage address;
    socklen_t size = parse_address(text, port, &address);
    bool six = address.ss_family == AF_INET6;
    server->listener = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    must(server->listener >= 0, "socket");
    setsockopt(server->listener, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
    if (six)
        setsockopt(server->listener, IPPROTO_IPV6, IPV6_V6ONLY, &(int){1}, sizeof(int));
    must(bind(server->listener, (struct sockaddr *)&address, size) == 0, "bind");
    must(listen(server->listener, 128) == 0, "listen");
    must(getsockname(server->listener, (struct sockaddr *)&address, &size) == 0, "getsockname");
    /* both kinds keep the port in the same place */
    server->port = ntohs(((struct sockaddr_in *)&address)->sin_port);
    snprintf(server->url, sizeof server->url, "http://%s%s%s:%d", six ? "[" : "", text,
             six ? "]" : "", server->port);
}

struct server *server_start(int port, server_handler *handler, void *arg)
{
    return server_start_on("127.0.0.1", port, handler, arg);
}

struct server *server_start_on(const char *address, int port, server_handler *handler, void *arg)
{
    struct server *server = mem_new(sizeof *server);
    server->handler = handler;
    server->arg = arg;
    listen_on(server, address, port);
    pthread_mutex_init(&server->turn, NULL);
    pthread_mutex_init(&server->lock, NULL);
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&server->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    start_thread(&server->thread, accept_all, server);
    return server;
}

void server_stop(struct server *server)
{
    if (!server)
        return;
    pthread_mutex_lock(&server->lock);
    server->stopping = true;
    pthread_cond_broadcast(&server->changed);
    shutdown(server->listener, SHUT_RDWR);
    for (struct connection *each = server->connections; each; each = each->next)
        if (each->fd >= 0)
            shutdown(each->fd, SHUT_RDWR);
    pthread_mutex_unlock(&server->lock);
    pthread_join(server->thread, NULL);
    while (server->connections) {
        struct connection *gone = server->connections;
        server->connections = gone->next;
        pthread_join(gone->thread, NULL);
        mem_free(gone);
    }
    close(server->listener);
    pthread_cond_destroy(&server->changed);
    pthread_mutex_destroy(&server->lock);
    pthread_mutex_destroy(&server->turn);
    mem_free(server);
}

int server_port(const struct server *server)
{
    return server->port;
}

const char *server_url(const struct server *server)
{
    return server->url;
}

unsigned server_connections(const struct server *server)
{
    struct server *mine = (struct server *)server; /* the lock is no part of its value */
    pthread_mutex_lock(&mine->lock);
    unsigned count = mine->accepted;
    pthread_mutex_unlock(&mine->lock);
    return count;
}
