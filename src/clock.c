#include "clock.h"

#include <stdio.h>
#include <time.h>

static int64_t read_us(clockid_t id)
{
    struct timespec now;
    if (clock_gettime(id, &now) != 0)
        return -1;
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t clock_wall_ms(const struct clock *clock)
{
    return read_us(CLOCK_REALTIME) / 1000 + clock->wall_turn_ms;
}

int64_t clock_mono_ms(const struct clock *clock)
{
    return read_us(CLOCK_MONOTONIC) / 1000 + clock->mono_turn_ms;
}

int64_t clock_mono_us(const struct clock *clock)
{
    return read_us(CLOCK_MONOTONIC) + clock->mono_turn_ms * 1000;
}

bool clock_cpu_ms(pid_t pid, int64_t *cpu_ms)
{
    clockid_t id = CLOCK_PROCESS_CPUTIME_ID;
    if (pid && clock_getcpuclockid(pid, &id) != 0)
        return false;
    int64_t us = read_us(id);
    if (us < 0)
        return false;
    *cpu_ms = us / 1000;
    return true;
}

void clock_text(int64_t wall_ms, char text[CLOCK_TEXT_SIZE])
{
    time_t seconds = (time_t)(wall_ms / 1000);
    struct tm parts;
    char date[20] = "";
    if (gmtime_r(&seconds, &parts))
        strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S", &parts);
    snprintf(text, CLOCK_TEXT_SIZE, "%.19s.%03uZ", date, (unsigned)(wall_ms % 1000) % 1000);
}
