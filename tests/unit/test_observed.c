/* What a busy batch with faults leaves in the log and in the metrics: enough to see what happened,
 * and nothing that is secret or an author's. */
#include "house.h"

#include "json.h"

// clang-format off
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
// clang-format on
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LIMIT_MS 60000
#define PAYLOAD  "private-words-of-a-customer"
#define OAUTH    "oauth-access-token-4711"
#define SECRET   "operators-secret-value-0815"
#define RUNS     14

static struct house house;

/* Every flow has the customer's words in its hands, and lets them go where it can. */
static const struct {
    const char *name, *source;
} flows[] = {
    {"tell", "return flow \"tell\" { task \"a\" (function(s, ctx)\n"
             "  ctx.log(s.input.words) ctx.emit(\"toast\", { message = s.input.words })\n"
             "  ctx.emit(\"toast\", { message = s.input.words .. \"\\0\" })\n"
             "  ctx.progress(50, s.input.words) return { echo = s.input.words } end) }\n"},
    {"fail", "return flow \"fail\" { task \"a\" (function(s, ctx)\n"
             "  ctx.fail(\"card.closed\", s.input.words, s.input) end) }\n"},
    {"raise", "return flow \"raise\" { task \"a\" (function(s) error(s.input.words) end) }\n"},
    {"spin", "return flow \"spin\" { task \"a\" (function(s) while true do end end) }\n"},
    {"grow", "return flow \"grow\" { task \"a\" (function(s) local t = {} while true do\n"
             "  t[#t + 1] = string.rep(s.input.words, 10000) .. #t end end) }\n"},
    {"odd", "return flow \"odd\" { tusk \"a\" (function(s) return 1 end) }\n"},
};

/* The API has bad moments, and repeats what it was sent. */
static struct server_answer misbehave(struct house *of, enum house_push_kind kind, const char *run,
                                      unsigned nth)
{
    static char echo[2048];
    const char *body = of->pushes[of->push_count - 1].body;
    snprintf(echo, sizeof echo, "{\"error\":{\"code\":\"BAD\",\"message\":%.1900s}}", body);
    if (strcmp(run, "refused") == 0)
        return (struct server_answer){.status = 403, .body = echo};
    if (strcmp(run, "moved") == 0 && kind == HOUSE_EVENTS)
        return (struct server_answer){.status = 307, .headers = "Location: /" PAYLOAD "\r\n"};
    if (strcmp(run, "poisoned") == 0 && kind == HOUSE_EVENTS && strstr(body, ":\"toast\""))
        return (struct server_answer){.status = 422, .body = echo};
    if (strcmp(run, "known") == 0)
        return (struct server_answer){.status = 200,
                                      .body = "{\"accepted\":false,\"status\":\"Failed\"}"};
    if (nth == 1)
        return (struct server_answer){.status = 503, .body = echo};
    return (struct server_answer){0};
}

static char *log_text(void)
{
    struct stat info;
    assert_int_equal(fstat(house.log_fd, &info), 0);
    char *all = mem_new((size_t)info.st_size + 1);
    assert_true(pread(house.log_fd, all, (size_t)info.st_size, 0) == info.st_size);
    return all;
}

