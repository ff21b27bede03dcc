/* site: a server whose pages misbehave, and an http aimed at it, for tests of flows' requests. */
#ifndef MOONMILL_RIG_SITE_H
#define MOONMILL_RIG_SITE_H

#include "http.h"
#include "json.h"
#include "server.h"

#define SITE_LIMIT_MS 15000

/* What the server's handler keeps between calls; the handler alone touches it. */
struct pages {
    struct buffer echo;
    char *big;
    char elsewhere[256]; /* where /away/STATUS points; written before any request */
};
void pages_init(struct pages *pages);
void pages_release(struct pages *pages);
/* The handler; arg is the pages. A path that it does not know is echoed. */
struct server_answer pages_serve(void *arg, const struct server_request *request);

struct site {
    struct clock clock;
    struct loop *loop;
    struct pages pages;
    struct server *server;
    char allow[128]; /* the server's address and port, to begin with */
    struct config config;
    struct http *http;
    struct secrets *secrets; /* of config */
};
/* A CMocka fixture: *state is a struct site. */
int site_open(void **state);
int site_close(void **state);
/* Replaces http by one of the config as it is now, with another list (NULL: the same). */
void site_allow(struct site *site, const char *allow);

/* Replaces the secrets by these of an operator. */
void site_secrets(struct site *site, struct config_secret *secrets, size_t count);

/* One answer, as http_done_fn brought it; body has a NUL after it, counted in its len. */
struct answer {
    bool done;
    int calls;
    cJSON *head;
    struct buffer body;
};
void answer_keep(void *arg, struct span head, struct span body); /* an http_done_fn */
void answer_release(struct answer *answer);
int answer_status(const struct answer *answer);
const char *answer_header(const struct answer *answer, const char *name);

/* Sends a whole head and waits for its answer. */
struct answer site_ask(struct site *site, const char *head, const char *body);
/* GET of an absolute URL, or of a path of the site's server. */
struct answer site_get(struct site *site, const char *where);
/* Starts a GET of a path. */
struct http_request *site_start(struct site *site, const char *path, struct answer *answer);
/* Asserts that it failed with that code and a message that has these words; releases it. */
void site_assert_failed(struct answer answer, const char *code, const char *says);

#endif
