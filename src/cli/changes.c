#include "changes.h"

#include "mem.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#define QUIET_MS  40
#define DEPTH_MAX 32
#define WATCHED                                                                                    \
    (IN_CLOSE_WRITE | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_ATTRIB |            \
     IN_DELETE_SELF)

struct changes {
    struct loop *loop;
    struct loop_fd watch;
    struct loop_timer quiet;
    char *path;
    const char *file; /* the one file's name in its folder; NULL: all of it */
    size_t folders;
    changes_fn *changed;
    void *arg;
};

/* --- what is watched ------------------------------------------------------------------------- */

static bool add_folder(struct changes *changes, const char *path, struct error *err)
{
    if (++changes->folders > CHANGES_FOLDERS_MAX)
        return error_set(err, ERROR_LIMIT, "%s: over %d folders", path, CHANGES_FOLDERS_MAX);
    if (inotify_add_watch(changes->watch.fd, path, WATCHED | IN_ONLYDIR) >= 0)
        return true;
    return error_set(err, ERROR_SYSTEM, "%s cannot be watched: %s", path, strerror(errno));
}

/* It, and the folders in it; hidden ones hold no flows. */
static bool add_tree(struct changes *changes, const char *path, int depth, struct error *err)
{
    char below[PATH_MAX];
    struct stat info;
    bool good = depth < DEPTH_MAX && add_folder(changes, path, err);
    DIR *dir = good ? opendir(path) : NULL;
    for (struct dirent *entry; good && dir && (entry = readdir(dir));) {
        int len = snprintf(below, sizeof below, "%s/%s", path, entry->d_name);
        if (entry->d_name[0] != '.' && len < (int)sizeof below && lstat(below, &info) == 0 &&
            S_ISDIR(info.st_mode))
            good = add_tree(changes, below, depth + 1, err);
    }
    if (dir)
        closedir(dir);
    return good;
}

/* --- what is told ---------------------------------------------------------------------------- */

static void on_quiet(void *arg)
{
    struct changes *changes = arg;
    if (!changes->file) { /* there may be new folders */
        changes->folders = 0;
        add_tree(changes, changes->path, 0, NULL);
    }
    changes->changed(changes->arg);
}

static bool matters(const struct changes *changes, const struct inotify_event *event)
{
    if (changes->file)
        return event->len && strcmp(event->name, changes->file) == 0;
    return !event->len || event->name[0] != '.';
}

static void on_ready(void *arg, uint32_t events)
{
    struct changes *changes = arg;
    _Alignas(struct inotify_event) char bytes[16 * 1024];
    ssize_t got;
    bool told = false;
    (void)events;
    while ((got = read(changes->watch.fd, bytes, sizeof bytes)) > 0) {
        for (char *at = bytes; at < bytes + got;) {
            const struct inotify_event *event = (const struct inotify_event *)at;
            told |= matters(changes, event);
            at += sizeof *event + event->len;
        }
    }
    if (told)
        loop_timer_set(changes->loop, &changes->quiet, loop_mono_ms(changes->loop) + QUIET_MS,
                       on_quiet, changes);
}

/* --- life ------------------------------------------------------------------------------------ */

static bool begin(struct changes *changes, struct error *err)
{
    struct stat info;
    char *slash = strrchr(changes->path, '/');
    if (stat(changes->path, &info) < 0)
        return error_set(err, ERROR_MISSING, "%s: %s", changes->path, strerror(errno));
    if (S_ISDIR(info.st_mode))
        return add_tree(changes, changes->path, 0, err);
    changes->file = slash ? slash + 1 : changes->path;
    if (!slash)
        return add_folder(changes, ".", err);
    *slash = '\0';
    return add_folder(changes, *changes->path ? changes->path : "/", err);
}

struct changes *changes_watch(struct loop *loop, const char *path, changes_fn *changed, void *arg,
                              struct error *err)
{
    struct changes *changes = mem_new(sizeof *changes);
    *changes =
        (struct changes){.loop = loop, .path = mem_copy(path), .changed = changed, .arg = arg};
    changes->watch = (struct loop_fd){
        .fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK), .ready = on_ready, .arg = changes};
    if (changes->watch.fd < 0)
        error_set(err, ERROR_SYSTEM, "inotify: %s", strerror(errno));
    if (changes->watch.fd >= 0 && begin(changes, err)) {
        loop_fd_watch(loop, &changes->watch, EPOLLIN);
        return changes;
    }
    changes_free(changes);
    return NULL;
}

void changes_free(struct changes *changes)
{
    if (!changes)
        return;
    loop_timer_stop(changes->loop, &changes->quiet);
    if (changes->watch.watched)
        loop_fd_stop(changes->loop, &changes->watch);
    if (changes->watch.fd >= 0)
        close(changes->watch.fd);
    mem_free(changes->path);
    mem_free(changes);
}
