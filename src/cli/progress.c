#include "progress.h"

#include "clock.h"
#include "terminal.h"

#include <stdio.h>
#include <unistd.h>

#define FIRST_MS 1000
#define NEXT_MS  100
#define TEXT_MAX 60 /* it stays on one line */

static int64_t now_ms(void)
{
    return clock_mono_ms(&(struct clock){0});
}

void progress_begin(struct progress *progress, bool quiet)
{
    *progress = (struct progress){.shown = !quiet && isatty(STDERR_FILENO), .began_ms = now_ms()};
}

void progress_say(struct progress *progress, const char *text, int64_t place, int64_t count)
{
    int64_t at_ms = progress->shown ? now_ms() : 0;
    if (!progress->shown || at_ms - progress->began_ms < FIRST_MS ||
        at_ms - progress->said_ms < NEXT_MS)
        return;
    progress->said_ms = at_ms;
    progress->stands = true;
    fputs("\r\033[K", stderr);
    if (count)
        fprintf(stderr, "%lld of %lld: ", (long long)place, (long long)count);
    terminal_put(stderr, span_of(text), TEXT_MAX);
    fflush(stderr);
}

void progress_clear(struct progress *progress)
{
    if (progress->stands)
        fputs("\r\033[K", stderr);
    progress->stands = false;
}
