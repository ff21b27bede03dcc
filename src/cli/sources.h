/* sources: the Lua files of a flows folder: flows (*.lua, <board>/flow.lua) and modules (lib/, with
 * the folders in it). Specs (*_spec.lua) are no flows, and hidden files nothing at all. */
#ifndef MOONMILL_CLI_SOURCES_H
#define MOONMILL_CLI_SOURCES_H

#include "diag.h"
#include "mem.h"

#include <stdbool.h>
#include <stddef.h>

struct source {
    char *path;   /* opens it; as the user knows it: "flows/lib/money.lua" */
    char *folder; /* the flows folder, as the user knows it */
    char *name;   /* as the runtime calls it: "flows/lib/money.lua", wherever flows lies */
    bool module;
};

struct sources {
    struct source *list;
    size_t count;
    size_t room;
};

void sources_release(struct sources *sources);

/* Adds the files of a flows folder, in the order of their names. False with err: ERROR_SYSTEM (it,
 * or a folder in it, cannot be read), ERROR_LIMIT (too many, or too deep). */
bool sources_add_folder(struct sources *sources, const char *folder, struct error *err);

/* Adds one file of a flows folder; folder may be NULL: it is the one that the file lies in, and the
 * one above for lib/x.lua and x/flow.lua. False with err (ERROR_SYSTEM): there is no such file. */
bool sources_add_file(struct sources *sources, const char *path, const char *folder,
                      struct error *err);

/* The path of a file that the runtime calls so, in the flows folder; freed by mem_free. */
char *sources_path_of(const char *folder, const char *name);

/* Appends a regular file's bytes. False with err: ERROR_LIMIT (out's maximum would be passed),
 * ERROR_SYSTEM (it cannot be read), ERROR_INPUT (it is no regular file). */
bool sources_read(const char *path, struct buffer *out, struct error *err);

bool sources_is_spec(const char *name);
bool sources_is_folder(const char *path);

#endif
