#include "config.h"
#include "json.h"
#include "loop.h"
#include "pool.h"
#include "wire.h"

#include <dirent.h>
#include <lauxlib.h>
#include <lualib.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* The cases are data: tests/lua/<noun>.lua returns a list of them, tests/lua/lib/judge.lua
 * compares. A real worker runs each; this process is its supervisor: requests are answered with the
 * case's replies in their order, fetches with its files, and waiting turns the worker's clock
 * instead of taking time. */

#define CASES_MIN   300
#define TEXT_MAX    8388608UL
#define SOURCE_MAX  1048576UL
#define LEFT_MS     86400000
#define CASE_MAX_MS 30000

/* The test's own Lua stack while a case runs. */
enum { AT_CASE = 1, AT_SEEN };

struct bench {
    lua_State *L; /* the test's own */
    struct clock clock;
    struct config config;
    struct log log;
    struct loop *loop;
    struct pool *pool;
    struct pool_worker *worker;
    struct loop_timer limit;
    int requests;
    bool ended;
};

/* what the script does is written down ----------------------------------------------------------
 */

static void see(struct bench *bench, const char *list, struct span text)
{
    lua_State *L = bench->L;
    lua_getfield(L, AT_SEEN, list);
    lua_pushlstring(L, text.at, text.len);
    lua_rawseti(L, -2, (lua_Integer)lua_rawlen(L, -2) + 1);
    lua_pop(L, 1);
}

static void see_event(struct bench *bench, const struct wire_event *event)
{
    struct buffer text;
    buffer_init(&text, TEXT_MAX);
    assert_true(json_check(event->payload, NULL));
    buffer_add(&text, event->type);
    buffer_text(&text, " ");
    buffer_add(&text, event->payload);
    see(bench, "events", buffer_span(&text));
    buffer_release(&text);
}

static void see_progress(struct bench *bench, const struct wire_progress *progress)
{
    struct buffer text;
    buffer_init(&text, 8192);
    buffer_format(&text, "%lld ", (long long)progress->percent);
    buffer_add(&text, progress->step);
    see(bench, "progress", buffer_span(&text));
    buffer_release(&text);
}

static void note_outcome(lua_State *L, const struct wire_outcome *outcome)
{
    const struct {
        const char *name;
        struct span text;
    } texts[] = {{"output", outcome->output},   {"code", outcome->code}, {"step", outcome->step},
                 {"message", outcome->message}, {"file", outcome->file}, {"data", outcome->data},
                 {"trace", outcome->trace}};
    lua_newtable(L);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        if (!texts[i].text.len)
            continue;
        lua_pushlstring(L, texts[i].text.at, texts[i].text.len);
        lua_setfield(L, -2, texts[i].name);
    }
    lua_pushboolean(L, outcome->completed);
    lua_setfield(L, -2, "completed");
    lua_pushinteger(L, outcome->line);
    lua_setfield(L, -2, "line");
    lua_pushinteger(L, outcome->attempt);
    lua_setfield(L, -2, "attempt");
    lua_setfield(L, AT_SEEN, "outcome");
    lua_pushinteger(L, outcome->turned_ms);
    lua_setfield(L, AT_SEEN, "clock_ms");
}

/* requests and their replies ------------------------------------------------------------------- */

static lua_Integer number_of(lua_State *L, int index, const char *name, lua_Integer otherwise)
{
    lua_getfield(L, index, name);
    lua_Integer value = luaL_optinteger(L, -1, otherwise);
    lua_pop(L, 1);
    return value;
}

/* Pushes the case's n-th reply; false, and nothing pushed, when it has none. */
static bool push_reply(lua_State *L, int n)
{
    if (lua_getfield(L, AT_CASE, "replies") == LUA_TTABLE && lua_rawgeti(L, -1, n) == LUA_TTABLE) {
        lua_remove(L, -2);
        return true;
    }
    lua_settop(L, AT_SEEN);
    return false;
}

/* Appends "name": then the reply's text of that field. */
static void put_field(struct buffer *out, lua_State *L, const char *name, const char *field)
{
    lua_getfield(L, -1, field);
    buffer_format(out, "\"%s\":", name);
    json_put_string(out, span_of(luaL_optstring(L, -1, "failed")));
    lua_pop(L, 1);
}

