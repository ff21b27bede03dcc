#include "flow.h"

#include "config.h"
#include "json.h"
#include "mint.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define NOW_S 1771683600

/* A folder of flows in a scratch folder of its own, and the key that signs the jobs. */
struct place {
    char scratch[64];
    char dir[80];
    struct flows *flows;
    struct keys *keys;
};

static void run(const char *command)
{
    assert_int_equal(system(command), 0);
}

static int enter(void **state)
{
    struct place *place = mem_new(sizeof *place);
    struct error err = {0};
    char *pub = mint_backend_pub(TEST_DATA "/test-ec-public.pem");
    strcpy(place->scratch, "/tmp/moonmill-flow-XXXXXX");
    assert_non_null(mkdtemp(place->scratch));
    snprintf(place->dir, sizeof place->dir, "%s/flows", place->scratch);
    assert_int_equal(mkdir(place->dir, 0700), 0);
    place->flows = flows_open(place->dir, &err);
    place->keys = keys_from_backend_pub(pub, &err);
    mem_free(pub);
    if (!place->flows || !place->keys)
        fail_msg("%s", err.text);
    *state = place;
    return 0;
}

static int leave(void **state)
{
    struct place *place = *state;
    char command[128];
    flows_close(place->flows);
    keys_free(place->keys);
    snprintf(command, sizeof command, "rm -rf '%s'", place->scratch);
    run(command);
    mem_free(place);
    return 0;
}

/* Writes a file below the flows folder, its folders included, the way an editor or a deployment
 * does: a new file moved over the old one. */
static void put_bytes(const struct place *place, const char *file, struct span bytes)
{
    char path[512], part[520];
    snprintf(path, sizeof path, "%s/%s", place->dir, file);
    for (char *c = path + strlen(place->dir) + 1; (c = strchr(c, '/')); *c++ = '/') {
        *c = '\0';
        mkdir(path, 0700);
    }
    snprintf(part, sizeof part, "%s.part", path);
    FILE *out = fopen(part, "wb");
    assert_non_null(out);
    assert_int_equal(fwrite(bytes.at, 1, bytes.len, out), bytes.len);
    assert_int_equal(fclose(out), 0);
    assert_int_equal(rename(part, path), 0);
}

static void put(const struct place *place, const char *file, const char *text)
{
    put_bytes(place, file, span_of(text));
}

static void take_away(const struct place *place, const char *file)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", place->dir, file);
    assert_int_equal(unlink(path), 0);
}

/* A link in the flows folder. */
static void put_link(const struct place *place, const char *file, const char *target)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", place->dir, file);
    assert_int_equal(symlink(target, path), 0);
}

static bool parse_version(const char *text, uint32_t version[3])
{
    return text && sscanf(text, "%u.%u.%u", &version[0], &version[1], &version[2]) == 3;
}

/* A text as it stands between the quotes of a JSON string, where mint puts it. */
static char *escape(const char *text)
{
    struct buffer quoted;
    buffer_init(&quoted, 1024);
    assert_true(json_put_string(&quoted, span_of(text)));
    char *inner = mem_string((struct span){quoted.data + 1, quoted.len - 2});
    buffer_release(&quoted);
    return inner;
}

/* The flow of a job with that board and version ("1.4.2" or NULL), through a real token. */
static const struct flow *find(const struct place *place, const char *board, const char *version,
                               struct error *err)
{
    char *escaped = escape(board);
    char *claims_json = mint_claims("run-1", "app-1", escaped, "https://api.example.test", NOW_S);
    struct job job = {.run_id = "run-1", .app_id = "app-1", .board_id = (char *)board};
    job.executor_jwt = mint_token(TEST_DATA "/test-ec-private.pem", "test-key-1", claims_json);
    job.has_version = parse_version(version, job.version);
    struct error why = {0};
    struct claims *claims = claims_verify(place->keys, &job, NOW_S * 1000LL, &why);
    if (!claims)
        fail_msg("%s", why.text);
    const struct flow *flow = flow_find(place->flows, claims, &job, err);
    claims_free(claims);
    mem_free(job.executor_jwt);
    mem_free(claims_json);
    mem_free(escaped);
    return flow;
}

