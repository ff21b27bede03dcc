/* script: one run's Lua state: capped allocator, allow-listed globals, prelude, hook.
 *
 * Fresh for each run and thrown away after it. What the script needs from outside it asks of its
 * host, whose calls may block. Limits of the whole run (instructions, memory, deadline) are final:
 * the hook or the allocator's failure calls host.final, which does not return, so that no pcall can
 * swallow them. A step's timeout yields where it can and raises where it cannot. */
#ifndef MOONMILL_SCRIPT_H
#define MOONMILL_SCRIPT_H

#include "arena.h"
#include "diag.h"
#include "host.h"
#include "mem.h"
#include "wire.h"

#include <stdbool.h>
#include <stdint.h>

struct script;

#define SCRIPT_TICK 1000

/* A state with prelude and limits; source, payload and context are copied in by script_load. With
 * an arena, which then holds one script at a time and nothing else, the state's memory as it is
 * before any flow is kept there, and the next script_new begins with it. NULL: on the heap. */
struct script *script_new(struct arena *arena, const struct wire_load *load,
                          const struct script_host *host, struct error *err);
/* Compiles the flow and describes it: *text is JSON for the described frame, owned by script.
 * Returns true when the flow may start (no error among the findings). */
bool script_load(struct script *script, const struct wire_load *load, struct span *text);
/* Runs it to its end; the outcome's spans are owned by script. */
void script_run(struct script *script, const struct wire_start *start,
                struct wire_outcome *outcome);
/* Frees a script that ended by itself; one that host.final stopped is never freed. Accepts NULL. */
void script_free(struct script *script);
/* From a signal's handler: the next instruction ticks. */
void script_probed(struct script *script);
/* Ends the run from a signal's handler: see budget_stalled. */
void script_stalled(struct script *script) __attribute__((noreturn));

#endif
