#include "tokens.h"

#include "bearer.h"

#include <stdlib.h>
#include <string.h>

/* Where a token of the event's own sends its callbacks is for the token to say. */
static bool check_token(const char *token, const char *callback, size_t number, struct error *err)
{
    char *url = bearer_claim(token, "callback_url");
    bool same = url && strcmp(url, callback) == 0;
    if (!same)
        error_set(err, ERROR_INPUT,
                  "the token of record %zu says %.200s, not --callback %.200s; its claim counts",
                  number, url ? url : "no callback_url", callback);
    mem_free(url);
    return same;
}

bool tokens_check(const struct fixture *fixture, const char *callback, bool *own, struct error *err)
{
    size_t theirs = 0, minted = 0;
    for (size_t i = 0; i < fixture->count; i++) {
        const struct fixture_record *record = &fixture->records[i];
        minted += record->minted;
        if (!record->token || record->minted)
            continue;
        theirs++;
        if (!check_token(record->token, callback, i + 1, err))
            return false;
    }
    *own = theirs > 0;
    if (theirs && minted)
        return error_set(err, ERROR_INPUT,
                         "%zu records bring a token and %zu a placeholder; one key cannot be for "
                         "both",
                         theirs, minted);
    return !theirs || getenv("BACKEND_PUB") || getenv("API_URL") ||
           error_set(err, ERROR_INPUT,
                     "the records bring their tokens; set BACKEND_PUB or API_URL to the key");
}
