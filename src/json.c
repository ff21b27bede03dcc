#include "json.h"

#include <stdlib.h>
#include <string.h>

/* One pass over text. When a rule is broken, at stands on the byte that broke it. */
struct scan {
    const char *at;
    const char *end;
    int depth;
    const char *rule;
};

static struct scan scan_of(struct span text)
{
    const char *at = text.len ? text.at : "";
    return (struct scan){.at = at, .end = at + text.len};
}

static bool broke(struct scan *scan, const char *rule)
{
    scan->rule = rule;
    return false;
}

/* The next byte, or -1 at the end. */
static int peek(const struct scan *scan)
{
    return scan->at < scan->end ? (unsigned char)*scan->at : -1;
}

static bool take(struct scan *scan, char byte)
{
    if (scan->at == scan->end || *scan->at != byte)
        return false;
    scan->at++;
    return true;
}

static void skip_space(struct scan *scan)
{
    while (scan->at < scan->end &&
           (*scan->at == ' ' || *scan->at == '\n' || *scan->at == '\r' || *scan->at == '\t'))
        scan->at++;
}

/* Bytes of the valid UTF-8 character at the front, or 0 (RFC 3629 4). */
static size_t utf8_size(const char *text, size_t left)
{
    const unsigned char *at = (const unsigned char *)text;
    if (at[0] < 0x80)
        return 1;
    size_t size = at[0] < 0xc2 ? 0 : at[0] < 0xe0 ? 2 : at[0] < 0xf0 ? 3 : at[0] < 0xf5 ? 4 : 0;
    if (size == 0 || size > left)
        return 0;
    for (size_t i = 1; i < size; i++)
        if ((at[i] & 0xc0) != 0x80)
            return 0;
    bool overlong = (at[0] == 0xe0 && at[1] < 0xa0) || (at[0] == 0xf0 && at[1] < 0x90);
    bool surrogate = at[0] == 0xed && at[1] > 0x9f;
    bool beyond = at[0] == 0xf4 && at[1] > 0x8f;
    return overlong || surrogate || beyond ? 0 : size;
}

bool json_is_utf8(struct span bytes)
{
    for (size_t i = 0; i < bytes.len;) {
        size_t size = utf8_size(bytes.at + i, bytes.len - i);
        if (size == 0)
            return false;
        i += size;
    }
    return true;
}

static int hex_digit(int byte)
{
    if (byte >= '0' && byte <= '9')
        return byte - '0';
    byte |= 0x20;
    return byte >= 'a' && byte <= 'f' ? byte - 'a' + 10 : -1;
}

/* The four digits at at as a UTF-16 unit, or -1. */
static int hex_unit(const char *at, const char *end)
{
    if (end - at < 4)
        return -1;
    int unit = 0;
    for (int i = 0; i < 4; i++) {
        int digit = hex_digit((unsigned char)at[i]);
        if (digit < 0)
            return -1;
        unit = unit * 16 + digit;
    }
    return unit;
}

static bool is_high(int unit)
{
    return unit >= 0xd800 && unit <= 0xdbff;
}

static bool is_low(int unit)
{
    return unit >= 0xdc00 && unit <= 0xdfff;
}

/* at stands behind the "\u". */
static bool scan_unit(struct scan *scan)
{
    int unit = hex_unit(scan->at, scan->end);
    if (unit < 0)
        return broke(scan, "\\u wants four hexadecimal digits");
    if (is_low(unit))
        return broke(scan, "a lone surrogate");
    scan->at += 4;
    if (!is_high(unit))
        return true;
    if (scan->end - scan->at < 6 || scan->at[0] != '\\' || scan->at[1] != 'u' ||
        !is_low(hex_unit(scan->at + 2, scan->end)))
        return broke(scan, "a lone surrogate");
    scan->at += 6;
    return true;
}

/* RFC 8259 7: ASCII that stands for itself, most of any text; and what a letter behind a backslash
 * means, all but u. */
