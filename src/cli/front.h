/* front: the one address of a watch: Lambda's invoke endpoint, the queue's entrance, the page.
 *
 *   POST /2015-03-31/functions/NAME/invocations   as the AWS CLI and SDKs call it: any name;
 *        X-Amz-Invocation-Type RequestResponse, Event, DryRun; X-Amz-Log-Type Tail
 *   POST /enqueue                                 an SQS event: its records become messages
 *   everything else                               the page's
 *
 * An answer to an invocation carries Moonmill-Unhappy: how many records come back, or failed. */
#ifndef MOONMILL_CLI_FRONT_H
#define MOONMILL_CLI_FRONT_H

#include "desk.h"
#include "diag.h"
#include "invocation.h"
#include "page.h"

struct front;

struct front_spec {
    int port; /* 0: a free one */
    struct invoker *invoker;
    struct desk *desk;
    struct page *page;
    void *arg;
    /* An invocation through the endpoint is over. */
    void (*over)(void *arg, const struct invocation_end *end);
};

/* What spec points to outlives it. NULL with err: the port is taken. */
struct front *front_open(const struct front_spec *spec, struct error *err);
void front_close(struct front *front);
int front_port(const struct front *front);

/* A line of the runtime's log, for X-Amz-Log-Result. */
void front_log(struct front *front, const char *line);
/* The runtime has exited. */
void front_runtime_exited(struct front *front);

#endif
