/* api: an API that answers callbacks by script, and one callback that reports to it.
 *
 * Records every request as it came. Rules are asked in order: the first whose path ends and whose
 * body holds what it wants, and which is not used up, answers; else the API accepts. */
#ifndef MOONMILL_RIG_API_H
#define MOONMILL_RIG_API_H

#include "callback.h"
#include "server.h"

#include <pthread.h>
#include <stdio.h>

#define API_TOKEN     "eyJhbGciOi.c2VjcmV0LWNsYWlt.c2lnbmF0dXJl"
#define API_TRACE     "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1"
#define API_PARENT    "00-5759e988bd862e3fe1be46a994272793-53995c3f42cd8ad8-01"
#define API_SEEN_MAX  512
#define API_RULES_MAX 8
#define API_LIMIT_MS  15000

struct api_rule {
    const char *path;  /* how the path ends: "events", "progress" */
    const char *holds; /* text in the body, or NULL: any */
    int times;         /* how often it answers; -1: always */
    struct server_answer answer;
    size_t over_bytes; /* only for larger bodies; 0: any */
};

struct api_seen {
    char path[128];
    char key[96];
    char headers[1024];
    char *body;
    unsigned connection;
    int64_t at_ms;
};

struct api {
    struct server *server;
    pthread_mutex_t lock; /* of what the server's threads write */
    struct api_rule rules[API_RULES_MAX];
    struct api_seen seen[API_SEEN_MAX];
    size_t seen_count;

    struct clock clock;
    struct loop *loop;
    struct config config;
    FILE *log_file;
    struct log log;
    struct callback *callback;
    int64_t left_ms; /* to the deadline, from api_new_callback on */
    char *base;      /* the claim's callback_url; NULL: the server's */

    /* what the user heard */
    int opens, rooms, poisons, stops, ends;
    bool opened, stopped, poisoned, ended, room;
    enum callback_open how_opened;
    enum callback_stop how_stopped;
    enum callback_proof proof;
    char why[512], poison[512];
    bool frees_on_opened, frees_on_stopped, frees_on_ended, frees_on_room;
};

/* Fixtures of a test: a server, a loop, a short-lived config; the callback is made later. The log
 * must not hold the token. */
int api_set_up(void **state);
int api_tear_down(void **state);
/* Serves on that port (0: any); the server that was is stopped already. */
void api_serve(struct api *api, int port);
/* Adds a rule. */
void api_rule(struct api *api, struct api_rule rule);
void api_new_callback(struct api *api);
/* The same, callback_open, and waits until it was opened. */
void api_open(struct api *api);
void api_event(struct api *api, const char *type, const char *payload);
/* The numbers from..to as events of type n. */
void api_numbers(struct api *api, int from, int to);
/* One event, and the run completed. */
void api_say_one_event(struct api *api);
/* Frees the callback and forgets rules and requests, before the next row of a table. */
void api_start_over(struct api *api);
/* Waits until the callback ended, once, with this proof. */
void api_expect_end(struct api *api, enum callback_proof proof);
/* Waits until that many requests came. */
void api_expect_requests(struct api *api, size_t count);
size_t api_requests(struct api *api);
/* The bodies of requests first, first + 1, ... without those that repeat the key before. */
void api_check_bodies(struct api *api, size_t first, const char *const *bodies, size_t count);
/* How often text stands in all that was accepted or not. */
size_t api_count(struct api *api, const char *text);
/* The log so far; freed by mem_free. */
char *api_log(struct api *api);

#endif
