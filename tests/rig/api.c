#include "api.h"

#include "loops.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* --- the server's side ----------------------------------------------------------------------- */

static bool ends_with(const char *text, const char *end)
{
    size_t len = strlen(text), end_len = strlen(end);
    return len >= end_len && strcmp(text + len - end_len, end) == 0;
}

static bool applies(const struct api_rule *rule, const struct server_request *request)
{
    return rule->times != 0 && ends_with(request->path, rule->path) &&
           (!rule->holds || strstr(request->body.at, rule->holds)) &&
           request->body.len >= rule->over_bytes;
}

static void record(struct api *api, const struct server_request *request)
{
    if (api->seen_count == API_SEEN_MAX)
        return;
    struct api_seen *seen = &api->seen[api->seen_count++];
    const char *key = server_header(request, "Idempotency-Key");
    snprintf(seen->path, sizeof seen->path, "%s", request->path);
    snprintf(seen->key, sizeof seen->key, "%s", key ? key : "");
    snprintf(seen->headers, sizeof seen->headers, "%s %s", request->method, request->headers);
    seen->body = mem_string(request->body);
    seen->connection = request->connection;
    seen->at_ms = clock_mono_ms(&(struct clock){0});
}

static struct server_answer answer(void *arg, const struct server_request *request)
{
    struct api *api = arg;
    struct server_answer answer = {.status = 200, .body = "{\"accepted\":1,\"next_sequence\":2}"};
    if (ends_with(request->path, "progress"))
        answer.body = "{\"accepted\":true,\"status\":\"Running\"}";
    pthread_mutex_lock(&api->lock);
    record(api, request);
    for (size_t i = 0; i < API_RULES_MAX; i++) {
        struct api_rule *rule = &api->rules[i];
        if (!rule->path || !applies(rule, request))
            continue;
        rule->times -= rule->times > 0;
        answer = rule->answer;
        break;
    }
    pthread_mutex_unlock(&api->lock);
    return answer;
}

/* --- the user's side ------------------------------------------------------------------------- */

static void free_callback(struct api *api)
{
    callback_free(api->callback);
    api->callback = NULL;
}

static void on_opened(void *arg, enum callback_open how)
{
    struct api *api = arg;
    assert_int_equal(api->ends, 0);
    api->opens++;
    api->how_opened = how;
    api->opened = true;
    if (api->frees_on_opened)
        free_callback(api);
}

static void on_stopped(void *arg, enum callback_stop how, const char *why)
{
    struct api *api = arg;
    assert_int_equal(api->ends, 0);
    if (how == CALLBACK_POISONED) {
        api->poisons++;
        api->poisoned = true;
        snprintf(api->poison, sizeof api->poison, "%s", why);
    } else {
        api->stops++;
        api->stopped = true;
        api->how_stopped = how;
        snprintf(api->why, sizeof api->why, "%s", why);
    }
    if (api->frees_on_stopped)
        free_callback(api);
}

static void on_room(void *arg)
{
    struct api *api = arg;
    assert_int_equal(api->ends, 0);
    api->rooms++;
    api->room = true;
    if (api->frees_on_room)
        free_callback(api);
}

static void on_ended(void *arg, enum callback_proof proof, const char *why)
{
    struct api *api = arg;
    api->ends++;
    api->proof = proof;
    api->ended = true;
    snprintf(api->why, sizeof api->why, "%s", why);
    if (api->frees_on_ended)
        free_callback(api);
}

/* --- life ------------------------------------------------------------------------------------ */

void api_serve(struct api *api, int port)
{
    api->server = server_start(port, answer, api);
}

int api_set_up(void **state)
{
    struct api *api = mem_new(sizeof *api);
    pthread_mutex_init(&api->lock, NULL);
    api_serve(api, 0);
    api->loop = loop_new(&api->clock, NULL);
    assert_non_null(api->loop);
    api->config = (struct config){.batch_interval_ms = 20,
                                  .max_batch_size = 100,
                                  .callback_timeout_ms = 5000,
                                  .callback_retries = 1,
                                  .event_limit_bytes = 256 * 1024,
                                  .buffer_limit_bytes = 4 * 1024 * 1024,
                                  .flush_ms = 5000};
    api->left_ms = 60000;
    api->log_file = tmpfile();
    assert_non_null(api->log_file);
    api->log = (struct log){.clock = &api->clock, .fd = fileno(api->log_file), .json = true};
    *state = api;
    return 0;
}

char *api_log(struct api *api)
{
    struct buffer text;
    char chunk[4096];
    ssize_t got;
    off_t at = 0;
    buffer_init(&text, 1024 * 1024);
    while ((got = pread(fileno(api->log_file), chunk, sizeof chunk, at)) > 0) {
        buffer_add(&text, (struct span){chunk, (size_t)got});
        at += got;
    }
    char *log = mem_string(buffer_span(&text));
    buffer_release(&text);
    return log;
}

