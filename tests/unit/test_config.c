#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define MB (1024 * 1024)

/* One variable beside those that keep the machine's own files out of the test. */
static void read_one(const char *entry, struct config *config, struct config_warnings *warnings)
{
    const char *environment[] = {"SSL_CERT_FILE=/ca", entry, NULL};
    config_read(config, environment, warnings);
}

static void an_empty_environment_gives_the_defaults_silently(void **state)
{
    (void)state;
    struct config config;
    struct config_warnings warnings;
    const char *environment[] = {NULL};
    config_read(&config, environment, &warnings);
    assert_int_equal(warnings.count, 0);
    assert_int_equal(config.batch_interval_ms, 1000);
    assert_int_equal(config.max_batch_size, 100);
    assert_int_equal(config.callback_timeout_ms, 5000);
    assert_int_equal(config.callback_retries, 3);
    assert_int_equal(config.timeout_ms, 3600000);
    assert_null(config.backend_pub);
    assert_null(config.api_url);
    assert_string_equal(config.flows_dir, "./flows");
    assert_int_equal(config.concurrency, 10);
    assert_int_equal(config.instruction_limit, 1000000000);
    assert_int_equal(config.memory_limit_bytes, 64 * MB);
    assert_int_equal(config.max_receives, 3);
    assert_int_equal(config.stall_ms, 3000);
    assert_int_equal(config.deadline_margin_ms, -1);
    assert_false(config.sandbox_strict);
    assert_int_equal(config.event_limit_bytes, 256 * 1024);
    assert_int_equal(config.buffer_limit_bytes, 4096 * 1024);
    assert_null(config.http_allow);
    assert_int_equal(config.flush_ms, 20000);
    assert_false(config.callback_paths_literal);
    assert_false(config.metrics);
    assert_int_equal(config.invocations, 1);
    assert_null(config.runtime_api);
    assert_int_equal(config.function_memory_mb, 0);
    assert_int_equal(config.log_level, LOG_INFO);
    assert_false(config.log_json);
    assert_false(config.http_loopback_only);
    config_release(&config);
}

