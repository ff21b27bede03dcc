#include "uuid.h"

#include <openssl/rand.h>
#include <stdio.h>

void uuid_of(const unsigned char bytes[UUID_BYTES], char text[UUID_SIZE])
{
    char *out = text;
    for (size_t i = 0; i < UUID_BYTES; i++) {
        unsigned byte = bytes[i];
        if (i == 6)
            byte = (byte & 0x0f) | 0x40;
        if (i == 8)
            byte = (byte & 0x3f) | 0x80;
        if (i == 4 || i == 6 || i == 8 || i == 10)
            *out++ = '-';
        out += snprintf(out, 3, "%02x", byte);
    }
}

void uuid_make(char text[UUID_SIZE])
{
    unsigned char bytes[UUID_BYTES];
    RAND_bytes(bytes, sizeof bytes);
    uuid_of(bytes, text);
}
