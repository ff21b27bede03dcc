/* folder: the one folder that files are read from, and nothing outside of it.
 *
 * Names are relative to it; whoever makes them has refused "..", absolute paths and NUL. A link
 * that leads out of the folder is refused, and so is what is no regular file. Errors name files as
 * people see them: the folder's last component, a slash, the name. */
#ifndef MOONMILL_FOLDER_H
#define MOONMILL_FOLDER_H

#include "diag.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>
#include <time.h>

struct folder {
    char *root;        /* its real path */
    const char *shown; /* the last component of it */
};

/* What tells one state of a file from the next. */
struct folder_stamp {
    dev_t device;
    ino_t inode;
    off_t size;
    struct timespec changed;
};

/* False with err (ERROR_MISSING): dir is no folder that can be read. */
bool folder_init(struct folder *folder, const char *dir, struct error *err);
void folder_release(struct folder *folder);

/* What cannot be looked at counts as there, so that opening it tells why. */
bool folder_exists(const struct folder *folder, const char *file);
/* Opens a file for folder_read; its descriptor is the caller's to close. -1 with err:
 * ERROR_MISSING, ERROR_INPUT (a link that leads out, no regular file), ERROR_SYSTEM. */
int folder_open(const struct folder *folder, const char *file, struct folder_stamp *stamp,
                struct error *err);
/* The whole file as a C string (mem_free); *len counts its bytes. NULL with err: ERROR_LIMIT (over
 * max bytes), ERROR_SYSTEM. */
char *folder_read(const struct folder *folder, const char *file, int fd, size_t max, size_t *len,
                  struct error *err);
bool folder_same_stamp(const struct folder_stamp *a, const struct folder_stamp *b);

#endif
