#include "secrets.h"

#include "json.h"
#include "redact.h"
#include "url.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#define ENTRY_MAX       300 /* of a list of hosts */
#define NAME_MAX_BYTES  256
#define SETTING_MAX     (NAME_MAX_BYTES + 32)
#define NAME_SHOWN      128
#define EXPIRY_SLACK_MS 60000 /* contract.md 1.4 */
#define PLACEHOLDER     "secret:"

struct secret {
    struct secret *next;
    char *name;    /* as flows write it; an operator's: as its setting has it */
    char *setting; /* EXECUTOR_SECRET_<this>; NULL: no setting decides where it may go */
    char *value;   /* NULL: it has expired */
    size_t len;
    char *hosts;    /* NULL: nowhere */
    bool operators; /* set by EXECUTOR_SECRET_<setting> itself */
    bool placeholder;
};

struct secrets {
    struct secret *first;
    struct redactor *redactor;
    const struct config *config; /* while it is made */
    bool placeholders;
};

/* --- names -------------------------------------------------------------------------------------
 */

/* What stands behind EXECUTOR_SECRET_ for a name. */
static char *setting_of(const char *prefix, const char *name)
{
    char text[SETTING_MAX];
    snprintf(text, sizeof text, "%s%.*s", prefix, NAME_MAX_BYTES, name);
    for (char *c = text; *c; c++) {
        if (*c >= 'a' && *c <= 'z')
            *c += 'A' - 'a';
        else if (!((*c >= 'A' && *c <= 'Z') || (*c >= '0' && *c <= '9')))
            *c = '_';
    }
    return mem_copy(text);
}

static const char *hosts_of(const struct config *config, const char *setting)
{
    for (size_t i = 0; i < config->secret_count; i++)
        if (strcmp(config->secrets[i].name, setting) == 0)
            return config->secrets[i].hosts;
    return NULL;
}

/* --- what a run has -----------------------------------------------------------------------------
 */

static struct secret *add(struct secrets *secrets, const char *name, struct span value)
{
    struct secret *secret = mem_new(sizeof *secret);
    secret->name = mem_copy(name);
    secret->value = value.at ? mem_string(value) : NULL;
    secret->len = value.len;
    secret->next = secrets->first;
    secrets->first = secret;
    return secret;
}

/* One whose hosts are a setting of the operator's. Takes setting over. */
static struct secret *add_set(struct secrets *secrets, const char *name, struct span value,
                              char *setting)
{
    struct secret *secret = add(secrets, name, value);
    secret->setting = setting;
    secret->hosts = mem_copy(hosts_of(secrets->config, setting));
    return secret;
}

static void add_operators(struct secrets *secrets)
{
    for (size_t i = 0; i < secrets->config->secret_count; i++) {
        const struct config_secret *given = &secrets->config->secrets[i];
        if (given->value)
            add_set(secrets, given->name, span_of(given->value), mem_copy(given->name))->operators =
                true;
    }
}

/* host:port of a URL that was checked, or NULL. */
static char *host_and_port(CURLU *url)
{
    char *host = NULL, *port = NULL, text[ENTRY_MAX];
    curl_url_get(url, CURLUPART_HOST, &host, 0);
    curl_url_get(url, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT);
    snprintf(text, sizeof text, "%s:%s", host ? host : "", port ? port : "");
    curl_free(host);
    curl_free(port);
    return mem_copy(text);
}

static void add_api(struct secrets *secrets, const struct claims *claims)
{
    struct secret *secret = add(secrets, "api", span_of(claims_token(claims)));
    CURLU *url = curl_url();
    if (curl_url_set(url, CURLUPART_URL, claims_callback_url(claims), 0) == CURLUE_OK)
        secret->hosts = host_and_port(url);
    curl_url_cleanup(url);
}

static bool has_expired(struct span expires_at, int64_t wall_ms)
{
    int64_t seconds;
    return expires_at.at && json_integer(expires_at, &seconds, NULL) && seconds >= 0 &&
           seconds <= (wall_ms + EXPIRY_SLACK_MS) / 1000;
}

