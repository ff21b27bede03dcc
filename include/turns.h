/* turns: whose run is next, when several batches share the runs that a process may have at once.
 *
 * A place goes to the member that has the fewest, and of those to the one that waits for longest:
 * a batch of ten thousand cannot keep one of two waiting. No place is kept free while somebody
 * wants it. */
#ifndef MOONMILL_TURNS_H
#define MOONMILL_TURNS_H

#include "loop.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct turns;

/* Embedded in whoever runs things, zeroed before turns_join. */
struct turns_member {
    size_t places; /* that it has */
    bool waiting;
    uint64_t since;          /* in the order of waiting */
    void (*come)(void *arg); /* there may be a place: take it, or decline */
    void *arg;
    struct turns_member *next;
};

struct turns *turns_new(struct loop *loop, size_t places);
void turns_free(struct turns *turns); /* accepts NULL; nobody is a member any more */

void turns_join(struct turns *turns, struct turns_member *member, void (*come)(void *arg),
                void *arg);
/* Gives back what it has. */
void turns_leave(struct turns *turns, struct turns_member *member);

/* A place, or false: then the member waits, and `come` follows. */
bool turns_take(struct turns *turns, struct turns_member *member);
void turns_give(struct turns *turns, struct turns_member *member);
/* It does not wait any more: it has nothing to run. */
void turns_decline(struct turns *turns, struct turns_member *member);

#endif
