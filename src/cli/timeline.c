#include "timeline.h"

#include "json.h"

#include <search.h>
#include <string.h>

#define WORD_MAX    1024
#define TEXT_MAX    4096
#define DEPTH_MAX   40 /* what stands deeper is shown at this depth */
#define NO_EVENT    ((size_t)-1)
#define TOOK_MAX_MS ((int64_t)1000 * 1000 * 1000)

static const char *const states[] = {
    [TIMELINE_SKIPPED] = "skipped", [TIMELINE_COMPLETED] = "completed",
    [TIMELINE_CAUGHT] = "caught",   [TIMELINE_RUNNING] = "running",
    [TIMELINE_STOPPED] = "stopped", [TIMELINE_FAILED] = "failed",
};

const char *timeline_state_name(enum timeline_state state)
{
    return states[state];
}

bool timeline_draws(const char *type)
{
    return strcmp(type, "node_start") == 0 || strcmp(type, "node_end") == 0 ||
           strncmp(type, "run:", 4) == 0;
}

enum timeline_state timeline_row_state(const struct timeline_row *row)
{
    return row->spells[row->spell_count - 1].state;
}

/* --- what events say ------------------------------------------------------------------------- */

/* The text of a value, or NULL. */
static char *text_of(struct span value, size_t max)
{
    return value.at && json_type(value) == JSON_STRING ? json_string(value, max, NULL) : NULL;
}

static int64_t integer_of(struct span value, int64_t otherwise)
{
    int64_t number = otherwise;
    if (value.at && json_type(value) == JSON_NUMBER)
        json_integer(value, &number, NULL);
    return number;
}

static enum timeline_state state_of(struct span value)
{
    char *word = text_of(value, WORD_MAX);
    enum timeline_state state = TIMELINE_COMPLETED;
    for (size_t i = 0; word && i < sizeof states / sizeof *states; i++)
        if (strcmp(states[i], word) == 0)
            state = (enum timeline_state)i;
    mem_free(word);
    return state;
}

enum { NODE_ID, KIND, ATTEMPT, STATUS, DURATION, FAILURE, KEYS };

static bool read_payload(const char *payload, struct span values[KEYS])
{
    static const char *const keys[KEYS] = {"node_id", "kind",        "attempt",
                                           "status",  "duration_ms", "error"};
    struct span text = span_of(payload);
    return json_check(text, NULL) && json_type(text) == JSON_OBJECT &&
           json_pick(text, keys, values, KEYS, NULL);
}

/* --- rows ------------------------------------------------------------------------------------ */

static int by_path(const void *a, const void *b)
{
    return strcmp(((const struct timeline_row *)a)->path, ((const struct timeline_row *)b)->path);
}

static struct timeline_row *find_row(struct timeline *timeline, char *path)
{
    struct timeline_row wanted = {.path = path};
    void *found = tfind(&wanted, &timeline->paths, by_path);
    return found ? *(struct timeline_row **)found : NULL;
}

/* The nearest row around a path: around "send[3]/draft" that is "send". */
static struct timeline_row *find_parent(struct timeline *timeline, const char *path)
{
    char *around = mem_copy(path);
    struct timeline_row *row = NULL;
    for (size_t len = strlen(around); len-- > 1 && !row;) {
        if (around[len] != '/' && around[len] != '[')
            continue;
        around[len] = '\0';
        row = find_row(timeline, around);
    }
    mem_free(around);
    return row;
}

static struct timeline_row *add_row(struct timeline *timeline, char *path)
{
    struct timeline_row *row = mem_new(sizeof *row), *parent = find_parent(timeline, path);
    if (parent && parent->depth >= DEPTH_MAX)
        parent = parent->parent;
    *row = (struct timeline_row){.path = path,
                                 .kind = mem_copy(""),
                                 .parent = parent,
                                 .depth = parent ? parent->depth + 1 : 0};
    struct timeline_row **first = parent ? &parent->children : &timeline->rows;
    struct timeline_row *last = *first ? (*first)->last : NULL;
    if (last)
        last->next = row;
    else
        *first = row;
    (*first)->last = row; /* the first of its siblings knows the last */
    tsearch(row, &timeline->paths, by_path);
    timeline->row_count++;
    return row;
}

