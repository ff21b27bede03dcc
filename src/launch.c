#include "launch.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#define FIRST_CLOSED (WORKER_PAGE + 1)

static int run(const char *program, int64_t memory_limit_bytes, int socket, int page, pid_t *pid)
{
    char limit[24];
    snprintf(limit, sizeof limit, "%lld", (long long)memory_limit_bytes);
    char *argv[] = {"moonmill-worker", WORKER_ARGUMENT, limit, NULL};
    char *environment[] = {"TZ=UTC0", NULL};
    sigset_t none, standard;
    sigemptyset(&none);
    sigemptyset(&standard);
    sigaddset(&standard, SIGPIPE);

    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_init(&files);
    posix_spawnattr_init(&attributes);
    posix_spawn_file_actions_adddup2(&files, socket, WORKER_SOCKET);
    posix_spawn_file_actions_adddup2(&files, page, WORKER_PAGE);
#ifdef __GLIBC__ /* a worker closes what it is left all the same, first of all */
    posix_spawn_file_actions_addclosefrom_np(&files, FIRST_CLOSED);
#endif
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &standard);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    int failed = posix_spawn(pid, program, &files, &attributes, argv, environment);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&files);
    return failed;
}

/* The page keeps its size: a look at one that its worker has cut would be the supervisor's end. */
static struct worker_page *map_page(int fd)
{
    if (fd < 0 || ftruncate(fd, sizeof(struct worker_page)) != 0 ||
        fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0)
        return NULL;
    void *page = mmap(NULL, sizeof(struct worker_page), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    return page == MAP_FAILED ? NULL : page;
}

static void close_open(int fd)
{
    if (fd >= 0)
        close(fd);
}

bool launch_worker(const char *program, int64_t memory_limit_bytes, struct launched *launched,
                   struct error *err)
{
    int ends[2] = {-1, -1};
    pid_t pid = 0;
    int page_fd = memfd_create("moonmill-page", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    struct worker_page *page = map_page(page_fd);
    bool prepared = page && socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0 &&
                    fcntl(ends[0], F_SETFL, O_NONBLOCK) == 0;
    int failed = prepared ? run(program, memory_limit_bytes, ends[1], page_fd, &pid) : errno;
    close_open(ends[1]);
    close_open(page_fd);
    if (failed) {
        close_open(ends[0]);
        if (page)
            munmap(page, sizeof *page);
        return error_set(err, ERROR_SYSTEM, "cannot start a worker: %s", strerror(failed));
    }
    *launched = (struct launched){.pid = pid, .socket = ends[0], .page = page};
    return true;
}

void launch_release(struct launched *launched)
{
    close(launched->socket);
    munmap(launched->page, sizeof *launched->page);
}
