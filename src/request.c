#include "request.h"

#include "config.h"
#include "expression.h"
#include "json.h"

#include <string.h>
#include <strings.h>

#define METHOD_MAX     32
#define URL_TEXT_MAX   (4 * REQUEST_URL_MAX)
#define TIMEOUT_MS_MAX (24 * 3600 * 1000)

static void free_field(struct request_field *field)
{
    mem_free(field->name);
    mem_free_secret(field->value);
}

/* --- what the flow asks for ------------------------------------------------------------------ */

static bool is_token(const char *text)
{
    static const char allowed[] = "!#$%&'*+-.^_`|~0123456789"
                                  "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    return *text && strspn(text, allowed) == strlen(text);
}

static bool has_control(const char *text, const char *but)
{
    for (; *text; text++)
        if (((unsigned char)*text < 0x20 || *text == 0x7f) && *text != *but)
            return true;
    return false;
}

static bool read_method(struct request *request, const cJSON *head, struct error *err)
{
    const char *method = json_member(head, "method") ? json_member_text(head, "method") : "GET";
    if (!method || !is_token(method) || strlen(method) > METHOD_MAX ||
        strpbrk(method, "abcdefghijklmnopqrstuvwxyz"))
        return error_set(err, ERROR_INPUT, "http: a method is a token in capital letters");
    if (strcmp(method, "CONNECT") == 0)
        return error_set(err, ERROR_INPUT, "http: CONNECT is not for flows");
    if (strcmp(method, "HEAD") == 0 && request->body_len > 0)
        return error_set(err, ERROR_INPUT, "http: a HEAD request has no body");
    request->method = mem_copy(method);
    return true;
}

/* The part of the URL, or NULL; freed by curl_free. */
static char *url_part(CURLU *url, CURLUPart part, unsigned flags)
{
    char *text = NULL;
    return curl_url_get(url, part, &text, flags) == CURLUE_OK ? text : NULL;
}

static bool url_part_is(CURLU *url, CURLUPart part, const char *expected)
{
    char *text = url_part(url, part, 0);
    bool is = text && strcmp(text, expected) == 0;
    curl_free(text);
    return is;
}

static bool is_http(CURLU *url)
{
    return url_part_is(url, CURLUPART_SCHEME, "http") ||
           url_part_is(url, CURLUPART_SCHEME, "https");
}

static void keep_host(struct request *request)
{
    char *host = url_part(request->url, CURLUPART_HOST, 0);
    mem_free(request->host);
    request->host = mem_copy(host ? host : "");
    curl_free(host);
}

/* The text of a string or an expression, freed by mem_free_secret; NULL with err. what names it. */
static char *read_text(const cJSON *value, size_t max, bool placeholders, const char *what,
                       struct error *err)
{
    struct buffer text;
    struct error why;
    char *whole = NULL;
    buffer_init(&text, max);
    if (!expression_put(&text, value, placeholders, &why))
        error_set(err, why.kind == ERROR_LIMIT ? ERROR_INPUT : why.kind, "http: %s: %s", what,
                  why.text);
    else if (text.len && memchr(text.data, '\0', text.len))
        error_set(err, ERROR_INPUT, "http: %s has a control character in it", what);
    else
        whole = mem_string(buffer_span(&text));
    if (text.len)
        mem_wipe(text.data, text.len);
    buffer_release(&text);
    return whole;
}

/* The texts do not repeat the URL: it may carry what no log should show. */
static bool set_url(struct request *request, const char *text, struct error *err)
{
    if (strlen(text) > REQUEST_URL_MAX)
        return error_set(err, ERROR_INPUT, "http: the url is longer than %d bytes",
                         REQUEST_URL_MAX);
    if (has_control(text, "") || strchr(text, ' '))
        return error_set(err, ERROR_INPUT, "http: the url has a space or a control character");
    CURLUcode result = curl_url_set(request->url, CURLUPART_URL, text,
                                    CURLU_DISALLOW_USER | CURLU_NON_SUPPORT_SCHEME);
    if (result == CURLUE_USER_NOT_ALLOWED)
        return error_set(err, ERROR_INPUT, "http: the url has a user name in it");
    if (result != CURLUE_OK)
        return error_set(err, ERROR_INPUT, "http: the url does not parse: %s",
                         curl_url_strerror(result));
    if (!is_http(request->url))
        return error_set(err, ERROR_INPUT, "http: the url's scheme is neither http nor https");
    keep_host(request);
    return true;
}

