#include "http.h"

#include "egress.h"
#include "json.h"
#include "request.h"
#include "stand_in.h"
#include "trace.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ANSWER_HEAD_MAX    ((size_t)64 * 1024)
#define ANSWER_LINES_MAX   512                   /* curl finds a header by walking all of them */
#define HEAD_JSON_MAX      ((size_t)1024 * 1024) /* what ANSWER_HEAD_MAX can grow to when escaped */
#define CONNECT_TIMEOUT_MS 10000
#define MESSAGE_MAX        ((size_t)4 * 1024)

struct http {
    struct loop *loop;
    const struct config *config;
    struct egress *egress;
    struct http_request *requests;
};

struct http_request {
    struct http *http;
    struct http_request *next, *previous;
    http_done_fn *done;
    void *arg;
    struct secrets *secrets;
    char *trace; /* or NULL */

    struct request *asked; /* as it stands after the redirects so far; NULL: it broke a rule */
    CURLU *stand_in;       /* where it is sent in a replay; NULL: where it says */
    int64_t timeout_ms;
    int64_t deadline_ms;
    int redirects;

    struct loop_transfer transfer;
    struct curl_slist *lines;
    struct buffer answer;
    size_t answer_head_len, answer_lines;
    bool whole_head;
    char detail[CURL_ERROR_SIZE];
    struct error denied; /* filled when egress refused an address */
    const char *over;    /* the cap that the answer passed, in words */

    struct loop_timer later; /* a failure waits for the loop */
    const char *code;
    struct error failure;
};

/* --- the end of a request -------------------------------------------------------------------- */

static void unlink_request(struct http_request *request)
{
    if (request->next)
        request->next->previous = request->previous;
    if (request->previous)
        request->previous->next = request->next;
    else
        request->http->requests = request->next;
}

static void free_request(struct http_request *request)
{
    curl_easy_cleanup(request->transfer.easy);
    curl_slist_free_all(request->lines);
    request_free(request->asked);
    curl_url_cleanup(request->stand_in);
    buffer_release(&request->answer);
    mem_free(request->trace);
    mem_free(request);
}

/* Unlinked first: done may send, cancel others, or free the whole. */
static void finish(struct http_request *request, struct span head)
{
    unlink_request(request);
    request->done(request->arg, head, buffer_span(&request->answer));
    free_request(request);
}

/* Appends a JSON string without secrets; a byte that is no UTF-8 becomes '?'. */
static void put_text(const struct http_request *request, struct buffer *out, struct span bytes)
{
    struct buffer clean;
    char *redacted = mem_string(bytes);
    bytes = (struct span){redacted, secrets_redact(request->secrets, bytes, redacted)};
    buffer_init(&clean, bytes.len);
    for (size_t i = 0; i < bytes.len;) {
        size_t n = 1;
        while (n <= 4 && n <= bytes.len - i && !json_is_utf8((struct span){bytes.at + i, n}))
            n++;
        bool whole = n <= 4 && n <= bytes.len - i;
        buffer_add(&clean, whole ? (struct span){bytes.at + i, n} : span_of("?"));
        i += whole ? n : 1;
    }
    json_put_string(out, buffer_span(&clean));
    buffer_release(&clean);
    mem_free(redacted);
}

static void finish_failed(void *arg)
{
    struct http_request *request = arg;
    struct buffer head;
    buffer_init(&head, MESSAGE_MAX);
    buffer_format(&head, "{\"error\":{\"code\":\"%s\",\"message\":", request->code);
    put_text(request, &head, span_of(request->failure.text));
    buffer_text(&head, "}}");
    buffer_clear(&request->answer);
    finish(request, buffer_span(&head));
    buffer_release(&head);
}

/* --- addresses ------------------------------------------------------------------------------- */

static bool judge(struct http_request *request, int port, const struct sockaddr *address)
{
    const char *host = request->stand_in ? STAND_IN_HOST : request->asked->host;
    return egress_may_connect(request->http->egress, host, port, address, &request->denied);
}

/* Judges what a name has resolved to, on the socket that curl is about to connect. */
static curl_socket_t open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *at)
{
    (void)purpose;
    struct http_request *request = arg;
    /* a local address is out of a flow's reach as well: AF_UNIX has no port */
    int port = at->family == AF_INET    ? ((struct sockaddr_in *)&at->addr)->sin_port
               : at->family == AF_INET6 ? ((struct sockaddr_in6 *)&at->addr)->sin6_port
                                        : 0;
    if (!judge(request, ntohs((uint16_t)port), &at->addr))
        return CURL_SOCKET_BAD;
    return socket(at->family, at->socktype | SOCK_CLOEXEC, at->protocol);
}