int api_tear_down(void **state)
{
    struct api *api = *state;
    char *log = api_log(api);
    bool leaks = strstr(log, API_TOKEN) || strstr(api->why, API_TOKEN);
    mem_free(log);
    callback_free(api->callback);
    loop_free(api->loop);
    server_stop(api->server);
    for (size_t i = 0; i < api->seen_count; i++)
        mem_free(api->seen[i].body);
    pthread_mutex_destroy(&api->lock);
    fclose(api->log_file);
    mem_free(api->base);
    mem_free(api);
    return leaks ? -1 : 0;
}

void api_rule(struct api *api, struct api_rule rule)
{
    pthread_mutex_lock(&api->lock);
    size_t i = 0;
    while (i < API_RULES_MAX && api->rules[i].path)
        i++;
    assert_in_range(i, 0, API_RULES_MAX - 1);
    api->rules[i] = rule;
    pthread_mutex_unlock(&api->lock);
}

void api_new_callback(struct api *api)
{
    struct error err = {0};
    struct callback_spec spec = {.callback_url = api->base ? api->base : server_url(api->server),
                                 .token = API_TOKEN,
                                 .trace = API_TRACE,
                                 .deadline_ms = loop_mono_ms(api->loop) + api->left_ms};
    struct callback_user user = {api, on_opened, on_stopped, on_room, on_ended, NULL};
    api->callback = callback_new(api->loop, &api->config, &api->log, &spec, &user, &err);
    if (!api->callback)
        fail_msg("%s", err.text);
}

void api_open(struct api *api)
{
    api_new_callback(api);
    callback_open(api->callback);
    assert_true(loops_until(api->loop, &api->opened, API_LIMIT_MS));
}

void api_event(struct api *api, const char *type, const char *payload)
{
    callback_event(api->callback, type, span_of(payload));
}

void api_numbers(struct api *api, int from, int to)
{
    char payload[16];
    for (; from <= to; from++) {
        snprintf(payload, sizeof payload, "%d", from);
        api_event(api, "n", payload);
    }
}

void api_start_over(struct api *api)
{
    callback_free(api->callback);
    api->callback = NULL;
    pthread_mutex_lock(&api->lock);
    for (size_t i = 0; i < api->seen_count; i++)
        mem_free(api->seen[i].body);
    memset(api->rules, 0, sizeof api->rules);
    api->seen_count = 0;
    pthread_mutex_unlock(&api->lock);
    api->opens = api->rooms = api->poisons = api->stops = api->ends = 0;
    api->opened = api->stopped = api->poisoned = api->ended = api->room = false;
}

void api_say_one_event(struct api *api)
{
    api_numbers(api, 1, 1);
    callback_finish(api->callback, true, -1, NULL);
}

/* --- what came of it ------------------------------------------------------------------------- */

void api_expect_end(struct api *api, enum callback_proof proof)
{
    if (!loops_until(api->loop, &api->ended, API_LIMIT_MS))
        fail_msg("it did not end");
    if (api->callback)
        loops_for(api->loop, 10); /* nothing comes after it */
    assert_int_equal(api->ends, 1);
    if (api->proof != proof)
        fail_msg("proof %d, wanted %d: %s", (int)api->proof, (int)proof, api->why);
}

size_t api_requests(struct api *api)
{
    pthread_mutex_lock(&api->lock);
    size_t count = api->seen_count;
    pthread_mutex_unlock(&api->lock);
    return count;
}

void api_expect_requests(struct api *api, size_t count)
{
    int64_t end_ms = loop_mono_ms(api->loop) + API_LIMIT_MS;
    while (api_requests(api) < count) {
        if (loop_mono_ms(api->loop) > end_ms)
            fail_msg("%zu requests, waited for %zu", api_requests(api), count);
        loops_for(api->loop, 2);
    }
}

void api_check_bodies(struct api *api, size_t first, const char *const *bodies, size_t count)
{
    size_t at = first;
    pthread_mutex_lock(&api->lock);
    for (size_t i = 0; i < count; i++, at++) {
        while (i > 0 && at < api->seen_count &&
               strcmp(api->seen[at].key, api->seen[at - 1].key) == 0)
            at++;
        if (at >= api->seen_count)
            fail_msg("no request for %s", bodies[i]);
        assert_string_equal(api->seen[at].body, bodies[i]);
    }
    pthread_mutex_unlock(&api->lock);
}

size_t api_count(struct api *api, const char *text)
{
    size_t count = 0;
    pthread_mutex_lock(&api->lock);
    for (size_t i = 0; i < api->seen_count; i++)
        for (const char *at = api->seen[i].body; (at = strstr(at, text)); at += strlen(text))
            count++;
    pthread_mutex_unlock(&api->lock);
    return count;
}
