#include "job.h"

#include "json.h"

#include <string.h>

/* What a key's value may be: bits of enum json_type, and this one. */
#define ABSENT   (1u << 6)
#define OF(type) (1u << JSON_##type)
#define OPTIONAL (OF(NULL) | ABSENT)
#define ANY      (OPTIONAL | OF(BOOL) | OF(NUMBER) | OF(STRING) | OF(ARRAY) | OF(OBJECT))

struct rule {
    const char *key;
    unsigned types;
    const char *must; /* the rule in words: "must be ..." */
};

#define RULES_MAX 18

/* contract.md 1.2: all keys of a body */
enum body_key {
    JOB_ID,
    RUN_ID,
    APP_ID,
    BOARD_ID,
    BOARD_VERSION,
    NODE_ID,
    EVENT_JSON,
    PAYLOAD,
    USER_ID,
    CREDENTIALS,
    EXECUTOR_JWT,
    CALLBACK_URL,
    TOKEN,
    OAUTH_TOKENS,
    STREAM_STATE,
    RUNTIME_VARIABLES,
    USER_CONTEXT,
    PROFILE,
    BODY_KEYS
};

static const struct rule body_rules[BODY_KEYS] = {
    [JOB_ID] = {"job_id", OF(STRING), "a string"},
    [RUN_ID] = {"run_id", OF(STRING), "a string"},
    [APP_ID] = {"app_id", OF(STRING), "a string"},
    [BOARD_ID] = {"board_id", OF(STRING), "a string"},
    [BOARD_VERSION] = {"board_version", OF(ARRAY) | OPTIONAL,
                       "null or three integers from 0 to 4294967295"},
    [NODE_ID] = {"node_id", OF(STRING), "a string"},
    [EVENT_JSON] = {"event_json", OF(STRING) | OPTIONAL, "null or a string"},
    [PAYLOAD] = {"payload", ANY, "any JSON"},
    [USER_ID] = {"user_id", OF(STRING), "a string"},
    [CREDENTIALS] = {"credentials", OF(OBJECT), "an object"},
    [EXECUTOR_JWT] = {"executor_jwt", OF(STRING), "a string"},
    [CALLBACK_URL] = {"callback_url", OF(STRING), "a string"},
    [TOKEN] = {"token", OF(STRING) | OPTIONAL, "null or a string"},
    [OAUTH_TOKENS] = {"oauth_tokens", OF(OBJECT) | OPTIONAL, "null or an object"},
    [STREAM_STATE] = {"stream_state", OF(BOOL) | ABSENT, "absent, true or false"},
    [RUNTIME_VARIABLES] = {"runtime_variables", OF(OBJECT) | OPTIONAL, "null or an object"},
    [USER_CONTEXT] = {"user_context", ANY, "any JSON"},
    [PROFILE] = {"profile", ANY, "any JSON"},
};

/* contract.md 1.4: a token of oauth_tokens */
enum token_key { ACCESS_TOKEN, REFRESH_TOKEN, TOKEN_TYPE, EXPIRES_AT, TOKEN_KEYS };

static const struct rule token_rules[TOKEN_KEYS] = {
    [ACCESS_TOKEN] = {"access_token", OF(STRING), "a string"},
    [REFRESH_TOKEN] = {"refresh_token", OF(STRING) | OPTIONAL, "null or a string"},
    [TOKEN_TYPE] = {"token_type", OF(STRING) | OPTIONAL, "null or a string"},
    [EXPIRES_AT] = {"expires_at", OF(NUMBER) | OPTIONAL, "null or a 64-bit integer"},
};

/* contract.md 1.5: a Variable */
enum variable_key {
    ID,
    NAME,
    CATEGORY,
    DESCRIPTION,
    SCHEMA,
    DEFAULT_VALUE,
    DATA_TYPE,
    VALUE_TYPE,
    EXPOSED,
    SECRET,
    EDITABLE,
    HASH,
    RUNTIME_CONFIGURED,
    VARIABLE_KEYS
};

static const char data_types[] =
    "one of Execution String Integer Float Boolean Date PathBuf Generic Struct Byte";
static const char value_types[] = "one of Array Normal HashMap HashSet";

static const struct rule variable_rules[VARIABLE_KEYS] = {
    [ID] = {"id", OF(STRING), "a string"},
    [NAME] = {"name", OF(STRING), "a string"},
    [CATEGORY] = {"category", OF(STRING) | OPTIONAL, "null or a string"},
    [DESCRIPTION] = {"description", OF(STRING) | OPTIONAL, "null or a string"},
    [SCHEMA] = {"schema", OF(STRING) | OPTIONAL, "null or a string"},
    [DEFAULT_VALUE] = {"default_value", OF(ARRAY) | OPTIONAL,
                       "null or an array of integers from 0 to 255"},
    [DATA_TYPE] = {"data_type", OF(STRING), data_types},
    [VALUE_TYPE] = {"value_type", OF(STRING), value_types},
    [EXPOSED] = {"exposed", OF(BOOL), "true or false"},
    [SECRET] = {"secret", OF(BOOL), "true or false"},
    [EDITABLE] = {"editable", OF(BOOL), "true or false"},
    [HASH] = {"hash", OF(NUMBER) | OPTIONAL, "null or an integer from 0 to 18446744073709551615"},
    [RUNTIME_CONFIGURED] = {"runtime_configured", OF(BOOL) | ABSENT, "absent, true or false"},
};