static const bool as_it_is[256] = {
    [' ' ... '!'] = true, ['#' ... '['] = true, [']' ... 0x7f] = true};
static const char escapes[256] = {['"'] = '"',  ['\\'] = '\\', ['/'] = '/',  ['b'] = '\b',
                                  ['f'] = '\f', ['n'] = '\n',  ['r'] = '\r', ['t'] = '\t'};

static bool scan_escape(struct scan *scan)
{
    scan->at++;
    if (take(scan, 'u'))
        return scan_unit(scan);
    int byte = peek(scan);
    if (byte < 0 || !escapes[byte])
        return broke(scan, "unknown escape");
    scan->at++;
    return true;
}

static const char *skip_plain(const char *at, const char *end)
{
    while (at < end && as_it_is[(unsigned char)*at])
        at++;
    return at;
}

static bool scan_string(struct scan *scan)
{
    if (!take(scan, '"'))
        return broke(scan, "expected a string");
    for (;;) {
        scan->at = skip_plain(scan->at, scan->end);
        if (scan->at == scan->end)
            return broke(scan, "a string without end");
        unsigned char byte = (unsigned char)*scan->at;
        if (byte == '"')
            return scan->at++, true;
        if (byte == '\\') {
            if (!scan_escape(scan))
                return false;
            continue;
        }
        if (byte < 0x20)
            return broke(scan, "a raw control character in a string");
        size_t size = utf8_size(scan->at, (size_t)(scan->end - scan->at));
        if (size == 0)
            return broke(scan, "invalid UTF-8");
        scan->at += size;
    }
}

static bool scan_digits(struct scan *scan)
{
    const char *first = scan->at;
    while (scan->at < scan->end && *scan->at >= '0' && *scan->at <= '9')
        scan->at++;
    return scan->at > first || broke(scan, "expected a digit");
}

static bool scan_number(struct scan *scan)
{
    if (!take(scan, '-') && (peek(scan) < '0' || peek(scan) > '9'))
        return broke(scan, "expected a value");
    if (!take(scan, '0') && !scan_digits(scan))
        return false;
    if (take(scan, '.') && !scan_digits(scan))
        return false;
    if (!take(scan, 'e') && !take(scan, 'E'))
        return true;
    if (!take(scan, '+'))
        take(scan, '-');
    return scan_digits(scan);
}

static bool scan_word(struct scan *scan, const char *word)
{
    size_t len = strlen(word);
    if ((size_t)(scan->end - scan->at) < len || memcmp(scan->at, word, len) != 0)
        return broke(scan, "expected a value");
    scan->at += len;
    return true;
}

static bool scan_value(struct scan *scan);

/* A key and its colon, up to the value. */
static bool scan_key(struct scan *scan)
{
    if (peek(scan) != '"')
        return broke(scan, "expected a key");
    if (!scan_string(scan))
        return false;
    skip_space(scan);
    if (!take(scan, ':'))
        return broke(scan, "expected ':'");
    skip_space(scan);
    return true;
}

static bool scan_members(struct scan *scan, char close)
{
    scan->at++;
    skip_space(scan);
    if (take(scan, close))
        return true;
    for (;;) {
        if (close == '}' && !scan_key(scan))
            return false;
        if (!scan_value(scan))
            return false;
        skip_space(scan);
        if (take(scan, close))
            return true;
        if (!take(scan, ','))
            return broke(scan, close == '}' ? "expected ',' or '}'" : "expected ',' or ']'");
        skip_space(scan);
    }
}

static bool scan_nested(struct scan *scan, char close)
{
    if (scan->depth == JSON_DEPTH_MAX)
        return broke(scan, "nested deeper than 128");
    scan->depth++;
    bool whole = scan_members(scan, close);
    scan->depth--;
    return whole;
}

static bool scan_value(struct scan *scan)
{
    switch (peek(scan)) {
    case '{':
        return scan_nested(scan, '}');
    case '[':
        return scan_nested(scan, ']');
    case '"':
        return scan_string(scan);
    case 't':
        return scan_word(scan, "true");
    case 'f':
        return scan_word(scan, "false");
    case 'n':
        return scan_word(scan, "null");
    default:
        return scan_number(scan);
    }
}

