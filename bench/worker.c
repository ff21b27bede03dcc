/* worker: what the interpreter of flows costs in a warm worker, from an order to its outcome:
 * compile, check, a fresh VM with the prelude, the steps, the frames. Against the same logic in
 * bare Lua. */
#include "clock.h"
#include "config.h"
#include "loop.h"
#include "pool.h"
#include "wire.h"

#include <lauxlib.h>
#include <lualib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define RUNS_MAX 2000
#define ONE      "return flow \"one\" { task \"step\" (function() return { n = 1 } end) }\n"
#define BARE_ONE "return (function() return { n = 1 } end)()\n"
#define LIST                                                                                       \
    "local list = {}\n"                                                                            \
    "for i = 1, 1001 do list[i] = task(\"t\" .. i)(function() return { n = i } end) end\n"
#define STEPS     LIST "return flow \"steps\" (list)\n"
#define SEQ_STEPS LIST "return flow \"steps\" { seq \"q\" (list) }\n"
#define BARE_STEPS                                                                                 \
    "local list, s = {}, {}\n"                                                                     \
    "for i = 1, 1001 do list[i] = function() return { n = i } end end\n"                           \
    "for i = 1, 1001 do s[i] = list[i]() end\n"
#define MAP                                                                                        \
    "return flow \"map\" { map \"m\" { max = 4, over = function() local t = {}\n"                  \
    "for i = 1, %d do t[i] = i end return t end,\n"                                                \
    "task \"t\" (function(s) return s.item + 1 end) } }\n"
#define BARE_MAP                                                                                   \
    "local t, r = {}, {}\n"                                                                        \
    "for i = 1, %d do t[i] = i end\n"                                                              \
    "for i = 1, #t do r[i] = (function(item) return item + 1 end)(t[i]) end\n"

struct bench {
    struct clock clock;
    struct loop *loop;
    struct pool_worker *worker;
    struct pool *pool;
    struct pool_user user;
    const char *source;
    int runs;
    int done;
    bool from_start; /* else from the order: compiling and checking count, too */
    int64_t began_us;
    int64_t took_us[RUNS_MAX];
};

static void order(struct bench *bench)
{
    struct buffer out;
    struct wire_load load = {
        .context = span_of("{\"run\":{\"id\":\"r\",\"app\":\"a\",\"flow\":\"one\",\"version\":\"\","
                           "\"user\":\"u\"},\"entry\":\"start\",\"stream_state\":false}"),
        .name = span_of("flows/one.lua"),
        .source = span_of(bench->source),
        .payload = span_of("null"),
        .instruction_limit = 1000000000,
        .memory_limit_bytes = 64 << 20,
        .stall_ms = 3000,
        .event_limit_bytes = 256 << 10,
        .events_limit = 1000000};
    buffer_init(&out, WIRE_FRAME_MAX);
    wire_put_load(&out, &load);
    bench->began_us = clock_mono_us(&bench->clock);
    pool_send(bench->worker, buffer_span(&out));
    buffer_release(&out);
}

static void start(struct bench *bench)
{
    struct buffer out;
    buffer_init(&out, 64);
    wire_put_start(&out, &(struct wire_start){.left_ms = 60000});
    if (bench->from_start)
        bench->began_us = clock_mono_us(&bench->clock);
    pool_send(bench->worker, buffer_span(&out));
    buffer_release(&out);
}

static void fail(const struct wire_outcome *outcome)
{
    fprintf(stderr, "bench: the flow failed: %.*s\n", (int)outcome->message.len,
            outcome->message.at);
    exit(1);
}

static size_t on_bytes(void *arg, struct span bytes)
{
    struct bench *bench = arg;
    struct wire_frame frame;
    size_t used, done = 0;
    while (wire_read((struct span){bytes.at + done, bytes.len - done}, &frame, &used, NULL) ==
           WIRE_WHOLE) {
        done += used;
        if (frame.kind == WIRE_DESCRIBED)
            start(bench);
        if (frame.kind != WIRE_OUTCOME)
            continue;
        struct wire_outcome outcome;
        if (!wire_get_outcome(&frame, &outcome, NULL) || !outcome.completed)
            fail(&outcome);
        bench->took_us[bench->done++] = clock_mono_us(&bench->clock) - bench->began_us;
        if (bench->done == bench->runs)
            loop_stop(bench->loop);
        else
            order(bench);
    }
    return done;
}

