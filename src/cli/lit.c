#include "lit.h"

#include "html.h"

#include <search.h>
#include <string.h>

#define ID_MAX 65536
#define TAKEN  (-1) /* a branch, in which steps are */

/* An element of the picture, by its id as it stands there. */
struct lamp {
    char *id;
    int state; /* of enum timeline_state, or TAKEN */
};

/* --- which are lit --------------------------------------------------------------------------- */

static int by_id(const void *a, const void *b)
{
    return strcmp(((const struct lamp *)a)->id, ((const struct lamp *)b)->id);
}

static void free_lamp(void *node)
{
    struct lamp *lamp = node;
    mem_free(lamp->id);
    mem_free(lamp);
}

static void light(void **lamps, struct span id, int state)
{
    struct buffer escaped;
    struct lamp *lamp = mem_new(sizeof *lamp);
    buffer_init(&escaped, ID_MAX);
    html_text(&escaped, id);
    *lamp = (struct lamp){mem_string(buffer_span(&escaped)), state};
    buffer_release(&escaped);
    struct lamp *known = *(struct lamp **)tsearch(lamp, lamps, by_id);
    if (known == lamp)
        return;
    free_lamp(lamp);
    if (known->state < state)
        known->state = state;
}

/* "send[3]/draft" is "send/draft" in the picture. Mended in place. */
static void drop_indices(char *path)
{
    char *to = path;
    for (const char *from = path; *from; from++) {
        size_t digits = *from == '[' ? strspn(from + 1, "0123456789") : 0;
        if (digits && from[digits + 1] == ']')
            from += digits + 1;
        else
            *to++ = *from;
    }
    *to = '\0';
}

/* The row's own element, and the branches around it. A handler's label is left alone: which of
 * several it was, the path does not tell. */
static void light_row(void **lamps, const struct timeline_row *row)
{
    char *path = mem_copy(row->path);
    drop_indices(path);
    light(lamps, span_of(path), (int)timeline_row_state(row));
    for (size_t len = strlen(path); len-- > 1;)
        if (path[len] == '/' && (len < 6 || memcmp(path + len - 6, "/catch", 6) != 0))
            light(lamps, (struct span){path, len}, TAKEN);
    mem_free(path);
}

static void light_rows(void **lamps, const struct timeline_row *row)
{
    for (; row; row = row->next) {
        light_row(lamps, row);
        light_rows(lamps, row->children);
    }
}

/* --- the picture ----------------------------------------------------------------------------- */

static bool begins(struct span text, const char *with)
{
    size_t len = strlen(with);
    return text.len >= len && memcmp(text.at, with, len) == 0;
}

static void put_prefixed(struct buffer *out, struct span id, const char *prefix)
{
    buffer_text(out, prefix);
    buffer_text(out, "-");
    buffer_add(out, id);
}

/* The value of an attribute up to its quote; rest begins behind it. */
static struct span take_value(struct span *rest)
{
    const char *quote = memchr(rest->at, '"', rest->len);
    struct span value = {rest->at, quote ? (size_t)(quote - rest->at) : rest->len};
    rest->at += value.len;
    rest->len -= value.len;
    return value;
}

static void put_id(struct buffer *out, struct span id, void *const *lamps, const char *prefix)
{
    struct lamp wanted = {.id = mem_string(id)};
    void *found = tfind(&wanted, lamps, by_id);
    put_prefixed(out, id, prefix);
    if (found) {
        int state = (*(struct lamp **)found)->state;
        buffer_format(out, "\" data-state=\"%s",
                      state == TAKEN ? "taken" : timeline_state_name((enum timeline_state)state));
    }
    mem_free(wanted.id);
}

/* A list of ids, as aria-labelledby has it. */
static void put_ids(struct buffer *out, struct span ids, const char *prefix)
{
    while (ids.len) {
        const char *space = memchr(ids.at, ' ', ids.len);
        size_t len = space ? (size_t)(space - ids.at) : ids.len;
        put_prefixed(out, (struct span){ids.at, len}, prefix);
        buffer_text(out, space ? " " : "");
        ids.at += len + (space != NULL);
        ids.len -= len + (space != NULL);
    }
}

static void put_attribute(struct buffer *out, struct span *rest, const char *name)
{
    buffer_text(out, name);
    rest->at += strlen(name);
    rest->len -= strlen(name);
}

/* In a picture a quote stands around attributes only: in texts it is &quot;. */
static void put_picture(struct buffer *out, struct span rest, void *const *lamps,
                        const char *prefix)
{
    static const char id[] = " id=\"", use[] = " href=\"#", ids[] = " aria-labelledby=\"";
    while (rest.len) {
        const char *space = memchr(rest.at + 1, ' ', rest.len - 1);
        if (begins(rest, id)) {
            put_attribute(out, &rest, id);
            put_id(out, take_value(&rest), lamps, prefix);
        } else if (begins(rest, use)) {
            put_attribute(out, &rest, use);
            put_prefixed(out, take_value(&rest), prefix);
        } else if (begins(rest, ids)) {
            put_attribute(out, &rest, ids);
            put_ids(out, take_value(&rest), prefix);
        } else {
            size_t len = space ? (size_t)(space - rest.at) : rest.len;
            buffer_add(out, (struct span){rest.at, len});
            rest.at += len;
            rest.len -= len;
        }
    }
}

void lit_put(struct buffer *out, struct span svg, const struct timeline *timeline,
             const char *prefix)
{
    void *lamps = NULL;
    light_rows(&lamps, timeline->rows);
    put_picture(out, svg, &lamps, prefix);
    tdestroy(lamps, free_lamp);
}
