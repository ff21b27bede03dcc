#include "jwks.h"

#include "loops.h"
#include "mint.h"
#include "server.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define PRIVATE    TEST_DATA "/test-ec-private.pem"
#define SHORT_PATH "/execution/.well-known/jwks.json"
#define LONG_PATH  "/api/v1/execution/.well-known/jwks.json"
#define LIMIT_MS   10000 /* for what happens soon; slow machines included */
#define A_WHILE_MS 200   /* in which what must not happen could have */

/* What the API answers, by path; written by the test between requests. */
struct api {
    const char *path; /* where the set is served; NULL: everywhere */
    const char *set;
    int status;       /* of that answer */
    atomic_int asked; /* requests so far */
    atomic_int hits;  /* those for path */
    bool own_agent, bare;
};

struct house {
    struct clock clock;
    struct loop *loop;
    struct server *server;
    struct api api;
    char *set;
    struct config config;
    struct jwks *jwks;
};

/* Who waits, and what was said. */
struct asker {
    struct jwks_wait wait;
    bool told, newer;
    struct error err;
};

static struct server_answer serve(void *arg, const struct server_request *request)
{
    struct api *api = arg;
    const char *agent = server_header(request, "User-Agent");
    api->own_agent = agent && strcmp(agent, "moonmill/" MOONMILL_VERSION) == 0;
    api->bare = !server_header(request, "Authorization") && strcmp(request->method, "GET") == 0;
    api->asked++;
    if (api->path && strcmp(request->path, api->path) != 0)
        return (struct server_answer){.status = 404};
    api->hits++;
    return (struct server_answer){.status = api->status, .body = api->set};
}

static int open_house(void **state)
{
    struct house *house = mem_new(sizeof *house);
    house->set = mint_jwks(PRIVATE, "test-key-1", NULL, NULL);
    house->api.set = house->set;
    house->api.status = 200;
    house->loop = loop_new(&house->clock, NULL);
    house->server = server_start(0, serve, &house->api);
    house->config.api_url = mem_copy(server_url(house->server));
    house->jwks = jwks_new(house->loop, &house->config, NULL);
    *state = house;
    return house->loop && house->jwks ? 0 : -1;
}

static int close_house(void **state)
{
    struct house *house = *state;
    jwks_free(house->jwks);
    server_stop(house->server);
    loop_free(house->loop);
    mem_free(house->config.api_url);
    mem_free(house->set);
    mem_free(house);
    return 0;
}

/* The actor of another configuration, on the same loop. */
static void open_again(struct house *house, const char *api_url)
{
    jwks_free(house->jwks);
    mem_free(house->config.api_url);
    house->config.api_url = mem_copy(api_url);
    house->jwks = jwks_new(house->loop, &house->config, NULL);
    assert_non_null(house->jwks);
}

static void hear(void *arg, bool newer, const struct error *err)
{
    struct asker *asker = arg;
    assert_false(asker->told);
    asker->told = true;
    asker->newer = newer;
    asker->err = *err;
}

/* Asks for a set newer than the one there is. */
static void ask(struct house *house, struct asker *asker, int64_t wait_ms)
{
    *asker = (struct asker){0};
    asker->wait = (struct jwks_wait){.generation = jwks_generation(house->jwks),
                                     .deadline_ms = loop_mono_ms(house->loop) + wait_ms,
                                     .done = hear,
                                     .arg = asker};
    jwks_refresh(house->jwks, &asker->wait);
    assert_false(asker->told);
}

static void expect_newer(struct house *house, struct asker *asker)
{
    if (!loops_until(house->loop, &asker->told, LIMIT_MS) || !asker->newer)
        fail_msg("no newer set: %s", asker->err.text);
}

static void expect_none(struct house *house, struct asker *asker, const char *text)
{
    assert_true(loops_until(house->loop, &asker->told, LIMIT_MS));
    if (asker->newer || !strstr(asker->err.text, text))
        fail_msg("wanted '%s', got '%s'", text, asker->err.text);
}

static void jwks_refresh_fetches_the_set_when_first_asked(void **state)
{
    struct house *house = *state;
    struct asker asker;
    loops_for(house->loop, A_WHILE_MS);
    assert_int_equal(house->api.asked, 0);
    assert_null(jwks_keys(house->jwks));
    assert_int_equal(jwks_generation(house->jwks), 0);
    ask(house, &asker, LIMIT_MS);
    expect_newer(house, &asker);
    assert_non_null(jwks_keys(house->jwks));
    assert_int_equal(jwks_generation(house->jwks), 1);
    assert_int_equal(house->api.asked, 1);
    assert_true(house->api.own_agent);
    assert_true(house->api.bare);
}

