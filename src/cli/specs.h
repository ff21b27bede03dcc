/* specs: which files a test command runs: *_spec.lua, by path, folders searched.
 *
 * In the order of their names, hidden folders and links to folders passed over. */
#ifndef MOONMILL_CLI_SPECS_H
#define MOONMILL_CLI_SPECS_H

#include "diag.h"

#include <stdbool.h>
#include <stddef.h>

/* Zeroed before first use. */
struct specs {
    char **paths;
    size_t count;
    size_t room;
};

/* Adds the file, or what lies in the folder. False with err: ERROR_MISSING (it cannot be read, with
 * the reason). A folder without specs adds nothing. */
bool specs_find(struct specs *specs, const char *path, struct error *err);
/* Adds the names under which a folder's flows can be run, versions left out; what cannot be read is
 * passed over. */
void specs_flows(struct specs *specs, const char *flows_dir);
void specs_release(struct specs *specs);

#endif
