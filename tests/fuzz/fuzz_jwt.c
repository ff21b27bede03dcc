/* A token, a key set and BACKEND_PUB as whoever sends them might write them. */
#include "claims.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define NOW_MS INT64_C(1771683600000)

static const char key_set[] = "{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"kid\":\"test-key-1\","
                              "\"x\":\"m_XR_zWjooUh_T6aFas8X1FMbVzUrcbu9uQk5MvpBjc\","
                              "\"y\":\"K98Cd_zmGnPPTLElZuGppqd7Q8qsxf2xJ0Phk3AuFG4\"}]}";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What came through must be the job's, and nothing fails without saying why. */
static void verify(const struct keys *keys, char *token)
{
    char run[] = "run-1", app[] = "app-1", board[] = "board-1";
    struct job job = {.run_id = run, .app_id = app, .board_id = board, .executor_jwt = token};
    struct error err = {0};
    struct claims *claims = claims_verify(keys, &job, NOW_MS, &err);
    if (claims ? !keys || strcmp(claims_run_id(claims), run) != 0
               : err.kind != ERROR_TRUST && err.kind != ERROR_KEY)
        abort();
    claims_free(claims);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct keys *keys;
    struct span input = {(const char *)data, size};
    if (!keys)
        keys = keys_from_jwks(span_of(key_set), NULL);
    char *text = mem_string(input);
    verify(keys, text);
    verify(NULL, text);
    keys_free(keys_from_jwks(input, NULL));
    keys_free(keys_from_backend_pub(text, NULL));
    mem_free(text);
    return 0;
}