static void expect(const struct place *place, const char *board, const char *version,
                   const char *source, const char *path)
{
    struct error err = {0};
    const struct flow *flow = find(place, board, version, &err);
    if (!flow)
        fail_msg("%s: %s", board, err.text);
    assert_true(span_is(flow->source, source));
    assert_string_equal(flow->path, path);
}

static void expect_error(const struct place *place, const char *board, const char *version,
                         enum error_kind kind, const char *says)
{
    struct error err = {0};
    assert_null(find(place, board, version, &err));
    if (err.kind != kind || !strstr(err.text, says))
        fail_msg("%s: %s error \"%s\"", board, error_kind_name(err.kind), err.text);
}

static void a_flow_is_found_by_its_board(void **state)
{
    struct place *place = *state;
    struct error err = {0};
    put(place, "hello.lua", "abc");
    put(place, "other/flow.lua", "other");
    const struct flow *flow = find(place, "hello", NULL, &err);
    assert_non_null(flow);
    assert_string_equal(flow->name, "hello");
    assert_string_equal(flow->path, "flows/hello.lua");
    assert_string_equal(flow->version, "");
    assert_true(span_is(flow->source, "abc"));
    /* FIPS 180-2, B.1 */
    assert_string_equal(flow->digest,
                        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    flow = find(place, "other", NULL, &err);
    assert_non_null(flow);
    assert_string_equal(flow->name, "other");
    assert_string_equal(flow->path, "flows/other/flow.lua");
}

static void no_version_prefers_the_unversioned_then_the_highest(void **state)
{
    struct place *place = *state;
    put(place, "x@1.9.0.lua", "1.9.0");
    put(place, "x@1.10.0.lua", "1.10.0");
    put(place, "x@1.2.99.lua", "1.2.99");
    put(place, "x@2.0.lua", "no version");
    put(place, "x@02.0.0.lua", "no version");
    put(place, "x@3.0.0.txt", "no flow");
    put(place, "xy@9.0.0.lua", "another flow");
    expect(place, "x", NULL, "1.10.0", "flows/x@1.10.0.lua");
    assert_string_equal(find(place, "x", NULL, NULL)->version, "1.10.0");
    assert_string_equal(find(place, "x", NULL, NULL)->name, "x");
    put(place, "x/flow.lua", "folder");
    expect(place, "x", NULL, "folder", "flows/x/flow.lua");
    put(place, "x.lua", "plain");
    expect(place, "x", NULL, "plain", "flows/x.lua");
    expect(place, "x", "1.9.0", "1.9.0", "flows/x@1.9.0.lua");
}

static void an_absent_version_is_no_guess(void **state)
{
    struct place *place = *state;
    struct error err = {0};
    put(place, "x.lua", "plain");
    put(place, "x@1.4.1.lua", "1.4.1");
    put(place, "x@1.10.0.lua", "1.10.0");
    assert_null(find(place, "x", "1.4.2", &err));
    assert_int_equal(err.kind, ERROR_MISSING);
    assert_string_equal(err.text,
                        "no version 1.4.2 of board \"x\" (there is: x.lua, version 1.10.0, "
                        "version 1.4.1): add flows/x@1.4.2.lua or map it in flows/index.json");
    put(place, "x@1.4.2.lua", "1.4.2");
    expect(place, "x", "1.4.2", "1.4.2", "flows/x@1.4.2.lua");
    put(place, "x@4294967295.0.0.lua", "large");
    expect(place, "x", "4294967295.0.0", "large", "flows/x@4294967295.0.0.lua");
    for (int i = 0; i < 9; i++) {
        char file[32];
        snprintf(file, sizeof file, "y@0.0.%d.lua", i);
        put(place, file, "");
    }
    expect_error(place, "y", "1.0.0", ERROR_MISSING, "version 0.0.4, older ones)");
    expect_error(place, "z", "1.0.0", ERROR_MISSING, "(there is: nothing)");
}

static void an_unknown_board_says_what_to_do(void **state)
{
    struct place *place = *state;
    struct error err = {0};
    assert_null(find(place, "z6jee0", NULL, &err));
    assert_int_equal(err.kind, ERROR_MISSING);
    assert_string_equal(err.text, "no flow for board \"z6jee0\": add flows/z6jee0.lua or map it in "
                                  "flows/index.json");
}

static void a_spec_beside_a_flow_is_no_flow(void **state)
{
    const struct place *place = *state;
    put(place, "hello.lua", "-- hello");
    put(place, "hello_spec.lua", "-- spec");
    expect(place, "hello", NULL, "-- hello", "flows/hello.lua");
    expect_error(place, "hello_spec", NULL, ERROR_MISSING, "is a spec");
}

static void a_name_that_is_no_plain_component_is_refused(void **state)
{
    struct place *place = *state;
    char long_name[130];
    static const char *const names[] = {".",       "..",  "../x", "/etc/passwd", "a/b", ".hide",
                                        "a@1.0.0", "a b", "a\\b", "h\xc3\xa9",   "a\nb"};
    put(place, ".hide.lua", "");
    put(place, "a/b.lua", "");
    put(place, "a@1.0.0.lua", "");
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        expect_error(place, names[i], NULL, ERROR_INPUT, "must be 1 to 128 of A-Z a-z 0-9");
    memset(long_name, 'n', sizeof long_name);
    long_name[129] = '\0';
    expect_error(place, long_name, NULL, ERROR_INPUT, "must be 1 to 128");
    long_name[128] = '\0';
    expect_error(place, long_name, NULL, ERROR_MISSING, "no flow for board");
    put(place, "A-z_0.9.lua", "fine");
    expect(place, "A-z_0.9", NULL, "fine", "flows/A-z_0.9.lua");
}

static void links_that_lead_out_are_refused(void **state)
{
    struct place *place = *state;
    char outside[128];
    put(place, "../outside.lua", "outside");
    put(place, "../flows-too/flow.lua", "outside");
    put(place, "inside.lua", "inside");
    snprintf(outside, sizeof outside, "%s/outside.lua", place->scratch);
    put_link(place, "relative.lua", "../outside.lua");
    put_link(place, "absolute.lua", outside);
    put_link(place, "folder", "../flows-too");
    put_link(place, "loop.lua", "loop.lua");
    put_link(place, "dangling.lua", "nowhere.lua");
    put_link(place, "friend.lua", "inside.lua");
    expect_error(place, "relative", NULL, ERROR_INPUT, "leads out of the flows folder");
    expect_error(place, "absolute", NULL, ERROR_INPUT, "leads out of the flows folder");
    expect_error(place, "folder", NULL, ERROR_INPUT, "leads out of the flows folder");
    expect_error(place, "loop", NULL, ERROR_SYSTEM, "flows/loop.lua");
    expect_error(place, "dangling", NULL, ERROR_MISSING, "no flow for board");
    expect(place, "friend", NULL, "inside", "flows/friend.lua");
    put_link(place, "index.json", "../outside.lua");
    expect_error(place, "friend", NULL, ERROR_INPUT, "flows/index.json: a link that leads out");
}

static void what_is_no_regular_file_is_refused(void **state)
{
    struct place *place = *state;
    char path[128];
    snprintf(path, sizeof path, "%s/pipe.lua", place->dir);
    assert_int_equal(mkfifo(path, 0600), 0);
    expect_error(place, "pipe", NULL, ERROR_INPUT, "flows/pipe.lua: must be a regular file");
    snprintf(path, sizeof path, "%s/folder.lua", place->dir);
    assert_int_equal(mkdir(path, 0700), 0);
    expect_error(place, "folder", NULL, ERROR_INPUT, "flows/folder.lua: must be a regular file");
}

static void a_changed_file_is_read_again(void **state)
{
    struct place *place = *state;
    struct error err = {0};
    put(place, "x.lua", "first");
    const struct flow *flow = find(place, "x", NULL, &err);
    assert_non_null(flow);
    const char *at = flow->source.at;
    char digest[65];
    strcpy(digest, flow->digest);
    assert_ptr_equal(find(place, "x", NULL, &err)->source.at, at); /* not read twice */
    put(place, "x.lua", "other");
    flow = find(place, "x", NULL, &err);
    assert_non_null(flow);
    assert_true(span_is(flow->source, "other"));
    assert_string_not_equal(flow->digest, digest);
    put(place, "x.lua", "\x1bLua");
    expect_error(place, "x", NULL, ERROR_INPUT, "bytecode");
    take_away(place, "x.lua");
    expect_error(place, "x", NULL, ERROR_MISSING, "no flow for board");
    put(place, "x.lua", "back");
    expect(place, "x", NULL, "back", "flows/x.lua");
}

static void more_flows_than_are_kept_are_all_found(void **state)
{
    struct place *place = *state;
    char name[32], file[40], path[48];
    for (int round = 0; round < 2; round++)
        for (int i = 0; i < 40; i++) {
            snprintf(name, sizeof name, "f%d", i);
            snprintf(file, sizeof file, "%s.lua", name);
            snprintf(path, sizeof path, "flows/%s", file);
            if (round == 0)
                put(place, file, name);
            expect(place, name, NULL, name, path);
        }
}

static void a_source_is_checked(void **state)
{
    struct place *place = *state;
    char *large = mem_new(CONFIG_SOURCE_MAX + 1);
    memset(large, '-', CONFIG_SOURCE_MAX + 1);
    put(place, "bytecode.lua", "\x1bLuaT");
    put(place, "latin.lua", "-- \xe9");
    put(place, "empty.lua", "");
    put_bytes(place, "nul.lua", (struct span){"a\0b", 3});
    put_bytes(place, "full.lua", (struct span){large, CONFIG_SOURCE_MAX});
    put_bytes(place, "over.lua", (struct span){large, CONFIG_SOURCE_MAX + 1});
    expect_error(place, "bytecode", NULL, ERROR_INPUT, "flows/bytecode.lua: is bytecode");
    expect_error(place, "latin", NULL, ERROR_INPUT, "flows/latin.lua: must be UTF-8");
    expect_error(place, "over", NULL, ERROR_LIMIT, "at most 1048576 bytes");
    expect(place, "empty", NULL, "", "flows/empty.lua");
    assert_int_equal(find(place, "nul", NULL, NULL)->source.len, 3);
    assert_int_equal(find(place, "full", NULL, NULL)->source.len, CONFIG_SOURCE_MAX);
    mem_free(large);
}

static void the_index_maps_further_boards(void **state)
{
    struct place *place = *state;
    put(place, "hello.lua", "hello");
    put(place, "hello@1.4.2.lua", "hello 1.4.2");
    put(place, "hello@2.0.0.lua", "hello 2.0.0");
    put(place, "old.lua", "old");
    put(place, "index.json",
        "{\"b\":\"hello\",\"b@1.0.0\":\"old\",\"b@1.1.0\":\"hello@2.0.0\","
        "\"pinned\":\"hello@1.4.2\",\"old\":\"hello\"}");
    expect(place, "b", NULL, "hello", "flows/hello.lua");
    expect(place, "b", "1.4.2", "hello 1.4.2", "flows/hello@1.4.2.lua");
    expect(place, "b", "1.0.0", "old", "flows/old.lua");
    expect(place, "b", "1.1.0", "hello 2.0.0", "flows/hello@2.0.0.lua");
    expect(place, "pinned", NULL, "hello 1.4.2", "flows/hello@1.4.2.lua");
    expect(place, "pinned", "2.0.0", "hello 2.0.0", "flows/hello@2.0.0.lua");
    expect(place, "old", NULL, "hello", "flows/hello.lua");
    expect_error(place, "b", "7.0.0", ERROR_MISSING,
                 "no version 7.0.0 of board \"b\" (there is: hello.lua, version 2.0.0, version "
                 "1.4.2): add flows/hello@7.0.0.lua");
    expect(place, "hello", NULL, "hello", "flows/hello.lua");
    put(place, "index.json", "{\"b\":\"old\"}");
    expect(place, "b", NULL, "old", "flows/old.lua");
    take_away(place, "index.json");
    expect_error(place, "b", NULL, ERROR_MISSING, "no flow for board \"b\"");
}

static void a_malformed_index_is_told(void **state)
{
    struct place *place = *state;
    static const char *const cases[][2] = {
        {"", "flows/index.json: invalid JSON"},
        {"{\"b\":\"x\",}", "flows/index.json: invalid JSON"},
        {"[]", "flows/index.json: must be an object, got array"},
        {"{\"b\":\"x\",\"b\":\"x\"}", "flows/index.json: the key 'b' stands twice"},
        {"{\"b\":7}", "flows/index.json: \"b\" must name a flow"},
        {"{\"b\":null}", "flows/index.json: \"b\" must name a flow"},
        {"{\"b\":\"\"}", "flows/index.json: \"b\" must name a flow"},
        {"{\"b\":\"../x\"}", "flows/index.json: \"b\" must name a flow"},
        {"{\"b\":\"/etc/passwd\"}", "flows/index.json: \"b\" must name a flow"},
        {"{\"b\":\"x\\u0000\"}", "flows/index.json: \"b\" must name a flow"},
        {"{\"b\":\"x@1.0\"}", "flows/index.json: \"b\" must name a flow"},
        {"{\"b\":\"x@1.0.0@2\"}", "flows/index.json: \"b\" must name a flow"},
    };
    put(place, "x.lua", "x");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        put(place, "index.json", cases[i][0]);
        expect_error(place, "b", NULL, ERROR_INPUT, cases[i][1]);
    }
    size_t size = CONFIG_SOURCE_MAX + 1;
    char *large = mem_new(size);
    memset(large, ' ', size);
    put_bytes(place, "index.json", (struct span){large, size});
    expect_error(place, "b", NULL, ERROR_LIMIT, "flows/index.json: at most 1048576 bytes");
    mem_free(large);
}

