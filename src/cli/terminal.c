#include "terminal.h"

#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

bool terminal_colours(int fd)
{
    const char *no_colour = getenv("NO_COLOR");
    return !(no_colour && *no_colour) && isatty(fd);
}

void terminal_put(FILE *out, struct span text, size_t max)
{
    size_t len = text.len > max ? max : text.len;
    while (len < text.len && len > 0 && ((unsigned char)text.at[len] & 0xc0) == 0x80)
        len--;
    for (size_t i = 0; i < len; i++) {
        unsigned char byte = (unsigned char)text.at[i];
        bool c1 = byte == 0xc2 && i + 1 < len && (unsigned char)text.at[i + 1] < 0xa0;
        fputc(byte < 0x20 ? ' ' : byte == 0x7f || c1 ? '?' : byte, out);
        i += c1;
    }
    if (len < text.len)
        fputs("...", out);
}

/* The code point at the start of valid UTF-8; *size is its length. */
static uint32_t code_point(struct span text, size_t *size)
{
    const unsigned char *at = (const unsigned char *)text.at;
    size_t len = *at < 0x80 ? 1 : *at < 0xe0 ? 2 : *at < 0xf0 ? 3 : 4;
    uint32_t point = len == 1 ? *at : *at & (0xffU >> (len + 1));
    *size = len <= text.len ? len : text.len;
    for (size_t i = 1; i < *size; i++)
        point = point << 6 | (at[i] & 0x3f);
    return point;
}

static bool within(uint32_t point, const uint32_t (*ranges)[2], size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (point >= ranges[i][0] && point <= ranges[i][1])
            return true;
    return false;
}

/* Marks that stand on the letter before them take no column, East Asian letters and pictures two
 * (Unicode's East Asian Width, in its large blocks). */
static size_t point_width(uint32_t point)
{
    static const uint32_t none[][2] = {{0x300, 0x36f},   {0x483, 0x489},   {0x591, 0x5bd},
                                       {0x64b, 0x65f},   {0x1ab0, 0x1aff}, {0x200b, 0x200f},
                                       {0x20d0, 0x20ff}, {0xfe00, 0xfe0f}, {0xfe20, 0xfe2f}};
    static const uint32_t two[][2] = {{0x1100, 0x115f},   {0x2e80, 0x303e},   {0x3041, 0xa4cf},
                                      {0xac00, 0xd7a3},   {0xf900, 0xfaff},   {0xfe30, 0xfe6f},
                                      {0xff00, 0xff60},   {0xffe0, 0xffe6},   {0x1f300, 0x1f64f},
                                      {0x1f680, 0x1f6ff}, {0x1f900, 0x1faff}, {0x20000, 0x3fffd}};
    if (within(point, none, sizeof none / sizeof *none))
        return 0;
    return within(point, two, sizeof two / sizeof *two) ? 2 : 1;
}

size_t terminal_width(struct span text)
{
    size_t width = 0, size = 0;
    for (; text.len; text.at += size, text.len -= size)
        width += point_width(code_point(text, &size));
    return width;
}