static void jwks_finds_the_set_under_every_base_that_operators_write(void **state)
{
    struct house *house = *state;
    static const struct {
        const char *suffix, *path;
        int asked;
    } cases[] = {
        {"", SHORT_PATH, 1},
        {"/", SHORT_PATH, 1},
        {"///", SHORT_PATH, 1},
        {"", LONG_PATH, 2},
        {"/", LONG_PATH, 2},
        {"/api/v1", LONG_PATH, 1},
        {"/api/v1/", LONG_PATH, 1},
        {"/api/v1/execution", LONG_PATH, 1},
        {"/api/v1/execution//", LONG_PATH, 1},
        {"/behind/a/gateway", "/behind/a/gateway" LONG_PATH, 2},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char url[256];
        struct asker asker;
        house->api.path = cases[i].path;
        house->api.asked = house->api.hits = 0;
        snprintf(url, sizeof url, "%s%s", server_url(house->server), cases[i].suffix);
        open_again(house, url);
        ask(house, &asker, LIMIT_MS);
        expect_newer(house, &asker);
        assert_int_equal(house->api.asked, cases[i].asked);
        assert_int_equal(house->api.hits, 1);
    }
}

static void one_fetch_serves_all_who_wait(void **state)
{
    struct house *house = *state;
    struct asker first, second, third;
    ask(house, &first, LIMIT_MS);
    ask(house, &second, LIMIT_MS);
    ask(house, &third, LIMIT_MS);
    expect_newer(house, &first);
    expect_newer(house, &second);
    expect_newer(house, &third);
    assert_int_equal(house->api.asked, 1);
    assert_int_equal(jwks_generation(house->jwks), 1);
}

static void who_failed_with_an_older_set_is_told_without_a_fetch(void **state)
{
    struct house *house = *state;
    struct asker asker, late = {0};
    ask(house, &asker, LIMIT_MS);
    expect_newer(house, &asker);
    late.wait = (struct jwks_wait){
        .deadline_ms = loop_mono_ms(house->loop) + LIMIT_MS, .done = hear, .arg = &late};
    jwks_refresh(house->jwks, &late.wait);
    assert_false(late.told);
    expect_newer(house, &late);
    assert_int_equal(house->api.asked, 1);
}

static void jwks_refreshes_once_at_once_and_then_once_a_minute(void **state)
{
    struct house *house = *state;
    struct asker asker;
    ask(house, &asker, LIMIT_MS);
    expect_newer(house, &asker);
    ask(house, &asker, LIMIT_MS);
    expect_newer(house, &asker);
    assert_int_equal(house->api.asked, 2);
    ask(house, &asker, A_WHILE_MS); /* its own deadline comes before the minute is over */
    expect_none(house, &asker, "no newer one came in time");
    assert_int_equal(asker.err.kind, ERROR_UNAVAILABLE);
    assert_int_equal(house->api.asked, 2);
    ask(house, &asker, 2 * JWKS_REFRESH_MS); /* this one waits for it */
    loops_for(house->loop, A_WHILE_MS);
    assert_false(asker.told);
    assert_int_equal(house->api.asked, 2);
    house->clock.mono_turn_ms += JWKS_REFRESH_MS;
    expect_newer(house, &asker);
    assert_int_equal(house->api.asked, 3);
    house->clock.mono_turn_ms += 10 * JWKS_REFRESH_MS; /* a quiet time earns one, not ten */
    ask(house, &asker, LIMIT_MS);
    expect_newer(house, &asker);
    ask(house, &asker, A_WHILE_MS);
    expect_none(house, &asker, "no newer one came in time");
    assert_int_equal(house->api.asked, 4);
}

/* Runs until the API was asked n times and the answer came back. */
static void expect_asked(struct house *house, int n)
{
    for (int64_t end = loop_mono_ms(house->loop) + LIMIT_MS;
         house->api.asked < n && loop_mono_ms(house->loop) < end;)
        loops_for(house->loop, 5);
    loops_for(house->loop, A_WHILE_MS);
    assert_int_equal(house->api.asked, n);
}

