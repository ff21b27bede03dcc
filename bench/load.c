/* load: drives the real bootstrap over a local Runtime API with a callback sink and prints what it
 * costs: cold start, CPU, throughput, latency, memory. Ratios hold between machines, times do not.
 *
 * usage: bench-load [--quick | --growth INVOCATIONS] [BOOTSTRAP] */
#include "clock.h"
#include "jobs.h"
#include "lambda.h"
#include "server.h"

#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define FLOW                                                                                       \
    "return flow \"one\" { task \"step\" (function(s, ctx) return { n = s.input.n } end) }\n"

#define RECORDS_MAX 10

static const struct clock clock_now = {0};
static const char *program = BENCH_PROGRAM;

/* --- what a process tree costs ---------------------------------------------------------------- */

struct cost {
    int64_t cpu_us;
    int64_t rss_kb;
    int64_t peak_kb; /* sum of each process's own peak */
};

static int64_t status_kb(long pid, const char *name)
{
    char path[64], line[256];
    long long kb = 0;
    snprintf(path, sizeof path, "/proc/%ld/status", pid);
    FILE *file = fopen(path, "r");
    while (file && fgets(line, sizeof line, file))
        if (strncmp(line, name, strlen(name)) == 0)
            sscanf(line + strlen(name), "%lld", &kb);
    if (file)
        fclose(file);
    return kb;
}

/* Nanoseconds on the CPU, exact: the scheduler's own account, all threads. */
static int64_t cpu_of(long pid)
{
    char path[300];
    int64_t sum = 0;
    snprintf(path, sizeof path, "/proc/%ld/task", pid);
    DIR *folder = opendir(path);
    const struct dirent *entry;
    while (folder && (entry = readdir(folder))) {
        long long ns = 0;
        snprintf(path, sizeof path, "/proc/%ld/task/%s/schedstat", pid, entry->d_name);
        FILE *file = fopen(path, "r");
        if (file && fscanf(file, "%lld", &ns) == 1)
            sum += ns;
        if (file)
            fclose(file);
    }
    if (folder)
        closedir(folder);
    return sum / 1000;
}

static void add_process(struct cost *cost, long pid)
{
    cost->cpu_us += cpu_of(pid);
    cost->rss_kb += status_kb(pid, "VmRSS:");
    cost->peak_kb += status_kb(pid, "VmHWM:");
}

static struct cost tree_cost(pid_t root)
{
    struct cost cost = {0};
    DIR *folder = opendir("/proc");
    const struct dirent *entry;
    add_process(&cost, root);
    while (folder && (entry = readdir(folder))) {
        char path[300];
        long pid = strtol(entry->d_name, NULL, 10), parent = 0;
        snprintf(path, sizeof path, "/proc/%s/stat", entry->d_name);
        FILE *file = pid > 0 ? fopen(path, "r") : NULL;
        if (file && fscanf(file, "%*d (%*[^)]) %*c %ld", &parent) == 1 && parent == root)
            add_process(&cost, pid);
        if (file)
            fclose(file);
    }
    if (folder)
        closedir(folder);
    return cost;
}

/* --- the API and the jobs --------------------------------------------------------------------- */

struct sink {
    struct server *server;
    int delay_ms;
};

static struct server_answer on_push(void *arg, const struct server_request *request)
{
    const struct sink *sink = arg;
    (void)request;
    return (struct server_answer){.status = 200,
                                  .headers = "Content-Type: application/json\r\n",
                                  .body = "{\"accepted\":true,\"status\":\"Running\"}",
                                  .delay_ms = sink->delay_ms};
}

static char *make_event(const struct sink *sink, int records)
{
    char runs[RECORDS_MAX][32], url[128];
    struct jobs_record jobs[RECORDS_MAX] = {0};
    for (int i = 0; i < records; i++) {
        snprintf(runs[i], sizeof runs[i], "run-%d", i);
        jobs[i] = (struct jobs_record){.run = runs[i], .flow = "one", .payload = "{\"n\":1}"};
    }
    snprintf(url, sizeof url, "%s/%%s/execution/events", server_url(sink->server));
    return jobs_event(jobs, (size_t)records, url, clock_wall_ms(&clock_now) / 1000);
}

static struct lambda *start(const char *flows_dir)
{
    struct lambda *lambda = lambda_start_with_flows(
        program, flows_dir, (const char *[]){"AWS_LAMBDA_LOG_LEVEL=ERROR", NULL});
    if (!lambda)
        exit(1);
    return lambda;
}

/* --- measuring -------------------------------------------------------------------------------- */

static int by_value(const void *a, const void *b)
{
    int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;
    return (left > right) - (left < right);
}

static int64_t percentile(int64_t *sorted, int count, int percent)
{
    int i = count * percent / 100;
    return sorted[i < count ? i : count - 1];
}

static void must_be_done(const char *answer)
{
    if (!answer || strcmp(answer, "{\"batchItemFailures\":[]}") != 0) {
        fprintf(stderr, "bench: unexpected answer: %s\n", answer ? answer : "none");
        exit(1);
    }
}

struct figures {
    int64_t p50_us, p90_us, p99_us;
    int64_t cpu_us_per_record;
    double records_per_second;
    int64_t rss_kb, peak_kb;
};

