/* gauntlet: a folder of flow files (attack.h) through the real supervisor.
 *
 * The files run in batches, each between good records of the same app that must complete with their
 * exact output. Afterwards no child process and no descriptor may be left. What went wrong is
 * printed by file name, and counted. */
#ifndef MOONMILL_RIG_GAUNTLET_H
#define MOONMILL_RIG_GAUNTLET_H

#include <stddef.h>

struct gauntlet {
    const char *folder;
    const char *const *environment; /* "NAME=value", NULL-ended */
    const char *only;               /* one file's name, or NULL */
    const char *layers;             /* what the workers must say they are confined by, or NULL */
    size_t runs;                    /* counted up: records that ran, the good ones not among them */
};

/* The number of files that did not end as they say, and of good records that were disturbed. */
size_t gauntlet_run(struct gauntlet *gauntlet);

#endif
