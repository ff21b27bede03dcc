#include "metrics.h"

#include "json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define OUT_MAX ((METRICS_FLOWS_MAX + 2) * METRICS_LINE_MAX)
#define NOW_MS  1790000000123

/* The lines as parsed objects; each ends in a line feed and is JSON by itself. */
static size_t read_lines(const struct metrics *metrics, cJSON **lines, size_t max)
{
    struct buffer out;
    size_t count = 0;
    buffer_init(&out, OUT_MAX);
    metrics_put(metrics, NOW_MS, &out);
    for (const char *at = out.data, *end = at + out.len; at < end;) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        assert_non_null(stop);
        assert_in_range(count, 0, max - 1);
        assert_in_range(stop - at, 2, METRICS_LINE_MAX - 1);
        lines[count] = json_parse((struct span){at, (size_t)(stop - at)}, NULL);
        assert_non_null(lines[count++]);
        at = stop + 1;
    }
    buffer_release(&out);
    return count;
}

static const cJSON *directive_of(const cJSON *line)
{
    const cJSON *aws = json_member(line, "_aws");
    assert_true(cJSON_IsNumber(json_member(aws, "Timestamp")));
    assert_true(json_member(aws, "Timestamp")->valuedouble == (double)NOW_MS);
    const cJSON *directives = json_member(aws, "CloudWatchMetrics");
    assert_int_equal(cJSON_GetArraySize(directives), 1);
    return cJSON_GetArrayItem(directives, 0);
}

/* What the specification asks of a line: every metric and dimension that it names is a member. */
static void check_line(const cJSON *line)
{
    const cJSON *directive = directive_of(line), *metric, *set, *dimension;
    assert_string_equal(json_member_text(directive, "Namespace"), "moonmill");
    cJSON_ArrayForEach(metric, json_member(directive, "Metrics"))
    {
        const cJSON *value = json_member(line, json_member_text(metric, "Name"));
        assert_true(cJSON_IsNumber(value) || cJSON_IsArray(value));
        assert_true(!cJSON_IsArray(value) || cJSON_GetArraySize(value) <= 100);
    }
    assert_in_range(cJSON_GetArraySize(json_member(directive, "Metrics")), 1, 100);
    cJSON_ArrayForEach(set, json_member(directive, "Dimensions")) cJSON_ArrayForEach(dimension, set)
    {
        assert_string_equal(dimension->valuestring, "flow");
        assert_true(cJSON_IsString(json_member(line, "flow")));
    }
}

static int number(const cJSON *line, const char *name)
{
    const cJSON *value = json_member(line, name);
    return cJSON_IsNumber(value) ? (int)value->valuedouble : -1;
}

static void a_flow_has_a_line_with_its_counts_and_values(void **state)
{
    (void)state;
    cJSON *line;
    struct metrics *metrics = metrics_new();
    metrics_add(metrics, "order", METRIC_RECORDS, 2);
    metrics_add(metrics, "order", METRIC_COMPLETED, 1);
    metrics_add(metrics, "order", METRIC_ENDED_STALL, 1);
    metrics_value(metrics, "order", METRIC_RUN_MS, 12);
    metrics_value(metrics, "order", METRIC_RUN_MS, 3000);
    assert_int_equal(read_lines(metrics, &line, 1), 1);
    check_line(line);
    assert_string_equal(json_member_text(line, "flow"), "order");
    assert_int_equal(cJSON_GetArraySize(json_member(directive_of(line), "Dimensions")), 2);
    assert_int_equal(number(line, "Records"), 2);
    assert_int_equal(number(line, "RecordsCompleted"), 1);
    assert_int_equal(number(line, "RecordsReturned"), 0);
    assert_int_equal(number(line, "WorkerEndedStall"), 1);
    assert_int_equal(number(line, "ColdStart"), -1);
    const cJSON *values = json_member(line, "RunDuration");
    assert_int_equal(cJSON_GetArraySize(values), 2);
    assert_true(cJSON_GetArrayItem(values, 1)->valuedouble == 3000);
    assert_null(json_member(line, "CallbackLatency"));
    cJSON_Delete(line);
    metrics_free(metrics);
}

