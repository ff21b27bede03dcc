/* stage: a small HTTP server on the loopback interface, inside our own loop.
 *
 * What replay and watch put around the runtime (Lambda's side, the API's side, the outside world)
 * stands on stages: a port of 127.0.0.1 each, bodies bounded, one thread. */
#ifndef MOONMILL_CLI_STAGE_H
#define MOONMILL_CLI_STAGE_H

#include "diag.h"
#include "loop.h"
#include "mem.h"

#define STAGE_BODY_MAX (8 * 1024 * 1024)

struct stage;
struct stage_call; /* one request that waits for its answer */

struct stage_request {
    const char *method;
    const char *path; /* without the query, percent-decoded */
    struct span body;
};
/* Answers with stage_say or stage_stream; until it does, also after it has returned, the request is
 * held open, as Lambda does with an idle poll. A client that leaves is noticed when it is answered.
 * A body over STAGE_BODY_MAX never gets here: 413. */
typedef void stage_handler(void *arg, struct stage_call *call, const struct stage_request *request);

/* port 0: a free one. NULL with err when that port cannot be listened on. */
struct stage *stage_open(struct loop *loop, int port, stage_handler *handler, void *arg,
                         struct error *err);
/* Cuts what is open; no closed is called. Accepts NULL. */
void stage_close(struct stage *stage);
int stage_port(const struct stage *stage);

/* The value of a request's header, or NULL. */
const char *stage_header(struct stage_call *call, const char *name);
/* The value of an argument in the request's query, percent-decoded, or NULL. */
const char *stage_query(struct stage_call *call, const char *name);
/* The answer: first its headers, then status and body, which is copied. */
void stage_add_header(struct stage_call *call, const char *name, const char *value);
void stage_say(struct stage_call *call, int status, struct span body);
/* The same, so much later; at once when that is 0 or below. */
void stage_say_later(struct stage_call *call, int status, struct span body, int64_t after_ms);

/* An answer that goes on, 200, with the headers so far: pieces are sent as they are written, until
 * it is ended. A client that leaves, or takes so little that over STAGE_UNREAD_MAX bytes wait for
 * it, is dropped: closed is called, once, and the stream is gone. */
#define STAGE_UNREAD_MAX (1024 * 1024)
struct stage_stream;
struct stage_stream *stage_stream(struct stage_call *call, void (*closed)(void *arg), void *arg);
void stage_stream_write(struct stage_stream *stream, struct span piece);
void stage_stream_end(struct stage_stream *stream); /* closed is not called */

#endif