static struct figures measure(const char *flows_dir, int records, int delay_ms, int invocations)
{
    struct sink sink = {.delay_ms = delay_ms};
    sink.server = server_start(0, on_push, &sink);
    struct lambda *lambda = start(flows_dir);
    char *event = make_event(&sink, records);
    int64_t *took = mem_array((size_t)invocations, sizeof *took);
    for (int i = 0; i < 5; i++) {
        char *answer = lambda_invoke(lambda, event, 60000);
        must_be_done(answer);
        free(answer);
    }
    struct cost before = tree_cost(lambda_pid(lambda));
    int64_t begin = clock_mono_us(&clock_now);
    for (int i = 0; i < invocations; i++) {
        int64_t at = clock_mono_us(&clock_now);
        char *answer = lambda_invoke(lambda, event, 60000);
        took[i] = clock_mono_us(&clock_now) - at;
        must_be_done(answer);
        free(answer);
    }
    int64_t whole = clock_mono_us(&clock_now) - begin;
    struct cost after = tree_cost(lambda_pid(lambda));
    qsort(took, (size_t)invocations, sizeof *took, by_value);
    struct figures figures = {.p50_us = percentile(took, invocations, 50),
                              .p90_us = percentile(took, invocations, 90),
                              .p99_us = percentile(took, invocations, 99),
                              .cpu_us_per_record =
                                  (after.cpu_us - before.cpu_us) / invocations / records,
                              .records_per_second = 1e6 * records * invocations / (double)whole,
                              .rss_kb = after.rss_kb,
                              .peak_kb = after.peak_kb};
    lambda_stop(lambda);
    server_stop(sink.server);
    mem_free(took);
    mem_free(event);
    return figures;
}

static void print_cold_start(const char *flows_dir, int times)
{
    int64_t *took = mem_array((size_t)times, sizeof *took);
    for (int i = 0; i < times; i++) {
        struct lambda *lambda = start(flows_dir);
        took[i] = lambda_cold_start_us(lambda);
        lambda_stop(lambda);
    }
    qsort(took, (size_t)times, sizeof *took, by_value);
    printf("cold start (exec to first /next): median %.2f ms, p90 %.2f ms, of %d\n",
           (double)percentile(took, times, 50) / 1000, (double)percentile(took, times, 90) / 1000,
           times);
    mem_free(took);
}

static void print_table(const char *flows_dir, int invocations)
{
    int64_t one_with_latency = 0;
    printf(
        "records  callback  p50 ms  p90 ms  p99 ms  CPU us/record  records/s  RSS MB  peak MB\n");
    for (int delay_ms = 0; delay_ms <= 20; delay_ms += 20) {
        for (int records = 1; records <= 10; records += 9) {
            struct figures f = measure(flows_dir, records, delay_ms, invocations);
            printf("%7d  %5d ms  %6.2f  %6.2f  %6.2f  %13lld  %9.0f  %6.1f  %7.1f\n", records,
                   delay_ms, (double)f.p50_us / 1000, (double)f.p90_us / 1000,
                   (double)f.p99_us / 1000, (long long)f.cpu_us_per_record, f.records_per_second,
                   (double)f.rss_kb / 1024, (double)f.peak_kb / 1024);
            if (delay_ms && records == 1)
                one_with_latency = f.p50_us;
            else if (delay_ms)
                printf("ten records with %d ms callbacks take %.2f x what one takes\n", delay_ms,
                       (double)f.p50_us / (double)one_with_latency);
        }
    }
}

static void print_growth(const char *flows_dir, int invocations)
{
    struct sink sink = {0};
    sink.server = server_start(0, on_push, &sink);
    struct lambda *lambda = start(flows_dir);
    char *event = make_event(&sink, 1);
    int64_t early_kb = 0;
    for (int i = 0; i < invocations; i++) {
        char *answer = lambda_invoke(lambda, event, 60000);
        must_be_done(answer);
        free(answer);
        if (i == invocations / 10)
            early_kb = tree_cost(lambda_pid(lambda)).rss_kb;
    }
    int64_t late_kb = tree_cost(lambda_pid(lambda)).rss_kb;
    printf("memory over %d invocations: %.1f MB after a tenth, %.1f MB at the end (%+lld KB)\n",
           invocations, (double)early_kb / 1024, (double)late_kb / 1024,
           (long long)(late_kb - early_kb));
    lambda_stop(lambda);
    server_stop(sink.server);
    mem_free(event);
}

int main(int argc, char **argv)
{
    bool quick = argc > 1 && strcmp(argv[1], "--quick") == 0;
    bool growing = argc > 2 && strcmp(argv[1], "--growth") == 0;
    int growth = growing ? atoi(argv[2]) : quick ? 500 : 10000;
    int options = quick ? 1 : growing ? 2 : 0;
    if (argc > options + 1)
        program = argv[options + 1];
    char flows_dir[] = "/tmp/moonmill-bench-XXXXXX", path[128];
    if (!mkdtemp(flows_dir))
        return 1;
    snprintf(path, sizeof path, "%s/one.lua", flows_dir);
    FILE *file = fopen(path, "w");
    if (!file || fputs(FLOW, file) < 0 || fclose(file) != 0)
        return 1;
    setvbuf(stdout, NULL, _IOLBF, 0);
    print_cold_start(flows_dir, quick ? 10 : 50);
    print_table(flows_dir, quick ? 50 : 300);
    print_growth(flows_dir, growth);
    unlink(path);
    rmdir(flows_dir);
    return 0;
}
