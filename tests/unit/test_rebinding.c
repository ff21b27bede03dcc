/* egress behind http, with names that a real DNS server answers and changes its mind about. The
 * process has a network of its own (rig/resolver.h): "inside" are servers on addresses that no flow
 * may reach, and each test says that not one connection came to them. */
#include "loops.h"
#include "resolver.h"
#include "site.h"

// clang-format off
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
// clang-format on
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define API     "127.0.0.1:9001"
#define SERVED  "200"
#define NOWHERE "2606:2800:220::2" /* looks public; no route leads there */

/* --- the world -------------------------------------------------------------------------------- */

static const struct {
    const char *address;
    int port;
} places[] = {
    {"127.0.0.1", 80},
    {"127.0.0.1", 443},
    {"127.0.0.1", 8080},
    {"127.0.0.1", 9001},
    {"::1", 80},
    {"::1", 8080},
    {RESOLVER_PRIVATE, 80},
    {RESOLVER_PRIVATE, 8080},
    {RESOLVER_METADATA, 80},
};
#define PLACES (sizeof places / sizeof *places)

struct world {
    struct site site; /* its server is the public one, on port 80 */
    struct resolver *resolver;
    struct server *public_six;
    struct server *inside[PLACES];
};

static char why_not[128]; /* this machine gives no network of our own, or "" */

static struct server_answer serve_inside(void *arg, const struct server_request *request)
{
    (void)arg;
    (void)request;
    return (struct server_answer){.body = "inside"};
}

/* A new loop has no memory of names and no connections. */
static void begin_anew(struct world *world)
{
    struct error err = {0};
    http_free(world->site.http);
    loop_free(world->site.loop);
    world->site.loop = loop_new(&world->site.clock, &err);
    world->site.http = http_new(world->site.loop, &world->site.config, &err);
    assert_non_null(world->site.http);
}

static int open_world(void **state)
{
    *state = NULL;
    if (*why_not)
        return 0;
    struct world *world = mem_new(sizeof *world);
    world->resolver = resolver_start();
    world->site.config.http_allow = world->site.allow;
    world->site.secrets = secrets_new(&world->site.config, NULL, NULL, 0);
    pages_init(&world->site.pages);
    world->site.server = server_start_on(RESOLVER_PUBLIC, 80, pages_serve, &world->site.pages);
    world->public_six = server_start_on(RESOLVER_PUBLIC_6, 80, serve_inside, NULL);
    for (size_t i = 0; i < PLACES; i++)
        world->inside[i] = server_start_on(places[i].address, places[i].port, serve_inside, NULL);
    begin_anew(world);
    resolver_say(world->resolver, "public.test", RESOLVER_PUBLIC);
    resolver_say(world->resolver, "inner.test", RESOLVER_PRIVATE);
    *state = world;
    return 0;
}

static int close_world(void **state)
{
    struct world *world = *state;
    if (!world)
        return 0;
    http_free(world->site.http);
    loop_free(world->site.loop);
    for (size_t i = 0; i < PLACES; i++)
        server_stop(world->inside[i]);
    server_stop(world->public_six);
    server_stop(world->site.server);
    secrets_free(world->site.secrets);
    pages_release(&world->site.pages);
    resolver_stop(world->resolver);
    mem_free(world);
    return 0;
}

/* The fixture's world; without one the test is not run, and says so. */
static struct world *enter(void **state)
{
    if (!*state) {
        print_message("NOT RUN: no network of our own here (%s)\n", why_not);
        skip();
    }
    return *state;
}

static unsigned count_inside(const struct world *world)
{
    unsigned count = 0;
    for (size_t i = 0; i < PLACES; i++)
        count += server_connections(world->inside[i]);
    return count;
}