/* The headers of the reply on top; JSON is what a reply without any says it is. */
static void put_headers(struct buffer *out, lua_State *L)
{
    const char *comma = "";
    if (lua_getfield(L, -1, "headers") != LUA_TTABLE) {
        buffer_text(out, "\"content-type\":\"application/json\"");
        lua_pop(L, 1);
        return;
    }
    for (lua_pushnil(L); lua_next(L, -2); lua_pop(L, 1)) {
        buffer_text(out, comma);
        json_put_string(out, span_of(lua_tostring(L, -2)));
        buffer_text(out, ":");
        json_put_string(out, span_of(lua_tostring(L, -1)));
        comma = ",";
    }
    lua_pop(L, 1);
}

/* The reply on top of the stack as the supervisor would word it. */
static void put_reply_head(struct buffer *head, lua_State *L)
{
    bool failed = lua_getfield(L, -1, "error") == LUA_TSTRING;
    lua_pop(L, 1);
    if (failed) {
        buffer_text(head, "{\"error\":{");
        put_field(head, L, "code", "error");
        buffer_text(head, ",");
        put_field(head, L, "message", "message");
        buffer_text(head, "}}");
        return;
    }
    buffer_format(head, "{\"status\":%d,\"headers\":{", (int)number_of(L, -1, "status", 200));
    put_headers(head, L);
    buffer_text(head, "}}");
}

static void send_reply(struct bench *bench, const struct wire_reply *reply)
{
    struct buffer out;
    buffer_init(&out, WIRE_FRAME_MAX);
    assert_true(wire_put_reply(&out, reply));
    pool_send(bench->worker, buffer_span(&out));
    buffer_release(&out);
}

/* With the next of the case's replies; without one it is answered in some weeks. */
static void answer_request(struct bench *bench, int64_t id)
{
    struct wire_reply reply = {.id = id, .head = span_of("{}"), .after_ms = INT32_MAX};
    struct buffer head;
    buffer_init(&head, TEXT_MAX);
    if (push_reply(bench->L, ++bench->requests)) {
        put_reply_head(&head, bench->L);
        lua_getfield(bench->L, -1, "body");
        reply.body.at = luaL_optlstring(bench->L, -1, "", &reply.body.len);
        lua_pop(bench->L, 1);
        reply.head = buffer_span(&head);
        reply.after_ms = number_of(bench->L, -1, "after", 0);
    }
    send_reply(bench, &reply);
    buffer_release(&head);
    lua_settop(bench->L, AT_SEEN);
}

static void on_request(struct bench *bench, const struct wire_request *request)
{
    static const char *const keys[] = {"method", "url"};
    struct span values[2];
    struct buffer text;
    buffer_init(&text, TEXT_MAX);
    assert_true(json_check(request->head, NULL));
    assert_true(json_pick(request->head, keys, values, 2, NULL));
    assert_true(json_decode(values[0], &text, NULL));
    buffer_text(&text, " ");
    if (json_type(values[1]) == JSON_STRING)
        assert_true(json_decode(values[1], &text, NULL));
    else
        buffer_add(&text, values[1]);
    buffer_text(&text, request->body.len ? " " : "");
    buffer_add(&text, request->body);
    see(bench, "requests", buffer_span(&text));
    see(bench, "heads", request->head);
    buffer_release(&text);
    answer_request(bench, request->id);
}

/* As the supervisor names files: "lib.a.b" of modules is lib/a/b.lua. */
static void file_of(const struct wire_fetch *fetch, char file[512])
{
    struct span name = fetch->name;
    if (span_is(fetch->what, "flow")) {
        snprintf(file, 512, "%.*s.lua", (int)name.len, name.at);
        return;
    }
    if (name.len > 4 && memcmp(name.at, "lib.", 4) == 0)
        name = (struct span){name.at + 4, name.len - 4};
    size_t len = (size_t)snprintf(file, 512, "lib/");
    for (size_t i = 0; i < name.len; i++)
        file[len++] = name.at[i] == '.' ? '/' : name.at[i];
    snprintf(file + len, 512 - len, ".lua");
}

static void on_fetch(struct bench *bench, const struct wire_fetch *fetch)
{
    char file[512], head[640];
    lua_State *L = bench->L;
    struct wire_reply reply = {.id = fetch->id};
    file_of(fetch, file);
    if (lua_getfield(L, AT_CASE, "files") == LUA_TTABLE)
        lua_getfield(L, -1, file);
    if (lua_type(L, -1) == LUA_TSTRING) {
        snprintf(head, sizeof head, "{\"file\":\"flows/%s\"}", file);
        reply.body.at = lua_tolstring(L, -1, &reply.body.len);
    } else {
        snprintf(head, sizeof head,
                 "{\"error\":{\"code\":\"%.*s.unknown\",\"message\":\"there is no %s\"}}",
                 (int)fetch->what.len, fetch->what.at, file);
    }
    reply.head = span_of(head);
    send_reply(bench, &reply);
    lua_settop(L, AT_SEEN);
}

