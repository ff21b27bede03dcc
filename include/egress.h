/* egress: which addresses a flow may reach.
 *
 * Addresses that lead inside are refused unless EXECUTOR_HTTP_ALLOW names them: loopback,
 * link-local, private, carrier-grade, multicast and reserved ranges, and every IPv6 spelling that
 * carries an IPv4 address (mapped, compatible, NAT64, 6to4, Teredo), whose inner address is judged
 * as well. The Runtime API and the machine's metadata service are refused whatever the list says.
 * Judges the address of a socket, never the text of a URL: a name may resolve to anything. */
#ifndef MOONMILL_EGRESS_H
#define MOONMILL_EGRESS_H

#include "config.h"
#include "diag.h"

#include <stdbool.h>
#include <sys/socket.h>

#define EGRESS_ENTRIES_MAX 256

struct egress;

/* Reads http_allow, runtime_api and http_loopback_only; keeps nothing of config. An entry of the
 * list is a host name, an address, or a range (CIDR), each with an optional port: example.test,
 * example.test:8080, 10.0.0.0/8, 10.1.2.3:80, fd00::/8, [::1]:8080, [fd00::/8]:443. NULL with err
 * (ERROR_INPUT) naming the first entry that is none of these. */
struct egress *egress_new(const struct config *config, struct error *err);
void egress_free(struct egress *egress);

/* May the name be looked up? Only a replay says no: a look-up leaves the machine. host is a name,
 * or an address with or without brackets. */
bool egress_may_resolve(const struct egress *egress, const char *host, struct error *err);

/* May a flow connect to address (AF_INET or AF_INET6; its own port is not looked at) and port, on
 * behalf of host as the URL has it? A host name of the list stands for whatever it resolves to.
 * False with err: which rule refused it and what an operator adds to allow it. */
bool egress_may_connect(const struct egress *egress, const char *host, int port,
                        const struct sockaddr *address, struct error *err);

#endif
