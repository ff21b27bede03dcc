/* timeline: when the steps of a run were under way, told by its events.
 *
 * Events carry no times of their own: they arrived after they happened, in their order, and the end
 * of a step knows its duration. Each is placed as late as these three allow. */
#ifndef MOONMILL_CLI_TIMELINE_H
#define MOONMILL_CLI_TIMELINE_H

#include "journal.h"

#include <stddef.h>
#include <stdint.h>

/* What a step is; each that is further down says more about a step that has been several. */
enum timeline_state {
    TIMELINE_SKIPPED,
    TIMELINE_COMPLETED,
    TIMELINE_CAUGHT, /* it failed, and a handler took over */
    TIMELINE_RUNNING,
    TIMELINE_STOPPED, /* the run ended while it was under way */
    TIMELINE_FAILED
};
const char *timeline_state_name(enum timeline_state state);

/* One attempt; times are milliseconds from the timeline's begin. */
struct timeline_spell {
    int64_t from_ms, to_ms;
    int64_t attempt;
    enum timeline_state state;
    char *code, *message; /* of its error, or NULL */
    size_t start, end;    /* its events' indices */
    int64_t took_ms;      /* as its end told, or -1 */
};

/* One step, by its path: "send[3]/mail". */
struct timeline_row {
    char *path;
    char *kind; /* "task"; "" when its start was not told */
    struct timeline_row *parent, *children, *next;
    struct timeline_row *last; /* in the first of siblings: the last of them */
    size_t depth;
    struct timeline_spell *spells; /* one or more */
    size_t spell_count;
};

/* An event that tells of no step. */
struct timeline_tick {
    int64_t at_ms;
    size_t event; /* its index in the run */
};

struct timeline {
    int64_t began_ms;          /* on the wall clock */
    int64_t total_ms;          /* 1 or more */
    struct timeline_row *rows; /* the first of those on top */
    size_t row_count;
    struct timeline_tick *ticks;
    size_t tick_count;
    void *paths; /* tsearch: rows by path */
};

/* now_ms: the wall clock's, for what is still under way. */
struct timeline *timeline_new(const struct journal_run *run, int64_t now_ms);
void timeline_free(struct timeline *timeline);

/* The state of its last attempt. */
enum timeline_state timeline_row_state(const struct timeline_row *row);

/* True for node_start, node_end and run:*, which the timeline itself is drawn of. */
bool timeline_draws(const char *type);

#endif
