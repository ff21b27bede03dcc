#include "site.h"

#include "loops.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* --- the server's pages --------------------------------------------------------------------------
 */

/* 7 MiB of zeros, packed twice. */
static const unsigned char bomb[] = {
    0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0xed, 0xd0, 0xad, 0x0d, 0x80, 0x30,
    0x14, 0x00, 0xe1, 0xf7, 0x5a, 0xd3, 0x20, 0x71, 0xa8, 0x0a, 0x34, 0x13, 0xa0, 0xd8, 0x80, 0x0d,
    0x58, 0x81, 0x11, 0x9a, 0x20, 0x2a, 0x30, 0x6c, 0x82, 0x44, 0xb3, 0x00, 0x0b, 0xb0, 0x02, 0x61,
    0x04, 0x7e, 0x3a, 0x06, 0xe4, 0x3e, 0x75, 0xfa, 0xfc, 0xe8, 0x24, 0x31, 0xf6, 0x58, 0x55, 0xdf,
    0x08, 0xd3, 0x35, 0x9f, 0x2e, 0x13, 0x00, 0x00, 0x00, 0x00, 0x00, 0xf0, 0x73, 0x61, 0x1f, 0x6c,
    0x9e, 0xa2, 0xb9, 0xbb, 0xa5, 0x6c, 0x95, 0x23, 0x00, 0x00, 0x00, 0xc0, 0xf7, 0x6c, 0x26, 0x56,
    0x75, 0x21, 0xd2, 0xcb, 0x03, 0x73, 0x19, 0x75, 0x74, 0xf8, 0x1b, 0x00, 0x00};
/* 1 GiB of zeros, packed three times. */
static const unsigned char large_bomb[] = {
    0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0x93, 0xef, 0xe6, 0x60, 0x00, 0x01,
    0x26, 0xe6, 0xb7, 0x77, 0x16, 0xe6, 0x05, 0x17, 0xca, 0xb4, 0x3d, 0x2c, 0x5b, 0x9b, 0xa1, 0x66,
    0xa6, 0xb6, 0x4c, 0xe0, 0xb1, 0x9a, 0x47, 0x9a, 0x47, 0x17, 0x63, 0xf7, 0x0d, 0x91, 0x24, 0xc5,
    0x99, 0x33, 0x1d, 0x16, 0xdd, 0x4e, 0x59, 0x60, 0x70, 0x87, 0x53, 0x42, 0x8f, 0x41, 0xa4, 0x9c,
    0xa1, 0x78, 0x77, 0x43, 0x6a, 0x52, 0x64, 0x00, 0xf7, 0xd2, 0xb7, 0xbe, 0x3a, 0x96, 0xef, 0x3f,
    0xcf, 0xf8, 0x7f, 0xd1, 0xfe, 0xe7, 0xd3, 0x27, 0xb6, 0xbf, 0x6c, 0xa4, 0x73, 0xdf, 0xf8, 0xe4,
    0xd5, 0xf5, 0x1c, 0x7f, 0xdd, 0xff, 0x74, 0x7a, 0x7d, 0x7c, 0x7e, 0xfa, 0x6e, 0x65, 0xa0, 0xe1,
    0x09, 0x0f, 0xa6, 0x85, 0x4f, 0x9f, 0x7c, 0x56, 0xc2, 0xa0, 0x6a, 0xdb, 0xaf, 0xbf, 0xaf, 0xce,
    0x6a, 0x02, 0x85, 0x0c, 0x4a, 0xde, 0x7f, 0xfb, 0xbe, 0xec, 0x76, 0xe0, 0x83, 0x87, 0x6f, 0x5e,
    0x7a, 0x3f, 0x07, 0x0a, 0x34, 0x1c, 0xfc, 0xfd, 0xe5, 0xd1, 0x8f, 0x93, 0xdf, 0xf8, 0x1b, 0x77,
    0x1f, 0xfd, 0xbd, 0xb2, 0x18, 0x28, 0x72, 0xe0, 0x81, 0xec, 0xbf, 0xbd, 0xf3, 0xf2, 0xb7, 0x37,
    0xc4, 0xaf, 0x7e, 0xcf, 0xae, 0xfe, 0x8e, 0x11, 0x28, 0xd4, 0xfc, 0xdd, 0xdd, 0x00, 0xe4, 0xda,
    0x20, 0x16, 0x66, 0x20, 0xb9, 0xc0, 0x15, 0xcc, 0x89, 0x02, 0x73, 0x14, 0xdc, 0x90, 0x38, 0xa3,
    0x32, 0xa3, 0x32, 0xa3, 0x32, 0xa3, 0x32, 0xa3, 0x32, 0xa3, 0x32, 0x04, 0x65, 0xf4, 0xbe, 0x7d,
    0x4f, 0x9b, 0xad, 0xfb, 0xe0, 0xf1, 0xdf, 0x47, 0x87, 0x5f, 0x5f, 0x54, 0xae, 0xfe, 0xf7, 0xf6,
    0xf9, 0xcf, 0xdb, 0x5f, 0xad, 0xff, 0xf3, 0x5f, 0x49, 0x6f, 0x3d, 0x73, 0xe2, 0x0d, 0x3f, 0x03,
    0x00, 0xd8, 0x2f, 0xf3, 0x39, 0x23, 0x07, 0x00, 0x00};
