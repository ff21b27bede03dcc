/* resolver: a machine of the test's own, with a real DNS server that changes its mind.
 *
 * A process that entered it has a network of its own: loopback, and addresses that look public or
 * private though all of them lead to itself; /etc/resolv.conf names the resolver and nothing else
 * answers. Nothing outside is reached or changed. */
#ifndef MOONMILL_RIG_RESOLVER_H
#define MOONMILL_RIG_RESOLVER_H

#include <stdbool.h>
#include <stddef.h>

/* Addresses of the machine beside 127.0.0.1 and ::1. */
#define RESOLVER_PUBLIC   "93.184.216.34"
#define RESOLVER_PUBLIC_6 "2606:2800:220::1"
#define RESOLVER_PRIVATE  "10.0.0.1"
#define RESOLVER_METADATA "169.254.169.254"

/* Moves this process there, before it has a second thread; a plain user may, too, where the kernel
 * lets him make namespaces. False with why when it does not. */
bool resolver_enter(char *why, size_t size);

struct resolver;
/* Answers on 127.0.0.1:53 from a thread of its own. Fails the test when it cannot. */
struct resolver *resolver_start(void);
void resolver_stop(struct resolver *resolver);

/* What a name resolves to: "93.184.216.34 ::1; 127.0.0.1" is both of the first addresses at the
 * first look-up and the last one ever after. Every answer has a time to live of 0. A name that
 * nobody spoke of does not exist. */
void resolver_say(struct resolver *resolver, const char *name, const char *turns);
/* How often the name was looked up (its IPv4 addresses: a look-up asks for both kinds). */
unsigned resolver_asked(struct resolver *resolver, const char *name);

#endif
