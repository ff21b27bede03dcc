#include "post.h"

#include "trace.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

static size_t take_answer(char *data, size_t size, size_t count, void *arg)
{
    struct post *post = arg;
    if (buffer_add(&post->answer, (struct span){data, size * count}))
        return size * count;
    post->cut = true;
    return CURL_WRITEFUNC_ERROR;
}

/* Sees every line of a head, the empty one at its end too. An interim answer has a head of its own.
 */
static size_t take_head_line(char *line, size_t size, size_t count, void *arg)
{
    struct post *post = arg;
    struct span text = {line, size * count};
    if (text.len >= 5 && memcmp(line, "HTTP/", 5) == 0)
        post->whole_head = false;
    else if (span_is(text, "\r\n") || span_is(text, "\n"))
        post->whole_head = true;
    return text.len;
}

/* What stands in a header line may not begin another. */
static bool is_one_line(const char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < 0x20 || *text == 0x7f)
            return false;
    return true;
}

static bool make_id(char id[POST_ID_SIZE], struct error *err)
{
    unsigned char bytes[(POST_ID_SIZE - 1) / 2];
    if (getrandom(bytes, sizeof bytes, 0) != sizeof bytes)
        return error_set(err, ERROR_SYSTEM, "no random numbers for an idempotency key");
    for (size_t i = 0; i < sizeof bytes; i++)
        snprintf(id + 2 * i, 3, "%02x", bytes[i]);
    return true;
}

static void set_options(struct post *post)
{
    CURL *easy = post->easy;
    curl_easy_setopt(easy, CURLOPT_POST, 1L);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "moonmill/" MOONMILL_VERSION);
    /* a cancelled transfer must not wait for a slow name server: the deadline is near */
    curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_answer);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, post);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, take_head_line);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, post);
}

bool post_init(struct post *post, const char *token, const char *trace, struct error *err)
{
    struct post made = {0};
    if (!is_one_line(token))
        return error_set(err, ERROR_INPUT, "the token holds a control character");
    if (!make_id(made.id, err))
        return false;
    made.easy = curl_easy_init();
    if (!made.easy)
        return error_set(err, ERROR_SYSTEM, "no curl handle");
    made.token = mem_copy(token);
    made.trace = trace && is_one_line(trace) ? mem_copy(trace) : NULL;
    buffer_init(&made.answer, ANSWER_BODY_MAX);
    *post = made;
    set_options(post);
    return true;
}

static void drop_headers(struct post *post)
{
    curl_easy_setopt(post->easy, CURLOPT_HTTPHEADER, NULL);
    for (struct curl_slist *each = post->headers; each; each = each->next)
        mem_wipe(each->data, strlen(each->data));
    curl_slist_free_all(post->headers);
    post->headers = NULL;
}

void post_release(struct post *post)
{
    if (!post->easy)
        return;
    drop_headers(post);
    curl_easy_cleanup(post->easy);
    mem_free_secret(post->token);
    mem_free(post->trace);
    buffer_release(&post->answer);
    *post = (struct post){0};
}

/* Built in one piece of the right size: a buffer that grows leaves copies behind. */
static void add_header(struct post *post, const char *start, const char *rest)
{
    size_t start_len = strlen(start), rest_len = strlen(rest);
    char *line = mem_new(start_len + rest_len + 1);
    memcpy(line, start, start_len);
    memcpy(line + start_len, rest, rest_len);
    post->headers = curl_slist_append(post->headers, line);
    mem_free_secret(line);
}

static void add_trace(struct post *post)
{
    char parent[TRACE_PARENT_SIZE];
    if (!post->trace)
        return;
    add_header(post, "X-Amzn-Trace-Id: ", post->trace);
    if (trace_parent(post->trace, parent))
        add_header(post, "traceparent: ", parent);
}

void post_prepare(struct post *post, const char *url, const char *key, struct span body,
                  int64_t timeout_ms)
{
    CURL *easy = post->easy;
    char whole_key[POST_ID_SIZE + POST_KEY_SIZE];
    snprintf(whole_key, sizeof whole_key, "%s-%s", post->id, key);
    drop_headers(post);
    add_header(post, "Authorization: Bearer ", post->token);
    add_header(post, "Content-Type: ", "application/json");
    add_header(post, "Idempotency-Key: ", whole_key);
    add_header(post, "Expect:", ""); /* takes curl's own away: it would wait for a 100 */
    add_trace(post);
    buffer_clear(&post->answer);
    post->cut = post->whole_head = false;
    /* for curl 0 means no timeout at all */
    long timeout = timeout_ms < 1 ? 1 : timeout_ms > INT_MAX ? INT_MAX : (long)timeout_ms;
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, post->headers);
    curl_easy_setopt(easy, CURLOPT_URL, url);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, timeout);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body.len);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body.at);
}

/* For curl a head that ends in the middle is an answer without a body: as if it were a proof. */
static CURLcode true_result(const struct post *post, CURLcode result)
{
    if (post->cut)
        return CURLE_OK;
    return result == CURLE_OK && !post->whole_head ? CURLE_PARTIAL_FILE : result;
}

struct answer post_answer(struct post *post, enum answer_push push, CURLcode result,
                          int64_t wall_ms)
{
    struct answer answer = {.push = push,
                            .result = true_result(post, result),
                            .body = buffer_span(&post->answer),
                            .cut = post->cut,
                            .wall_ms = wall_ms};
    struct curl_header *header;
    curl_off_t took_us = 0;
    curl_easy_getinfo(post->easy, CURLINFO_RESPONSE_CODE, &answer.status);
    curl_easy_getinfo(post->easy, CURLINFO_TOTAL_TIME_T, &took_us);
    answer.took_ms = took_us / 1000;
    if (curl_easy_header(post->easy, "Retry-After", 0, CURLH_HEADER, -1, &header) == CURLHE_OK)
        answer.retry_after = header->value;
    return answer;
}

void post_describe(const char *url, const struct answer *answer, struct error *err)
{
    const char *host = strstr(url, "://") + 3;
    const char *path = host + strcspn(host, "/");
    char text[ANSWER_TEXT_SIZE];
    answer_text(answer, text);
    error_set(err, ERROR_UNAVAILABLE, "POST %.300s: %s", *path ? path : "/", text);
}