static bool read_url(struct request *request, const cJSON *head, bool placeholders,
                     struct error *err)
{
    const cJSON *value = json_member(head, "url");
    if (!value || cJSON_IsNull(value))
        return error_set(err, ERROR_INPUT, "http: url is missing or no string");
    char *text = read_text(value, URL_TEXT_MAX, placeholders, "url", err);
    bool good = text && set_url(request, text, err);
    mem_free_secret(text);
    return good;
}

/* Fields that frame the message on the wire are curl's to write (RFC 9110 7.6.1). */
static bool is_ours(const char *name)
{
    static const char *const ours[] = {
        "host",
        "content-length",
        "transfer-encoding",
        "connection",
        "keep-alive",
        "upgrade",
        "te",
        "trailer",
        "expect",
        "proxy-connection",
    };
    for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
        if (strcasecmp(ours[i], name) == 0)
            return true;
    return false;
}

static bool add_field(struct request *request, const char *name, const char *value, size_t *left,
                      struct error *err)
{
    if (has_control(value, "\t"))
        return error_set(err, ERROR_INPUT, "http: the header %s has a control character in it",
                         name);
    size_t len = strlen(name) + strlen(value);
    if (request->field_count == REQUEST_FIELDS_MAX || len > *left)
        return error_set(err, ERROR_INPUT, "http: more than %d headers, or than %zu bytes of them",
                         REQUEST_FIELDS_MAX, REQUEST_FIELDS_BYTES_MAX);
    *left -= len;
    request->fields[request->field_count++] =
        (struct request_field){mem_copy(name), mem_copy(value)};
    return true;
}

static bool read_field(struct request *request, const cJSON *member, size_t *left,
                       bool placeholders, struct error *err)
{
    if (!is_token(member->string))
        return error_set(err, ERROR_INPUT, "http: the name of a header is no token");
    if (is_ours(member->string))
        return error_set(err, ERROR_INPUT, "http: the header %s cannot be set", member->string);
    if (!cJSON_IsString(member) && !cJSON_IsObject(member))
        return error_set(err, ERROR_INPUT, "http: the header %s is no string", member->string);
    char *value = read_text(member, REQUEST_FIELDS_BYTES_MAX + 1, placeholders, "a header", err);
    bool good = value && add_field(request, member->string, value, left, err);
    mem_free_secret(value);
    return good;
}

static bool read_fields(struct request *request, const cJSON *head, bool placeholders,
                        struct error *err)
{
    const cJSON *fields = json_member(head, "headers");
    size_t left = REQUEST_FIELDS_BYTES_MAX;
    if (!fields)
        return true;
    if (!cJSON_IsObject(fields))
        return error_set(err, ERROR_INPUT, "http: headers is no object");
    for (const cJSON *member = fields->child; member; member = member->next)
        if (!read_field(request, member, &left, placeholders, err))
            return false;
    return true;
}

/* A body with secrets in it comes in the head, in the place of the frame's. */
static bool read_body(struct request *request, const cJSON *head, bool placeholders,
                      struct error *err)
{
    const cJSON *value = json_member(head, "body");
    if (!value)
        return true;
    char *text = read_text(value, CONFIG_HTTP_RESPONSE_MAX, placeholders, "body", err);
    if (!text)
        return false;
    mem_free_secret(request->body);
    request->body = text;
    request->body_len = strlen(text);
    return true;
}

static bool read_timeout(struct request *request, const cJSON *head, struct error *err)
{
    const cJSON *timeout = json_member(head, "timeout_ms");
    double ms = cJSON_IsNumber(timeout) ? timeout->valuedouble : 0;
    request->timeout_ms = CONFIG_HTTP_TIMEOUT_MS;
    if (!timeout)
        return true;
    if (!(ms >= 1 && ms <= TIMEOUT_MS_MAX))
        return error_set(err, ERROR_INPUT, "http: timeout_ms is not between 1 and %d",
                         TIMEOUT_MS_MAX);
    request->timeout_ms = (int64_t)ms;
    return true;
}

