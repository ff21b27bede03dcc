#include "stand_in.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define URL_FIELD     "X-Moonmill-Url"
#define HEADERS_FIELD "X-Moonmill-Headers" /* the names of the flow's own */
#define TIMEOUT_FIELD "X-Moonmill-Timeout" /* in ms */

static bool is_this_machine(const char *host)
{
    return strcmp(host, STAND_IN_HOST) == 0 || strcmp(host, "localhost") == 0 ||
           strcmp(host, "[::1]") == 0;
}

static bool is_port(CURLU *url, int port)
{
    char *text = NULL;
    curl_url_get(url, CURLUPART_PORT, &text, CURLU_DEFAULT_PORT);
    bool same = text && strtol(text, NULL, 10) == port;
    curl_free(text);
    return same;
}

/* Every host but this machine, or that one too, but for the stand-in itself. */
CURLU *stand_in_for(const struct config *config, const struct request *asked)
{
    int port = config->http_stand_in_port;
    char text[64];
    if (!port ||
        (is_this_machine(asked->host) && (!config->http_stand_in_all || is_port(asked->url, port))))
        return NULL;
    snprintf(text, sizeof text, "http://" STAND_IN_HOST ":%d/", port);
    CURLU *url = curl_url();
    curl_url_set(url, CURLUPART_URL, text, 0);
    return url;
}

void stand_in_describe(const struct request *asked, int64_t left_ms, stand_in_add_fn *add,
                       void *arg)
{
    char *url = NULL, left[32];
    struct buffer names;
    if (curl_url_get(asked->url, CURLUPART_URL, &url, 0) == CURLUE_OK)
        add(arg, URL_FIELD, url);
    curl_free(url);
    buffer_init(&names, REQUEST_FIELDS_BYTES_MAX);
    for (size_t i = 0; i < asked->field_count; i++)
        buffer_format(&names, "%s%s", i ? "," : "", asked->fields[i].name);
    buffer_add(&names, (struct span){"", 1});
    add(arg, HEADERS_FIELD, names.data);
    buffer_release(&names);
    snprintf(left, sizeof left, "%lld", (long long)left_ms);
    add(arg, TIMEOUT_FIELD, left);
}

const char *stand_in_failure(const char *value, const char **message)
{
    static const char *const codes[] = {"net.denied",  "net.dns",       "net.connect",  "net.tls",
                                        "net.timeout", "net.too_large", "net.protocol", NULL};
    size_t len = strcspn(value, " ");
    for (size_t i = 0; codes[i]; i++) {
        if (!span_is((struct span){value, len}, codes[i]))
            continue;
        *message = value + len + strspn(value + len, " ");
        return codes[i];
    }
    return NULL;
}
