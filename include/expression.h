/* expression: text with secrets in it, as a worker asks for it: by reference.
 *
 * A string, or one of {"secret":name}, {"concat":[e...]}, {"base64":e}, {"hex":e}, {"url":e},
 * {"hmac_sha256":{"key":e,"data":e,"form":"hex"|"base64"|"raw"}}; nested EXPRESSION_DEPTH_MAX deep
 * at most. What is made of a secret is escaped for its place: in a URL's path or query by percent
 * (not again what is {"url":e}; at the very beginning the value is the URL), in a JSON body as in a
 * string, in a form's by percent; a header takes it as it is. */
#ifndef MOONMILL_EXPRESSION_H
#define MOONMILL_EXPRESSION_H

#include "diag.h"
#include "mem.h"
#include "secrets.h"

#include <cjson/cJSON.h>
#include <stdbool.h>

#define EXPRESSION_DEPTH_MAX 32

enum expression_place {
    EXPRESSION_URL,
    EXPRESSION_HEADER,
    EXPRESSION_JSON, /* a body */
    EXPRESSION_FORM,
    EXPRESSION_TEXT,
};

struct expression_use {
    struct secrets *secrets;
    enum expression_place place;
    struct secret_set *used; /* those that went into it are added */
};

/* Appends the text. False with err: ERROR_INPUT (no expression, too deep, a line break where none
 * may be), ERROR_LIMIT (over out's maximum, or inner texts of several times that: doubling hex
 * inside of hmac would keep the supervisor busy for minutes), ERROR_MISSING (no such secret).
 * Whether the secrets may go where the request goes is to be asked then. */
bool expression_put(struct buffer *out, const cJSON *expression, const struct expression_use *use,
                    struct error *err);

#endif
