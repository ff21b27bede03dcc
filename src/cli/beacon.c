#include "beacon.h"

#include "mem.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define URL_SIZE 256
#define NAME_LEN 16 /* hexadecimal digits of the folder's digest */

struct beacon {
    int fd;
    char path[PATH_MAX];
};

/* The folder for these files: ours, and nobody else's to write. */
static bool make_folder(char folder[PATH_MAX], struct error *err)
{
    const char *runtime = getenv("XDG_RUNTIME_DIR");
    struct stat info;
    int len = runtime && *runtime
                  ? snprintf(folder, PATH_MAX, "%s/moonmill", runtime)
                  : snprintf(folder, PATH_MAX, "/tmp/moonmill-%lu", (unsigned long)getuid());
    if (len >= PATH_MAX)
        return error_set(err, ERROR_SYSTEM, "XDG_RUNTIME_DIR is too long");
    if (mkdir(folder, 0700) < 0 && errno != EEXIST)
        return error_set(err, ERROR_SYSTEM, "%s: %s", folder, strerror(errno));
    if (lstat(folder, &info) < 0 || !S_ISDIR(info.st_mode) || info.st_uid != getuid() ||
        (info.st_mode & 022))
        return error_set(err, ERROR_SYSTEM, "%s is not a folder of yours alone", folder);
    return true;
}

static bool find_path(char path[PATH_MAX], struct error *err)
{
    char here[PATH_MAX], folder[PATH_MAX];
    unsigned char digest[32];
    if (!getcwd(here, sizeof here))
        return error_set(err, ERROR_SYSTEM, "the current folder: %s", strerror(errno));
    if (!make_folder(folder, err))
        return false;
    EVP_Digest(here, strlen(here), digest, NULL, EVP_sha256(), NULL);
    size_t len = strlen(folder);
    if (len + NAME_LEN + 8 >= PATH_MAX)
        return error_set(err, ERROR_SYSTEM, "%s is too long", folder);
    memcpy(path, folder, len);
    path[len++] = '/';
    for (size_t i = 0; i < NAME_LEN / 2; i++)
        len += (size_t)snprintf(path + len, 3, "%02x", digest[i]);
    return true;
}

static void read_url(int fd, char url[URL_SIZE])
{
    ssize_t got = pread(fd, url, URL_SIZE - 1, 0);
    url[got > 0 ? got : 0] = '\0';
    url[strcspn(url, "\n")] = '\0';
}

static bool write_url(int fd, const char *url)
{
    size_t len = strlen(url);
    return ftruncate(fd, 0) == 0 && pwrite(fd, url, len, 0) == (ssize_t)len;
}

static bool light(struct beacon *beacon, const char *url, struct error *err)
{
    if (!find_path(beacon->path, err))
        return false;
    beacon->fd = open(beacon->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (beacon->fd < 0)
        return error_set(err, ERROR_SYSTEM, "%s: %s", beacon->path, strerror(errno));
    if (flock(beacon->fd, LOCK_EX | LOCK_NB) < 0) {
        char other[URL_SIZE];
        read_url(beacon->fd, other);
        return error_set(err, ERROR_INPUT, "another watch runs in this folder: %s", other);
    }
    return write_url(beacon->fd, url) ||
           error_set(err, ERROR_SYSTEM, "%s: %s", beacon->path, strerror(errno));
}

struct beacon *beacon_light(const char *url, struct error *err)
{
    struct beacon *beacon = mem_new(sizeof *beacon);
    beacon->fd = -1;
    if (light(beacon, url, err))
        return beacon;
    if (beacon->fd >= 0)
        close(beacon->fd);
    mem_free(beacon);
    return NULL;
}

void beacon_put_out(struct beacon *beacon)
{
    if (!beacon)
        return;
    unlink(beacon->path);
    close(beacon->fd);
    mem_free(beacon);
}

char *beacon_find(struct error *err)
{
    char path[PATH_MAX], url[URL_SIZE] = "";
    if (!find_path(path, err))
        return NULL;
    int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    if (fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) < 0) /* somebody holds it: it is lit */
        read_url(fd, url);
    if (fd >= 0)
        close(fd);
    if (*url)
        return mem_copy(url);
    error_set(err, ERROR_MISSING, "no watch runs in this folder; start one: moonmill watch");
    return NULL;
}
