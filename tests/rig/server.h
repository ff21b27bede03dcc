/* server: a small real HTTP/1.1 server for tests, scripted to misbehave.
 *
 * Listens on one address, a thread a connection, keep-alive. The handler is called
 * (one call at a time, under a lock) for each whole request and says what happens to it, faults of
 * the socket included. server_stop ends every thread it started. */
#ifndef MOONMILL_RIG_SERVER_H
#define MOONMILL_RIG_SERVER_H

#include "mem.h"

#include <stdbool.h>
#include <stddef.h>

struct server;

struct server_request {
    const char *method;  /* "POST" */
    const char *path;    /* with the query */
    const char *headers; /* raw header lines, each ended by \r\n */
    struct span body;    /* NUL-terminated as well */
    unsigned connection; /* 1, 2, ... in order of accept */
};
/* The value of a header, without case, in a static per-thread buffer; NULL when absent. */
const char *server_header(const struct server_request *request, const char *name);

enum server_fault {
    SERVER_ANSWERS,
    SERVER_CLOSES, /* closes after the request was read, no answer */
    SERVER_RESETS, /* the same with a TCP reset */
    SERVER_HALF,   /* sends half of the answer's body, then closes */
    SERVER_CUTS,   /* sends the first line of the answer's head, then closes */
    SERVER_HANGS,  /* keeps the connection open and never answers (until server_stop) */
    SERVER_DRIPS,  /* sends the answer's body a byte in delay_ms */
};
struct server_answer {
    int status;
    const char *headers; /* extra lines, each ended by \r\n, or NULL */
    const char *body;    /* copied before the handler is called again; NULL: empty */
    size_t body_len;     /* 0: strlen(body) */
    int delay_ms;        /* before the answer; other connections go on meanwhile */
    enum server_fault fault;
};
typedef struct server_answer server_handler(void *arg, const struct server_request *request);

/* On 127.0.0.1; port 0: any free one. Aborts the test when it cannot listen. */
struct server *server_start(int port, server_handler *handler, void *arg);
/* On an IPv4 or IPv6 address; "0.0.0.0" or "::" is all of the machine's of that kind. */
struct server *server_start_on(const char *address, int port, server_handler *handler, void *arg);
void server_stop(struct server *server);
int server_port(const struct server *server);
/* "http://127.0.0.1:PORT", with its own address; owned by the server. */
const char *server_url(const struct server *server);
unsigned server_connections(const struct server *server);

#endif
