#include "reach.h"

#include <curl/curl.h>
#include <stdio.h>
#include <string.h>

bool reach_origin(const char *url, char *origin, size_t size)
{
    char *scheme = NULL, *host = NULL, *port = NULL;
    CURLU *parsed = curl_url();
    bool good = parsed && curl_url_set(parsed, CURLUPART_URL, url, 0) == CURLUE_OK &&
                curl_url_get(parsed, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
                curl_url_get(parsed, CURLUPART_HOST, &host, 0) == CURLUE_OK &&
                (strcmp(scheme, "http") == 0 || strcmp(scheme, "https") == 0);
    if (good && curl_url_get(parsed, CURLUPART_PORT, &port, 0) == CURLUE_OK)
        snprintf(origin, size, "%s://%s:%s", scheme, host, port);
    else if (good)
        snprintf(origin, size, "%s://%s", scheme, host);
    curl_free(scheme);
    curl_free(host);
    curl_free(port);
    curl_url_cleanup(parsed);
    return good;
}

/* What to do, by what the connection ended with. */
static const char *remedy_of(CURLcode code)
{
    switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
        return "check the name, and that this machine has a name server";
    case CURLE_COULDNT_CONNECT:
        return "check address and port, and that the API runs";
    case CURLE_OPERATION_TIMEDOUT:
        return "check routes and firewalls; a function in a VPC needs a NAT gateway to get out";
    case CURLE_PEER_FAILED_VERIFICATION:
        return "let SSL_CERT_FILE name a bundle that holds the certificate's issuer, and check the "
               "name in the certificate";
    case CURLE_SSL_CACERT_BADFILE:
        return "let SSL_CERT_FILE name a CA bundle";
    default:
        return "see that the API is served there";
    }
}

bool reach_try(const char *url, const char *ca_file, int64_t timeout_ms, struct error *err)
{
    char said[CURL_ERROR_SIZE] = "", origin[512];
    if (!reach_origin(url, origin, sizeof origin))
        return error_set(err, ERROR_UNAVAILABLE, "is no http or https URL; set the API's address");
    CURL *easy = curl_easy_init();
    if (!easy)
        return error_set(err, ERROR_SYSTEM, "libcurl does not start");
    curl_easy_setopt(easy, CURLOPT_URL, origin);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_PROXY, ""); /* the runtime heeds none */
    curl_easy_setopt(easy, CURLOPT_CONNECT_ONLY, 1L);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L); /* a slow name server is not waited for */
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)timeout_ms);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, said);
    if (ca_file)
        curl_easy_setopt(easy, CURLOPT_CAINFO, ca_file);
    CURLcode code = curl_easy_perform(easy);
    if (code != CURLE_OK)
        error_set(err, ERROR_UNAVAILABLE, "%s: %s; %s", origin,
                  *said ? said : curl_easy_strerror(code), remedy_of(code));
    curl_easy_cleanup(easy);
    return code == CURLE_OK;
}
