/* delivery: what it costs to bring events to the API, as ratios in one run: records beside each
 * other against the ideal, connections against runs, a flood of events into a fast and into a slow
 * API, and the memory of the supervisor meanwhile.
 *
 * usage: bench-delivery [--quick] */
#include "clock.h"
#include "jobs.h"
#include "lambda.h"
#include "server.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define RECORDS_MAX 1000
#define CONCURRENCY 10
/* 64 for the supervisor, 4 for EXECUTOR_BUFFER_LIMIT_KB, 8 for the frame that a worker may send */
#define MEMORY_MB_MAX (64 + 4 + 8)
#define ALL_DONE      "{\"batchItemFailures\":[]}"

static const struct clock clock_now = {0};

static const char *const one = "return flow \"one\" { task \"step\" (function(s, ctx)\n"
                               "  return { n = s.input.n } end) }\n";
static const char *const flood = "return flow \"flood\" { task \"step\" (function(s, ctx)\n"
                                 "  for i = 1, s.input.n do ctx.emit(\"n\", i) end end) }\n";

/* --- the API ---------------------------------------------------------------------------------- */

struct sink {
    struct server *server;
    int delay_ms;
    long events, pushes;
    long next;   /* the number that the next event should have */
    long strays; /* events that had another */
};

/* The flood's events are numbers: each must be one more than the one before. */
static void follow(struct sink *sink, const char *body)
{
    static const char key[] = "\"event_type\":\"n\",\"payload\":";
    for (const char *at = body; (at = strstr(at, key));) {
        at += sizeof key - 1;
        sink->strays += strtol(at, NULL, 10) != sink->next;
        sink->next++;
        sink->events++;
    }
}

static struct server_answer on_push(void *arg, const struct server_request *request)
{
    struct sink *sink = arg;
    sink->pushes++;
    follow(sink, request->body.at);
    return (struct server_answer){
        .status = 200, .body = "{\"accepted\":true}", .delay_ms = sink->delay_ms};
}

/* --- the supervisor --------------------------------------------------------------------------- */

static long status_kb(pid_t pid, const char *name)
{
    char path[64], line[256];
    long kb = 0;
    snprintf(path, sizeof path, "/proc/%ld/status", (long)pid);
    FILE *file = fopen(path, "r");
    while (file && fgets(line, sizeof line, file))
        if (strncmp(line, name, strlen(name)) == 0)
            kb = strtol(line + strlen(name), NULL, 10);
    if (file)
        fclose(file);
    return kb;
}

static long cpu_ms(pid_t pid)
{
    int64_t ms = 0;
    clock_cpu_ms(pid, &ms);
    return (long)ms;
}

/* Runs one event through a program of its own and reports on it. */
struct outcome {
    double wall_ms;
    long cpu_ms; /* the supervisor's */
    long peak_kb;
    unsigned connections;
};

static struct outcome run(const char *flows_dir, struct sink *sink, struct jobs_record *jobs,
                          size_t count)
{
    char url[128];
    struct outcome outcome;
    const char *environment[] = {"AWS_LAMBDA_LOG_LEVEL=ERROR", "EXECUTOR_CONCURRENCY=10",
                                 "EXECUTOR_INSTRUCTION_LIMIT=1000000000000", NULL};
    sink->server = server_start(0, on_push, sink);
    snprintf(url, sizeof url, "%s/%%s/execution/events", server_url(sink->server));
    struct lambda *lambda = lambda_start_with_flows(BENCH_PROGRAM, flows_dir, environment);
    if (!lambda)
        exit(1);
    char *event = jobs_event(jobs, count, url, clock_wall_ms(&clock_now) / 1000);
    int64_t began = clock_mono_us(&clock_now);
    long cpu = cpu_ms(lambda_pid(lambda));
    char *answer = lambda_invoke(lambda, event, 3600000);
    outcome.wall_ms = (double)(clock_mono_us(&clock_now) - began) / 1000;
    if (!answer || strcmp(answer, ALL_DONE) != 0) {
        fprintf(stderr, "bench: unexpected answer: %.300s\n", answer ? answer : "none");
        exit(1);
    }
    outcome.cpu_ms = cpu_ms(lambda_pid(lambda)) - cpu;
    outcome.peak_kb = status_kb(lambda_pid(lambda), "VmHWM:");
    outcome.connections = server_connections(sink->server);
    free(answer);
    mem_free(event);
    lambda_stop(lambda);
    server_stop(sink->server);
    return outcome;
}