static void add_token(struct secrets *secrets, struct span provider, struct span token,
                      int64_t wall_ms)
{
    static const char *const keys[] = {"access_token", "expires_at"};
    struct span values[2];
    char name[NAME_MAX_BYTES + sizeof "oauth."];
    char *key = json_string(provider, NAME_MAX_BYTES, NULL);
    char *value = NULL;
    if (key && json_pick(token, keys, values, 2, NULL) && values[0].at)
        value = json_string(values[0], JOB_BODY_MAX, NULL);
    if (value) {
        snprintf(name, sizeof name, "oauth.%s", key);
        struct span held =
            has_expired(values[1], wall_ms) ? (struct span){NULL, 0} : span_of(value);
        add_set(secrets, name, held, setting_of("OAUTH_", key));
    }
    mem_free_secret(value);
    mem_free(key);
}

/* A value that is a JSON string stands for what it says; any other for its text. */
static char *variable_value(struct span default_value)
{
    struct buffer text;
    buffer_init(&text, JOB_BODY_MAX);
    job_put_variable(&text, default_value);
    struct span json = buffer_span(&text);
    char *value =
        json_type(json) == JSON_STRING ? json_string(json, JOB_BODY_MAX, NULL) : mem_string(json);
    mem_wipe(text.data, text.len);
    buffer_release(&text);
    return value;
}

/* Secret as context.c has it: all that do not say that they are none. */
static void add_variable(struct secrets *secrets, const char *prefix, struct span variable)
{
    static const char *const keys[] = {"id", "name", "secret", "default_value"};
    struct span values[4];
    if (json_type(variable) != JSON_OBJECT || !json_pick(variable, keys, values, 4, NULL) ||
        !values[0].at || json_type(values[0]) != JSON_STRING || !values[1].at ||
        json_type(values[1]) != JSON_STRING || (values[2].at && span_is(values[2], "false")))
        return;
    char text[NAME_MAX_BYTES + 16];
    char *id = json_string(values[0], NAME_MAX_BYTES, NULL);
    char *name = json_string(values[1], NAME_MAX_BYTES, NULL);
    char *value = id && name ? variable_value(values[3]) : NULL;
    if (value) {
        snprintf(text, sizeof text, "%s%s", prefix, id);
        add_set(secrets, text, span_of(value), setting_of("VARS_", name));
    }
    mem_free_secret(value);
    mem_free(name);
    mem_free(id);
}

static void add_variables(struct secrets *secrets, const char *prefix, struct span map)
{
    struct span key, variable;
    if (map.at && json_type(map) == JSON_OBJECT)
        while (json_next_member(&map, &key, &variable))
            add_variable(secrets, prefix, variable);
}

static void add_jobs(struct secrets *secrets, const struct job *job, int64_t wall_ms)
{
    struct span tokens = job->oauth_tokens, provider, token;
    while (tokens.at && json_next_member(&tokens, &provider, &token))
        add_token(secrets, provider, token, wall_ms);
    add_variables(secrets, "vars.", job->runtime_variables);
    add_variables(secrets, "event.", job_event_variables(job));
}

struct secrets *secrets_new(const struct config *config, const struct claims *claims,
                            const struct job *job, int64_t wall_ms)
{
    struct secrets *secrets = mem_new(sizeof *secrets);
    secrets->redactor = redactor_new();
    secrets->placeholders = config->http_loopback_only;
    if (secrets->placeholders)
        return secrets;
    secrets->config = config;
    add_operators(secrets);
    if (claims)
        add_api(secrets, claims);
    if (job)
        add_jobs(secrets, job, wall_ms);
    for (const struct secret *secret = secrets->first; secret; secret = secret->next)
        if (secret->value)
            redactor_add(secrets->redactor, secret->name, secret_value(secret));
    secrets->config = NULL;
    return secrets;
}

