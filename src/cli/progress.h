/* progress: one line that says how far work is, on a terminal, once it takes over a second.
 *
 * It stands on standard error while results go elsewhere or come at the end, and is taken away when
 * the work ends. Where standard error is no terminal nothing is ever printed. */
#ifndef MOONMILL_CLI_PROGRESS_H
#define MOONMILL_CLI_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress {
    bool shown; /* whether it may be */
    bool stands;
    int64_t began_ms;
    int64_t said_ms;
};

/* quiet: nothing is to be shown. */
void progress_begin(struct progress *progress, bool quiet);
/* "text: place of count"; count 0: the text alone. Cheap enough for every step. */
void progress_say(struct progress *progress, const char *text, int64_t place, int64_t count);
/* Before anything else is printed on the terminal, and at the end. */
void progress_clear(struct progress *progress);

#endif
