/* estimate: how long what has a name takes, learned from the latest times that it took.
 *
 * Of each name the last ESTIMATE_KEPT times are kept; the estimate is their 90th percentile, so
 * that one bad day in ten is no rule. Bounded: at ESTIMATE_NAMES_MAX names a new one takes the
 * place of the one that nothing was learned of for longest. Counts only; knows no clock. */
#ifndef MOONMILL_ESTIMATE_H
#define MOONMILL_ESTIMATE_H

#include <stdint.h>

#define ESTIMATE_KEPT      32
#define ESTIMATE_LEAST     3 /* fewer times are no experience */
#define ESTIMATE_NAMES_MAX 64

struct estimate;

struct estimate *estimate_new(void);
void estimate_free(struct estimate *estimate); /* accepts NULL */

/* It took so long, once. Does nothing for NULL. */
void estimate_learn(struct estimate *estimate, const char *name, int64_t took_ms);
/* 0 when too little is known, and for NULL. */
int64_t estimate_ms(const struct estimate *estimate, const char *name);

#endif