static void a_folder_that_is_not_there_is_told(void **state)
{
    struct place *place = *state;
    struct error err = {0};
    char file[128];
    put(place, "file.lua", "");
    snprintf(file, sizeof file, "%s/file.lua", place->dir);
    assert_null(flows_open(file, &err));
    assert_int_equal(err.kind, ERROR_MISSING);
    assert_null(flows_open("/nonexistent/flows", &err));
    assert_int_equal(err.kind, ERROR_MISSING);
    assert_string_equal(err.text, "flows folder \"/nonexistent/flows\": No such file or directory");
    flows_close(NULL);
}

/* --- what flows ask for ---------------------------------------------------------------------- */

typedef const struct flow *ask(struct flows *flows, struct span name, struct error *err);

static void expect_asked(const struct place *place, ask *how, const char *name, const char *source,
                         const char *path)
{
    struct error err = {0};
    const struct flow *flow = how(place->flows, span_of(name), &err);
    if (!flow)
        fail_msg("%s: %s", name, err.text);
    assert_true(span_is(flow->source, source));
    assert_string_equal(flow->path, path);
}

static void refuse_asked(const struct place *place, ask *how, struct span name,
                         enum error_kind kind, const char *says)
{
    struct error err = {0};
    assert_null(how(place->flows, name, &err));
    if (err.kind != kind || !strstr(err.text, says))
        fail_msg("%.*s: %s error \"%s\"", (int)name.len, name.at, error_kind_name(err.kind),
                 err.text);
}

