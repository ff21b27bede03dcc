/* expression: text with secrets in it, as a worker asks for it: by reference.
 *
 * A string, or one of {"secret":name}, {"concat":[e...]}, {"base64":e}, {"hex":e}, {"url":e},
 * {"hmac_sha256":{"key":e,"data":e,"form":"hex"|"base64"|"raw"}}; nested EXPRESSION_DEPTH_MAX deep
 * at most. This version has no secrets: outside of a replay an expression with one is refused, and
 * says which; in a replay, where nothing leaves the machine, "secret:<name>" stands in its place.
 */
#ifndef MOONMILL_EXPRESSION_H
#define MOONMILL_EXPRESSION_H

#include "diag.h"
#include "mem.h"

#include <cjson/cJSON.h>
#include <stdbool.h>

#define EXPRESSION_DEPTH_MAX 32

/* Appends the text. False with err: ERROR_INPUT (no expression, or too deep), ERROR_LIMIT (over
 * out's maximum, or inner texts of several times that: doubling hex inside of hmac would keep the
 * supervisor busy for minutes), ERROR_MISSING (a secret, where placeholders are not wanted). */
bool expression_put(struct buffer *out, const cJSON *expression, bool placeholders,
                    struct error *err);

#endif
