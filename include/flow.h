/* flow: a flow's source bytes by board id and version.
 *
 * Takes claims, so that an unverified job cannot reach it. Files lie at <dir>/<board>.lua,
 * <dir>/<board>@1.4.2.lua or <dir>/<board>/flow.lua; <dir>/index.json maps further board ids,
 * {"<board>": "<flow>"}, or one version of one, {"<board>@1.4.2": "<flow>"}. Never leaves the
 * folder:
 * "..", absolute paths, NUL and links out of it are refused. Read once, read again when changed. */
#ifndef MOONMILL_FLOW_H
#define MOONMILL_FLOW_H

#include "claims.h"
#include "diag.h"
#include "job.h"
#include "mem.h"

struct flows;

struct flow {
    char *name; /* "hello": the file's name without version and .lua */
    char *path; /* as authors see it: "flows/hello.lua" */
    struct span source;
    char version[48]; /* "1.4.2", or "" for the unversioned file */
    char digest[65];  /* SHA-256 of the source, hex */
};

/* NULL with err (ERROR_MISSING): dir is no folder that can be read. */
struct flows *flows_open(const char *dir, struct error *err);
void flows_close(struct flows *flows);

/* The flow of a verified job, owned by flows and valid until the next call. NULL with err:
 * ERROR_MISSING (no such flow or version, with what to do), ERROR_LIMIT (source over 1 MiB),
 * ERROR_INPUT (name not allowed, not UTF-8, starts as bytecode, index.json malformed). */
const struct flow *flow_find(struct flows *flows, const struct claims *claims,
                             const struct job *job, struct error *err);

/* What a flow asks for while it loads or runs, by a name that is not trusted: another flow, "other"
 * or "other@1.4.2", found as a board id is; a module, "lib.money" or "money", which are both
 * lib/money.lua. Owned and failing as above. */
const struct flow *flow_called(struct flows *flows, struct span name, struct error *err);
const struct flow *flow_module(struct flows *flows, struct span name, struct error *err);

#endif
