#include "metrics.h"

#include "json.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#define FLOW_NAME_MAX 160

/* At most METRICS_VALUES_MAX of all values: every stride-th. */
struct series {
    int64_t values[METRICS_VALUES_MAX];
    size_t count;
    size_t stride;
    size_t skipped; /* since the last one that was kept */
};

/* What is known of one flow; the first has no name: records without a flow. */
struct line {
    struct line *next;
    char flow[FLOW_NAME_MAX];
    int64_t counts[METRICS_COUNTED];
    struct series series[METRICS_MEASURED];
};

struct metrics {
    struct line *lines;
    size_t flows;
};

/* --- counting --------------------------------------------------------------------------------- */

/* CloudWatch takes ASCII only. */
static void name_line(struct line *line, const char *flow)
{
    for (size_t i = 0; flow[i] && i < sizeof line->flow - 1; i++)
        line->flow[i] = flow[i] > 0x20 && flow[i] < 0x7f ? flow[i] : '?';
}

static struct line *find(const struct metrics *metrics, const char *name)
{
    struct line *line = metrics->lines;
    while (line && strcmp(line->flow, name) != 0)
        line = line->next;
    return line;
}

static struct line *line_of(struct metrics *metrics, const char *flow)
{
    struct line named = {0};
    name_line(&named, flow);
    struct line *line = find(metrics, named.flow);
    if (line)
        return line;
    if (metrics->flows >= METRICS_FLOWS_MAX && *flow && strcmp(flow, METRICS_OTHERS) != 0)
        return line_of(metrics, METRICS_OTHERS);
    metrics->flows += *flow != '\0';
    line = mem_new(sizeof *line);
    *line = named;
    line->next = metrics->lines;
    metrics->lines = line;
    return line;
}

void metrics_add(struct metrics *metrics, const char *flow, enum metrics_count what, int64_t count)
{
    if (metrics)
        line_of(metrics, flow)->counts[what] += count;
}

/* Full: every other one goes, and only so many of those to come are kept. */
static void thin_out(struct series *series)
{
    for (size_t i = 0; i < METRICS_VALUES_MAX / 2; i++)
        series->values[i] = series->values[2 * i];
    series->count = METRICS_VALUES_MAX / 2;
    series->stride *= 2;
}

void metrics_value(struct metrics *metrics, const char *flow, enum metrics_series what,
                   int64_t value)
{
    if (!metrics)
        return;
    struct series *series = &line_of(metrics, flow)->series[what];
    if (series->stride == 0)
        series->stride = 1;
    if (++series->skipped < series->stride)
        return;
    series->skipped = 0;
    if (series->count == METRICS_VALUES_MAX)
        thin_out(series);
    series->values[series->count++] = value;
}

/* --- writing ---------------------------------------------------------------------------------- */

static const struct {
    const char *name, *unit;
    bool always;
} counted[] = {
#define X(id, name, unit, always) [id] = {name, unit, always},
    METRICS_COUNTS(X)
#undef X
};
static const struct {
    const char *name, *unit;
} measured[] = {
#define X(id, name, unit) [id] = {name, unit},
    METRICS_SERIES(X)
#undef X
};

static bool is_told(const struct line *line, size_t count)
{
    return line->counts[count] != 0 || (counted[count].always && line->counts[METRIC_RECORDS]);
}

static void put_definition(struct buffer *out, const char **comma, const char *name,
                           const char *unit)
{
    buffer_format(out, "%s{\"Name\":\"%s\",\"Unit\":\"%s\"}", *comma, name, unit);
    *comma = ",";
}

/* What CloudWatch is to make of the members of the line. */
static void put_directive(struct buffer *out, const struct line *line, int64_t wall_ms)
{
    const char *comma = "";
    buffer_format(out,
                  "{\"_aws\":{\"Timestamp\":%lld,\"CloudWatchMetrics\":[{\"Namespace\":"
                  "\"" METRICS_NAMESPACE "\",\"Dimensions\":[%s[]],\"Metrics\":[",
                  (long long)wall_ms, *line->flow ? "[\"flow\"]," : "");
    for (size_t i = 0; i < METRICS_COUNTED; i++)
        if (is_told(line, i))
            put_definition(out, &comma, counted[i].name, counted[i].unit);
    for (size_t i = 0; i < METRICS_MEASURED; i++)
        if (line->series[i].count)
            put_definition(out, &comma, measured[i].name, measured[i].unit);
    buffer_text(out, "]}]}");
}

static void put_series(struct buffer *out, const char *name, const struct series *series)
{
    buffer_format(out, ",\"%s\":[", name);
    for (size_t i = 0; i < series->count; i++)
        buffer_format(out, "%s%lld", i ? "," : "", (long long)series->values[i]);
    buffer_text(out, "]");
}

static void put_line(struct buffer *out, const struct line *line, int64_t wall_ms)
{
    put_directive(out, line, wall_ms);
    if (*line->flow) {
        buffer_text(out, ",\"flow\":");
        json_put_string(out, span_of(line->flow));
    }
    for (size_t i = 0; i < METRICS_COUNTED; i++)
        if (is_told(line, i))
            buffer_format(out, ",\"%s\":%lld", counted[i].name, (long long)line->counts[i]);
    for (size_t i = 0; i < METRICS_MEASURED; i++)
        if (line->series[i].count)
            put_series(out, measured[i].name, &line->series[i]);
    buffer_text(out, "}\n");
}

void metrics_put(const struct metrics *metrics, int64_t wall_ms, struct buffer *out)
{
    for (const struct line *line = metrics->lines; line; line = line->next)
        put_line(out, line, wall_ms);
}

static void write_all(int fd, struct span bytes)
{
    while (bytes.len > 0) {
        ssize_t written = write(fd, bytes.at, bytes.len);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return; /* nobody reads them */
        bytes.at += written;
        bytes.len -= (size_t)written;
    }
}

void metrics_write(const struct metrics *metrics, int64_t wall_ms, int fd)
{
    struct buffer out;
    buffer_init(&out, METRICS_LINE_MAX);
    for (const struct line *line = metrics ? metrics->lines : NULL; line; line = line->next) {
        put_line(&out, line, wall_ms);
        write_all(fd, buffer_span(&out));
        buffer_clear(&out);
    }
    buffer_release(&out);
}

/* --- life ------------------------------------------------------------------------------------- */

struct metrics *metrics_new(void)
{
    return mem_new(sizeof(struct metrics));
}

void metrics_free(struct metrics *metrics)
{
    if (!metrics)
        return;
    while (metrics->lines) {
        struct line *line = metrics->lines;
        metrics->lines = line->next;
        mem_free(line);
    }
    mem_free(metrics);
}