static bool breaks(const struct rule *rule, struct error *err)
{
    return error_set(err, ERROR_INPUT, "%s: must be %s", rule->key, rule->must);
}

/* The values of an object's keys, each of an allowed type; null and absent become {NULL, 0}. */
static bool pick(struct span object, const struct rule *rules, struct span *values, size_t count,
                 struct error *err)
{
    const char *keys[RULES_MAX];
    for (size_t i = 0; i < count; i++)
        keys[i] = rules[i].key;
    if (!json_pick(object, keys, values, count, err))
        return false;
    for (size_t i = 0; i < count; i++) {
        unsigned type = values[i].at ? 1u << json_type(values[i]) : ABSENT;
        if (!(type & rules[i].types))
            return type == ABSENT ? error_set(err, ERROR_INPUT, "%s: is missing, must be %s",
                                              rules[i].key, rules[i].must)
                                  : breaks(&rules[i], err);
        if (type == OF(NULL))
            values[i] = (struct span){NULL, 0};
    }
    return true;
}

/* A JSON integer without sign, fraction or exponent; its raw digits, so that 2^64-1 is exact. */
static bool read_unsigned(struct span value, uint64_t max, uint64_t *number)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < value.len; i++) {
        unsigned digit = (unsigned char)value.at[i] - (unsigned)'0';
        if (digit > 9 || __builtin_mul_overflow(sum, 10, &sum) ||
            __builtin_add_overflow(sum, digit, &sum) || sum > max)
            return false;
    }
    *number = sum;
    return true;
}

/* Bytes as an array of numbers; serde writes Vec<u8> so. */
static bool are_bytes(struct span array)
{
    struct span element;
    uint64_t byte;
    while (json_next(&array, &element))
        if (!read_unsigned(element, UINT8_MAX, &byte))
            return false;
    return true;
}

/* True when the string is one of the words of "one of A B C". */
static bool is_one_of(struct span value, const char *words)
{
    char *word = mem_new(value.len + 1);
    size_t len = json_unescape(value, word);
    bool found = false;
    for (const char *at = words + strlen("one of "); *at && !found; at += *at == ' ') {
        size_t size = strcspn(at, " ");
        found = span_equal((struct span){at, size}, (struct span){word, len});
        at += size;
    }
    mem_free(word);
    return found;
}

static bool check_variable(struct span text, struct error *err)
{
    struct span values[VARIABLE_KEYS];
    uint64_t hash;
    if (!pick(text, variable_rules, values, VARIABLE_KEYS, err))
        return false;
    if (values[DEFAULT_VALUE].at && !are_bytes(values[DEFAULT_VALUE]))
        return breaks(&variable_rules[DEFAULT_VALUE], err);
    if (!is_one_of(values[DATA_TYPE], data_types))
        return breaks(&variable_rules[DATA_TYPE], err);
    if (!is_one_of(values[VALUE_TYPE], value_types))
        return breaks(&variable_rules[VALUE_TYPE], err);
    if (values[HASH].at && !read_unsigned(values[HASH], UINT64_MAX, &hash))
        return breaks(&variable_rules[HASH], err);
    return true;
}

static bool check_token(struct span text, struct error *err)
{
    struct span values[TOKEN_KEYS];
    int64_t expires_at;
    if (!pick(text, token_rules, values, TOKEN_KEYS, err))
        return false;
    if (values[EXPIRES_AT].at && !json_integer(values[EXPIRES_AT], &expires_at, NULL))
        return breaks(&token_rules[EXPIRES_AT], err);
    return true;
}

/* Every member of a map, whatever its key; an error names it by its place, as keys are data. */
static bool check_members(struct span object, const char *name,
                          bool (*check)(struct span, struct error *), struct error *err)
{
    struct span key, value;
    struct error why;
    for (size_t i = 1; object.at && json_next_member(&object, &key, &value); i++)
        if (!check(value, &why))
            return error_set(err, why.kind, "%s: entry %zu: %s", name, i, why.text);
    return true;
}

static bool read_version(struct job *job, struct span array, struct error *err)
{
    struct span element;
    uint64_t part = 0;
    size_t count = 0;
    if (!array.at)
        return true;
    while (json_next(&array, &element)) {
        if (count == 3 || !read_unsigned(element, UINT32_MAX, &part))
            return breaks(&body_rules[BOARD_VERSION], err);
        job->version[count++] = (uint32_t)part;
    }
    if (count != 3)
        return breaks(&body_rules[BOARD_VERSION], err);
    job->has_version = true;
    return true;
}

