#include "wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct wire_frame read_whole(const struct buffer *bytes)
{
    struct wire_frame frame;
    struct error err = {0};
    size_t used = 0;
    assert_int_equal(wire_read(buffer_span(bytes), &frame, &used, &err), WIRE_WHOLE);
    assert_int_equal(used, bytes->len);
    return frame;
}

static void assert_span(struct span span, const char *text)
{
    if (!span_is(span, text))
        fail_msg("'%.*s' is not '%s'", (int)span.len, span.at, text);
}

static void wire_load_comes_back_as_it_was_put(void **state)
{
    (void)state;
    struct buffer out;
    buffer_init(&out, WIRE_FRAME_MAX);
    struct wire_load put = {7,
                            span_of("{\"entry\":null}"),
                            span_of("flows/hello.lua"),
                            {"return \0", 8},
                            span_of("null"),
                            INT64_MAX,
                            64 << 20,
                            3000,
                            256 << 10,
                            1000,
                            true};
    struct wire_load got;
    assert_true(wire_put_load(&out, &put));
    struct wire_frame frame = read_whole(&out);
    assert_int_equal(frame.kind, WIRE_LOAD);
    assert_true(wire_get_load(&frame, &got, NULL));
    assert_int_equal(got.run, 7);
    assert_span(got.context, "{\"entry\":null}");
    assert_span(got.name, "flows/hello.lua");
    assert_true(span_equal(got.source, put.source));
    assert_span(got.payload, "null");
    assert_int_equal(got.instruction_limit, INT64_MAX);
    assert_int_equal(got.memory_limit_bytes, 64 << 20);
    assert_int_equal(got.stall_ms, 3000);
    assert_int_equal(got.event_limit_bytes, 256 << 10);
    assert_int_equal(got.events_limit, 1000);
    buffer_release(&out);
}

static void wire_outcome_comes_back_as_it_was_put(void **state)
{
    (void)state;
    struct buffer out;
    buffer_init(&out, WIRE_FRAME_MAX);
    struct wire_outcome put = {.run = 3,
                               .code = span_of("http.503"),
                               .message = span_of("no"),
                               .step = span_of("send[3]/mail"),
                               .file = span_of("flows/a.lua"),
                               .line = 12,
                               .attempt = 2,
                               .data = span_of("[1]")};
    struct wire_outcome got;
    assert_true(wire_put_outcome(&out, &put));
    struct wire_frame frame = read_whole(&out);
    assert_true(wire_get_outcome(&frame, &got, NULL));
    assert_int_equal(got.run, 3);
    assert_false(got.completed);
    assert_int_equal(got.output.len, 0);
    assert_span(got.code, "http.503");
    assert_span(got.message, "no");
    assert_span(got.step, "send[3]/mail");
    assert_span(got.file, "flows/a.lua");
    assert_int_equal(got.line, 12);
    assert_int_equal(got.attempt, 2);
    assert_span(got.data, "[1]");
    buffer_release(&out);
}

static void wire_small_messages_come_back_as_they_were_put(void **state)
{
    (void)state;
    struct buffer out;
    buffer_init(&out, WIRE_FRAME_MAX);
    assert_true(wire_put_start(&out, &(struct wire_start){.left_ms = 54000}));
    struct wire_frame frame = read_whole(&out);
    struct wire_start start;
    assert_true(wire_get_start(&frame, &start, NULL));
    assert_int_equal(start.left_ms, 54000);

    buffer_clear(&out);
    assert_true(wire_put_reply(&out, &(struct wire_reply){7, span_of("{}"), span_of("body"), 0}));
    frame = read_whole(&out);
    struct wire_reply reply;
    assert_true(wire_get_reply(&frame, &reply, NULL));
    assert_int_equal(reply.id, 7);
    assert_span(reply.head, "{}");
    assert_span(reply.body, "body");

    buffer_clear(&out);
    assert_true(wire_put_ready(&out, &(struct wire_ready){span_of("rlimits")}));
    frame = read_whole(&out);
    struct wire_ready ready;
    assert_true(wire_get_ready(&frame, &ready, NULL));
    assert_span(ready.level, "rlimits");

    buffer_clear(&out);
    assert_true(wire_put_described(&out, &(struct wire_described){7, span_of("{}")}));
    frame = read_whole(&out);
    struct wire_described described;
    assert_true(wire_get_described(&frame, &described, NULL));
    assert_int_equal(described.run, 7);
    assert_span(described.text, "{}");

    buffer_clear(&out);
    assert_true(wire_put_event(&out, &(struct wire_event){span_of("log"), span_of("\"x\"")}));
    frame = read_whole(&out);
    struct wire_event event;
    assert_true(wire_get_event(&frame, &event, NULL));
    assert_span(event.type, "log");
    assert_span(event.payload, "\"x\"");

    buffer_clear(&out);
    assert_true(wire_put_progress(&out, &(struct wire_progress){-1, span_of("")}));
    frame = read_whole(&out);
    struct wire_progress progress;
    assert_true(wire_get_progress(&frame, &progress, NULL));
    assert_int_equal(progress.percent, -1);
    assert_int_equal(progress.step.len, 0);

    buffer_clear(&out);
    assert_true(wire_put_request(&out, &(struct wire_request){1, span_of("{}"), {NULL, 0}}));
    frame = read_whole(&out);
    struct wire_request request;
    assert_true(wire_get_request(&frame, &request, NULL));
    assert_int_equal(request.id, 1);
    assert_int_equal(request.body.len, 0);

    buffer_clear(&out);
    assert_true(wire_put_abandon(&out, &(struct wire_abandon){9}));
    frame = read_whole(&out);
    struct wire_abandon abandon;
    assert_true(wire_get_abandon(&frame, &abandon, NULL));
    assert_int_equal(abandon.id, 9);
    buffer_release(&out);
}

