/* player: the outside world of a replayed flow, from a cassette; no request leaves the machine.
 *
 * A request that the cassette has with another body is answered all the same, and both are shown as
 * a difference; one that it has not comes to nothing (net.connect). */
#ifndef MOONMILL_CLI_PLAYER_H
#define MOONMILL_CLI_PLAYER_H

#include "cassette.h"
#include "diag.h"
#include "loop.h"

#include <stddef.h>

struct player;

/* The cassette outlives it. NULL with err when there is no port. */
struct player *player_open(struct loop *loop, struct cassette *cassette, struct error *err);
/* Accepts NULL. */
void player_close(struct player *player);
int player_port(const struct player *player);

/* Shows on standard error what was not asked for in the end; returns how often requests and
 * cassette went apart, all in all. */
size_t player_end(struct player *player);

#endif