static void a_failed_fetch_is_tried_again_with_back_off(void **state)
{
    struct house *house = *state;
    static const int waits_s[] = {1, 2, 4, 8, 16, 30, 30};
    struct asker asker;
    int asked = 1;
    house->api.status = 503;
    ask(house, &asker, 10 * JWKS_REFRESH_MS);
    expect_asked(house, asked);
    for (size_t i = 0; i < sizeof waits_s / sizeof *waits_s; i++) {
        if (waits_s[i] > 1) { /* the first second is too short to look into it */
            house->clock.mono_turn_ms += waits_s[i] * 1000 / 2;
            expect_asked(house, asked);
        }
        house->clock.mono_turn_ms += waits_s[i] * 1000;
        expect_asked(house, ++asked);
    }
    assert_false(asker.told);
    house->api.status = 200;
    house->clock.mono_turn_ms += 30000;
    expect_newer(house, &asker);
}

/* Every way to fail, side by side; the first part of the path picks it. */
static struct server_answer misbehave(void *arg, const struct server_request *request)
{
    static char big[CLAIMS_JWKS_MAX + 2];
    struct api *api = arg;
    const char *path = request->path;
    api->asked++;
    memset(big, ' ', sizeof big - 1);
    memcpy(big, api->set, strlen(api->set));
    if (strncmp(path, "/closes/", 8) == 0)
        return (struct server_answer){.fault = SERVER_CLOSES};
    if (strncmp(path, "/resets/", 8) == 0)
        return (struct server_answer){.fault = SERVER_RESETS};
    if (strncmp(path, "/half/", 6) == 0)
        return (struct server_answer){.status = 200, .body = api->set, .fault = SERVER_HALF};
    if (strncmp(path, "/hangs/", 7) == 0)
        return (struct server_answer){.fault = SERVER_HANGS};
    if (strncmp(path, "/big/", 5) == 0)
        return (struct server_answer){.status = 200, .body = big};
    if (strncmp(path, "/html/", 6) == 0)
        return (struct server_answer){.status = 200, .body = "<html>welcome</html>"};
    if (strncmp(path, "/moved/", 7) == 0)
        return (struct server_answer){.status = 302, .headers = "Location: /good\r\n"};
    if (strncmp(path, "/broken/", 8) == 0)
        return (struct server_answer){.status = 500, .body = api->set};
    if (strncmp(path, "/good", 5) == 0)
        return (struct server_answer){.status = 200, .body = api->set};
    return (struct server_answer){.status = 404};
}

static void a_fetch_that_fails_says_why_at_the_deadline(void **state)
{
    struct house *house = *state;
    static const struct {
        const char *base, *text;
    } cases[] = {
        {"/closes", "key set: "},
        {"/resets", "key set: "},
        {"/half", "key set: "},
        {"/hangs", "key set: "},
        {"/big", "answer over 65536 bytes"},
        {"/html", "the API answered no JWKS: "},
        {"/moved", "the API answered 302"},
        {"/broken", "the API answered 500"},
        {"/nowhere", "the API answered 404"},
    };
    enum { COUNT = sizeof cases / sizeof *cases };
    struct server *server = server_start(0, misbehave, &house->api);
    struct jwks *actors[COUNT];
    struct asker askers[COUNT];
    for (size_t i = 0; i < COUNT; i++) {
        char url[256];
        snprintf(url, sizeof url, "%s%s", server_url(server), cases[i].base);
        struct config config = {.api_url = url};
        actors[i] = jwks_new(house->loop, &config, NULL);
        askers[i] = (struct asker){0};
        askers[i].wait = (struct jwks_wait){
            .deadline_ms = loop_mono_ms(house->loop) + 2500, .done = hear, .arg = &askers[i]};
        jwks_refresh(actors[i], &askers[i].wait);
    }
    expect_asked(house, COUNT + 1); /* the 404 asks twice */
    house->clock.mono_turn_ms += 60000;
    for (size_t i = 0; i < COUNT; i++) {
        expect_none(house, &askers[i], cases[i].text);
        assert_int_equal(askers[i].err.kind, ERROR_UNAVAILABLE);
        assert_null(jwks_keys(actors[i]));
        jwks_free(actors[i]);
    }
    server_stop(server);
}

static void an_api_that_is_not_there_fails_at_the_deadline(void **state)
{
    struct house *house = *state;
    struct asker asker;
    server_stop(house->server);
    ask(house, &asker, 500);
    expect_none(house, &asker, "key set: ");
    assert_int_equal(asker.err.kind, ERROR_UNAVAILABLE);
    house->server = server_start(0, serve, &house->api);
}

