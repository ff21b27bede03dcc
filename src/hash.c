#include "hash.h"

uint64_t hash_add(uint64_t hash, uint64_t value)
{
    return (hash ^ value) * UINT64_C(0x100000001b3);
}

uint64_t hash_text(uint64_t hash, const char *text)
{
    do {
        hash = hash_add(hash, (unsigned char)*text);
    } while (*text++);
    return hash;
}
