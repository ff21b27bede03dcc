/* secrets: the values that one run may use by name, and where each may go.
 *
 * ctx.secret "billing" is EXECUTOR_SECRET_BILLING (letters and digits of the name in capitals, '_'
 * for the rest); "api" the job's executor token, for the callback's own host; "oauth.<provider>"
 * the access token that the job brings; "vars.<id>" and "event.<id>" its secret variables. The
 * hosts of all but "api" are the operator's to name: EXECUTOR_SECRET_<NAME>_HOSTS, with
 * OAUTH_<PROVIDER> and VARS_<variable's name> for the job's own. In a replay, where nothing leaves
 * the machine, every name is known and stands for "secret:<name>". */
#ifndef MOONMILL_SECRETS_H
#define MOONMILL_SECRETS_H

#include "claims.h"
#include "config.h"
#include "diag.h"
#include "job.h"
#include "mem.h"

#include <curl/curl.h>
#include <stdbool.h>
#include <stdint.h>

struct secrets; /* of one run */
struct secret;

/* Copies what it needs of config, claims and job; the last two may be NULL (tests). wall_ms tells
 * which tokens have expired. */
struct secrets *secrets_new(const struct config *config, const struct claims *claims,
                            const struct job *job, int64_t wall_ms);
/* Wipes the values. Accepts NULL. */
void secrets_free(struct secrets *secrets);

/* Valid as long as secrets. NULL with err (ERROR_MISSING): what is not there, and who can set it.
 */
const struct secret *secrets_find(struct secrets *secrets, const char *name, struct error *err);
struct span secret_value(const struct secret *secret);
/* May it be sent in a request to url? https only, or http to an allowed loopback host. False with
 * err (ERROR_DENIED): which setting would allow it. */
bool secret_may_go(const struct secret *secret, CURLU *url, struct error *err);

/* Redaction (redact.h) of all of the run's values, used or not. */
size_t secrets_redact(const struct secrets *secrets, struct span text, char *out);
/* The text itself when it holds no value; else what is left of it, in *copy (mem_free). */
struct span secrets_cleaned(const struct secrets *secrets, struct span text, char **copy);
/* The same for checked JSON, which it stays. */
struct span secrets_cleaned_json(const struct secrets *secrets, struct span json, char **copy);

/* The secrets in one part of a request. */
#define SECRET_SET_MAX 8
struct secret_set {
    const struct secret *items[SECRET_SET_MAX];
    size_t count;
};
/* Once each. False with err (ERROR_LIMIT) when there are too many. */
bool secret_set_add(struct secret_set *set, const struct secret *secret, struct error *err);
bool secret_set_may_go(const struct secret_set *set, CURLU *url, struct error *err);

#endif