static void only_http_is_spoken(void **state)
{
    struct house *house = *state;
    struct asker asker;
    open_again(house, "file://" TEST_DATA "/execution");
    ask(house, &asker, 500);
    expect_none(house, &asker, "key set: Unsupported protocol");
    assert_null(jwks_keys(house->jwks));
}

static void a_password_in_the_url_stays_out_of_the_error(void **state)
{
    struct house *house = *state;
    struct asker asker;
    open_again(house, "http://user:hunter2@127.0.0.1:1");
    ask(house, &asker, A_WHILE_MS);
    expect_none(house, &asker, "key set: ");
    assert_null(strstr(asker.err.text, "hunter2"));
}

static void the_old_set_stays_while_a_refresh_fails(void **state)
{
    struct house *house = *state;
    struct asker asker;
    ask(house, &asker, LIMIT_MS);
    expect_newer(house, &asker);
    house->api.status = 503;
    ask(house, &asker, LIMIT_MS);
    expect_asked(house, 2);
    house->clock.mono_turn_ms += LIMIT_MS;
    expect_none(house, &asker, "the API answered 503");
    assert_non_null(jwks_keys(house->jwks));
    assert_int_equal(jwks_generation(house->jwks), 1);
}

static void backend_pub_is_the_set_for_ever(void **state)
{
    struct house *house = *state;
    struct asker asker;
    char *base64 = mint_backend_pub(TEST_DATA "/test-ec-public.pem");
    house->config.backend_pub = base64;
    open_again(house, server_url(house->server));
    assert_non_null(jwks_keys(house->jwks));
    assert_int_equal(jwks_generation(house->jwks), 1);
    ask(house, &asker, LIMIT_MS);
    expect_none(house, &asker, "BACKEND_PUB is the only key");
    assert_int_equal(house->api.asked, 0);
    mem_free(base64);
}

static void a_malformed_backend_pub_is_an_error_at_once(void **state)
{
    struct house *house = *state;
    struct error err = {0};
    char malformed[] = "not base64";
    struct config config = {.backend_pub = malformed, .api_url = house->config.api_url};
    assert_null(jwks_new(house->loop, &config, &err));
    assert_int_equal(err.kind, ERROR_INPUT);
    assert_non_null(strstr(err.text, "BACKEND_PUB"));
}

static void without_any_source_the_error_says_which_variables_to_set(void **state)
{
    struct house *house = *state;
    struct asker asker;
    open_again(house, NULL);
    assert_null(jwks_keys(house->jwks));
    ask(house, &asker, LIMIT_MS);
    expect_none(house, &asker, "none of BACKEND_PUB, API_URL and CALLBACK_BASE_URL is set");
    assert_int_equal(asker.err.kind, ERROR_MISSING);
}

static void who_is_forgotten_is_not_told(void **state)
{
    struct house *house = *state;
    struct asker gone, stays;
    ask(house, &gone, LIMIT_MS);
    ask(house, &stays, LIMIT_MS);
    jwks_forget(house->jwks, &gone.wait);
    jwks_forget(house->jwks, &gone.wait);
    expect_newer(house, &stays);
    jwks_forget(house->jwks, &stays.wait);
    loops_for(house->loop, A_WHILE_MS);
    assert_false(gone.told);
}

struct pair {
    struct asker asker;
    struct house *house;
    struct asker *other;
};

static void forget_the_other(void *arg, bool newer, const struct error *err)
{
    struct pair *pair = arg;
    jwks_forget(pair->house->jwks, &pair->other->wait);
    hear(&pair->asker, newer, err);
}

static void who_is_told_may_forget_the_next(void **state)
{
    struct house *house = *state;
    struct asker next;
    struct pair pair = {.house = house, .other = &next};
    ask(house, &pair.asker, LIMIT_MS);
    pair.asker.wait.done = forget_the_other;
    pair.asker.wait.arg = &pair;
    ask(house, &next, LIMIT_MS);
    expect_newer(house, &pair.asker);
    loops_for(house->loop, A_WHILE_MS);
    assert_false(next.told);
}

static void ask_again(void *arg, bool newer, const struct error *err)
{
    struct pair *pair = arg;
    hear(&pair->asker, newer, err);
    ask(pair->house, pair->other, LIMIT_MS);
}

