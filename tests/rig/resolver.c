#include "resolver.h"

#include "mem.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <unistd.h>

/* --- the machine ------------------------------------------------------------------------------ */

static bool fail(char *why, size_t size, const char *what)
{
    snprintf(why, size, "%s: %s", what, strerror(errno));
    return false;
}

static bool write_file(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    size_t len = strlen(text);
    bool good = fd >= 0 && write(fd, text, len) == (ssize_t)len;
    if (fd >= 0)
        close(fd);
    return good;
}

/* A plain user becomes root of a user namespace of his own. */
static bool become_root(char *why, size_t size)
{
    char uids[32], gids[32];
    snprintf(uids, sizeof uids, "0 %u 1", (unsigned)getuid());
    snprintf(gids, sizeof gids, "0 %u 1", (unsigned)getgid());
    if (geteuid() == 0)
        return true;
    if (unshare(CLONE_NEWUSER) != 0)
        return fail(why, size, "a user namespace");
    if (!write_file("/proc/self/setgroups", "deny") || !write_file("/proc/self/uid_map", uids) ||
        !write_file("/proc/self/gid_map", gids))
        return fail(why, size, "the user namespace's map");
    return true;
}

/* Lets our text stand in the place of a file of the machine's. */
static bool cover(const char *file, const char *text)
{
    char path[] = "/tmp/moonmill-resolver-XXXXXX";
    int fd = mkstemp(path);
    if (fd < 0)
        return false;
    close(fd);
    bool good = write_file(path, text) && mount(path, file, NULL, MS_BIND, NULL) == 0;
    unlink(path);
    return good;
}

static bool set_flags_up(int fd)
{
    struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING};
    return ioctl(fd, SIOCSIFFLAGS, &request) == 0;
}

static bool add_four(int fd, const char *alias, const char *address)
{
    struct ifreq request = {0};
    struct sockaddr_in at = {.sin_family = AF_INET};
    snprintf(request.ifr_name, sizeof request.ifr_name, "%s", alias);
    inet_pton(AF_INET, address, &at.sin_addr);
    memcpy(&request.ifr_addr, &at, sizeof at);
    if (ioctl(fd, SIOCSIFADDR, &request) != 0)
        return false;
    at.sin_addr.s_addr = 0xffffffff;
    memcpy(&request.ifr_netmask, &at, sizeof at);
    return ioctl(fd, SIOCSIFNETMASK, &request) == 0;
}

/* linux/ipv6.h cannot be included beside netinet/in.h. */
struct six_request {
    struct in6_addr address;
    uint32_t prefix;
    int index;
};

static bool add_six(const char *address)
{
    int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    struct six_request request = {.prefix = 128, .index = (int)if_nametoindex("lo")};
    inet_pton(AF_INET6, address, &request.address);
    bool good = fd >= 0 && ioctl(fd, SIOCSIFADDR, &request) == 0;
    if (fd >= 0)
        close(fd);
    return good;
}

static bool add_addresses(void)
{
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    bool good = fd >= 0 && set_flags_up(fd) && add_four(fd, "lo:1", RESOLVER_PUBLIC) &&
                add_four(fd, "lo:2", RESOLVER_PRIVATE) && add_four(fd, "lo:3", RESOLVER_METADATA) &&
                add_six(RESOLVER_PUBLIC_6);
    if (fd >= 0)
        close(fd);
    return good;
}

static bool can_bind(const char *address)
{
    struct sockaddr_in6 at = {.sin6_family = AF_INET6};
    int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    inet_pton(AF_INET6, address, &at.sin6_addr);
    bool good = fd >= 0 && bind(fd, (struct sockaddr *)&at, sizeof at) == 0;
    if (fd >= 0)
        close(fd);
    return good;
}

/* The kernel gives an IPv6 address out a moment after it was asked to. */
static bool wait_for_six(void)
{
    for (int i = 0; i < 10000; i++) {
        if (can_bind("::1") && can_bind(RESOLVER_PUBLIC_6))
            return true;
        usleep(1000);
    }
    return false;
}

