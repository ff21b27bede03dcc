#include "jwks.h"

#include "mem.h"

#include <stdio.h>
#include <string.h>

#define WELL_KNOWN      "/.well-known/jwks.json"
#define BACK_OFF_MIN_MS 1000
#define BACK_OFF_MAX_MS 30000
#define NO_TIME         INT64_MAX

struct jwks {
    struct loop *loop;
    struct keys *keys;
    unsigned generation;
    struct error never; /* why no set will ever come; ERROR_NONE: one may */
    struct error last;  /* why the last fetch failed; ERROR_NONE: it did not */

    struct jwks_wait *waits;
    struct jwks_wait *leaving; /* being told, one after the other */
    struct loop_timer timer;

    char *urls[2]; /* the second is for a 404 on the first; NULL: none */
    int url;
    struct loop_transfer transfer;
    struct buffer body;
    int64_t began_ms;
    int64_t next_ms;     /* no fetch begins before */
    int64_t back_off_ms; /* after the next failure */
};

static void begin(struct jwks *jwks);

/* --- who waits ------------------------------------------------------------------------------- */

static bool is_newer(const struct jwks *jwks, const struct jwks_wait *wait)
{
    return jwks->generation > wait->generation;
}

/* Moves those who have an answer now to leaving, in order. */
static void sort_out(struct jwks *jwks)
{
    int64_t now = loop_mono_ms(jwks->loop);
    struct jwks_wait **end = &jwks->leaving;
    while (*end)
        end = &(*end)->next;
    for (struct jwks_wait **at = &jwks->waits; *at;) {
        struct jwks_wait *wait = *at;
        if (!is_newer(jwks, wait) && jwks->never.kind == ERROR_NONE && wait->deadline_ms > now) {
            at = &wait->next;
            continue;
        }
        *at = wait->next;
        wait->next = NULL;
        *end = wait;
        end = &wait->next;
    }
}

static void tell(struct jwks *jwks, struct jwks_wait *wait)
{
    struct error err = {0};
    wait->waiting = false;
    if (is_newer(jwks, wait)) {
        wait->done(wait->arg, true, &err);
        return;
    }
    if (jwks->never.kind != ERROR_NONE)
        err = jwks->never;
    else if (jwks->last.kind != ERROR_NONE)
        err = jwks->last;
    else
        error_set(&err, ERROR_UNAVAILABLE, "key set: no newer one came in time");
    wait->done(wait->arg, false, &err);
}

/* When there is something to do next: the first deadline, or the next fetch. */
static int64_t next_look_ms(const struct jwks *jwks)
{
    int64_t at_ms = NO_TIME;
    for (const struct jwks_wait *wait = jwks->waits; wait; wait = wait->next)
        if (wait->deadline_ms < at_ms)
            at_ms = wait->deadline_ms;
    if (jwks->waits && !jwks->transfer.running && jwks->next_ms < at_ms)
        at_ms = jwks->next_ms;
    return at_ms;
}

static void tell_leaving(struct jwks *jwks)
{
    while (jwks->leaving) {
        struct jwks_wait *wait = jwks->leaving;
        jwks->leaving = wait->next;
        tell(jwks, wait);
    }
}

/* The one place where anything moves: after a request, a fetch's end, or time that passed. Who is
 * told may ask again; that is looked at in the loop's next turn. */
static void look(void *arg)
{
    struct jwks *jwks = arg;
    int64_t at_ms = loop_mono_ms(jwks->loop);
    sort_out(jwks);
    if (jwks->leaving) {
        tell_leaving(jwks);
    } else {
        if (jwks->waits && !jwks->transfer.running && at_ms >= jwks->next_ms)
            begin(jwks);
        at_ms = next_look_ms(jwks);
    }
    if (at_ms == NO_TIME)
        loop_timer_stop(jwks->loop, &jwks->timer);
    else
        loop_timer_set(jwks->loop, &jwks->timer, at_ms, look, jwks);
}

