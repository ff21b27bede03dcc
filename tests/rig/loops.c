#include "loops.h"

struct wait {
    struct loop *loop;
    const bool *flag;
    struct loop_timer timer;
    int64_t end_ms;
};

static void look(void *arg)
{
    struct wait *wait = arg;
    int64_t now = loop_mono_ms(wait->loop);
    if ((wait->flag && *wait->flag) || now >= wait->end_ms)
        loop_stop(wait->loop);
    else
        loop_timer_set(wait->loop, &wait->timer, now + 2, look, wait);
}

bool loops_until(struct loop *loop, const bool *flag, int64_t limit_ms)
{
    struct wait wait = {.loop = loop, .flag = flag, .end_ms = loop_mono_ms(loop) + limit_ms};
    loop_timer_set(loop, &wait.timer, loop_mono_ms(loop), look, &wait);
    loop_run(loop);
    loop_timer_stop(loop, &wait.timer);
    return flag && *flag;
}

void loops_for(struct loop *loop, int64_t ms)
{
    loops_until(loop, NULL, ms);
}