static void wire_read_wants_more_at_every_cut(void **state)
{
    (void)state;
    struct buffer out;
    buffer_init(&out, WIRE_FRAME_MAX);
    wire_put_event(&out, &(struct wire_event){span_of("log"), span_of("{}")});
    for (size_t cut = 0; cut < out.len; cut++) {
        struct wire_frame frame;
        size_t used = 77;
        char *part = mem_string((struct span){out.data, cut});
        assert_int_equal(wire_read((struct span){part, cut}, &frame, &used, NULL), WIRE_MORE);
        assert_int_equal(used, 77);
        mem_free(part);
    }
    buffer_release(&out);
}

static void wire_read_takes_one_frame_at_a_time(void **state)
{
    (void)state;
    struct buffer out;
    buffer_init(&out, WIRE_FRAME_MAX);
    wire_put_abandon(&out, &(struct wire_abandon){1});
    size_t first = out.len;
    wire_put_start(&out, &(struct wire_start){.left_ms = 5});
    struct wire_frame frame;
    size_t used;
    assert_int_equal(wire_read(buffer_span(&out), &frame, &used, NULL), WIRE_WHOLE);
    assert_int_equal(used, first);
    assert_int_equal(frame.kind, WIRE_ABANDON);
    buffer_drop(&out, used);
    assert_int_equal(wire_read(buffer_span(&out), &frame, &used, NULL), WIRE_WHOLE);
    assert_int_equal(frame.kind, WIRE_START);
    buffer_release(&out);
}

static void wire_read_says_why_a_frame_is_broken(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t len;
        const char *why;
    } cases[] = {
        {"\0\0\0\0\x10\0", 6, "frame: length 0 is not 2 to"},
        {"\1\0\0\0\x10\0", 6, "frame: length 1 is not 2 to"},
        {"\xfd\xff\x7f\0\x10\0", 6, "frame: length 8388605 is not 2 to"},
        {"\xff\xff\xff\xff\x10\0", 6, "frame: length 4294967295 is not"},
        {"\2\0\0\0\x09\0", 6, "frame: kind 9 is not known"},
        {"\2\0\0\0\xff\0", 6, "frame: kind 255 is not known"},
        {"\2\0\0\0\x10\x11", 6, "frame ready: 17 fields are over 16"},
        {"\2\0\0\0\x10\1", 6, "frame ready: ends before field 0"},
        {"\6\0\0\0\x10\1\1\0\0\0", 10, "frame ready: field 0 is longer than its frame"},
        {"\6\0\0\0\x10\1\xff\xff\xff\xff", 10, "frame ready: field 0 is longer"},
        {"\3\0\0\0\x10\0x", 7, "frame ready: 1 bytes after the last field"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct wire_frame frame;
        struct error err = {0};
        size_t used;
        struct span bytes = {cases[i].bytes, cases[i].len};
        assert_int_equal(wire_read(bytes, &frame, &used, &err), WIRE_BROKEN);
        assert_int_equal(err.kind, ERROR_INPUT);
        if (!strstr(err.text, cases[i].why))
            fail_msg("case %zu: %s", i, err.text);
    }
}

/* One frame by hand, its fields as given. */
static struct wire_frame frame_of(enum wire_kind kind, size_t count, const struct span *fields)
{
    struct wire_frame frame = {.kind = kind, .count = count};
    memcpy(frame.fields, fields, count * sizeof *fields);
    return frame;
}

