#include "codec.h"

#include <lauxlib.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>
#include <sys/random.h>

#define DIGEST_SIZE 32

/* A buffer of Lua's own: counted by the run's memory limit, and gone with the state. */
static char *room(lua_State *L, size_t size)
{
    return lua_newuserdatauv(L, size ? size : 1, 0);
}

int codec_base64_encode(lua_State *L)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t len, at = 0;
    const unsigned char *in = (const unsigned char *)luaL_checklstring(L, 1, &len);
    char *out = room(L, len / 3 * 4 + 4);
    for (size_t i = 0; i < len; i += 3) {
        size_t have = len - i;
        unsigned group = (unsigned)in[i] << 16 | (have > 1 ? (unsigned)in[i + 1] << 8 : 0) |
                         (have > 2 ? in[i + 2] : 0);
        out[at++] = digits[group >> 18];
        out[at++] = digits[group >> 12 & 63];
        out[at++] = have > 1 ? digits[group >> 6 & 63] : '=';
        out[at++] = have > 2 ? digits[group & 63] : '=';
    }
    lua_pushlstring(L, out, at);
    return 1;
}

static int base64_digit(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    if (c == '+' || c == '-')
        return 62;
    return c == '/' || c == '_' ? 63 : -1;
}

/* The URL alphabet is taken, too; bits behind the last byte must be zero. */
int codec_base64_decode(lua_State *L)
{
    size_t len, at = 0;
    const char *in = luaL_checklstring(L, 1, &len);
    unsigned bits = 0, held = 0;
    size_t padding = 0;
    while (len && padding < 2 && in[len - 1] == '=')
        len--, padding++;
    char *out = room(L, len / 4 * 3 + 3);
    if (len % 4 == 1 || (padding && (len + padding) % 4 != 0))
        return 0;
    for (size_t i = 0; i < len; i++) {
        int digit = base64_digit(in[i]);
        if (digit < 0)
            return 0;
        held = held << 6 | (unsigned)digit;
        bits += 6;
        if (bits >= 8)
            out[at++] = (char)(held >> (bits -= 8));
        held &= (1u << bits) - 1;
    }
    if (held)
        return 0;
    lua_pushlstring(L, out, at);
    return 1;
}

int codec_hex_encode(lua_State *L)
{
    static const char digits[] = "0123456789abcdef";
    size_t len;
    const unsigned char *in = (const unsigned char *)luaL_checklstring(L, 1, &len);
    char *out = room(L, len * 2);
    for (size_t i = 0; i < len; i++) {
        out[2 * i] = digits[in[i] >> 4];
        out[2 * i + 1] = digits[in[i] & 15];
    }
    lua_pushlstring(L, out, len * 2);
    return 1;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

int codec_hex_decode(lua_State *L)
{
    size_t len;
    const char *in = luaL_checklstring(L, 1, &len);
    char *out = room(L, len / 2);
    if (len % 2)
        return 0;
    for (size_t i = 0; i < len; i += 2) {
        int high = hex_digit(in[i]), low = hex_digit(in[i + 1]);
        if (high < 0 || low < 0)
            return 0;
        out[i / 2] = (char)(high << 4 | low);
    }
    lua_pushlstring(L, out, len / 2);
    return 1;
}

int codec_sha256(lua_State *L)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    size_t len;
    const char *in = luaL_checklstring(L, 1, &len);
    OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL);
    if (EVP_Digest(in, len, digest, &size, EVP_sha256(), NULL) != 1 || size != DIGEST_SIZE)
        return luaL_error(L, "SHA-256 is not to be had");
    lua_pushlstring(L, (const char *)digest, DIGEST_SIZE);
    return 1;
}

int codec_hmac_sha256(lua_State *L)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    size_t key_len, len;
    const char *key = luaL_checklstring(L, 1, &key_len);
    const char *in = luaL_checklstring(L, 2, &len);
    luaL_argcheck(L, key_len <= 1024 * 1024, 1, "a key of over 1 MiB");
    OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL);
    if (!HMAC(EVP_sha256(), key, (int)key_len, (const unsigned char *)in, len, digest, &size) ||
        size != DIGEST_SIZE)
        return luaL_error(L, "HMAC is not to be had");
    lua_pushlstring(L, (const char *)digest, DIGEST_SIZE);
    return 1;
}

int codec_random(lua_State *L)
{
    char bytes[256];
    lua_Integer count = luaL_checkinteger(L, 1);
    luaL_argcheck(L, count >= 1 && count <= (lua_Integer)sizeof bytes, 1, "not 1 to 256");
    if (getrandom(bytes, (size_t)count, 0) != count)
        return luaL_error(L, "no chance is to be had");
    lua_pushlstring(L, bytes, (size_t)count);
    return 1;
}