/* Judges again once connected: a kept connection opens no socket. */
static int before_request(void *arg, char *address, char *local, int port, int local_port)
{
    (void)local;
    (void)local_port;
    struct http_request *request = arg;
    struct sockaddr_in four = {.sin_family = AF_INET};
    struct sockaddr_in6 six = {.sin6_family = AF_INET6};
    bool good;
    if (inet_pton(AF_INET, address, &four.sin_addr) == 1)
        good = judge(request, port, (struct sockaddr *)&four);
    else if (inet_pton(AF_INET6, address, &six.sin6_addr) == 1)
        good = judge(request, port, (struct sockaddr *)&six);
    else
        good = error_set(&request->denied, ERROR_INPUT, "%s: connected to no known address",
                         request->asked->host);
    return good ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT;
}

/* --- sending --------------------------------------------------------------------------------- */

static size_t on_body(char *at, size_t one, size_t len, void *arg)
{
    (void)one;
    struct http_request *request = arg;
    if (buffer_add(&request->answer, (struct span){at, len}))
        return len;
    request->over = "the decoded body of the answer is over 6 MiB";
    return 0;
}

/* Counts, and sees whether the head comes to its end; curl keeps the headers until they are asked
 * for. An interim answer has a head of its own. */
static size_t on_head(char *at, size_t one, size_t len, void *arg)
{
    (void)one;
    struct http_request *request = arg;
    struct span line = {at, len};
    if (len >= 5 && memcmp(at, "HTTP/", 5) == 0)
        request->whole_head = false;
    else if (span_is(line, "\r\n") || span_is(line, "\n"))
        request->whole_head = true;
    request->answer_head_len += len;
    if (request->answer_head_len <= ANSWER_HEAD_MAX && ++request->answer_lines <= ANSWER_LINES_MAX)
        return len;
    request->over = "the headers of the answer are over 64 KiB or 512 lines";
    return 0;
}

/* What stays the same from one redirect to the next. */
static void prepare(struct http_request *request)
{
    CURL *easy = request->transfer.easy;
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, request);
    curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, before_request);
    curl_easy_setopt(easy, CURLOPT_PREREQDATA, request);
    curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_TIMEOUT_MS);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
    curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    loop_trust(request->http->loop, easy, request->http->config->ca_file);
    curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "");
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "moonmill/" MOONMILL_VERSION);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, request);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_head);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, request);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, request->detail);
}

static void add_line(void *arg, const char *name, const char *value)
{
    struct http_request *request = arg;
    struct buffer line;
    buffer_init(&line, REQUEST_FIELDS_BYTES_MAX + 8);
    /* curl takes "Name:" for the wish to leave a header out, "Name;" for an empty one */
    if (value[strspn(value, " \t")])
        buffer_format(&line, "%s: %s", name, value);
    else
        buffer_format(&line, "%s;", name);
    buffer_add(&line, (struct span){"", 1});
    request->lines = curl_slist_append(request->lines, line.data);
    mem_wipe(line.data, line.len);
    buffer_release(&line);
}

static void add_trace(struct http_request *request)
{
    char parent[TRACE_PARENT_SIZE];
    if (request->trace && !request_has_field(request->asked, "x-amzn-trace-id"))
        add_line(request, "X-Amzn-Trace-Id", request->trace);
    if (trace_parent(request->trace, parent) && !request_has_field(request->asked, "traceparent"))
        add_line(request, "traceparent", parent);
}

static void set_fields(struct http_request *request, int64_t left_ms)
{
    curl_slist_free_all(request->lines);
    request->lines = curl_slist_append(NULL, "Expect:");
    /* nobody said that it is a form */
    if (!request_has_field(request->asked, "content-type"))
        request->lines = curl_slist_append(request->lines, "Content-Type:");
    for (size_t i = 0; i < request->asked->field_count; i++)
        add_line(request, request->asked->fields[i].name, request->asked->fields[i].value);
    add_trace(request);
    if (request->stand_in)
        stand_in_describe(request->asked, left_ms, add_line, request);
    curl_easy_setopt(request->transfer.easy, CURLOPT_HTTPHEADER, request->lines);
}

static bool sends_length(const struct http_request *request)
{
    return request->asked->body_len > 0 || strcmp(request->asked->method, "POST") == 0 ||
           strcmp(request->asked->method, "PUT") == 0 ||
           strcmp(request->asked->method, "PATCH") == 0;
}

