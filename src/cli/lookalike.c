#include "lookalike.h"

#include "json.h"
#include "sqs_event.h"

#include <stdio.h>
#include <string.h>

#define MESSAGES_MAX 10000
#define ID_SIZE      32

/* An object with these keys; of two, both, or the first alone when there is no second. */
struct look {
    const char *first, *second;
    const char *text;
};

#define WRAP "; moonmill replay --wrap makes an event of it"

static const struct look looks[] = {
    {"executor_jwt", NULL, "a job without its envelope" WRAP},
    {"run_id", "board_id", "a job without its envelope" WRAP},
    {"Messages", NULL,
     "what `aws sqs receive-message` prints; take the bodies out and wrap them: jq "
     "'[.Messages[].Body|fromjson]', then moonmill replay --wrap"},
    {"messageId", "body",
     "one record of an SQS event; put it into an array for moonmill replay --wrap"},
    {"httpMethod", NULL, "an API Gateway (REST) or load balancer event; moonmill takes SQS only"},
    {"routeKey", "rawPath", "an API Gateway (HTTP) event; moonmill takes SQS only"},
    {"rawPath", NULL, "a function URL event; moonmill takes SQS only"},
    {"detail-type", "source",
     "an EventBridge event; route it to SQS, or take its detail as payload"},
    {"awslogs", NULL, "a CloudWatch Logs event; moonmill takes SQS only"},
    {"batchItemFailures", NULL, "a batch response, which is what comes out"},
    {"exchanges", NULL, "a recording of requests, for --mock"},
    {"records", NULL, "an outcome, for --expect"},
};

/* Records that are not SQS's. */
static const struct look records[] = {
    {"s3", NULL, "an S3 event; S3 can notify an SQS queue"},
    {"Sns", NULL, "an SNS event; subscribe an SQS queue to the topic"},
    {"kinesis", NULL, "a Kinesis event; moonmill takes SQS only"},
    {"dynamodb", NULL, "a DynamoDB stream's event; moonmill takes SQS only"},
    {"cf", NULL, "a CloudFront event; moonmill takes SQS only"},
};

static bool has(struct span object, const char *key)
{
    struct span value = {NULL, 0};
    return !key || (json_pick(object, &key, &value, 1, NULL) && value.at);
}

static const char *find(struct span object, const struct look *list, size_t count)
{
    for (size_t i = 0; json_type(object) == JSON_OBJECT && i < count; i++)
        if (has(object, list[i].first) && has(object, list[i].second))
            return list[i].text;
    return NULL;
}

static const char *find_object(struct span object)
{
    return find(object, looks, sizeof looks / sizeof *looks);
}

static bool is_job(struct span object)
{
    return json_type(object) == JSON_OBJECT &&
           (has(object, "executor_jwt") || (has(object, "run_id") && has(object, "board_id")));
}

static bool is_record(struct span object)
{
    return json_type(object) == JSON_OBJECT && has(object, "messageId") && has(object, "body");
}

/* The first element of an array, or null. */
static struct span first_of(struct span array)
{
    struct span element;
    return json_next(&array, &element) ? element : span_of("null");
}

static bool check_array(struct span array, struct error *err)
{
    struct span first = first_of(array);
    if (is_job(first))
        return error_set(err, ERROR_INPUT, "looks like an array of jobs" WRAP);
    if (is_record(first))
        return error_set(err, ERROR_INPUT, "looks like the bare records of an SQS event" WRAP);
    return error_set(err, ERROR_INPUT,
                     "is of type array; an SQS event is an object with an array Records");
}

bool lookalike_check(struct span text, struct error *err)
{
    static const char *const keys[] = {"Records"};
    struct span list = {NULL, 0};
    if (json_type(text) == JSON_ARRAY)
        return check_array(text, err);
    if (json_type(text) != JSON_OBJECT)
        return error_set(err, ERROR_INPUT,
                         "is of type %s; an SQS event is an object with an array Records",
                         json_type_name(json_type(text)));
    if (!json_pick(text, keys, &list, 1, err))
        return false;
    bool listed = list.at && json_type(list) == JSON_ARRAY;
    struct span first = listed ? first_of(list) : span_of("null");
    const char *look =
        listed ? find(first, records, sizeof records / sizeof *records) : find_object(text);
    if (look)
        return error_set(err, ERROR_INPUT, "looks like %s", look);
    return listed || error_set(err, ERROR_INPUT,
                               "is no SQS event: Records is %s, not array (moonmill schema event)",
                               list.at ? json_type_name(json_type(list)) : "absent");
}

/* --- wrapping -------------------------------------------------------------------------------- */

static bool put_job(struct buffer *event, struct span job, size_t number)
{
    char id[ID_SIZE];
    snprintf(id, sizeof id, "wrapped-%zu", number);
    struct sqs_message message = {
        .message_id = id, .receipt = id, .body = job, .receive_count = 1, .queue = "local"};
    return (number == 1 || buffer_text(event, ",")) && sqs_event_record(event, &message);
}

static bool wrap_array(struct span array, struct buffer *event, struct error *err)
{
    struct span element;
    bool bare = is_record(first_of(array)), fits = buffer_text(event, "{\"Records\":");
    size_t number = 0;
    if (bare)
        return fits && buffer_add(event, array) && buffer_text(event, "}");
    fits = fits && buffer_text(event, "[");
    while (fits && json_next(&array, &element)) {
        if (!is_job(element) || number == MESSAGES_MAX)
            return error_set(err, ERROR_INPUT, "element %zu is no job", number + 1);
        fits = put_job(event, element, ++number);
    }
    return (fits && buffer_text(event, "]}")) ||
           error_set(err, ERROR_LIMIT, "over %zu bytes once it is wrapped", event->max);
}

bool lookalike_wrap(struct span text, struct buffer *event, struct error *err)
{
    if (!json_check(text, err))
        return false;
    if (is_job(text))
        return (buffer_text(event, "{\"Records\":[") && put_job(event, text, 1) &&
                buffer_text(event, "]}")) ||
               error_set(err, ERROR_LIMIT, "over %zu bytes once it is wrapped", event->max);
    if (json_type(text) == JSON_ARRAY)
        return wrap_array(text, event, err);
    return lookalike_check(text, err) && buffer_add(event, text);
}
