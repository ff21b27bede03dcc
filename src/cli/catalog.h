/* catalog: the flows of a folder as a browser needs them: what each takes, its picture, what is
 * wrong with it.
 *
 * It asks this very program (check --json, graph --format json), one process after the other, so
 * that a flow that never ends loading holds up nobody. */
#ifndef MOONMILL_CLI_CATALOG_H
#define MOONMILL_CLI_CATALOG_H

#include "diag.h"
#include "loop.h"
#include "mem.h"

#include <stdbool.h>
#include <stddef.h>

struct catalog;

struct catalog_user {
    void *arg;
    /* Every flow was read, after catalog_refresh. */
    void (*ready)(void *arg);
};

/* program is this one; all outlive it. scripted: there are answers for jobs that want them. */
struct catalog *catalog_new(struct loop *loop, const char *program, const char *flows,
                            bool scripted, const struct catalog_user *user);
void catalog_free(struct catalog *catalog);

/* Reads the folder again; once more when that is asked for meanwhile. */
void catalog_refresh(struct catalog *catalog);

/* [{"name","file","about"?,"input"?,"examples":[...],"findings":[...]}], as page.h has it. */
void catalog_list(const struct catalog *catalog, struct buffer *out);
/* The SVG of a flow, or {NULL, 0}; valid until the loop's next turn. */
struct span catalog_picture(const struct catalog *catalog, const char *flow);
/* How many findings are errors, of all files. */
size_t catalog_errors(const struct catalog *catalog);
/* Calls tell for each finding: "flows/a.lua:3: error: ...". */
void catalog_tell(const struct catalog *catalog, void (*tell)(void *arg, const char *line),
                  void *arg);

#endif
