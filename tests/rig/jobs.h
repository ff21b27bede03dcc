/* jobs: SQS events of jobs, as texts, with tokens that the test key signed. */
#ifndef MOONMILL_RIG_JOBS_H
#define MOONMILL_RIG_JOBS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Every job brings this one. */
#define JOBS_CREDENTIAL "credential-of-the-job-0123"

/* One record. */
struct jobs_record {
    const char *run; /* also the message id: "m-<run>", unless message is set */
    const char *message;
    const char *flow;
    const char *payload; /* JSON, or NULL */
    const char *app;     /* default "app" */
    const char *group;   /* FIFO group: makes the queue FIFO */
    int receive_count;   /* default 1 */
    const char *body;    /* overrides all of the above but message, group and receive_count */
    const char *token;   /* overrides the minted token */
    const char *more;    /* further members of the body: ",\"oauth_tokens\":{}" */
    bool stream_state;
};

/* The event (mem_free). url_format has one %s, which becomes the run id: the callback_url claimed;
 * tokens are issued at now_s. */
char *jobs_event(const struct jobs_record *records, size_t count, const char *url_format,
                 int64_t now_s);

#endif
