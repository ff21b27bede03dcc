/* event_options: what `moonmill event` takes. */
#ifndef MOONMILL_CLI_EVENT_OPTIONS_H
#define MOONMILL_CLI_EVENT_OPTIONS_H

#include "command.h"

#include <stdbool.h>
#include <stdint.h>

struct event_options {
    const char *flow, *payload, *version, *app, *user, *run, *callback;
    const char *key;   /* a file, or NULL */
    const char *queue; /* its name, or NULL */
    int64_t count, groups, receive_count;
    int64_t seed; /* -1: none */
    bool fifo, json;
};

/* Reads them over their defaults. -1: go on; else the exit status, and what is wrong was said. */
int event_options_read(int argc, char **argv, struct event_options *options,
                       struct command_line *line);

#endif
