/* post: one POST to the API at a time, on one reused easy handle.
 *
 * Knows what every request of a run has in common: its token, TLS, no proxy, no redirects, a capped
 * answer. Sends nothing by itself: the owner starts the prepared handle. The token's copies here,
 * those in header lines too, are wiped before they are freed. */
#ifndef MOONMILL_POST_H
#define MOONMILL_POST_H

#include "answer.h"
#include "diag.h"
#include "mem.h"

#include <curl/curl.h>
#include <stdbool.h>
#include <stdint.h>

#define POST_ID_SIZE  33
#define POST_KEY_SIZE 48

struct post {
    CURL *easy;
    char id[POST_ID_SIZE];      /* 32 random hex digits, the same for all that is posted here */
    char *token;                /* secret */
    char *trace;                /* X-Amzn-Trace-Id; NULL: none */
    struct curl_slist *headers; /* secret */
    struct buffer answer;
    bool cut;        /* the answer went past ANSWER_BODY_MAX */
    bool whole_head; /* its head came to its end */
};

/* trace may be NULL; post stays where it is until post_release. False with err: the
 * token (ERROR_INPUT) would break its header line, or the machine has no random numbers
 * (ERROR_SYSTEM). A trace that would is left out. */
bool post_init(struct post *post, const char *token, const char *trace, struct error *err);
void post_release(struct post *post);
/* Makes the handle ready for another transfer. Its Idempotency-Key is the id, '-' and key. body is
 * not copied: it outlives the transfer. */
void post_prepare(struct post *post, const char *url, const char *key, struct span body,
                  int64_t timeout_ms);
/* What came back; points into the post. */
struct answer post_answer(struct post *post, enum answer_push push, CURLcode result,
                          int64_t wall_ms);

/* "POST /path: 403", for people. */
void post_describe(const char *url, const struct answer *answer, struct error *err);

#endif
