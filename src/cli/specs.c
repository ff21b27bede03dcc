#include "specs.h"

#include "mem.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ENDING    "_spec.lua"
#define DEPTH_MAX 32

static void add(struct specs *specs, struct span path)
{
    if (specs->count == specs->room) {
        specs->room = specs->room ? 2 * specs->room : 16;
        specs->paths = mem_resize(specs->paths, specs->room, sizeof *specs->paths);
    }
    specs->paths[specs->count++] = mem_string(path);
}

static bool ends_with(const char *name, const char *ending)
{
    size_t len = strlen(name), tail = strlen(ending);
    return len > tail && strcmp(name + len - tail, ending) == 0;
}

static bool join(char *path, const char *dir, const char *name)
{
    const char *slash = ends_with(dir, "/") ? "" : "/";
    return (size_t)snprintf(path, PATH_MAX, "%s%s%s", dir, slash, name) < PATH_MAX;
}

/* The entries of a folder in the order of their names; -1 with errno. */
static int list(const char *dir, struct dirent ***entries)
{
    return scandir(dir, entries, NULL, alphasort);
}

static bool search(struct specs *specs, const char *dir, int depth)
{
    struct dirent **entries;
    int count = list(dir, &entries);
    for (int i = 0; i < count; i++) {
        char path[PATH_MAX];
        struct stat info;
        const char *name = entries[i]->d_name;
        if (*name != '.' && join(path, dir, name) && lstat(path, &info) == 0) {
            if (S_ISDIR(info.st_mode) && depth < DEPTH_MAX)
                search(specs, path, depth + 1);
            else if (!S_ISDIR(info.st_mode) && ends_with(name, ENDING))
                add(specs, span_of(path));
        }
        free(entries[i]);
    }
    if (count >= 0)
        free(entries);
    return count >= 0;
}

bool specs_find(struct specs *specs, const char *path, struct error *err)
{
    struct stat info;
    if (stat(path, &info) != 0)
        return error_set(err, ERROR_MISSING, "%s: %s", path, strerror(errno));
    if (!S_ISDIR(info.st_mode)) {
        add(specs, span_of(path));
        return true;
    }
    return search(specs, path, 0) || error_set(err, ERROR_MISSING, "%s: %s", path, strerror(errno));
}

/* "hello" for hello.lua and hello@1.4.2.lua, and for a folder with flow.lua in it. */
static void add_flow(struct specs *specs, const char *dir, const char *name)
{
    char path[PATH_MAX], inner[PATH_MAX];
    if (*name == '.' || ends_with(name, ENDING) || !join(path, dir, name))
        return;
    size_t len = strlen(name);
    if (ends_with(name, ".lua"))
        len -= strlen(".lua");
    else if (!join(inner, path, "flow.lua") || access(inner, R_OK) != 0)
        return;
    const char *version = memchr(name, '@', len);
    struct span flow = {name, version ? (size_t)(version - name) : len};
    if (specs->count && span_is(flow, specs->paths[specs->count - 1]))
        return; /* another version of it */
    add(specs, flow);
}

void specs_flows(struct specs *specs, const char *flows_dir)
{
    struct dirent **entries;
    int count = list(flows_dir, &entries);
    for (int i = 0; i < count; i++) {
        add_flow(specs, flows_dir, entries[i]->d_name);
        free(entries[i]);
    }
    if (count >= 0)
        free(entries);
}

void specs_release(struct specs *specs)
{
    for (size_t i = 0; i < specs->count; i++)
        mem_free(specs->paths[i]);
    mem_free(specs->paths);
    *specs = (struct specs){0};
}