/* one case ------------------------------------------------------------------------------------- */

static void end(struct bench *bench)
{
    bench->ended = true;
    loop_stop(bench->loop);
}

static void begin(struct bench *bench)
{
    struct buffer out;
    struct wire_start start = {number_of(bench->L, AT_CASE, "left", LEFT_MS),
                               number_of(bench->L, AT_CASE, "undo_left", 0)};
    buffer_init(&out, 64);
    assert_true(wire_put_start(&out, &start));
    pool_send(bench->worker, buffer_span(&out));
    buffer_release(&out);
}

static void on_described(struct bench *bench, const struct wire_described *described)
{
    assert_true(json_check(described->text, NULL));
    lua_pushlstring(bench->L, described->text.at, described->text.len);
    bool broken = strstr(lua_tostring(bench->L, -1), "\"severity\":\"error\"") != NULL;
    lua_setfield(bench->L, AT_SEEN, "described");
    if (broken)
        end(bench);
    else
        begin(bench);
}

static void take_frame(struct bench *bench, const struct wire_frame *frame)
{
    union {
        struct wire_described described;
        struct wire_event event;
        struct wire_progress progress;
        struct wire_request request;
        struct wire_fetch fetch;
        struct wire_abandon abandon;
        struct wire_outcome outcome;
    } of;
    char id[24];
    if (wire_get_described(frame, &of.described, NULL)) {
        on_described(bench, &of.described);
    } else if (wire_get_event(frame, &of.event, NULL)) {
        see_event(bench, &of.event);
    } else if (wire_get_progress(frame, &of.progress, NULL)) {
        see_progress(bench, &of.progress);
    } else if (wire_get_request(frame, &of.request, NULL)) {
        on_request(bench, &of.request);
    } else if (wire_get_fetch(frame, &of.fetch, NULL)) {
        on_fetch(bench, &of.fetch);
    } else if (wire_get_abandon(frame, &of.abandon, NULL)) {
        snprintf(id, sizeof id, "%lld", (long long)of.abandon.id);
        see(bench, "abandoned", span_of(id));
    } else {
        assert_true(wire_get_outcome(frame, &of.outcome, NULL));
        note_outcome(bench->L, &of.outcome);
        end(bench);
    }
}

static size_t on_bytes(void *arg, struct span bytes)
{
    struct bench *bench = arg;
    struct wire_frame frame;
    size_t used, done = 0;
    while (wire_read((struct span){bytes.at + done, bytes.len - done}, &frame, &used, NULL) ==
           WIRE_WHOLE) {
        done += used;
        take_frame(bench, &frame);
    }
    return done;
}

static void on_gone(void *arg, const struct pool_end *how)
{
    struct bench *bench = arg;
    bench->worker = NULL;
    if (!bench->ended) {
        lua_pushinteger(bench->L, how->status);
        lua_setfield(bench->L, AT_SEEN, "gone");
        end(bench);
    }
}

static void on_limit(void *arg)
{
    (void)arg;
    fail_msg("a case hangs");
}

/* A text field of the case; the stack keeps it. */
static struct span case_text(lua_State *L, const char *name, const char *otherwise)
{
    struct span text;
    lua_getfield(L, AT_CASE, name);
    text.at = luaL_optlstring(L, -1, otherwise, &text.len);
    return text;
}

static void put_context(struct buffer *out, lua_State *L)
{
    static const char *const parts[] = {"user", "profile", "event"};
    lua_getfield(L, AT_CASE, "stream");
    buffer_format(out,
                  "{\"run\":{\"id\":\"run1\",\"app\":\"app1\",\"flow\":\"board1\","
                  "\"version\":\"1.0.0\",\"user\":\"user1\"},\"stream_state\":%s,\"entry\":",
                  lua_toboolean(L, -1) ? "true" : "false");
    json_put_string(out, case_text(L, "entry", "start"));
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        struct span text = case_text(L, parts[i], "");
        if (!text.len)
            continue;
        buffer_format(out, ",\"%s\":", parts[i]);
        json_put_string(out, text);
    }
    buffer_text(out, ",\"variables\":");
    buffer_add(out, case_text(L, "variables", "{}"));
    buffer_text(out, "}");
}

