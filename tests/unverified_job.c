/* Compiled twice by a test: as it is it must be refused, with VERIFIED it must pass. */
#include "flow.h"

const struct flow *find(struct flows *flows, const struct job *job, const struct claims *claims);

const struct flow *find(struct flows *flows, const struct job *job, const struct claims *claims)
{
#ifdef VERIFIED
    return flow_find(flows, claims, job, NULL);
#else
    (void)claims;
    return flow_find(flows, job, job, NULL);
#endif
}