/* SERVED or an error's code. */
static void expect(struct world *world, const char *url, const char *wanted)
{
    struct answer answer = site_get(&world->site, url);
    const cJSON *error = json_member(answer.head, "error");
    char is[32], message[512] = "";
    snprintf(is, sizeof is, "%d", answer_status(&answer));
    if (error) {
        snprintf(is, sizeof is, "%s", json_member_text(error, "code"));
        snprintf(message, sizeof message, "%s", json_member_text(error, "message"));
    }
    answer_release(&answer);
    if (strcmp(is, wanted) != 0)
        fail_msg("%s: %s where %s was expected (%s)", url, is, wanted, message);
}

static void expect_denied(struct world *world, const char *url)
{
    expect(world, url, "net.denied");
    assert_int_equal(count_inside(world), 0);
}

/* --- names ------------------------------------------------------------------------------------ */

static void a_name_that_leads_inside_is_refused(void **state)
{
    struct world *world = enter(state);
    static const char *const addresses[] = {
        "127.0.0.1",
        "127.255.255.254",
        "0.0.0.0",
        RESOLVER_PRIVATE,
        RESOLVER_METADATA,
        "192.168.0.1",
        "100.64.0.1",
        "::1",
        "::",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "::127.0.0.1",
        "64:ff9b::7f00:1",
        "2002:7f00:1::1",
        "fe80::1",
        "fd00:ec2::254",
        "127.0.0.1 ::1",
        "10.0.0.1 127.0.0.1",
        "::ffff:0.0.0.0",
        "::ffff:169.254.169.254",
    };
    for (size_t i = 0; i < sizeof addresses / sizeof *addresses; i++) {
        char name[32], url[64];
        snprintf(name, sizeof name, "a%zu.test", i);
        snprintf(url, sizeof url, "http://%s/", name);
        resolver_say(world->resolver, name, addresses[i]);
        expect_denied(world, url);
        assert_int_equal(resolver_asked(world->resolver, name), 1);
    }
    expect(world, "http://public.test/", SERVED);
    expect(world, "http://nobody.test/", "net.dns");
}

/* Of several addresses only those that are allowed are ever connected to, in whatever order they
 * come: one that leads inside is passed over. */
