/* wire: the conversation on a worker's socket: orders down, frames up.
 *
 * A frame is u32 length (little-endian, of what follows), u8 kind, u8 count, then count fields,
 * each u32 length + bytes; at most WIRE_FRAME_MAX. Numbers are fields of 8 bytes, little-endian,
 * signed. Every message has its writer and its reader here, side by side; both are pure, so that
 * both can be fuzzed. Readers check counts, sizes and ranges; JSON fields are checked by who uses
 * them.
 *
 * A worker runs one flow after another over the same socket. Each frame that may come first of a
 * run (described, fetch, outcome) says which load it answers; bytes keep their order, so what
 * follows the first one is of the same run. */
#ifndef MOONMILL_WIRE_H
#define MOONMILL_WIRE_H

#include "diag.h"
#include "mem.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WIRE_FRAME_MAX  (8 * 1024 * 1024)
#define WIRE_FIELDS_MAX 16

/* kind, name, who sends it */
#define WIRE_KINDS(X)                                                                              \
    X(WIRE_LOAD, 1, "load")            /* down: a run's flow and input; the worker compiles */     \
    X(WIRE_START, 2, "start")          /* down: `running` was answered; begin */                   \
    X(WIRE_REPLY, 3, "reply")          /* down: the answer to a request */                         \
    X(WIRE_READY, 16, "ready")         /* up: confined and waiting for its first load */           \
    X(WIRE_DESCRIBED, 17, "described") /* up: what the flow declares, or why it does not load */   \
    X(WIRE_EVENT, 18, "event")         /* up: one event for the API */                             \
    X(WIRE_PROGRESS, 19, "progress")   /* up: percentage and current step */                       \
    X(WIRE_REQUEST, 20, "request")     /* up: an HTTP request that the supervisor may make */      \
    X(WIRE_ABANDON, 21, "abandon")     /* up: a request's answer is not wanted any more */         \
    X(WIRE_OUTCOME, 22, "outcome")     /* up: how the run ended; the last frame of a run */        \
    X(WIRE_FETCH, 23, "fetch")         /* up: a source of the flows folder is wanted */

enum wire_kind {
#define X(kind, number, name) kind = number,
    WIRE_KINDS(X)
#undef X
};
/* The kind's name, or NULL for a number that is no kind. */
const char *wire_kind_name(int kind);

/* A frame's fields point into the bytes it was read from. */
struct wire_frame {
    enum wire_kind kind;
    size_t count;
    struct span fields[WIRE_FIELDS_MAX];
};

enum wire_status { WIRE_WHOLE, WIRE_MORE, WIRE_BROKEN };
/* Reads one frame from the front of bytes; *used is its size when WIRE_WHOLE. WIRE_MORE: it is not
 * all there. WIRE_BROKEN (err): oversized, unknown kind, or lengths that do not add up. */
enum wire_status wire_read(struct span bytes, struct wire_frame *frame, size_t *used,
                           struct error *err);

/* down ---------------------------------------------------------------------------------------- */

struct wire_load {
    int64_t run;         /* 1, 2, 3 ... of this worker's runs; 0 where nobody asks */
    struct span context; /* JSON object: run {id app flow version user}, entry, stream_state */
    struct span name;    /* the source's name as authors see it: flows/hello.lua */
    struct span source;  /* Lua text */
    struct span payload; /* JSON text; "null" when the job had none */
    int64_t instruction_limit;  /* VM instructions */
    int64_t memory_limit_bytes; /* the whole VM */
    int64_t stall_ms;           /* CPU time inside one native call */
    int64_t event_limit_bytes;  /* one event's payload */
    int64_t events_limit;       /* of the run */
    bool skip_waits;            /* for tests: waiting turns the worker's clock and takes no time */
};
/* Writers append one frame; false when the buffer would pass its maximum (nothing appended). */
bool wire_put_load(struct buffer *out, const struct wire_load *load);
bool wire_get_load(const struct wire_frame *frame, struct wire_load *load, struct error *err);

struct wire_start {
    int64_t left_ms; /* until the run's deadline */
    int64_t undo_ms; /* what undo functions may take beyond it */
};
bool wire_put_start(struct buffer *out, const struct wire_start *start);
bool wire_get_start(const struct wire_frame *frame, struct wire_start *start, struct error *err);

