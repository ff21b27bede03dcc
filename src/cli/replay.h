/* replay: `moonmill replay`: runs a recorded SQS event through the real runtime, here.
 *
 * Everything around the runtime is local and ours: Lambda, the API that it reports to, the outside
 * world that its flows call. The runtime is a child with an environment of its own and, but for
 * --record (flows reach the real servers) and --callback (the API is somebody's), without a way out
 * of this machine. Bounded in time; whatever was started ends with it. */
#ifndef MOONMILL_CLI_REPLAY_H
#define MOONMILL_CLI_REPLAY_H

#include "command.h"

extern const struct command replay_command;

#endif
