#include "egress.h"

#include "mem.h"
#include "url.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define HOST_MAX    253
#define CARRIED_MAX 2

/* An IPv4 (size 4) or IPv6 (size 16) address in network order. */
struct address {
    unsigned char bytes[16];
    size_t size;
};

struct range {
    struct address first;
    unsigned bits;
};

struct entry {
    char *host; /* NULL: the range counts */
    struct range range;
    int port; /* 0: any */
};

struct egress {
    struct entry *entries;
    size_t count;
    struct entry runtime_api; /* port 0: there is none */
    bool loopback_only;
};

/* --- addresses ------------------------------------------------------------------------------- */

static bool parse_address(const char *text, struct address *address)
{
    *address = (struct address){.size = 4};
    if (inet_pton(AF_INET, text, address->bytes) == 1)
        return true;
    address->size = 16;
    return inet_pton(AF_INET6, text, address->bytes) == 1;
}

static bool from_sockaddr(const struct sockaddr *from, struct address *address)
{
    *address = (struct address){.size = 0};
    if (from->sa_family == AF_INET) {
        address->size = 4;
        memcpy(address->bytes, &((const struct sockaddr_in *)from)->sin_addr, 4);
    } else if (from->sa_family == AF_INET6) {
        address->size = 16;
        memcpy(address->bytes, &((const struct sockaddr_in6 *)from)->sin6_addr, 16);
    }
    return address->size != 0;
}

static const char *address_text(const struct address *address, char text[INET6_ADDRSTRLEN])
{
    return inet_ntop(address->size == 4 ? AF_INET : AF_INET6, address->bytes, text,
                     INET6_ADDRSTRLEN);
}

static bool in_range(const struct address *address, const struct range *range)
{
    if (address->size != range->first.size)
        return false;
    size_t whole = range->bits / 8;
    if (memcmp(address->bytes, range->first.bytes, whole) != 0)
        return false;
    unsigned rest = range->bits % 8;
    unsigned mask = 0xff00u >> rest & 0xff;
    return rest == 0 || ((address->bytes[whole] ^ range->first.bytes[whole]) & mask) == 0;
}

/* --- ranges that lead inside ----------------------------------------------------------------- */

/* bytes, prefix length, spelling, what it is */
#define INSIDE_4(X)                                                                                \
    X((0), 8, "0.0.0.0/8", "this host")                                                            \
    X((10), 8, "10.0.0.0/8", "private")                                                            \
    X((100, 64), 10, "100.64.0.0/10", "carrier-grade NAT")                                         \
    X((127), 8, "127.0.0.0/8", "loopback")                                                         \
    X((169, 254), 16, "169.254.0.0/16", "link-local")                                              \
    X((172, 16), 12, "172.16.0.0/12", "private")                                                   \
    X((192, 0, 0), 24, "192.0.0.0/24", "reserved")                                                 \
    X((192, 168), 16, "192.168.0.0/16", "private")                                                 \
    X((198, 18), 15, "198.18.0.0/15", "benchmarking")                                              \
    X((224), 4, "224.0.0.0/4", "multicast")                                                        \
    X((240), 4, "240.0.0.0/4", "reserved")

/* The narrower ones first: the first match names the rule. */
#define INSIDE_6(X)                                                                                \
    X((0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0), 128, "::", "unspecified")                  \
    X((0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1), 128, "::1", "loopback")                    \
    X((0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff), 96, "::ffff:0:0/96", "IPv4-mapped")              \
    X((0), 96, "::/96", "IPv4-compatible")                                                         \
    X((0, 0x64, 0xff, 0x9b), 96, "64:ff9b::/96", "NAT64")                                          \
    X((0, 0x64, 0xff, 0x9b, 0, 1), 48, "64:ff9b:1::/48", "NAT64")                                  \
    X((0x20, 0x01), 32, "2001::/32", "Teredo")                                                     \
    X((0x20, 0x02), 16, "2002::/16", "6to4")                                                       \
    X((0xfc), 7, "fc00::/7", "private")                                                            \
    X((0xfe, 0x80), 10, "fe80::/10", "link-local")                                                 \
    X((0xfe, 0xc0), 10, "fec0::/10", "site-local")                                                 \
    X((0xff), 8, "ff00::/8", "multicast")

