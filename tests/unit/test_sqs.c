#include "sqs.h"

#include "clock.h"
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static struct buffer read_file(const char *dir, const char *name)
{
    char path[4096], chunk[4096];
    struct buffer text;
    size_t got;
    snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *file = fopen(path, "rb");
    if (!file)
        fail_msg("%s cannot be read", path);
    buffer_init(&text, CONFIG_PAYLOAD_MAX);
    while ((got = fread(chunk, 1, sizeof chunk, file)) > 0)
        assert_true(buffer_add(&text, (struct span){chunk, got}));
    fclose(file);
    return text;
}

static struct sqs_event *parse_file(const char *dir, const char *name)
{
    struct error err = {0};
    struct buffer text = read_file(dir, name);
    struct sqs_event *event = sqs_parse(buffer_span(&text), &err);
    if (!event)
        fail_msg("%s: %s", name, err.text);
    buffer_release(&text);
    return event;
}

static struct sqs_event *parse(const char *text)
{
    struct error err = {0};
    struct sqs_event *event = sqs_parse(span_of(text), &err);
    if (!event)
        fail_msg("%s", err.text);
    return event;
}

static void a_real_event_gives_its_records(void **state)
{
    (void)state;
    struct sqs_event *event = parse_file(TEST_DATA, "sqs-event-one.json");
    assert_int_equal(event->count, 1);
    const struct sqs_record *record = event->records;
    assert_string_equal(record->message_id, "4363f76f-507c-4a01-b243-713119df2743");
    assert_int_equal(strncmp(record->body, "{\"job_id\":\"cud4iv22nrnqyllbmrx2iqcw\"", 36), 0);
    assert_int_equal(record->body_len, strlen(record->body));
    assert_string_equal(record->group_id, "");
    assert_null(record->trace);
    assert_int_equal(record->receive_count, 1);
    assert_false(record->fifo);
    sqs_free(event);

    event = parse_file(TEST_DATA, "sqs-event-batch-10.json");
    assert_int_equal(event->count, 10);
    sqs_free(event);
}

static void a_fifo_queue_is_told_by_its_arn(void **state)
{
    (void)state;
    struct sqs_event *event = parse_file(TEST_DATA, "sqs-event-fifo.json");
    assert_true(event->count > 1);
    for (size_t i = 0; i < event->count; i++) {
        assert_true(event->records[i].fifo);
        assert_true(*event->records[i].group_id);
    }
    sqs_free(event);

    event = parse("{\"Records\":["
                  "{\"messageId\":\"a\",\"attributes\":{\"MessageGroupId\":\"g\"},"
                  "\"eventSourceARN\":\"arn:aws:sqs:x:1:jobs\"},"
                  "{\"messageId\":\"b\",\"eventSourceARN\":\"arn:aws:sqs:x:1:jobs.fifo\"},"
                  "{\"messageId\":\"c\",\"eventSourceARN\":\"arn:aws:sqs:x:1:jobs.fifo.old\"},"
                  "{\"messageId\":\"d\",\"eventSourceARN\":\"fifo\"},"
                  "{\"messageId\":\"e\",\"eventSourceARN\":null}]}");
    static const bool fifo[] = {false, true, false, false, false};
    for (size_t i = 0; i < event->count; i++)
        assert_int_equal(event->records[i].fifo, fifo[i]);
    assert_string_equal(event->records[0].group_id, "g");
    assert_string_equal(event->records[1].group_id, "");
    sqs_free(event);
}

static void published_events_are_read(void **state)
{
    (void)state;
    static const char *const names[] = {"example-sqs-event.json", "example-sqs-event-obj.json",
                                        "sqs-event.json"};
    const char *dir = TEST_VECTORS "/sqs", *other = getenv("MOONMILL_VECTORS");
    char path[4096];
    if (access(dir, R_OK) != 0 && other) {
        snprintf(path, sizeof path, "%s/sqs", other);
        dir = path;
    }
    if (access(dir, R_OK) != 0) {
        print_message("NOT RUN: vectors not found at %s\n", dir);
        return;
    }
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct sqs_event *event = parse_file(dir, names[i]);
        assert_true(event->count >= 1);
        for (size_t r = 0; r < event->count; r++)
            assert_non_null(event->records[r].body);
        sqs_free(event);
    }
}

static void absent_and_null_are_the_same(void **state)
{
    (void)state;
    struct sqs_event *event = parse(
        "{\"Records\":[{\"messageId\":\"a\"},"
        "{\"messageId\":\"b\",\"receiptHandle\":null,\"body\":null,\"attributes\":null,"
        "\"messageAttributes\":null,\"md5OfBody\":null,\"eventSourceARN\":null,\"more\":[1]},"
        "{\"messageId\":\"c\",\"attributes\":{\"MessageGroupId\":null,\"AWSTraceHeader\":null,"
        "\"ApproximateReceiveCount\":null}}],\"Unknown\":{}}");
    assert_int_equal(event->count, 3);
    for (size_t i = 0; i < event->count; i++) {
        assert_null(event->records[i].body);
        assert_int_equal(event->records[i].body_len, 0);
        assert_string_equal(event->records[i].group_id, "");
        assert_null(event->records[i].trace);
        assert_int_equal(event->records[i].receive_count, 1);
        assert_false(event->records[i].fifo);
    }
    sqs_free(event);
    event = parse("{\"Records\":[]}");
    assert_int_equal(event->count, 0);
    sqs_free(event);
}

