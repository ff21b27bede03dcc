/* retry: when a push that failed is tried again.
 *
 * EXECUTOR_CALLBACK_RETRIES + 1 tries are one round: waits from 100 ms, doubling to 5 s, each
 * shortened by up to a half at random. Rounds repeat: waits from 1 s, doubling to 30 s. Counts
 * only; the owner has the clock. */
#ifndef MOONMILL_RETRY_H
#define MOONMILL_RETRY_H

#include <stdbool.h>
#include <stdint.h>

/* Zeroed for a new push. */
struct retry {
    int64_t tries;       /* of this round that failed */
    int64_t rounds;      /* that failed */
    int64_t late_rounds; /* of these, since retry_limit */
    int64_t broken;      /* tries answered 5xx, one after the other */
};

/* One more try failed, with 5xx or otherwise. True when that was the round's last. */
bool retry_failed(struct retry *retry, int64_t retries, bool broken);
/* From now on time is short: a new round begins, and only it and later ones count as late. */
void retry_limit(struct retry *retry);
/* Two whole rounds brought nothing but 5xx: something may be wrong with what is sent. */
bool retry_is_broken(const struct retry *retry, int64_t retries);
/* How long to wait before the next try, after at least one that failed; the API may have asked for
 * more (Retry-After; 0: did not). */
int64_t retry_wait_ms(const struct retry *retry, int64_t asked_ms);

#endif