bool json_check(struct span text, struct error *err)
{
    struct scan scan = scan_of(text);
    const char *begin = scan.at;
    skip_space(&scan);
    if (scan_value(&scan)) {
        skip_space(&scan);
        if (scan.at == scan.end)
            return true;
        broke(&scan, "more text after the value");
    }
    return error_set(err, ERROR_INPUT, "invalid JSON at byte %zu%s: %s", (size_t)(scan.at - begin),
                     scan.at == scan.end ? " (the end)" : "", scan.rule);
}

enum json_type json_type(struct span value)
{
    struct scan scan = scan_of(value);
    skip_space(&scan);
    switch (peek(&scan)) {
    case '{':
        return JSON_OBJECT;
    case '[':
        return JSON_ARRAY;
    case '"':
        return JSON_STRING;
    case 't':
    case 'f':
        return JSON_BOOL;
    case 'n':
        return JSON_NULL;
    default:
        return JSON_NUMBER;
    }
}

const char *json_type_name(enum json_type type)
{
    static const char *const names[] = {"null", "boolean", "number", "string", "array", "object"};
    return names[type];
}

/* The cursor stands on the opening bracket at first and behind an element later, so that its next
 * byte tells which. A key is read when key is given. */
static bool next(struct span *cursor, char open, struct span *key, struct span *value)
{
    struct scan scan = scan_of(*cursor);
    skip_space(&scan);
    if (!take(&scan, open) && !take(&scan, ','))
        return false;
    skip_space(&scan);
    const char *first = scan.at;
    if (key) {
        if (!scan_string(&scan))
            return false;
        *key = (struct span){first, (size_t)(scan.at - first)};
        skip_space(&scan);
        take(&scan, ':');
        skip_space(&scan);
        first = scan.at;
    }
    if (!scan_value(&scan))
        return false;
    *value = (struct span){first, (size_t)(scan.at - first)};
    *cursor = (struct span){scan.at, (size_t)(scan.end - scan.at)};
    return true;
}

bool json_next(struct span *cursor, struct span *element)
{
    return next(cursor, '[', NULL, element);
}

bool json_next_member(struct span *cursor, struct span *key, struct span *value)
{
    return next(cursor, '{', key, value);
}

static bool key_is(struct span key, const char *name)
{
    if (!memchr(key.at, '\\', key.len))
        return span_is((struct span){key.at + 1, key.len - 2}, name);
    char *plain = mem_new(key.len);
    bool same = span_is((struct span){plain, json_unescape(key, plain)}, name);
    mem_free(plain);
    return same;
}

bool json_pick(struct span object, const char *const *keys, struct span *values, size_t count,
               struct error *err)
{
    memset(values, 0, count * sizeof *values);
    if (json_type(object) != JSON_OBJECT)
        return error_set(err, ERROR_INPUT, "expected an object, got %s",
                         json_type_name(json_type(object)));
    struct span key, value;
    while (next(&object, '{', &key, &value)) {
        size_t i = 0;
        while (i < count && !key_is(key, keys[i]))
            i++;
        if (i == count)
            continue;
        if (values[i].at) {
            memset(values, 0, count * sizeof *values);
            return error_set(err, ERROR_INPUT, "the key '%s' stands twice", keys[i]);
        }
        values[i] = value;
    }
    return true;
}

static char *put_utf8(char *out, unsigned code)
{
    int more = code < 0x80 ? 0 : code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
    static const unsigned char lead[] = {0, 0xc0, 0xe0, 0xf0};
    *out++ = (char)(lead[more] | (code >> (6 * more)));
    while (more-- > 0)
        *out++ = (char)(0x80 | ((code >> (6 * more)) & 0x3f));
    return out;
}

