/* world: who answers the requests of replayed flows: nobody, a script (answers.h), a recording
 * (player.h), or the real servers, of which a recording is made (recorder.h). */
#ifndef MOONMILL_CLI_WORLD_H
#define MOONMILL_CLI_WORLD_H

#include "diag.h"
#include "fixture.h"
#include "loop.h"

#include <stdbool.h>
#include <stddef.h>

struct world_spec {
    const char *answers, *record, *mock; /* files, at most one of them; NULL */
    int lambda_port;                     /* the Runtime API, which no flow may reach */
};

struct world;

/* What spec names outlives it. NULL with err; *file is the one to blame, or NULL. A recording's
 * file is made at once, so that one that cannot be written is known before anything runs. */
struct world *world_open(struct loop *loop, const struct world_spec *spec, const char **file,
                         struct error *err);
/* Accepts NULL. */
void world_close(struct world *world);

/* What the records hold must not get into a recording. */
void world_hide(struct world *world, const struct fixture *fixture);

/* Its port; 0: nobody answers. */
int world_port(const struct world *world);
bool world_is_scripted(const struct world *world); /* @ANSWERS@ stands for it */
bool world_is_real(const struct world *world);     /* requests leave the machine */
bool world_is_whole(const struct world *world);    /* it plays this machine's ports, too */

/* The flows are over: writes the recording; says on standard error where requests and a recording
 * went apart, and counts it in *apart. False with err when the file cannot be written. */
bool world_end(struct world *world, size_t *apart, struct error *err);

#endif
