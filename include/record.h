/* record: one SQS record's life, from its body to its fate.
 *
 * Takes the record through the stages in order (job, claims, flow, run, callback), joins run to
 * callback, and ends with exactly one fate, which alone decides whether the message is acknowledged
 * (design.md sections 3 and 4). Nothing it does can reach another record.
 *
 * A record is not started when what is left of the invocation is less than its flow usually takes,
 * as learned in this environment, or than that and its delivery. What was learned never asks for
 * more than three quarters of the invocation's time: one that begins can always be used. */
#ifndef MOONMILL_RECORD_H
#define MOONMILL_RECORD_H

#include "metrics.h"
#include "sqs.h"
#include "stages.h"

#include <stdbool.h>
#include <stdint.h>

/* fate, name in logs, acknowledged? */
#define FATES(X)                                                                                   \
    X(FATE_NONE, "none", false)                                                                    \
    X(FATE_COMPLETED, "completed", true)      /* the API accepted `completed` */                   \
    X(FATE_FAILED, "failed", true)            /* the API accepted `failed`: it knows */            \
    X(FATE_DUPLICATE, "duplicate", true)      /* terminal before it started: not run */            \
    X(FATE_CANCELLED, "cancelled", true)      /* accepted:false during the run */                  \
    X(FATE_UNTOUCHED, "untouched", false)     /* too late to start, or its group failed */         \
    X(FATE_INTERRUPTED, "interrupted", false) /* stopped by the invocation's end or the machine */ \
    X(FATE_UNDELIVERED, "undelivered", false) /* the API did not take what it must know */         \
    X(FATE_MALFORMED, "malformed", false)     /* no job */                                         \
    X(FATE_UNTRUSTED, "untrusted", false)     /* no proof */                                       \
    X(FATE_NO_KEYS, "no_keys", false)         /* no key set to check it against */                 \
    X(FATE_NO_WORKER, "no_worker", false)     /* the machine has no room for a worker */

enum fate {
#define X(fate, name, acknowledged) fate,
    FATES(X)
#undef X
        FATE_COUNT
};
const char *fate_name(enum fate fate);
bool fate_is_acknowledged(enum fate fate);

/* When things must happen in this invocation; monotonic milliseconds, INT64_MAX: no Lambda
 * deadline. */
struct record_bounds {
    int64_t received_ms; /* the invocation came */
    int64_t start_ms;    /* the last moment to start a record, whatever its flow */
    int64_t run_ms;      /* flows are stopped */
    int64_t answer_ms;   /* nothing is sent any more */
    const char *request_id;
    const char *trace;       /* the invocation's, for records without their own; or NULL */
    struct metrics *metrics; /* of the invocation; NULL: none */
};

struct record;

struct record_user {
    void *arg;
    /* A record that waited for keys is checked now, or ended. */
    void (*checked)(void *arg, struct record *record);
    /* A record that was run has its fate. */
    void (*ended)(void *arg, struct record *record);
};

enum record_check { RECORD_CHECKED, RECORD_WAITS, RECORD_ENDED };

/* sqs and bounds outlive the record. */
struct record *record_new(const struct stages *stages, const struct sqs_record *sqs,
                          const struct record_bounds *bounds, const struct record_user *user);
/* Ends what is under way without a word to the API. Not from inside its callbacks. Accepts NULL. */
void record_free(struct record *record);

/* Job and claims. RECORD_WAITS: a key set is being fetched, `checked` follows. RECORD_ENDED: it has
 * its fate. */
enum record_check record_check(struct record *record);
/* After it was checked: runs it; `ended` follows. */
void record_run(struct record *record);
/* Gives it a fate without (further) running, unless it has one; for records that were not started
 * or ran out of time. */
void record_settle(struct record *record, enum fate fate);

enum fate record_fate(const struct record *record);
/* The verified run id, or NULL before that. */
const char *record_run_id(const struct record *record);
const struct sqs_record *record_sqs(const struct record *record);

#endif
