#include "sources.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILES_MAX  100000
#define DEPTH_MAX  16
#define MODULES    "lib"
#define BOARD_FLOW "flow.lua"

void sources_release(struct sources *sources)
{
    for (size_t i = 0; i < sources->count; i++) {
        mem_free(sources->list[i].path);
        mem_free(sources->list[i].folder);
        mem_free(sources->list[i].name);
    }
    mem_free(sources->list);
    *sources = (struct sources){0};
}

/* --- paths ----------------------------------------------------------------------------------- */

/* "a/b"; "" and "." are no folder worth naming. */
static char *join(const char *folder, const char *name)
{
    size_t len = strcmp(folder, ".") == 0 ? 0 : strlen(folder);
    size_t size = len + 1 + strlen(name) + 1;
    char *path = mem_new(size);
    bool slash = len > 0 && folder[len - 1] != '/' && *name;
    snprintf(path, size, "%.*s%s%s", (int)len, folder, slash ? "/" : "", name);
    return path;
}

/* What stands before the last slash: "flows" of "flows/a.lua", "." of "a.lua". */
static char *folder_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    if (!slash)
        return mem_copy(".");
    return mem_string((struct span){path, slash == path ? 1 : (size_t)(slash - path)});
}

static const char *last_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* What the runtime calls a flows folder: its own name, without where it lies. */
static char *shown_of(const char *folder)
{
    char *real = realpath(folder, NULL);
    char *shown = mem_copy(last_of(real ? real : folder));
    free(real);
    return shown;
}

char *sources_path_of(const char *folder, const char *name)
{
    char *shown = shown_of(folder);
    size_t len = strlen(shown);
    bool inside = strncmp(name, shown, len) == 0 && name[len] == '/';
    char *path = inside ? join(folder, name + len + 1) : mem_copy(name);
    mem_free(shown);
    return path;
}

static bool ends_with(const char *text, const char *end)
{
    size_t len = strlen(text), tail = strlen(end);
    return len > tail && strcmp(text + len - tail, end) == 0;
}

bool sources_is_spec(const char *name)
{
    return ends_with(name, "_spec.lua");
}

/* --- adding ---------------------------------------------------------------------------------- */

static struct source *add(struct sources *sources)
{
    if (sources->count == sources->room) {
        sources->room = sources->room ? sources->room * 2 : 64;
        sources->list = mem_resize(sources->list, sources->room, sizeof *sources->list);
    }
    return &sources->list[sources->count++];
}

/* A file below the folder. */
static void add_below(struct sources *sources, const char *folder, const char *file)
{
    char *shown = shown_of(folder);
    *add(sources) = (struct source){.path = join(folder, file),
                                    .folder = mem_copy(folder),
                                    .name = join(shown, file),
                                    .module = strncmp(file, MODULES "/", sizeof MODULES) == 0};
    mem_free(shown);
}

/* --- a folder -------------------------------------------------------------------------------- */

