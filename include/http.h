/* http: the requests of flows: limits, redirects, answers.
 *
 * A flow reaches only what egress lets it reach: every address is judged on the socket really
 * opened and again before the request goes out on a kept connection. http and https only, no
 * proxies, no cookies, redirects followed here and judged anew, times and answers capped. */
#ifndef MOONMILL_HTTP_H
#define MOONMILL_HTTP_H

#include "config.h"
#include "diag.h"
#include "loop.h"
#include "mem.h"
#include "secrets.h"

#include <stdint.h>

struct http;         /* one a process */
struct http_request; /* one in flight */

/* NULL with err (ERROR_INPUT) when EXECUTOR_HTTP_ALLOW has an entry that does not parse,
 * or (ERROR_SYSTEM) when curl would block the loop on names. loop and config outlive it. */
struct http *http_new(struct loop *loop, const struct config *config, struct error *err);
/* Cancels what is in flight. */
void http_free(struct http *http);

/* What came of it: head is JSON as wire_reply.head wants it, body the decoded bytes. Errors are
 * heads of the form {"error":{"code","message"}} with code net.denied net.dns net.connect net.tls
 * net.timeout net.too_large net.redirects net.protocol, secret.unknown, secret.denied, or
 * input.invalid for a request that breaks a rule (CR or LF in a header, a scheme that is not http
 * or https, a method that is no token). Neither head nor body holds a value of secrets. */
typedef void http_done_fn(void *arg, struct span head, struct span body);

/* Sends what a worker asked for; head as in wire_request, secrets those that it may name, which
 * live as long as the request. trace (X-Ray's spelling, or NULL) goes along as X-Amzn-Trace-Id and
 * traceparent, unless the flow set its own. left_ms caps the timeout. done is called once, never
 * from inside this call, unless cancelled; malformed heads are answered like any other failure. */
struct http_request *http_send(struct http *http, struct secrets *secrets, struct span head,
                               struct span body, const char *trace, int64_t left_ms,
                               http_done_fn *done, void *arg);
/* done will not be called. */
void http_cancel(struct http_request *request);

#endif
