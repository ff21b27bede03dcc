#include "doctor.h"

#include "claims.h"
#include "cli.h"
#include "clock.h"
#include "config.h"
#include "egress.h"
#include "flow.h"
#include "json.h"
#include "jwks.h"
#include "loop.h"
#include "pool.h"
#include "reach.h"
#include "sandbox.h"
#include "service.h"

#include <fcntl.h>
#include <limits.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define OUT_MAX  (256 * 1024)
#define TEXT_MAX 640

#define REACH_LIMIT_MS 5000
#define ORIGIN_SIZE    512

struct doctor {
    struct config config;
    struct config_warnings warnings;
    bool verbose;
    bool json;
    bool api_answers;
    struct buffer problems; /* JSON objects, or lines */
    struct buffer facts;    /* JSON members, or lines */
    size_t problem_count;
};

/* --- saying ----------------------------------------------------------------------------------- */

static void put_json(struct buffer *out, const char *key, const char *text)
{
    buffer_text(out, key);
    json_put_string(out, span_of(text));
}

/* One problem and its remedy in one line. */
static void tell(struct doctor *doctor, const char *check, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static void tell(struct doctor *doctor, const char *check, const char *format, ...)
{
    char text[TEXT_MAX];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (doctor->json) {
        put_json(&doctor->problems, doctor->problem_count ? ",{\"check\":" : "{\"check\":", check);
        put_json(&doctor->problems, ",\"message\":", text);
        buffer_text(&doctor->problems, "}");
    } else {
        buffer_format(&doctor->problems, "%s: %s\n", check, text);
    }
    doctor->problem_count++;
}

static void note(struct doctor *doctor, const char *check, const char *fact)
{
    if (doctor->json) {
        put_json(&doctor->facts, doctor->facts.len ? "," : "", check);
        put_json(&doctor->facts, ":", fact);
    } else {
        buffer_format(&doctor->facts, "%s: %s\n", check, fact);
    }
}

/* --- the checks ------------------------------------------------------------------------------- */

static void check_settings(struct doctor *doctor)
{
    for (size_t i = 0; i < doctor->warnings.count; i++)
        tell(doctor, "settings", "%s", doctor->warnings.text[i]);
}

static void check_network(struct doctor *doctor)
{
    struct error err = {0};
    struct egress *egress = egress_new(&doctor->config, &err);
    if (!egress)
        tell(doctor, "network", "%s; until it is mended, flows reach public addresses only",
             err.text);
    egress_free(egress);
}

static void check_flows(struct doctor *doctor)
{
    struct error err = {0};
    struct flows *flows = flows_open(doctor->config.flows_dir, &err);
    if (flows)
        flows_close(flows);
    else
        tell(doctor, "flows", "%s; set EXECUTOR_FLOWS_DIR to the folder that holds the flows",
             err.text);
    note(doctor, "flows", doctor->config.flows_dir);
}

/* How many certificates the bundle holds. */
static size_t count_certificates(const char *file)
{
    X509_STORE *store = X509_STORE_new();
    size_t count = 0;
    if (store && X509_STORE_load_file(store, file) == 1)
        count = (size_t)sk_X509_OBJECT_num(X509_STORE_get0_objects(store));
    X509_STORE_free(store);
    return count;
}

static void check_certificates(struct doctor *doctor)
{
    const char *file = doctor->config.ca_file;
    if (!file)
        tell(doctor, "certificates", "no CA bundle was found: set SSL_CERT_FILE to one");
    else if (access(file, R_OK) != 0)
        tell(doctor, "certificates", "%s cannot be read: set SSL_CERT_FILE to a CA bundle", file);
    else if (!count_certificates(file))
        tell(doctor, "certificates", "%s holds no certificate: set SSL_CERT_FILE to a CA bundle",
             file);
    else
        note(doctor, "certificates", file);
}

/* --- the API ---------------------------------------------------------------------------------- */

struct key_set {
    struct loop *loop;
    bool came;
    struct error err;
};

static void on_key_set(void *arg, bool newer, const struct error *err)
{
    struct key_set *set = arg;
    set->came = newer;
    set->err = *err;
    loop_stop(set->loop);
}

/* Fetches the API's key set, as the runtime does; false with err. */
static bool fetch_key_set(const struct config *config, struct error *err)
{
    struct clock clock = {0};
    struct key_set set = {.loop = loop_new(&clock, err)};
    struct jwks *jwks = set.loop ? jwks_new(set.loop, config, err) : NULL;
    if (jwks) {
        struct jwks_wait wait = {.deadline_ms = loop_mono_ms(set.loop) + REACH_LIMIT_MS,
                                 .done = on_key_set,
                                 .arg = &set};
        jwks_refresh(jwks, &wait);
        loop_run(set.loop);
        jwks_free(jwks);
        *err = set.err;
    }
    loop_free(set.loop);
    return set.came;
}

static void check_keys(struct doctor *doctor)
{
    struct error err = {0};
    const struct config *config = &doctor->config;
    char origin[ORIGIN_SIZE];
    if (config->backend_pub) {
        struct keys *keys = keys_from_backend_pub(config->backend_pub, &err);
        if (!keys)
            tell(doctor, "keys", "%s", err.text);
        keys_free(keys);
        note(doctor, "keys", "BACKEND_PUB");
    } else if (!config->api_url) {
        tell(doctor, "keys",
             "no job's token can be verified: set BACKEND_PUB, or API_URL to fetch "
             "the API's key set");
    } else if (doctor->api_answers && !fetch_key_set(config, &err)) {
        tell(doctor, "keys", "%s; see that API_URL is the API's, or set BACKEND_PUB", err.text);
    } else if (doctor->api_answers && reach_origin(config->api_url, origin, sizeof origin)) {
        note(doctor, "keys", origin);
    }
}

/* fact: what it is called among the facts */
static bool try_api(struct doctor *doctor, const char *fact, const char *variable, const char *url)
{
    struct error err = {0};
    char origin[ORIGIN_SIZE];
    if (!reach_try(url, doctor->config.ca_file, REACH_LIMIT_MS, &err)) {
        tell(doctor, "callback", "%s: %s", variable, err.text);
        return false;
    }
    if (reach_origin(url, origin, sizeof origin))
        note(doctor, fact, origin);
    return true;
}

/* Runs report to the address in their tokens; what the environment says of it is tried. */
static void check_callback(struct doctor *doctor)
{
    const char *base = getenv("CALLBACK_BASE_URL"), *api = getenv("API_URL");
    if (!doctor->config.api_url) {
        note(doctor, "callback", "the address is in each job's token; to try it, set API_URL");
        return;
    }
    doctor->api_answers = try_api(doctor, "callback", api && *api ? "API_URL" : "CALLBACK_BASE_URL",
                                  doctor->config.api_url);
    if (base && *base && strcmp(base, doctor->config.api_url) != 0)
        try_api(doctor, "callback base", "CALLBACK_BASE_URL", base);
}

/* --- what cannot be seen from here ------------------------------------------------------------ */

static void note_deployment(struct doctor *doctor)
{
    char text[TEXT_MAX];
    const char *name = getenv("AWS_LAMBDA_FUNCTION_NAME");
    name = name && *name ? name : "FUNCTION";
    snprintf(text, sizeof text,
             "not seen from here: at least six times the function's timeout? "
             "aws lambda get-function-configuration --function-name %s --query Timeout; "
             "aws sqs get-queue-attributes --queue-url URL --attribute-names VisibilityTimeout",
             name);
    note(doctor, "visibility timeout", text);
    snprintf(text, sizeof text,
             "not seen from here: ReportBatchItemFailures, without which Lambda deletes failed "
             "messages? aws lambda list-event-source-mappings --function-name %s "
             "--query 'EventSourceMappings[].FunctionResponseTypes'",
             name);
    note(doctor, "batch response", text);
    snprintf(text, sizeof text,
             "not seen from here: maxReceiveCount over %lld (EXECUTOR_MAX_RECEIVES), so that the "
             "API is told before a message goes? "
             "aws sqs get-queue-attributes --queue-url URL --attribute-names RedrivePolicy",
             (long long)doctor->config.max_receives);
    note(doctor, "dead letters", text);
}

/* --- the sandbox ------------------------------------------------------------------------------ */

struct first_worker {
    struct loop *loop;
    struct error err;
};

static void on_confined(void *arg, const struct error *why)
{
    struct first_worker *first = arg;
    if (why)
        first->err = *why;
    loop_stop(first->loop);
}

static void judge_level(struct doctor *doctor, const char *level)
{
    char missing[SANDBOX_LEVEL_SIZE];
    sandbox_missing(level, missing);
    note(doctor, "sandbox", level);
    if (*missing)
        tell(doctor, "sandbox",
             "this kernel does not grant workers: %s; flows are still held by %s (docs/SECURITY.md "
             "says what that means); EXECUTOR_SANDBOX=strict refuses to run so",
             missing, level);
}

/* A worker is started as the runtime starts one, and says how far it is confined. */
static void check_sandbox(struct doctor *doctor)
{
    struct clock clock = {0};
    struct log quiet = {&clock, open("/dev/null", O_WRONLY | O_CLOEXEC), LOG_FATAL, false};
    struct first_worker first = {.err = {0}};
    char program[PATH_MAX];
    doctor->config.sandbox_strict = false; /* what is missing is told here */
    first.loop = loop_new(&clock, &first.err);
    if (first.loop) {
        struct pool *pool =
            pool_new(first.loop, &doctor->config, &quiet, service_own_program(program));
        pool_await_confined(pool, on_confined, &first);
        if (!*pool_level(pool) && first.err.kind == ERROR_NONE)
            loop_run(first.loop);
        if (*pool_level(pool))
            judge_level(doctor, pool_level(pool));
        pool_free(pool);
        loop_free(first.loop);
    }
    if (first.err.kind != ERROR_NONE)
        tell(doctor, "sandbox", "%s", first.err.text);
    close(quiet.fd);
}

/* --- the command ------------------------------------------------------------------------------ */

static int doctor_main(int argc, char **argv);

static const char *const doctor_examples[] = {"moonmill doctor",
                                              "moonmill doctor -v --env-file production.env",
                                              "moonmill doctor --json", NULL};

static const struct option_spec doctor_options[] = {
    {.name = "json", .help = "one JSON document", .at = offsetof(struct doctor, json)},
    {.name = "verbose",
     .letter = 'v',
     .help = "what was found, too",
     .at = offsetof(struct doctor, verbose)},
};

static const char *const doctor_exits[COMMAND_EXITS] = {"nothing is wrong", "something is",
                                                        "wrong use", NULL, NULL};

const struct command doctor_command = {
    .name = "doctor",
    .summary = "tell what would keep the runtime from its work here",
    .about =
        "Says what of this machine and its environment would keep the runtime from its work: "
        "settings, flows, CA bundle, whether the API answers (a connection and a TLS handshake "
        "to API_URL or CALLBACK_BASE_URL, 5 seconds; no token is sent), keys, and which layers "
        "of the sandbox the kernel grants. One line a problem, with what to do; nothing when "
        "all is well. -v tells what was found, too, and how to check what cannot be seen from "
        "inside: visibility timeout, batch response, dead letters.",
    .operands = "",
    .examples = doctor_examples,
    .options = doctor_options,
    .option_count = sizeof doctor_options / sizeof *doctor_options,
    .exits = doctor_exits,
    .json = "{\"problems\":[{\"check\":\"keys\",\"message\":\"BACKEND_PUB is not ...\"}],\n"
            " \"found\":{\"flows\":\"./flows\",\"sandbox\":\"rlimits+...\"}}",
    .main = doctor_main};

static void print(const struct doctor *doctor)
{
    struct span problems = buffer_span(&doctor->problems), facts = buffer_span(&doctor->facts);
    if (doctor->json)
        printf("{\"problems\":[%.*s],\"found\":{%.*s}}\n", (int)problems.len,
               problems.len ? problems.at : "", (int)facts.len, facts.len ? facts.at : "");
    else
        printf("%.*s%.*s", doctor->verbose ? (int)facts.len : 0, facts.len ? facts.at : "",
               (int)problems.len, problems.len ? problems.at : "");
}

static int doctor_main(int argc, char **argv)
{
    struct doctor doctor = {.verbose = false};
    struct command_line line;
    int code = command_read(&doctor_command, argc, argv, &doctor, &line);
    if (code >= 0)
        return code;
    buffer_init(&doctor.problems, OUT_MAX);
    buffer_init(&doctor.facts, OUT_MAX);
    config_read(&doctor.config, (const char *const *)environ, &doctor.warnings);
    check_settings(&doctor);
    check_flows(&doctor);
    check_certificates(&doctor);
    check_callback(&doctor);
    check_keys(&doctor);
    check_network(&doctor);
    check_sandbox(&doctor);
    note_deployment(&doctor);
    print(&doctor);
    config_release(&doctor.config);
    buffer_release(&doctor.problems);
    buffer_release(&doctor.facts);
    return doctor.problem_count ? CLI_FAILED : CLI_DONE;
}