/* A busy batch: what the log then holds, metrics included; the event, for its tokens. */
static char *run_busy_batch(char **event)
{
    static const char *const environment[] = {
        "EXECUTOR_METRICS=on",          "EXECUTOR_CALLBACK_RETRIES=1",
        "EXECUTOR_FLUSH_SECS=1",        "EXECUTOR_INSTRUCTION_LIMIT=1000000",
        "EXECUTOR_SECRET_SHOP=" SECRET, "EXECUTOR_SECRET_SHOP_HOSTS=shop.test",
        "EXECUTOR_MEMORY_LIMIT_MB=8",   NULL};
    static const char *const runs[RUNS] = {"tell",   "fail",  "raise",    "spin",  "grow",
                                           "odd",    "none",  "refused",  "moved", "poisoned",
                                           "forged", "known", "bad-body", "tell2"};
    struct jobs_record jobs[RUNS + 1];
    house_start(&house, environment);
    house.stages.metrics_fd = house.log_fd;
    house.script = misbehave;
    for (size_t i = 0; i < sizeof flows / sizeof *flows; i++)
        house_flow(&house, flows[i].name, flows[i].source);
    for (size_t i = 0; i < RUNS; i++)
        jobs[i] = (struct jobs_record){.run = runs[i],
                                       .flow = i < 7 ? runs[i] : "tell",
                                       .payload = "{\"words\":\"" PAYLOAD "\"}",
                                       .more = ",\"oauth_tokens\":{\"google\":{\"access_token\":"
                                               "\"" OAUTH "\"}}"};
    jobs[10].token = "eyJhbGciOiJFUzI1NiJ9.Zm9yZ2VkLWNsYWltcw.Zm9yZ2VkLXNpZ25hdHVyZQ";
    jobs[12].body = "{\"job_id\":\"" PAYLOAD "\",\"run_id\":\"" PAYLOAD "\", 7}";
    jobs[RUNS] = jobs[0];
    jobs[RUNS].message = "m-twin";
    *event = house_event(&house, jobs, RUNS + 1);
    house_run(&house, *event, 0, LIMIT_MS);
    return log_text();
}

static void must_not_hold(const char *log, const char *what)
{
    const char *at = strstr(log, what);
    if (at)
        fail_msg("'%.60s' is in the log: %.300s", what, at - (at - log > 100 ? 100 : at - log));
}

/* Each of a token's parts: claims and signature are no one's to read. */
static void must_not_hold_token(const char *log, const char *token, size_t len)
{
    char copy[4096], *rest = copy;
    assert_in_range(len, 20, sizeof copy - 1);
    memcpy(copy, token, len);
    copy[len] = '\0';
    strtok_r(copy, ".", &rest);
    for (char *part = strtok_r(NULL, ".", &rest); part; part = strtok_r(NULL, ".", &rest))
        must_not_hold(log, part);
}

static void no_secret_and_no_payload_is_in_the_log_of_a_busy_batch(void **state)
{
    (void)state;
    static const char key[] = "\\\"executor_jwt\\\":\\\"";
    char *event, *log = run_busy_batch(&event);
    must_not_hold(log, PAYLOAD);
    must_not_hold(log, OAUTH);
    must_not_hold(log, SECRET);
    must_not_hold(log, JOBS_CREDENTIAL);
    size_t tokens = 0;
    for (const char *at = event; (at = strstr(at, key)); tokens++) {
        at += strlen(key);
        must_not_hold_token(log, at, strcspn(at, "\\"));
    }
    assert_int_equal(tokens, RUNS);
    mem_free(log);
    mem_free(event);
    house_stop(&house);
}

/* Calls back for each line, parsed. */
static void for_each_line(const char *log, void (*look)(void *arg, const cJSON *line), void *arg)
{
    for (const char *at = log; *at;) {
        const char *stop = strchr(at, '\n');
        assert_non_null(stop);
        cJSON *line = json_parse((struct span){at, (size_t)(stop - at)}, NULL);
        if (!line)
            fail_msg("no JSON: %.*s", (int)(stop - at), at);
        look(arg, line);
        cJSON_Delete(line);
        at = stop + 1;
    }
}

struct seen {
    int ended, refused, batches, metric_records;
    char fates[1024];
};

