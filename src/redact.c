#include "redact.h"

#include "config.h"
#include "json.h"
#include "url.h"

#include <openssl/evp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LENGTH_MIN     CONFIG_SECRET_REDACTED_MIN
#define NAME_SHOWN_MAX 40
#define MARK_SIZE      (NAME_SHOWN_MAX + 16)
#define MARK_SHORT     "[secret]" /* as long as the shortest form */
#define BUCKETS        65536u     /* bits, by the first bytes of a form */

/* One spelling of one value, of LENGTH_MIN bytes at least. */
struct form {
    char *text;
    size_t len;
    uint64_t head; /* its first eight bytes */
    const char *mark;
};

struct redactor {
    struct form *forms;
    size_t count;
    char **marks;
    size_t mark_count;
    bool sorted;
    uint8_t buckets[BUCKETS / 8]; /* a bit for each head's hash */
};

/* --- finding ---------------------------------------------------------------------------------- */

static uint64_t head_of(const char *at)
{
    uint64_t head;
    memcpy(&head, at, sizeof head);
    return head;
}

static unsigned bucket_of(uint64_t head)
{
    return (unsigned)(head * 0x9e3779b97f4a7c15u >> 48);
}

/* By head, the longer first. */
static int compare(const void *a, const void *b)
{
    const struct form *one = a, *other = b;
    if (one->head != other->head)
        return one->head < other->head ? -1 : 1;
    return one->len > other->len ? -1 : one->len < other->len;
}

static void sort(struct redactor *redactor)
{
    if (redactor->sorted)
        return;
    if (redactor->count)
        qsort(redactor->forms, redactor->count, sizeof *redactor->forms, compare);
    for (size_t i = 0; i < redactor->count; i++) {
        unsigned bucket = bucket_of(redactor->forms[i].head);
        redactor->buckets[bucket / 8] |= (uint8_t)(1u << bucket % 8);
    }
    redactor->sorted = true;
}

