/* soak: many invocations through the sanitized bootstrap, good and bad records mixed, then a clean
 * stop: a leak or a sanitizer's finding makes the exit status non-zero.
 *
 * usage: soak INVOCATIONS */
#include "clock.h"
#include "json.h"
#include "lambda.h"
#include "mint.h"
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
#define EXPECTED "{\"batchItemFailures\":[{\"itemIdentifier\":\"m-2\"}]}"
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

static void put_record(struct buffer *event, const char *url, int batch, int i)
{
    char run[48], head[2048];
    struct buffer body;
    snprintf(run, sizeof run, "run-%d-%d", batch, i);
    char *claims = mint_claims(run, "app", "one", url, clock_wall_ms(&(struct clock){0}) / 1000);
    char *token = mint_token(TEST_DATA "/test-ec-private.pem", "test-key-1", claims);
    buffer_init(&body, 64 * 1024);
    snprintf(head, sizeof head,
             "{\"job_id\":\"j\",\"run_id\":\"%s\",\"app_id\":\"app\",\"board_id\":\"one\","
             "\"node_id\":\"start\",\"user_id\":\"u\",\"credentials\":{},\"callback_url\":\"%s\","
             "\"executor_jwt\":",
             run, url);
    buffer_text(&body, head);
    if (i != 2)
        buffer_format(&body, "\"%s\",\"payload\":{\"n\":%d}}", token, i);
    buffer_format(event, "%s{\"messageId\":\"m-%d\",\"body\":", i ? "," : "", i);
    json_put_string(event, buffer_span(&body));
    buffer_text(event, ",\"eventSourceARN\":\"arn:aws:sqs:eu-central-1:1:jobs\"}");
    buffer_release(&body);
    mem_free(claims);
    mem_free(token);
}

static char *make_event(const char *url, int batch)
{
    struct buffer event;
    buffer_init(&event, 1024 * 1024);
    buffer_text(&event, "{\"Records\":[");
    for (int i = 0; i < RECORDS; i++)
        put_record(&event, url, batch, i);
    buffer_text(&event, "]}");
    char *text = mem_string(buffer_span(&event));
    buffer_release(&event);
    return text;
}

static struct lambda *start(const char *flows_dir)
{
    char flows[128], key[1024];
    int status = 0;
    char *pub = mint_backend_pub(TEST_DATA "/test-ec-public.pem");
    snprintf(flows, sizeof flows, "EXECUTOR_FLOWS_DIR=%s", flows_dir);
    snprintf(key, sizeof key, "BACKEND_PUB=%s", pub);
    mem_free(pub);
    const char *environment[] = {flows, key, "AWS_LAMBDA_LOG_LEVEL=FATAL",
                                 "EXECUTOR_BATCH_INTERVAL_MS=10", NULL};
    struct lambda *lambda = lambda_start(SOAK_PROGRAM, environment, &status);
    if (!lambda)
        fprintf(stderr, "soak: bootstrap ended with status %d\n", status);
    return lambda;
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
    snprintf(url, sizeof url, "%s/execution/events", server_url(server));
    struct lambda *lambda = start(flows_dir);
    int good = lambda ? drive(lambda, url, invocations) : 0;
    int status = lambda ? lambda_stop(lambda) : 1;
    server_stop(server);
    unlink(path);
    rmdir(flows_dir);
    printf("soak: %d of %d invocations as expected, %u callbacks, exit status %d\n", good,
           invocations, pushes, status);
    return good == invocations && status == 0 ? 0 : 1;
}