static bool read_head(struct request *request, struct span text, bool placeholders,
                      struct error *err)
{
    cJSON *head = json_parse(text, err);
    if (!head)
        return false;
    bool good = cJSON_IsObject(head) ||
                error_set(err, ERROR_INPUT, "http: the head of a request is no object");
    good = good && read_body(request, head, placeholders, err) && read_method(request, head, err) &&
           read_url(request, head, placeholders, err) &&
           read_fields(request, head, placeholders, err) && read_timeout(request, head, err);
    cJSON_Delete(head);
    return good;
}

struct request *request_parse(struct span head, struct span body, bool placeholders,
                              struct error *err)
{
    struct request *request = mem_new(sizeof *request);
    request->url = curl_url();
    request->body = mem_string(body);
    request->body_len = body.len;
    if (read_head(request, head, placeholders, err))
        return request;
    request_free(request);
    return NULL;
}

void request_free(struct request *request)
{
    if (!request)
        return;
    for (size_t i = 0; i < request->field_count; i++)
        free_field(&request->fields[i]);
    curl_url_cleanup(request->url);
    mem_free(request->method);
    mem_free(request->host);
    mem_free(request->body);
    mem_free(request);
}

bool request_has_field(const struct request *request, const char *name)
{
    for (size_t i = 0; i < request->field_count; i++)
        if (strcasecmp(request->fields[i].name, name) == 0)
            return true;
    return false;
}

/* --- redirects ------------------------------------------------------------------------------- */

static void drop_fields(struct request *request, const char *const *names, size_t count)
{
    size_t kept = 0;
    for (size_t i = 0; i < request->field_count; i++) {
        struct request_field field = request->fields[i];
        bool drop = false;
        for (size_t k = 0; k < count; k++)
            drop = drop || strcasecmp(field.name, names[k]) == 0;
        if (drop)
            free_field(&field);
        else
            request->fields[kept++] = field;
    }
    request->field_count = kept;
}

static bool same_part(CURLU *a, CURLU *b, CURLUPart part, unsigned flags)
{
    char *text = url_part(a, part, flags);
    char *other = url_part(b, part, flags);
    bool same = text && other && strcasecmp(text, other) == 0;
    curl_free(text);
    curl_free(other);
    return same;
}

/* RFC 9110 15.4: 303 asks for a GET; 301 and 302 turn a POST into one, as every client does. */
static void change_method(struct request *request, long status)
{
    static const char *const about_body[] = {"content-type", "content-encoding", "content-language",
                                             "content-location"};
    bool head = strcmp(request->method, "HEAD") == 0;
    if (!((status == 303 && !head) ||
          ((status == 301 || status == 302) && strcmp(request->method, "POST") == 0)))
        return;
    mem_free(request->method);
    request->method = mem_copy("GET");
    request->body_len = 0;
    drop_fields(request, about_body, sizeof about_body / sizeof *about_body);
}

static bool set_location(struct request *request, const char *location)
{
    unsigned flags = CURLU_DISALLOW_USER | CURLU_NON_SUPPORT_SCHEME | CURLU_URLENCODE;
    return strlen(location) <= REQUEST_URL_MAX &&
           curl_url_set(request->url, CURLUPART_URL, location, flags) == CURLUE_OK &&
           is_http(request->url);
}

bool request_redirect(struct request *request, long status, const char *location, struct error *err)
{
    static const char *const private[] = {"authorization", "cookie", "proxy-authorization"};
    CURLU *old = curl_url_dup(request->url);
    bool good = set_location(request, location) ||
                error_set(err, ERROR_INPUT, "%s: redirects to what is no plain http or https URL",
                          request->host);
    if (good && url_part_is(old, CURLUPART_SCHEME, "https") &&
        url_part_is(request->url, CURLUPART_SCHEME, "http"))
        good = error_set(err, ERROR_INPUT, "%s: redirects from https to http", request->host);
    if (good && !(same_part(old, request->url, CURLUPART_HOST, 0) &&
                  same_part(old, request->url, CURLUPART_SCHEME, 0) &&
                  same_part(old, request->url, CURLUPART_PORT, CURLU_DEFAULT_PORT)))
        drop_fields(request, private, sizeof private / sizeof *private);
    if (good) {
        change_method(request, status);
        keep_host(request);
    }
    curl_url_cleanup(old);
    return good;
}
