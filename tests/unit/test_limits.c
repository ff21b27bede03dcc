/* Sizes and odd bytes, through the whole program: what fits exactly, what is one too much, and what
 * comes back unchanged. Real workers, a real server that plays the API. */
#include "house.h"
#include "offspring.h"

#include "job.h"
#include "json.h"
#include "sqs.h"

// clang-format off
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
// clang-format on
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LIMIT_MS  60000
#define MIB       (1024 * 1024)
#define ALL_DONE  "{\"batchItemFailures\":[]}"
#define ITEM(id)  "{\"itemIdentifier\":\"m-" id "\"}"
#define ONE(item) "{\"batchItemFailures\":[" item "]}"

static const char *const hello =
    "return flow \"hello\" { task \"greet\" (function(s, ctx) return { hi = 1 } end) }\n";
static const char *const echo =
    "return flow \"echo\" { task \"same\" (function(s) return s.input end) }\n";
static const char *const measure = "return flow \"measure\" { task \"measure\" (function(s)\n"
                                   "  return { length = #s.input.text } end) }\n";

/* One house a test; static, because it is large. */
static struct house house;

static void start(const char *const *environment, const char *name, const char *source)
{
    house_start(&house, environment);
    house_flow(&house, name, source);
}

static void run_jobs(const struct jobs_record *jobs, size_t count, const char *expected)
{
    char *event = house_event(&house, jobs, count);
    assert_string_equal(house_run(&house, event, 0, LIMIT_MS), expected);
    mem_free(event);
}

static void assert_events(const char *run, const char *wanted)
{
    char *events = house_events(&house, run);
    if (!strstr(events, wanted))
        fail_msg("no %.300s in:\n%.600s", wanted, events);
    mem_free(events);
}

static void assert_ended(const char *run, const char *status)
{
    const char *body = house_last(&house, run, HOUSE_TERMINAL);
    if (!body || !strstr(body, status))
        fail_msg("%s: the terminal status is %s, wanted %s", run, body ? body : "missing", status);
}

/* A run that failed by itself, with that code in its error event. */
static void assert_failed(const char *run, const char *code)
{
    char wanted[64];
    snprintf(wanted, sizeof wanted, "\"code\":\"%s\"", code);
    assert_events(run, wanted);
    assert_ended(run, "\"failed\"");
}

static void assert_event_refused(const char *event, const char *reason)
{
    struct error err = {0};
    struct batch_spec spec = {.event = span_of(event), .request_id = "request-1"};
    assert_null(batch_new(&house.stages, &spec, NULL, NULL, &err));
    if (!strstr(err.text, reason))
        fail_msg("no '%s' in: %s", reason, err.text);
}

/* count times the text (mem_free). */
static char *repeat(const char *text, size_t count)
{
    size_t len = strlen(text);
    char *all = mem_new(count * len + 1);
    for (size_t i = 0; i < count; i++)
        memcpy(all + i * len, text, len);
    return all;
}

/* {"text":"xxx..."} with so many x (mem_free). */
static char *text_payload(size_t count)
{
    char *fill = repeat("x", count), *payload = mem_new(count + 16);
    snprintf(payload, count + 16, "{\"text\":\"%s\"}", fill);
    mem_free(fill);
    return payload;
}

/* Empty arrays in each other, count deep (mem_free). */
static char *brackets(size_t count)
{
    char *text = mem_new(2 * count + 1);
    memset(text, '[', count);
    memset(text + count, ']', count);
    return text;
}

/* --- sizes of what comes in ------------------------------------------------------------------- */

/* The body of a job with {"text":"xxx..."} for a payload, so filled that it has this size. */
static char *body_of_size(const char *run, size_t size, size_t *filled)
{
    static const char place[] = "\"text\":\"";
    struct error err = {0};
    struct jobs_record job = {.run = run, .flow = "measure", .payload = "{\"text\":\"\"}"};
    char *event = house_event(&house, &job, 1);
    struct sqs_event *parsed = sqs_parse(span_of(event), &err);
    assert_non_null(parsed);
    const char *body = parsed->records[0].body;
    size_t before = (size_t)(strstr(body, place) - body) + strlen(place);
    *filled = size - parsed->records[0].body_len;
    char *big = mem_new(size + 1);
    memcpy(big, body, before);
    memset(big + before, 'x', *filled);
    memcpy(big + before + *filled, body + before, parsed->records[0].body_len - before);
    sqs_free(parsed);
    mem_free(event);
    return big;
}

