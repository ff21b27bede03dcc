#include "turns.h"

#include "mem.h"

struct turns {
    struct loop *loop;
    size_t free;
    uint64_t waits; /* so far */
    struct turns_member *members;
    struct loop_timer call;
};

struct turns *turns_new(struct loop *loop, size_t places)
{
    struct turns *turns = mem_new(sizeof *turns);
    turns->loop = loop;
    turns->free = places;
    return turns;
}

void turns_free(struct turns *turns)
{
    if (!turns)
        return;
    loop_timer_stop(turns->loop, &turns->call);
    mem_free(turns);
}

static bool goes_before(const struct turns_member *a, const struct turns_member *b)
{
    return a->places != b->places ? a->places < b->places : a->since < b->since;
}

/* Of those that wait, the one whose turn it is. */
static struct turns_member *next_of(const struct turns *turns)
{
    struct turns_member *next = NULL;
    for (struct turns_member *member = turns->members; member; member = member->next)
        if (member->waiting && (!next || goes_before(member, next)))
            next = member;
    return next;
}

static void call_next(void *arg)
{
    struct turns *turns = arg;
    struct turns_member *next = turns->free ? next_of(turns) : NULL;
    if (next)
        next->come(next->arg);
}

static void call_soon(struct turns *turns)
{
    if (turns->free && !turns->call.set)
        loop_timer_set(turns->loop, &turns->call, loop_mono_ms(turns->loop), call_next, turns);
}

void turns_join(struct turns *turns, struct turns_member *member, void (*come)(void *arg),
                void *arg)
{
    *member = (struct turns_member){.come = come, .arg = arg, .next = turns->members};
    turns->members = member;
}

void turns_leave(struct turns *turns, struct turns_member *member)
{
    struct turns_member **at = &turns->members;
    while (*at != member)
        at = &(*at)->next;
    *at = member->next;
    turns->free += member->places;
    *member = (struct turns_member){0};
    call_soon(turns);
}

bool turns_take(struct turns *turns, struct turns_member *member)
{
    if (!member->waiting)
        member->since = ++turns->waits;
    member->waiting = true;
    if (turns->free == 0 || next_of(turns) != member) {
        call_soon(turns);
        return false;
    }
    member->waiting = false;
    member->places++;
    turns->free--;
    call_soon(turns);
    return true;
}

void turns_give(struct turns *turns, struct turns_member *member)
{
    member->places--;
    turns->free++;
    call_soon(turns);
}

void turns_decline(struct turns *turns, struct turns_member *member)
{
    member->waiting = false;
    call_soon(turns);
}
