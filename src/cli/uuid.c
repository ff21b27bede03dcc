#include "uuid.h"

#include <openssl/rand.h>
#include <stdio.h>

void uuid_make(char text[UUID_SIZE])
{
    unsigned char id[16];
    char *out = text;
    RAND_bytes(id, sizeof id);
    id[6] = (unsigned char)((id[6] & 0x0f) | 0x40);
    id[8] = (unsigned char)((id[8] & 0x3f) | 0x80);
    for (size_t i = 0; i < sizeof id; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            *out++ = '-';
        out += snprintf(out, 3, "%02x", id[i]);
    }
}
