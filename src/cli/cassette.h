/* cassette: requests of flows with their answers, in a file: recorded once, played as often as one
 * likes.
 *
 * {"exchanges":[...]}, an exchange a line: {"request":{"method","url","body"},
 * "answer":{"status","headers","body"} or {"error":"net.timeout ..."}}; a body is null or one of
 * {"json":...}, {"text":"..."}, {"base64":"..."}. Headers of requests are not kept, as they carry
 * what must stay secret; they do not count when requests are compared. */
#ifndef MOONMILL_CLI_CASSETTE_H
#define MOONMILL_CLI_CASSETTE_H

#include "diag.h"
#include "mem.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>

#define CASSETTE_MAX ((size_t)256 * 1024 * 1024)

struct exchange {
    char *method;
    char *url;
    struct buffer body; /* of the request */
    bool answered;
    int status;            /* 0: it came to nothing, and error says how */
    char *error;           /* "net.timeout shop.example.com: ..." */
    cJSON *headers;        /* of the answer: an object of strings, names in lower case */
    struct buffer content; /* of the answer */
    bool used;
    struct exchange *next;
};

struct cassette;

struct cassette *cassette_new(void);
/* NULL with err (ERROR_INPUT): which exchange broke which rule. */
struct cassette *cassette_read(struct span text, struct error *err);
/* Accepts NULL. */
void cassette_free(struct cassette *cassette);

/* A new one at the end, without an answer; url and body hold no secret any more. Owned by the
 * cassette; NULL when that is full. */
struct exchange *cassette_add(struct cassette *cassette, const char *method, const char *url,
                              struct span body);
/* The file; what was never answered is left out. False when out is full. */
bool cassette_put(const struct cassette *cassette, struct buffer *out);

/* The next exchange that was not used yet with this very request; else with this method and URL,
 * and *same false; else NULL. */
struct exchange *cassette_find(struct cassette *cassette, const char *method, const char *url,
                               struct span body, bool *same);
/* The first one; follow next. */
struct exchange *cassette_first(const struct cassette *cassette);

/* The request as lines, to be compared: "POST url", then the body, JSON broken where it can be. */
bool cassette_put_request(struct buffer *out, const char *method, const char *url,
                          struct span body);

#endif
