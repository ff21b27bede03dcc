#include "retry.h"

#include <sys/random.h>

#define TRY_WAIT_MS         100
#define TRY_WAIT_MAX_MS     5000
#define ROUND_WAIT_MS       1000
#define ROUND_WAIT_MAX_MS   30000
#define ROUNDS_BEFORE_BLAME 2

bool retry_failed(struct retry *retry, int64_t retries, bool broken)
{
    retry->broken = broken ? retry->broken + 1 : 0;
    if (++retry->tries <= retries)
        return false;
    retry->tries = 0;
    retry->rounds++;
    retry->late_rounds++;
    return true;
}

void retry_limit(struct retry *retry)
{
    retry->tries = 0;
    retry->late_rounds = 0;
}

bool retry_is_broken(const struct retry *retry, int64_t retries)
{
    return retry->broken >= ROUNDS_BEFORE_BLAME * (retries + 1);
}

static int64_t doubled(int64_t first_ms, int64_t times, int64_t max_ms)
{
    while (times-- > 0 && first_ms < max_ms)
        first_ms *= 2;
    return first_ms < max_ms ? first_ms : max_ms;
}

/* Somewhere in the upper half, so that runs that failed together do not come back together. */
static int64_t jittered(int64_t ms)
{
    uint32_t random = 0;
    if (getrandom(&random, sizeof random, GRND_NONBLOCK) != sizeof random)
        return ms;
    return ms / 2 + random % (ms - ms / 2 + 1);
}

int64_t retry_wait_ms(const struct retry *retry, int64_t asked_ms)
{
    int64_t own_ms = retry->tries > 0
                         ? jittered(doubled(TRY_WAIT_MS, retry->tries - 1, TRY_WAIT_MAX_MS))
                         : doubled(ROUND_WAIT_MS, retry->rounds - 1, ROUND_WAIT_MAX_MS);
    return own_ms > asked_ms ? own_ms : asked_ms;
}
