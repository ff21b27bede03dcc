#include "config.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define MB                (1024 * 1024)
#define YEARS_10_SECS     315360000
#define SUPERVISOR_MB     64 /* what the function keeps for the supervisor */
#define WORKER_MB         8  /* what a worker needs beside its run's limit */
#define RUN_MB_MIN        8
#define CONCURRENCY_MAX   10 /* of the default, not of the setting */
#define VALUE_SHOWN_BYTES 40

/* Every number of the environment. min and max count in the variable's unit, as does fallback;
 * the field gets the number times unit, or fallback itself where that is AUTOMATIC. The first five
 * and their defaults are the replaced system's; their range ends where milliseconds stay harmless.
 *   deadline margin: the response must leave 500 ms before the deadline
 *   event limit:     an event and its envelope must fit CONFIG_CALLBACK_BODY_MAX */
#define AUTOMATIC (-1)
struct number {
    const char *name;
    size_t field;
    int64_t fallback;
    int64_t min;
    int64_t max;
    int64_t unit;
};

#define FIELD(name) offsetof(struct config, name)
static const struct number numbers[] = {
    {"EXECUTOR_BATCH_INTERVAL_MS", FIELD(batch_interval_ms), 1000, 1, YEARS_10_SECS * 1000LL, 1},
    {"EXECUTOR_MAX_BATCH_SIZE", FIELD(max_batch_size), 100, 0, UINT32_MAX, 1},
    {"EXECUTOR_CALLBACK_TIMEOUT_MS", FIELD(callback_timeout_ms), 5000, 1, YEARS_10_SECS * 1000LL,
     1},
    {"EXECUTOR_CALLBACK_RETRIES", FIELD(callback_retries), 3, 0, UINT32_MAX, 1},
    {"EXECUTOR_TIMEOUT_SECS", FIELD(timeout_ms), 3600, 1, YEARS_10_SECS, 1000},
    {"EXECUTOR_CONCURRENCY", FIELD(concurrency), AUTOMATIC, 1, 1000, 1},
    {"EXECUTOR_INSTRUCTION_LIMIT", FIELD(instruction_limit), 1000000000, 1000, 1000000000000000, 1},
    {"EXECUTOR_MEMORY_LIMIT_MB", FIELD(memory_limit_bytes), 64, RUN_MB_MIN, 10240, MB},
    {"EXECUTOR_MAX_RECEIVES", FIELD(max_receives), 3, 1, 1000, 1},
    {"EXECUTOR_STALL_MS", FIELD(stall_ms), 3000, 10, 900000, 1},
    {"EXECUTOR_DEADLINE_MARGIN_MS", FIELD(deadline_margin_ms), AUTOMATIC, 500, 900000, 1},
    {"EXECUTOR_EVENT_LIMIT_KB", FIELD(event_limit_bytes), 256, 1, 1000, 1024},
    {"EXECUTOR_EVENTS_LIMIT", FIELD(events_limit), 10000000, 1, 1000000000000, 1},
    {"EXECUTOR_BUFFER_LIMIT_KB", FIELD(buffer_limit_bytes), 4096, 1, 1024 * 1024, 1024},
    {"EXECUTOR_FLUSH_SECS", FIELD(flush_ms), 20, 0, 900, 1000},
    {"AWS_LAMBDA_FUNCTION_MEMORY_SIZE", FIELD(function_memory_mb), 0, 1, 1024 * 1024, 1},
    {"AWS_LAMBDA_MAX_CONCURRENCY", FIELD(invocations), 1, 1, 1000, 1},
};
#undef FIELD

/* What the readers below share. */
struct reading {
    const char *const *environment;
    struct config_warnings *warnings;
};

/* The variable's value, "" included, or NULL when unset; the first counts, as for getenv. */
static const char *value_of(const struct reading *reading, const char *name)
{
    size_t len = strlen(name);
    for (const char *const *entry = reading->environment; *entry; entry++)
        if (strncmp(*entry, name, len) == 0 && (*entry)[len] == '=')
            return *entry + len + 1;
    return NULL;
}

/* The same, with "" taken for unset. */
static const char *text_of(const struct reading *reading, const char *name)
{
    const char *value = value_of(reading, name);
    return value && *value ? value : NULL;
}