struct wire_reply {
    int64_t id;
    /* JSON. To a request: {"status":200,"headers":{"content-type":"..."}}, header names in lower
     * case, repeated ones joined by ", ". To a fetch: {"file":"flows/lib/money.lua"}. To both:
     * {"error":{"code":"net.dns","message":"..."}} */
    struct span head;
    struct span body;
    int64_t after_ms; /* with skip_waits: so much later on the worker's clock; else 0 */
};
bool wire_put_reply(struct buffer *out, const struct wire_reply *reply);
bool wire_get_reply(const struct wire_frame *frame, struct wire_reply *reply, struct error *err);

/* up ------------------------------------------------------------------------------------------ */

struct wire_ready {
    struct span level; /* the confinement reached, for the log: "rlimits" */
};
bool wire_put_ready(struct buffer *out, const struct wire_ready *ready);
bool wire_get_ready(const struct wire_frame *frame, struct wire_ready *ready, struct error *err);

struct wire_described {
    int64_t run; /* the load's */
    /* JSON: {"name":"hello","timeout_ms":300000|null,"entries":["start",...],
     *  "findings":[{"severity":"error"|"warning","code":"option.unknown","message":"...",
     *               "line":12,"hint":"..."}]}
     * An error among the findings means that the flow does not load; no start follows. */
    struct span text;
};
bool wire_put_described(struct buffer *out, const struct wire_described *described);
bool wire_get_described(const struct wire_frame *frame, struct wire_described *described,
                        struct error *err);

struct wire_event {
    struct span type;    /* 1 to 128 bytes of UTF-8 */
    struct span payload; /* JSON text */
};
bool wire_put_event(struct buffer *out, const struct wire_event *event);
bool wire_get_event(const struct wire_frame *frame, struct wire_event *event, struct error *err);

struct wire_progress {
    int64_t percent;  /* 0..100, or -1: unchanged */
    struct span step; /* the current step, or a message to show; empty: unchanged */
};
bool wire_put_progress(struct buffer *out, const struct wire_progress *progress);
bool wire_get_progress(const struct wire_frame *frame, struct wire_progress *progress,
                       struct error *err);

struct wire_request {
    int64_t id; /* 1, 2, 3 ... within a run */
    /* JSON: {"method":"GET","url":"https://...","headers":{"name":"value"},"timeout_ms":30000} */
    struct span head;
    struct span body;
};
bool wire_put_request(struct buffer *out, const struct wire_request *request);
bool wire_get_request(const struct wire_frame *frame, struct wire_request *request,
                      struct error *err);

struct wire_fetch {
    int64_t run;      /* the load's */
    int64_t id;       /* of the same sequence as requests */
    struct span what; /* "module" or "flow" */
    struct span name; /* "lib.money", "other" */
};
bool wire_put_fetch(struct buffer *out, const struct wire_fetch *fetch);
bool wire_get_fetch(const struct wire_frame *frame, struct wire_fetch *fetch, struct error *err);

struct wire_abandon {
    int64_t id;
};
bool wire_put_abandon(struct buffer *out, const struct wire_abandon *abandon);
bool wire_get_abandon(const struct wire_frame *frame, struct wire_abandon *abandon,
                      struct error *err);

struct wire_outcome {
    int64_t run;         /* the load's */
    bool completed;      /* else failed: code and message say why */
    struct span output;  /* completed: the result as JSON; empty when it was nil */
    struct span code;    /* failed: "lua", "http.503", "limit.memory", "timeout", ... */
    struct span message; /* failed: for people, at most 4096 bytes */
    struct span step;    /* failed: the step's path, or empty */
    struct span file;    /* failed: the source's name, or empty */
    int64_t line;        /* failed: the author's line, or 0 */
    int64_t attempt;     /* failed: 1, 2 ..., or 0 */
    struct span data;    /* failed: the error's data as JSON, or empty */
    struct span trace;   /* failed: the authors' frames, innermost first, a line each, or empty */
    int64_t turned_ms;   /* with skip_waits: how far the clock was turned; else 0 */
};
bool wire_put_outcome(struct buffer *out, const struct wire_outcome *outcome);
bool wire_get_outcome(const struct wire_frame *frame, struct wire_outcome *outcome,
                      struct error *err);

#endif
