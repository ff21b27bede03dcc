/* The head of a flow's request, then (after a NUL) where a redirect points. Whatever passes has a
 * http or https URL and no header that could end early. */
#include "request.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct request *request)
{
    char *scheme = NULL;
    curl_url_get(request->url, CURLUPART_SCHEME, &scheme, 0);
    if (!scheme || (strcmp(scheme, "http") != 0 && strcmp(scheme, "https") != 0))
        abort();
    curl_free(scheme);
    for (size_t i = 0; i < request->field_count; i++)
        if (strpbrk(request->fields[i].value, "\r\n") || strpbrk(request->fields[i].name, "\r\n: "))
            abort();
    if (strpbrk(request->method, "\r\n "))
        abort();
}

static struct secrets *open_secrets(bool placeholders)
{
    struct config config = {.http_loopback_only = placeholders};
    return secrets_new(&config, NULL, NULL, 0);
}

static void parse(const char *text, size_t size, bool placeholders)
{
    struct secrets *secrets = open_secrets(placeholders);
    struct error err = {0};
    size_t head_len = strnlen(text, size);
    struct request *request =
        request_parse((struct span){text, head_len}, (struct span){"body", 0}, secrets, &err);
    if (!request) {
        secrets_free(secrets);
        return;
    }
    check(request);
    if (head_len < size) {
        char *location = mem_string((struct span){text + head_len + 1, size - head_len - 1});
        if (request_redirect(request, 303, location, &err))
            check(request);
        mem_free(location);
    }
    request_free(request);
    secrets_free(secrets);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    parse((const char *)data, size, false);
    parse((const char *)data, size, true); /* in a replay secrets have names for values */
    return 0;
}