static void who_is_told_may_ask_again(void **state)
{
    struct house *house = *state;
    struct asker again = {0};
    struct pair pair = {.house = house, .other = &again};
    ask(house, &pair.asker, LIMIT_MS);
    pair.asker.wait.done = ask_again;
    pair.asker.wait.arg = &pair;
    expect_newer(house, &pair.asker);
    expect_newer(house, &again);
    assert_int_equal(house->api.asked, 2);
    open_again(house, NULL); /* and where the answer is no, for ever, it is said each time */
    pair = (struct pair){.house = house, .other = &again};
    ask(house, &pair.asker, LIMIT_MS);
    pair.asker.wait.done = ask_again;
    pair.asker.wait.arg = &pair;
    expect_none(house, &pair.asker, "BACKEND_PUB");
    expect_none(house, &again, "BACKEND_PUB");
}

static void jwks_free_ends_a_fetch_under_way(void **state)
{
    struct house *house = *state;
    struct server *server = server_start(0, misbehave, &house->api);
    char url[256];
    struct asker asker;
    snprintf(url, sizeof url, "%s/hangs", server_url(server));
    open_again(house, url);
    ask(house, &asker, LIMIT_MS);
    for (int i = 0; i < 100 && server_connections(server) == 0; i++)
        loops_for(house->loop, 20);
    assert_int_equal(server_connections(server), 1);
    open_again(house, server_url(house->server));
    loops_for(house->loop, A_WHILE_MS);
    assert_false(asker.told);
    server_stop(server);
}

/* The stock API's kid is a constant, so a new key shows only as a signature that fails. */
static void a_rotated_key_is_found_by_a_refresh(void **state)
{
    struct house *house = *state;
    struct asker asker;
    char path[] = "/tmp/test-jwks-XXXXXX", run[] = "r", app[] = "a", board[] = "b";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    mint_key(path);
    int64_t now_ms = loop_wall_ms(house->loop);
    char *set = mint_jwks(path, "test-key-1", NULL, NULL);
    char *claims_json = mint_claims(run, app, board, "https://api.example.test", now_ms / 1000);
    struct job job = {.run_id = run, .app_id = app, .board_id = board};
    job.executor_jwt = mint_token(path, "test-key-1", claims_json);
    struct error err = {0};
    ask(house, &asker, LIMIT_MS);
    expect_newer(house, &asker);
    assert_null(claims_verify(jwks_keys(house->jwks), &job, now_ms, &err));
    assert_int_equal(err.kind, ERROR_KEY);
    house->api.set = set;
    ask(house, &asker, LIMIT_MS);
    expect_newer(house, &asker);
    struct claims *claims = claims_verify(jwks_keys(house->jwks), &job, now_ms, &err);
    assert_non_null(claims);
    claims_free(claims);
    mem_free(job.executor_jwt);
    mem_free(claims_json);
    mem_free(set);
    unlink(path);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_house, close_house)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(jwks_refresh_fetches_the_set_when_first_asked),
        TEST(jwks_finds_the_set_under_every_base_that_operators_write),
        TEST(one_fetch_serves_all_who_wait),
        TEST(who_failed_with_an_older_set_is_told_without_a_fetch),
        TEST(jwks_refreshes_once_at_once_and_then_once_a_minute),
        TEST(a_failed_fetch_is_tried_again_with_back_off),
        TEST(a_fetch_that_fails_says_why_at_the_deadline),
        TEST(an_api_that_is_not_there_fails_at_the_deadline),
        TEST(only_http_is_spoken),
        TEST(a_password_in_the_url_stays_out_of_the_error),
        TEST(the_old_set_stays_while_a_refresh_fails),
        TEST(backend_pub_is_the_set_for_ever),
        TEST(a_malformed_backend_pub_is_an_error_at_once),
        TEST(without_any_source_the_error_says_which_variables_to_set),
        TEST(who_is_forgotten_is_not_told),
        TEST(who_is_told_may_forget_the_next),
        TEST(who_is_told_may_ask_again),
        TEST(jwks_free_ends_a_fetch_under_way),
        TEST(a_rotated_key_is_found_by_a_refresh),
    };
    /* a proxy of the environment must not see the key set pass by */
    setenv("http_proxy", "http://127.0.0.1:1", 1);
    setenv("all_proxy", "http://127.0.0.1:1", 1);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