/* Takes path. */
static struct timeline_row *row_of(struct timeline *timeline, char *path)
{
    struct timeline_row *row = find_row(timeline, path);
    if (!row)
        return add_row(timeline, path);
    mem_free(path);
    return row;
}

static struct timeline_spell *add_spell(struct timeline_row *row, int64_t attempt)
{
    row->spells = mem_resize(row->spells, row->spell_count + 1, sizeof *row->spells);
    struct timeline_spell *spell = &row->spells[row->spell_count++];
    *spell = (struct timeline_spell){.attempt = attempt,
                                     .state = TIMELINE_RUNNING,
                                     .start = NO_EVENT,
                                     .end = NO_EVENT,
                                     .took_ms = -1};
    return spell;
}

static void take_start(struct timeline *timeline, size_t event, char *path,
                       const struct span values[KEYS])
{
    struct timeline_row *row = row_of(timeline, path);
    char *kind = text_of(values[KIND], WORD_MAX);
    if (kind) {
        mem_free(row->kind);
        row->kind = kind;
    }
    add_spell(row, integer_of(values[ATTEMPT], 1))->start = event;
}

static void take_failure(struct timeline_spell *spell, struct span failure)
{
    static const char *const keys[] = {"code", "message"};
    struct span values[2];
    if (!failure.at || json_type(failure) != JSON_OBJECT ||
        !json_pick(failure, keys, values, 2, NULL))
        return;
    spell->code = text_of(values[0], TEXT_MAX);
    spell->message = text_of(values[1], TEXT_MAX);
}

static void take_end(struct timeline *timeline, size_t event, char *path,
                     const struct span values[KEYS])
{
    struct timeline_row *row = row_of(timeline, path);
    struct timeline_spell *spell = row->spell_count ? &row->spells[row->spell_count - 1] : NULL;
    if (!spell || spell->end != NO_EVENT) /* skipped: it never started */
        spell = add_spell(row, integer_of(values[ATTEMPT], 1));
    spell->end = event;
    spell->state = state_of(values[STATUS]);
    spell->took_ms = integer_of(values[DURATION], 0);
    if (spell->took_ms < 0 || spell->took_ms > TOOK_MAX_MS) /* told by the flow itself, then */
        spell->took_ms = 0;
    take_failure(spell, values[FAILURE]);
}

static void take_event(struct timeline *timeline, const struct journal_run *run, size_t i)
{
    const struct journal_event *event = &run->events[i];
    struct span values[KEYS];
    bool start = strcmp(event->type, "node_start") == 0;
    if (!timeline_draws(event->type)) {
        timeline->ticks[timeline->tick_count++].event = i;
        return;
    }
    if ((!start && strcmp(event->type, "node_end") != 0) || !read_payload(event->payload, values))
        return;
    char *path = text_of(values[NODE_ID], TEXT_MAX);
    if (path && start)
        take_start(timeline, i, path, values);
    else if (path)
        take_end(timeline, i, path, values);
}

/* --- times ----------------------------------------------------------------------------------- */

/* When each event happened, at the latest: not after it arrived, not after the next one, and a
 * start no later than its end less what the step took. */
static void place_events(const struct journal_run *run,
                         const struct timeline_spell *const *ended_by, int64_t *at_ms)
{
    int64_t next_ms = INT64_MAX;
    for (size_t i = run->event_count; i-- > 0;) {
        const struct timeline_spell *spell = ended_by[i];
        int64_t ms = run->events[i].at_ms < next_ms ? run->events[i].at_ms : next_ms;
        if (spell && at_ms[spell->end] - spell->took_ms < ms)
            ms = at_ms[spell->end] - spell->took_ms;
        at_ms[i] = next_ms = ms;
    }
}

