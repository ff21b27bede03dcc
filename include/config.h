/* config: the environment, read once, validated once.
 *
 * Invalid or empty numbers become their default plus one warning that names variable, value and
 * default. After config_read nothing else reads the environment. */
#ifndef MOONMILL_CONFIG_H
#define MOONMILL_CONFIG_H

#include "diag.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Caps that no setting moves (bytes, unless named otherwise). */
#define CONFIG_PAYLOAD_MAX         6291556           /* Runtime API, both ways */
#define CONFIG_CALLBACK_BODY_MAX   (1024 * 1024)     /* one push to the API */
#define CONFIG_SOURCE_MAX          (1024 * 1024)     /* one flow's source */
#define CONFIG_FETCHED_MAX         (4 * 1024 * 1024) /* modules and called flows of one run */
#define CONFIG_RESULT_MAX          (1024 * 1024)     /* one step's result as JSON */
#define CONFIG_HTTP_RESPONSE_MAX   (6 * 1024 * 1024)
#define CONFIG_HTTP_IN_FLIGHT_MAX  16
#define CONFIG_HTTP_TIMEOUT_MS     30000
#define CONFIG_HTTP_REDIRECTS_MAX  5
#define CONFIG_SECRETS_MAX         256
#define CONFIG_SECRET_REDACTED_MIN 8 /* shorter values would be found in innocent text */

/* One entry of EXECUTOR_HTTP_ALLOW: "host", "host:port", "10.0.0.0/8", "fd00::/8",
 * "127.0.0.1:8080". Parsed and judged by http. */
/* EXECUTOR_SECRET_<name> and EXECUTOR_SECRET_<name>_HOSTS. A pair may lack either half. */
struct config_secret {
    char *name;
    char *value; /* NULL: only the hosts are set, for a token or a variable of a job */
    char *hosts; /* comma-separated host or host:port, as set; NULL: it may go nowhere */
};

struct config {
    /* the replaced system's, same names and defaults */
    int64_t batch_interval_ms;   /* EXECUTOR_BATCH_INTERVAL_MS 1000 */
    int64_t max_batch_size;      /* EXECUTOR_MAX_BATCH_SIZE 100; 0 counts as 1 */
    int64_t callback_timeout_ms; /* EXECUTOR_CALLBACK_TIMEOUT_MS 5000 */
    int64_t callback_retries;    /* EXECUTOR_CALLBACK_RETRIES 3; tries in a round = this + 1 */
    int64_t timeout_ms;          /* EXECUTOR_TIMEOUT_SECS 3600 */
    char *backend_pub;           /* BACKEND_PUB; NULL when unset or empty */
    char *api_url;               /* API_URL, else CALLBACK_BASE_URL; NULL when neither */
    /* ours */
    char *flows_dir;            /* EXECUTOR_FLOWS_DIR, $LAMBDA_TASK_ROOT/flows, ./flows */
    int64_t concurrency;        /* EXECUTOR_CONCURRENCY, 1..1000 */
    int64_t instruction_limit;  /* EXECUTOR_INSTRUCTION_LIMIT 1e9 */
    int64_t memory_limit_bytes; /* EXECUTOR_MEMORY_LIMIT_MB 64 */
    int64_t max_receives;       /* EXECUTOR_MAX_RECEIVES 3 */
    int64_t stall_ms;           /* EXECUTOR_STALL_MS 3000 */
    int64_t
        deadline_margin_ms; /* EXECUTOR_DEADLINE_MARGIN_MS; -1: min(3000, 20 % of what there is) */
    bool sandbox_strict;    /* EXECUTOR_SANDBOX auto|strict */
    int64_t event_limit_bytes;  /* EXECUTOR_EVENT_LIMIT_KB 256 */
    int64_t events_limit;       /* EXECUTOR_EVENTS_LIMIT 10,000,000 of a run */
    int64_t buffer_limit_bytes; /* EXECUTOR_BUFFER_LIMIT_KB 4096 */
    char *http_allow;           /* EXECUTOR_HTTP_ALLOW, comma-separated; NULL when unset */
    struct config_secret *secrets;
    size_t secret_count;
    int64_t flush_ms;            /* EXECUTOR_FLUSH_SECS 20 */
    bool callback_paths_literal; /* EXECUTOR_CALLBACK_PATHS auto|literal */
    bool metrics;  /* EXECUTOR_METRICS on|off; on where AWS_LAMBDA_FUNCTION_NAME is set */
    char *ca_file; /* SSL_CERT_FILE, CURL_CA_BUNDLE, else the first bundle that exists */
    /* Lambda's */
    char *runtime_api;          /* AWS_LAMBDA_RUNTIME_API; NULL when unset */
    int64_t function_memory_mb; /* AWS_LAMBDA_FUNCTION_MEMORY_SIZE; 0 when unset */
    int64_t invocations;        /* AWS_LAMBDA_MAX_CONCURRENCY 1: so many at once */
    enum log_level log_level;   /* AWS_LAMBDA_LOG_LEVEL INFO */
    bool log_json;              /* AWS_LAMBDA_LOG_FORMAT json, any case */
    /* not from the environment: set by `moonmill replay` alone */
    bool http_loopback_only; /* flows reach allowed loopback addresses and nothing else */
    int http_stand_in_port;  /* that loopback port answers for all other hosts; 0: none */
    bool http_stand_in_all;  /* and for the other ports of this machine as well */
    bool skip_waits;         /* flows wait on a clock that is turned (wire_load) */
};

#define CONFIG_WARNINGS_MAX 32
struct config_warnings {
    size_t count;
    char text[CONFIG_WARNINGS_MAX][256];
};

/* Reads "NAME=value" strings, NULL-terminated (environ). Never fails: bad values become warnings.
 */
void config_read(struct config *config, const char *const *environment,
                 struct config_warnings *warnings);
void config_release(struct config *config);

#endif