static const unsigned char packed_hello[] = {
    0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0xcb, 0x48, 0xcd, 0xc9,
    0xc9, 0x57, 0xc8, 0x40, 0x90, 0x00, 0x80, 0x88, 0xf9, 0xe5, 0x11, 0x00, 0x00, 0x00};

static struct server_answer echo(struct pages *pages, const struct server_request *request)
{
    buffer_clear(&pages->echo);
    buffer_format(&pages->echo, "%s %s connection %u\r\n%s\r\n", request->method, request->path,
                  request->connection, request->headers);
    buffer_add(&pages->echo, request->body);
    return (struct server_answer){.status = 200,
                                  .headers = "Content-Type: text/plain\r\n",
                                  .body = pages->echo.data,
                                  .body_len = pages->echo.len};
}

static struct server_answer redirect(struct pages *pages, int status, const char *to)
{
    buffer_clear(&pages->echo);
    buffer_format(&pages->echo, "Location: %s\r\n", to);
    buffer_add(&pages->echo, (struct span){"", 1});
    return (struct server_answer){.status = status, .headers = pages->echo.data};
}

static struct server_answer many_headers(struct pages *pages, int count, int size)
{
    buffer_clear(&pages->echo);
    for (int i = 0; i < count; i++)
        buffer_format(&pages->echo, "X-%d: %0*d\r\n", i, size, 0);
    buffer_add(&pages->echo, (struct span){"", 1});
    return (struct server_answer){.status = 200, .headers = pages->echo.data};
}

/* What the request was authorized with comes back as a header. */
static struct server_answer reflect(struct pages *pages, const struct server_request *request)
{
    const char *sent = server_header(request, "Authorization");
    buffer_clear(&pages->echo);
    buffer_format(&pages->echo, "X-Reflect: %s\r\n", sent ? sent : "nothing");
    buffer_add(&pages->echo, (struct span){"", 1});
    return (struct server_answer){.status = 200, .headers = pages->echo.data};
}

/* Answers that are none yet, and then one. */
static struct server_answer interim(struct pages *pages, int count)
{
    buffer_clear(&pages->echo);
    for (int i = 0; i < count; i++)
        buffer_text(&pages->echo, "\r\nHTTP/1.1 103 Early Hints\r\n");
    buffer_text(&pages->echo, "\r\nHTTP/1.1 200 OK\r\n");
    buffer_add(&pages->echo, (struct span){"", 1});
    return (struct server_answer){.status = 103, .headers = pages->echo.data, .body = "at last"};
}

static struct server_answer hop(struct pages *pages, const char *count)
{
    char to[32];
    if (strcmp(count, "0") == 0)
        return (struct server_answer){.body = "arrived"};
    snprintf(to, sizeof to, "/hop/%d", atoi(count) - 1);
    return redirect(pages, 302, to);
}

