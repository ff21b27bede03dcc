/* stand_in: in a replay one local server plays every host that flows ask, and is told which.
 *
 * EXECUTOR_HTTP_STAND_IN's port has it. It gets the request as it is, with headers that name the
 * real URL, the flow's own headers and the time left, and answers as that host would, or with a
 * header that says how the real request came to nothing. */
#ifndef MOONMILL_STAND_IN_H
#define MOONMILL_STAND_IN_H

#include "config.h"
#include "request.h"

#include <curl/curl.h>
#include <stdint.h>

#define STAND_IN_HOST  "127.0.0.1"
#define STAND_IN_ERROR "X-Moonmill-Error" /* of an answer: a code, a space, a message */

/* Where the request is sent in its place, freed by curl_url_cleanup; NULL: where it says. */
CURLU *stand_in_for(const struct config *config, const struct request *asked);
/* What it is told of the real request, as headers. */
typedef void stand_in_add_fn(void *arg, const char *name, const char *value);
void stand_in_describe(const struct request *asked, int64_t left_ms, stand_in_add_fn *add,
                       void *arg);
/* The code of that header's value, and the message in it; NULL when it is none that a request can
 * come to. */
const char *stand_in_failure(const char *value, const char **message);

#endif