static void of_several_addresses_the_inner_one_is_passed_over(void **state)
{
    struct world *world = enter(state);
    static const struct {
        const char *addresses, *wanted;
    } cases[] = {
        {RESOLVER_PUBLIC " " RESOLVER_PRIVATE, SERVED},
        {RESOLVER_PRIVATE " " RESOLVER_PUBLIC, SERVED},
        {"127.0.0.1 " RESOLVER_PRIVATE " " RESOLVER_PUBLIC, SERVED},
        {"::1 " RESOLVER_PUBLIC, SERVED},
        {"::ffff:10.0.0.1 " RESOLVER_PUBLIC, SERVED},
        {RESOLVER_PUBLIC_6 " 127.0.0.1", SERVED},
        {RESOLVER_PUBLIC_6 " " RESOLVER_PUBLIC " ::1 127.0.0.1", SERVED},
        /* the outer one cannot be reached; the inner one is no way out */
        {NOWHERE " 127.0.0.1", "net.denied"},
        {NOWHERE " ::1", "net.denied"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char name[32], url[64];
        snprintf(name, sizeof name, "m%zu.test", i);
        snprintf(url, sizeof url, "http://%s/", name);
        resolver_say(world->resolver, name, cases[i].addresses);
        expect(world, url, cases[i].wanted);
        assert_int_equal(count_inside(world), 0);
    }
}

/* --- rebinding -------------------------------------------------------------------------------- */

static const char *const insides[] = {
    "127.0.0.1", "::1", RESOLVER_PRIVATE, RESOLVER_METADATA, "::ffff:127.0.0.1", "0.0.0.0"};

static void a_name_that_leads_inside_at_its_second_look_up_is_refused(void **state)
{
    struct world *world = enter(state);
    for (size_t i = 0; i < sizeof insides / sizeof *insides; i++) {
        char name[32], url[64], turns[96];
        snprintf(name, sizeof name, "r%zu.test", i);
        snprintf(url, sizeof url, "http://%s/", name);
        snprintf(turns, sizeof turns, RESOLVER_PUBLIC ";%s", insides[i]);
        resolver_say(world->resolver, name, turns);
        begin_anew(world);
        expect(world, url, SERVED);
        begin_anew(world);
        expect_denied(world, url);
        assert_int_equal(resolver_asked(world->resolver, name), 2);
    }
}

/* Another port is another look-up, within one loop, right after the first. */
static void another_port_of_a_known_name_is_judged_by_what_it_leads_to_now(void **state)
{
    struct world *world = enter(state);
    resolver_say(world->resolver, "r.test", RESOLVER_PUBLIC ";127.0.0.1");
    expect(world, "http://r.test/", SERVED);
    expect_denied(world, "http://r.test:8080/");
    expect_denied(world, "https://r.test/");
    expect(world, "http://r.test/", SERVED); /* by the connection that was kept */
    assert_int_equal(server_connections(world->site.server), 1);
}

/* While a connection is kept, and while the name is remembered, nobody asks again. */
static void a_kept_connection_goes_where_it_went(void **state)
{
    struct world *world = enter(state);
    resolver_say(world->resolver, "r.test", RESOLVER_PUBLIC ";127.0.0.1");
    for (int i = 0; i < 3; i++)
        expect(world, "http://r.test/", SERVED);
    expect(world, "http://r.test/half", "net.connect"); /* and closes */
    expect(world, "http://r.test/", SERVED);
    assert_int_equal(server_connections(world->site.server), 2);
    assert_int_equal(resolver_asked(world->resolver, "r.test"), 1);
    assert_int_equal(count_inside(world), 0);
}

/* --- redirects -------------------------------------------------------------------------------- */

static void a_redirect_inside_is_refused(void **state)
{
    struct world *world = enter(state);
    static const struct {
        const char *location, *wanted;
    } cases[] = {
        {"http://inner.test/", "net.denied"},
        {"//inner.test/", "net.denied"},
        {"https://inner.test/", "net.denied"},
        {"http://10.0.0.1/", "net.denied"},
        {"http://10.0.0.1:8080/", "net.denied"},
        {"http://167772161/", "net.denied"},
        {"http://[::ffff:10.0.0.1]/", "net.denied"},
        {"http://[::1]/", "net.denied"},
        {"http://localhost/", "net.denied"},
        {"http://public.test.@10.0.0.1/", "net.redirects"},
        {"http://169.254.169.254/latest/meta-data/", "net.denied"},
        {"http://" API "/2018-06-01/runtime/invocation/next", "net.denied"},
        {"file:///etc/passwd", "net.redirects"},
        {"FILE:///etc/passwd", "net.redirects"},
        {"ftp://10.0.0.1/", "net.redirects"},
        {"gopher://10.0.0.1:80/_GET%20/", "net.redirects"},
        {"dict://10.0.0.1:80/x", "net.redirects"},
        {"http://public.test/hop/1", SERVED},
    };
    world->site.config.runtime_api = API;
    begin_anew(world);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        for (int status = 301; status <= 308; status++) {
            char url[64];
            if (status > 303 && status < 307)
                continue;
            snprintf(world->site.pages.elsewhere, sizeof world->site.pages.elsewhere, "%s",
                     cases[i].location);
            snprintf(url, sizeof url, "http://public.test/away/%d", status);
            expect(world, url, cases[i].wanted);
            assert_int_equal(count_inside(world), 0);
        }
    }
}

/* Between the request and its redirect the name moves. */
static void a_name_that_moves_inside_before_its_redirect_is_refused(void **state)
{
    struct world *world = enter(state);
    resolver_say(world->resolver, "r.test", RESOLVER_PUBLIC ";" RESOLVER_PRIVATE);
    snprintf(world->site.pages.elsewhere, sizeof world->site.pages.elsewhere,
             "http://r.test:8080/");
    expect_denied(world, "http://r.test/away/307");
    assert_int_equal(resolver_asked(world->resolver, "r.test"), 2);
    assert_int_equal(server_connections(world->site.server), 1);
}