static void a_body_of_one_mebibyte_runs_and_one_byte_more_goes_back_alone(void **state)
{
    (void)state;
    size_t filled, over;
    char wanted[64];
    start(NULL, "measure", measure);
    char *exact = body_of_size("exact", JOB_BODY_MAX, &filled);
    char *more = body_of_size("more", JOB_BODY_MAX + 1, &over);
    assert_int_equal(strlen(exact), MIB);
    struct jobs_record jobs[] = {{.run = "exact", .body = exact}, {.run = "more", .body = more}};
    run_jobs(jobs, 2, ONE(ITEM("more")));
    snprintf(wanted, sizeof wanted, "output {\"length\":%zu}\n", filled);
    assert_events("exact", wanted);
    assert_int_equal(house_count(&house, "more", HOUSE_RUNNING), 0);
    assert_true(
        house_logged(&house, "the body is 1048577 bytes long, at most 1048576 are allowed"));
    mem_free(exact);
    mem_free(more);
    house_stop(&house);
}

static const char *number_name(char *name, size_t size, const char *prefix, size_t number)
{
    snprintf(name, size, "%s%zu", prefix, number);
    return name;
}

static bool is_good(size_t i)
{
    return i == 0 || i == SQS_RECORDS_MAX / 2 || i == SQS_RECORDS_MAX - 1;
}

/* The answer that gives back all but the good ones. */
static char *all_but_good(void)
{
    struct buffer out;
    buffer_init(&out, MIB);
    buffer_text(&out, "{\"batchItemFailures\":[");
    for (size_t i = 0, given = 0; i < SQS_RECORDS_MAX; i++)
        if (!is_good(i))
            buffer_format(&out, "%s{\"itemIdentifier\":\"m-r%zu\"}", given++ ? "," : "", i);
    buffer_text(&out, "]}");
    char *text = mem_string(buffer_span(&out));
    buffer_release(&out);
    return text;
}

static void exactly_the_malformed_of_ten_thousand_records_go_back(void **state)
{
    (void)state;
    static struct jobs_record jobs[SQS_RECORDS_MAX + 1];
    static char names[SQS_RECORDS_MAX + 1][16];
    static const char *const bodies[] = {"", "{", "[]", "{\"job_id\":1}"};
    start(NULL, "hello", hello);
    for (size_t i = 0; i <= SQS_RECORDS_MAX; i++)
        jobs[i] = (struct jobs_record){.run = number_name(names[i], sizeof names[i], "r", i),
                                       .flow = "hello",
                                       .body = is_good(i) ? NULL : bodies[i % 4]};
    char *expected = all_but_good();
    run_jobs(jobs, SQS_RECORDS_MAX, expected);
    for (size_t i = 0; i < SQS_RECORDS_MAX; i++)
        if (is_good(i))
            assert_ended(names[i], "\"completed\"");
    char *event = house_event(&house, jobs, SQS_RECORDS_MAX + 1);
    assert_event_refused(event, "over 10000 records");
    mem_free(event);
    mem_free(expected);
    house_stop(&house);
}

static void an_event_of_six_megabytes_of_jobs_completes(void **state)
{
    (void)state;
    enum { COUNT = 100 };
    struct jobs_record jobs[COUNT];
    char names[COUNT][16], wanted[64];
    char *payloads[COUNT];
    start(NULL, "measure", measure);
    for (size_t i = 0; i < COUNT; i++) {
        payloads[i] = text_payload(55 * 1024 + i);
        jobs[i] = (struct jobs_record){.run = number_name(names[i], sizeof names[i], "r", i),
                                       .flow = "measure",
                                       .payload = payloads[i]};
    }
    char *event = house_event(&house, jobs, COUNT);
    assert_true(strlen(event) > 55 * COUNT * 1024 && strlen(event) <= CONFIG_PAYLOAD_MAX);
    assert_string_equal(house_run(&house, event, 0, LIMIT_MS), ALL_DONE);
    for (size_t i = 0; i < COUNT; i++) {
        snprintf(wanted, sizeof wanted, "output {\"length\":%zu}\n", 55 * 1024 + i);
        assert_events(names[i], wanted);
        mem_free(payloads[i]);
    }
    mem_free(event);
    house_stop(&house);
}