static void a_called_flow_is_found_as_a_board_is(void **state)
{
    struct place *place = *state;
    put(place, "other.lua", "plain");
    put(place, "other@1.4.2.lua", "1.4.2");
    put(place, "x@1.9.0.lua", "1.9.0");
    put(place, "folder/flow.lua", "folder");
    put(place, "index.json", "{\"b\":\"other\",\"b@2.0.0\":\"x@1.9.0\"}");
    expect_asked(place, flow_called, "other", "plain", "flows/other.lua");
    expect_asked(place, flow_called, "other@1.4.2", "1.4.2", "flows/other@1.4.2.lua");
    expect_asked(place, flow_called, "x", "1.9.0", "flows/x@1.9.0.lua");
    expect_asked(place, flow_called, "folder", "folder", "flows/folder/flow.lua");
    expect_asked(place, flow_called, "b", "plain", "flows/other.lua");
    expect_asked(place, flow_called, "b@1.4.2", "1.4.2", "flows/other@1.4.2.lua");
    expect_asked(place, flow_called, "b@2.0.0", "1.9.0", "flows/x@1.9.0.lua");
    refuse_asked(place, flow_called, span_of("nowhere"), ERROR_MISSING, "add flows/nowhere.lua");
    refuse_asked(place, flow_called, span_of("other@1.4.3"), ERROR_MISSING,
                 "no version 1.4.3 of board \"other\" (there is: other.lua, version 1.4.2)");
    put(place, "other_spec.lua", "");
    refuse_asked(place, flow_called, span_of("other_spec"), ERROR_MISSING, "is a spec");
}

