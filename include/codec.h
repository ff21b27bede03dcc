/* codec: the pure functions of ctx: base64, hex, SHA-256, HMAC, and bytes of chance.
 *
 * lua_CFunctions for the prelude. Strings in and out; wrong arguments raise. Cryptography is
 * OpenSSL's, which is not to look for a configuration file: a worker has no files. */
#ifndef MOONMILL_CODEC_H
#define MOONMILL_CODEC_H

#include <lua.h>

int codec_base64_encode(lua_State *L); /* (bytes) -> RFC 4648 section 4, padded */
int codec_base64_decode(lua_State *L); /* (text) -> bytes | nil; padding may be absent */
int codec_hex_encode(lua_State *L);    /* (bytes) -> lower case */
int codec_hex_decode(lua_State *L);    /* (text) -> bytes | nil */
int codec_sha256(lua_State *L);        /* (bytes) -> 32 bytes */
int codec_hmac_sha256(lua_State *L);   /* (key, bytes) -> 32 bytes */
int codec_random(lua_State *L);        /* (n) -> n bytes of the kernel's; n is 1 to 256 */

#endif
