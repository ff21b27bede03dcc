#include "mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct span span_of(const char *text)
{
    return (struct span){text, strlen(text)};
}

bool span_equal(struct span a, struct span b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.at, b.at, a.len) == 0);
}

bool span_is(struct span a, const char *text)
{
    return span_equal(a, span_of(text));
}

struct span span_cut(struct span text, size_t max)
{
    size_t len = text.len < max ? text.len : max;
    while (len < text.len && len > 0 && ((unsigned char)text.at[len] & 0xc0) == 0x80)
        len--;
    return (struct span){text.at, len};
}

static void *must(void *memory)
{
    if (!memory) {
        fputs("moonmill: out of memory\n", stderr);
        abort();
    }
    return memory;
}

void *mem_new(size_t size)
{
    return must(calloc(1, size ? size : 1));
}

void *mem_array(size_t count, size_t size)
{
    return must(calloc(count ? count : 1, size ? size : 1));
}

void *mem_resize(void *array, size_t count, size_t size)
{
    return must(reallocarray(array, count ? count : 1, size ? size : 1));
}

char *mem_string(struct span bytes)
{
    char *text = must(malloc(bytes.len + 1));
    if (bytes.len)
        memcpy(text, bytes.at, bytes.len);
    text[bytes.len] = '\0';
    return text;
}

char *mem_copy(const char *text)
{
    return text ? mem_string(span_of(text)) : NULL;
}

void mem_free(void *memory)
{
    free(memory);
}

void mem_wipe(void *memory, size_t size)
{
    if (memory)
        explicit_bzero(memory, size);
}

void mem_free_secret(char *text)
{
    if (text)
        mem_wipe(text, strlen(text));
    free(text);
}

void buffer_init(struct buffer *buffer, size_t max)
{
    *buffer = (struct buffer){.max = max};
}

void buffer_release(struct buffer *buffer)
{
    free(buffer->data);
    *buffer = (struct buffer){.max = buffer->max};
}

/* Doubles until there is room; the caller has checked the maximum. */
static void buffer_reserve(struct buffer *buffer, size_t need)
{
    if (need <= buffer->size)
        return;
    size_t size = buffer->size ? buffer->size : 256;
    while (size < need)
        size *= 2;
    if (size > buffer->max && need <= buffer->max)
        size = buffer->max;
    buffer->data = mem_resize(buffer->data, size, 1);
    buffer->size = size;
}

bool buffer_add(struct buffer *buffer, struct span bytes)
{
    if (bytes.len > buffer->max - buffer->len)
        return false;
    if (bytes.len == 0)
        return true;
    buffer_reserve(buffer, buffer->len + bytes.len);
    memcpy(buffer->data + buffer->len, bytes.at, bytes.len);
    buffer->len += bytes.len;
    return true;
}

bool buffer_text(struct buffer *buffer, const char *text)
{
    return buffer_add(buffer, span_of(text));
}

bool buffer_format(struct buffer *buffer, const char *format, ...)
{
    va_list args;
    char *text = NULL;
    va_start(args, format);
    int len = vasprintf(&text, format, args);
    va_end(args);
    if (len < 0)
        must(NULL);
    bool fits = buffer_add(buffer, (struct span){text, (size_t)len});
    free(text);
    return fits;
}

void buffer_drop(struct buffer *buffer, size_t n)
{
    buffer->len -= n;
    if (n && buffer->len)
        memmove(buffer->data, buffer->data + n, buffer->len);
}

void buffer_clear(struct buffer *buffer)
{
    buffer->len = 0;
}

struct span buffer_span(const struct buffer *buffer)
{
    return (struct span){buffer->data, buffer->len};
}