struct inside {
    struct range range;
    const char *text;
    const char *what;
};

#define LIST(...)                   __VA_ARGS__
#define X4(bytes, bits, text, what) {{{{LIST bytes}, 4}, bits}, text, what},
#define X6(bytes, bits, text, what) {{{{LIST bytes}, 16}, bits}, text, what},
static const struct inside insides[] = {INSIDE_4(X4) INSIDE_6(X6)};
#undef X4
#undef X6

static const struct inside *find_inside(const struct address *address)
{
    for (size_t i = 0; i < sizeof insides / sizeof *insides; i++)
        if (in_range(address, &insides[i].range))
            return &insides[i];
    return NULL;
}

static bool is_inside(const struct address *address, const char *what)
{
    const struct inside *inside = find_inside(address);
    return inside && strcmp(inside->what, what) == 0;
}

static bool is_loopback(const struct address *address)
{
    return is_inside(address, "loopback");
}

static struct address carried(const unsigned char *at, unsigned char flip)
{
    return (struct address){
        {at[0] ^ flip, at[1] ^ flip, at[2] ^ flip, at[3] ^ flip},
        4,
    };
}

/* The IPv4 addresses that an IPv6 address carries; returns how many. */
static size_t unwrap(const struct address *address, struct address inner[CARRIED_MAX])
{
    const struct inside *inside = address->size == 16 ? find_inside(address) : NULL;
    const unsigned char *bytes = address->bytes;
    if (!inside || inside->range.bits == 128)
        return 0;
    if (strcmp(inside->what, "6to4") == 0) {
        inner[0] = carried(bytes + 2, 0);
        return 1;
    }
    if (strcmp(inside->what, "Teredo") == 0) {
        inner[0] = carried(bytes + 4, 0);     /* the server's */
        inner[1] = carried(bytes + 12, 0xff); /* the client's, RFC 4380 4 */
        return 2;
    }
    if (strncmp(inside->what, "IPv4", 4) == 0 || strcmp(inside->what, "NAT64") == 0) {
        inner[0] = carried(bytes + 12, 0);
        return 1;
    }
    return 0;
}

/* --- the list -------------------------------------------------------------------------------- */

/* Digits only, at most max. */
static bool parse_number(const char *text, long max, int *number)
{
    size_t len = strlen(text);
    if (len == 0 || len > 5 || strspn(text, "0123456789") != len || strtol(text, NULL, 10) > max)
        return false;
    *number = (int)strtol(text, NULL, 10);
    return true;
}

static bool parse_port(const char *text, int *port)
{
    return parse_number(text, 65535, port) && *port > 0;
}

/* "address" or "address/bits"; text is cut at the slash. */
static bool parse_range(char *text, struct range *range)
{
    char *bits = strchr(text, '/');
    if (bits)
        *bits++ = '\0';
    if (!parse_address(text, &range->first))
        return false;
    range->bits = (unsigned)range->first.size * 8;
    if (!bits)
        return true;
    int count;
    if (!parse_number(bits, (long)range->bits, &count))
        return false;
    range->bits = (unsigned)count;
    return true;
}

/* A name whose last label is a number would be an address to every resolver. */
static bool is_host_name(const char *text)
{
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";
    size_t len = strlen(text);
    const char *last = strrchr(text, '.');
    last = last ? last + 1 : text;
    return len > 0 && len <= HOST_MAX && strspn(text, allowed) == len && text[0] != '.' &&
           !strstr(text, "..") && *last && strspn(last, "0123456789") != strlen(last);
}

/* Cuts ":port" off, and the brackets of an IPv6 address; false when what is left cannot be one. */
static bool split_port(char *text, char **bare, int *port)
{
    char *colon = strchr(text, ':');
    *bare = text;
    *port = 0;
    if (*text == '[') {
        char *end = strchr(text, ']');
        if (!end)
            return false;
        *end = '\0';
        *bare = text + 1;
        if (!strchr(*bare, ':'))
            return false;
        return end[1] == '\0' || (end[1] == ':' && parse_port(end + 2, port));
    }
    if (!colon || strchr(colon + 1, ':'))
        return true;
    *colon = '\0';
    return parse_port(colon + 1, port);
}

