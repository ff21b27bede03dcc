/* recorder: asks the real servers for the runtime, and keeps what they say in a cassette.
 *
 * A stand-in of http.h: every request of a flow comes here, with the secrets that may go there, and
 * goes on under the rules of egress.h. Into the cassette go neither headers of requests, nor
 * cookies, nor what is unwritten.h's. */
#ifndef MOONMILL_CLI_RECORDER_H
#define MOONMILL_CLI_RECORDER_H

#include "cassette.h"
#include "config.h"
#include "diag.h"
#include "loop.h"
#include "unwritten.h"

struct recorder;

/* config has the caller's EXECUTOR_ settings; all three outlive the recorder. NULL with
 * err when there is no port, or EXECUTOR_HTTP_ALLOW does not parse. */
struct recorder *recorder_open(struct loop *loop, const struct config *config,
                               const struct unwritten *unwritten, struct cassette *cassette,
                               struct error *err);
/* Accepts NULL. */
void recorder_close(struct recorder *recorder);
int recorder_port(const struct recorder *recorder);

#endif
