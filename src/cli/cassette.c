#include "cassette.h"

#include "json.h"
#include "piece.h"

#include <openssl/evp.h>
#include <string.h>

#define METHOD_MAX 64
#define URL_MAX    (16 * 1024)
#define BODY_MAX   (8 * 1024 * 1024)

struct cassette {
    struct exchange *first, **last;
    size_t bytes;
};

struct cassette *cassette_new(void)
{
    struct cassette *cassette = mem_new(sizeof *cassette);
    cassette->last = &cassette->first;
    return cassette;
}

void cassette_free(struct cassette *cassette)
{
    if (!cassette)
        return;
    while (cassette->first) {
        struct exchange *gone = cassette->first;
        cassette->first = gone->next;
        mem_free(gone->method);
        mem_free(gone->url);
        mem_free(gone->error);
        cJSON_Delete(gone->headers);
        buffer_release(&gone->body);
        buffer_release(&gone->content);
        mem_free(gone);
    }
    mem_free(cassette);
}

struct exchange *cassette_add(struct cassette *cassette, const char *method, const char *url,
                              struct span body)
{
    if (cassette->bytes + body.len > CASSETTE_MAX)
        return NULL;
    cassette->bytes += body.len + BODY_MAX / 64;
    struct exchange *exchange = mem_new(sizeof *exchange);
    exchange->method = mem_copy(method);
    exchange->url = mem_copy(url);
    buffer_init(&exchange->body, BODY_MAX);
    buffer_init(&exchange->content, BODY_MAX);
    buffer_add(&exchange->body, body);
    *cassette->last = exchange;
    cassette->last = &exchange->next;
    return exchange;
}

struct exchange *cassette_first(const struct cassette *cassette)
{
    return cassette->first;
}

/* --- writing --------------------------------------------------------------------------------- */

/* Stands in its line as it is. */
static bool is_plain_json(struct span bytes)
{
    return bytes.len && !memchr(bytes.at, '\n', bytes.len) && !memchr(bytes.at, '\r', bytes.len) &&
           !strchr(" \t", bytes.at[0]) && !strchr(" \t", bytes.at[bytes.len - 1]) &&
           json_check(bytes, NULL);
}

static bool put_base64(struct buffer *out, struct span bytes)
{
    char *text = mem_new(bytes.len / 3 * 4 + 5);
    EVP_EncodeBlock((unsigned char *)text, (const unsigned char *)bytes.at, (int)bytes.len);
    bool fits = buffer_format(out, "{\"base64\":\"%s\"}", text);
    mem_free(text);
    return fits;
}

static bool put_body(struct buffer *out, struct span bytes)
{
    if (bytes.len == 0)
        return buffer_text(out, "null");
    if (is_plain_json(bytes))
        return buffer_text(out, "{\"json\":") && buffer_add(out, bytes) && buffer_text(out, "}");
    if (json_is_utf8(bytes))
        return buffer_text(out, "{\"text\":") && json_put_string(out, bytes) &&
               buffer_text(out, "}");
    return put_base64(out, bytes);
}

static bool put_answer(struct buffer *out, const struct exchange *exchange)
{
    if (exchange->status == 0)
        return buffer_text(out, "{\"error\":") &&
               json_put_string(out, span_of(exchange->error ? exchange->error : "")) &&
               buffer_text(out, "}");
    char *headers = exchange->headers ? cJSON_PrintUnformatted(exchange->headers) : NULL;
    bool fits = buffer_format(out, "{\"status\":%d,\"headers\":", exchange->status) &&
                buffer_text(out, headers ? headers : "{}") && buffer_text(out, ",\"body\":") &&
                put_body(out, buffer_span(&exchange->content)) && buffer_text(out, "}");
    cJSON_free(headers);
    return fits;
}

bool cassette_put(const struct cassette *cassette, struct buffer *out)
{
    const char *comma = "\n";
    bool fits = buffer_text(out, "{\"exchanges\":[");
    for (const struct exchange *each = cassette->first; each && fits; each = each->next) {
        if (!each->answered)
            continue;
        fits = buffer_text(out, comma) && buffer_text(out, "{\"request\":{\"method\":") &&
               json_put_string(out, span_of(each->method)) && buffer_text(out, ",\"url\":") &&
               json_put_string(out, span_of(each->url)) && buffer_text(out, ",\"body\":") &&
               put_body(out, buffer_span(&each->body)) && buffer_text(out, "},\"answer\":") &&
               put_answer(out, each) && buffer_text(out, "}");
        comma = ",\n";
    }
    return fits && buffer_text(out, "\n]}\n");
}

/* --- reading --------------------------------------------------------------------------------- */

static bool decode_base64(struct span value, struct buffer *into)
{
    char *text = json_string(value, 2 * (size_t)BODY_MAX, NULL);
    size_t len = text ? strlen(text) : 0, padding = 0;
    bool good = text && len % 4 == 0;
    while (good && padding < len && text[len - 1 - padding] == '=')
        padding++;
    unsigned char *bytes = mem_new(len / 4 * 3 + 4);
    int size = good ? EVP_DecodeBlock(bytes, (unsigned char *)text, (int)len) : -1;
    good = size >= (int)padding && padding <= 2 &&
           buffer_add(into, (struct span){(char *)bytes, (size_t)size - padding});
    mem_free(bytes);
    mem_free(text);
    return good;
}