/* Takes text apart in place. */
static bool parse_entry(char *text, struct entry *entry)
{
    char *bare;
    int port;
    if (!split_port(text, &bare, &port))
        return false;
    *entry = (struct entry){.port = port};
    bool range = strchr(bare, '/') || strchr(bare, ':');
    if (parse_range(bare, &entry->range))
        return true;
    if (range || !is_host_name(bare))
        return false;
    entry->host = mem_copy(bare);
    return true;
}

static char *trim(char *text)
{
    text += strspn(text, " \t");
    size_t len = strlen(text);
    while (len > 0 && (text[len - 1] == ' ' || text[len - 1] == '\t'))
        text[--len] = '\0';
    return text;
}

static bool add_entry(struct egress *egress, char *text, struct error *err)
{
    struct entry entry;
    char shown[80];
    snprintf(shown, sizeof shown, "%s", text);
    if (egress->count == EGRESS_ENTRIES_MAX)
        return error_set(err, ERROR_INPUT, "EXECUTOR_HTTP_ALLOW: more than %d entries",
                         EGRESS_ENTRIES_MAX);
    if (!parse_entry(text, &entry))
        return error_set(err, ERROR_INPUT,
                         "EXECUTOR_HTTP_ALLOW: '%s' is no host, address or CIDR range, each with "
                         "an optional :port",
                         shown);
    egress->entries = mem_resize(egress->entries, egress->count + 1, sizeof entry);
    egress->entries[egress->count++] = entry;
    return true;
}

static bool read_list(struct egress *egress, const char *list, struct error *err)
{
    char *copy = mem_copy(list ? list : "");
    char *rest = copy;
    bool good = true;
    for (char *part; good && (part = strsep(&rest, ","));) {
        part = trim(part);
        if (*part)
            good = add_entry(egress, part, err);
    }
    mem_free(copy);
    return good;
}

/* "127.0.0.1:9001", perhaps with a scheme before it and a path behind. */
static void read_runtime_api(struct egress *egress, const char *url)
{
    const char *scheme = strstr(url, "://");
    const char *from = scheme ? scheme + 3 : url;
    char *text = mem_string((struct span){from, strcspn(from, "/?#")});
    struct entry entry;
    if (parse_entry(text, &entry)) {
        egress->runtime_api = entry;
        if (entry.port == 0)
            egress->runtime_api.port = 80;
    }
    mem_free(text);
}

struct egress *egress_new(const struct config *config, struct error *err)
{
    struct egress *egress = mem_new(sizeof *egress);
    egress->loopback_only = config->http_loopback_only;
    if (config->runtime_api)
        read_runtime_api(egress, config->runtime_api);
    if (!read_list(egress, config->http_allow, err)) {
        egress_free(egress);
        return NULL;
    }
    return egress;
}

void egress_free(struct egress *egress)
{
    if (!egress)
        return;
    for (size_t i = 0; i < egress->count; i++)
        mem_free(egress->entries[i].host);
    mem_free(egress->entries);
    mem_free(egress->runtime_api.host);
    mem_free(egress);
}

/* --- the judgement --------------------------------------------------------------------------- */

static bool allows_host(const struct egress *egress, const char *host, int port)
{
    for (size_t i = 0; i < egress->count; i++) {
        const struct entry *entry = &egress->entries[i];
        if (entry->host && url_same_host(entry->host, host) &&
            (entry->port == 0 || entry->port == port))
            return true;
    }
    return false;
}

static bool allows_address(const struct egress *egress, const struct address *address, int port)
{
    for (size_t i = 0; i < egress->count; i++) {
        const struct entry *entry = &egress->entries[i];
        if (!entry->host && in_range(address, &entry->range) &&
            (entry->port == 0 || entry->port == port))
            return true;
    }
    return false;
}

/* The unspecified address leads to this machine as loopback does. */
static bool is_local(const struct address *address)
{
    return is_loopback(address) || is_inside(address, "this host") ||
           is_inside(address, "unspecified");
}