void jwks_refresh(struct jwks *jwks, struct jwks_wait *wait)
{
    struct jwks_wait **end = &jwks->waits;
    jwks_forget(jwks, wait);
    while (*end)
        end = &(*end)->next;
    *end = wait;
    wait->next = NULL;
    wait->waiting = true;
    loop_timer_set(jwks->loop, &jwks->timer, loop_mono_ms(jwks->loop), look, jwks);
}

static bool unlink_wait(struct jwks_wait **at, const struct jwks_wait *wait)
{
    while (*at && *at != wait)
        at = &(*at)->next;
    if (!*at)
        return false;
    *at = wait->next;
    return true;
}

void jwks_forget(struct jwks *jwks, struct jwks_wait *wait)
{
    if (!wait->waiting)
        return;
    wait->waiting = false;
    if (!unlink_wait(&jwks->waits, wait))
        unlink_wait(&jwks->leaving, wait);
}

/* --- one fetch ------------------------------------------------------------------------------- */

static size_t take_body(char *bytes, size_t size, size_t count, void *arg)
{
    struct buffer *body = arg;
    return buffer_add(body, (struct span){bytes, size * count}) ? size * count : 0;
}

/* Nobody waits longer than the last deadline, so no request does. */
static long timeout_ms(const struct jwks *jwks)
{
    int64_t left = 1, now = loop_mono_ms(jwks->loop);
    for (const struct jwks_wait *wait = jwks->waits; wait; wait = wait->next)
        if (wait->deadline_ms - now > left)
            left = wait->deadline_ms - now;
    return left < JWKS_TIMEOUT_MS ? (long)left : JWKS_TIMEOUT_MS;
}

static void ask(struct jwks *jwks, int url)
{
    jwks->url = url;
    buffer_clear(&jwks->body);
    curl_easy_setopt(jwks->transfer.easy, CURLOPT_URL, jwks->urls[url]);
    curl_easy_setopt(jwks->transfer.easy, CURLOPT_TIMEOUT_MS, timeout_ms(jwks));
    loop_transfer_start(jwks->loop, &jwks->transfer);
}

static void begin(struct jwks *jwks)
{
    jwks->began_ms = loop_mono_ms(jwks->loop);
    ask(jwks, 0);
}

static void fetch_failed(struct jwks *jwks)
{
    jwks->next_ms = loop_mono_ms(jwks->loop) + jwks->back_off_ms;
    jwks->back_off_ms *= 2;
    if (jwks->back_off_ms > BACK_OFF_MAX_MS)
        jwks->back_off_ms = BACK_OFF_MAX_MS;
}

/* The minute counts between refreshes: the one after the first set may follow at once. */
static void fetch_succeeded(struct jwks *jwks, struct keys *keys)
{
    jwks->next_ms = jwks->keys ? jwks->began_ms + JWKS_REFRESH_MS : jwks->began_ms;
    keys_free(jwks->keys);
    jwks->keys = keys;
    jwks->generation++;
    jwks->back_off_ms = BACK_OFF_MIN_MS;
    jwks->last = (struct error){0};
}

/* The set in an answer, or NULL with err. The URL stays out of it: it may hold a password. */
static struct keys *read_answer(const struct jwks *jwks, CURLcode result, long status,
                                struct error *err)
{
    struct error why = {0};
    struct keys *keys = NULL;
    if (result == CURLE_WRITE_ERROR)
        error_set(err, ERROR_UNAVAILABLE, "key set: answer over %d bytes", CLAIMS_JWKS_MAX);
    else if (result != CURLE_OK)
        error_set(err, ERROR_UNAVAILABLE, "key set: %s", curl_easy_strerror(result));
    else if (status / 100 != 2)
        error_set(err, ERROR_UNAVAILABLE, "key set: the API answered %ld", status);
    else if (!(keys = keys_from_jwks(buffer_span(&jwks->body), &why)))
        error_set(err, ERROR_UNAVAILABLE, "key set: the API answered no JWKS: %s", why.text);
    return keys;
}

