#include "lambda.h"

#include "clock.h"
#include "mem.h"
#include "mint.h"
#include "server.h"

#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define ENVIRONMENT_MAX 64
#define LOOK_MS         20 /* how often a waiting side looks whether the process still lives */

struct lambda {
    struct server *server;
    pid_t pid;
    int status;
    bool ended;
    struct clock clock;
    int64_t spawned_us;
    int64_t asked_us; /* first /next */
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool waiting; /* /next is waiting for an event */
    bool stopping;
    const char *event; /* to be handed out */
    int64_t deadline_ms;
    char *answer;
    char headers[256];
    unsigned count;
};

static void wait_a_while(struct lambda *lambda)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += LOOK_MS * 1000000L;
    until.tv_sec += until.tv_nsec / 1000000000L;
    until.tv_nsec %= 1000000000L;
    pthread_cond_timedwait(&lambda->changed, &lambda->lock, &until);
}

static struct server_answer hand_out(struct lambda *lambda)
{
    if (!lambda->asked_us)
        lambda->asked_us = clock_mono_us(&lambda->clock);
    lambda->waiting = true;
    pthread_cond_broadcast(&lambda->changed);
    while (!lambda->event && !lambda->stopping)
        wait_a_while(lambda);
    lambda->waiting = false;
    if (lambda->stopping)
        return (struct server_answer){.fault = SERVER_CLOSES};
    struct server_answer answer = {
        .status = 200, .headers = lambda->headers, .body = lambda->event};
    snprintf(lambda->headers, sizeof lambda->headers,
             "Lambda-Runtime-Aws-Request-Id: request-%u\r\nLambda-Runtime-Deadline-Ms: %lld\r\n",
             ++lambda->count, (long long)(clock_wall_ms(&lambda->clock) + lambda->deadline_ms));
    lambda->event = NULL;
    return answer;
}

static struct server_answer take_answer(struct lambda *lambda, const struct server_request *request)
{
    bool error = strstr(request->path, "/error") != NULL;
    size_t len = request->body.len + 8;
    lambda->answer = malloc(len);
    snprintf(lambda->answer, len, "%s%s", error ? "error: " : "", request->body.at);
    pthread_cond_broadcast(&lambda->changed);
    return (struct server_answer){.status = 202, .body = "{\"status\":\"OK\"}"};
}

static struct server_answer on_request(void *arg, const struct server_request *request)
{
    struct lambda *lambda = arg;
    pthread_mutex_lock(&lambda->lock);
    struct server_answer answer =
        strstr(request->path, "/invocation/next") ? hand_out(lambda) : take_answer(lambda, request);
    pthread_mutex_unlock(&lambda->lock);
    return answer;
}

static bool has_ended(struct lambda *lambda)
{
    if (!lambda->ended)
        lambda->ended = waitpid(lambda->pid, &lambda->status, WNOHANG) == lambda->pid;
    return lambda->ended;
}

static void spawn(struct lambda *lambda, const char *program, const char *const *environment)
{
    char api[64];
    char *all[ENVIRONMENT_MAX] = {api};
    char *argv[] = {(char *)program, NULL};
    snprintf(api, sizeof api, "AWS_LAMBDA_RUNTIME_API=127.0.0.1:%d", server_port(lambda->server));
    for (size_t i = 1; environment && *environment && i + 1 < ENVIRONMENT_MAX; i++)
        all[i] = (char *)*environment++;
    lambda->spawned_us = clock_mono_us(&lambda->clock);
    lambda->ended = posix_spawn(&lambda->pid, program, NULL, NULL, argv, all) != 0;
}

static void release(struct lambda *lambda)
{
    pthread_mutex_lock(&lambda->lock);
    lambda->stopping = true;
    pthread_cond_broadcast(&lambda->changed);
    pthread_mutex_unlock(&lambda->lock);
    server_stop(lambda->server);
    free(lambda->answer);
    pthread_mutex_destroy(&lambda->lock);
    pthread_cond_destroy(&lambda->changed);
    free(lambda);
}

struct lambda *lambda_start(const char *program, const char *const *environment, int *status)
{
    struct lambda *lambda = mem_new(sizeof *lambda);
    pthread_mutex_init(&lambda->lock, NULL);
    pthread_cond_init(&lambda->changed, NULL);
    lambda->server = server_start(0, on_request, lambda);
    spawn(lambda, program, environment);
    pthread_mutex_lock(&lambda->lock);
    while (!lambda->waiting && !has_ended(lambda))
        wait_a_while(lambda);
    pthread_mutex_unlock(&lambda->lock);
    if (!lambda->ended)
        return lambda;
    *status = lambda->status;
    release(lambda);
    return NULL;
}

struct lambda *lambda_start_with_flows(const char *program, const char *flows_dir,
                                       const char *const *environment)
{
    char flows[256], key[1024];
    const char *all[ENVIRONMENT_MAX] = {flows, key};
    int status = 0;
    char *pub = mint_backend_pub(TEST_DATA "/test-ec-public.pem");
    snprintf(flows, sizeof flows, "EXECUTOR_FLOWS_DIR=%s", flows_dir);
    snprintf(key, sizeof key, "BACKEND_PUB=%s", pub);
    mem_free(pub);
    for (size_t i = 2; *environment && i + 1 < ENVIRONMENT_MAX; i++)
        all[i] = *environment++;
    struct lambda *lambda = lambda_start(program, all, &status);
    if (!lambda)
        fprintf(stderr, "%s ended with status %d\n", program, status);
    return lambda;
}

char *lambda_invoke(struct lambda *lambda, const char *event, int64_t deadline_ms)
{
    pthread_mutex_lock(&lambda->lock);
    lambda->deadline_ms = deadline_ms;
    lambda->event = event;
    pthread_cond_broadcast(&lambda->changed);
    while (!lambda->answer && !has_ended(lambda))
        wait_a_while(lambda);
    char *answer = lambda->answer;
    lambda->answer = NULL;
    pthread_mutex_unlock(&lambda->lock);
    return answer;
}

int lambda_stop(struct lambda *lambda)
{
    if (!lambda->ended) {
        kill(lambda->pid, SIGTERM);
        waitpid(lambda->pid, &lambda->status, 0);
    }
    int status = lambda->status;
    release(lambda);
    return status;
}

pid_t lambda_pid(const struct lambda *lambda)
{
    return lambda->pid;
}

int64_t lambda_cold_start_us(const struct lambda *lambda)
{
    return lambda->asked_us - lambda->spawned_us;
}
