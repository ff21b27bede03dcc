#include "house.h"

#include "json.h"
#include "loops.h"
#include "mint.h"

// clang-format off
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
// clang-format on
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ENVIRONMENT_MAX 32
#define RUN_LIMIT_MS    60000

const char *const house_hello =
    "return flow \"hello\" { task \"greet\" (function(s, ctx) return { hi = 1 } end) }\n";
const char *const house_sleepy = "return flow \"sleepy\" { task \"nap\" (function(s, ctx)\n"
                                 "  ctx.emit(\"toast\", { message = \"asleep\" })\n"
                                 "  ctx.sleep(s.input.nap)\n"
                                 "  return 1 end) }\n";

/* --- the API ---------------------------------------------------------------------------------- */

static enum house_push_kind kind_of(const char *path, const char *body)
{
    if (strstr(path, "/execution/events"))
        return HOUSE_EVENTS;
    if (strstr(body, "\"status\":\"running\""))
        return HOUSE_RUNNING;
    return strstr(body, "\"status\"") ? HOUSE_TERMINAL : HOUSE_PROGRESS;
}

static unsigned count_pushes(const struct house *house, const char *run, enum house_push_kind kind)
{
    unsigned count = 0;
    for (size_t i = 0; i < house->push_count; i++)
        count += house->pushes[i].kind == kind && strcmp(house->pushes[i].run, run) == 0;
    return count;
}

static struct server_answer usual_answer(enum house_push_kind kind)
{
    return (struct server_answer){.status = 200,
                                  .headers = "Content-Type: application/json\r\n",
                                  .body = kind == HOUSE_EVENTS
                                              ? "{\"accepted\":1,\"next_sequence\":2}"
                                              : "{\"accepted\":true,\"status\":\"Running\"}"};
}

static struct server_answer on_request(void *arg, const struct server_request *request)
{
    struct house *house = arg;
    pthread_mutex_lock(&house->lock);
    assert_true(house->push_count < HOUSE_PUSHES_MAX);
    struct house_push *push = &house->pushes[house->push_count];
    const char *key = server_header(request, "Idempotency-Key");
    sscanf(request->path, "/r/%63[^/]", push->run);
    snprintf(push->key, sizeof push->key, "%s", key ? key : "");
    push->kind = kind_of(request->path, request->body.at);
    push->body = mem_string(request->body);
    house->push_count++;
    unsigned nth = count_pushes(house, push->run, push->kind);
    struct server_answer answer = {0};
    if (house->script)
        answer = house->script(house, push->kind, push->run, nth);
    if (answer.status == 0 && answer.fault == SERVER_ANSWERS)
        answer = usual_answer(push->kind);
    push->status = answer.fault == SERVER_ANSWERS ? answer.status : 0;
    pthread_mutex_unlock(&house->lock);
    return answer;
}

/* --- life ------------------------------------------------------------------------------------- */

static void read_config(struct house *house, const char *const *environment)
{
    struct config_warnings warnings;
    char *pub = mint_backend_pub(TEST_DATA "/test-ec-public.pem");
    char flows[96], key[1024];
    const char *all[ENVIRONMENT_MAX] = {flows, key, "EXECUTOR_BATCH_INTERVAL_MS=20",
                                        "AWS_LAMBDA_RUNTIME_API=127.0.0.1:9",
                                        "AWS_LAMBDA_LOG_LEVEL=DEBUG"};
    size_t count = 5;
    snprintf(flows, sizeof flows, "EXECUTOR_FLOWS_DIR=%s", house->flows_dir);
    snprintf(key, sizeof key, "BACKEND_PUB=%s", pub);
    /* later entries win, as tests expect to override */
    for (; environment && *environment; environment++) {
        size_t name = strcspn(*environment, "=") + 1;
        size_t i = 0;
        while (i < count && strncmp(all[i], *environment, name) != 0)
            i++;
        all[i] = *environment;
        count += i == count;
    }
    config_read(&house->config, all, &warnings);
    free(pub);
}