/* --- spellings -------------------------------------------------------------------------------- */

static void an_address_is_refused_however_it_is_spelled(void **state)
{
    struct world *world = enter(state);
    static const char *const hosts[] = {
        "127.0.0.1",
        "127.1",
        "127.0.1",
        "2130706433",
        "0x7f000001",
        "0x7f.1",
        "0X7F.0.0.0x1",
        "017700000001",
        "0177.0.0.1",
        "0177.0.0.01",
        "00000177.0.0.1",
        "127.0.0.1.",
        "0",
        "0.0.0.0",
        "0x0",
        "00",
        "[::]",
        "[::1]",
        "[0:0:0:0:0:0:0:1]",
        "[::ffff:127.0.0.1]",
        "[::FFFF:7F00:1]",
        "[0:0:0:0:0:ffff:7f00:0001]",
        "[::127.0.0.1]",
        "[::ffff:0.0.0.0]",
        "[64:ff9b::127.0.0.1]",
        "[::1%25lo]",
        "[fe80::1%25lo]",
        "localhost",
        "LocalHost",
        "localhost.",
        "a.localhost",
        "inner.test",
        "INNER.TEST",
        "inner.test.",
        "%31%32%37.0.0.1",
        "%6c%6fcalhost",
        "127%2e0%2e0%2e1",
        "\xef\xbc\x91\xef\xbc\x92\xef\xbc\x97.0.0.1", /* full-width digits */
        "127\xe3\x80\x82"
        "0.0.1", /* an ideographic full stop */
        "\xe2\x93\x9b\xe2\x93\x9e\xe2\x93\x92\xe2\x93\x90\xe2\x93\x9b\xe2\x93\x97\xe2\x93\x9e"
        "\xe2\x93\xa2\xe2\x93\xa3", /* localhost in circles */
        "\xe1\xb5\xa2nner.test",
        "10.0.0.1",
        "10.1",
        "0xa.1",
        "012.0.0.1",
        "167772161",
        "169.254.169.254",
        "0xa9fea9fe",
        "[::ffff:a9fe:a9fe]",
        "public.test:80@10.0.0.1",
        "10.0.0.1\\\\@public.test",
        "public.test\\\\@10.0.0.1",
        "10.0.0.1%23@public.test",
        "public.test%00.inner.test",
        "10.0.0.1%0d%0a",
    };
    for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++) {
        char url[128];
        snprintf(url, sizeof url, "http://%s/", hosts[i]);
        struct answer answer = site_get(&world->site, url);
        if (!json_member(answer.head, "error"))
            fail_msg("%s was served", url);
        answer_release(&answer);
        assert_int_equal(count_inside(world), 0);
    }
}

static void schemes_and_slashes_are_no_way_around(void **state)
{
    struct world *world = enter(state);
    static const char *const urls[] = {
        "http:10.0.0.1/",       "http:/10.0.0.1/",
        "http:///10.0.0.1/",    "http:////10.0.0.1/",
        "HTTP://10.0.0.1/",     "hTTps://127.1/",
        "http://10.0.0.1:080/", "http://10.0.0.1:0/",
        "http://10.0.0.1?x",    "10.0.0.1",
        "http://10.0.0.1#x",    "file://10.0.0.1/etc/passwd",
        "view-source:http:/",   "http+unix://%2f",
        "ws://10.0.0.1/",       "http://10.0.0.1:8080:80/",
    };
    for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
        struct answer answer = site_get(&world->site, urls[i]);
        if (!json_member(answer.head, "error"))
            fail_msg("%s was served", urls[i]);
        answer_release(&answer);
        assert_int_equal(count_inside(world), 0);
    }
}

/* --- the list --------------------------------------------------------------------------------- */

