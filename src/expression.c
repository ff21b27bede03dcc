#include "expression.h"

#include "json.h"
#include "url.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdint.h>
#include <string.h>

#define WORK_FACTOR 4 /* bytes made, inner texts included, for each byte of room */

struct reading {
    const struct expression_use *use;
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
    const struct secret *secret =
        secrets_find(reading->use->secrets, name->valuestring, reading->err);
    return secret && secret_set_add(reading->use->used, secret, reading->err) &&
           add(reading, out, secret_value(secret));
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

/* All but the unreserved. */
static bool put_url(const struct reading *reading, struct buffer *out, struct span text)
{
    static const char digits[] = "0123456789ABCDEF";
    for (size_t i = 0; i < text.len; i++) {
        unsigned char byte = (unsigned char)text.at[i];
        bool plain = url_is_unreserved(byte);
        char escaped[3] = {'%', digits[byte >> 4], digits[byte & 15]};
        if (!add(reading, out, plain ? (struct span){text.at + i, 1} : (struct span){escaped, 3}))
            return false;
    }
    return true;
}

static void release_wiped(struct buffer *text)
{
    if (text->len)
        mem_wipe(text->data, text->len);
    buffer_release(text);
}

typedef bool encoder(const struct reading *reading, struct buffer *out, struct span text);

/* The inner text is a buffer of its own, wiped after use. */
static bool put_encoded(const struct reading *reading, struct buffer *out, const cJSON *inner,
                        int depth, encoder *encode)
{
    struct buffer text;
    buffer_init(&text, out->max);
    bool good = put(reading, &text, inner, depth) && encode(reading, out, buffer_span(&text));
    release_wiped(&text);
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
    release_wiped(&key);
    release_wiped(&data);
    mem_wipe(digest, sizeof digest);
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

/* --- in its place ------------------------------------------------------------------------------
 */

static bool put_path(const struct reading *reading, struct buffer *out, struct span text)
{
    for (size_t i = 0; i < text.len; i++) {
        bool plain = url_is_plain_in_path((unsigned char)text.at[i]);
        struct span byte = {text.at + i, 1};
        if (!(plain ? add(reading, out, byte) : put_url(reading, out, byte)))
            return false;
    }
    return true;
}

/* Which part of a URL comes next decides; at its very beginning the value is a URL itself. */
static encoder *url_encoder(struct span url)
{
    const char *end = url.at + url.len;
    const char *scheme = url.len ? memmem(url.at, url.len, "://", 3) : NULL;
    if (url.len == 0)
        return put_raw;
    if (!scheme || memchr(url.at, '?', url.len) || memchr(url.at, '#', url.len))
        return put_url;
    return memchr(scheme + 3, '/', (size_t)(end - scheme) - 3) ? put_path : put_url;
}

static bool put_json(const struct reading *reading, struct buffer *out, struct span text)
{
    char escaped[JSON_ESCAPE_SIZE];
    for (size_t i = 0; i < text.len; i++) {
        size_t len = json_escape((unsigned char)text.at[i], escaped);
        if (!add(reading, out, len ? (struct span){escaped, len} : (struct span){text.at + i, 1}))
            return false;
    }
    return true;
}

static encoder *encoder_at(enum expression_place place, struct span so_far)
{
    switch (place) {
    case EXPRESSION_URL:
        return url_encoder(so_far);
    case EXPRESSION_JSON:
        return put_json;
    case EXPRESSION_FORM:
        return put_url;
    default:
        return put_raw;
    }
}

/* A line break in a URL or a header would begin another header. */
static bool check_breaks(const struct reading *reading, struct span text)
{
    enum expression_place place = reading->use->place;
    if ((place != EXPRESSION_URL && place != EXPRESSION_HEADER) ||
        !(memchr(text.at, '\r', text.len) || memchr(text.at, '\n', text.len)))
        return true;
    return error_set(reading->err, ERROR_INPUT,
                     "a secret holds a line break, which no URL or header may");
}

/* Strings stand as they are; what is made of secrets is escaped, but for what is encoded for URLs
 * already. */
static bool put_in_place(const struct reading *reading, struct buffer *out, const cJSON *it,
                         int depth)
{
    const cJSON *of = cJSON_IsObject(it) && it->child && !it->child->next ? it->child : NULL;
    if (of && strcmp(of->string, "concat") == 0 && cJSON_IsArray(of) &&
        depth < EXPRESSION_DEPTH_MAX) {
        const cJSON *part;
        cJSON_ArrayForEach(part, of) if (!put_in_place(reading, out, part, depth + 1)) return false;
        return true;
    }
    if (!of || strcmp(of->string, "url") == 0)
        return put(reading, out, it, depth);
    struct buffer text;
    buffer_init(&text, out->max);
    bool good = put(reading, &text, it, depth);
    struct span whole = buffer_span(&text);
    good = good && (whole.len == 0 ||
                    (check_breaks(reading, whole) &&
                     encoder_at(reading->use->place, buffer_span(out))(reading, out, whole)));
    release_wiped(&text);
    return good;
}

bool expression_put(struct buffer *out, const cJSON *expression, const struct expression_use *use,
                    struct error *err)
{
    size_t room = out->max - out->len;
    size_t work_left = room > SIZE_MAX / WORK_FACTOR ? SIZE_MAX : room * WORK_FACTOR;
    struct reading reading = {use, &work_left, err};
    return put_in_place(&reading, out, expression, 0);
}