static void a_module_is_a_file_below_lib(void **state)
{
    struct place *place = *state;
    put(place, "lib/money.lua", "money");
    put(place, "lib/a/b/c.lua", "deep");
    put(place, "lib/lib.lua", "lib");
    put(place, "lib/lib/x.lua", "lib x");
    put(place, "money.lua", "a flow");
    expect_asked(place, flow_module, "lib.money", "money", "flows/lib/money.lua");
    expect_asked(place, flow_module, "money", "money", "flows/lib/money.lua");
    expect_asked(place, flow_module, "a.b.c", "deep", "flows/lib/a/b/c.lua");
    expect_asked(place, flow_module, "lib.a.b.c", "deep", "flows/lib/a/b/c.lua");
    expect_asked(place, flow_module, "lib", "lib", "flows/lib/lib.lua");
    expect_asked(place, flow_module, "lib.lib.x", "lib x", "flows/lib/lib/x.lua");
    refuse_asked(place, flow_module, span_of("lib.x"), ERROR_MISSING,
                 "no module \"lib.x\": there is no flows/lib/x.lua");
    refuse_asked(place, flow_module, span_of("money.x"), ERROR_MISSING, "flows/lib/money/x.lua");
}

static void what_is_no_name_of_a_flow_or_module_is_refused(void **state)
{
    struct place *place = *state;
    char long_name[301];
    memset(long_name, 'n', 300);
    long_name[300] = '\0';
    put(place, "../outside.lua", "");
    put(place, ".hidden.lua", "");
    put(place, "lib/.hidden.lua", "");
    put(place, "lib/a.lua", "");
    const struct span both[] = {
        {"", 0},          {"..", 2},        {"../outside", 10}, {"/etc/passwd", 11},
        {".hidden", 7},   {"a\0b", 3},      {"a/b", 3},         {"a\\b", 3},
        {"a b", 3},       {"h\xc3\xa9", 3}, {"a\n", 2},         {"a.lua\0", 6},
        {long_name, 129}, {long_name, 300}, {"@", 1},           {"@1.0.0", 6},
    };
    const struct span flows_only[] = {
        {"a@", 2},        {"a@1", 2},       {"a@1.0", 5},    {"a@01.0.0", 8}, {"a@1.0.0@2.0.0", 13},
        {"a@1.0.0\0", 8}, {"a@../../x", 9}, {"a@-1.0.0", 8},
    };
    const struct span modules_only[] = {
        {"a..b", 4}, {".", 1}, {"a.", 2}, {"lib.", 4}, {"lib..a", 6}, {"lib..", 5}, {"a@1.0.0", 7},
    };
    for (size_t i = 0; i < sizeof both / sizeof *both; i++) {
        refuse_asked(place, flow_called, both[i], ERROR_INPUT, "is no flow's name");
        refuse_asked(place, flow_module, both[i], ERROR_INPUT, "is no module's name");
    }
    for (size_t i = 0; i < sizeof flows_only / sizeof *flows_only; i++)
        refuse_asked(place, flow_called, flows_only[i], ERROR_INPUT, "is no flow's name");
    for (size_t i = 0; i < sizeof modules_only / sizeof *modules_only; i++)
        refuse_asked(place, flow_module, modules_only[i], ERROR_INPUT, "is no module's name");
    refuse_asked(place, flow_called, (struct span){long_name, 128}, ERROR_MISSING, "no flow");
    refuse_asked(place, flow_module, (struct span){long_name, 128}, ERROR_MISSING, "no module");
}