static void an_event_of_the_largest_size_runs_and_one_byte_more_is_refused(void **state)
{
    (void)state;
    struct jobs_record job = {.run = "r1", .flow = "hello"};
    start(NULL, "hello", hello);
    char *event = house_event(&house, &job, 1), *large = mem_new(CONFIG_PAYLOAD_MAX + 2);
    size_t len = strlen(event);
    memcpy(large, event, len);
    memset(large + len, ' ', CONFIG_PAYLOAD_MAX - len);
    assert_string_equal(house_run(&house, large, 0, LIMIT_MS), ALL_DONE);
    assert_ended("r1", "\"completed\"");
    large[CONFIG_PAYLOAD_MAX] = ' ';
    assert_event_refused(large, "6291557 bytes, at most 6291556 are allowed");
    mem_free(event);
    mem_free(large);
    house_stop(&house);
}

/* --- depth and bytes -------------------------------------------------------------------------- */

static void a_payload_nested_too_deep_goes_back_alone(void **state)
{
    (void)state;
    char *deep = brackets(200), *fits = brackets(120);
    /* the deepest there is: the body's own object is the 128th level */
    char *edge = brackets(JSON_DEPTH_MAX - 1), *over = brackets(JSON_DEPTH_MAX);
    start(NULL, "echo", echo);
    struct jobs_record jobs[] = {{.run = "deep", .flow = "echo", .payload = deep},
                                 {.run = "fits", .flow = "echo", .payload = fits},
                                 {.run = "edge", .flow = "echo", .payload = edge},
                                 {.run = "over", .flow = "echo", .payload = over}};
    run_jobs(jobs, 4, ONE(ITEM("deep") "," ITEM("over")));
    assert_true(house_logged(&house, "nested deeper than 128"));
    for (size_t i = 1; i <= 2; i++) {
        char wanted[320];
        snprintf(wanted, sizeof wanted, "{\"event_type\":\"output\",\"payload\":%s}",
                 jobs[i].payload);
        assert_ended(jobs[i].run, "\"completed\"");
        assert_non_null(strstr(house_last(&house, jobs[i].run, HOUSE_EVENTS), wanted));
    }
    mem_free(deep);
    mem_free(fits);
    mem_free(edge);
    mem_free(over);
    house_stop(&house);
}

static void an_event_that_is_no_unicode_is_refused_whole(void **state)
{
    (void)state;
    static const struct {
        const char *bytes; /* six of them, in place of @@@@@@ inside the event */
        const char *reason;
    } rows[] = {
        {"ab\xff"
         "cde",
         "invalid UTF-8"},
        {"ab\xc0\xaf"
         "cd",
         "invalid UTF-8"}, /* '/' in two bytes */
        {"ab\xed\xa0\x80"
         "c",
         "invalid UTF-8"},                       /* a surrogate */
        {"ab\xf4\x90\x80\x80", "invalid UTF-8"}, /* behind U+10FFFF */
        {"\\ud800", "a lone surrogate"},
        {"abc\x01"
         "de",
         "a raw control character"},
    };
    start(NULL, "hello", hello);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct jobs_record jobs[] = {{.run = "r1", .body = "@@@@@@"},
                                     {.run = "r2", .flow = "hello"}};
        char *event = house_event(&house, jobs, 2);
        memcpy(strstr(event, "@@@@@@"), rows[i].bytes, 6);
        assert_event_refused(event, rows[i].reason);
        mem_free(event);
    }
    assert_int_equal(house.push_count, 0);
    house_stop(&house);
}

static void a_lone_surrogate_inside_a_body_returns_that_record_alone(void **state)
{
    (void)state;
    start(NULL, "echo", echo);
    struct jobs_record jobs[] = {
        {.run = "high", .flow = "echo", .payload = "{\"text\":\"\\ud83d\"}"},
        {.run = "good", .flow = "echo", .payload = "{\"text\":\"\\ud83d\\ude00\"}"},
        {.run = "low", .flow = "echo", .payload = "{\"\\ude00\":1}"},
        {.run = "swapped", .flow = "echo", .payload = "[\"\\ude00\\ud83d\"]"},
    };
    run_jobs(jobs, 4, ONE(ITEM("high") "," ITEM("low") "," ITEM("swapped")));
    assert_true(house_logged(&house, "a lone surrogate"));
    assert_events("good", "output {\"text\":\"\xf0\x9f\x98\x80\"}\n");
    house_stop(&house);
}

