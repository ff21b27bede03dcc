/* request: what a flow asks to send, checked, and what a redirect makes of it.
 *
 * The method is a token in capitals, the URL http or https without a user name, the headers are
 * tokens and values without control characters, none of them about the message's framing. Does no
 * I/O. Texts of errors never repeat the URL or a value: either may carry what no log should show.
 */
#ifndef MOONMILL_REQUEST_H
#define MOONMILL_REQUEST_H

#include "diag.h"
#include "mem.h"
#include "secrets.h"

#include <curl/curl.h>
#include <stdbool.h>
#include <stdint.h>

#define REQUEST_URL_MAX          8192
#define REQUEST_FIELDS_MAX       128
#define REQUEST_FIELDS_BYTES_MAX ((size_t)64 * 1024)

struct request_field {
    char *name;
    char *value;
    struct secret_set secrets; /* that are in the value */
};

struct request {
    char *method;
    CURLU *url;
    char *host; /* of url, for messages and for egress */
    struct request_field fields[REQUEST_FIELDS_MAX];
    size_t field_count;
    char *body;
    size_t body_len;
    struct secret_set body_secrets;
    int64_t timeout_ms; /* as asked for, or CONFIG_HTTP_TIMEOUT_MS */
};

/* Reads the head of a wire_request; NULL with err: ERROR_INPUT naming the rule it broke, or, as the
 * url, a header and the head's own "body" may be expressions (expression.h), ERROR_MISSING for a
 * secret that is not there and ERROR_DENIED for one that may not go to that url. body is copied;
 * secrets must live as long as the request. */
struct request *request_parse(struct span head, struct span body, struct secrets *secrets,
                              struct error *err);
void request_free(struct request *request);

bool request_has_field(const struct request *request, const char *name);

/* Moves to where an answer of that status points, relative to the URL so far. 303, and 301 or 302
 * for a POST, make it a GET without body; Authorization, Cookie and Proxy-Authorization stay behind
 * when scheme, host or port change, and so does every header with a secret that may not go there.
 * False with err: not http or https, a user name in it, a step down from https, or (ERROR_DENIED) a
 * body with such a secret; the request is then of no more use. */
bool request_redirect(struct request *request, long status, const char *location,
                      struct error *err);

#endif