static struct server_answer big(struct pages *pages, size_t size)
{
    if (!pages->big)
        pages->big = mem_new(CONFIG_HTTP_RESPONSE_MAX + 1);
    return (struct server_answer){.body = pages->big, .body_len = size};
}

struct server_answer pages_serve(void *arg, const struct server_request *request)
{
    static const struct {
        const char *path;
        struct server_answer answer;
    } fixed[] = {
        {"/close", {.fault = SERVER_CLOSES}},
        {"/reset", {.fault = SERVER_RESETS}},
        {"/cut", {.status = 200, .fault = SERVER_CUTS}},
        {"/half", {.body = "0123456789", .fault = SERVER_HALF}},
        {"/hang", {.fault = SERVER_HANGS}},
        {"/missing", {.status = 404, .body = "{\"no\":1}"}},
        {"/unavailable", {.status = 503, .body = "later"}},
        {"/empty", {.status = 204}},
        {"/nowhere", {.status = 302, .body = "no location"}},
        {"/headers",
         {.headers = "X-Two: a\r\nx-tWO: b\r\nX-Bad: \xff\xc3\xa4\xed\xa0\x80\r\n"
                     "Set-Cookie: s=1\r\nX-Quote: \"\\\r\n"}},
        {"/unknown-encoding", {.headers = "Content-Encoding: moon\r\n", .body = "x"}},
        {"/not-packed", {.headers = "Content-Encoding: gzip\r\n", .body = "not packed at all"}},
        {"/nonsense", {.headers = "Content-Length: moon\r\n", .body = "x"}},
        {"/trailer",
         {.headers = "Transfer-Encoding: chunked\r\n",
          .body = "2\r\nok\r\n0\r\nX-After: 1\r\n\r\n"}},
        {"/bomb",
         {.headers = "Content-Encoding: gzip, gzip\r\n",
          .body = (const char *)bomb,
          .body_len = sizeof bomb}},
        {"/large-bomb",
         {.headers = "Content-Encoding: gzip, gzip, gzip\r\n",
          .body = (const char *)large_bomb,
          .body_len = sizeof large_bomb}},
        {"/drip", {.body = "0123456789", .delay_ms = 100, .fault = SERVER_DRIPS}},
        {"/packed",
         {.headers = "Content-Encoding: gzip\r\n",
          .body = (const char *)packed_hello,
          .body_len = sizeof packed_hello}},
    };
    struct pages *pages = arg;
    for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++)
        if (strcmp(fixed[i].path, request->path) == 0)
            return fixed[i].answer;
    if (strncmp(request->path, "/hop/", 5) == 0)
        return hop(pages, request->path + 5);
    if (strncmp(request->path, "/away/", 6) == 0)
        return redirect(pages, atoi(request->path + 6), pages->elsewhere);
    if (strcmp(request->path, "/full") == 0)
        return big(pages, CONFIG_HTTP_RESPONSE_MAX);
    if (strcmp(request->path, "/over") == 0)
        return big(pages, CONFIG_HTTP_RESPONSE_MAX + 1);
    if (strcmp(request->path, "/long-headers") == 0)
        return many_headers(pages, 70, 1000);
    if (strncmp(request->path, "/interim/", 9) == 0)
        return interim(pages, atoi(request->path + 9));
    if (strcmp(request->path, "/many-headers") == 0)
        return many_headers(pages, 600, 1);
    if (strcmp(request->path, "/reflect") == 0)
        return reflect(pages, request);
    return echo(pages, request);
}

void pages_init(struct pages *pages)
{
    *pages = (struct pages){0};
    buffer_init(&pages->echo, 1024 * 1024);
}

void pages_release(struct pages *pages)
{
    buffer_release(&pages->echo);
    mem_free(pages->big);
}

/* --- the site ------------------------------------------------------------------------------------
 */