static void warn(struct reading *reading, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void warn(struct reading *reading, const char *format, ...)
{
    struct config_warnings *warnings = reading->warnings;
    if (warnings->count == CONFIG_WARNINGS_MAX)
        return;
    va_list args;
    va_start(args, format);
    vsnprintf(warnings->text[warnings->count++], sizeof warnings->text[0], format, args);
    va_end(args);
}

/* A value as a warning shows it: its first bytes, printable. */
static const char *shown(const char *value, char text[VALUE_SHOWN_BYTES + 1])
{
    snprintf(text, VALUE_SHOWN_BYTES + 1, "%s", value);
    for (char *c = text; *c; c++)
        if (!isprint((unsigned char)*c))
            *c = '?';
    return text;
}

/* An empty variable of Lambda's is no mistake of the operator's; an empty one of ours is. */
static bool counts_as_unset(const char *name, const char *value)
{
    return !value || (!*value && strncmp(name, "EXECUTOR_", 9) != 0);
}

/* Rust's unsigned parse: digits after at most one '+', nothing else; then the range. */
static bool parse_number(const char *text, int64_t min, int64_t max, int64_t *number)
{
    int64_t sum = 0;
    if (*text == '+')
        text++;
    if (!*text)
        return false;
    for (; *text; text++) {
        if (*text < '0' || *text > '9')
            return false;
        if (sum > (max - (*text - '0')) / 10)
            return false;
        sum = sum * 10 + (*text - '0');
    }
    if (sum < min)
        return false;
    *number = sum;
    return true;
}

static void warn_number(struct reading *reading, const struct number *number, const char *value)
{
    char text[VALUE_SHOWN_BYTES + 1];
    char fallback[32] = "automatic";
    if (number->fallback != AUTOMATIC)
        snprintf(fallback, sizeof fallback, "%lld", (long long)number->fallback);
    warn(reading, "%s: \"%s\" is no whole number from %lld to %lld; the default is used: %s",
         number->name, shown(value, text), (long long)number->min, (long long)number->max,
         fallback);
}

static void read_number(struct reading *reading, const struct number *number, struct config *config)
{
    const char *value = value_of(reading, number->name);
    int64_t given = number->fallback;
    if (!counts_as_unset(number->name, value) &&
        !parse_number(value, number->min, number->max, &given))
        warn_number(reading, number, value);
    int64_t *field = (int64_t *)((char *)config + number->field);
    *field = given == AUTOMATIC ? AUTOMATIC : given * number->unit;
}

/* The index of the word that the variable holds, in any case; fallback when it holds none. */
static size_t read_word(struct reading *reading, const char *name, const char *const *words,
                        size_t fallback)
{
    const char *value = value_of(reading, name);
    if (counts_as_unset(name, value))
        return fallback;
    for (size_t i = 0; words[i]; i++)
        if (strcasecmp(value, words[i]) == 0)
            return i;
    char text[VALUE_SHOWN_BYTES + 1];
    warn(reading, "%s: \"%s\" is not known; the default is used: %s", name, shown(value, text),
         words[fallback]);
    return fallback;
}

static void read_words(struct reading *reading, struct config *config)
{
    static const char *const sandboxes[] = {"auto", "strict", NULL};
    static const char *const paths[] = {"auto", "literal", NULL};
    static const char *const switches[] = {"off", "on", NULL};
    static const char *const formats[] = {"text", "json", NULL};
    static const char *const levels[] = {
        [LOG_TRACE] = "TRACE", [LOG_DEBUG] = "DEBUG", [LOG_INFO] = "INFO",   [LOG_WARN] = "WARN",
        [LOG_ERROR] = "ERROR", [LOG_FATAL] = "FATAL", [LOG_FATAL + 1] = NULL};
    config->sandbox_strict = read_word(reading, "EXECUTOR_SANDBOX", sandboxes, 0) == 1;
    config->callback_paths_literal = read_word(reading, "EXECUTOR_CALLBACK_PATHS", paths, 0) == 1;
    config->metrics = read_word(reading, "EXECUTOR_METRICS", switches,
                                text_of(reading, "AWS_LAMBDA_FUNCTION_NAME") != NULL) == 1;
    config->log_json = read_word(reading, "AWS_LAMBDA_LOG_FORMAT", formats, 0) == 1;
    config->log_level =
        (enum log_level)read_word(reading, "AWS_LAMBDA_LOG_LEVEL", levels, LOG_INFO);
}

static char *read_flows_dir(const struct reading *reading)
{
    const char *dir = text_of(reading, "EXECUTOR_FLOWS_DIR");
    const char *root = text_of(reading, "LAMBDA_TASK_ROOT");
    if (dir)
        return mem_copy(dir);
    if (!root)
        return mem_copy("./flows");
    size_t size = strlen(root) + sizeof "/flows";
    char *path = mem_new(size);
    snprintf(path, size, "%s/flows", root);
    return path;
}

/* Amazon Linux keeps its certificates in the first place, Debian in the second. */
static char *read_ca_file(const struct reading *reading)
{
    static const char *const bundles[] = {"/etc/pki/tls/certs/ca-bundle.crt",
                                          "/etc/ssl/certs/ca-certificates.crt"};
    const char *file = text_of(reading, "SSL_CERT_FILE");
    if (!file)
        file = text_of(reading, "CURL_CA_BUNDLE");
    for (size_t i = 0; !file && i < sizeof bundles / sizeof *bundles; i++)
        if (access(bundles[i], R_OK) == 0)
            file = bundles[i];
    return mem_copy(file);
}

static void read_texts(const struct reading *reading, struct config *config)
{
    const char *api_url = text_of(reading, "API_URL");
    config->api_url = mem_copy(api_url ? api_url : text_of(reading, "CALLBACK_BASE_URL"));
    config->backend_pub = mem_copy(text_of(reading, "BACKEND_PUB"));
    config->flows_dir = read_flows_dir(reading);
    config->http_allow = mem_copy(text_of(reading, "EXECUTOR_HTTP_ALLOW"));
    config->ca_file = read_ca_file(reading);
    config->runtime_api = mem_copy(text_of(reading, "AWS_LAMBDA_RUNTIME_API"));
}

/* --- secrets ---------------------------------------------------------------------------------- */

#define SECRET_PREFIX      "EXECUTOR_SECRET_"
#define SECRET_HOSTS       "_HOSTS"
#define SECRET_SHOWN_BYTES 64

/* The secret of that name, made when there is none; NULL when there are too many. */
static struct config_secret *add_secret(struct config *config, struct span name)
{
    for (size_t i = 0; i < config->secret_count; i++)
        if (span_is(name, config->secrets[i].name))
            return &config->secrets[i];
    if (config->secret_count == CONFIG_SECRETS_MAX)
        return NULL;
    config->secrets =
        mem_resize(config->secrets, config->secret_count + 1, sizeof(struct config_secret));
    config->secrets[config->secret_count] = (struct config_secret){.name = mem_string(name)};
    return &config->secrets[config->secret_count++];
}

static bool cut_end(struct span *text, const char *end)
{
    size_t len = strlen(end);
    if (text->len <= len || memcmp(text->at + text->len - len, end, len) != 0)
        return false;
    text->len -= len;
    return true;
}

/* One entry of the environment, if it is a secret's; the first of a name counts. */
static void read_secret(struct reading *reading, struct config *config, const char *entry)
{
    const char *equals = strchr(entry, '=');
    size_t prefix = strlen(SECRET_PREFIX);
    if (!equals || strncmp(entry, SECRET_PREFIX, prefix) != 0)
        return;
    struct span name = {entry + prefix, (size_t)(equals - entry) - prefix};
    bool hosts = cut_end(&name, SECRET_HOSTS);
    if (name.len == 0 || !equals[1])
        return;
    struct config_secret *secret = add_secret(config, name);
    if (!secret) {
        warn(reading, "%.*s is ignored: more than %d secrets", SECRET_SHOWN_BYTES, entry,
             CONFIG_SECRETS_MAX);
        return;
    }
    char **half = hosts ? &secret->hosts : &secret->value;
    if (!*half)
        *half = mem_copy(equals + 1);
}

/* What an operator would rather know now than from a flow that fails. A value is never shown. */
static void warn_secret(struct reading *reading, const struct config_secret *secret)
{
    const char *value = secret->value;
    int shown = SECRET_SHOWN_BYTES;
    if (!value)
        return;
    if (strcmp(secret->name, "API") == 0)
        warn(reading, SECRET_PREFIX "API is never used: ctx.secret \"api\" is the job's own token");
    else if (!secret->hosts)
        warn(reading,
             SECRET_PREFIX "%.*s may go nowhere: set " SECRET_PREFIX "%.*s" SECRET_HOSTS
                           " to the hosts that it is for",
             shown, secret->name, shown, secret->name);
    if (strlen(value) < CONFIG_SECRET_REDACTED_MIN)
        warn(reading,
             SECRET_PREFIX "%.*s is shorter than %d bytes: it is not redacted from answers", shown,
             secret->name, CONFIG_SECRET_REDACTED_MIN);
    if (value[strcspn(value, "\r\n")])
        warn(reading, SECRET_PREFIX "%.*s holds a line break: no URL or header will take it", shown,
             secret->name);
}

static void read_secrets(struct reading *reading, struct config *config)
{
    for (const char *const *entry = reading->environment; *entry; entry++)
        read_secret(reading, config, *entry);
    for (size_t i = 0; i < config->secret_count; i++)
        warn_secret(reading, &config->secrets[i]);
}

static void release_secrets(struct config *config)
{
    for (size_t i = 0; i < config->secret_count; i++) {
        mem_free(config->secrets[i].name);
        mem_free_secret(config->secrets[i].value);
        mem_free(config->secrets[i].hosts);
    }
    mem_free(config->secrets);
}

/* --- what must fit ---------------------------------------------------------------------------- */

/* One run and its worker must fit beside the supervisor. */
static void fit_memory(struct reading *reading, struct config *config)
{
    if (config->function_memory_mb == 0)
        return;
    int64_t limit_mb = config->memory_limit_bytes / MB;
    int64_t room_mb = config->function_memory_mb - SUPERVISOR_MB - WORKER_MB;
    if (room_mb < RUN_MB_MIN)
        room_mb = RUN_MB_MIN;
    if (limit_mb <= room_mb)
        return;
    config->memory_limit_bytes = room_mb * MB;
    warn(reading,
         "EXECUTOR_MEMORY_LIMIT_MB: a run of %lld MB does not fit a function of %lld MB; "
         "lowered to %lld",
         (long long)limit_mb, (long long)config->function_memory_mb, (long long)room_mb);
}

static int64_t default_concurrency(const struct config *config)
{
    if (config->function_memory_mb == 0)
        return CONCURRENCY_MAX;
    int64_t run_mb = config->memory_limit_bytes / MB + WORKER_MB;
    int64_t runs = (config->function_memory_mb - SUPERVISOR_MB) / run_mb;
    if (runs < 1)
        return 1;
    return runs < CONCURRENCY_MAX ? runs : CONCURRENCY_MAX;
}

/* An event that the buffer could never hold would pause its run for ever. */
static void fit_buffer(struct reading *reading, struct config *config)
{
    if (config->buffer_limit_bytes >= config->event_limit_bytes)
        return;
    warn(reading, "EXECUTOR_BUFFER_LIMIT_KB: %lld is less than one event; raised to %lld",
         (long long)config->buffer_limit_bytes / 1024, (long long)config->event_limit_bytes / 1024);
    config->buffer_limit_bytes = config->event_limit_bytes;
}

void config_read(struct config *config, const char *const *environment,
                 struct config_warnings *warnings)
{
    struct reading reading = {environment, warnings};
    *config = (struct config){0};
    warnings->count = 0;
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        read_number(&reading, &numbers[i], config);
    read_words(&reading, config);
    read_texts(&reading, config);
    read_secrets(&reading, config);
    if (config->max_batch_size == 0)
        config->max_batch_size = 1;
    fit_memory(&reading, config);
    fit_buffer(&reading, config);
    if (config->concurrency == AUTOMATIC)
        config->concurrency = default_concurrency(config);
}

void config_release(struct config *config)
{
    mem_free(config->backend_pub);
    mem_free(config->api_url);
    mem_free(config->flows_dir);
    mem_free(config->http_allow);
    mem_free(config->ca_file);
    mem_free(config->runtime_api);
    release_secrets(config);
    *config = (struct config){0};
}
