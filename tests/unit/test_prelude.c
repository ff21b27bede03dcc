#include "script.h"

#include "json.h"

#include <dirent.h>
#include <lauxlib.h>
#include <lualib.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* The cases are data: tests/lua/<noun>.lua returns a list of them, tests/lua/lib/judge.lua
 * compares. The host is this process: requests are answered with the case's replies in their order,
 * and waiting turns the clock instead of taking time. */

#define PENDING_MAX 32
#define CASES_MIN   60
#define STOPPED_MAX 64
#define TEXT_MAX    8388608UL
#define SOURCE_MAX  1048576UL
#define LEFT_MS     86400000

/* The test's own Lua stack while a case runs. */
enum { AT_CASE = 1, AT_SEEN };

struct pending {
    int64_t id; /* 0: free */
    int64_t at_ms;
    int number; /* of its reply in the case's list */
};

struct bench {
    lua_State *L; /* the test's own */
    struct clock clock;
    struct pending pending[PENDING_MAX];
    int requests;
    struct buffer head;
    struct buffer body;
    jmp_buf ended; /* by host.final */
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

static void on_event(void *arg, const struct wire_event *event)
{
    struct buffer text;
    buffer_init(&text, TEXT_MAX);
    assert_true(json_check(event->payload, NULL));
    buffer_add(&text, event->type);
    buffer_text(&text, " ");
    buffer_add(&text, event->payload);
    see(arg, "events", buffer_span(&text));
    buffer_release(&text);
}

static void on_progress(void *arg, const struct wire_progress *progress)
{
    struct buffer text;
    buffer_init(&text, 8192);
    buffer_format(&text, "%lld ", (long long)progress->percent);
    buffer_add(&text, progress->step);
    see(arg, "progress", buffer_span(&text));
    buffer_release(&text);
}

static void note_outcome(lua_State *L, const struct wire_outcome *outcome)
{
    const struct {
        const char *name;
        struct span text;
    } texts[] = {{"output", outcome->output},   {"code", outcome->code}, {"step", outcome->step},
                 {"message", outcome->message}, {"file", outcome->file}, {"data", outcome->data}};
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
}

static void on_final(void *arg, const struct wire_outcome *outcome) __attribute__((noreturn));
static void on_final(void *arg, const struct wire_outcome *outcome)
{
    struct bench *bench = arg;
    note_outcome(bench->L, outcome);
    longjmp(bench->ended, 1);
}

static void on_tick(void *arg)
{
    (void)arg;
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

static void schedule_reply(struct bench *bench, int64_t id)
{
    struct pending *place = bench->pending;
    while (place->id)
        place++;
    assert_true(place < bench->pending + PENDING_MAX);
    if (!push_reply(bench->L, ++bench->requests))
        return;
    int64_t after_ms = number_of(bench->L, -1, "after", 0);
    *place = (struct pending){id, clock_mono_ms(&bench->clock) + after_ms, bench->requests};
    lua_settop(bench->L, AT_SEEN);
}

static void on_request(void *arg, const struct wire_request *request)
{
    static const char *const keys[] = {"method", "url"};
    struct bench *bench = arg;
    struct span values[2];
    struct buffer text;
    buffer_init(&text, TEXT_MAX);
    assert_true(json_check(request->head, NULL));
    assert_true(json_pick(request->head, keys, values, 2, NULL));
    assert_true(json_decode(values[0], &text, NULL));
    buffer_text(&text, " ");
    assert_true(json_decode(values[1], &text, NULL));
    buffer_text(&text, request->body.len ? " " : "");
    buffer_add(&text, request->body);
    see(bench, "requests", buffer_span(&text));
    see(bench, "heads", request->head);
    buffer_release(&text);
    schedule_reply(bench, request->id);
}

static void on_abandon(void *arg, const struct wire_abandon *abandon)
{
    struct bench *bench = arg;
    char id[24];
    snprintf(id, sizeof id, "%lld", (long long)abandon->id);
    see(bench, "abandoned", span_of(id));
    for (struct pending *it = bench->pending; it < bench->pending + PENDING_MAX; it++)
        if (it->id == abandon->id)
            it->id = 0;
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
static void write_reply(struct bench *bench)
{
    lua_State *L = bench->L;
    buffer_clear(&bench->head);
    buffer_clear(&bench->body);
    bool failed = lua_getfield(L, -1, "error") == LUA_TSTRING;
    lua_pop(L, 1);
    if (failed) {
        buffer_text(&bench->head, "{\"error\":{");
        put_field(&bench->head, L, "code", "error");
        buffer_text(&bench->head, ",");
        put_field(&bench->head, L, "message", "message");
        buffer_text(&bench->head, "}}");
        return;
    }
    struct span body;
    buffer_format(&bench->head, "{\"status\":%d,\"headers\":{",
                  (int)number_of(L, -1, "status", 200));
    put_headers(&bench->head, L);
    buffer_text(&bench->head, "}}");
    lua_getfield(L, -1, "body");
    body.at = luaL_optlstring(L, -1, "", &body.len);
    buffer_add(&bench->body, body);
    lua_pop(L, 1);
}

static struct pending *earliest(struct bench *bench)
{
    struct pending *next = NULL;
    for (struct pending *it = bench->pending; it < bench->pending + PENDING_MAX; it++)
        if (it->id && (!next || it->at_ms < next->at_ms))
            next = it;
    return next;
}

static bool on_wait(void *arg, int64_t timeout_ms, struct wire_reply *reply)
{
    struct bench *bench = arg;
    struct pending *next = earliest(bench);
    int64_t now_ms = clock_mono_ms(&bench->clock);
    assert_true(next || timeout_ms >= 0);
    if (!next || (timeout_ms >= 0 && next->at_ms > now_ms + timeout_ms)) {
        bench->clock.mono_turn_ms += timeout_ms;
        return false;
    }
    if (next->at_ms > now_ms)
        bench->clock.mono_turn_ms += next->at_ms - now_ms;
    assert_true(push_reply(bench->L, next->number));
    write_reply(bench);
    lua_settop(bench->L, AT_SEEN);
    *reply = (struct wire_reply){next->id, buffer_span(&bench->head), buffer_span(&bench->body)};
    next->id = 0;
    return true;
}

/* one case ------------------------------------------------------------------------------------- */

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
    lua_getfield(L, AT_CASE, "stream");
    buffer_format(out,
                  "{\"run\":{\"id\":\"run1\",\"app\":\"app1\",\"flow\":\"board1\","
                  "\"version\":\"1.0.0\",\"user\":\"user1\"},\"stream_state\":%s,\"entry\":",
                  lua_toboolean(L, -1) ? "true" : "false");
    json_put_string(out, case_text(L, "entry", "start"));
    buffer_text(out, "}");
}

/* Scripts that host.final stopped: their states are never closed, only kept. */
static struct script *stopped[STOPPED_MAX];

static void keep_stopped(struct script *script)
{
    size_t i = 0;
    while (stopped[i])
        i++;
    assert_true(i < STOPPED_MAX - 1);
    stopped[i] = script;
}

static void load_and_run(struct bench *bench, struct script *script, const struct wire_load *load,
                         int64_t left_ms)
{
    struct span described;
    struct wire_outcome outcome;
    bool startable = script_load(script, load, &described);
    assert_true(json_check(described, NULL));
    lua_settop(bench->L, AT_SEEN);
    lua_pushlstring(bench->L, described.at, described.len);
    lua_setfield(bench->L, AT_SEEN, "described");
    if (startable) {
        script_run(script, &(struct wire_start){left_ms}, &outcome);
        note_outcome(bench->L, &outcome);
    }
}

static void run_bench(struct bench *bench)
{
    lua_State *L = bench->L;
    struct buffer context;
    struct error err;
    buffer_init(&context, 4096);
    put_context(&context, L);
    struct wire_load load = {
        .context = buffer_span(&context),
        .name = case_text(L, "file", "flows/test.lua"),
        .source = case_text(L, "flow", ""),
        .payload = case_text(L, "payload", "null"),
        .instruction_limit = 1000000000,
        .memory_limit_bytes = 67108864,
        .stall_ms = 3000,
        .event_limit_bytes = number_of(L, AT_CASE, "event_limit", 262144),
    };
    struct script_host host = {bench,      &bench->clock, on_event, on_progress, on_request,
                               on_abandon, on_wait,       on_final, on_tick};
    struct script *script = script_new(NULL, &load, &host, &err);
    assert_non_null(script);
    if (setjmp(bench->ended) == 0) {
        load_and_run(bench, script, &load, number_of(L, AT_CASE, "left", LEFT_MS));
        script_free(script);
    } else {
        keep_stopped(script);
    }
    buffer_release(&context);
}

/* run(case) -> seen */
static int run_case(lua_State *L)
{
    static const char *const lists[] = {"events",   "requests",  "heads",
                                        "progress", "abandoned", NULL};
    lua_settop(L, AT_CASE);
    lua_newtable(L);
    for (const char *const *list = lists; *list; list++) {
        lua_newtable(L);
        lua_setfield(L, AT_SEEN, *list);
    }
    struct bench *bench = mem_new(sizeof *bench);
    bench->L = L;
    buffer_init(&bench->head, TEXT_MAX);
    buffer_init(&bench->body, TEXT_MAX);
    run_bench(bench);
    lua_settop(L, AT_SEEN);
    lua_pushinteger(L, bench->clock.mono_turn_ms);
    lua_setfield(L, AT_SEEN, "clock_ms");
    buffer_release(&bench->head);
    buffer_release(&bench->body);
    mem_free(bench);
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
static bool judge_case(lua_State *L, const char *file)
{
    int top = lua_gettop(L);
    lua_pushvalue(L, 1);
    lua_pushvalue(L, top);
    lua_pushcfunction(L, run_case);
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
        tally->failures += !judge_case(L, name);
    }
    lua_close(L);
}

static void every_case_ends_as_it_expects(void **state)
{
    (void)state;
    struct tally tally = {0, 0};
    each_lua_file(TEST_SOURCE "/tests/lua", judge_file, &tally);
    print_message("%d cases\n", tally.cases);
    assert_true(tally.cases >= CASES_MIN);
    assert_int_equal(tally.failures, 0);
}

/* The file as a case that expects no findings and no such entry. */
static void judge_flow(void *arg, const char *name, const char *path)
{
    (void)arg;
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
    assert_true(judge_case(L, name));
    lua_close(L);
}

static void the_flows_of_the_folder_load_without_findings(void **state)
{
    (void)state;
    assert_true(each_lua_file(TEST_SOURCE "/flows", judge_flow, NULL) >= 5);
}

static void branches_wait_side_by_side_with_16_requests_out_at_most(void **state)
{
    (void)state;
    lua_State *L = new_state();
    if (luaL_loadfile(L, TEST_SOURCE "/tests/lua/lib/branches.lua"))
        fail_msg("%s", lua_tostring(L, -1));
    lua_pushliteral(L, TEST_SOURCE "/lua/prelude/scheduler.lua");
    if (lua_pcall(L, 1, 0, 0))
        fail_msg("%s", lua_tostring(L, -1));
    lua_close(L);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(branches_wait_side_by_side_with_16_requests_out_at_most),
        cmocka_unit_test(every_case_ends_as_it_expects),
        cmocka_unit_test(the_flows_of_the_folder_load_without_findings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