/* An address of one of this machine's interfaces; it may be a public one. */
static bool is_own(const struct address *address)
{
    struct ifaddrs *all;
    bool own = false;
    if (getifaddrs(&all) != 0)
        return false;
    for (const struct ifaddrs *each = all; each && !own; each = each->ifa_next) {
        struct address has;
        own = each->ifa_addr && from_sockaddr(each->ifa_addr, &has) && has.size == address->size &&
              memcmp(has.bytes, address->bytes, has.size) == 0;
    }
    freeifaddrs(all);
    return own;
}

/* A Runtime API on loopback may listen on all addresses of its machine, which is this one. Where
 * one that is known by its name listens is not known here, so all that leads inside counts. */
static bool is_runtime_api(const struct egress *egress, const char *host, int port,
                           const struct address *address)
{
    const struct entry *api = &egress->runtime_api;
    if (api->port == 0 || api->port != port)
        return false;
    if (api->host)
        return url_same_host(api->host, host) || find_inside(address) || is_own(address);
    if (is_local(&api->range.first) && (is_local(address) || is_own(address)))
        return true;
    return in_range(address, &api->range);
}

/* EC2's instance metadata, by both of its addresses. */
static bool is_metadata(const struct address *address)
{
    static const struct range services[] = {
        {{{169, 254, 169, 254}, 4}, 32},
        {{{0xfd, 0, 0x0e, 0xc2, [14] = 0x02, [15] = 0x54}, 16}, 128},
    };
    return in_range(address, &services[0]) || in_range(address, &services[1]);
}

static bool refuse_always(const struct egress *egress, const char *host, int port,
                          const struct address *address, struct error *err)
{
    if (is_runtime_api(egress, host, port, address))
        return error_set(err, ERROR_INPUT,
                         "%s: port %d there is the Runtime API, which no flow may reach", host,
                         port);
    if (is_metadata(address))
        return error_set(err, ERROR_INPUT,
                         "%s: that is the machine's metadata service, which no flow may reach",
                         host);
    return true;
}

static bool judge_inside(const struct egress *egress, const char *host, int port,
                         const struct address *address, struct error *err)
{
    const struct inside *inside = find_inside(address);
    if (!inside || allows_address(egress, address, port))
        return true;
    char text[INET6_ADDRSTRLEN];
    address_text(address, text);
    bool six = address->size == 16;
    return error_set(err, ERROR_INPUT,
                     "%s: its address %s is %s (%s); to let flows reach it, add %s%s%s:%d to "
                     "EXECUTOR_HTTP_ALLOW",
                     host, text, inside->what, inside->text, six ? "[" : "", text, six ? "]" : "",
                     port);
}

bool egress_may_resolve(const struct egress *egress, const char *host, struct error *err)
{
    unsigned char bytes[16];
    if (!egress->loopback_only || *host == '[' || strcasecmp(host, "localhost") == 0 ||
        inet_pton(AF_INET, host, bytes) == 1 || inet_pton(AF_INET6, host, bytes) == 1)
        return true;
    return error_set(err, ERROR_INPUT,
                     "replay is offline: %s is not looked up; --answers plays the servers that "
                     "flows call",
                     host);
}

bool egress_may_connect(const struct egress *egress, const char *host, int port,
                        const struct sockaddr *sockaddr, struct error *err)
{
    struct address all[1 + CARRIED_MAX];
    if (!from_sockaddr(sockaddr, &all[0]))
        return error_set(err, ERROR_INPUT, "%s: its address is neither IPv4 nor IPv6", host);
    size_t count = 1 + unwrap(&all[0], all + 1);
    for (size_t i = 0; i < count; i++)
        if (!refuse_always(egress, host, port, &all[i], err))
            return false;
    bool named = allows_host(egress, host, port);
    if (egress->loopback_only &&
        (!is_loopback(&all[0]) || !(named || allows_address(egress, &all[0], port))))
        return error_set(err, ERROR_INPUT,
                         "replay is offline: %s:%d is no loopback address that "
                         "EXECUTOR_HTTP_ALLOW names",
                         host, port);
    for (size_t i = 0; i < count && !named; i++)
        if (!judge_inside(egress, host, port, &all[i], err))
            return false;
    return true;
}