static void set_method(struct http_request *request)
{
    CURL *easy = request->transfer.easy;
    curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
    if (strcmp(request->asked->method, "HEAD") == 0) {
        curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
    } else if (sends_length(request)) {
        curl_easy_setopt(easy, CURLOPT_POST, 1L);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request->asked->body);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->asked->body_len);
    }
    curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request->asked->method);
}

static void fail(struct http_request *request, const char *code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void fail(struct http_request *request, const char *code, const char *format, ...)
{
    char text[sizeof request->failure.text];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    error_set(&request->failure, ERROR_UNAVAILABLE, "%s", text);
    request->code = code;
    struct loop *loop = request->http->loop;
    loop_timer_set(loop, &request->later, loop_mono_ms(loop), finish_failed, request);
}

static void send_hop(struct http_request *request)
{
    int64_t left_ms = request->deadline_ms - loop_mono_ms(request->http->loop);
    if (left_ms <= 0) {
        fail(request, "net.timeout", "%s: no whole answer within %lld ms", request->asked->host,
             (long long)request->timeout_ms);
        return;
    }
    struct error refused;
    curl_url_cleanup(request->stand_in);
    request->stand_in = stand_in_for(request->http->config, request->asked);
    if (!request->stand_in &&
        !egress_may_resolve(request->http->egress, request->asked->host, &refused)) {
        fail(request, "net.denied", "%s", refused.text);
        return;
    }
    request->over = NULL;
    request->denied.kind = ERROR_NONE;
    request->detail[0] = '\0';
    request->answer_head_len = request->answer_lines = 0;
    request->whole_head = false;
    buffer_clear(&request->answer);
    curl_easy_setopt(request->transfer.easy, CURLOPT_CURLU,
                     request->stand_in ? request->stand_in : request->asked->url);
    set_method(request);
    set_fields(request, left_ms);
    curl_easy_setopt(request->transfer.easy, CURLOPT_TIMEOUT_MS, (long)left_ms);
    loop_transfer_start(request->http->loop, &request->transfer);
}

/* --- answers --------------------------------------------------------------------------------- */

/* The first header of that name in the last answer, or NULL. */
static const char *answer_field(struct http_request *request, const char *name)
{
    struct curl_header *header;
    return curl_easy_header(request->transfer.easy, name, 0, CURLH_HEADER, -1, &header) == CURLHE_OK
               ? header->value
               : NULL;
}

static void put_field(struct http_request *request, const char *curl_name, struct buffer *out)
{
    struct buffer joined;
    struct curl_header *header;
    char *name = mem_copy(curl_name);
    for (char *c = name; *c; c++)
        if (*c >= 'A' && *c <= 'Z')
            *c += 'a' - 'A';
    put_text(request, out, span_of(name));
    buffer_text(out, ":");
    buffer_init(&joined, 2 * ANSWER_HEAD_MAX);
    for (size_t i = 0;
         curl_easy_header(request->transfer.easy, name, i, CURLH_HEADER, -1, &header) == CURLHE_OK;
         i++) {
        buffer_text(&joined, i ? ", " : "");
        buffer_text(&joined, header->value);
    }
    put_text(request, out, buffer_span(&joined));
    buffer_release(&joined);
    mem_free(name);
}

static void answer(struct http_request *request, long status)
{
    struct curl_header *header = NULL;
    struct buffer head;
    bool first = true;
    buffer_init(&head, HEAD_JSON_MAX);
    buffer_format(&head, "{\"status\":%ld,\"headers\":{", status);
    while ((header = curl_easy_nextheader(request->transfer.easy, CURLH_HEADER, -1, header))) {
        if (header->index > 0)
            continue; /* joined to the first of its name */
        buffer_text(&head, first ? "" : ",");
        first = false;
        put_field(request, header->name, &head);
    }
    buffer_text(&head, "}}");
    if (request->answer.len)
        request->answer.len =
            secrets_redact(request->secrets, buffer_span(&request->answer), request->answer.data);
    finish(request, buffer_span(&head));
    buffer_release(&head);
}

static const char *failure_code(CURLcode result)
{
    switch (result) {
    case CURLE_OPERATION_TIMEDOUT:
        return "net.timeout";
    case CURLE_COULDNT_RESOLVE_HOST:
        return "net.dns";
    case CURLE_COULDNT_CONNECT:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_GOT_NOTHING:
    case CURLE_PARTIAL_FILE:
        return "net.connect";
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_INVALIDCERTSTATUS:
    case CURLE_SSL_ENGINE_INITFAILED:
        return "net.tls";
    default:
        return "net.protocol";
    }
}

static void fail_transfer(struct http_request *request, CURLcode result)
{
    if (request->over)
        fail(request, "net.too_large", "%s: %s", request->asked->host, request->over);
    else if (request->denied.kind != ERROR_NONE &&
             (result == CURLE_COULDNT_CONNECT || result == CURLE_ABORTED_BY_CALLBACK))
        fail(request, "net.denied", "%s", request->denied.text);
    else
        fail(request, failure_code(result), "%s: %s", request->asked->host,
             request->detail[0] ? request->detail : curl_easy_strerror(result));
}

/* Of a request that is not sent: what is about secrets has codes of its own. */
static const char *refusal_code(const struct error *why, const char *other)
{
    return why->kind == ERROR_MISSING  ? "secret.unknown"
           : why->kind == ERROR_DENIED ? "secret.denied"
                                       : other;
}

/* A stand-in says that the real request came to nothing; true when it does. */
static bool stand_in_failed(struct http_request *request)
{
    const char *message;
    const char *text = request->stand_in ? answer_field(request, STAND_IN_ERROR) : NULL;
    const char *code = text ? stand_in_failure(text, &message) : NULL;
    if (code)
        fail(request, code, "%s", message);
    return code != NULL;
}

static bool is_redirect(long status)
{
    return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

static void on_transfer(void *arg, CURLcode result)
{
    struct http_request *request = arg;
    long status = 0;
    if (result == CURLE_OK && !request->whole_head)
        result = CURLE_PARTIAL_FILE; /* for curl such an answer is one without a body */
    if (result != CURLE_OK) {
        fail_transfer(request, result);
        return;
    }
    if (stand_in_failed(request))
        return;
    curl_easy_getinfo(request->transfer.easy, CURLINFO_RESPONSE_CODE, &status);
    const char *location = is_redirect(status) ? answer_field(request, "location") : NULL;
    if (!location)
        answer(request, status);
    else if (++request->redirects > CONFIG_HTTP_REDIRECTS_MAX)
        fail(request, "net.redirects", "%s: more than %d redirects", request->asked->host,
             CONFIG_HTTP_REDIRECTS_MAX);
    else if (request_redirect(request->asked, status, location, &request->failure))
        send_hop(request);
    else
        fail(request, refusal_code(&request->failure, "net.redirects"), "%s",
             request->failure.text);
}

/* --- life ------------------------------------------------------------------------------------ */

struct http_request *http_send(struct http *http, struct secrets *secrets, struct span head,
                               struct span body, const char *trace, int64_t left_ms,
                               http_done_fn *done, void *arg)
{
    struct http_request *request = mem_new(sizeof *request);
    *request = (struct http_request){.http = http, .next = http->requests, .done = done};
    request->arg = arg;
    request->secrets = secrets;
    request->trace = mem_copy(trace);
    buffer_init(&request->answer, CONFIG_HTTP_RESPONSE_MAX);
    if (http->requests)
        http->requests->previous = request;
    http->requests = request;
    request->asked = request_parse(head, body, secrets, &request->failure);
    if (!request->asked) {
        fail(request, refusal_code(&request->failure, "input.invalid"), "%s",
             request->failure.text);
        return request;
    }
    request->timeout_ms = request->asked->timeout_ms < left_ms ? request->asked->timeout_ms
                          : left_ms > 0                        ? left_ms
                                                               : 0;
    request->deadline_ms = loop_mono_ms(http->loop) + request->timeout_ms;
    request->transfer = (struct loop_transfer){
        .easy = curl_easy_init(), .done = on_transfer, .arg = request, .cache = LOOP_FLOWS};
    prepare(request);
    send_hop(request);
    return request;
}

void http_cancel(struct http_request *request)
{
    if (!request)
        return;
    loop_transfer_cancel(request->http->loop, &request->transfer);
    loop_timer_stop(request->http->loop, &request->later);
    unlink_request(request);
    free_request(request);
}

struct http *http_new(struct loop *loop, const struct config *config, struct error *err)
{
    if (!(curl_version_info(CURLVERSION_NOW)->features & CURL_VERSION_ASYNCHDNS)) {
        error_set(err, ERROR_SYSTEM, "http: this libcurl looks names up one at a time");
        return NULL;
    }
    struct egress *egress = egress_new(config, err);
    if (!egress)
        return NULL;
    struct http *http = mem_new(sizeof *http);
    *http = (struct http){.loop = loop, .config = config, .egress = egress};
    return http;
}

void http_free(struct http *http)
{
    if (!http)
        return;
    while (http->requests)
        http_cancel(http->requests);
    egress_free(http->egress);
    mem_free(http);
}
