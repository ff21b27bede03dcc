/* job: a record's body, untrusted.
 *
 * All 18 keys of contract.md 1.2 with their types and null rules. What is needed verbatim (payload,
 * event, variables, contexts) stays raw JSON text that points into the body, so its numbers stay
 * exact. credentials must be an object and is dropped unread, as is token. Nothing here is trusted
 * until claims agree with it. */
#ifndef MOONMILL_JOB_H
#define MOONMILL_JOB_H

#include "diag.h"
#include "mem.h"

#include <stdbool.h>
#include <stdint.h>

#define JOB_BODY_MAX (1024 * 1024) /* one SQS message */
#define JOB_ID_MAX   256           /* bytes of an id */

struct job {
    char *job_id;
    char *run_id;
    char *app_id;
    char *board_id;
    bool has_version;
    uint32_t version[3];
    char *node_id;
    char *user_id;
    char *executor_jwt; /* secret */
    char *callback_url; /* never called; the claim's counts */
    bool stream_state;
    /* raw JSON inside body; {NULL, 0} when absent or null */
    struct span payload;
    struct span event; /* event_json's text decoded, checked JSON object; absent when it
                        * does not parse (upstream's rule; a warning for the log) */
    bool event_unparsable;
    struct span runtime_variables;
    struct span oauth_tokens; /* secret: provider -> token (contract.md 1.4) */
    struct span user_context;
    struct span profile;
    char *body;       /* owns the raw text */
    char *event_text; /* owns event */
};

/* Copies what it keeps. NULL with err (ERROR_INPUT): which key broke which rule; never its value.
 */
struct job *job_parse(struct span body, struct error *err);
/* Frees; secrets and the body are wiped first. Accepts NULL. */
void job_free(struct job *job);

/* The event's variables, as unchecked as the event: a map of contract.md 1.5, or {NULL, 0}. */
struct span job_event_variables(const struct job *job);
/* Appends the JSON text that a variable's default_value spells out, an array of its bytes; "null"
 * when it is none. False when out is full. */
bool job_put_variable(struct buffer *out, struct span default_value);

#endif
