#include "invoke.h"

#include "beacon.h"
#include "cli.h"
#include "config.h"
#include "examples.h"
#include "fixture.h"
#include "json.h"
#include "mem.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ANSWER_MAX (16 * 1024 * 1024)
#define URL_MAX    (64 * 1024)
#define PATH_SIZE  512
#define CONNECT_MS 2000L

struct options {
    const char *data, *data_file, *example, *url;
    bool queue;
};

struct answer {
    long status;
    struct buffer body;
    long unhappy; /* -1: not said */
    bool function_error;
};

/* --- what it takes --------------------------------------------------------------------------- */

#define FIELD(name) offsetof(struct options, name)
static const struct option_spec invoke_options[] = {
    {"data", 'd', OPTION_TEXT, "JSON", "the event itself", FIELD(data), 0, 0},
    {"data-file", 0, OPTION_FILE, "FILE", "the event, from a file; - for standard input",
     FIELD(data_file), 0, 0},
    {"example", 0, OPTION_TEXT, "NAME", "the event of fixtures/NAME.json", FIELD(example), 0, 0},
    {"queue", 0, OPTION_FLAG, NULL, "through the queue: each record becomes a message",
     FIELD(queue), 0, 0},
    {"url", 0, OPTION_TEXT, "URL", "where it runs (the watch of this folder)", FIELD(url), 0, 0},
};

static const char *const invoke_examples[] = {"moonmill invoke --data-file fixtures/refund.json",
                                              "moonmill invoke --example refund",
                                              "moonmill event sqs --flow hello | moonmill invoke -",
                                              "moonmill invoke --queue --example refund", NULL};

static const char *const invoke_exits[COMMAND_EXITS] = {
    "every record went well", "some came back or failed", "usage",
    "no event, or the function refused it", "nobody answers"};

static int invoke_main(int argc, char **argv);

const struct command invoke_command = {
    .name = "invoke",
    .summary = "send an event to a running watch, and print the answer",
    .about =
        "Sends an SQS event to the function, as the AWS CLI would, and prints what it answers. A "
        "job whose executor_jwt is no token (\"@JWT@\") gets one. With --queue the records go "
        "through the queue instead, with its batches and receives, and their ids are printed.",
    .operands = "[-]",
    .operands_min = 0,
    .operands_max = 1,
    .examples = invoke_examples,
    .options = invoke_options,
    .option_count = sizeof invoke_options / sizeof *invoke_options,
    .exits = invoke_exits,
    .main = invoke_main};

/* --- the event ------------------------------------------------------------------------------- */

/* -1: it is in text; else the exit status. */
static int read_event(const struct options *options, const struct command_line *line,
                      struct buffer *text)
{
    char path[PATH_SIZE];
    const char *file = options->data_file;
    struct error err = {0};
    int given = (options->data != NULL) + (file != NULL) + (options->example != NULL) + line->count;
    if (given != 1)
        return cli_usage("invoke", given ? "one event at a time"
                                         : "which event? --data, --data-file, --example or -");
    if (line->count && strcmp(line->operands[0], "-") != 0)
        return cli_usage("invoke", "'%s': did you mean --data-file?", line->operands[0]);
    if (options->data) {
        if (buffer_text(text, options->data))
            return -1;
        return cli_fail("invoke", CLI_INPUT, "--data: over %d bytes", CONFIG_PAYLOAD_MAX);
    }
    if (options->example) {
        snprintf(path, sizeof path, EXAMPLES_FOLDER "/%s.json", options->example);
        file = path;
    }
    if (fixture_load(line->count ? "-" : file, text, &err))
        return -1;
    return cli_fail("invoke", CLI_INPUT, "%s: %s", line->count ? "standard input" : file, err.text);
}

/* --- the request ----------------------------------------------------------------------------- */

static size_t on_body(char *bytes, size_t size, size_t count, void *arg)
{
    struct answer *answer = arg;
    return buffer_add(&answer->body, (struct span){bytes, size * count}) ? size * count : 0;
}

