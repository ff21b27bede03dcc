#include "bearer.h"

#include "json.h"
#include "mem.h"

#include <openssl/evp.h>
#include <stdbool.h>
#include <string.h>

#define CLAIMS_MAX (16 * 1024)

/* The middle of a JWT decoded, or false. */
static bool decode_claims(const char *token, struct buffer *claims)
{
    const char *from = strchr(token, '.'), *end = from ? strchr(from + 1, '.') : NULL;
    if (!end || end - from > CLAIMS_MAX)
        return false;
    size_t len = (size_t)(end - ++from), padded = (len + 3) / 4 * 4;
    unsigned char *text = mem_new(padded + 1), *bytes = mem_new(padded);
    for (size_t i = 0; i < padded; i++)
        text[i] = i >= len         ? '='
                  : from[i] == '-' ? '+'
                  : from[i] == '_' ? '/'
                                   : (unsigned char)from[i];
    int size = EVP_DecodeBlock(bytes, text, (int)padded);
    bool good = size >= (int)(padded - len) &&
                buffer_add(claims, (struct span){(char *)bytes, (size_t)size - (padded - len)});
    mem_free(text);
    mem_free(bytes);
    return good;
}

char *bearer_claim(const char *token, const char *name)
{
    struct span value = {NULL, 0};
    struct buffer claims;
    char *claim = NULL;
    buffer_init(&claims, CLAIMS_MAX);
    if (decode_claims(token, &claims) && json_check(buffer_span(&claims), NULL) &&
        json_type(buffer_span(&claims)) == JSON_OBJECT &&
        json_pick(buffer_span(&claims), &name, &value, 1, NULL) && value.at &&
        json_type(value) == JSON_STRING)
        claim = json_string(value, CLAIMS_MAX, NULL);
    buffer_release(&claims);
    return claim;
}