int site_open(void **state)
{
    struct site *site = mem_new(sizeof *site);
    struct error err = {0};
    site->loop = loop_new(&site->clock, &err);
    assert_non_null(site->loop);
    pages_init(&site->pages);
    site->server = server_start(0, pages_serve, &site->pages);
    snprintf(site->allow, sizeof site->allow, "127.0.0.1:%d", server_port(site->server));
    site->config.http_allow = site->allow;
    site->http = http_new(site->loop, &site->config, &err);
    assert_non_null(site->http);
    site->secrets = secrets_new(&site->config, NULL, NULL, 0);
    *state = site;
    return 0;
}

int site_close(void **state)
{
    struct site *site = *state;
    http_free(site->http);
    secrets_free(site->secrets);
    server_stop(site->server);
    loop_free(site->loop);
    pages_release(&site->pages);
    mem_free(site);
    return 0;
}

void site_allow(struct site *site, const char *allow)
{
    struct error err = {0};
    http_free(site->http);
    if (allow)
        snprintf(site->allow, sizeof site->allow, "%s", allow);
    site->http = http_new(site->loop, &site->config, &err);
    assert_non_null(site->http);
}

void site_secrets(struct site *site, struct config_secret *secrets, size_t count)
{
    site->config.secrets = secrets;
    site->config.secret_count = count;
    secrets_free(site->secrets);
    site->secrets = secrets_new(&site->config, NULL, NULL, 0);
}

void answer_keep(void *arg, struct span head, struct span body)
{
    struct answer *answer = arg;
    struct error err = {0};
    answer->calls++;
    answer->done = true;
    answer->head = json_parse(head, &err);
    if (!answer->head)
        fail_msg("%.*s: %s", (int)head.len, head.at, err.text);
    buffer_init(&answer->body, CONFIG_HTTP_RESPONSE_MAX + 1);
    buffer_add(&answer->body, body);
    buffer_add(&answer->body, (struct span){"", 1});
}

void answer_release(struct answer *answer)
{
    cJSON_Delete(answer->head);
    buffer_release(&answer->body);
    *answer = (struct answer){0};
}

/* Sends a whole head and waits for its answer. */
struct answer site_ask(struct site *site, const char *head, const char *body)
{
    struct answer answer = {0};
    http_send(site->http, site->secrets, span_of(head), span_of(body), NULL, 60000, answer_keep,
              &answer);
    assert_int_equal(answer.calls, 0);
    assert_true(loops_until(site->loop, &answer.done, SITE_LIMIT_MS));
    assert_int_equal(answer.calls, 1);
    return answer;
}

/* GET of an absolute URL, or of a path of the site's server. */
struct answer site_get(struct site *site, const char *where)
{
    char head[1024];
    snprintf(head, sizeof head, "{\"url\":\"%s%s\"}", *where == '/' ? server_url(site->server) : "",
             where);
    return site_ask(site, head, "");
}

int answer_status(const struct answer *answer)
{
    const cJSON *value = json_member(answer->head, "status");
    return value ? value->valueint : 0;
}

const char *answer_header(const struct answer *answer, const char *name)
{
    return json_member_text(json_member(answer->head, "headers"), name);
}

void site_assert_failed(struct answer answer, const char *code, const char *says)
{
    const cJSON *error = json_member(answer.head, "error");
    if (!error)
        fail_msg("status %d where %s was expected", answer_status(&answer), code);
    const char *message = json_member_text(error, "message");
    const char *is = json_member_text(error, "code");
    if (strcmp(is, code) != 0 || !strstr(message, says))
        fail_msg("%s: %s; expected %s: ...%s", is, message, code, says);
    assert_int_equal(answer.body.len, 1);
    answer_release(&answer);
}

struct http_request *site_start(struct site *site, const char *path, struct answer *answer)
{
    char head[256];
    snprintf(head, sizeof head, "{\"url\":\"%s%s\"}", server_url(site->server), path);
    return http_send(site->http, site->secrets, span_of(head), (struct span){0}, NULL, 60000,
                     answer_keep, answer);
}