void house_start(struct house *house, const char *const *environment)
{
    struct error err = {0};
    memset(house, 0, sizeof *house);
    pthread_mutex_init(&house->lock, NULL);
    strcpy(house->flows_dir, "/tmp/moonmill-flows-XXXXXX");
    assert_non_null(mkdtemp(house->flows_dir));
    snprintf(house->log_path, sizeof house->log_path, "%s/log.txt", house->flows_dir);
    house->log_fd = open(house->log_path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    house->log = (struct log){&house->clock, house->log_fd, LOG_DEBUG, true};
    house->server = server_start(0, on_request, house);
    read_config(house, environment);
    house->stages.config = &house->config;
    house->stages.log = &house->log;
    house->stages.loop = loop_new(&house->clock, &err);
    assert_non_null(house->stages.loop);
    house->stages.flows = flows_open(house->config.flows_dir, &err);
    assert_non_null(house->stages.flows);
    house->stages.jwks = jwks_new(house->stages.loop, &house->config, &err);
    assert_non_null(house->stages.jwks);
    house->stages.http = http_new(house->stages.loop, &house->config, &err);
    assert_non_null(house->stages.http);
    house->stages.turns = turns_new(house->stages.loop, (size_t)house->config.concurrency);
    house->stages.pool =
        pool_new(house->stages.loop, &house->config, &house->log, TEST_BUILD "/bootstrap");
}

static int remove_one(const char *path, const struct stat *info, int type, struct FTW *walk)
{
    (void)info;
    (void)type;
    (void)walk;
    return remove(path);
}

static void remove_folder(const char *path)
{
    nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static struct server_answer refuse(struct house *house, enum house_push_kind kind, const char *run,
                                   unsigned nth)
{
    (void)run;
    (void)nth;
    return kind == house->refused ? house->refusal : (struct server_answer){0};
}

void house_refuse(struct house *house, enum house_push_kind kind, struct server_answer answer)
{
    house->refused = kind;
    house->refusal = answer;
    house->script = refuse;
}

void house_stop(struct house *house)
{
    turns_free(house->stages.turns);
    pool_free(house->stages.pool);
    http_free(house->stages.http);
    jwks_free(house->stages.jwks);
    flows_close(house->stages.flows);
    loop_free(house->stages.loop);
    server_stop(house->server);
    config_release(&house->config);
    close(house->log_fd);
    remove_folder(house->flows_dir);
    for (size_t i = 0; i < house->push_count; i++)
        mem_free(house->pushes[i].body);
    mem_free(house->response);
    pthread_mutex_destroy(&house->lock);
}

void house_flow(struct house *house, const char *name, const char *source)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s.lua", house->flows_dir, name);
    for (char *c = path + strlen(house->flows_dir) + 1; (c = strchr(c, '/')); *c++ = '/') {
        *c = '\0';
        mkdir(path, 0700);
    }
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(source, file);
    fclose(file);
}

void house_start_with_flow(struct house *house, const char *const *environment, const char *name,
                           const char *source)
{
    house_start(house, environment);
    house_flow(house, name, source);
}

/* --- events ----------------------------------------------------------------------------------- */

char *house_event(struct house *house, const struct jobs_record *jobs, size_t count)
{
    char url_format[128];
    snprintf(url_format, sizeof url_format, "%s/r/%%s/execution/events", server_url(house->server));
    return jobs_event(jobs, count, url_format, clock_wall_ms(&house->clock) / 1000);
}

static void on_done(void *arg, struct span response)
{
    struct house *house = arg;
    mem_free(house->response);
    house->response = mem_string(response);
    house->done = true;
}

const char *house_run(struct house *house, const char *event, int64_t deadline_ms, int64_t limit_ms)
{
    struct error err = {0};
    struct batch_spec spec = {.event = span_of(event), .request_id = "request-1"};
    if (deadline_ms)
        spec.deadline_ms = clock_wall_ms(&house->clock) + deadline_ms;
    house->done = false;
    struct batch *batch = batch_new(&house->stages, &spec, on_done, house, &err);
    if (!batch)
        fail_msg("batch refused: %s", err.text);
    bool done = loops_until(house->stages.loop, &house->done, limit_ms);
    batch_free(batch);
    assert_true(done);
    return house->response;
}

/* --- what arrived ----------------------------------------------------------------------------- */

static void put_event_types(char *text, size_t size, const char *body)
{
    cJSON *push = json_parse(span_of(body), NULL);
    const cJSON *event;
    size_t used = strlen(text);
    cJSON_ArrayForEach(event, json_member(push, "events"))
    {
        used += (size_t)snprintf(text + used, size - used, "%s ",
                                 json_member_text(event, "event_type"));
        if (used >= size)
            break;
    }
    cJSON_Delete(push);
}

const char *house_story(struct house *house, const char *run, char *text, size_t size)
{
    static const char *const names[] = {"running ", NULL, "progress ", "terminal "};
    text[0] = '\0';
    pthread_mutex_lock(&house->lock);
    for (size_t i = 0; i < house->push_count; i++) {
        const struct house_push *push = &house->pushes[i];
        if (strcmp(push->run, run) != 0 || push->status < 200 || push->status > 299)
            continue;
        if (push->kind == HOUSE_EVENTS)
            put_event_types(text, size, push->body);
        else
            strncat(text, names[push->kind], size - strlen(text) - 1);
    }
    pthread_mutex_unlock(&house->lock);
    return text;
}

char *house_events(struct house *house, const char *run)
{
    struct buffer out;
    buffer_init(&out, 64 * 1024 * 1024);
    for (size_t i = 0; i < house->push_count; i++) {
        const struct house_push *push = &house->pushes[i];
        if (strcmp(push->run, run) != 0 || push->kind != HOUSE_EVENTS || push->status / 100 != 2)
            continue;
        const char *keys[] = {"events"}, *parts[] = {"event_type", "payload"};
        struct span events, element;
        assert_true(json_pick(span_of(push->body), keys, &events, 1, NULL));
        while (json_next(&events, &element)) {
            struct span values[2];
            assert_true(json_pick(element, parts, values, 2, NULL));
            buffer_format(&out, "%.*s %.*s\n", (int)values[0].len - 2, values[0].at + 1,
                          (int)values[1].len, values[1].at);
        }
    }
    char *text = mem_string(buffer_span(&out));
    buffer_release(&out);
    return text;
}

const char *house_last(struct house *house, const char *run, enum house_push_kind kind)
{
    for (size_t i = house->push_count; i-- > 0;)
        if (house->pushes[i].kind == kind && strcmp(house->pushes[i].run, run) == 0)
            return house->pushes[i].body;
    return NULL;
}

unsigned house_count(struct house *house, const char *run, enum house_push_kind kind)
{
    return count_pushes(house, run, kind);
}

bool house_logged(struct house *house, const char *text)
{
    struct stat info;
    assert_int_equal(fstat(house->log_fd, &info), 0);
    char *all = mem_new((size_t)info.st_size + 1);
    assert_true(pread(house->log_fd, all, (size_t)info.st_size, 0) == info.st_size);
    bool found = strstr(all, text) != NULL;
    mem_free(all);
    return found;
}

void house_run_one(struct house *house, const struct jobs_record *job, int64_t deadline_ms,
                   const char *expected)
{
    char *event = house_event(house, job, 1);
    assert_string_equal(house_run(house, event, deadline_ms, RUN_LIMIT_MS), expected);
    mem_free(event);
}

void house_assert_events(struct house *house, const char *run, const char *const *wanted)
{
    char *events = house_events(house, run);
    for (; *wanted; wanted++)
        if (!strstr(events, *wanted))
            fail_msg("no %s in:\n%s", *wanted, events);
    mem_free(events);
}

void house_assert_terminal(struct house *house, const char *run, const char *wanted)
{
    const char *body = house_last(house, run, HOUSE_TERMINAL);
    if (!body || !strstr(body, wanted))
        fail_msg("terminal is %s, wanted %s", body ? body : "missing", wanted);
}
