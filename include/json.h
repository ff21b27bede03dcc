/* json: JSON text of the outside world, checked before it is touched.
 *
 * json_check is strict RFC 8259 over valid UTF-8: no lone surrogates, no trailing bytes, depth at
 * most JSON_DEPTH_MAX. Whatever passed may be walked as raw spans, so that numbers and payloads
 * stay the bytes they were. Protocol objects are parsed by cJSON through json_parse alone, which
 * closes cJSON's holes (duplicate keys, trailing bytes, NUL in strings, depth). */
#ifndef MOONMILL_JSON_H
#define MOONMILL_JSON_H

#include "diag.h"
#include "mem.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define JSON_DEPTH_MAX 128

/* True when text is exactly one JSON value. err (ERROR_INPUT) says which byte broke which rule. */
bool json_check(struct span text, struct error *err);

enum json_type { JSON_NULL, JSON_BOOL, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT };
/* The type of a checked value, told by its first byte after white space. */
enum json_type json_type(struct span value);
const char *json_type_name(enum json_type type);

/* For each of count keys, the raw span of its value in a checked object, or {NULL, 0} when absent.
 * Unknown keys are passed over; a listed key that stands twice is ERROR_INPUT. Keys are compared
 * after their escapes are decoded. Spans have no white space around them. */
bool json_pick(struct span object, const char *const *keys, struct span *values, size_t count,
               struct error *err);

/* Walks a checked array: sets element to the next one and true, or false at the end. *cursor is
 * {array.at, array.len} to begin with; it is moved on. */
bool json_next(struct span *cursor, struct span *element);
/* The same for a checked object; key is the raw string, quotes and all. */
bool json_next_member(struct span *cursor, struct span *key, struct span *value);

/* A checked string value decoded into a new C string of at most max bytes (freed by mem_free).
 * NULL with err: not a string, over max, or holding U+0000. */
char *json_string(struct span value, size_t max, struct error *err);
/* The same appended to a buffer, U+0000 kept. */
bool json_decode(struct span value, struct buffer *out, struct error *err);
/* A checked value that is an integer without fraction or exponent, in int64's range. */
bool json_integer(struct span value, int64_t *out, struct error *err);

/* What json_string and json_decode share with value.c: decodes a checked string value, quotes and
 * all, into out, which has room for value.len bytes. Returns the decoded length; no NUL is added.
 */
size_t json_unescape(struct span value, char *out);

#define JSON_ESCAPE_SIZE 6
/* The escape for a byte that may not stand raw in a string, or 0 when it may. */
size_t json_escape(unsigned char byte, char out[JSON_ESCAPE_SIZE]);

/* Appends a quoted, escaped JSON string; bytes must be valid UTF-8. False when the buffer is full.
 */
bool json_put_string(struct buffer *out, struct span bytes);
/* Appends JSON text with each escaped U+0000 replaced by U+FFFD; *replaced counts them. */
bool json_put_without_nul(struct buffer *out, struct span text, size_t *replaced);
/* True when bytes are valid UTF-8 (no surrogates, no overlong forms). */
bool json_is_utf8(struct span bytes);

/* A protocol object or array as a cJSON tree (freed by cJSON_Delete), or NULL with err. */
cJSON *json_parse(struct span text, struct error *err);
/* The member of that exact name, or NULL. */
const cJSON *json_member(const cJSON *object, const char *name);
/* The text of a string member; NULL when absent, null, or of another type. */
const char *json_member_text(const cJSON *object, const char *name);

#endif
