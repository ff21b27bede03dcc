#include "expression.h"

#include "json.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdint.h>
#include <string.h>

#define NAME_MAX_SHOWN 128
#define WORK_FACTOR    4 /* bytes made, inner texts included, for each byte of room */

struct reading {
    bool placeholders;
    size_t *work_left; /* bytes that may yet be made, inner texts included */
    struct error *err;
};

static bool put(const struct reading *reading, struct buffer *out, const cJSON *it, int depth);

static bool add(const struct reading *reading, struct buffer *out, struct span text)
{
    if (text.len > *reading->work_left)
        return error_set(reading->err, ERROR_LIMIT, "an expression asks for too much work");
    *reading->work_left -= text.len;
    return buffer_add(out, text) ||
           error_set(reading->err, ERROR_LIMIT, "an expression is over %zu bytes", out->max);
}

static bool put_secret(const struct reading *reading, struct buffer *out, const cJSON *name)
{
    if (!cJSON_IsString(name))
        return error_set(reading->err, ERROR_INPUT, "a secret's name is no string");
    if (!reading->placeholders)
        return error_set(reading->err, ERROR_MISSING,
                         "secret \"%.*s\": secrets by reference are not available in this version",
                         NAME_MAX_SHOWN, name->valuestring);
    return add(reading, out, span_of("secret:")) && add(reading, out, span_of(name->valuestring));
}

static bool put_concat(const struct reading *reading, struct buffer *out, const cJSON *list,
                       int depth)
{
    const cJSON *part;
    if (!cJSON_IsArray(list))
        return error_set(reading->err, ERROR_INPUT, "concat takes a list of expressions");
    cJSON_ArrayForEach(part, list) if (!put(reading, out, part, depth)) return false;
    return true;
}

static bool put_base64(const struct reading *reading, struct buffer *out, struct span text)
{
    size_t size = (text.len + 2) / 3 * 4 + 1;
    char *encoded = mem_new(size);
    int len =
        EVP_EncodeBlock((unsigned char *)encoded, (const unsigned char *)text.at, (int)text.len);
    bool fits = add(reading, out, (struct span){encoded, (size_t)len});
    mem_wipe(encoded, size);
    mem_free(encoded);
    return fits;
}

static bool put_hex(const struct reading *reading, struct buffer *out, struct span text)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < text.len; i++) {
        unsigned char byte = (unsigned char)text.at[i];
        char pair[2] = {digits[byte >> 4], digits[byte & 15]};
        if (!add(reading, out, (struct span){pair, 2}))
            return false;
    }
    return true;
}

/* RFC 3986 2.3: all but the unreserved. */
static bool put_url(const struct reading *reading, struct buffer *out, struct span text)
{
    static const char unreserved[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    static const char digits[] = "0123456789ABCDEF";
    for (size_t i = 0; i < text.len; i++) {
        unsigned char byte = (unsigned char)text.at[i];
        bool plain = byte && strchr(unreserved, byte);
        char escaped[3] = {'%', digits[byte >> 4], digits[byte & 15]};
        if (!add(reading, out, plain ? (struct span){text.at + i, 1} : (struct span){escaped, 3}))
            return false;
    }
    return true;
}

typedef bool encoder(const struct reading *reading, struct buffer *out, struct span text);

/* The inner text is a buffer of its own, wiped after use. */
static bool put_encoded(const struct reading *reading, struct buffer *out, const cJSON *inner,
                        int depth, encoder *encode)
{
    struct buffer text;
    buffer_init(&text, out->max);
    bool good = put(reading, &text, inner, depth) && encode(reading, out, buffer_span(&text));
    if (text.len)
        mem_wipe(text.data, text.len);
    buffer_release(&text);
    return good;
}

static bool put_raw(const struct reading *reading, struct buffer *out, struct span text)
{
    return add(reading, out, text);
}

static encoder *form_of(const cJSON *of)
{
    const char *form = json_member_text(of, "form");
    if (!form || strcmp(form, "hex") == 0)
        return put_hex;
    if (strcmp(form, "base64") == 0)
        return put_base64;
    return strcmp(form, "raw") == 0 ? put_raw : NULL;
}

static bool put_hmac(const struct reading *reading, struct buffer *out, const cJSON *of, int depth)
{
    struct buffer key, data;
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    encoder *form = form_of(of);
    if (!form)
        return error_set(reading->err, ERROR_INPUT, "hmac_sha256 has no such form");
    buffer_init(&key, out->max);
    buffer_init(&data, out->max);
    bool good = put(reading, &key, json_member(of, "key"), depth) &&
                put(reading, &data, json_member(of, "data"), depth);
    if (good && !HMAC(EVP_sha256(), key.len ? key.data : "", (int)key.len,
                      (const unsigned char *)data.data, data.len, digest, &len))
        good = error_set(reading->err, ERROR_SYSTEM, "HMAC is not to be had");
    good = good && form(reading, out, (struct span){(const char *)digest, len});
    if (key.len)
        mem_wipe(key.data, key.len);
    buffer_release(&key);
    buffer_release(&data);
    return good;
}

static bool put(const struct reading *reading, struct buffer *out, const cJSON *it, int depth)
{
    if (cJSON_IsString(it))
        return add(reading, out, span_of(it->valuestring));
    if (depth >= EXPRESSION_DEPTH_MAX)
        return error_set(reading->err, ERROR_INPUT, "an expression is nested over %d deep",
                         EXPRESSION_DEPTH_MAX);
    const cJSON *of = cJSON_IsObject(it) && it->child && !it->child->next ? it->child : NULL;
    const char *word = of ? of->string : "";
    if (strcmp(word, "secret") == 0)
        return put_secret(reading, out, of);
    if (strcmp(word, "concat") == 0)
        return put_concat(reading, out, of, depth + 1);
    if (strcmp(word, "base64") == 0)
        return put_encoded(reading, out, of, depth + 1, put_base64);
    if (strcmp(word, "hex") == 0)
        return put_encoded(reading, out, of, depth + 1, put_hex);
    if (strcmp(word, "url") == 0)
        return put_encoded(reading, out, of, depth + 1, put_url);
    if (strcmp(word, "hmac_sha256") == 0)
        return put_hmac(reading, out, of, depth + 1);
    return error_set(reading->err, ERROR_INPUT, "is neither a string nor an expression");
}

bool expression_put(struct buffer *out, const cJSON *expression, bool placeholders,
                    struct error *err)
{
    size_t room = out->max - out->len;
    size_t work_left = room > SIZE_MAX / WORK_FACTOR ? SIZE_MAX : room * WORK_FACTOR;
    struct reading reading = {placeholders, &work_left, err};
    return put(&reading, out, expression, 0);
}
