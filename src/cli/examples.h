/* examples: payloads of the jobs in fixtures/NAME.json, which are events to try flows with, by the
 * flow that a job asks for. What in the folder holds no job is passed over. */
#ifndef MOONMILL_CLI_EXAMPLES_H
#define MOONMILL_CLI_EXAMPLES_H

#include "mem.h"

#include <stdbool.h>

#define EXAMPLES_FOLDER "fixtures" /* below the working directory */

struct examples;

/* Reads the folder, or as much of it as 16 MiB of payloads; one that is not there holds none. What
 * wants scripted answers is left out where there are none. */
struct examples *examples_read(const char *folder, bool scripted);
/* Accepts NULL. */
void examples_free(struct examples *examples);

/* Appends [{"name","payload"}], a payload as JSON text, in the order of the files' names: "refund",
 * "refund 2"; 20 at most.
 */
void examples_put(const struct examples *examples, const char *flow, struct buffer *out);

#endif