static void on_gone(void *arg, const struct pool_end *how)
{
    (void)arg;
    fprintf(stderr, "bench: the worker ended with %d\n", how->status);
    exit(1);
}

static int by_value(const void *a, const void *b)
{
    int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;
    return (left > right) - (left < right);
}

/* The median of that many runs of the flow, in microseconds; p99 may be NULL. */
static int64_t measure(struct bench *bench, const char *source, int runs, int64_t *p99)
{
    bench->source = source;
    bench->runs = runs;
    bench->done = 0;
    order(bench);
    loop_run(bench->loop);
    qsort(bench->took_us, (size_t)runs, sizeof *bench->took_us, by_value);
    if (p99)
        *p99 = bench->took_us[runs * 99 / 100];
    return bench->took_us[runs / 2];
}

/* The same in a bare state with the standard libraries, all of it each time. */
static int64_t bare_us(const struct bench *bench, const char *source, int runs)
{
    int64_t began = clock_mono_us(&bench->clock);
    for (int i = 0; i < runs; i++) {
        lua_State *L = luaL_newstate();
        luaL_openlibs(L);
        if (luaL_dostring(L, source) != LUA_OK)
            exit(1);
        lua_close(L);
    }
    return (clock_mono_us(&bench->clock) - began) / runs;
}

static void bench_one(struct bench *bench)
{
    int64_t p99, median = measure(bench, ONE, RUNS_MAX, &p99);
    printf("a warm worker, order to outcome of a one-step flow: median %.3f ms, p99 %.3f ms; "
           "%.1f x a bare Lua state\n",
           (double)median / 1000, (double)p99 / 1000,
           (double)median / (double)bare_us(bench, BARE_ONE, RUNS_MAX));
}

/* Steps of the flow itself also send a progress frame each, which those in a seq do not. */
static void bench_steps(struct bench *bench)
{
    bench->from_start = true;
    int64_t one = measure(bench, ONE, 500, NULL);
    double inside = (double)(measure(bench, SEQ_STEPS, 100, NULL) - one) / 1000;
    double on_top = (double)(measure(bench, STEPS, 100, NULL) - one) / 1000;
    bench->from_start = false;
    double bare = (double)(bare_us(bench, BARE_STEPS, 100) - bare_us(bench, BARE_ONE, 500)) / 1000;
    printf("a step in a seq, its result through JSON: %.2f us; a step of the flow, which is also "
           "told: %.2f us; in bare Lua, without any of it: %.2f us; ratio %.1f and %.1f\n",
           inside, on_top, bare, inside / bare, on_top / bare);
}

static void bench_map(struct bench *bench)
{
    char flow[512], bare[512];
    double us[2];
    const int items[] = {10000, 100000};
    for (int i = 0; i < 2; i++) {
        snprintf(flow, sizeof flow, MAP, items[i]);
        snprintf(bare, sizeof bare, BARE_MAP, items[i]);
        us[i] = (double)measure(bench, flow, 5, NULL);
        printf("a map over %d items: %.1f ms, %.2f us an item; %.1f x bare Lua\n", items[i],
               us[i] / 1000, us[i] / items[i], us[i] / (double)bare_us(bench, bare, 5));
    }
    printf("ten times the items take %.1f x the time\n", us[1] / us[0]);
}

int main(void)
{
    static struct bench bench;
    struct config config;
    struct config_warnings warnings;
    struct log log = {&bench.clock, STDERR_FILENO, LOG_ERROR, false};
    config_read(&config, (const char *[]){NULL}, &warnings);
    bench.loop = loop_new(&bench.clock, NULL);
    bench.pool = pool_new(bench.loop, &config, &log, BENCH_PROGRAM);
    bench.user = (struct pool_user){&bench, on_bytes, on_gone};
    bench.worker = pool_take(bench.pool, "app", &bench.user, NULL);
    bench_one(&bench);
    bench_steps(&bench);
    bench_map(&bench);
    pool_free(bench.pool);
    loop_free(bench.loop);
    config_release(&config);
    return 0;
}