/* Moves at past the escape it stands on. */
static char *put_unescaped(char *out, const char **at, const char *end)
{
    unsigned char letter = (unsigned char)(*at)[1];
    *at += 2;
    if (letter != 'u')
        return *out = escapes[letter], out + 1;
    unsigned code = (unsigned)hex_unit(*at, end);
    *at += 4;
    if (is_high((int)code)) {
        code = 0x10000 + ((code - 0xd800) << 10) + ((unsigned)hex_unit(*at + 2, end) - 0xdc00);
        *at += 6;
    }
    return put_utf8(out, code);
}

size_t json_unescape(struct span value, char *out)
{
    const char *at = value.at + 1, *end = value.at + value.len - 1;
    char *first = out;
    while (at < end) {
        const char *escape = memchr(at, '\\', (size_t)(end - at));
        size_t run = (size_t)((escape ? escape : end) - at);
        memcpy(out, at, run);
        out += run;
        at += run;
        if (at < end)
            out = put_unescaped(out, &at, end);
    }
    return (size_t)(out - first);
}

/* A new C string of *len bytes, at most max of them, or NULL with err. */
static char *decode(struct span value, size_t max, size_t *len, struct error *err)
{
    if (value.len < 2 || value.at[0] != '"') {
        error_set(err, ERROR_INPUT, "expected a string, got %s", json_type_name(json_type(value)));
        return NULL;
    }
    char *text = mem_new(value.len); /* its quotes leave room for the NUL */
    *len = json_unescape(value, text);
    if (*len <= max)
        return text;
    error_set(err, ERROR_LIMIT, "a string of %zu bytes, at most %zu are allowed", *len, max);
    mem_free(text);
    return NULL;
}

bool json_decode(struct span value, struct buffer *out, struct error *err)
{
    size_t len;
    char *text = decode(value, out->max - out->len, &len, err);
    bool good = text && buffer_add(out, (struct span){text, len});
    mem_free(text);
    return good;
}

char *json_string(struct span value, size_t max, struct error *err)
{
    size_t len;
    char *text = decode(value, max, &len, err);
    if (!text || !memchr(text, '\0', len))
        return text;
    error_set(err, ERROR_INPUT, "a string that holds U+0000");
    mem_free(text);
    return NULL;
}

bool json_integer(struct span value, int64_t *out, struct error *err)
{
    struct scan scan = scan_of(value);
    bool negative = take(&scan, '-');
    const char *first = scan.at;
    int64_t sum = 0;
    for (; peek(&scan) >= '0' && peek(&scan) <= '9'; scan.at++) {
        int64_t digit = *scan.at - '0';
        /* summed below zero, where the range is one wider */
        if (__builtin_mul_overflow(sum, 10, &sum) || __builtin_sub_overflow(sum, digit, &sum))
            return error_set(err, ERROR_INPUT, "an integer beyond 64 bits");
    }
    if (scan.at == first || scan.at != scan.end)
        return error_set(err, ERROR_INPUT, "expected an integer, got %s",
                         json_type(value) == JSON_NUMBER ? "a number with fraction or exponent"
                                                         : json_type_name(json_type(value)));
    if (!negative && sum == INT64_MIN)
        return error_set(err, ERROR_INPUT, "an integer beyond 64 bits");
    *out = negative ? sum : -sum;
    return true;
}

size_t json_escape(unsigned char byte, char out[JSON_ESCAPE_SIZE])
{
    static const char raw[] = "\"\\\b\f\n\r\t", letters[] = "\"\\bfnrt", hex[] = "0123456789abcdef";
    if (byte >= 0x20 && byte != '"' && byte != '\\')
        return 0;
    out[0] = '\\';
    const char *known = byte ? strchr(raw, byte) : NULL;
    if (known) {
        out[1] = letters[known - raw];
        return 2;
    }
    out[1] = 'u', out[2] = out[3] = '0';
    out[4] = hex[byte >> 4];
    out[5] = hex[byte & 15];
    return 6;
}

