/* trial: the flows that a spec runs, one at a time, on a worker of their own.
 *
 * A spec's run() is a conversation: each message of the spec's gets one answer.
 *   {"run":{...}}     loads the flow and starts it
 *   {"answer":{...}}  what a mock says to the flow's request that was passed on last
 *   {"stop":true}     gives the flow up
 * and back come
 *   {"http":{...}}    the flow's next request, its body beside it
 *   {"ended":{...}}   how the run ended, with its events
 *   {"findings":[..]} it does not load;  {"unknown":{...}} there is no such flow
 *   {"stuck":"..."}   it was stopped from outside;  {"stopped":true}
 * What a mock is, only the spec knows. */
#ifndef MOONMILL_CLI_TRIAL_H
#define MOONMILL_CLI_TRIAL_H

#include "diag.h"
#include "loop.h"
#include "mem.h"

#include <stdbool.h>

struct trial;

/* flows_dir: where flows, modules and called flows lie. NULL with err. */
struct trial *trial_open(struct loop *loop, const char *flows_dir, struct error *err);
/* Kills the flow's worker. Accepts NULL. */
void trial_close(struct trial *trial);

struct trial_message {
    struct span head; /* JSON */
    struct span body;
};
/* Waits for the answer, which is valid until the next call. False with err when the message is none
 * of the above. */
bool trial_ask(struct trial *trial, const struct trial_message *message,
               struct trial_message *answer, struct error *err);
/* Gives a running flow up. */
void trial_stop(struct trial *trial);
/* From the loop: a wait inside trial_ask ends at once. */
void trial_interrupt(struct trial *trial);

#endif