static void send_load(struct bench *bench)
{
    lua_State *L = bench->L;
    struct buffer context, out;
    buffer_init(&context, TEXT_MAX);
    buffer_init(&out, WIRE_FRAME_MAX);
    put_context(&context, L);
    struct wire_load load = {
        .context = buffer_span(&context),
        .name = case_text(L, "file", "flows/test.lua"),
        .source = case_text(L, "flow", ""),
        .payload = case_text(L, "payload", "null"),
        .instruction_limit = number_of(L, AT_CASE, "instructions", 1000000000),
        .memory_limit_bytes = number_of(L, AT_CASE, "memory_mb", 64) << 20,
        .stall_ms = 3000,
        .event_limit_bytes = number_of(L, AT_CASE, "event_limit", 262144),
        .events_limit = number_of(L, AT_CASE, "events_limit", 1000000),
        .skip_waits = true,
    };
    assert_true(wire_put_load(&out, &load));
    pool_send(bench->worker, buffer_span(&out));
    buffer_release(&out);
    buffer_release(&context);
    lua_settop(L, AT_SEEN);
}

/* A worker that ended a run in order is used again; a flow that failed may have ended it. */
static void drop_worker(struct bench *bench)
{
    if (!bench->worker)
        return;
    lua_getfield(bench->L, AT_SEEN, "outcome");
    bool completed = false;
    if (lua_istable(bench->L, -1)) {
        lua_getfield(bench->L, -1, "completed");
        completed = lua_toboolean(bench->L, -1);
    }
    if (completed)
        pool_give_back(bench->worker);
    else
        pool_kill(bench->worker);
    bench->worker = NULL;
    lua_settop(bench->L, AT_SEEN);
}

/* run(case) -> seen; the bench is an upvalue. */
static int run_case(lua_State *L)
{
    static const char *const lists[] = {"events",   "requests",  "heads",
                                        "progress", "abandoned", NULL};
    struct bench *bench = lua_touserdata(L, lua_upvalueindex(1));
    struct pool_user user = {bench, on_bytes, on_gone};
    struct error err = {0};
    lua_settop(L, AT_CASE);
    lua_newtable(L);
    for (const char *const *list = lists; *list; list++) {
        lua_newtable(L);
        lua_setfield(L, AT_SEEN, *list);
    }
    lua_pushinteger(L, 0);
    lua_setfield(L, AT_SEEN, "clock_ms");
    bench->L = L;
    bench->requests = 0;
    bench->ended = false;
    bench->worker = pool_take(bench->pool, "app1", &user, &err);
    assert_non_null(bench->worker);
    send_load(bench);
    loop_timer_set(bench->loop, &bench->limit, loop_mono_ms(bench->loop) + CASE_MAX_MS, on_limit,
                   bench);
    loop_run(bench->loop);
    loop_timer_stop(bench->loop, &bench->limit);
    drop_worker(bench);
    return 1;
}

/* all of them ---------------------------------------------------------------------------------- */

/* Leaves what the file returns on the stack. */
static void run_file(lua_State *L, const char *path)
{
    if (luaL_dofile(L, path))
        fail_msg("%s", lua_tostring(L, -1));
}

/* A state with the judge at index 1. */
static lua_State *new_state(void)
{
    lua_State *L = luaL_newstate();
    assert_non_null(L);
    luaL_openlibs(L);
    run_file(L, TEST_SOURCE "/tests/lua/lib/judge.lua");
    return L;
}

/* Calls judge(case, run(case)) for the case on top, which is removed; true when all was as
 * expected, else it is printed. */
static bool judge_case(lua_State *L, struct bench *bench, const char *file)
{
    int top = lua_gettop(L);
    lua_pushvalue(L, 1);
    lua_pushvalue(L, top);
    lua_pushlightuserdata(L, bench);
    lua_pushcclosure(L, run_case, 1);
    lua_pushvalue(L, top);
    lua_call(L, 1, 1);
    lua_call(L, 2, 1);
    int differences = (int)lua_rawlen(L, -1);
    lua_getfield(L, top, "name");
    if (differences)
        print_error("%s: %s\n", file, lua_tostring(L, -1));
    for (int i = 1; i <= differences; i++) {
        lua_rawgeti(L, top + 1, i);
        print_error("    %s\n", lua_tostring(L, -1));
        lua_pop(L, 1);
    }
    lua_settop(L, top - 1);
    return differences == 0;
}