void secrets_free(struct secrets *secrets)
{
    if (!secrets)
        return;
    for (struct secret *secret = secrets->first, *next; secret; secret = next) {
        next = secret->next;
        mem_free(secret->name);
        mem_free(secret->setting);
        mem_free_secret(secret->value);
        mem_free(secret->hosts);
        mem_free(secret);
    }
    redactor_free(secrets->redactor);
    mem_free(secrets);
}

/* --- finding ------------------------------------------------------------------------------------
 */

static bool begins(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

/* A name of the job's own, as against an operator's. */
static bool is_jobs(const char *name)
{
    return strcmp(name, "api") == 0 || begins(name, "oauth.") || begins(name, "vars.") ||
           begins(name, "event.");
}

static struct secret *find(const struct secrets *secrets, const char *name)
{
    bool operators = !is_jobs(name);
    char *wanted = operators ? setting_of("", name) : mem_copy(name);
    struct secret *found = secrets->first;
    while (found && !(found->operators == operators && strcmp(found->name, wanted) == 0))
        found = found->next;
    mem_free(wanted);
    return found;
}

static struct secret *placeholder(struct secrets *secrets, const char *name)
{
    char text[NAME_MAX_BYTES + sizeof PLACEHOLDER];
    struct secret *secret = secrets->first;
    while (secret && strcmp(secret->name, name) != 0)
        secret = secret->next;
    if (secret)
        return secret;
    snprintf(text, sizeof text, PLACEHOLDER "%.*s", NAME_MAX_BYTES, name);
    secret = add(secrets, name, span_of(text));
    secret->placeholder = true;
    return secret;
}

static bool refuse_unknown(const char *name, struct error *err)
{
    if (is_jobs(name))
        return error_set(err, ERROR_MISSING, "secret \"%.*s\": the job does not bring it",
                         NAME_SHOWN, name);
    char *setting = setting_of("", name);
    error_set(err, ERROR_MISSING,
              "secret \"%.*s\": there is none of that name; an operator sets EXECUTOR_SECRET_%.*s "
              "and EXECUTOR_SECRET_%.*s_HOSTS",
              NAME_SHOWN, name, NAME_SHOWN, setting, NAME_SHOWN, setting);
    mem_free(setting);
    return false;
}

const struct secret *secrets_find(struct secrets *secrets, const char *name, struct error *err)
{
    struct secret *secret =
        secrets->placeholders ? placeholder(secrets, name) : find(secrets, name);
    if (!secret)
        refuse_unknown(name, err);
    else if (!secret->value)
        error_set(err, ERROR_MISSING, "secret \"%.*s\": the token that the job brings has expired",
                  NAME_SHOWN, name);
    return secret && secret->value ? secret : NULL;
}

struct span secret_value(const struct secret *secret)
{
    return (struct span){secret->value, secret->len};
}

/* --- where it may go ----------------------------------------------------------------------------
 */

static bool same_part(CURLU *a, CURLU *b, CURLUPart part)
{
    char *one = NULL, *other = NULL;
    bool same = curl_url_get(a, part, &one, CURLU_DEFAULT_PORT) == CURLUE_OK &&
                curl_url_get(b, part, &other, CURLU_DEFAULT_PORT) == CURLUE_OK &&
                url_same_host(one, other);
    curl_free(one);
    curl_free(other);
    return same;
}

/* An entry is read as a URL is, so that both are spelled alike. */
static bool entry_names(struct span entry, const char *scheme, CURLU *url)
{
    char text[ENTRY_MAX + 16];
    CURLU *wanted = curl_url();
    snprintf(text, sizeof text, "%s://%.*s/", scheme, (int)entry.len, entry.at);
    bool names = entry.len <= ENTRY_MAX &&
                 curl_url_set(wanted, CURLUPART_URL, text, CURLU_DISALLOW_USER) == CURLUE_OK &&
                 same_part(wanted, url, CURLUPART_HOST) && same_part(wanted, url, CURLUPART_PORT);
    curl_url_cleanup(wanted);
    return names;
}

static bool list_names(const char *hosts, const char *scheme, CURLU *url)
{
    static const char between[] = ", \t";
    for (hosts += strspn(hosts, between); *hosts; hosts += strspn(hosts, between)) {
        size_t len = strcspn(hosts, between);
        if (entry_names((struct span){hosts, len}, scheme, url))
            return true;
        hosts += len;
    }
    return false;
}

/* By its text: a name that resolves to loopback is none. */
static bool is_loopback(CURLU *url)
{
    char *host = NULL;
    struct in_addr address;
    if (curl_url_get(url, CURLUPART_HOST, &host, 0) != CURLUE_OK)
        return false;
    bool loopback =
        url_same_host(host, "localhost") || strcmp(host, "[::1]") == 0 ||
        (inet_pton(AF_INET, host, &address) == 1 && ntohl(address.s_addr) >> 24 == IN_LOOPBACKNET);
    curl_free(host);
    return loopback;
}

static bool refuse_host(const struct secret *secret, CURLU *url, struct error *err)
{
    char *host = host_and_port(url);
    if (!secret->setting)
        error_set(err, ERROR_DENIED, "secret \"%.*s\" may go to %s only, not to %s", NAME_SHOWN,
                  secret->name, secret->hosts ? secret->hosts : "the API", host);
    else
        error_set(err, ERROR_DENIED,
                  "secret \"%.*s\" may not go to %s: EXECUTOR_SECRET_%.*s_HOSTS %s", NAME_SHOWN,
                  secret->name, host, NAME_SHOWN, secret->setting,
                  secret->hosts ? "does not name it" : "is not set");
    mem_free(host);
    return false;
}

bool secret_may_go(const struct secret *secret, CURLU *url, struct error *err)
{
    char *scheme = NULL;
    if (secret->placeholder)
        return true;
    curl_url_get(url, CURLUPART_SCHEME, &scheme, 0);
    bool safe = scheme && (strcmp(scheme, "https") == 0 || is_loopback(url));
    bool named = safe && secret->hosts && list_names(secret->hosts, scheme, url);
    curl_free(scheme);
    if (!safe)
        return error_set(err, ERROR_DENIED, "secret \"%.*s\" goes over https only", NAME_SHOWN,
                         secret->name);
    return named || refuse_host(secret, url, err);
}

bool secret_set_add(struct secret_set *set, const struct secret *secret, struct error *err)
{
    for (size_t i = 0; i < set->count; i++)
        if (set->items[i] == secret)
            return true;
    if (set->count == SECRET_SET_MAX)
        return error_set(err, ERROR_LIMIT, "more than %d secrets in one place", SECRET_SET_MAX);
    set->items[set->count++] = secret;
    return true;
}

bool secret_set_may_go(const struct secret_set *set, CURLU *url, struct error *err)
{
    for (size_t i = 0; i < set->count; i++)
        if (!secret_may_go(set->items[i], url, err))
            return false;
    return true;
}

/* --- redaction ----------------------------------------------------------------------------------
 */

size_t secrets_redact(const struct secrets *secrets, struct span text, char *out)
{
    return redactor_apply(secrets->redactor, text, out);
}

struct span secrets_cleaned(const struct secrets *secrets, struct span text, char **copy)
{
    *copy = NULL;
    if (!redactor_finds(secrets->redactor, text))
        return text;
    *copy = mem_string(text);
    return (struct span){*copy, redactor_apply(secrets->redactor, text, *copy)};
}

/* A value that was no string's (a number, a piece of structure) leaves no JSON behind. */
struct span secrets_cleaned_json(const struct secrets *secrets, struct span json, char **copy)
{
    struct span cleaned = secrets_cleaned(secrets, json, copy);
    return !*copy || json_check(cleaned, NULL) ? cleaned : span_of("\"[secret]\"");
}
