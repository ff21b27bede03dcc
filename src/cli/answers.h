/* answers: the outside world of a replayed flow, by script.
 *
 * {"GET https://a.test/x":[{"status":503},{"status":200,"json":{...},"headers":{"X":"y"}}]}: for
 * each URL the answers in order, the last one again and again; json is sent byte for byte. The
 * method may be left out; a * at the end stands for any rest. A key that begins with / is the path
 * of a request to this server itself. What is not in the script is a 404 that says so. */
#ifndef MOONMILL_CLI_ANSWERS_H
#define MOONMILL_CLI_ANSWERS_H

#include "diag.h"
#include "loop.h"
#include "mem.h"

struct answers;

/* text outlives it. NULL with err: ERROR_INPUT when the script breaks a rule, naming the path. */
struct answers *answers_open(struct loop *loop, struct span text, struct error *err);
void answers_close(struct answers *answers);
int answers_port(const struct answers *answers);

#endif