/* --- measuring -------------------------------------------------------------------------------- */

static struct outcome run_many(const char *flows_dir, struct sink *sink, size_t count)
{
    static struct jobs_record jobs[RECORDS_MAX];
    static char names[RECORDS_MAX][16];
    for (size_t i = 0; i < count; i++) {
        snprintf(names[i], sizeof names[i], "r%zu", i);
        jobs[i] = (struct jobs_record){.run = names[i], .flow = "one", .payload = "{\"n\":1}"};
    }
    return run(flows_dir, sink, jobs, count);
}

static void print_side_by_side(const char *flows_dir)
{
    struct sink alone = {.delay_ms = 20}, many = {.delay_ms = 20}, more = {0};
    run_many(flows_dir, &alone, 1);
    double ideal = (double)alone.pushes * 20 * 100 / CONCURRENCY;
    struct outcome outcome = run_many(flows_dir, &many, 100);
    printf("100 records at concurrency 10, %ld callbacks of 20 ms each: %.0f ms, %.2f x the ideal "
           "(at most 1.3)\n",
           alone.pushes, outcome.wall_ms, outcome.wall_ms / ideal);
    outcome = run_many(flows_dir, &more, 1000);
    printf("1000 records at concurrency 10: %u connections (at most 12) for %ld pushes, %.0f "
           "records a second\n",
           outcome.connections, more.pushes, 1e6 / outcome.wall_ms);
}

static void print_flood(const char *flows_dir, long events, int delay_ms)
{
    char payload[48];
    struct sink sink = {.delay_ms = delay_ms, .next = 1};
    snprintf(payload, sizeof payload, "{\"n\":%ld}", events);
    struct jobs_record job = {.run = "r", .flow = "flood", .payload = payload};
    struct outcome outcome = run(flows_dir, &sink, &job, 1);
    printf("%ld events of one run into an API that takes %d ms: %ld arrived, %ld out of order, "
           "%.0f a second, %.1f us of the supervisor's CPU each, its peak %.1f MB (at most %d)\n",
           events, delay_ms, sink.events, sink.strays, (double)sink.events * 1000 / outcome.wall_ms,
           (double)outcome.cpu_ms * 1000 / (double)events, (double)outcome.peak_kb / 1024,
           MEMORY_MB_MAX);
    if (sink.events != events || sink.strays != 0 || outcome.peak_kb > MEMORY_MB_MAX * 1024)
        exit(1);
}

static void write_flow(const char *folder, const char *name, const char *source)
{
    char path[160];
    snprintf(path, sizeof path, "%s/%s.lua", folder, name);
    FILE *file = fopen(path, "w");
    if (!file || fputs(source, file) < 0 || fclose(file) != 0)
        exit(1);
}

int main(int argc, char **argv)
{
    bool quick = argc > 1 && strcmp(argv[1], "--quick") == 0;
    char flows_dir[] = "/tmp/moonmill-bench-XXXXXX", path[160];
    if (!mkdtemp(flows_dir))
        return 1;
    setvbuf(stdout, NULL, _IOLBF, 0);
    write_flow(flows_dir, "one", one);
    write_flow(flows_dir, "flood", flood);
    print_side_by_side(flows_dir);
    print_flood(flows_dir, 100000, 0);
    print_flood(flows_dir, quick ? 100000 : 1000000, 5);
    snprintf(path, sizeof path, "%s/one.lua", flows_dir);
    unlink(path);
    snprintf(path, sizeof path, "%s/flood.lua", flows_dir);
    unlink(path);
    rmdir(flows_dir);
    return 0;
}