static void the_list_opens_what_it_names_and_no_more(void **state)
{
    struct world *world = enter(state);
    static const struct {
        const char *allow, *url, *wanted;
    } cases[] = {
        {"inner.test", "http://inner.test/", SERVED},
        {"INNER.test", "http://inner.TEST/", SERVED},
        {"inner.test", "http://inner.test:8080/", SERVED},
        {"inner.test:80", "http://inner.test/", SERVED},
        {"inner.test:80", "http://inner.test:8080/", "net.denied"},
        {"inner.test", "http://other.test/", "net.denied"},
        {"inner.test", "http://10.0.0.1/", "net.denied"},
        {"inner.test", "http://sub.inner.test/", "net.denied"},
        {"10.0.0.0/8", "http://inner.test/", SERVED},
        {"10.0.0.0/8", "http://other.test/", SERVED},
        {"10.0.0.0/8", "http://0xa.1/", SERVED},
        {"10.0.0.0/8", "http://127.0.0.1/", "net.denied"},
        {"10.0.0.1/32:80", "http://inner.test/", SERVED},
        {"10.0.0.1/32:80", "http://inner.test:8080/", "net.denied"},
        {"10.0.0.2/31", "http://inner.test/", "net.denied"},
        {"10.0.0.0/8", "http://[::ffff:10.0.0.1]/", "net.denied"},
        {"10.0.0.0/8,::ffff:0:0/96", "http://[::ffff:10.0.0.1]/", SERVED},
        {"10.0.0.0/8,::ffff:0:0/96", "http://[::ffff:127.0.0.1]/", "net.denied"},
        {"::1", "http://[::1]/", SERVED},
        {"::1", "http://127.0.0.1/", "net.denied"},
        /* a name of the list stands for all it leads to, but never for that */
        {"metadata.test", "http://metadata.test/", "net.denied"},
        {"0.0.0.0/0,::/0", "http://169.254.169.254/", "net.denied"},
        {"0.0.0.0/0,::/0", "http://[::ffff:169.254.169.254]/", "net.denied"},
    };
    resolver_say(world->resolver, "other.test", RESOLVER_PRIVATE);
    resolver_say(world->resolver, "sub.inner.test", RESOLVER_PRIVATE);
    resolver_say(world->resolver, "metadata.test", RESOLVER_METADATA);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        unsigned before = count_inside(world);
        site_allow(&world->site, cases[i].allow);
        expect(world, cases[i].url, cases[i].wanted);
        if (strcmp(cases[i].wanted, SERVED) != 0)
            assert_int_equal(count_inside(world), before);
    }
}

/* --- the Runtime API -------------------------------------------------------------------------- */

/* Listens on all that the machine has, so that each spelling would arrive. */
static void expect_no_way_to_the_api(struct world *world, const char *api)
{
    static const char *const hosts[] = {
        "127.0.0.1",
        "127.0.0.2",
        "localhost",
        "2130706433",
        "0.0.0.0",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::]",
        "api.test",
        "alias.test",
        "10.0.0.1",
        RESOLVER_PUBLIC,
        "[" RESOLVER_PUBLIC_6 "]",
        "[::ffff:10.0.0.1]",
    };
    struct server *four = server_start_on("0.0.0.0", 9002, serve_inside, NULL);
    struct server *six = server_start_on("::", 9002, serve_inside, NULL);
    world->site.config.runtime_api = (char *)api;
    resolver_say(world->resolver, "api.test", RESOLVER_PRIVATE);
    resolver_say(world->resolver, "alias.test", RESOLVER_PRIVATE);
    site_allow(&world->site, "0.0.0.0/0,::/0,127.0.0.1:9002,localhost,api.test,alias.test");
    for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++) {
        char url[64];
        snprintf(url, sizeof url, "http://%s:9002/", hosts[i]);
        expect(world, url, "net.denied");
    }
    assert_int_equal(server_connections(four) + server_connections(six), 0);
    expect(world, "http://localhost/", SERVED); /* another port is another matter */
    server_stop(four);
    server_stop(six);
}