static void look_at_line(void *arg, const cJSON *line)
{
    static const char *const keys[] = {"requestId",   "messageId", "run_id",       "app_id",
                                       "flow",        "fate",      "events",       "pushes",
                                       "duration_ms", "retries",   "receive_count"};
    struct seen *seen = arg;
    const char *message = json_member_text(line, "message");
    const cJSON *records = json_member(line, "Records");
    seen->metric_records += cJSON_IsNumber(records) ? (int)records->valuedouble : 0;
    seen->batches += message && strcmp(message, "batch ended") == 0;
    seen->refused += message && strcmp(message, "record refused") == 0;
    if (!message || strcmp(message, "record ended") != 0)
        return;
    seen->ended++;
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        assert_non_null(json_member(line, keys[i]));
    size_t used = strlen(seen->fates);
    snprintf(seen->fates + used, sizeof seen->fates - used, "%s %s;",
             json_member_text(line, "messageId"), json_member_text(line, "fate"));
}

static void every_record_has_a_line_at_its_end_and_counts_once(void **state)
{
    (void)state;
    static const char *const fates[] = {
        "m-tell completed;",     "m-fail failed;",     "m-raise failed;",
        "m-spin failed;",        "m-grow failed;",     "m-odd failed;",
        "m-none failed;",        "m-known duplicate;", "m-refused undelivered;",
        "m-moved undelivered;",  "m-poisoned failed;", "m-forged untrusted;",
        "m-bad-body malformed;", "m-tell2 completed;", "m-twin completed;"};
    struct seen seen = {0};
    char *event, *log = run_busy_batch(&event);
    for_each_line(log, look_at_line, &seen);
    for (size_t i = 0; i < sizeof fates / sizeof *fates; i++)
        if (!strstr(seen.fates, fates[i]))
            fail_msg("%s is not in %s", fates[i], seen.fates);
    assert_int_equal(seen.ended, RUNS + 1);
    assert_int_equal(seen.refused, 2);
    assert_int_equal(seen.batches, 1);
    assert_int_equal(seen.metric_records, RUNS + 1);
    mem_free(log);
    mem_free(event);
    house_stop(&house);
}

static void look_for_tell(void *arg, const cJSON *line)
{
    const char *flow = json_member_text(line, "flow");
    if (!json_member(line, "_aws") || !flow || strcmp(flow, "tell") != 0)
        return;
    *(bool *)arg = true;
    assert_int_equal((int)json_member(line, "Records")->valuedouble, 6);
    assert_int_equal((int)json_member(line, "RecordsCompleted")->valuedouble, 2);
    assert_int_equal((int)json_member(line, "RecordsReturned")->valuedouble, 2);
    assert_int_equal((int)json_member(line, "RecordsDuplicate")->valuedouble, 1);
    assert_int_equal((int)json_member(line, "RecordsFailed")->valuedouble, 1);
    assert_true(json_member(line, "CallbackRetries")->valuedouble >= 4);
    assert_true(cJSON_GetArraySize(json_member(line, "CallbackLatency")) >= 10);
    assert_true(cJSON_GetArraySize(json_member(line, "RunDuration")) >= 2);
}

static void metrics_tell_a_flow_by_its_name_and_what_became_of_it(void **state)
{
    (void)state;
    bool found = false;
    char *event, *log = run_busy_batch(&event);
    for_each_line(log, look_for_tell, &found);
    assert_true(found);
    assert_non_null(strstr(log, "\"WorkerEndedBudget\":1"));
    mem_free(log);
    mem_free(event);
    house_stop(&house);
}

static void without_the_setting_there_are_no_metrics(void **state)
{
    (void)state;
    house_start_with_flow(&house, NULL, "hello", house_hello);
    house.stages.metrics_fd = house.log_fd;
    house_run_one(&house, &(struct jobs_record){.run = "r1", .flow = "hello"}, 0,
                  "{\"batchItemFailures\":[]}");
    assert_false(house_logged(&house, "_aws"));
    house_stop(&house);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_secret_and_no_payload_is_in_the_log_of_a_busy_batch),
        cmocka_unit_test(every_record_has_a_line_at_its_end_and_counts_once),
        cmocka_unit_test(metrics_tell_a_flow_by_its_name_and_what_became_of_it),
        cmocka_unit_test(without_the_setting_there_are_no_metrics),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