/* Calls each with the name and path of every Lua file in the folder; returns how many. */
static int each_lua_file(const char *folder,
                         void (*each)(void *arg, const char *name, const char *path), void *arg)
{
    int count = 0;
    DIR *dir = opendir(folder);
    assert_non_null(dir);
    for (struct dirent *entry; (entry = readdir(dir));) {
        const char *dot = strrchr(entry->d_name, '.');
        if (!dot || strcmp(dot, ".lua") != 0)
            continue;
        char path[1024];
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        each(arg, entry->d_name, path);
        count++;
    }
    closedir(dir);
    return count;
}

struct tally {
    struct bench *bench;
    int cases;
    int failures;
};

static void judge_file(void *arg, const char *name, const char *path)
{
    struct tally *tally = arg;
    lua_State *L = new_state();
    run_file(L, path);
    lua_Integer count = (lua_Integer)lua_rawlen(L, 2);
    for (lua_Integer i = 1; i <= count; i++, tally->cases++) {
        lua_rawgeti(L, 2, i);
        tally->failures += !judge_case(L, tally->bench, name);
    }
    lua_close(L);
}

static void every_case_ends_as_it_expects(void **state)
{
    struct tally tally = {*state, 0, 0};
    each_lua_file(TEST_SOURCE "/tests/lua", judge_file, &tally);
    print_message("%d cases\n", tally.cases);
    assert_true(tally.cases >= CASES_MIN);
    assert_int_equal(tally.failures, 0);
}

/* The file, unless it is a spec, as a case that expects no findings and no such entry. */
static void judge_flow(void *arg, const char *name, const char *path)
{
    if (strstr(name, "_spec.lua"))
        return;
    lua_State *L = new_state();
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    char *source = mem_new(SOURCE_MAX);
    size_t len = fread(source, 1, SOURCE_MAX, file);
    fclose(file);
    lua_newtable(L);
    lua_pushlstring(L, source, len);
    lua_setfield(L, -2, "flow");
    mem_free(source);
    lua_pushfstring(L, "flows/%s", name);
    lua_setfield(L, -2, "file");
    lua_pushstring(L, name);
    lua_setfield(L, -2, "name");
    lua_pushliteral(L, "nowhere");
    lua_setfield(L, -2, "entry");
    lua_newtable(L);
    lua_pushliteral(L, "node.unknown");
    lua_setfield(L, -2, "code");
    lua_setfield(L, -2, "expect");
    assert_true(judge_case(L, arg, name));
    lua_close(L);
}

static void the_flows_of_the_folder_load_without_findings(void **state)
{
    assert_true(each_lua_file(TEST_SOURCE "/flows", judge_flow, *state) >= 5);
}

/* A program of tests/lua/lib that tests parts of the prelude by itself, given a path of them. */
static void run_alone(const char *program, const char *path)
{
    lua_State *L = new_state();
    if (luaL_loadfile(L, program))
        fail_msg("%s", lua_tostring(L, -1));
    lua_pushstring(L, path);
    if (lua_pcall(L, 1, 0, 0))
        fail_msg("%s", lua_tostring(L, -1));
    lua_close(L);
}

static void branches_wait_side_by_side_with_16_requests_out_at_most(void **state)
{
    (void)state;
    run_alone(TEST_SOURCE "/tests/lua/lib/branches.lua", TEST_SOURCE "/lua/prelude/scheduler.lua");
}

static void wrong_arguments_are_told_by_function_place_and_name(void **state)
{
    (void)state;
    run_alone(TEST_SOURCE "/tests/lua/lib/signatures.lua", TEST_SOURCE "/lua/prelude/");
}

static int open_bench(void **state)
{
    struct config_warnings warnings;
    struct bench *bench = mem_new(sizeof *bench);
    config_read(&bench->config, (const char *[]){NULL}, &warnings);
    bench->log = (struct log){&bench->clock, STDERR_FILENO, LOG_ERROR, false};
    bench->loop = loop_new(&bench->clock, NULL);
    bench->pool = pool_new(bench->loop, &bench->config, &bench->log, TEST_BUILD "/bootstrap");
    *state = bench;
    return 0;
}

static int close_bench(void **state)
{
    struct bench *bench = *state;
    pool_free(bench->pool);
    loop_free(bench->loop);
    config_release(&bench->config);
    mem_free(bench);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(branches_wait_side_by_side_with_16_requests_out_at_most),
        cmocka_unit_test(wrong_arguments_are_told_by_function_place_and_name),
        cmocka_unit_test_setup_teardown(every_case_ends_as_it_expects, open_bench, close_bench),
        cmocka_unit_test_setup_teardown(the_flows_of_the_folder_load_without_findings, open_bench,
                                        close_bench),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