static void the_runtime_api_is_refused_by_every_address_of_this_machine(void **state)
{
    struct world *world = enter(state);
    static const char *const spellings[] = {"127.0.0.1:9002", "http://localhost:9002/x",
                                            "[::1]:9002", "0.0.0.0:9002"};
    for (size_t i = 0; i < sizeof spellings / sizeof *spellings; i++)
        expect_no_way_to_the_api(world, spellings[i]);
}

static void a_runtime_api_that_is_a_name_is_refused_by_its_address(void **state)
{
    struct world *world = enter(state);
    resolver_say(world->resolver, "api.test", RESOLVER_PRIVATE);
    expect_no_way_to_the_api(world, "api.test:9002");
}

/* --- the rest of a request -------------------------------------------------------------------- */

static void proxies_of_the_environment_are_ignored(void **state)
{
    struct world *world = enter(state);
    static const char *const names[] = {"http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY",
                                        "all_proxy",  "ALL_PROXY",  "ftp_proxy",   "FTP_PROXY"};
    struct server *proxy = server_start_on(RESOLVER_PUBLIC, 3128, serve_inside, NULL);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        setenv(names[i], "http://" RESOLVER_PUBLIC ":3128", 1);
    setenv("NO_PROXY", "nothing.test", 1);
    setenv("no_proxy", "nothing.test", 1);
    expect(world, "http://public.test/", SERVED);
    expect(world, "https://public.test/", "net.connect"); /* nobody listens there */
    expect_denied(world, "http://inner.test/");
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        unsetenv(names[i]);
    unsetenv("NO_PROXY");
    unsetenv("no_proxy");
    assert_int_equal(server_connections(proxy), 0);
    server_stop(proxy);
}

/* %0d%0a stays as it is in a path, and is no host's. */
static void a_line_end_cannot_be_smuggled_in(void **state)
{
    struct world *world = enter(state);
    struct answer answer = site_get(&world->site, "http://public.test/a%0d%0aX-Injected:%201");
    assert_memory_equal(answer.body.data, "GET /a%0d%0aX-Injected:%201 ", 28);
    assert_null(strstr(answer.body.data, "\nX-Injected"));
    answer_release(&answer);
    static const char *const urls[] = {
        "http://public.test%0d%0aX-Injected:%201/", "http://public.test%0a/",
        "http://public.test\\r\\nX-Injected: 1/",   "http://public.test/\\r\\nX-Injected: 1",
        "http://public.test/?\\nX-Injected: 1",     "http://public.test:80%0d%0a/",
    };
    for (size_t i = 0; i < sizeof urls / sizeof *urls; i++)
        expect(world, urls[i], "input.invalid");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_world, close_world)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_name_that_leads_inside_is_refused),
        TEST(of_several_addresses_the_inner_one_is_passed_over),
        TEST(a_name_that_leads_inside_at_its_second_look_up_is_refused),
        TEST(another_port_of_a_known_name_is_judged_by_what_it_leads_to_now),
        TEST(a_kept_connection_goes_where_it_went),
        TEST(a_redirect_inside_is_refused),
        TEST(a_name_that_moves_inside_before_its_redirect_is_refused),
        TEST(an_address_is_refused_however_it_is_spelled),
        TEST(schemes_and_slashes_are_no_way_around),
        TEST(the_list_opens_what_it_names_and_no_more),
        TEST(the_runtime_api_is_refused_by_every_address_of_this_machine),
        TEST(a_runtime_api_that_is_a_name_is_refused_by_its_address),
        TEST(proxies_of_the_environment_are_ignored),
        TEST(a_line_end_cannot_be_smuggled_in),
    };
    if (!resolver_enter(why_not, sizeof why_not))
        print_message("NOT RUN: no network of our own here (%s)\n", why_not);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