static bool put_escaped(struct buffer *out, struct span bytes)
{
    size_t done = 0;
    for (size_t i = 0; i < bytes.len; i++) {
        char escape[JSON_ESCAPE_SIZE];
        size_t size = json_escape((unsigned char)bytes.at[i], escape);
        if (size == 0)
            continue;
        if (!buffer_add(out, (struct span){bytes.at + done, i - done}) ||
            !buffer_add(out, (struct span){escape, size}))
            return false;
        done = i + 1;
    }
    return done == bytes.len || buffer_add(out, (struct span){bytes.at + done, bytes.len - done});
}

bool json_put_string(struct buffer *out, struct span bytes)
{
    size_t before = out->len;
    if (buffer_text(out, "\"") && put_escaped(out, bytes) && buffer_text(out, "\""))
        return true;
    out->len = before;
    return false;
}

/* Where the first escaped U+0000 stands in checked text, or NULL. */
static const char *find_nul(const char *at, const char *end)
{
    while (at < end && (at = memchr(at, '\\', (size_t)(end - at)))) {
        if (end - at >= 6 && memcmp(at, "\\u0000", 6) == 0)
            return at;
        at += 2; /* the second may be a backslash itself */
    }
    return NULL;
}

bool json_put_without_nul(struct buffer *out, struct span text, size_t *replaced)
{
    struct scan scan = scan_of(text);
    size_t before = out->len, count = 0;
    bool fits = true;
    for (const char *nul; fits && (nul = find_nul(scan.at, scan.end)); scan.at = nul + 6, count++)
        fits = buffer_add(out, (struct span){scan.at, (size_t)(nul - scan.at)}) &&
               buffer_text(out, "\xef\xbf\xbd");
    fits = fits && buffer_add(out, (struct span){scan.at, (size_t)(scan.end - scan.at)});
    if (fits)
        *replaced = count;
    else
        out->len = before;
    return fits;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Sorted, so that a hundred thousand keys cost no square of time. NULL when all differ. */
static const char *find_twin(const cJSON *object)
{
    size_t count = (size_t)cJSON_GetArraySize(object);
    if (count < 2)
        return NULL;
    const char **names = mem_array(count, sizeof *names);
    size_t i = 0;
    for (const cJSON *item = object->child; item; item = item->next)
        names[i++] = item->string;
    qsort(names, count, sizeof *names, compare_names);
    const char *twin = NULL;
    for (i = 1; i < count && !twin; i++)
        if (strcmp(names[i - 1], names[i]) == 0)
            twin = names[i];
    mem_free(names);
    return twin;
}

static bool check_twins(const cJSON *value, struct error *err)
{
    const char *twin = cJSON_IsObject(value) ? find_twin(value) : NULL;
    if (twin)
        return error_set(err, ERROR_INPUT, "a key of %zu bytes stands twice in one JSON object",
                         strlen(twin));
    for (const cJSON *item = value->child; item; item = item->next)
        if (item->child && !check_twins(item, err))
            return false;
    return true;
}

cJSON *json_parse(struct span text, struct error *err)
{
    if (!json_check(text, err))
        return NULL;
    const char *end = text.at + text.len, *nul = find_nul(text.at, end), *stop = NULL;
    if (nul) {
        error_set(err, ERROR_INPUT, "U+0000 in a JSON string at byte %zu", (size_t)(nul - text.at));
        return NULL;
    }
    cJSON *tree = cJSON_ParseWithLengthOpts(text.at, text.len, &stop, 0);
    struct scan rest = {.at = stop, .end = end};
    skip_space(&rest);
    if (!tree || rest.at != end) /* some versions read only 63 characters of a number */
        error_set(err, ERROR_INPUT, "a JSON number too long to be read before byte %zu",
                  (size_t)(stop - text.at));
    else if (check_twins(tree, err))
        return tree;
    cJSON_Delete(tree);
    return NULL;
}

const cJSON *json_member(const cJSON *object, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(object, name);
}

const char *json_member_text(const cJSON *object, const char *name)
{
    return cJSON_GetStringValue(json_member(object, name));
}