static void what_has_no_flow_has_a_line_without_that_dimension(void **state)
{
    (void)state;
    cJSON *line;
    struct metrics *metrics = metrics_new();
    metrics_add(metrics, "", METRIC_COLD_START, 1);
    assert_int_equal(read_lines(metrics, &line, 1), 1);
    check_line(line);
    assert_null(json_member(line, "flow"));
    assert_int_equal(cJSON_GetArraySize(json_member(directive_of(line), "Dimensions")), 1);
    assert_int_equal(cJSON_GetArraySize(json_member(directive_of(line), "Metrics")), 1);
    cJSON_Delete(line);
    metrics_free(metrics);
}

static void more_values_than_a_line_takes_are_thinned_out_evenly(void **state)
{
    (void)state;
    static const int rows[] = {1, 99, 100, 101, 199, 200, 201, 1000, 100000};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        cJSON *line;
        struct metrics *metrics = metrics_new();
        for (int value = 0; value < rows[i]; value++)
            metrics_value(metrics, "f", METRIC_CALLBACK_MS, value);
        assert_int_equal(read_lines(metrics, &line, 1), 1);
        check_line(line);
        const cJSON *values = json_member(line, "CallbackLatency");
        int count = cJSON_GetArraySize(values);
        assert_in_range(count, rows[i] < 50 ? rows[i] : 50, rows[i] < 100 ? rows[i] : 100);
        int median = (int)cJSON_GetArrayItem(values, count / 2)->valuedouble;
        assert_in_range(median, rows[i] * 4 / 10, rows[i] * 6 / 10 + 1);
        cJSON_Delete(line);
        metrics_free(metrics);
    }
}

static void flows_beyond_the_bound_count_as_others(void **state)
{
    (void)state;
    cJSON *lines[METRICS_FLOWS_MAX + 2];
    int records = 0, others = 0;
    char name[32];
    struct metrics *metrics = metrics_new();
    for (int i = 0; i < 10 * METRICS_FLOWS_MAX; i++) {
        snprintf(name, sizeof name, "flow-%d", i);
        metrics_add(metrics, name, METRIC_RECORDS, 1);
    }
    metrics_add(metrics, "flow-0", METRIC_RECORDS, 1);
    metrics_add(metrics, "", METRIC_RECORDS, 1);
    size_t count = read_lines(metrics, lines, METRICS_FLOWS_MAX + 2);
    assert_int_equal(count, METRICS_FLOWS_MAX + 2);
    for (size_t i = 0; i < count; i++) {
        const char *flow = json_member_text(lines[i], "flow");
        records += number(lines[i], "Records");
        if (flow && strcmp(flow, METRICS_OTHERS) == 0)
            others = number(lines[i], "Records");
        cJSON_Delete(lines[i]);
    }
    assert_int_equal(records, 10 * METRICS_FLOWS_MAX + 2);
    assert_int_equal(others, 9 * METRICS_FLOWS_MAX);
    metrics_free(metrics);
}

static void a_name_is_ascii_and_a_full_line_fits(void **state)
{
    (void)state;
    cJSON *line;
    char name[400];
    struct metrics *metrics = metrics_new();
    memset(name, '"', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    memcpy(name, "caf\xc3\xa9 \n", 7);
    for (int i = 0; i < METRICS_COUNTED; i++)
        metrics_add(metrics, name, (enum metrics_count)i, INT64_MAX);
    for (int i = 0; i < METRICS_MEASURED; i++)
        for (int value = 0; value < 100; value++)
            metrics_value(metrics, name, (enum metrics_series)i, INT64_MIN);
    assert_int_equal(read_lines(metrics, &line, 1), 1);
    check_line(line);
    assert_int_equal(strncmp(json_member_text(line, "flow"), "caf????\"", 8), 0);
    cJSON_Delete(line);
    metrics_free(metrics);
}

static void nothing_is_counted_for_nobody(void **state)
{
    (void)state;
    metrics_add(NULL, "f", METRIC_RECORDS, 1);
    metrics_value(NULL, "f", METRIC_RUN_MS, 1);
    metrics_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_flow_has_a_line_with_its_counts_and_values),
        cmocka_unit_test(what_has_no_flow_has_a_line_without_that_dimension),
        cmocka_unit_test(more_values_than_a_line_takes_are_thinned_out_evenly),
        cmocka_unit_test(flows_beyond_the_bound_count_as_others),
        cmocka_unit_test(a_name_is_ascii_and_a_full_line_fits),
        cmocka_unit_test(nothing_is_counted_for_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
