/* answers: the outside world of a replayed flow, by script.
 *
 * {"/path":[{"status":503},{"status":200,"json":{...},"headers":{"X":"y"}}]}: for each path the
 * answers in order, the last one again and again; json is sent byte for byte. A path that is not in
 * the script is a 404 that says so. */
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