/* --- values ----------------------------------------------------------------------------------- */

/* What a flow gets and gives back, and how it is spelled on the way out. */
static const struct value_row {
    const char *sent;
    const char *back; /* NULL: as sent */
} values[] = {
    {"9007199254740993", NULL}, /* 2^53+1 */
    {"9223372036854775807", NULL},
    {"-9223372036854775808", NULL},
    {"0", NULL},
    {"1.0", NULL},
    {"-0.0", NULL},
    {"-0", "-0.0"}, /* no integer is that */
    {"0.1", NULL},
    {"1e308", "1e+308"},
    {"1.7976931348623157e308", "1.7976931348623157e+308"},
    {"5e-324", "4.94065645841247e-324"}, /* the same double */
    {"9007199254740993.0", "9007199254740992.0"},
    {"[]", NULL},
    {"{}", NULL},
    {"null", NULL},
    {"true", NULL},
    {"false", NULL},
    {"[null,[null],{\"a\":null}]", NULL},
    {"[[],{},[[]],[{}]]", NULL},
    {"[1,null,3]", NULL},
    {"{\"b\":1,\"a\":2,\"\":3,\"\xc3\xa4\":4,\"B\":5}",
     "{\"\":3,\"B\":5,\"a\":2,\"b\":1,\"\xc3\xa4\":4}"},
    {"{\"1\":\"a key of digits stays a key\"}", NULL},
    {"\"\"", NULL},
    {"\"gr\xc3\xbc\xc3\x9f\x65 \xe2\x82\xac \xf0\x9f\x98\x80 \xf4\x8f\xbf\xbf\"", NULL},
    {"\"\\ud83d\\ude00 \\u00e4 \\/\"", "\"\xf0\x9f\x98\x80 \xc3\xa4 /\""},
    {"\"\\\" \\\\ \\b\\f\\n\\r\\t \\u0001\\u001f \x7f\"", NULL},
    {"\"\xe2\x80\xa8 \xef\xbb\xbf \xef\xbf\xbf\"", NULL}, /* U+2028, U+FEFF, U+FFFF */
    {"\"\\u0000\"", "\"\xef\xbf\xbd\""},
    {"{\"a\\u0000b\":\"\\\\u0000\"}", "{\"a\xef\xbf\xbd\x62\":\"\\\\u0000\"}"},
};
#define VALUES (sizeof values / sizeof *values)

static const char *back_of(const struct value_row *row)
{
    return row->back ? row->back : row->sent;
}

static void numbers_and_texts_come_back_as_they_went_in(void **state)
{
    (void)state;
    struct buffer sent, back;
    buffer_init(&sent, MIB);
    buffer_init(&back, MIB);
    for (size_t i = 0; i < VALUES; i++) {
        buffer_format(&sent, "%s\"k%02zu\":%s", i ? "," : "{", i, values[i].sent);
        buffer_format(&back, "%s\"k%02zu\":%s", i ? "," : "output {", i, back_of(&values[i]));
    }
    buffer_text(&sent, "}");
    buffer_text(&back, "}\n");
    char *payload = mem_string(buffer_span(&sent)), *wanted = mem_string(buffer_span(&back));
    start(NULL, "echo", echo);
    run_jobs(&(struct jobs_record){.run = "r1", .flow = "echo", .payload = payload}, 1, ALL_DONE);
    assert_events("r1", wanted);
    assert_ended("r1", "\"completed\"");
    mem_free(payload);
    mem_free(wanted);
    buffer_release(&sent);
    buffer_release(&back);
    house_stop(&house);
}

static void a_payload_need_not_be_an_object(void **state)
{
    (void)state;
    struct jobs_record jobs[VALUES];
    char names[VALUES][16], wanted[160];
    start(NULL, "echo", echo);
    for (size_t i = 0; i < VALUES; i++)
        jobs[i] = (struct jobs_record){.run = number_name(names[i], sizeof names[i], "r", i),
                                       .flow = "echo",
                                       .payload = values[i].sent};
    run_jobs(jobs, VALUES, ALL_DONE);
    for (size_t i = 0; i < VALUES; i++) {
        snprintf(wanted, sizeof wanted, "output %s\n", back_of(&values[i]));
        assert_events(names[i], wanted);
    }
    house_stop(&house);
}

