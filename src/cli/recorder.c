#include "recorder.h"

#include "egress.h"
#include "json.h"
#include "stage.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#define NAMES_MAX  (16 * 1024)
#define TEXT_MAX   (16 * 1024)
#define TIMEOUT_MS CONFIG_HTTP_TIMEOUT_MS

struct recorder {
    struct loop *loop;
    const struct config *config;
    struct cassette *cassette;
    struct egress *egress;
    struct stage *stage;
    const struct unwritten *unwritten;
    struct asking *askings;
};

/* A request on its way to the real server. */
struct asking {
    struct recorder *recorder;
    struct stage_call *call;
    struct exchange *exchange; /* NULL: the cassette is full */
    struct loop_transfer transfer;
    struct curl_slist *headers;
    struct buffer body;
    struct buffer content;
    char *host;
    struct error denied;
    char detail[CURL_ERROR_SIZE];
    struct asking *next;
};

/* --- the answer ------------------------------------------------------------------------------ */

static void fill_request(const struct recorder *recorder, struct buffer *into, struct span bytes)
{
    size_t len;
    char *cleaned = unwritten_clean_request(recorder->unwritten, bytes, &len);
    buffer_add(into, (struct span){cleaned, len});
    mem_free(cleaned);
}

static void fill(const struct recorder *recorder, struct buffer *into, struct span bytes)
{
    size_t len;
    char *cleaned = unwritten_clean(recorder->unwritten, bytes, &len);
    buffer_clear(into);
    buffer_add(into, (struct span){cleaned, len});
    mem_free(cleaned);
}

static void drop(struct asking *asking)
{
    struct asking **link = &asking->recorder->askings;
    while (*link != asking)
        link = &(*link)->next;
    *link = asking->next;
    loop_transfer_cancel(asking->recorder->loop, &asking->transfer);
    curl_easy_cleanup(asking->transfer.easy);
    curl_slist_free_all(asking->headers);
    buffer_release(&asking->body);
    buffer_release(&asking->content);
    mem_free(asking->host);
    mem_free(asking);
}

/* Headers that are about this connection, or nobody else's. */
static bool is_passed_on(const char *name)
{
    static const char *const kept_back[] = {
        "connection",       "keep-alive", "transfer-encoding", "content-length",
        "content-encoding", "set-cookie", "set-cookie2",       "authorization",
        "x-moonmill-error", "trailer",    "upgrade",           NULL};
    for (size_t i = 0; kept_back[i]; i++)
        if (strcasecmp(kept_back[i], name) == 0)
            return false;
    return true;
}

static void keep_header(struct asking *asking, const struct curl_header *header)
{
    size_t len;
    char *name = mem_copy(header->name);
    char *value = unwritten_clean(asking->recorder->unwritten, span_of(header->value), &len);
    for (char *c = name; *c; c++)
        if (*c >= 'A' && *c <= 'Z')
            *c += 'a' - 'A';
    if (json_is_utf8(span_of(value)) && json_is_utf8(span_of(name)) &&
        !cJSON_HasObjectItem(asking->exchange->headers, name))
        cJSON_AddStringToObject(asking->exchange->headers, name, value);
    mem_free(name);
    mem_free(value);
}

/* The flow gets the cookies and the secrets of the real answer; the cassette does not. */
static void take_headers(struct asking *asking)
{
    struct curl_header *header = NULL;
    if (asking->exchange)
        asking->exchange->headers = cJSON_CreateObject();
    while ((header = curl_easy_nextheader(asking->transfer.easy, CURLH_HEADER, -1, header))) {
        bool cookie = strncasecmp(header->name, "set-cookie", 10) == 0;
        if (is_passed_on(header->name) || cookie)
            stage_add_header(asking->call, header->name, header->value);
        if (is_passed_on(header->name) && asking->exchange)
            keep_header(asking, header);
    }
}

