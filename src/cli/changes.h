/* changes: tells when files change: those of a folder and its folders, or one file (inotify(7)).
 *
 * Changes that come together are told once, when it has been quiet for a moment: an editor writes,
 * renames and removes to save one file. */
#ifndef MOONMILL_CLI_CHANGES_H
#define MOONMILL_CLI_CHANGES_H

#include "diag.h"
#include "loop.h"

#define CHANGES_FOLDERS_MAX 1000

struct changes;

/* Told once for all that changed meanwhile. */
typedef void changes_fn(void *arg);

/* path is a folder, with what lies below it, or a file, which may be replaced by another of its
 * name. NULL with err: ERROR_MISSING, ERROR_SYSTEM (the machine's limits), ERROR_LIMIT. */
struct changes *changes_watch(struct loop *loop, const char *path, changes_fn *changed, void *arg,
                              struct error *err);
void changes_free(struct changes *changes);

#endif