static void fetched(void *arg, CURLcode result)
{
    struct jwks *jwks = arg;
    long status = 0;
    curl_easy_getinfo(jwks->transfer.easy, CURLINFO_RESPONSE_CODE, &status);
    if (result == CURLE_OK && status == 404 && jwks->url == 0 && jwks->urls[1]) {
        ask(jwks, 1);
        return;
    }
    struct keys *keys = read_answer(jwks, result, status, &jwks->last);
    if (keys)
        fetch_succeeded(jwks, keys);
    else
        fetch_failed(jwks);
    look(jwks);
}

/* --- life ------------------------------------------------------------------------------------ */

static char *join(const char *base, size_t base_len, const char *path)
{
    size_t size = base_len + strlen(path) + 1;
    char *url = mem_new(size);
    snprintf(url, size, "%.*s%s", (int)base_len, base, path);
    return url;
}

/* What operators set is an origin, the API's base, or the base of the execution routes. */
static void set_urls(struct jwks *jwks, const char *base)
{
    static const char own[] = "/execution";
    size_t len = strlen(base), own_len = sizeof own - 1;
    while (len > 0 && base[len - 1] == '/')
        len--;
    if (len >= own_len && memcmp(base + len - own_len, own, own_len) == 0) {
        jwks->urls[0] = join(base, len, WELL_KNOWN);
        return;
    }
    jwks->urls[0] = join(base, len, "/execution" WELL_KNOWN);
    jwks->urls[1] = join(base, len, "/api/v1/execution" WELL_KNOWN);
}

static bool open_transfer(struct jwks *jwks, const struct config *config, struct error *err)
{
    CURL *easy = curl_easy_init();
    if (!easy)
        return error_set(err, ERROR_SYSTEM, "key set: curl cannot start");
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L); /* a slow resolver must not hold up jwks_free */
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "moonmill/" MOONMILL_VERSION);
    loop_trust(jwks->loop, easy, config->ca_file);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, &jwks->body);
    jwks->transfer =
        (struct loop_transfer){.easy = easy, .done = fetched, .arg = jwks, .cache = LOOP_OWN};
    return true;
}

static bool use_backend_pub(struct jwks *jwks, const char *base64, struct error *err)
{
    jwks->keys = keys_from_backend_pub(base64, err);
    if (!jwks->keys)
        return false;
    jwks->generation = 1;
    error_set(&jwks->never, ERROR_KEY, "key set: BACKEND_PUB is the only key and never changes");
    return true;
}

struct jwks *jwks_new(struct loop *loop, const struct config *config, struct error *err)
{
    struct jwks *jwks = mem_new(sizeof *jwks);
    bool good = true;
    jwks->loop = loop;
    jwks->next_ms = loop_mono_ms(loop);
    jwks->back_off_ms = BACK_OFF_MIN_MS;
    buffer_init(&jwks->body, CLAIMS_JWKS_MAX);
    if (config->backend_pub) {
        good = use_backend_pub(jwks, config->backend_pub, err);
    } else if (config->api_url) {
        set_urls(jwks, config->api_url);
        good = open_transfer(jwks, config, err);
    } else {
        error_set(&jwks->never, ERROR_MISSING,
                  "key set: none of BACKEND_PUB, API_URL and CALLBACK_BASE_URL is set");
    }
    if (good)
        return jwks;
    jwks_free(jwks);
    return NULL;
}

void jwks_free(struct jwks *jwks)
{
    if (!jwks)
        return;
    loop_timer_stop(jwks->loop, &jwks->timer);
    loop_transfer_cancel(jwks->loop, &jwks->transfer);
    curl_easy_cleanup(jwks->transfer.easy);
    buffer_release(&jwks->body);
    keys_free(jwks->keys);
    mem_free(jwks->urls[0]);
    mem_free(jwks->urls[1]);
    mem_free(jwks);
}

const struct keys *jwks_keys(const struct jwks *jwks)
{
    return jwks->keys;
}

unsigned jwks_generation(const struct jwks *jwks)
{
    return jwks->generation;
}