bool sources_is_folder(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

static bool exists(const char *path)
{
    struct stat status;
    return lstat(path, &status) == 0;
}

static bool read_folder(struct sources *sources, const char *folder, const char *below, int depth,
                        struct error *err);

/* A folder in the flows folder: a board's, or one of modules. */
static bool add_inner(struct sources *sources, const char *folder, const char *file, int depth,
                      struct error *err)
{
    if (depth > 0 || strcmp(file, MODULES) == 0)
        return read_folder(sources, folder, file, depth + 1, err);
    char *flow = join(file, BOARD_FLOW), *path = join(folder, flow);
    if (exists(path))
        add_below(sources, folder, flow);
    mem_free(path);
    mem_free(flow);
    return true;
}

static bool add_entry(struct sources *sources, const char *folder, const char *file, int depth,
                      struct error *err)
{
    char *path = join(folder, file);
    bool good = true;
    if (sources->count == FILES_MAX)
        good = error_set(err, ERROR_LIMIT, "%s: over %d files", folder, FILES_MAX);
    else if (sources_is_folder(path))
        good = add_inner(sources, folder, file, depth, err);
    else if (ends_with(file, ".lua") && !sources_is_spec(file))
        add_below(sources, folder, file);
    mem_free(path);
    return good;
}

/* below: "" or the folder in it that is read; depth: 0, or how deep in the modules. */
static bool read_folder(struct sources *sources, const char *folder, const char *below, int depth,
                        struct error *err)
{
    struct dirent **entries;
    char *path = join(folder, below);
    int count = depth > DEPTH_MAX ? -1 : scandir(*path ? path : ".", &entries, NULL, NULL);
    bool good = count >= 0;
    if (depth > DEPTH_MAX)
        error_set(err, ERROR_LIMIT, "%s: folders are nested over %d deep", path, DEPTH_MAX);
    else if (!good)
        error_set(err, ERROR_SYSTEM, "%s: %s", *path ? path : ".", strerror(errno));
    mem_free(path);
    for (int i = 0; i < count; i++) {
        char *file = join(below, entries[i]->d_name);
        if (good && entries[i]->d_name[0] != '.')
            good = add_entry(sources, folder, file, depth, err);
        mem_free(file);
        free(entries[i]);
    }
    if (count >= 0)
        free(entries);
    return good;
}

static int compare(const void *a, const void *b)
{
    return strcmp(((const struct source *)a)->path, ((const struct source *)b)->path);
}

bool sources_add_folder(struct sources *sources, const char *folder, struct error *err)
{
    size_t before = sources->count;
    if (!read_folder(sources, folder, "", 0, err))
        return false;
    if (sources->count > before)
        qsort(sources->list + before, sources->count - before, sizeof *sources->list, compare);
    return true;
}

/* --- one file -------------------------------------------------------------------------------- */

/* Where the file lies below the folder, by their real paths; NULL: outside of it. */
static char *file_below(const char *path, const char *folder)
{
    char *real = realpath(path, NULL), *root = realpath(folder, NULL), *file = NULL;
    size_t len = root ? strlen(root) : 0;
    if (real && root && strncmp(real, root, len) == 0 && real[len] == '/')
        file = mem_copy(real + len + 1);
    free(real);
    free(root);
    return file;
}

/* The flows folder that a file lies in. */
static char *guess_folder(const char *path)
{
    char *folder = folder_of(path);
    bool inner = strcmp(last_of(folder), MODULES) == 0 || strcmp(last_of(path), BOARD_FLOW) == 0;
    if (!inner || strcmp(folder, ".") == 0)
        return folder;
    char *above = folder_of(folder);
    mem_free(folder);
    return above;
}

bool sources_add_file(struct sources *sources, const char *path, const char *folder,
                      struct error *err)
{
    if (!exists(path))
        return error_set(err, ERROR_SYSTEM, "%s: %s", path, strerror(errno));
    char *root = folder ? mem_copy(folder) : guess_folder(path);
    char *file = file_below(path, root);
    if (file) {
        add_below(sources, root, file);
        mem_free(sources->list[sources->count - 1].path);
    } else {
        *add(sources) = (struct source){.folder = mem_copy(root), .name = mem_copy(path)};
    }
    sources->list[sources->count - 1].path = mem_copy(path); /* not where a link leads */
    mem_free(file);
    mem_free(root);
    return true;
}

/* --- reading --------------------------------------------------------------------------------- */

static bool read_all(int fd, const char *path, struct buffer *out, struct error *err)
{
    char chunk[16 * 1024];
    ssize_t got;
    while ((got = read(fd, chunk, sizeof chunk)) != 0) {
        if (got < 0 && errno != EINTR)
            return error_set(err, ERROR_SYSTEM, "%s: %s", path, strerror(errno));
        if (got > 0 && !buffer_add(out, (struct span){chunk, (size_t)got}))
            return error_set(err, ERROR_LIMIT, "%s: over %zu bytes", path, out->max);
    }
    return true;
}

bool sources_read(const char *path, struct buffer *out, struct error *err)
{
    struct stat status;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return error_set(err, ERROR_SYSTEM, "%s: %s", path, strerror(errno));
    bool good = fstat(fd, &status) == 0 && S_ISREG(status.st_mode)
                    ? read_all(fd, path, out, err)
                    : error_set(err, ERROR_INPUT, "%s: no regular file", path);
    close(fd);
    return good;
}