static void answer(struct asking *asking)
{
    long status = 0;
    curl_easy_getinfo(asking->transfer.easy, CURLINFO_RESPONSE_CODE, &status);
    take_headers(asking);
    if (asking->exchange) {
        asking->exchange->answered = true;
        asking->exchange->status = (int)status;
        fill(asking->recorder, &asking->exchange->content, buffer_span(&asking->content));
    }
    stage_say(asking->call, (int)status, buffer_span(&asking->content));
}

static const char *code_of(const struct asking *asking, CURLcode result)
{
    if (asking->denied.kind != ERROR_NONE)
        return "net.denied";
    switch (result) {
    case CURLE_OPERATION_TIMEDOUT:
        return "net.timeout";
    case CURLE_COULDNT_RESOLVE_HOST:
        return "net.dns";
    case CURLE_WRITE_ERROR:
        return "net.too_large";
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
        return "net.tls";
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_WEIRD_SERVER_REPLY:
        return "net.protocol";
    default:
        return "net.connect";
    }
}

static void fail(struct asking *asking, CURLcode result)
{
    char text[1024];
    size_t len;
    const char *why = asking->denied.kind != ERROR_NONE ? asking->denied.text
                      : asking->detail[0]               ? asking->detail
                                                        : curl_easy_strerror(result);
    snprintf(text, sizeof text, "%s %s: %.600s", code_of(asking, result), asking->host, why);
    if (asking->exchange) {
        asking->exchange->answered = true;
        asking->exchange->error = unwritten_clean(asking->recorder->unwritten, span_of(text), &len);
    }
    stage_add_header(asking->call, "X-Moonmill-Error", text);
    stage_say(asking->call, 502, span_of(""));
}

static void on_done(void *arg, CURLcode result)
{
    struct asking *asking = arg;
    if (result == CURLE_OK)
        answer(asking);
    else
        fail(asking, result);
    drop(asking);
}

/* --- the request ----------------------------------------------------------------------------- */

static size_t on_content(char *at, size_t one, size_t len, void *arg)
{
    struct asking *asking = arg;
    (void)one;
    return buffer_add(&asking->content, (struct span){at, len}) ? len : 0;
}

static bool judge(struct asking *asking, int port, const struct sockaddr *address)
{
    return egress_may_connect(asking->recorder->egress, asking->host, port, address,
                              &asking->denied);
}

static curl_socket_t open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *at)
{
    int port = at->family == AF_INET    ? ((struct sockaddr_in *)&at->addr)->sin_port
               : at->family == AF_INET6 ? ((struct sockaddr_in6 *)&at->addr)->sin6_port
                                        : 0;
    (void)purpose;
    if (!judge(arg, ntohs((uint16_t)port), &at->addr))
        return CURL_SOCKET_BAD;
    return socket(at->family, at->socktype | SOCK_CLOEXEC, at->protocol);
}

/* Each of the flow's own headers, whose names the runtime lists. */
static void add_headers(struct asking *asking)
{
    const char *names = stage_header(asking->call, "X-Moonmill-Headers");
    char *copy = mem_copy(names ? names : ""), *rest = copy, *name;
    bool typed = false;
    while ((name = strsep(&rest, ","))) {
        const char *value = *name ? stage_header(asking->call, name) : NULL;
        struct buffer line;
        if (!value)
            continue;
        typed = typed || strcasecmp(name, "content-type") == 0;
        buffer_init(&line, NAMES_MAX + 2 * TEXT_MAX);
        if (value[strspn(value, " \t")])
            buffer_format(&line, "%s: %s", name, value);
        else
            buffer_format(&line, "%s;", name);
        char *text = mem_string(buffer_span(&line));
        asking->headers = curl_slist_append(asking->headers, text);
        mem_free_secret(text);
        buffer_release(&line);
    }
    mem_free(copy);
    asking->headers = curl_slist_append(asking->headers, "Expect:");
    if (!typed)
        asking->headers = curl_slist_append(asking->headers, "Content-Type:");
}

