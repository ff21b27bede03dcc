/* beacon: how the commands of one folder find the watch that runs there; there is one at most.
 *
 * A file of the user's own, below XDG_RUNTIME_DIR or the folder for temporary files, named by the
 * folder's path and locked for as long as the watch lives (flock(2)), so that one that was killed
 * leaves nothing that is believed. */
#ifndef MOONMILL_CLI_BEACON_H
#define MOONMILL_CLI_BEACON_H

#include "diag.h"

struct beacon;

/* Lights it for the current folder. NULL with err: ERROR_INPUT (another watch runs here: its URL),
 * ERROR_SYSTEM. */
struct beacon *beacon_light(const char *url, struct error *err);
/* Accepts NULL. */
void beacon_put_out(struct beacon *beacon);

/* The URL of the watch of the current folder (freed by mem_free); NULL with err (ERROR_MISSING):
 * none runs here. */
char *beacon_find(struct error *err);

#endif