bool resolver_enter(char *why, size_t size)
{
    if (!become_root(why, size))
        return false;
    if (unshare(CLONE_NEWNET | CLONE_NEWNS) != 0)
        return fail(why, size, "a network and a mount namespace");
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
        return fail(why, size, "mounts of its own");
    if (!cover("/etc/resolv.conf", "nameserver 127.0.0.1\noptions timeout:5 attempts:1\n") ||
        !cover("/etc/nsswitch.conf", "hosts: files dns\n") ||
        !cover("/etc/hosts", "127.0.0.1 localhost\n::1 localhost\n"))
        return fail(why, size, "its own /etc/resolv.conf, nsswitch.conf and hosts");
    if (!add_addresses() || !wait_for_six())
        return fail(why, size, "addresses of its own");
    return true;
}

/* --- the server ------------------------------------------------------------------------------- */

#define NAMES_MAX   64
#define MESSAGE_MAX 512 /* RFC 1035 2.3.4 */
#define HEADER_SIZE 12
#define TYPE_A      1
#define TYPE_AAAA   28

struct name {
    char name[128];
    char turns[256];
    unsigned asked[2]; /* its IPv4 addresses, its IPv6 addresses */
};

struct resolver {
    int fd;
    pthread_t thread;
    pthread_mutex_t lock;
    struct name names[NAMES_MAX];
    size_t count;
};

static void must(bool done, const char *what)
{
    if (done)
        return;
    fprintf(stderr, "rig: resolver: %s: %s\n", what, strerror(errno));
    abort();
}

/* The question's name as text, and where its type stands; 0 for what is no question. */
static size_t read_question(const unsigned char *message, size_t len, char name[128])
{
    size_t at = HEADER_SIZE, used = 0;
    while (at < len && message[at] != 0) {
        size_t label = message[at++];
        if (label > 63 || at + label >= len || used + label + 2 > 128)
            return 0;
        used += (size_t)snprintf(name + used, 128 - used, "%s%.*s", used ? "." : "", (int)label,
                                 (const char *)message + at);
        at += label;
    }
    return at + 5 <= len ? at + 1 : 0;
}

static struct name *find_name(struct resolver *resolver, const char *name)
{
    for (size_t i = 0; i < resolver->count; i++)
        if (strcasecmp(resolver->names[i].name, name) == 0)
            return &resolver->names[i];
    return NULL;
}

