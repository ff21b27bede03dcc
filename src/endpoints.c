#include "endpoints.h"

#include "mem.h"

#include <curl/curl.h>
#include <string.h>
#include <strings.h>

#define URL_MAX 2048

static bool is_url(const char *url)
{
    CURLU *parsed = curl_url();
    bool good = parsed && curl_url_set(parsed, CURLUPART_URL, url, 0) == CURLUE_OK;
    curl_url_cleanup(parsed);
    return good;
}

/* Where the path begins, or NULL with err. */
static const char *check_url(const char *url, struct error *err)
{
    const char *fault = NULL, *host = url, *path = url;
    if (strncasecmp(url, "http://", 7) == 0)
        host = url + 7;
    else if (strncasecmp(url, "https://", 8) == 0)
        host = url + 8;
    path = host + strcspn(host, "/");
    if (strlen(url) > URL_MAX)
        fault = "is longer than 2048 bytes";
    else if (host == url)
        fault = "is neither http:// nor https://";
    for (const char *c = url; *c && !fault; c++)
        if ((unsigned char)*c <= 0x20 || *c == 0x7f)
            fault = "holds white space or a control character";
    if (!fault && strcspn(host, "@\\") < (size_t)(path - host))
        fault = "holds user information";
    else if (!fault && strpbrk(url, "?#"))
        fault = "holds a query or a fragment";
    else if (!fault && (path == host || !is_url(url)))
        fault = "is no URL";
    if (fault)
        error_set(err, ERROR_INPUT, "the token's callback_url %s", fault);
    return fault ? NULL : path;
}

static bool ends_with(struct span text, const char *end)
{
    size_t len = strlen(end);
    return text.len >= len && memcmp(text.at + text.len - len, end, len) == 0;
}

static char *join(const char *url, const char *end, const char *more)
{
    struct buffer joined;
    buffer_init(&joined, URL_MAX + 64);
    buffer_add(&joined, (struct span){url, (size_t)(end - url)});
    buffer_text(&joined, more);
    char *text = mem_string(buffer_span(&joined));
    buffer_release(&joined);
    return text;
}

bool endpoints_of(const char *callback_url, bool literal, char **events, char **progress,
                  struct error *err)
{
    /* what a path ends in, and what is missing after it */
    static const struct {
        const char *end, *events, *progress;
    } rules[] = {
        {"/execution", "/events", "/progress"},
        {"/api/v1", "/execution/events", "/execution/progress"},
        {"", "/api/v1/execution/events", "/api/v1/execution/progress"},
    };
    const char *url = callback_url, *path_at = check_url(url, err);
    if (!path_at)
        return false;
    struct span path = span_of(path_at);
    while (!literal && ends_with(path, "/"))
        path.len--;
    if (literal || ends_with(path, "/events")) {
        *events = join(url, path.at + path.len, "");
        while (ends_with(path, "/events"))
            path.len -= strlen("/events");
        *progress = join(url, path.at + path.len, "/progress");
        return true;
    }
    size_t i = 0;
    while (!ends_with(path, rules[i].end))
        i++;
    *events = join(url, path.at + path.len, rules[i].events);
    *progress = join(url, path.at + path.len, rules[i].progress);
    return true;
}
