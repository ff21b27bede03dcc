/* clock: the only reader of clocks.
 *
 * Everyone else is told the time. A zeroed struct clock shows the machine's time; a test turns it
 * by hand, the two hands apart, because the wall clock may jump and the monotonic one may not. */
#ifndef MOONMILL_CLOCK_H
#define MOONMILL_CLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct clock {
    int64_t wall_turn_ms;
    int64_t mono_turn_ms;
};

/* Milliseconds since the Unix epoch. */
int64_t clock_wall_ms(const struct clock *clock);
/* Milliseconds on a clock that never goes back; its zero means nothing. */
int64_t clock_mono_ms(const struct clock *clock);
/* The same in microseconds, for measuring. */
int64_t clock_mono_us(const struct clock *clock);
/* CPU time used by a process so far; false when it is gone. */
bool clock_cpu_ms(pid_t pid, int64_t *cpu_ms);

#define CLOCK_TEXT_SIZE 25
/* RFC 3339 in UTC with milliseconds: 2026-11-23T11:59:14.123Z */
void clock_text(int64_t wall_ms, char text[CLOCK_TEXT_SIZE]);

#endif