/* The turn's addresses of one kind, as records behind each other; returns how many. */
static unsigned put_records(const char *turn, size_t turn_len, bool six, struct buffer *out)
{
    static const unsigned char head[2][10] = {{0xc0, HEADER_SIZE, 0, TYPE_A, 0, 1},
                                              {0xc0, HEADER_SIZE, 0, TYPE_AAAA, 0, 1}};
    char *copy = mem_string((struct span){turn, turn_len});
    char *rest = NULL;
    unsigned count = 0;
    for (char *word = strtok_r(copy, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
        unsigned char bytes[16];
        if (inet_pton(six ? AF_INET6 : AF_INET, word, bytes) != 1)
            continue;
        buffer_add(out, (struct span){(const char *)head[six], 10});
        buffer_add(out, (struct span){six ? "\0\x10" : "\0\x04", 2});
        buffer_add(out, (struct span){(const char *)bytes, six ? 16 : 4});
        count++;
    }
    mem_free(copy);
    return count;
}

/* Where the nth turn, from 0, or the last one, begins. */
static const char *find_turn(const char *turns, unsigned nth)
{
    const char *next;
    while (nth-- > 0 && (next = strchr(turns, ';')))
        turns = next + 1;
    return turns;
}

static void answer(struct resolver *resolver, const unsigned char *message, size_t len,
                   struct buffer *out)
{
    char text[128] = "";
    size_t type_at = read_question(message, len, text);
    struct buffer records;
    unsigned count = 0;
    if (type_at == 0)
        return;
    buffer_init(&records, MESSAGE_MAX);
    pthread_mutex_lock(&resolver->lock);
    struct name *name = find_name(resolver, text);
    bool six = message[type_at + 1] == TYPE_AAAA;
    if (name && (six || message[type_at + 1] == TYPE_A)) {
        const char *turn = find_turn(name->turns, name->asked[six]++);
        count = put_records(turn, strcspn(turn, ";"), six, &records);
    }
    pthread_mutex_unlock(&resolver->lock);
    /* id, an answer with recursion, "no such name" (3) for a stranger; question, answers */
    unsigned char head[HEADER_SIZE] = {message[0], message[1], 0x81, name ? 0x80 : 0x83,
                                       0,          1,          0,    (unsigned char)count};
    buffer_add(out, (struct span){(const char *)head, sizeof head});
    buffer_add(out, (struct span){(const char *)message + HEADER_SIZE, type_at + 4 - HEADER_SIZE});
    buffer_add(out, buffer_span(&records));
    buffer_release(&records);
}

static void *serve(void *arg)
{
    struct resolver *resolver = arg;
    for (;;) {
        unsigned char message[MESSAGE_MAX];
        struct sockaddr_storage from;
        socklen_t size = sizeof from;
        struct buffer out;
        ssize_t got =
            recvfrom(resolver->fd, message, sizeof message, 0, (struct sockaddr *)&from, &size);
        if (got <= 0) /* nobody asks with nothing but resolver_stop */
            return NULL;
        buffer_init(&out, 2 * MESSAGE_MAX);
        if (got > HEADER_SIZE)
            answer(resolver, message, (size_t)got, &out);
        if (out.len)
            sendto(resolver->fd, out.data, out.len, 0, (struct sockaddr *)&from, size);
        buffer_release(&out);
    }
}

static struct sockaddr_in address_of_dns(void)
{
    struct sockaddr_in at = {.sin_family = AF_INET};
    at.sin_port = htons(53);
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return at;
}

struct resolver *resolver_start(void)
{
    struct resolver *resolver = mem_new(sizeof *resolver);
    struct sockaddr_in at = address_of_dns();
    sigset_t all, before;
    resolver->fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    must(resolver->fd >= 0, "socket");
    must(bind(resolver->fd, (struct sockaddr *)&at, sizeof at) == 0, "bind");
    pthread_mutex_init(&resolver->lock, NULL);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    errno = pthread_create(&resolver->thread, NULL, serve, resolver);
    must(errno == 0, "thread");
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return resolver;
}

void resolver_stop(struct resolver *resolver)
{
    struct sockaddr_in at = address_of_dns();
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    must(sendto(fd, "", 0, 0, (struct sockaddr *)&at, sizeof at) == 0, "stop");
    close(fd);
    pthread_join(resolver->thread, NULL);
    close(resolver->fd);
    pthread_mutex_destroy(&resolver->lock);
    mem_free(resolver);
}

void resolver_say(struct resolver *resolver, const char *text, const char *turns)
{
    pthread_mutex_lock(&resolver->lock);
    struct name *name = find_name(resolver, text);
    if (!name) {
        must(resolver->count < NAMES_MAX, "too many names");
        name = &resolver->names[resolver->count++];
    }
    *name = (struct name){0};
    snprintf(name->name, sizeof name->name, "%s", text);
    snprintf(name->turns, sizeof name->turns, "%s", turns);
    pthread_mutex_unlock(&resolver->lock);
}

unsigned resolver_asked(struct resolver *resolver, const char *text)
{
    pthread_mutex_lock(&resolver->lock);
    const struct name *name = find_name(resolver, text);
    unsigned asked = name ? name->asked[0] : 0;
    pthread_mutex_unlock(&resolver->lock);
    return asked;
}
