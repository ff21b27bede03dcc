/* mem: allocation that cannot fail, and a buffer born with its maximum.
 *
 * Small allocations abort when the machine has no memory left: no caller could do better. Whatever
 * is sized from outside has a cap checked first, or lives in a buffer, which never grows past the
 * maximum it was given and says so instead. */
#ifndef MOONMILL_MEM_H
#define MOONMILL_MEM_H

#include <stdbool.h>
#include <stddef.h>

/* Bytes owned by somebody else; not NUL-terminated. {NULL, 0} means absent. */
struct span {
    const char *at;
    size_t len;
};

/* The span of a C string, without its NUL. */
struct span span_of(const char *text);
/* True when both hold the same bytes. */
bool span_equal(struct span a, struct span b);
/* True when the span holds exactly the C string's bytes. */
bool span_is(struct span a, const char *text);
/* The longest beginning of at most max bytes that ends between two characters of UTF-8. */
struct span span_cut(struct span text, size_t max);

/* Zeroed memory; never NULL. Freed by mem_free. */
void *mem_new(size_t size);
/* Zeroed room for count elements; aborts when the product overflows. */
void *mem_array(size_t count, size_t size);
/* Resizes an array to count elements; new elements are not zeroed. */
void *mem_resize(void *array, size_t count, size_t size);
/* A NUL-terminated copy. */
char *mem_string(struct span bytes);
/* A NUL-terminated copy of a C string, or NULL for NULL. */
char *mem_copy(const char *text);
/* Frees; accepts NULL. */
void mem_free(void *memory);
/* Overwrites a secret before it is freed; the compiler may not remove it. Accepts NULL. */
void mem_wipe(void *memory, size_t size);
/* Wipes and frees a C string that is a secret; accepts NULL. */
void mem_free_secret(char *text);

/* Growing bytes. data is NULL while len is 0; len <= max always. Zero-initialise, then
 * buffer_init; buffer_release accepts a zeroed one. */
struct buffer {
    char *data;
    size_t len;
    size_t size;
    size_t max;
};

void buffer_init(struct buffer *buffer, size_t max);
void buffer_release(struct buffer *buffer);
/* Appends; false, and nothing appended, when the maximum would be passed. */
bool buffer_add(struct buffer *buffer, struct span bytes);
bool buffer_text(struct buffer *buffer, const char *text);
bool buffer_format(struct buffer *buffer, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Removes the first n bytes; n <= len. */
void buffer_drop(struct buffer *buffer, size_t n);
/* Forgets the contents and keeps the room. */
void buffer_clear(struct buffer *buffer);
struct span buffer_span(const struct buffer *buffer);

#endif
