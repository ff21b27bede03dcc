#include "nearest.h"

#include <string.h>

#define LETTERS_MAX  40
#define DISTANCE_MAX 3

/* How many letters must be added, removed or changed to make one word the other (Levenshtein). */
static size_t distance(const char *a, const char *b)
{
    size_t row[LETTERS_MAX + 1];
    size_t width = strnlen(b, LETTERS_MAX);
    for (size_t i = 0; i <= width; i++)
        row[i] = i;
    for (size_t line = 1; a[line - 1] && line <= LETTERS_MAX; line++) {
        size_t diagonal = row[0];
        row[0] = line;
        for (size_t i = 1; i <= width; i++) {
            size_t changed = diagonal + (a[line - 1] != b[i - 1]);
            size_t shorter = (row[i] < row[i - 1] ? row[i] : row[i - 1]) + 1;
            diagonal = row[i];
            row[i] = changed < shorter ? changed : shorter;
        }
    }
    return row[width];
}

static size_t difference(size_t a, size_t b)
{
    return a > b ? a - b : b - a;
}

void nearest_offer(struct nearest *nearest, const char *known)
{
    size_t far = distance(nearest->word, known), len = strlen(nearest->word);
    if (far > DISTANCE_MAX || far >= strlen(known) || (nearest->best && far > nearest->distance))
        return;
    if (nearest->best && far == nearest->distance &&
        difference(strlen(known), len) >= difference(strlen(nearest->best), len))
        return;
    nearest->best = known;
    nearest->distance = far;
}