static void wire_get_refuses_what_is_out_of_range(void **state)
{
    (void)state;
    struct error err = {0};
    const struct span zero = {"\0\0\0\0\0\0\0\0", 8};
    struct wire_start start = {.left_ms = 42};
    struct wire_frame frame =
        frame_of(WIRE_START, 2, (struct span[]){{"\xff\xff\xff\xff\xff\xff\xff\xff", 8}, zero});
    assert_false(wire_get_start(&frame, &start, &err));
    assert_string_equal(err.text, "frame start: left_ms is -1, not 0 to 2147483647");
    assert_int_equal(start.left_ms, 42);

    frame = frame_of(WIRE_START, 2, (struct span[]){{"1234567", 7}, zero});
    assert_false(wire_get_start(&frame, &start, &err));
    assert_string_equal(err.text, "frame start: left_ms has 7 bytes, not the 8 of a number");

    frame = frame_of(WIRE_START, 0, &(struct span){"", 0});
    assert_false(wire_get_start(&frame, &start, &err));
    assert_string_equal(err.text, "frame start: has 0 fields, not 2");

    frame = frame_of(WIRE_READY, 1, &(struct span){"", 0});
    assert_false(wire_get_start(&frame, &start, &err));
    assert_string_equal(err.text, "frame ready: expected start");

    struct wire_event event;
    frame = frame_of(WIRE_EVENT, 2, (struct span[]){{"", 0}, {"{}", 2}});
    assert_false(wire_get_event(&frame, &event, &err));
    assert_string_equal(err.text, "frame event: type has 0 bytes, not 1 to 128");
}

static void wire_get_outcome_refuses_a_failure_without_code(void **state)
{
    (void)state;
    struct error err = {0};
    struct buffer out;
    buffer_init(&out, WIRE_FRAME_MAX);
    wire_put_outcome(&out, &(struct wire_outcome){.message = span_of("why")});
    struct wire_frame frame = read_whole(&out);
    struct wire_outcome outcome;
    assert_false(wire_get_outcome(&frame, &outcome, &err));
    assert_string_equal(err.text, "frame outcome: failed without a code");
    buffer_release(&out);
}

static void wire_put_appends_nothing_when_it_does_not_fit(void **state)
{
    (void)state;
    struct buffer out;
    buffer_init(&out, 64);
    char big[64] = {0};
    assert_true(wire_put_abandon(&out, &(struct wire_abandon){1}));
    size_t before = out.len;
    assert_false(wire_put_described(&out, &(struct wire_described){7, {big, sizeof big}}));
    assert_int_equal(out.len, before);
    buffer_release(&out);

    /* over a frame's size, though the buffer has room */
    buffer_init(&out, 3 * (size_t)WIRE_FRAME_MAX);
    char *huge = mem_new(WIRE_FRAME_MAX);
    assert_false(wire_put_described(&out, &(struct wire_described){7, {huge, WIRE_FRAME_MAX}}));
    assert_int_equal(out.len, 0);
    assert_true(wire_put_described(&out, &(struct wire_described){7, {huge, WIRE_FRAME_MAX - 22}}));
    assert_int_equal(out.len, WIRE_FRAME_MAX);
    mem_free(huge);
    buffer_release(&out);
}

static void wire_kind_name_knows_every_kind_and_no_other(void **state)
{
    (void)state;
    assert_string_equal(wire_kind_name(WIRE_LOAD), "load");
    assert_string_equal(wire_kind_name(WIRE_OUTCOME), "outcome");
    assert_null(wire_kind_name(0));
    assert_null(wire_kind_name(4));
    assert_string_equal(wire_kind_name(WIRE_FETCH), "fetch");
    assert_null(wire_kind_name(24));
    assert_null(wire_kind_name(-1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wire_load_comes_back_as_it_was_put),
        cmocka_unit_test(wire_outcome_comes_back_as_it_was_put),
        cmocka_unit_test(wire_small_messages_come_back_as_they_were_put),
        cmocka_unit_test(wire_read_wants_more_at_every_cut),
        cmocka_unit_test(wire_read_takes_one_frame_at_a_time),
        cmocka_unit_test(wire_read_says_why_a_frame_is_broken),
        cmocka_unit_test(wire_get_refuses_what_is_out_of_range),
        cmocka_unit_test(wire_get_outcome_refuses_a_failure_without_code),
        cmocka_unit_test(wire_put_appends_nothing_when_it_does_not_fit),
        cmocka_unit_test(wire_kind_name_knows_every_kind_and_no_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
