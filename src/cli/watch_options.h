/* watch_options: what `moonmill watch` takes, and what AWS would refuse of it. */
#ifndef MOONMILL_CLI_WATCH_OPTIONS_H
#define MOONMILL_CLI_WATCH_OPTIONS_H

#include "command.h"

#include <stdbool.h>
#include <stdint.h>

struct watch_options {
    const char *flows, *bootstrap, *answers;
    int64_t port, timeout_secs, batch_size, window_secs, visibility_secs, max_receives;
    bool fifo, rerun, json, verbose;
};

/* Reads them over their defaults. -1: go on; else the exit status, and what is wrong was said. */
int watch_options_read(int argc, char **argv, struct watch_options *options,
                       struct command_line *line);

#endif
