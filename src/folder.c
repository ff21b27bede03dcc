#include "folder.h"

#include "mem.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool folder_init(struct folder *folder, const char *dir, struct error *err)
{
    char *root = realpath(dir, NULL);
    DIR *opened = root ? opendir(root) : NULL;
    if (!opened) {
        error_set(err, ERROR_MISSING, "flows folder \"%s\": %s", dir, strerror(errno));
        free(root);
        return false;
    }
    closedir(opened);
    folder->root = root;
    folder->shown = strrchr(root, '/') + 1;
    return true;
}

void folder_release(struct folder *folder)
{
    free(folder->root);
    *folder = (struct folder){0};
}

static char *path_join(const struct folder *folder, const char *file)
{
    size_t size = strlen(folder->root) + 1 + strlen(file) + 1;
    char *path = mem_new(size);
    snprintf(path, size, "%s/%s", folder->root, file);
    return path;
}

bool folder_exists(const struct folder *folder, const char *file)
{
    struct stat status;
    char *path = path_join(folder, file);
    bool exists = stat(path, &status) == 0 || (errno != ENOENT && errno != ENOTDIR);
    mem_free(path);
    return exists;
}

static bool is_inside(const struct folder *folder, const char *path)
{
    size_t len = strlen(folder->root);
    if (strcmp(folder->root, "/") == 0)
        return true;
    return strncmp(path, folder->root, len) == 0 && path[len] == '/';
}

/* Where a file really lies, whatever links lead to it; freed by free. NULL with err when there is
 * none or it is outside. */
static char *real_path(const struct folder *folder, const char *file, struct error *err)
{
    char *path = path_join(folder, file), *real = realpath(path, NULL);
    mem_free(path);
    if (!real) {
        error_set(err, errno == ENOENT || errno == ENOTDIR ? ERROR_MISSING : ERROR_SYSTEM,
                  "%s/%s: %s", folder->shown, file, strerror(errno));
        return NULL;
    }
    if (is_inside(folder, real))
        return real;
    error_set(err, ERROR_INPUT, "%s/%s: a link that leads out of the flows folder is refused",
              folder->shown, file);
    free(real);
    return NULL;
}

static struct folder_stamp stamp_of(const struct stat *status)
{
    return (struct folder_stamp){status->st_dev, status->st_ino, status->st_size, status->st_mtim};
}

/* No link is followed any more, so that what was judged is what is opened, and a pipe does not
 * block. */
int folder_open(const struct folder *folder, const char *file, struct folder_stamp *stamp,
                struct error *err)
{
    struct stat status;
    char *real = real_path(folder, file, err);
    if (!real)
        return -1;
    int fd = open(real, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    free(real);
    if (fd >= 0 && fstat(fd, &status) == 0 && S_ISREG(status.st_mode)) {
        *stamp = stamp_of(&status);
        return fd;
    }
    if (fd < 0)
        error_set(err, ERROR_SYSTEM, "%s/%s: cannot be read: %s", folder->shown, file,
                  strerror(errno));
    else
        error_set(err, ERROR_INPUT, "%s/%s: must be a regular file", folder->shown, file);
    if (fd >= 0)
        close(fd);
    return -1;
}

char *folder_read(const struct folder *folder, const char *file, int fd, size_t max, size_t *len,
                  struct error *err)
{
    struct buffer text;
    char chunk[16 * 1024], *whole = NULL;
    ssize_t got;
    bool fits = true;
    buffer_init(&text, max);
    while (fits && (got = read(fd, chunk, sizeof chunk)) != 0) {
        if (got > 0)
            fits = buffer_add(&text, (struct span){chunk, (size_t)got});
        else if (errno != EINTR)
            break;
    }
    if (!fits) {
        error_set(err, ERROR_LIMIT, "%s/%s: at most %zu bytes are allowed", folder->shown, file,
                  max);
    } else if (got < 0) {
        error_set(err, ERROR_SYSTEM, "%s/%s: cannot be read: %s", folder->shown, file,
                  strerror(errno));
    } else {
        whole = mem_string(buffer_span(&text));
        *len = text.len;
    }
    buffer_release(&text);
    return whole;
}

bool folder_same_stamp(const struct folder_stamp *a, const struct folder_stamp *b)
{
    return a->device == b->device && a->inode == b->inode && a->size == b->size &&
           a->changed.tv_sec == b->changed.tv_sec && a->changed.tv_nsec == b->changed.tv_nsec;
}
