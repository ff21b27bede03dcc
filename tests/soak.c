/* soak: many invocations through the sanitized bootstrap, good and bad records mixed, then a clean
 * stop: a leak or a sanitizer's finding makes the exit status non-zero.
 *
 * usage: soak INVOCATIONS */
#include "clock.h"
#include "jobs.h"
#include "lambda.h"
#include "server.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define FLOW                                                                                       \
    "return flow \"one\" { task \"step\" (function(s, ctx)\n"                                      \
    "  ctx.log(\"working\")\n"                                                                     \
    "  if s.input.n == 1 then ctx.fail(\"by.design\", \"one is not welcome\") end\n"               \
    "  return { n = s.input.n } end) }\n"
#define EXPECTED "{\"batchItemFailures\":[{\"itemIdentifier\":\"malformed\"}]}"
#define RECORDS  3  /* completes, fails by design, is malformed */
#define EVENTS   16 /* different events, so that run ids repeat rarely */

static struct server_answer on_push(void *arg, const struct server_request *request)
{
    unsigned *count = arg;
    (void)request;
    if (++*count % 97 == 0) /* the API has bad moments */
        return (struct server_answer){.status = 503};
    return (struct server_answer){.status = 200, .body = "{\"accepted\":true}"};
}

static char *make_event(const char *url, int batch)
{
    char runs[RECORDS][48], payloads[RECORDS][32];
    struct jobs_record records[RECORDS] = {0};
    for (int i = 0; i < RECORDS; i++) {
        snprintf(runs[i], sizeof runs[i], "%d-%d", batch, i);
        snprintf(payloads[i], sizeof payloads[i], "{\"n\":%d}", i);
        records[i] = (struct jobs_record){.run = runs[i], .flow = "one", .payload = payloads[i]};
    }
    records[2] = (struct jobs_record){.message = "malformed", .body = "{\"job_id\":"};
    return jobs_event(records, RECORDS, url, clock_wall_ms(&(struct clock){0}) / 1000);
}

/* Returns how many invocations were answered as they should be. */
static int drive(struct lambda *lambda, const char *url, int invocations)
{
    char *events[EVENTS];
    int good = 0;
    for (int i = 0; i < EVENTS; i++)
        events[i] = make_event(url, i);
    for (; good < invocations; good++) {
        char *answer = lambda_invoke(lambda, events[good % EVENTS], 60000);
        bool as_expected = answer && strcmp(answer, EXPECTED) == 0;
        if (!as_expected)
            fprintf(stderr, "soak: invocation %d: %s\n", good, answer ? answer : "no answer");
        free(answer);
        if (!as_expected)
            break;
    }
    for (int i = 0; i < EVENTS; i++)
        mem_free(events[i]);
    return good;
}

int main(int argc, char **argv)
{
    int invocations = argc > 1 ? atoi(argv[1]) : 10000;
    char flows_dir[] = "/tmp/moonmill-soak-XXXXXX", path[128], url[128];
    unsigned pushes = 0;
    snprintf(path, sizeof path, "%s/one.lua", mkdtemp(flows_dir));
    FILE *file = fopen(path, "w");
    if (!file || fputs(FLOW, file) < 0 || fclose(file) != 0)
        return 1;
    struct server *server = server_start(0, on_push, &pushes);
    snprintf(url, sizeof url, "%s/%%s/execution/events", server_url(server));
    struct lambda *lambda = lambda_start_with_flows(
        SOAK_PROGRAM, flows_dir,
        (const char *[]){"AWS_LAMBDA_LOG_LEVEL=FATAL", "EXECUTOR_BATCH_INTERVAL_MS=10", NULL});
    int good = lambda ? drive(lambda, url, invocations) : 0;
    int status = lambda ? lambda_stop(lambda) : 1;
    server_stop(server);
    unlink(path);
    rmdir(flows_dir);
    printf("soak: %d of %d invocations as expected, %u callbacks, exit status %d\n", good,
           invocations, pushes, status);
    return good == invocations && status == 0 ? 0 : 1;
}