static void prepare(struct asking *asking, const char *method, const char *url)
{
    CURL *easy = asking->transfer.easy;
    const char *left = stage_header(asking->call, "X-Moonmill-Timeout");
    long timeout_ms = left ? strtol(left, NULL, 10) : 0;
    curl_easy_setopt(easy, CURLOPT_URL, url);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, asking);
    curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L); /* each address is judged */
    curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L);
    curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, timeout_ms > 0 ? timeout_ms : (long)TIMEOUT_MS);
    curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "");
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "moonmill/" MOONMILL_VERSION);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_content);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, asking);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, asking->detail);
    if (asking->recorder->config->ca_file)
        curl_easy_setopt(easy, CURLOPT_CAINFO, asking->recorder->config->ca_file);
    if (strcmp(method, "HEAD") == 0) {
        curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
    } else if (asking->body.len > 0 || strcmp(method, "POST") == 0 || strcmp(method, "PUT") == 0 ||
               strcmp(method, "PATCH") == 0) {
        curl_easy_setopt(easy, CURLOPT_POST, 1L);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, asking->body.data ? asking->body.data : "");
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)asking->body.len);
    }
    curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, method);
    add_headers(asking);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, asking->headers);
}

static char *host_of(const char *url)
{
    CURLU *parsed = curl_url();
    char *host = NULL;
    if (curl_url_set(parsed, CURLUPART_URL, url, 0) == CURLUE_OK)
        curl_url_get(parsed, CURLUPART_HOST, &host, 0);
    char *copy = mem_copy(host ? host : "?");
    curl_free(host);
    curl_url_cleanup(parsed);
    return copy;
}

static void on_request(void *arg, struct stage_call *call, const struct stage_request *request)
{
    struct recorder *recorder = arg;
    const char *url = stage_header(call, "X-Moonmill-Url");
    if (!url) {
        stage_say(call, 400, span_of("this server records what the runtime sends, and only that"));
        return;
    }
    struct asking *asking = mem_new(sizeof *asking);
    asking->recorder = recorder;
    asking->call = call;
    asking->host = host_of(url);
    buffer_init(&asking->body, STAGE_BODY_MAX);
    buffer_init(&asking->content, CONFIG_HTTP_RESPONSE_MAX);
    buffer_add(&asking->body, request->body);
    asking->next = recorder->askings;
    recorder->askings = asking;

    char *cleaned = unwritten_clean_url(recorder->unwritten, url);
    asking->exchange =
        cassette_add(recorder->cassette, request->method, cleaned, (struct span){NULL, 0});
    mem_free(cleaned);
    if (asking->exchange)
        fill_request(recorder, &asking->exchange->body, request->body);
    asking->transfer = (struct loop_transfer){
        .easy = curl_easy_init(), .done = on_done, .arg = asking, .cache = LOOP_FLOWS};
    prepare(asking, request->method, url);
    loop_transfer_start(recorder->loop, &asking->transfer);
}

/* --- life ------------------------------------------------------------------------------------ */

struct recorder *recorder_open(struct loop *loop, const struct config *config,
                               const struct unwritten *unwritten, struct cassette *cassette,
                               struct error *err)
{
    struct recorder *recorder = mem_new(sizeof *recorder);
    *recorder = (struct recorder){
        .loop = loop, .config = config, .unwritten = unwritten, .cassette = cassette};
    if ((recorder->egress = egress_new(config, err)) &&
        (recorder->stage = stage_open(loop, 0, on_request, recorder, err)))
        return recorder;
    recorder_close(recorder);
    return NULL;
}

void recorder_close(struct recorder *recorder)
{
    if (!recorder)
        return;
    while (recorder->askings)
        drop(recorder->askings);
    stage_close(recorder->stage);
    egress_free(recorder->egress);
    mem_free(recorder);
}

int recorder_port(const struct recorder *recorder)
{
    return stage_port(recorder->stage);
}