/* Decoded in place of its own: no stray copy of a secret stays behind. */
static bool read_string(struct span value, enum body_key key, size_t max, char **out,
                        struct error *err)
{
    char *text = mem_new(value.len);
    size_t len = json_unescape(value, text);
    if (len <= max && !memchr(text, '\0', len)) {
        *out = text;
        return true;
    }
    mem_wipe(text, len);
    mem_free(text);
    if (len > max)
        return error_set(err, ERROR_INPUT, "%s: is %zu bytes long, at most %zu are allowed",
                         body_rules[key].key, len, max);
    return error_set(err, ERROR_INPUT, "%s: must not hold U+0000", body_rules[key].key);
}

static bool read_strings(struct job *job, const struct span *values, struct error *err)
{
    const struct {
        enum body_key key;
        size_t max;
        char **out;
    } strings[] = {
        {JOB_ID, JOB_ID_MAX, &job->job_id},
        {RUN_ID, JOB_ID_MAX, &job->run_id},
        {APP_ID, JOB_ID_MAX, &job->app_id},
        {BOARD_ID, JOB_ID_MAX, &job->board_id},
        {NODE_ID, JOB_ID_MAX, &job->node_id},
        {USER_ID, JOB_ID_MAX, &job->user_id},
        {EXECUTOR_JWT, JOB_BODY_MAX, &job->executor_jwt},
        {CALLBACK_URL, JOB_BODY_MAX, &job->callback_url},
    };
    for (size_t i = 0; i < sizeof strings / sizeof *strings; i++)
        if (!read_string(values[strings[i].key], strings[i].key, strings[i].max, strings[i].out,
                         err))
            return false;
    return true;
}

/* An event that does not parse is no event: upstream's rule. What passes json_check holds no NUL.
 */
static void read_event(struct job *job, struct span value)
{
    if (!value.at)
        return;
    char *text = mem_new(value.len);
    struct span event = {text, json_unescape(value, text)};
    if (json_check(event, NULL) && json_type(event) == JSON_OBJECT) {
        job->event_text = text;
        job->event = event;
        return;
    }
    job->event_unparsable = true;
    mem_wipe(text, event.len);
    mem_free(text);
}

static bool read_body(struct job *job, struct span body, struct error *err)
{
    struct span values[BODY_KEYS];
    if (!pick(body, body_rules, values, BODY_KEYS, err) || !read_strings(job, values, err) ||
        !read_version(job, values[BOARD_VERSION], err) ||
        !check_members(values[OAUTH_TOKENS], "oauth_tokens", check_token, err) ||
        !check_members(values[RUNTIME_VARIABLES], "runtime_variables", check_variable, err))
        return false;
    read_event(job, values[EVENT_JSON]);
    job->stream_state = span_is(values[STREAM_STATE], "true");
    job->payload = values[PAYLOAD];
    job->runtime_variables = values[RUNTIME_VARIABLES];
    job->oauth_tokens = values[OAUTH_TOKENS];
    job->user_context = values[USER_CONTEXT];
    job->profile = values[PROFILE];
    return true;
}

struct span job_event_variables(const struct job *job)
{
    static const char *const keys[] = {"variables"};
    struct span value = {NULL, 0};
    if (job->event.at)
        json_pick(job->event, keys, &value, 1, NULL);
    return value;
}

bool job_put_variable(struct buffer *out, struct span default_value)
{
    size_t begin = out->len;
    struct span element;
    uint64_t byte;
    bool good = default_value.at && json_type(default_value) == JSON_ARRAY;
    while (good && json_next(&default_value, &element))
        good = read_unsigned(element, UINT8_MAX, &byte) &&
               buffer_add(out, (struct span){(const char[]){(char)byte}, 1});
    if (good && json_check((struct span){out->data + begin, out->len - begin}, NULL))
        return true;
    if (out->len > begin)
        mem_wipe(out->data + begin, out->len - begin);
    out->len = begin;
    return buffer_text(out, "null");
}

struct job *job_parse(struct span body, struct error *err)
{
    if (body.len > JOB_BODY_MAX) {
        error_set(err, ERROR_INPUT, "the body is %zu bytes long, at most %d are allowed", body.len,
                  JOB_BODY_MAX);
        return NULL;
    }
    if (!json_check(body, err))
        return NULL;
    struct job *job = mem_new(sizeof *job);
    job->body = mem_string(body);
    if (read_body(job, (struct span){job->body, body.len}, err))
        return job;
    job_free(job);
    return NULL;
}

void job_free(struct job *job)
{
    if (!job)
        return;
    mem_free(job->job_id);
    mem_free(job->run_id);
    mem_free(job->app_id);
    mem_free(job->board_id);
    mem_free(job->node_id);
    mem_free(job->user_id);
    mem_free(job->callback_url);
    mem_free_secret(job->executor_jwt);
    mem_free_secret(job->body); /* checked JSON holds no NUL: all of it is wiped */
    mem_free_secret(job->event_text);
    mem_free(job);
}
