/* answer: what one HTTP answer of the API proves.
 *
 * A pure function of what was sent and what came back, read from one table (design.md section 4,
 * contract.md 3.4). Proof is a 2xx with an empty or a JSON body: a proxy's HTML page proves
 * nothing. */
#ifndef MOONMILL_ANSWER_H
#define MOONMILL_ANSWER_H

#include "mem.h"

#include <curl/curl.h>
#include <stdbool.h>
#include <stdint.h>

#define ANSWER_BODY_MAX       (64 * 1024) /* more than that is not read, and no JSON */
#define ANSWER_RETRY_AFTER_MS 30000       /* longer Retry-Afters count as this */

/* What the answered request was. The first, third and fourth go to the progress URL. */
enum answer_push { ANSWER_TO_RUNNING, ANSWER_TO_EVENTS, ANSWER_TO_PROGRESS, ANSWER_TO_END };

enum answer_verdict {
    ANSWER_ACCEPTED,
    ANSWER_OVER,         /* accepted:false: the run is terminal */
    ANSWER_UNKNOWN_RUN,  /* progress says 404 NOT_FOUND: this backend keeps no run rows */
    ANSWER_AGAIN,        /* the same push may succeed later */
    ANSWER_BROKEN,       /* 5xx: again, but events may be to blame */
    ANSWER_UNACCEPTABLE, /* events: their contents or their size will not do */
    ANSWER_REFUSED       /* for good */
};

struct answer {
    enum answer_push push;
    CURLcode result;
    long status; /* when result is CURLE_OK */
    struct span body;
    bool cut;                /* the body went past ANSWER_BODY_MAX */
    const char *retry_after; /* the header, or NULL */
    int64_t wall_ms;         /* now, for a Retry-After that is a date */
    int64_t took_ms;         /* from the request's start */
};

/* after_ms: what Retry-After asks for, 0..ANSWER_RETRY_AFTER_MS. */
enum answer_verdict answer_judge(const struct answer *answer, int64_t *after_ms);

#define ANSWER_TEXT_SIZE 128
/* For people: "403", "200 without proof: the body is not JSON", "Couldn't connect to server". */
void answer_text(const struct answer *answer, char text[ANSWER_TEXT_SIZE]);

#endif
