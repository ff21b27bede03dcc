/* The least that a function with curl in it does until it asks for work. */
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>

int main(void)
{
    char url[128];
    curl_global_init(CURL_GLOBAL_DEFAULT);
    CURL *easy = curl_easy_init();
    snprintf(url, sizeof url, "http://%s/2018-06-01/runtime/invocation/next",
             getenv("AWS_LAMBDA_RUNTIME_API"));
    curl_easy_setopt(easy, CURLOPT_URL, url);
    curl_easy_perform(easy);
    return 0;
}
