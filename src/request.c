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
static char *read_text(const cJSON *value, size_t max, const struct expression_use *use,
                       const char *what, struct error *err)
{
    struct buffer text;
    struct error why;
    char *whole = NULL;
    buffer_init(&text, max);
    if (!expression_put(&text, value, use, &why))
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

static bool read_url(struct request *request, const cJSON *head, struct secrets *secrets,
                     struct error *err)
{
    struct secret_set used = {{NULL}, 0};
    struct expression_use use = {secrets, EXPRESSION_URL, &used};
    const cJSON *value = json_member(head, "url");
    if (!value || cJSON_IsNull(value))
        return error_set(err, ERROR_INPUT, "http: url is missing or no string");
    char *text = read_text(value, URL_TEXT_MAX, &use, "url", err);
    bool good = text && set_url(request, text, err) && secret_set_may_go(&used, request->url, err);
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

static bool check_field(const struct request *request, const struct request_field *field,
                        size_t left, struct error *err)
{
    if (has_control(field->value, "\t"))
        return error_set(err, ERROR_INPUT, "http: the header %s has a control character in it",
                         field->name);
    if (request->field_count == REQUEST_FIELDS_MAX ||
        strlen(field->name) + strlen(field->value) > left)
        return error_set(err, ERROR_INPUT, "http: more than %d headers, or than %zu bytes of them",
                         REQUEST_FIELDS_MAX, REQUEST_FIELDS_BYTES_MAX);
    return secret_set_may_go(&field->secrets, request->url, err);
}

static bool read_field(struct request *request, const cJSON *member, size_t *left,
                       struct secrets *secrets, struct error *err)
{
    struct request_field field = {0};
    struct expression_use use = {secrets, EXPRESSION_HEADER, &field.secrets};
    if (!is_token(member->string))
        return error_set(err, ERROR_INPUT, "http: the name of a header is no token");
    if (is_ours(member->string))
        return error_set(err, ERROR_INPUT, "http: the header %s cannot be set", member->string);
    if (!cJSON_IsString(member) && !cJSON_IsObject(member))
        return error_set(err, ERROR_INPUT, "http: the header %s is no string", member->string);
    field.value = read_text(member, REQUEST_FIELDS_BYTES_MAX + 1, &use, "a header", err);
    field.name = mem_copy(member->string);
    bool good = field.value && check_field(request, &field, *left, err);
    if (good) {
        *left -= strlen(field.name) + strlen(field.value);
        request->fields[request->field_count++] = field;
    } else {
        free_field(&field);
    }
    return good;
}

static bool read_fields(struct request *request, const cJSON *head, struct secrets *secrets,
                        struct error *err)
{
    const cJSON *fields = json_member(head, "headers");
    size_t left = REQUEST_FIELDS_BYTES_MAX;
    if (!fields)
        return true;
    if (!cJSON_IsObject(fields))
        return error_set(err, ERROR_INPUT, "http: headers is no object");
    for (const cJSON *member = fields->child; member; member = member->next)
        if (!read_field(request, member, &left, secrets, err))
            return false;
    return true;
}

/* The value of a plain header, or NULL. */
static const char *plain_field(const cJSON *head, const char *name)
{
    const cJSON *fields = json_member(head, "headers");
    for (const cJSON *member = cJSON_IsObject(fields) ? fields->child : NULL; member;
         member = member->next)
        if (strcasecmp(member->string, name) == 0)
            return cJSON_IsString(member) ? member->valuestring : NULL;
    return NULL;
}

/* As its type says, or, without one, as JSON when it begins so. */
static enum expression_place body_place(const cJSON *head, const cJSON *body)
{
    const char *type = plain_field(head, "content-type");
    const cJSON *parts = json_member(body, "concat");
    const cJSON *first = cJSON_IsArray(parts) ? parts->child : NULL;
    if (type)
        return strcasestr(type, "json")                    ? EXPRESSION_JSON
               : strcasestr(type, "x-www-form-urlencoded") ? EXPRESSION_FORM
                                                           : EXPRESSION_TEXT;
    bool json = first && cJSON_IsString(first) &&
                (*first->valuestring == '{' || *first->valuestring == '[');
    return json ? EXPRESSION_JSON : EXPRESSION_TEXT;
}

/* A body with secrets in it comes in the head, in the place of the frame's. */
static bool read_body(struct request *request, const cJSON *head, struct secrets *secrets,
                      struct error *err)
{
    const cJSON *value = json_member(head, "body");
    if (!value)
        return true;
    struct expression_use use = {secrets, body_place(head, value), &request->body_secrets};
    char *text = read_text(value, CONFIG_HTTP_RESPONSE_MAX, &use, "body", err);
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

static bool read_head(struct request *request, struct span text, struct secrets *secrets,
                      struct error *err)
{
    cJSON *head = json_parse(text, err);
    if (!head)
        return false;
    bool good = cJSON_IsObject(head) ||
                error_set(err, ERROR_INPUT, "http: the head of a request is no object");
    good = good && read_body(request, head, secrets, err) && read_method(request, head, err) &&
           read_url(request, head, secrets, err) && read_fields(request, head, secrets, err) &&
           read_timeout(request, head, err) &&
           secret_set_may_go(&request->body_secrets, request->url, err);
    cJSON_Delete(head);
    return good;
}

struct request *request_parse(struct span head, struct span body, struct secrets *secrets,
                              struct error *err)
{
    struct request *request = mem_new(sizeof *request);
    request->url = curl_url();
    request->body = mem_string(body);
    request->body_len = body.len;
    if (read_head(request, head, secrets, err))
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
    mem_free_secret(request->body); /* one with secrets has no NUL */
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

static bool is_named(const struct request_field *field, const char *const *names, size_t count)
{
    bool named = false;
    for (size_t i = 0; i < count; i++)
        named = named || strcasecmp(field->name, names[i]) == 0;
    return named;
}

/* Leaves behind the fields of those names, and those whose secrets may not go where the request
 * goes now. */
static void drop_fields(struct request *request, const char *const *names, size_t count)
{
    size_t kept = 0;
    for (size_t i = 0; i < request->field_count; i++) {
        struct request_field field = request->fields[i];
        if (is_named(&field, names, count) ||
            !secret_set_may_go(&field.secrets, request->url, NULL))
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
    request->body_secrets.count = 0;
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
    if (good)
        change_method(request, status);
    good = good && secret_set_may_go(&request->body_secrets, request->url, err);
    if (good)
        keep_host(request);
    curl_url_cleanup(old);
    return good;
}
