/* fixture: a recorded SQS event made ready to be run here.
 *
 * Token placeholders become tokens, a flow of one's own takes the place of the board, scripted
 * answers get their address. Works on the raw text: every byte that is not replaced stays as it
 * was, and what is malformed inside a record is passed on, because refusing it is the runtime's
 * part. */
#ifndef MOONMILL_CLI_FIXTURE_H
#define MOONMILL_CLI_FIXTURE_H

#include "diag.h"
#include "mem.h"
#include "mint.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FIXTURE_ANSWERS "@ANSWERS@" /* where a job wants the address of scripted answers */

struct fixture_spec {
    const struct mint *mint;
    int64_t now_secs;
    const char *callback_url; /* for the claims */
    const char *flow;         /* every job runs this one; NULL: the job's own */
    const char *answers_url;  /* takes the place of @ANSWERS@; NULL: it stays */
    bool as_sent;             /* leave stream_state alone; else it is turned on */
};

/* What is known of a record; NULL where it does not say. */
struct fixture_record {
    char *message_id;
    char *run_id;
    char *flow; /* the board's id, or the flow that took its place */
    char *token;
    bool minted; /* the token is ours: there was a placeholder */
};

struct fixture {
    struct buffer event;
    size_t count;
    struct fixture_record *records;
};

/* Reads a file, or standard input for "-", into text (initialised, empty): at most its maximum.
 * False with err, which does not repeat the path. */
bool fixture_load(const char *path, struct buffer *text, struct error *err);

/* NULL with err (ERROR_INPUT) when the text is no SQS event: what it is instead, and how a bare job
 * becomes one. */
struct fixture *fixture_new(struct span text, const struct fixture_spec *spec, struct error *err);
void fixture_free(struct fixture *fixture);

#endif
