/* worker: what a warm worker adds to a one-step flow, from its order to its outcome: compile,
 * check, a fresh VM with the prelude, the step, the frames. Against the same step in bare Lua. */
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

#define RUNS 2000
#define FLOW "return flow \"one\" { task \"step\" (function() return { n = 1 } end) }\n"
#define BARE "return (function() return { n = 1 } end)()\n"

struct bench {
    struct clock clock;
    struct loop *loop;
    struct pool_worker *worker;
    struct pool *pool;
    struct pool_user user;
    int done;
    int64_t began_us;
    int64_t took_us[RUNS];
};

static void order(struct bench *bench)
{
    struct buffer out;
    struct wire_load load = {
        .context = span_of("{\"run\":{\"id\":\"r\",\"app\":\"a\",\"flow\":\"one\",\"version\":\"\","
                           "\"user\":\"u\"},\"entry\":\"start\",\"stream_state\":false}"),
        .name = span_of("flows/one.lua"),
        .source = span_of(FLOW),
        .payload = span_of("null"),
        .instruction_limit = 1000000000,
        .memory_limit_bytes = 64 << 20,
        .stall_ms = 3000,
        .event_limit_bytes = 256 << 10};
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
    wire_put_start(&out, &(struct wire_start){60000});
    pool_send(bench->worker, buffer_span(&out));
    buffer_release(&out);
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
        bench->took_us[bench->done++] = clock_mono_us(&bench->clock) - bench->began_us;
        if (bench->done == RUNS)
            loop_stop(bench->loop);
        else
            order(bench);
    }
    return done;
}

static void on_gone(void *arg, int status, bool ready)
{
    (void)arg;
    (void)ready;
    fprintf(stderr, "bench: the worker ended with %d\n", status);
    exit(1);
}

static int by_value(const void *a, const void *b)
{
    int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;
    return (left > right) - (left < right);
}

/* The same step in a bare state with the standard libraries, all of it each time. */
static int64_t bare_us(const struct clock *clock)
{
    int64_t began = clock_mono_us(clock);
    for (int i = 0; i < RUNS; i++) {
        lua_State *L = luaL_newstate();
        luaL_openlibs(L);
        if (luaL_dostring(L, BARE) != LUA_OK)
            exit(1);
        lua_close(L);
    }
    return (clock_mono_us(clock) - began) / RUNS;
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
    order(&bench);
    loop_run(bench.loop);
    qsort(bench.took_us, RUNS, sizeof *bench.took_us, by_value);
    int64_t bare = bare_us(&bench.clock);
    printf("a warm worker, order to outcome of a one-step flow: median %.3f ms, p99 %.3f ms; "
           "%.1f x a bare Lua state\n",
           (double)bench.took_us[RUNS / 2] / 1000, (double)bench.took_us[RUNS * 99 / 100] / 1000,
           (double)bench.took_us[RUNS / 2] / (double)bare);
    pool_free(bench.pool);
    loop_free(bench.loop);
    config_release(&config);
    return 0;
}
