#include "turns.h"

#include "clock.h"
#include "loops.h"
#include "mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define MEMBERS 3

/* Each member wants so many places, one after the other, and notes whose turn it was. */
struct client {
    struct turns_member member;
    struct office *office;
    int wants;
    char name;
};
struct office {
    struct clock clock;
    struct loop *loop;
    struct turns *turns;
    struct client clients[MEMBERS];
    char story[64];
};

static void note(struct office *office, char name)
{
    size_t len = strlen(office->story);
    assert_in_range(len, 0, sizeof office->story - 2);
    office->story[len] = name;
}

static void take_all(struct client *client)
{
    while (client->wants > 0 && turns_take(client->office->turns, &client->member)) {
        client->wants--;
        note(client->office, client->name);
    }
    if (client->wants == 0)
        turns_decline(client->office->turns, &client->member);
}

static void come(void *arg)
{
    take_all(arg);
}

static struct office *open_office(size_t places)
{
    struct office *office = mem_new(sizeof *office);
    office->loop = loop_new(&office->clock, NULL);
    office->turns = turns_new(office->loop, places);
    for (int i = 0; i < MEMBERS; i++) {
        struct client *client = &office->clients[i];
        client->office = office;
        client->name = (char)('a' + i);
        turns_join(office->turns, &client->member, come, client);
    }
    return office;
}

static void close_office(struct office *office)
{
    turns_free(office->turns);
    loop_free(office->loop);
    mem_free(office);
}

/* One place of that member's comes back, and whoever is next takes it. */
static void give(struct office *office, int i)
{
    turns_give(office->turns, &office->clients[i].member);
    loops_for(office->loop, 5);
}

static void one_member_has_all_places_when_nobody_else_wants_any(void **state)
{
    (void)state;
    struct office *office = open_office(3);
    office->clients[0].wants = 5;
    take_all(&office->clients[0]);
    assert_string_equal(office->story, "aaa");
    give(office, 0);
    assert_string_equal(office->story, "aaaa");
    close_office(office);
}

static void who_has_fewest_is_next_and_then_who_waits_for_longest(void **state)
{
    (void)state;
    struct office *office = open_office(3);
    for (int i = 0; i < MEMBERS; i++)
        office->clients[i].wants = i == 0 ? 10 : 2;
    for (int i = 0; i < MEMBERS; i++)
        take_all(&office->clients[i]);
    assert_string_equal(office->story, "aaa");
    give(office, 0);
    give(office, 0);
    assert_string_equal(office->story, "aaabc");
    give(office, 0); /* a has none now, the others one each */
    assert_string_equal(office->story, "aaabca");
    give(office, 1);
    assert_string_equal(office->story, "aaabcab");
    give(office, 2);
    give(office, 1);
    assert_string_equal(office->story, "aaabcabca");
    close_office(office);
}

static void a_place_that_is_declined_goes_to_the_next(void **state)
{
    (void)state;
    struct office *office = open_office(1);
    for (int i = 0; i < MEMBERS; i++)
        office->clients[i].wants = 1;
    for (int i = 0; i < MEMBERS; i++)
        take_all(&office->clients[i]);
    office->clients[1].wants = 0; /* it changed its mind */
    give(office, 0);
    assert_string_equal(office->story, "ac");
    close_office(office);
}

static void who_leaves_gives_back_what_it_has(void **state)
{
    (void)state;
    struct office *office = open_office(2);
    office->clients[0].wants = 2;
    office->clients[2].wants = 2;
    take_all(&office->clients[0]);
    take_all(&office->clients[2]);
    turns_leave(office->turns, &office->clients[0].member);
    loops_for(office->loop, 5);
    assert_string_equal(office->story, "aacc");
    turns_leave(office->turns, &office->clients[2].member);
    turns_leave(office->turns, &office->clients[1].member);
    close_office(office);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_member_has_all_places_when_nobody_else_wants_any),
        cmocka_unit_test(who_has_fewest_is_next_and_then_who_waits_for_longest),
        cmocka_unit_test(a_place_that_is_declined_goes_to_the_next),
        cmocka_unit_test(who_leaves_gives_back_what_it_has),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