static void the_body_is_decoded_exactly(void **state)
{
    (void)state;
    struct sqs_event *event =
        parse("{\"Records\":[{\"messageId\":\"a\",\"body\":\"\"},"
              "{\"messageId\":\"b\",\"body\":\"a\\u0000b\"},"
              "{\"messageId\":\"c\",\"body\":\"\\\"\\\\u0000\\n\\ud83d\\ude80\xc3\xa9\"}]}");
    assert_non_null(event->records[0].body);
    assert_int_equal(event->records[0].body_len, 0);
    assert_int_equal(event->records[1].body_len, 3);
    assert_memory_equal(event->records[1].body, "a\0b", 4);
    assert_string_equal(event->records[2].body, "\"\\u0000\n\xf0\x9f\x9a\x80\xc3\xa9");
    sqs_free(event);
}

static void the_receive_count_is_one_unless_told(void **state)
{
    (void)state;
    static const struct {
        const char *value;
        int64_t count;
    } cases[] = {
        {"\"1\"", 1}, {"\"17\"", 17}, {"\"0\"", 1}, {"\"-4\"", 1},
        {"\"\"", 1},  {"\"x\"", 1},   {"3", 1},     {"\"18849496460467696128\"", 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[256];
        snprintf(text, sizeof text,
                 "{\"Records\":[{\"messageId\":\"a\",\"attributes\":"
                 "{\"ApproximateReceiveCount\":%s}}]}",
                 cases[i].value);
        struct sqs_event *event = parse(text);
        assert_int_equal(event->records[0].receive_count, cases[i].count);
        sqs_free(event);
    }
}

static void a_trace_that_could_not_be_a_header_is_dropped(void **state)
{
    (void)state;
    struct sqs_event *event = parse(
        "{\"Records\":["
        "{\"messageId\":\"a\",\"attributes\":{\"AWSTraceHeader\":\"Root=1-5759e988;Sampled=1\"}},"
        "{\"messageId\":\"b\",\"attributes\":{\"AWSTraceHeader\":\"Root=1\\r\\nX-Evil: 1\"}},"
        "{\"messageId\":\"c\",\"attributes\":{\"AWSTraceHeader\":\"\xc3\xa9\"}}]}");
    assert_string_equal(event->records[0].trace, "Root=1-5759e988;Sampled=1");
    assert_null(event->records[1].trace);
    assert_null(event->records[2].trace);
    sqs_free(event);
}

static void a_malformed_event_is_refused_with_its_record(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *says;
    } cases[] = {
        {"", "invalid JSON"},
        {"{\"Records\":[{\"messageId\":\"a\"}]", "invalid JSON"},
        {"{\"Records\":[{\"messageId\":\"\xff\"}]}", "invalid JSON"},
        {"{\"Records\":[]} x", "invalid JSON"},
        {"[]", "expected an object"},
        {"null", "expected an object"},
        {"{}", "Records: must be an array, is missing"},
        {"{\"records\":[]}", "Records: must be an array, is missing"},
        {"{\"Records\":null}", "Records: must be an array, got null"},
        {"{\"Records\":{}}", "Records: must be an array, got object"},
        {"{\"Records\":[],\"Records\":[]}", "stands twice"},
        {"{\"Records\":[null]}", "record 0: "},
        {"{\"Records\":[{\"messageId\":\"a\"},7]}", "record 1: "},
        {"{\"Records\":[{\"messageId\":\"a\"},{}]}", "record 1: messageId is missing"},
        {"{\"Records\":[{\"messageId\":null}]}", "record 0: messageId is missing"},
        {"{\"Records\":[{\"messageId\":\"\"}]}", "record 0: messageId is missing"},
        {"{\"Records\":[{\"messageid\":\"a\"}]}", "record 0: messageId is missing"},
        {"{\"Records\":[{\"messageId\":7}]}", "record 0: messageId: "},
        {"{\"Records\":[{\"messageId\":\"a\\u0000b\"}]}", "record 0: messageId: "},
        {"{\"Records\":[{\"messageId\":\"a\",\"body\":{}}]}", "record 0: body: must be a string"},
        {"{\"Records\":[{\"messageId\":\"a\",\"body\":1}]}", "record 0: body: must be a string"},
        {"{\"Records\":[{\"messageId\":\"a\",\"body\":\"\",\"body\":\"\"}]}", "stands twice"},
        {"{\"Records\":[{\"messageId\":\"a\",\"attributes\":[]}]}", "record 0: attributes: "},
        {"{\"Records\":[{\"messageId\":\"a\",\"attributes\":{\"MessageGroupId\":1}}]}",
         "record 0: attributes.MessageGroupId: "},
        {"{\"Records\":[{\"messageId\":\"a\",\"eventSourceARN\":[]}]}",
         "record 0: eventSourceARN: "},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct error err = {0};
        assert_null(sqs_parse(span_of(cases[i].text), &err));
        if (!strstr(err.text, cases[i].says))
            fail_msg("%s: says \"%s\"", cases[i].text, err.text);
        assert_null(sqs_parse(span_of(cases[i].text), NULL));
    }
}

