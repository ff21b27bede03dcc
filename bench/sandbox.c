/* sandbox: what protection costs, each against the same without it in the same run. */
#include "sandbox.h"
#include "arena.h"
#include "budget.h"
#include "clock.h"
#include "config.h"
#include "loop.h"
#include "pool.h"
#include "script.h"

#include <lauxlib.h>
#include <lualib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define ROUNDS     2000
#define FORKS      100
#define LOOP       "local x = 0 for i = 1, 20000000 do x = x + i % 7 end return x"
#define ARENA_SIZE (1024 * 1024)

static struct clock wall;

static int by_value(const void *a, const void *b)
{
    int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;
    return (left > right) - (left < right);
}

static int64_t median(int64_t *values, size_t count)
{
    qsort(values, count, sizeof *values, by_value);
    return values[count / 2];
}

/* --- a fresh state ---------------------------------------------------------------------------- */

static void no_final(void *arg, const struct wire_outcome *outcome) __attribute__((noreturn));
static void no_final(void *arg, const struct wire_outcome *outcome)
{
    (void)arg;
    fprintf(stderr, "bench: %.*s\n", (int)outcome->message.len, outcome->message.at);
    exit(1);
}

static void no_tick(void *arg)
{
    (void)arg;
}

/* A capped state with six libraries, which is the least that a script could have. */
static int64_t bare_state_ns(void)
{
    static const luaL_Reg six[] = {{"_G", luaopen_base},       {"table", luaopen_table},
                                   {"string", luaopen_string}, {"math", luaopen_math},
                                   {"utf8", luaopen_utf8},     {"coroutine", luaopen_coroutine}};
    int64_t began = clock_mono_us(&wall);
    for (int i = 0; i < ROUNDS; i++) {
        struct budget budget = {.memory_limit_bytes = 64 << 20};
        lua_State *L = lua_newstate(budget_alloc, &budget);
        for (size_t k = 0; k < sizeof six / sizeof *six; k++)
            luaL_requiref(L, six[k].name, six[k].func, 1);
        lua_close(L);
    }
    return (clock_mono_us(&wall) - began) * 1000 / ROUNDS;
}

static int64_t script_ns(struct arena *arena, int rounds)
{
    struct wire_load load = {.instruction_limit = 1000000000,
                             .memory_limit_bytes = 64 << 20,
                             .stall_ms = 3000,
                             .event_limit_bytes = 256 << 10,
                             .events_limit = 1000000};
    struct script_host host = {.clock = &wall, .tick = no_tick, .final = no_final};
    int64_t began = clock_mono_us(&wall);
    for (int i = 0; i < rounds; i++)
        script_free(script_new(arena, &load, &host, NULL));
    return (clock_mono_us(&wall) - began) * 1000 / rounds;
}

static void bench_state(void)
{
    struct arena *arena = arena_new(ARENA_SIZE);
    script_ns(arena, 1);
    double bare = (double)bare_state_ns() / 1000, built = (double)script_ns(NULL, 200) / 1000;
    double again = (double)script_ns(arena, ROUNDS) / 1000;
    printf(
        "a fresh VM with the prelude: %.1f us, as its memory was before any run (built anew from "
        "bytecode: %.1f us); a bare capped state with six libraries: %.1f us; ratio %.1f\n",
        again, built, bare, again / bare);
    arena_free(arena);
}

/* --- the count hook --------------------------------------------------------------------------- */

static int64_t loop_ms(bool hooked)
{
    struct budget budget = {.memory_limit_bytes = 64 << 20,
                            .instruction_limit = INT64_MAX,
                            .clock = &wall,
                            .tick = no_tick,
                            .final = no_final};
    lua_State *L = lua_newstate(budget_alloc, &budget);
    budget_bind(&budget, L);
    if (!hooked)
        lua_sethook(L, NULL, 0, 0);
    luaL_loadstring(L, LOOP);
    int64_t began = clock_mono_us(&wall);
    lua_call(L, 0, 0);
    int64_t took = (clock_mono_us(&wall) - began) / 1000;
    lua_close(L);
    return took;
}

static void bench_hook(void)
{
    int64_t with[5], without[5];
    for (int i = 0; i < 5; i++) {
        with[i] = loop_ms(true);
        without[i] = loop_ms(false);
    }
    int64_t hooked = median(with, 5), free = median(without, 5);
    printf("a tight loop under the count hook: %lld ms, without it %lld ms; ratio %.2f\n",
           (long long)hooked, (long long)free, (double)hooked / (double)free);
}

/* --- confinement ------------------------------------------------------------------------------ */

static void bench_confinement(void)
{
    int64_t *took = mmap(NULL, sizeof(int64_t) * FORKS, PROT_READ | PROT_WRITE,
                         MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    for (int i = 0; i < FORKS; i++) {
        pid_t child = fork();
        if (child == 0) {
            char level[SANDBOX_LEVEL_SIZE];
            int64_t began = clock_mono_us(&wall);
            if (!sandbox_enter(320 << 20, level, NULL))
                _exit(1);
            took[i] = clock_mono_us(&wall) - began;
            _exit(0);
        }
        waitpid(child, NULL, 0);
    }
    printf("confinement (rlimits, no_new_privs, Landlock, seccomp): %.3f ms of a worker's start\n",
           (double)median(took, FORKS) / 1000);
    munmap(took, sizeof(int64_t) * FORKS);
}

/* --- an idle worker --------------------------------------------------------------------------- */

static void stop(void *arg, const struct error *why)
{
    if (why)
        fprintf(stderr, "bench: %s\n", why->text);
    loop_stop(arg);
}

/* What nothing else has mapped, and all of it, in KB. */
static void read_memory(pid_t pid, long *own, long *all)
{
    char path[64], line[256];
    long kb;
    snprintf(path, sizeof path, "/proc/%d/smaps_rollup", (int)pid);
    FILE *file = fopen(path, "r");
    *own = *all = 0;
    while (file && fgets(line, sizeof line, file)) {
        if (sscanf(line, "Private_Clean: %ld", &kb) == 1 ||
            sscanf(line, "Private_Dirty: %ld", &kb) == 1)
            *own += kb;
        if (sscanf(line, "Rss: %ld", &kb) == 1)
            *all = kb;
    }
    if (file)
        fclose(file);
}

static void bench_worker(void)
{
    struct config config;
    struct config_warnings warnings;
    struct log log = {&wall, STDERR_FILENO, LOG_ERROR, false};
    struct pool_user nobody = {0};
    int64_t took[21];
    long own = 0, all = 0;
    config_read(&config, (const char *[]){NULL}, &warnings);
    struct loop *loop = loop_new(&wall, NULL);
    for (size_t i = 0; i < sizeof took / sizeof *took; i++) {
        struct pool *pool = pool_new(loop, &config, &log, BENCH_PROGRAM);
        int64_t began = clock_mono_us(&wall);
        pool_await_confined(pool, stop, loop);
        loop_run(loop);
        took[i] = clock_mono_us(&wall) - began;
        struct pool_worker *worker = pool_take(pool, "app", &nobody, NULL);
        read_memory(pool_pid(worker), &own, &all);
        pool_kill(worker);
        pool_free(pool);
    }
    printf(
        "a worker, exec to ready: median %.2f ms; idle it holds %.2f MB of its own (RSS %.2f MB)\n",
        (double)median(took, sizeof took / sizeof *took) / 1000, (double)own / 1024,
        (double)all / 1024);
    loop_free(loop);
    config_release(&config);
}

int main(void)
{
    bench_state();
    bench_hook();
    bench_confinement();
    bench_worker();
    return 0;
}