static bool read_body(struct span value, struct buffer *into)
{
    static const char *const keys[] = {"json", "text", "base64"};
    struct span values[3];
    if (!value.at || json_type(value) == JSON_NULL)
        return true;
    if (json_type(value) != JSON_OBJECT || !json_pick(value, keys, values, 3, NULL))
        return false;
    if (values[0].at)
        return buffer_add(into, values[0]);
    if (values[1].at && json_type(values[1]) == JSON_STRING)
        return json_decode(values[1], into, NULL);
    return values[2].at && json_type(values[2]) == JSON_STRING && decode_base64(values[2], into);
}

static bool read_headers(struct span value, struct exchange *exchange)
{
    const cJSON *header;
    exchange->headers = value.at ? json_parse(value, NULL) : cJSON_CreateObject();
    bool good = cJSON_IsObject(exchange->headers);
    cJSON_ArrayForEach(header, exchange->headers) good = good && cJSON_IsString(header);
    return good;
}

static bool read_answer(struct span value, struct exchange *exchange, struct error *err)
{
    static const char *const keys[] = {"status", "headers", "body", "error"};
    struct span values[4];
    int64_t status = 0;
    if (!value.at || json_type(value) != JSON_OBJECT || !json_pick(value, keys, values, 4, err))
        return error_set(err, ERROR_INPUT, "answer must be an object");
    if (values[3].at)
        exchange->error =
            json_type(values[3]) == JSON_STRING ? json_string(values[3], URL_MAX, NULL) : NULL;
    else if (!values[0].at || !json_integer(values[0], &status, NULL) || status < 200 ||
             status > 599)
        return error_set(err, ERROR_INPUT, "status must be a number from 200 to 599");
    exchange->status = (int)status;
    exchange->answered = true;
    if (status == 0 && !exchange->error)
        return error_set(err, ERROR_INPUT, "error must be a string");
    if (!read_headers(values[1], exchange))
        return error_set(err, ERROR_INPUT, "headers must be an object of strings");
    return read_body(values[2], &exchange->content) ||
           error_set(err, ERROR_INPUT, "a body is null, json, text or base64");
}

static bool read_exchange(struct cassette *cassette, struct span value, struct error *err)
{
    static const char *const keys[] = {"request", "answer"}, *const parts[] = {"method", "url",
                                                                               "body"};
    struct span values[2], request[3];
    if (json_type(value) != JSON_OBJECT || !json_pick(value, keys, values, 2, err) ||
        !values[0].at || json_type(values[0]) != JSON_OBJECT ||
        !json_pick(values[0], parts, request, 3, err))
        return error_set(err, ERROR_INPUT, "must be an object with request and answer");
    char *method = request[0].at && json_type(request[0]) == JSON_STRING
                       ? json_string(request[0], METHOD_MAX, NULL)
                       : NULL;
    char *url = request[1].at && json_type(request[1]) == JSON_STRING
                    ? json_string(request[1], URL_MAX, NULL)
                    : NULL;
    struct exchange *exchange =
        method && url ? cassette_add(cassette, method, url, (struct span){NULL, 0}) : NULL;
    mem_free(method);
    mem_free(url);
    if (!exchange)
        return error_set(err, ERROR_INPUT, "method and url must be strings");
    if (!read_body(request[2], &exchange->body))
        return error_set(err, ERROR_INPUT, "a body is null, json, text or base64");
    return read_answer(values[1], exchange, err);
}

struct cassette *cassette_read(struct span text, struct error *err)
{
    static const char *const keys[] = {"exchanges"};
    struct span list = {NULL, 0}, element;
    struct error why;
    if (!json_check(text, err))
        return NULL;
    if (json_type(text) != JSON_OBJECT || !json_pick(text, keys, &list, 1, NULL) || !list.at ||
        json_type(list) != JSON_ARRAY) {
        error_set(err, ERROR_INPUT, "is no recording: an object with an array exchanges");
        return NULL;
    }
    struct cassette *cassette = cassette_new();
    for (size_t i = 1; json_next(&list, &element); i++) {
        if (read_exchange(cassette, element, &why))
            continue;
        error_set(err, ERROR_INPUT, "exchange %zu: %s", i, why.text);
        cassette_free(cassette);
        return NULL;
    }
    return cassette;
}

/* --- finding --------------------------------------------------------------------------------- */

struct exchange *cassette_find(struct cassette *cassette, const char *method, const char *url,
                               struct span body, bool *same)
{
    struct exchange *near = NULL;
    for (struct exchange *each = cassette->first; each; each = each->next) {
        if (each->used || strcmp(each->method, method) != 0 || strcmp(each->url, url) != 0)
            continue;
        *same = span_equal(buffer_span(&each->body), body);
        if (*same)
            return each;
        if (!near)
            near = each;
    }
    return near;
}

/* JSON, a member or an element a line. */
static bool put_broken(struct buffer *out, struct span json)
{
    struct span piece;
    bool fits = true;
    while (fits && piece_next(&json, &piece))
        fits = (!strchr("]}", *piece.at) || buffer_text(out, "\n")) && buffer_add(out, piece) &&
               (!strchr(",[{", *piece.at) || buffer_text(out, "\n"));
    return fits;
}

bool cassette_put_request(struct buffer *out, const char *method, const char *url, struct span body)
{
    return buffer_format(out, "%s ", method) && buffer_text(out, url) && buffer_text(out, "\n") &&
           (json_check(body, NULL) ? put_broken(out, body) : buffer_add(out, body)) &&
           buffer_text(out, "\n");
}