/* The first form with that head, or count. */
static size_t first_with(const struct redactor *redactor, uint64_t head)
{
    size_t low = 0, high = redactor->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (redactor->forms[middle].head < head)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* The longest form that text begins with; text has LENGTH_MIN bytes at least. */
static const struct form *find_at(const struct redactor *redactor, struct span text)
{
    uint64_t head = head_of(text.at);
    unsigned bucket = bucket_of(head);
    if (!(redactor->buckets[bucket / 8] & 1u << bucket % 8))
        return NULL;
    for (size_t i = first_with(redactor, head);
         i < redactor->count && redactor->forms[i].head == head; i++)
        if (redactor->forms[i].len <= text.len &&
            memcmp(redactor->forms[i].text, text.at, redactor->forms[i].len) == 0)
            return &redactor->forms[i];
    return NULL;
}

/* The next finding at or after *at, which is moved there; NULL: there is none. */
static const struct form *find_next(const struct redactor *redactor, struct span text, size_t *at)
{
    for (; *at + LENGTH_MIN <= text.len; ++*at) {
        const struct form *form = find_at(redactor, (struct span){text.at + *at, text.len - *at});
        if (form)
            return form;
    }
    return NULL;
}

bool redactor_finds(struct redactor *redactor, struct span text)
{
    size_t at = 0;
    sort(redactor);
    return find_next(redactor, text, &at) != NULL;
}

size_t redactor_apply(struct redactor *redactor, struct span text, char *out)
{
    const struct form *form;
    size_t done = 0, len = 0, at = 0;
    sort(redactor);
    while ((form = find_next(redactor, text, &at))) {
        memmove(out + len, text.at + done, at - done);
        len += at - done;
        const char *mark = strlen(form->mark) <= form->len ? form->mark : MARK_SHORT;
        memcpy(out + len, mark, strlen(mark));
        len += strlen(mark);
        at += form->len;
        done = at;
    }
    memmove(out + len, text.at + done, text.len - done);
    return len + text.len - done;
}

/* --- the forms of a value ----------------------------------------------------------------------
 */

static void add_form(struct redactor *redactor, const char *mark, struct span text)
{
    if (text.len < LENGTH_MIN)
        return;
    for (size_t i = 0; i < redactor->count; i++)
        if (span_equal((struct span){redactor->forms[i].text, redactor->forms[i].len}, text))
            return;
    redactor->forms = mem_resize(redactor->forms, redactor->count + 1, sizeof *redactor->forms);
    redactor->forms[redactor->count++] =
        (struct form){mem_string(text), text.len, head_of(text.at), mark};
    redactor->sorted = false;
}

/* Six bytes for one are the most that any form makes of it. */
static char *room_for(struct span value, size_t *size)
{
    *size = value.len * 6 + 16; /* and a NUL of sprintf */
    return mem_new(*size);
}

typedef size_t spelling(unsigned char byte, char *out);

static void add_spelled(struct redactor *redactor, const char *mark, struct span value,
                        spelling *spell)
{
    size_t size, len = 0;
    char *text = room_for(value, &size);
    for (size_t i = 0; i < value.len; i++)
        len += spell((unsigned char)value.at[i], text + len);
    add_form(redactor, mark, (struct span){text, len});
    mem_wipe(text, size);
    mem_free(text);
}

static size_t spell_json(unsigned char byte, char *out)
{
    size_t len = json_escape(byte, out);
    if (len)
        return len;
    *out = (char)byte;
    return 1;
}

/* As some libraries write it: "\/". */
static size_t spell_json_slash(unsigned char byte, char *out)
{
    if (byte != '/')
        return spell_json(byte, out);
    memcpy(out, "\\/", 2);
    return 2;
}

/* As libraries write it that keep to ASCII: a UTF-16 unit of four digits each. */
static size_t put_unit(char *out, unsigned unit, bool upper)
{
    return (size_t)sprintf(out, upper ? "\\u%04X" : "\\u%04x", unit);
}

static size_t put_ascii(char *out, unsigned point, bool upper)
{
    if (point < 0x10000)
        return put_unit(out, point, upper);
    size_t len = put_unit(out, 0xd800 + (point - 0x10000) / 0x400, upper);
    return len + put_unit(out + len, 0xdc00 + (point - 0x10000) % 0x400, upper);
}

/* value is UTF-8. */
static void add_ascii_json(struct redactor *redactor, const char *mark, struct span value,
                           bool upper)
{
    size_t size, len = 0;
    char *text = room_for(value, &size);
    for (size_t i = 0; i < value.len;) {
        unsigned char byte = (unsigned char)value.at[i++];
        if (byte < 0x80) {
            len += spell_json(byte, text + len);
            continue;
        }
        unsigned point = byte & (byte >= 0xf0 ? 7u : byte >= 0xe0 ? 15u : 31u);
        for (; i < value.len && ((unsigned char)value.at[i] & 0xc0) == 0x80; i++)
            point = point << 6 | ((unsigned char)value.at[i] & 0x3fu);
        len += put_ascii(text + len, point, upper);
    }
    add_form(redactor, mark, (struct span){text, len});
    mem_wipe(text, size);
    mem_free(text);
}

static size_t spell_hex(unsigned char byte, char *out, const char *digits)
{
    out[0] = digits[byte >> 4];
    out[1] = digits[byte & 15];
    return 2;
}

static size_t spell_lower_hex(unsigned char byte, char *out)
{
    return spell_hex(byte, out, "0123456789abcdef");
}

static size_t spell_upper_hex(unsigned char byte, char *out)
{
    return spell_hex(byte, out, "0123456789ABCDEF");
}

static size_t spell_percent(unsigned char byte, char *out, bool plain, const char *digits)
{
    if (plain) {
        *out = (char)byte;
        return 1;
    }
    *out = '%';
    return 1 + spell_hex(byte, out + 1, digits);
}

static size_t spell_url(unsigned char byte, char *out)
{
    return spell_percent(byte, out, url_is_unreserved(byte), "0123456789ABCDEF");
}

static size_t spell_lower_url(unsigned char byte, char *out)
{
    return spell_percent(byte, out, url_is_unreserved(byte), "0123456789abcdef");
}

static size_t spell_path(unsigned char byte, char *out)
{
    return spell_percent(byte, out, url_is_plain_in_path(byte), "0123456789ABCDEF");
}

static size_t spell_html_form(unsigned char byte, char *out)
{
    if (byte != ' ')
        return spell_percent(byte, out, url_is_unreserved(byte) && byte != '~', "0123456789ABCDEF");
    *out = '+';
    return 1;
}

/* The digits of base64 text (RFC 4648 4 and 5) that the value alone decides, where so many bytes
 * stand before it. */
static void add_base64(struct redactor *redactor, const char *mark, struct span value,
                       size_t before)
{
    size_t size = value.len + 2 * 3, first = (before * 8 + 5) / 6;
    size_t end = (before + value.len) * 8 / 6;
    unsigned char *bytes = mem_new(size);
    char *text = mem_new(size * 2);
    memcpy(bytes + before, value.at, value.len);
    EVP_EncodeBlock((unsigned char *)text, bytes, (int)(before + value.len));
    add_form(redactor, mark, (struct span){text + first, end - first});
    for (char *c = text; *c; c++)
        *c = (char)(*c == '+' ? '-' : *c == '/' ? '_' : *c);
    add_form(redactor, mark, (struct span){text + first, end - first});
    mem_wipe(bytes, size);
    mem_wipe(text, size * 2);
    mem_free(bytes);
    mem_free(text);
}

static const char *keep_mark(struct redactor *redactor, const char *name)
{
    char mark[MARK_SIZE];
    snprintf(mark, sizeof mark, "[secret:%.*s]", NAME_SHOWN_MAX, name);
    for (char *c = mark + strlen("[secret:"); c[1]; c++)
        if (!url_is_unreserved((unsigned char)*c))
            *c = '_';
    redactor->marks = mem_resize(redactor->marks, redactor->mark_count + 1, sizeof(char *));
    redactor->marks[redactor->mark_count] = mem_copy(mark);
    return redactor->marks[redactor->mark_count++];
}

/* Most tokens are spelled alike everywhere but in hex and base64. */
static bool is_plain(struct span value)
{
    for (size_t i = 0; i < value.len; i++)
        if (!url_is_unreserved((unsigned char)value.at[i]) || value.at[i] == '~')
            return false;
    return true;
}

static void add_escaped(struct redactor *redactor, const char *mark, struct span value)
{
    static spelling *const spellings[] = {spell_json,      spell_json_slash, spell_url,
                                          spell_lower_url, spell_path,       spell_html_form};
    for (size_t i = 0; i < sizeof spellings / sizeof *spellings; i++)
        add_spelled(redactor, mark, value, spellings[i]);
    for (int upper = 0; upper < 2 && json_is_utf8(value); upper++)
        add_ascii_json(redactor, mark, value, upper);
}

void redactor_add(struct redactor *redactor, const char *name, struct span value)
{
    if (value.len < LENGTH_MIN)
        return;
    const char *mark = keep_mark(redactor, name);
    add_form(redactor, mark, value);
    if (!is_plain(value))
        add_escaped(redactor, mark, value);
    add_spelled(redactor, mark, value, spell_lower_hex);
    add_spelled(redactor, mark, value, spell_upper_hex);
    for (size_t before = 0; before < 3; before++)
        add_base64(redactor, mark, value, before);
}

/* --- life ------------------------------------------------------------------------------------- */

struct redactor *redactor_new(void)
{
    return mem_new(sizeof(struct redactor));
}

void redactor_free(struct redactor *redactor)
{
    if (!redactor)
        return;
    for (size_t i = 0; i < redactor->count; i++) {
        mem_wipe(redactor->forms[i].text, redactor->forms[i].len);
        mem_free(redactor->forms[i].text);
    }
    for (size_t i = 0; i < redactor->mark_count; i++)
        mem_free(redactor->marks[i]);
    mem_free(redactor->forms);
    mem_free(redactor->marks);
    mem_free(redactor);
}
