/* post: one POST to the API at a time, on one reused easy handle.
 *
 * Knows what every request of a run has in common: its token, TLS, no proxy, no redirects, a capped
 * answer. Sends nothing by itself: the owner starts the prepared handle. The token's copies here,
 * those in header lines too, are wiped before they are freed. */
#ifndef MOONMILL_POST_H
#define MOONMILL_POST_H

#include "answer.h"
#include "mem.h"

#include <curl/curl.h>
#include <stdbool.h>
#include <stdint.h>

struct post {
    CURL *easy;
    char *token;                /* secret */
    char *trace;                /* X-Amzn-Trace-Id; NULL: none */
    struct curl_slist *headers; /* secret */
    struct buffer answer;
    bool cut; /* the answer went past ANSWER_BODY_MAX */
};

/* ca_file and trace may be NULL; post stays where it is until post_release. */
void post_init(struct post *post, const char *ca_file, const char *token, const char *trace);
void post_release(struct post *post);
/* Makes the handle ready for another transfer; body is not copied, it outlives the transfer. */
void post_prepare(struct post *post, const char *url, const char *key, struct span body,
                  int64_t timeout_ms);
/* What came back; points into the post. */
struct answer post_answer(struct post *post, enum answer_push push, CURLcode result,
                          int64_t wall_ms);

#endif