static long header_number(CURL *easy, const char *name)
{
    struct curl_header *header;
    return curl_easy_header(easy, name, 0, CURLH_HEADER, -1, &header) == CURLHE_OK
               ? strtol(header->value, NULL, 10)
               : -1;
}

static bool post(const char *url, const char *path, struct span event, struct answer *answer,
                 struct error *err)
{
    char why[CURL_ERROR_SIZE] = "";
    struct buffer whole;
    CURL *easy = curl_easy_init();
    struct curl_slist *headers = curl_slist_append(NULL, "Content-Type: application/json");
    struct curl_header *failed;
    buffer_init(&whole, URL_MAX);
    buffer_format(&whole, "%s%s", url, path);
    buffer_add(&whole, (struct span){"", 1});
    curl_easy_setopt(easy, CURLOPT_URL, whole.data);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)event.len);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, event.at ? event.at : "");
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, answer);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_MS);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, why);
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    CURLcode result = curl_easy_perform(easy);
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &answer->status);
    answer->unhappy = header_number(easy, "Moonmill-Unhappy");
    answer->function_error =
        curl_easy_header(easy, "X-Amz-Function-Error", 0, CURLH_HEADER, -1, &failed) == CURLHE_OK;
    if (result != CURLE_OK)
        error_set(err, ERROR_UNAVAILABLE, "%s: %s", url, *why ? why : curl_easy_strerror(result));
    curl_slist_free_all(headers);
    curl_easy_cleanup(easy);
    buffer_release(&whole);
    return result == CURLE_OK;
}

/* --- the answer ------------------------------------------------------------------------------ */

static int tell_refusal(const struct answer *answer)
{
    cJSON *body = json_parse(buffer_span(&answer->body), NULL);
    const char *message = body ? json_member_text(body, "Message") : NULL;
    int code = cli_fail("invoke", CLI_INPUT, "the function refused the event (%ld): %s",
                        answer->status, message ? message : "it does not say why");
    cJSON_Delete(body);
    return code;
}

static bool has_failures(struct span body)
{
    cJSON *tree = json_parse(body, NULL);
    const cJSON *failures = tree ? json_member(tree, "batchItemFailures") : NULL;
    bool some = cJSON_GetArraySize(failures) > 0;
    cJSON_Delete(tree);
    return some;
}

static int judge(const struct answer *answer)
{
    if (answer->status < 200 || answer->status > 299)
        return tell_refusal(answer);
    fwrite(answer->body.data, 1, answer->body.len, stdout);
    putchar('\n');
    if (answer->function_error)
        return cli_fail("invoke", CLI_FAILED, "the function failed: its whole batch comes back");
    if (answer->unhappy > 0)
        return cli_fail("invoke", CLI_FAILED, "%ld record%s came back or failed", answer->unhappy,
                        answer->unhappy == 1 ? "" : "s");
    return has_failures(buffer_span(&answer->body)) ? CLI_FAILED : CLI_DONE;
}

static int send_event(const struct options *options, struct span event)
{
    struct error err = {0};
    struct answer answer = {0};
    char *url = options->url ? mem_copy(options->url) : beacon_find(&err);
    const char *path = options->queue ? "/enqueue" : "/2015-03-31/functions/moonmill/invocations";
    int code;
    buffer_init(&answer.body, ANSWER_MAX);
    curl_global_init(CURL_GLOBAL_DEFAULT);
    if (url && post(url, path, event, &answer, &err))
        code = judge(&answer);
    else
        code = cli_fail("invoke", CLI_BROKEN, "%s", err.text);
    curl_global_cleanup();
    buffer_release(&answer.body);
    mem_free(url);
    return code;
}

static int invoke_main(int argc, char **argv)
{
    struct options options = {0};
    struct command_line line;
    struct buffer event;
    int code = command_read(&invoke_command, argc, argv, &options, &line);
    if (code >= 0)
        return code;
    buffer_init(&event, CONFIG_PAYLOAD_MAX);
    code = read_event(&options, &line, &event);
    if (code < 0)
        code = send_event(&options, buffer_span(&event));
    buffer_release(&event);
    return code;
}
