#include "unwritten.h"

#include "job.h"
#include "secrets.h"

#include <curl/curl.h>
#include <stdbool.h>
#include <string.h>

#define REDACTED    "[secret:"
#define PLACEHOLDER "secret:"

/* What one job brings. */
struct hidden {
    struct secrets *secrets;
    char *token;
    struct hidden *next;
};

struct unwritten {
    const struct config *config;
    int64_t wall_ms;
    struct hidden *first;
};

static void add(struct unwritten *unwritten, const struct job *job)
{
    struct hidden *hidden = mem_new(sizeof *hidden);
    hidden->secrets = secrets_new(unwritten->config, NULL, job, unwritten->wall_ms);
    hidden->token = mem_copy(job ? job->executor_jwt : NULL);
    hidden->next = unwritten->first;
    unwritten->first = hidden;
}

struct unwritten *unwritten_new(const struct config *config, int64_t wall_ms)
{
    struct unwritten *unwritten = mem_new(sizeof *unwritten);
    *unwritten = (struct unwritten){.config = config, .wall_ms = wall_ms};
    add(unwritten, NULL); /* the operator's */
    return unwritten;
}

void unwritten_free(struct unwritten *unwritten)
{
    if (!unwritten)
        return;
    while (unwritten->first) {
        struct hidden *gone = unwritten->first;
        unwritten->first = gone->next;
        secrets_free(gone->secrets);
        mem_free_secret(gone->token);
        mem_free(gone);
    }
    mem_free(unwritten);
}

void unwritten_add(struct unwritten *unwritten, struct span text)
{
    struct job *job = job_parse(text, NULL);
    if (job)
        add(unwritten, job);
    job_free(job);
}

/* Replaces in place; to is not longer than from. */
static size_t replace(char *bytes, size_t len, const char *from, const char *to)
{
    size_t from_len = strlen(from), to_len = strlen(to), at = 0;
    char *found;
    while (from_len && (found = memmem(bytes + at, len - at, from, from_len))) {
        size_t begin = (size_t)(found - bytes), rest = len - begin - from_len;
        memcpy(found, to, to_len);
        memmove(found + to_len, found + from_len, rest);
        len -= from_len - to_len;
        at = begin + to_len;
    }
    return len;
}

/* "[secret:shop]" becomes "secret:shop", which is what flows get in a replay. */
static size_t use_placeholders(char *bytes, size_t len)
{
    char *found;
    size_t at = 0;
    while ((found = memmem(bytes + at, len - at, REDACTED, strlen(REDACTED)))) {
        size_t begin = (size_t)(found - bytes);
        char *end = memchr(found, ']', len - begin);
        if (!end)
            break;
        size_t inner = (size_t)(end - found) - 1;
        memmove(found, found + 1, inner);
        memmove(found + inner, end + 1, len - (size_t)(end + 1 - bytes));
        len -= 2;
        at = begin + inner;
    }
    return len;
}

void unwritten_spell(char *bytes, size_t len)
{
    char *found = bytes, *end = bytes + len;
    while ((found = memmem(found, (size_t)(end - found), PLACEHOLDER, strlen(PLACEHOLDER)))) {
        for (found += strlen(PLACEHOLDER); found < end; found++) {
            if (*found >= 'a' && *found <= 'z')
                *found += 'A' - 'a';
            else if (*found == '.' || *found == '-')
                *found = '_';
            else if (!(*found >= 'A' && *found <= 'Z') && !(*found >= '0' && *found <= '9') &&
                     *found != '_')
                break;
        }
    }
}

char *unwritten_clean(const struct unwritten *unwritten, struct span text, size_t *len)
{
    char *bytes = mem_string(text);
    *len = text.len;
    for (const struct hidden *each = unwritten->first; each; each = each->next) {
        *len = secrets_redact(each->secrets, (struct span){bytes, *len}, bytes);
        if (each->token && strlen(each->token) > strlen("[token]"))
            *len = replace(bytes, *len, each->token, "[token]");
    }
    bytes[*len] = '\0';
    return bytes;
}

char *unwritten_clean_request(const struct unwritten *unwritten, struct span text, size_t *len)
{
    char *bytes = unwritten_clean(unwritten, text, len);
    *len = use_placeholders(bytes, *len);
    bytes[*len] = '\0';
    unwritten_spell(bytes, *len);
    return bytes;
}

/* A secret may stand in a URL with its odd letters encoded. */
char *unwritten_clean_url(const struct unwritten *unwritten, const char *url)
{
    int plain_len = 0;
    size_t len;
    char *cleaned = unwritten_clean_request(unwritten, span_of(url), &len);
    char *plain = curl_easy_unescape(NULL, url, 0, &plain_len);
    struct span text = {plain, plain ? (size_t)plain_len : 0};
    char *unescaped = unwritten_clean_request(unwritten, text, &len);
    bool hides = plain && !span_equal((struct span){unescaped, len}, text);
    mem_free(hides ? cleaned : unescaped);
    curl_free(plain);
    return hides ? unescaped : cleaned;
}