static void a_number_that_would_change_is_invalid_input(void **state)
{
    (void)state;
    static const char *const numbers[] = {"9223372036854775808", "-9223372036854775809",
                                          "18446744073709551615", "1e400", "-1e400"};
    start(NULL, "echo", echo);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        char payload[64], run[16];
        snprintf(payload, sizeof payload, "{\"deep\":[%s]}", numbers[i]);
        number_name(run, sizeof run, "r", i);
        run_jobs(&(struct jobs_record){.run = run, .flow = "echo", .payload = payload}, 1,
                 ALL_DONE);
        assert_failed(run, "input.invalid");
    }
    house_stop(&house);
}

/* --- sizes of what goes out ------------------------------------------------------------------- */

struct ticks {
    int64_t last;    /* number of the last one */
    size_t most;     /* events in one push */
    size_t heaviest; /* bytes of one push */
};

/* {"event_type":"tick","payload":{"n":N,...}} must be the next one; other types are let be. */
static void take_event(struct ticks *ticks, struct span event)
{
    const char *keys[] = {"event_type", "payload"}, *number[] = {"n"};
    struct span parts[2], n;
    int64_t given;
    assert_true(json_pick(event, keys, parts, 2, NULL));
    if (!span_is(parts[0], "\"tick\""))
        return;
    assert_true(json_pick(parts[1], number, &n, 1, NULL));
    assert_true(json_integer(n, &given, NULL));
    if (given != ticks->last + 1)
        fail_msg("event %lld came after %lld", (long long)given, (long long)ticks->last);
    ticks->last = given;
}

static struct ticks follow_ticks(const char *run)
{
    struct ticks ticks = {0};
    const char *keys[] = {"events"};
    for (size_t i = 0; i < house.push_count; i++) {
        const struct house_push *push = &house.pushes[i];
        size_t count = 0, len = strlen(push->body);
        struct span events, event;
        ticks.heaviest = len > ticks.heaviest ? len : ticks.heaviest;
        if (push->kind != HOUSE_EVENTS || strcmp(push->run, run) != 0)
            continue;
        assert_true(json_pick(span_of(push->body), keys, &events, 1, NULL));
        for (; json_next(&events, &event); count++)
            take_event(&ticks, event);
        ticks.most = count > ticks.most ? count : ticks.most;
    }
    return ticks;
}

/* Emits so many numbered events of so many bytes. */
static const char *const ticker =
    "return flow \"ticker\" { task \"tick\" (function(s, ctx)\n"
    "  local fill = string.rep(\"x\", s.input.size)\n"
    "  for n = 1, s.input.count do ctx.emit(\"tick\", { fill = fill, n = n }) end\n"
    "end) }\n";

static void twenty_thousand_events_arrive_in_order_through_a_small_buffer(void **state)
{
    (void)state;
    start((const char *[]){"EXECUTOR_BUFFER_LIMIT_KB=300", "EXECUTOR_EVENT_LIMIT_KB=100",
                           "EXECUTOR_MAX_BATCH_SIZE=100", NULL},
          "ticker", ticker);
    run_jobs(&(struct jobs_record){.run = "r1",
                                   .flow = "ticker",
                                   .payload = "{\"size\":1000,\"count\":20000}"},
             1, ALL_DONE);
    struct ticks ticks = follow_ticks("r1");
    assert_int_equal(ticks.last, 20000);
    assert_true(ticks.most <= 100);
    assert_true(ticks.heaviest <= MIB);
    assert_ended("r1", "\"completed\"");
    house_stop(&house);
}

static void a_push_is_cut_at_one_mebibyte_however_many_events_it_may_hold(void **state)
{
    (void)state;
    start((const char *[]){"EXECUTOR_MAX_BATCH_SIZE=100000", "EXECUTOR_BATCH_INTERVAL_MS=600000",
                           NULL},
          "ticker", ticker);
    run_jobs(&(struct jobs_record){.run = "r1",
                                   .flow = "ticker",
                                   .payload = "{\"size\":50000,\"count\":200}"},
             1, ALL_DONE);
    struct ticks ticks = follow_ticks("r1");
    assert_int_equal(ticks.last, 200);
    assert_true(ticks.heaviest <= MIB);
    assert_true(ticks.heaviest > MIB - 60000);
    house_stop(&house);
}