static void a_module_that_is_no_source_of_the_folder_is_refused(void **state)
{
    struct place *place = *state;
    char path[128], *large = mem_new(CONFIG_SOURCE_MAX + 2);
    memset(large, '-', CONFIG_SOURCE_MAX + 1);
    put(place, "../outside.lua", "outside");
    put(place, "../other/m.lua", "outside");
    put(place, "lib/money.lua", "money");
    put(place, "lib/bytecode.lua", "\x1bLuaT");
    put(place, "lib/latin.lua", "-- \xe9");
    put_bytes(place, "lib/full.lua", (struct span){large, CONFIG_SOURCE_MAX});
    put_bytes(place, "lib/over.lua", (struct span){large, CONFIG_SOURCE_MAX + 1});
    put_link(place, "lib/link.lua", "../../outside.lua");
    put_link(place, "lib/folder", "../../other");
    put_link(place, "lib/friend.lua", "money.lua");
    snprintf(path, sizeof path, "%s/lib/dir.lua", place->dir);
    assert_int_equal(mkdir(path, 0700), 0);
    snprintf(path, sizeof path, "%s/lib/pipe.lua", place->dir);
    assert_int_equal(mkfifo(path, 0600), 0);
    static const struct {
        const char *name;
        enum error_kind kind;
        const char *says;
    } cases[] = {
        {"bytecode", ERROR_INPUT, "flows/lib/bytecode.lua: is bytecode"},
        {"latin", ERROR_INPUT, "flows/lib/latin.lua: must be UTF-8"},
        {"over", ERROR_LIMIT, "at most 1048576 bytes"},
        {"link", ERROR_INPUT, "leads out of the flows folder"},
        {"folder.m", ERROR_INPUT, "leads out of the flows folder"},
        {"dir", ERROR_INPUT, "must be a regular file"},
        {"pipe", ERROR_INPUT, "must be a regular file"},
        {"nowhere", ERROR_MISSING, "there is no flows/lib/nowhere.lua"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        refuse_asked(place, flow_module, span_of(cases[i].name), cases[i].kind, cases[i].says);
    expect_asked(place, flow_module, "friend", "money", "flows/lib/friend.lua");
    large[CONFIG_SOURCE_MAX] = '\0';
    expect_asked(place, flow_module, "full", large, "flows/lib/full.lua");
    mem_free(large);
}

static void a_changed_module_is_read_again(void **state)
{
    struct place *place = *state;
    put(place, "lib/m.lua", "first");
    expect_asked(place, flow_module, "m", "first", "flows/lib/m.lua");
    put(place, "lib/m.lua", "other");
    expect_asked(place, flow_module, "lib.m", "other", "flows/lib/m.lua");
    take_away(place, "lib/m.lua");
    refuse_asked(place, flow_module, span_of("m"), ERROR_MISSING, "no module");
}

static void a_file_asked_for_by_two_names_has_the_name_that_was_asked_for(void **state)
{
    struct place *place = *state;
    put(place, "lib/flow.lua", "both");
    expect_asked(place, flow_module, "lib.flow", "both", "flows/lib/flow.lua");
    assert_string_equal(find(place, "lib", NULL, NULL)->name, "lib");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, enter, leave)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_flow_is_found_by_its_board),
        TEST(no_version_prefers_the_unversioned_then_the_highest),
        TEST(an_absent_version_is_no_guess),
        TEST(an_unknown_board_says_what_to_do),
        TEST(a_spec_beside_a_flow_is_no_flow),
        TEST(a_name_that_is_no_plain_component_is_refused),
        TEST(links_that_lead_out_are_refused),
        TEST(what_is_no_regular_file_is_refused),
        TEST(a_changed_file_is_read_again),
        TEST(more_flows_than_are_kept_are_all_found),
        TEST(a_source_is_checked),
        TEST(the_index_maps_further_boards),
        TEST(a_malformed_index_is_told),
        TEST(a_folder_that_is_not_there_is_told),
        TEST(a_called_flow_is_found_as_a_board_is),
        TEST(a_module_is_a_file_below_lib),
        TEST(what_is_no_name_of_a_flow_or_module_is_refused),
        TEST(a_module_that_is_no_source_of_the_folder_is_refused),
        TEST(a_changed_module_is_read_again),
        TEST(a_file_asked_for_by_two_names_has_the_name_that_was_asked_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