static void numbers_follow_rusts_unsigned_parse(void **state)
{
    (void)state;
    static const struct {
        const char *value;
        int64_t read;
        bool warned;
    } cases[] = {
        {"0", 0, false},
        {"7", 7, false},
        {"+7", 7, false},
        {"007", 7, false},
        {"4294967295", 4294967295, false},
        {"", 3, true},
        {"+", 3, true},
        {"++7", 3, true},
        {"-7", 3, true},
        {" 7", 3, true},
        {"7 ", 3, true},
        {"1_000", 3, true},
        {"0x10", 3, true},
        {"1e3", 3, true},
        {"7.0", 3, true},
        {"4294967296", 3, true},
        {"18446744073709551616", 3, true},
        {"99999999999999999999999999999999999999", 3, true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct config config;
        struct config_warnings warnings;
        char entry[128];
        snprintf(entry, sizeof entry, "EXECUTOR_CALLBACK_RETRIES=%s", cases[i].value);
        read_one(entry, &config, &warnings);
        assert_int_equal(config.callback_retries, cases[i].read);
        assert_int_equal(warnings.count, cases[i].warned);
        config_release(&config);
    }
}

static void every_number_is_read_in_its_unit_and_range(void **state)
{
    (void)state;
    static const struct {
        const char *entry;
        size_t field;
        int64_t read;
        bool warned;
    } cases[] = {
#define FIELD(name) offsetof(struct config, name)
        {"EXECUTOR_BATCH_INTERVAL_MS=250", FIELD(batch_interval_ms), 250, false},
        {"EXECUTOR_BATCH_INTERVAL_MS=0", FIELD(batch_interval_ms), 1000, true},
        {"EXECUTOR_MAX_BATCH_SIZE=5", FIELD(max_batch_size), 5, false},
        {"EXECUTOR_MAX_BATCH_SIZE=0", FIELD(max_batch_size), 1, false},
        {"EXECUTOR_CALLBACK_TIMEOUT_MS=1", FIELD(callback_timeout_ms), 1, false},
        {"EXECUTOR_CALLBACK_TIMEOUT_MS=0", FIELD(callback_timeout_ms), 5000, true},
        {"EXECUTOR_TIMEOUT_SECS=900", FIELD(timeout_ms), 900000, false},
        {"EXECUTOR_TIMEOUT_SECS=0", FIELD(timeout_ms), 3600000, true},
        {"EXECUTOR_TIMEOUT_SECS=18446744073709551615", FIELD(timeout_ms), 3600000, true},
        {"EXECUTOR_CONCURRENCY=3", FIELD(concurrency), 3, false},
        {"EXECUTOR_CONCURRENCY=0", FIELD(concurrency), 10, true},
        {"EXECUTOR_CONCURRENCY=1001", FIELD(concurrency), 10, true},
        {"EXECUTOR_INSTRUCTION_LIMIT=5000000", FIELD(instruction_limit), 5000000, false},
        {"EXECUTOR_INSTRUCTION_LIMIT=1", FIELD(instruction_limit), 1000000000, true},
        {"EXECUTOR_MEMORY_LIMIT_MB=128", FIELD(memory_limit_bytes), 128 * MB, false},
        {"EXECUTOR_MEMORY_LIMIT_MB=7", FIELD(memory_limit_bytes), 64 * MB, true},
        {"EXECUTOR_MAX_RECEIVES=1", FIELD(max_receives), 1, false},
        {"EXECUTOR_MAX_RECEIVES=0", FIELD(max_receives), 3, true},
        {"EXECUTOR_STALL_MS=100", FIELD(stall_ms), 100, false},
        {"EXECUTOR_DEADLINE_MARGIN_MS=500", FIELD(deadline_margin_ms), 500, false},
        {"EXECUTOR_DEADLINE_MARGIN_MS=499", FIELD(deadline_margin_ms), -1, true},
        {"EXECUTOR_EVENT_LIMIT_KB=1000", FIELD(event_limit_bytes), 1000 * 1024, false},
        {"EXECUTOR_EVENT_LIMIT_KB=1001", FIELD(event_limit_bytes), 256 * 1024, true},
        {"EXECUTOR_BUFFER_LIMIT_KB=512", FIELD(buffer_limit_bytes), 512 * 1024, false},
        {"EXECUTOR_BUFFER_LIMIT_KB=64", FIELD(buffer_limit_bytes), 256 * 1024, true},
        {"EXECUTOR_FLUSH_SECS=0", FIELD(flush_ms), 0, false},
        {"EXECUTOR_FLUSH_SECS=30", FIELD(flush_ms), 30000, false},
        {"AWS_LAMBDA_FUNCTION_MEMORY_SIZE=1769", FIELD(function_memory_mb), 1769, false},
        {"AWS_LAMBDA_FUNCTION_MEMORY_SIZE=", FIELD(function_memory_mb), 0, false},
        {"AWS_LAMBDA_FUNCTION_MEMORY_SIZE=lots", FIELD(function_memory_mb), 0, true},
#undef FIELD
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct config config;
        struct config_warnings warnings;
        int64_t read;
        read_one(cases[i].entry, &config, &warnings);
        memcpy(&read, (char *)&config + cases[i].field, sizeof read);
        if (read != cases[i].read || warnings.count != cases[i].warned)
            fail_msg("%s: read %lld, %zu warnings", cases[i].entry, (long long)read,
                     warnings.count);
        config_release(&config);
    }
}

static void a_warning_names_variable_value_and_default(void **state)
{
    (void)state;
    struct config config;
    struct config_warnings warnings;
    read_one("EXECUTOR_STALL_MS=12\n\x1b"
             "3456789012345678901234567890123456789",
             &config, &warnings);
    assert_int_equal(warnings.count, 1);
    assert_string_equal(warnings.text[0],
                        "EXECUTOR_STALL_MS: \"12??345678901234567890123456789012345678\" is no "
                        "whole number from 10 to 900000; the default is used: 3000");
    config_release(&config);
    read_one("EXECUTOR_SANDBOX=loose", &config, &warnings);
    assert_int_equal(warnings.count, 1);
    assert_string_equal(warnings.text[0],
                        "EXECUTOR_SANDBOX: \"loose\" is not known; the default is used: auto");
    config_release(&config);
}

static void words_are_read_in_any_case(void **state)
{
    (void)state;
    static const struct {
        const char *entry;
        bool strict, literal, json;
        enum log_level level;
        size_t warnings;
    } cases[] = {
        {"EXECUTOR_SANDBOX=strict", true, false, false, LOG_INFO, 0},
        {"EXECUTOR_SANDBOX=STRICT", true, false, false, LOG_INFO, 0},
        {"EXECUTOR_SANDBOX=auto", false, false, false, LOG_INFO, 0},
        {"EXECUTOR_SANDBOX=", false, false, false, LOG_INFO, 1},
        {"EXECUTOR_CALLBACK_PATHS=literal", false, true, false, LOG_INFO, 0},
        {"EXECUTOR_CALLBACK_PATHS=odd", false, false, false, LOG_INFO, 1},
        {"AWS_LAMBDA_LOG_FORMAT=JSON", false, false, true, LOG_INFO, 0},
        {"AWS_LAMBDA_LOG_FORMAT=json", false, false, true, LOG_INFO, 0},
        {"AWS_LAMBDA_LOG_FORMAT=Text", false, false, false, LOG_INFO, 0},
        {"AWS_LAMBDA_LOG_LEVEL=TRACE", false, false, false, LOG_TRACE, 0},
        {"AWS_LAMBDA_LOG_LEVEL=fatal", false, false, false, LOG_FATAL, 0},
        {"AWS_LAMBDA_LOG_LEVEL=", false, false, false, LOG_INFO, 0},
        {"AWS_LAMBDA_LOG_LEVEL=loud", false, false, false, LOG_INFO, 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct config config;
        struct config_warnings warnings;
        read_one(cases[i].entry, &config, &warnings);
        assert_int_equal(config.sandbox_strict, cases[i].strict);
        assert_int_equal(config.callback_paths_literal, cases[i].literal);
        assert_int_equal(config.log_json, cases[i].json);
        assert_int_equal(config.log_level, cases[i].level);
        assert_int_equal(warnings.count, cases[i].warnings);
        config_release(&config);
    }
}

static void metrics_are_on_in_a_function_unless_set(void **state)
{
    (void)state;
    static const struct {
        const char *environment[3];
        bool on;
        size_t warnings;
    } cases[] = {
        {{"SSL_CERT_FILE=/ca", NULL}, false, 0},
        {{"AWS_LAMBDA_FUNCTION_NAME=f", NULL}, true, 0},
        {{"AWS_LAMBDA_FUNCTION_NAME=", NULL}, false, 0},
        {{"AWS_LAMBDA_FUNCTION_NAME=f", "EXECUTOR_METRICS=off", NULL}, false, 0},
        {{"EXECUTOR_METRICS=ON", NULL}, true, 0},
        {{"AWS_LAMBDA_FUNCTION_NAME=f", "EXECUTOR_METRICS=odd", NULL}, true, 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct config config;
        struct config_warnings warnings;
        config_read(&config, cases[i].environment, &warnings);
        assert_int_equal(config.metrics, cases[i].on);
        assert_int_equal(warnings.count, cases[i].warnings);
        config_release(&config);
    }
}

static void concurrency_follows_the_functions_memory(void **state)
{
    (void)state;
    static const struct {
        const char *memory, *limit, *concurrency;
        int64_t runs, limit_mb;
        size_t warnings;
    } cases[] = {
        {"128", "", NULL, 1, 56, 2},      {"128", NULL, NULL, 1, 56, 1},
        {"136", NULL, NULL, 1, 64, 0},    {"256", NULL, NULL, 2, 64, 0},
        {"512", NULL, NULL, 6, 64, 0},    {"1024", NULL, NULL, 10, 64, 0},
        {"10240", NULL, NULL, 10, 64, 0}, {"512", "512", NULL, 1, 440, 1},
        {"70", NULL, NULL, 1, 8, 1},      {"256", NULL, "7", 7, 64, 0},
        {"128", NULL, "2", 2, 56, 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct config config;
        struct config_warnings warnings;
        char memory[64], limit[64], runs[64];
        const char *environment[4] = {memory};
        size_t count = 1;
        snprintf(memory, sizeof memory, "AWS_LAMBDA_FUNCTION_MEMORY_SIZE=%s", cases[i].memory);
        if (cases[i].limit &&
            snprintf(limit, sizeof limit, "EXECUTOR_MEMORY_LIMIT_MB=%s", cases[i].limit) > 0)
            environment[count++] = limit;
        if (cases[i].concurrency &&
            snprintf(runs, sizeof runs, "EXECUTOR_CONCURRENCY=%s", cases[i].concurrency) > 0)
            environment[count++] = runs;
        config_read(&config, environment, &warnings);
        assert_int_equal(config.concurrency, cases[i].runs);
        assert_int_equal(config.memory_limit_bytes, cases[i].limit_mb * MB);
        assert_int_equal(warnings.count, cases[i].warnings);
        config_release(&config);
    }
}

static void texts_fall_back_in_their_order(void **state)
{
    (void)state;
    struct config config;
    struct config_warnings warnings;
    const char *first[] = {"API_URL=https://a",
                           "CALLBACK_BASE_URL=https://b",
                           "EXECUTOR_FLOWS_DIR=/f",
                           "LAMBDA_TASK_ROOT=/var/task",
                           "SSL_CERT_FILE=/s",
                           "CURL_CA_BUNDLE=/c",
                           "BACKEND_PUB=abc=",
                           "EXECUTOR_HTTP_ALLOW=127.0.0.1:8080",
                           "AWS_LAMBDA_RUNTIME_API=localhost:9001",
                           "API_URL=https://later",
                           NULL};
    config_read(&config, first, &warnings);
    assert_string_equal(config.api_url, "https://a");
    assert_string_equal(config.flows_dir, "/f");
    assert_string_equal(config.ca_file, "/s");
    assert_string_equal(config.backend_pub, "abc=");
    assert_string_equal(config.http_allow, "127.0.0.1:8080");
    assert_string_equal(config.runtime_api, "localhost:9001");
    config_release(&config);

    const char *second[] = {"API_URL=",
                            "CALLBACK_BASE_URL=https://b",
                            "EXECUTOR_FLOWS_DIR=",
                            "LAMBDA_TASK_ROOT=/var/task",
                            "SSL_CERT_FILE=",
                            "CURL_CA_BUNDLE=/c",
                            "BACKEND_PUB=",
                            "EXECUTOR_HTTP_ALLOW=",
                            NULL};
    config_read(&config, second, &warnings);
    assert_string_equal(config.api_url, "https://b");
    assert_string_equal(config.flows_dir, "/var/task/flows");
    assert_string_equal(config.ca_file, "/c");
    assert_null(config.backend_pub);
    assert_null(config.http_allow);
    assert_int_equal(warnings.count, 0);
    config_release(&config);
}

static void release_leaves_nothing_behind(void **state)
{
    (void)state;
    struct config config;
    struct config_warnings warnings;
    read_one("BACKEND_PUB=x", &config, &warnings);
    config_release(&config);
    assert_null(config.backend_pub);
    config_release(&config);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_environment_gives_the_defaults_silently),
        cmocka_unit_test(numbers_follow_rusts_unsigned_parse),
        cmocka_unit_test(every_number_is_read_in_its_unit_and_range),
        cmocka_unit_test(a_warning_names_variable_value_and_default),
        cmocka_unit_test(words_are_read_in_any_case),
        cmocka_unit_test(metrics_are_on_in_a_function_unless_set),
        cmocka_unit_test(concurrency_follows_the_functions_memory),
        cmocka_unit_test(texts_fall_back_in_their_order),
        cmocka_unit_test(release_leaves_nothing_behind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