/* Slow enough for the buffer to fill, and refusing every third push once. */
static struct server_answer slow_and_refusing(struct house *of, enum house_push_kind kind,
                                              const char *run, unsigned nth)
{
    (void)of;
    (void)run;
    if (kind == HOUSE_EVENTS && nth % 3 == 0)
        return (struct server_answer){.status = 503};
    return (struct server_answer){.status = 200,
                                  .headers = "Content-Type: application/json\r\n",
                                  .body = "{\"accepted\":true,\"status\":\"Running\"}",
                                  .delay_ms = 10};
}

static void a_paused_flow_loses_nothing_while_the_api_is_slow_and_refuses(void **state)
{
    (void)state;
    start((const char *[]){"EXECUTOR_BUFFER_LIMIT_KB=64", "EXECUTOR_EVENT_LIMIT_KB=64", NULL},
          "ticker", ticker);
    house.script = slow_and_refusing;
    run_jobs(&(struct jobs_record){.run = "r1",
                                   .flow = "ticker",
                                   .payload = "{\"size\":20000,\"count\":100}"},
             1, ALL_DONE);
    /* what was refused does not count: leave it out of the sequence */
    for (size_t i = 0; i < house.push_count; i++)
        if (house.pushes[i].status == 503)
            strcpy(house.pushes[i].run, "refused");
    assert_true(house_count(&house, "refused", HOUSE_EVENTS) > 0);
    assert_int_equal(follow_ticks("r1").last, 100);
    assert_ended("r1", "\"completed\"");
    house_stop(&house);
}

/* Each flow makes a text of s.input bytes; what else there is around it is 11 bytes of JSON. */
static const struct too_large {
    const char *name;
    const char *source;
    long fits; /* the largest text that passes */
    long fails;
    const char *code;
} too_large[] = {
    {"event",
     "return flow \"f\" { task \"t\" (function(s, ctx)\n"
     "  ctx.emit(\"big\", { text = string.rep(\"x\", s.input) }) end) }\n",
     256 * 1024 - 11, 256 * 1024 - 10, "limit.payload"},
    {"output",
     "return flow \"f\" { task \"t\" (function(s)\n"
     "  return { text = string.rep(\"x\", s.input) } end) }\n",
     256 * 1024 - 11, 256 * 1024 - 10, "limit.payload"},
    {"result",
     "return flow \"f\" { task \"t\" (function(s) return { text = string.rep(\"x\", s.input) } "
     "end),"
     "\n task \"u\" (function(s) return #s.t.text end) }\n",
     1024 * 1024 - 11, 1024 * 1024 - 10, "limit.payload"},
};

static void what_is_too_large_to_send_or_to_keep_fails_its_run(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof too_large / sizeof *too_large; i++) {
        const struct too_large *row = &too_large[i];
        char fits[24], fails[24];
        print_message("  row %s\n", row->name);
        snprintf(fits, sizeof fits, "%ld", row->fits);
        snprintf(fails, sizeof fails, "%ld", row->fails);
        start(NULL, "f", row->source);
        struct jobs_record jobs[] = {{.run = "fits", .flow = "f", .payload = fits},
                                     {.run = "fails", .flow = "f", .payload = fails}};
        run_jobs(jobs, 2, ALL_DONE);
        assert_ended("fits", "\"completed\"");
        assert_failed("fails", row->code);
        house_stop(&house);
    }
}

static void an_event_type_that_is_no_text_is_the_flows_mistake(void **state)
{
    (void)state;
    static const char *const types[] = {"a\\0b", "a\\xff", "\\xed\\xa0\\x80", ""};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        char source[160];
        snprintf(source, sizeof source,
                 "return flow \"f\" { task \"t\" (function(s, ctx) ctx.emit(\"%s\", 1) end) }\n",
                 types[i]);
        start(NULL, "f", source);
        run_jobs(&(struct jobs_record){.run = "r1", .flow = "f"}, 1, ALL_DONE);
        assert_failed("r1", "lua");
        assert_events("r1", "ctx.emit: argument 1 (type) must be text");
        house_stop(&house);
    }
}

