#include "difference.h"

#include "piece.h"
#include "terminal.h"

#include <stdint.h>
#include <string.h>

#define ANY        "\"@ANY@\""
#define CELLS_MAX  ((size_t)16 * 1024 * 1024) /* of the table; larger texts differ as a whole */
#define LINE_SHOWN 500

struct lines {
    struct span *list;
    size_t count;
};

static struct lines split(struct span text)
{
    struct lines lines = {0};
    size_t room = 0;
    while (text.len) {
        const char *end = memchr(text.at, '\n', text.len);
        size_t len = end ? (size_t)(end - text.at) : text.len;
        if (lines.count == room)
            lines.list = mem_resize(lines.list, room = room ? 2 * room : 64, sizeof *lines.list);
        lines.list[lines.count++] = (struct span){text.at, len};
        text.at += len + (end != NULL);
        text.len -= len + (end != NULL);
    }
    return lines;
}

/* --- one line -------------------------------------------------------------------------------- */

/* The length of the JSON value that text begins with; what is cut short counts as far as it goes.
 */
static size_t value_len(struct span text)
{
    struct span rest = text, piece;
    size_t depth = 0, len = 0;
    while (piece_next(&rest, &piece)) {
        char c = *piece.at;
        if (depth == 0 && strchr(",]}", c))
            break;
        len += piece.len;
        depth += strchr("[{", c) != NULL;
        depth -= strchr("]}", c) != NULL;
        if (depth == 0 && strchr("\"]}", c))
            break;
    }
    return len;
}

static bool same_line(struct span first, struct span second)
{
    const char *any;
    while ((any = first.len ? memmem(first.at, first.len, ANY, strlen(ANY)) : NULL)) {
        size_t before = (size_t)(any - first.at), skip = before + strlen(ANY);
        if (second.len < before || memcmp(first.at, second.at, before) != 0)
            return false;
        size_t value = value_len((struct span){second.at + before, second.len - before});
        if (value == 0)
            return false;
        first = (struct span){first.at + skip, first.len - skip};
        second = (struct span){second.at + before + value, second.len - before - value};
    }
    return span_equal(first, second);
}

/* --- the table ------------------------------------------------------------------------------- */

/* What is between the lines that both begin and end with. */
struct middle {
    const struct span *first, *second;
    size_t rows, columns;
    uint32_t *longest; /* common lines of the rests, (rows + 1) x (columns + 1); NULL: too large */
};

static void fill(struct middle *middle)
{
    size_t width = middle->columns + 1;
    if (width > CELLS_MAX / (middle->rows + 1))
        return;
    middle->longest = mem_array((middle->rows + 1) * width, sizeof *middle->longest);
    for (size_t i = middle->rows; i-- > 0;)
        for (size_t j = middle->columns; j-- > 0;) {
            uint32_t *at = &middle->longest[i * width + j];
            if (same_line(middle->first[i], middle->second[j]))
                *at = at[width + 1] + 1;
            else
                *at = at[1] > at[width] ? at[1] : at[width];
        }
}

struct printer {
    FILE *out;
    size_t printed, most;
    bool colour;
};

static void print_line(struct printer *printer, const char *sign, const char *code,
                       struct span line)
{
    if (printer->printed++ >= printer->most)
        return;
    fprintf(printer->out, "%s%s", printer->colour ? code : "", sign);
    terminal_put(printer->out, line, LINE_SHOWN);
    fprintf(printer->out, "%s\n", printer->colour ? TERMINAL_PLAIN : "");
}

static void print_middle(struct printer *printer, const struct middle *middle)
{
    size_t i = 0, j = 0, width = middle->columns + 1;
    while (i < middle->rows || j < middle->columns) {
        const uint32_t *at = middle->longest ? &middle->longest[i * width + j] : NULL;
        bool both = i < middle->rows && j < middle->columns;
        if (both && at && same_line(middle->first[i], middle->second[j])) {
            i++;
            j++;
        } else if (i < middle->rows && (!both || !at || at[width] >= at[1])) {
            print_line(printer, "- ", TERMINAL_RED, middle->first[i++]);
        } else {
            print_line(printer, "+ ", TERMINAL_GREEN, middle->second[j++]);
        }
    }
}

bool difference_print(FILE *out, struct span first, struct span second, size_t most, bool colour)
{
    struct lines a = split(first), b = split(second);
    struct printer printer = {out, 0, most, colour};
    size_t head = 0, tail = 0;
    while (head < a.count && head < b.count && same_line(a.list[head], b.list[head]))
        head++;
    while (tail < a.count - head && tail < b.count - head &&
           same_line(a.list[a.count - 1 - tail], b.list[b.count - 1 - tail]))
        tail++;
    struct middle middle = {.first = a.list + head,
                            .second = b.list + head,
                            .rows = a.count - head - tail,
                            .columns = b.count - head - tail};
    bool same = middle.rows == 0 && middle.columns == 0;
    if (!same) {
        fill(&middle);
        if (head)
            print_line(&printer, "  ", TERMINAL_DIM, a.list[head - 1]);
        print_middle(&printer, &middle);
        if (printer.printed > printer.most)
            fprintf(out, "  ... and %zu lines more\n", printer.printed - printer.most);
    }
    mem_free(middle.longest);
    mem_free(a.list);
    mem_free(b.list);
    return same;
}