/* For each event that is a start, the spell that its end told of. */
static void note_ends(const struct timeline_row *row, const struct timeline_spell **ended_by)
{
    for (; row; row = row->next) {
        for (size_t i = 0; i < row->spell_count; i++) {
            const struct timeline_spell *spell = &row->spells[i];
            if (spell->start != NO_EVENT && spell->end != NO_EVENT)
                ended_by[spell->start] = spell;
        }
        note_ends(row->children, ended_by);
    }
}

static void place_spell(const struct timeline *timeline, struct timeline_spell *spell,
                        const int64_t *at_ms, bool over)
{
    spell->from_ms = at_ms[spell->start != NO_EVENT ? spell->start : spell->end];
    spell->from_ms -= timeline->began_ms;
    if (spell->end == NO_EVENT) {
        spell->to_ms = timeline->total_ms > spell->from_ms ? timeline->total_ms : spell->from_ms;
        spell->state = over ? TIMELINE_STOPPED : TIMELINE_RUNNING;
    } else {
        spell->to_ms = spell->from_ms + spell->took_ms;
    }
}

static void place_rows(const struct timeline *timeline, struct timeline_row *row,
                       const int64_t *at_ms, bool over)
{
    for (; row; row = row->next) {
        for (size_t i = 0; i < row->spell_count; i++)
            place_spell(timeline, &row->spells[i], at_ms, over);
        place_rows(timeline, row->children, at_ms, over);
    }
}

static void place(struct timeline *timeline, const struct journal_run *run, int64_t now_ms)
{
    const struct timeline_spell **ended_by = mem_array(run->event_count, sizeof *ended_by);
    int64_t *at_ms = mem_array(run->event_count, sizeof *at_ms);
    bool over = run->ended_ms || strcmp(run->fate, "pending") != 0;
    note_ends(timeline->rows, ended_by);
    place_events(run, ended_by, at_ms);

    size_t count = run->event_count;
    int64_t last_ms = count ? run->events[count - 1].at_ms : run->began_ms;
    int64_t end_ms = run->ended_ms ? run->ended_ms : over ? last_ms : now_ms;
    timeline->began_ms = run->began_ms ? run->began_ms : last_ms;
    if (count && at_ms[0] < timeline->began_ms)
        timeline->began_ms = at_ms[0];
    end_ms = end_ms > last_ms ? end_ms : last_ms;
    timeline->total_ms = end_ms > timeline->began_ms ? end_ms - timeline->began_ms : 1;

    place_rows(timeline, timeline->rows, at_ms, over);
    for (size_t i = 0; i < timeline->tick_count; i++)
        timeline->ticks[i].at_ms = at_ms[timeline->ticks[i].event] - timeline->began_ms;
    mem_free(at_ms);
    mem_free(ended_by);
}

/* --- life ------------------------------------------------------------------------------------ */

struct timeline *timeline_new(const struct journal_run *run, int64_t now_ms)
{
    struct timeline *timeline = mem_new(sizeof *timeline);
    timeline->ticks = mem_array(run->event_count, sizeof *timeline->ticks);
    for (size_t i = 0; i < run->event_count; i++)
        take_event(timeline, run, i);
    place(timeline, run, now_ms);
    return timeline;
}

static void free_rows(struct timeline_row *row)
{
    while (row) {
        struct timeline_row *gone = row;
        row = row->next;
        free_rows(gone->children);
        for (size_t i = 0; i < gone->spell_count; i++) {
            mem_free(gone->spells[i].code);
            mem_free(gone->spells[i].message);
        }
        mem_free(gone->spells);
        mem_free(gone->kind);
        mem_free(gone->path);
        mem_free(gone);
    }
}

static void keep(void *row)
{
    (void)row;
}

void timeline_free(struct timeline *timeline)
{
    if (!timeline)
        return;
    tdestroy(timeline->paths, keep);
    free_rows(timeline->rows);
    mem_free(timeline->ticks);
    mem_free(timeline);
}