static void two_records_of_one_message_are_refused(void **state)
{
    (void)state;
    struct error err = {0};
    assert_null(sqs_parse(span_of("{\"Records\":[{\"messageId\":\"b\"},{\"messageId\":\"a\"},"
                                  "{\"messageId\":\"c\"},{\"messageId\":\"a\"}]}"),
                          &err));
    assert_int_equal(err.kind, ERROR_INPUT);
    assert_non_null(strstr(err.text, "have the same messageId"));
    assert_non_null(strstr(err.text, "1"));
    assert_non_null(strstr(err.text, "3"));
}

/* An event of count records, each with a body of that many bytes. */
static struct buffer make_event(size_t count, size_t body)
{
    struct buffer text;
    char *filler = mem_new(body + 1);
    memset(filler, 'x', body);
    buffer_init(&text, 2 * CONFIG_PAYLOAD_MAX);
    buffer_text(&text, "{\"Records\":[");
    for (size_t i = 0; i < count; i++)
        buffer_format(&text, "%s{\"messageId\":\"m-%zu\",\"body\":\"%s\"}", i ? "," : "", i,
                      filler);
    buffer_text(&text, "]}");
    mem_free(filler);
    return text;
}

static void the_largest_event_is_read_in_linear_time(void **state)
{
    (void)state;
    struct error err = {0};
    struct buffer text = make_event(SQS_RECORDS_MAX, 580);
    assert_true(text.len > 6000000 && text.len <= CONFIG_PAYLOAD_MAX);
    int64_t begin, end;
    assert_true(clock_cpu_ms(getpid(), &begin));
    struct sqs_event *event = sqs_parse(buffer_span(&text), &err);
    assert_true(clock_cpu_ms(getpid(), &end));
    assert_non_null(event);
    assert_int_equal(event->count, SQS_RECORDS_MAX);
    assert_int_equal(event->records[9999].body_len, 580);
    assert_true(end - begin < 5000); /* of CPU, under sanitizers; a square would need minutes */
    sqs_free(event);
    buffer_release(&text);
}

static void what_is_over_a_maximum_is_refused(void **state)
{
    (void)state;
    struct error err = {0};
    struct buffer many = make_event(SQS_RECORDS_MAX + 1, 0);
    assert_null(sqs_parse(buffer_span(&many), &err));
    assert_int_equal(err.kind, ERROR_LIMIT);
    assert_non_null(strstr(err.text, "over 10000 records"));
    buffer_release(&many);

    struct buffer large = make_event(7, 1000000);
    assert_null(sqs_parse(buffer_span(&large), &err));
    assert_int_equal(err.kind, ERROR_LIMIT);
    assert_non_null(strstr(err.text, "6291556"));
    buffer_release(&large);
}

static void the_response_lists_the_failed_and_only_them(void **state)
{
    (void)state;
    struct sqs_event *event = parse("{\"Records\":[{\"messageId\":\"a\"},"
                                    "{\"messageId\":\"b\\\"\\n\"},{\"messageId\":\"c\"}]}");
    static const struct {
        bool failed[3];
        const char *response;
    } cases[] = {
        {{false, false, false}, "{\"batchItemFailures\":[]}"},
        {{true, false, false}, "{\"batchItemFailures\":[{\"itemIdentifier\":\"a\"}]}"},
        {{false, true, true},
         "{\"batchItemFailures\":[{\"itemIdentifier\":\"b\\\"\\n\"},{\"itemIdentifier\":\"c\"}]}"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buffer out;
        buffer_init(&out, 200);
        assert_true(sqs_put_response(&out, event, cases[i].failed));
        assert_true(span_is(buffer_span(&out), cases[i].response));
        buffer_release(&out);
    }
    struct buffer small;
    buffer_init(&small, 40);
    assert_false(sqs_put_response(&small, event, cases[2].failed));
    assert_int_equal(small.len, 0);
    buffer_release(&small);
    sqs_free(event);
    sqs_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_real_event_gives_its_records),
        cmocka_unit_test(a_fifo_queue_is_told_by_its_arn),
        cmocka_unit_test(published_events_are_read),
        cmocka_unit_test(absent_and_null_are_the_same),
        cmocka_unit_test(the_body_is_decoded_exactly),
        cmocka_unit_test(the_receive_count_is_one_unless_told),
        cmocka_unit_test(a_trace_that_could_not_be_a_header_is_dropped),
        cmocka_unit_test(a_malformed_event_is_refused_with_its_record),
        cmocka_unit_test(two_records_of_one_message_are_refused),
        cmocka_unit_test(the_largest_event_is_read_in_linear_time),
        cmocka_unit_test(what_is_over_a_maximum_is_refused),
        cmocka_unit_test(the_response_lists_the_failed_and_only_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
