#include "estimate.h"

#include "mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME_MAX_BYTES 160
#define PERCENT        90

struct entry {
    char name[NAME_MAX_BYTES];
    int64_t took_ms[ESTIMATE_KEPT]; /* a ring */
    size_t count;                   /* learned so far, in all */
    uint64_t learned_at;            /* by the estimate's own count */
};

struct estimate {
    struct entry entries[ESTIMATE_NAMES_MAX];
    size_t count;
    uint64_t learned;
};

struct estimate *estimate_new(void)
{
    return mem_new(sizeof(struct estimate));
}

void estimate_free(struct estimate *estimate)
{
    mem_free(estimate);
}

static const struct entry *find(const struct estimate *estimate, const char *name)
{
    for (size_t i = 0; i < estimate->count; i++)
        if (strncmp(estimate->entries[i].name, name, NAME_MAX_BYTES - 1) == 0)
            return &estimate->entries[i];
    return NULL;
}

/* A free entry, or the one that nothing was learned of for longest. */
static struct entry *make(struct estimate *estimate, const char *name)
{
    struct entry *entry = &estimate->entries[0];
    if (estimate->count < ESTIMATE_NAMES_MAX)
        entry = &estimate->entries[estimate->count++];
    else
        for (size_t i = 1; i < ESTIMATE_NAMES_MAX; i++)
            if (estimate->entries[i].learned_at < entry->learned_at)
                entry = &estimate->entries[i];
    *entry = (struct entry){0};
    snprintf(entry->name, sizeof entry->name, "%s", name);
    return entry;
}

void estimate_learn(struct estimate *estimate, const char *name, int64_t took_ms)
{
    if (!estimate)
        return;
    struct entry *entry = (struct entry *)find(estimate, name);
    if (!entry)
        entry = make(estimate, name);
    entry->took_ms[entry->count++ % ESTIMATE_KEPT] = took_ms;
    entry->learned_at = ++estimate->learned;
}

static int by_value(const void *a, const void *b)
{
    int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;
    return (left > right) - (left < right);
}

int64_t estimate_ms(const struct estimate *estimate, const char *name)
{
    const struct entry *entry = estimate ? find(estimate, name) : NULL;
    if (!entry || entry->count < ESTIMATE_LEAST)
        return 0;
    int64_t sorted[ESTIMATE_KEPT];
    size_t count = entry->count < ESTIMATE_KEPT ? entry->count : ESTIMATE_KEPT;
    memcpy(sorted, entry->took_ms, sizeof sorted);
    qsort(sorted, count, sizeof *sorted, by_value);
    return sorted[(count * PERCENT + 99) / 100 - 1];
}
