/* watch_log: what a watch says on a terminal while it goes: batches and runs as they end, what is
 * wrong with flows, the runtime's complaints. */
#ifndef MOONMILL_CLI_WATCH_LOG_H
#define MOONMILL_CLI_WATCH_LOG_H

#include "catalog.h"
#include "invocation.h"
#include "journal.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct watch_log {
    bool json;    /* an object a line */
    bool quiet;   /* -q: what is wrong, nothing else */
    bool verbose; /* -v: all of the runtime's log */
    bool colour;
};

void watch_log_batch(const struct watch_log *log, const struct journal_batch *batch,
                     const struct invocation_end *end);
/* count messages have gone to the dead-letter queue. */
void watch_log_dead(const struct watch_log *log, size_t count);
void watch_log_flows(const struct watch_log *log, const struct catalog *catalog);
void watch_log_line(const struct watch_log *log, const char *line);
/* The runtime has ended by itself; waitpid's status. */
void watch_log_exit(const struct watch_log *log, int status);

#endif
