/* description: what a worker says of a flow that it has loaded, or why it does not load.
 *
 * A worker's word: checked JSON, of which only what is understood is taken. The text is that of
 * wire_described. */
#ifndef MOONMILL_DESCRIPTION_H
#define MOONMILL_DESCRIPTION_H

#include "diag.h"
#include "mem.h"

#include <stdbool.h>
#include <stdint.h>

#define DESCRIPTION_TEXT_MAX 4096 /* as an outcome's texts */

struct description {
    int64_t timeout_ms; /* the flow's own, or 0 */
    char *code;         /* of the first error among the findings; NULL: it may start */
    char *message, *file;
    int64_t line; /* or 0 */
};

/* False with err (ERROR_INPUT) when the text is no JSON. */
bool description_read(struct span text, struct description *description, struct error *err);
void description_release(struct description *description);

#endif