static void a_long_message_is_cut_and_not_lost(void **state)
{
    (void)state;
    start(NULL, "loud",
          "return flow \"loud\" { task \"t\" (function(s, ctx)\n"
          "  local long = string.rep(\"\\xc3\\xa4\\0\\xff\", 500000)\n"
          "  ctx.log(long) print(long) ctx.progress(50, long)\n"
          "  error(long) end) }\n");
    run_jobs(&(struct jobs_record){.run = "r1", .flow = "loud"}, 1, ALL_DONE);
    assert_failed("r1", "lua");
    assert_events("r1", "log {\"message\":\"\xc3\xa4");
    assert_true(follow_ticks("r1").heaviest <= MIB);
    house_stop(&house);
}

/* --- many at once ----------------------------------------------------------------------------- */

#define WORKERS 4
static unsigned most_children;

/* A worker that was killed a moment ago takes its time to die; one too many would stay. */
static struct server_answer watch_children(struct house *of, enum house_push_kind kind,
                                           const char *run, unsigned nth)
{
    (void)of;
    (void)kind;
    (void)run;
    (void)nth;
    unsigned children = (unsigned)offspring_living(NULL, NULL);
    for (int tries = 0; children > WORKERS + 1 && most_children <= WORKERS + 1 && tries < 100;
         tries++) {
        nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
        children = (unsigned)offspring_living(NULL, NULL);
    }
    most_children = children > most_children ? children : most_children;
    return (struct server_answer){0};
}

static void run_many(size_t count, size_t apps)
{
    struct jobs_record *jobs = mem_array(count, sizeof *jobs);
    char(*names)[16] = mem_array(count, sizeof *names), app_names[8][16];
    assert_true(apps <= 8);
    for (size_t i = 0; i < count; i++)
        jobs[i] =
            (struct jobs_record){.run = number_name(names[i], sizeof names[i], "r", i),
                                 .flow = "hello",
                                 .app = number_name(app_names[i % apps], 16, "app", i % apps)};
    most_children = 0;
    start((const char *[]){"EXECUTOR_CONCURRENCY=4", NULL}, "hello", hello);
    house.script = watch_children;
    run_jobs(jobs, count, ALL_DONE);
    for (size_t i = 0; i < count; i++)
        assert_ended(names[i], "\"completed\"");
    assert_int_equal(most_children, WORKERS + 1);
    mem_free(jobs);
    mem_free(names);
    house_stop(&house);
}

static void two_hundred_jobs_run_on_four_workers_and_a_spare(void **state)
{
    (void)state;
    run_many(200, 1);
}

static void jobs_of_many_apps_run_on_four_workers_and_a_spare_as_well(void **state)
{
    (void)state;
    run_many(40, 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_body_of_one_mebibyte_runs_and_one_byte_more_goes_back_alone),
        cmocka_unit_test(exactly_the_malformed_of_ten_thousand_records_go_back),
        cmocka_unit_test(an_event_of_six_megabytes_of_jobs_completes),
        cmocka_unit_test(an_event_of_the_largest_size_runs_and_one_byte_more_is_refused),
        cmocka_unit_test(a_payload_nested_too_deep_goes_back_alone),
        cmocka_unit_test(an_event_that_is_no_unicode_is_refused_whole),
        cmocka_unit_test(a_lone_surrogate_inside_a_body_returns_that_record_alone),
        cmocka_unit_test(numbers_and_texts_come_back_as_they_went_in),
        cmocka_unit_test(a_payload_need_not_be_an_object),
        cmocka_unit_test(a_number_that_would_change_is_invalid_input),
        cmocka_unit_test(twenty_thousand_events_arrive_in_order_through_a_small_buffer),
        cmocka_unit_test(a_push_is_cut_at_one_mebibyte_however_many_events_it_may_hold),
        cmocka_unit_test(a_paused_flow_loses_nothing_while_the_api_is_slow_and_refuses),
        cmocka_unit_test(what_is_too_large_to_send_or_to_keep_fails_its_run),
        cmocka_unit_test(an_event_type_that_is_no_text_is_the_flows_mistake),
        cmocka_unit_test(a_long_message_is_cut_and_not_lost),
        cmocka_unit_test(two_hundred_jobs_run_on_four_workers_and_a_spare),
        cmocka_unit_test(jobs_of_many_apps_run_on_four_workers_and_a_spare_as_well),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
