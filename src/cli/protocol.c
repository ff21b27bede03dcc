#include "protocol.h"

#include "json.h"

#include <openssl/sha.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define ID_LEN   32
#define KEY_MAX  100
#define TEXT_MAX 8192 /* bytes of error and current_step (docs/callbacks.md) */

/* One delivery of one run: what it has sent so far. */
struct delivery {
    char id[ID_LEN + 1];
    bool opened;   /* `running` was accepted */
    bool over;     /* the terminal status, or accepted:false, was answered */
    int64_t taken; /* the last event that was accepted */
    int64_t sent;  /* the last event that ever came */
    int64_t progress;
    char key[KEY_MAX + 1]; /* of the last request */
    unsigned char digest[SHA256_DIGEST_LENGTH];
    struct delivery *next;
};

struct protocol {
    struct delivery *deliveries;
};

/* What an Idempotency-Key says behind its id. */
enum part { PART_RUNNING, PART_PROGRESS, PART_END, PART_EVENTS, PART_REPLACEMENT, PART_UNKNOWN };

struct key {
    char id[ID_LEN + 1];
    enum part part;
    int64_t first, last; /* of the events; of progress first is its number */
};

struct check {
    const struct sink_request *request;
    struct key key;
    bool keyed; /* key was understood */
    protocol_broken *broken;
    void *arg;
};

static void tell(const struct check *check, const char *rule, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void tell(const struct check *check, const char *rule, const char *format, ...)
{
    char text[512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    check->broken(check->arg, rule, text);
}

static bool is_events(const struct sink_request *request)
{
    return strcmp(request->path, SINK_EVENTS_PATH) == 0;
}

/* --- the key --------------------------------------------------------------------------------- */

static bool read_number(const char **at, int64_t *number)
{
    char *end;
    if (**at < '0' || **at > '9')
        return false;
    *number = strtoll(*at, &end, 10);
    *at = end;
    return true;
}

/* "p0", "p3", "end", "4-9", "4-4-r" */
static void read_part(const char *at, struct key *key)
{
    key->part = PART_UNKNOWN;
    if (strcmp(at, "end") == 0) {
        key->part = PART_END;
    } else if (*at == 'p') {
        at++;
        if (read_number(&at, &key->first) && !*at)
            key->part = key->first == 0 ? PART_RUNNING : PART_PROGRESS;
    } else if (read_number(&at, &key->first) && *at++ == '-' && read_number(&at, &key->last)) {
        if (!*at)
            key->part = PART_EVENTS;
        else if (strcmp(at, "-r") == 0)
            key->part = PART_REPLACEMENT;
    }
}

static bool read_key(const char *text, struct key *key)
{
    *key = (struct key){.part = PART_UNKNOWN};
    if (strlen(text) > KEY_MAX || strspn(text, "0123456789abcdef") < ID_LEN || text[ID_LEN] != '-')
        return false;
    memcpy(key->id, text, ID_LEN);
    read_part(text + ID_LEN + 1, key);
    return key->part != PART_UNKNOWN;
}

static void check_key(struct check *check)
{
    const struct sink_request *request = check->request;
    if (!request->key) {
        tell(check, "key.missing", "there is no Idempotency-Key");
        return;
    }
    check->keyed = read_key(request->key, &check->key);
    if (!check->keyed) {
        tell(check, "key.form",
             "Idempotency-Key '%.*s' is not 32 hexadecimal digits and -p0, -p1, -1-3, -1-1-r or "
             "-end",
             KEY_MAX, request->key);
        return;
    }
    bool for_events = check->key.part == PART_EVENTS || check->key.part == PART_REPLACEMENT;
    if (for_events != is_events(request))
        tell(check, "key.path", "a key that ends in %s belongs to the other path",
             request->key + ID_LEN);
}

/* --- bodies ---------------------------------------------------------------------------------- */

static bool is_set(struct span value)
{
    return value.at && json_type(value) != JSON_NULL;
}

static void check_keys_known(const struct check *check, struct span object, const char *const *keys,
                             size_t count)
{
    struct span key, value;
    while (json_next_member(&object, &key, &value)) {
        bool known = false;
        char *name = json_string(key, KEY_MAX, NULL);
        for (size_t i = 0; name && i < count; i++)
            known = known || strcmp(keys[i], name) == 0;
        if (!known)
            tell(check, "body.keys", "the key %.*s has no meaning",
                 (int)(key.len < 80 ? key.len : 80), key.at);
        mem_free(name);
    }
}

/* An escaped U+0000 anywhere: the API's store cannot hold one. */
static bool has_nul(struct span text)
{
    struct buffer without;
    size_t replaced = 0;
    buffer_init(&without, text.len + 16);
    json_put_without_nul(&without, text, &replaced);
    buffer_release(&without);
    return replaced > 0;
}

static void check_event(const struct check *check, struct span event, size_t number)
{
    static const char *const keys[] = {"event_type", "payload"};
    struct span values[2];
    if (json_type(event) != JSON_OBJECT || !json_pick(event, keys, values, 2, NULL) ||
        !values[0].at || !values[1].at || json_type(values[0]) != JSON_STRING) {
        tell(check, "body.event", "event %zu is no {\"event_type\": a string, \"payload\": any}",
             number);
        return;
    }
    check_keys_known(check, event, keys, 2);
    if (has_nul(event))
        tell(check, "body.nul", "event %zu holds U+0000, which the API cannot store", number);
}

/* The number of events, or 0. */
static size_t check_events(const struct check *check, struct span body)
{
    static const char *const keys[] = {"events"};
    struct span events = {NULL, 0}, event;
    size_t count = 0;
    if (json_type(body) != JSON_OBJECT || !json_pick(body, keys, &events, 1, NULL) || !events.at ||
        json_type(events) != JSON_ARRAY) {
        tell(check, "body.events", "the body is no {\"events\": [...]}");
        return 0;
    }
    check_keys_known(check, body, keys, 1);
    while (json_next(&events, &event))
        check_event(check, event, ++count);
    return count;
}

static void check_text(const struct check *check, struct span value, const char *name)
{
    if (!is_set(value))
        return;
    if (json_type(value) != JSON_STRING)
        tell(check, "body.progress", "%s is no string", name);
    else if (value.len > 6 * TEXT_MAX + 2)
        tell(check, "body.progress", "%s is over %d bytes", name, TEXT_MAX);
}

enum { STATUS, PERCENT, STEP, OUTPUT_LEN, ERROR, PROGRESS_KEYS };

static const char *const progress_keys[] = {"status", "progress", "current_step", "output_len",
                                            "error"};

/* The status that the key asks for: `running` opens, a terminal one ends. */
static void check_status(const struct check *check, struct span status)
{
    static const char *const words[] = {"\"running\"", "\"completed\"", "\"failed\"",
                                        "\"cancelled\""};
    int at = -1;
    for (int i = 0; i < 4; i++)
        if (is_set(status) && span_is(status, words[i]))
            at = i;
    if (is_set(status) && at < 0)
        tell(check, "body.status", "status must be running, completed, failed or cancelled");
    if (!check->keyed)
        return;
    if ((check->key.part == PART_RUNNING) != (at == 0))
        tell(check, "key.status", "running is what -p0 says, and nothing else says it");
    if ((check->key.part == PART_END) != (at > 0))
        tell(check, "key.status", "a terminal status is what -end says, and nothing else says it");
}

static void check_progress(const struct check *check, struct span body)
{
    struct span values[PROGRESS_KEYS];
    int64_t number = 0;
    if (json_type(body) != JSON_OBJECT ||
        !json_pick(body, progress_keys, values, PROGRESS_KEYS, NULL)) {
        tell(check, "body.progress", "the body is no object of %s", "progress, status and so on");
        return;
    }
    check_keys_known(check, body, progress_keys, PROGRESS_KEYS);
    check_status(check, values[STATUS]);
    if (is_set(values[PERCENT]) &&
        (!json_integer(values[PERCENT], &number, NULL) || number < 0 || number > 100))
        tell(check, "body.progress", "progress is no integer from 0 to 100");
    if (is_set(values[OUTPUT_LEN]) &&
        (!json_integer(values[OUTPUT_LEN], &number, NULL) || number < 0))
        tell(check, "body.progress", "output_len is no integer from 0");
    if (is_set(values[ERROR]) && is_set(values[STATUS]) && span_is(values[STATUS], "\"completed\""))
        tell(check, "body.progress", "the error of a completed run is ignored by the API");
    check_text(check, values[STEP], "current_step");
    check_text(check, values[ERROR], "error");
}

/* --- order ----------------------------------------------------------------------------------- */

static struct delivery *delivery_of(struct protocol *protocol, const char *id)
{
    struct delivery *delivery = protocol->deliveries;
    while (delivery && strcmp(delivery->id, id) != 0)
        delivery = delivery->next;
    if (delivery)
        return delivery;
    delivery = mem_new(sizeof *delivery);
    memcpy(delivery->id, id, sizeof delivery->id);
    delivery->next = protocol->deliveries;
    return protocol->deliveries = delivery;
}

/* Whether it is the last request once more. */
static bool check_again(const struct check *check, struct delivery *delivery)
{
    unsigned char digest[SHA256_DIGEST_LENGTH];
    const struct sink_request *request = check->request;
    bool again = strcmp(delivery->key, request->key) == 0;
    SHA256((const unsigned char *)request->body.at, request->body.len, digest);
    if (again && memcmp(digest, delivery->digest, sizeof digest) != 0)
        tell(check, "key.body", "the last request had the same Idempotency-Key and another body");
    memcpy(delivery->digest, digest, sizeof digest);
    snprintf(delivery->key, sizeof delivery->key, "%s", request->key);
    return again;
}

static void check_sequence(const struct check *check, const struct delivery *delivery, size_t count,
                           bool late)
{
    const struct key *key = &check->key;
    if (key->part == PART_REPLACEMENT ? key->first != key->last || count != 1
                                      : key->last - key->first + 1 != (int64_t)count)
        tell(check, "order.events", "the key says events %lld to %lld, the body has %zu",
             (long long)key->first, (long long)key->last, count);
    if (key->first > delivery->taken + 1)
        tell(check, "order.events", "event %lld was never accepted, and here is %lld",
             (long long)delivery->taken + 1, (long long)key->first);
    else if (key->first <= delivery->taken && !late)
        tell(check, "order.events", "events up to %lld were accepted, and here is %lld",
             (long long)delivery->taken, (long long)key->first);
}

static void check_order(const struct check *check, const struct delivery *delivery, size_t count,
                        bool late)
{
    const struct key *key = &check->key;
    if (delivery->over)
        tell(check, "order.end", "the run is over, and nothing may follow");
    else if (!delivery->opened && key->part != PART_RUNNING)
        tell(check, "order.running", "running was not accepted yet, and must come first");
    else if (delivery->opened && key->part == PART_RUNNING)
        tell(check, "order.running", "running was accepted before");
    if (key->part == PART_EVENTS || key->part == PART_REPLACEMENT)
        check_sequence(check, delivery, count, late);
    else if (key->part == PART_PROGRESS && key->first != delivery->progress + 1)
        tell(check, "order.progress", "p%lld comes after p%lld", (long long)key->first,
             (long long)delivery->progress);
    else if (key->part == PART_END && delivery->sent > delivery->taken)
        tell(check, "order.end", "the run ends, and event %lld was never accepted",
             (long long)delivery->taken + 1);
}

static void note(struct delivery *delivery, const struct key *key, bool accepted, bool over)
{
    bool events = key->part == PART_EVENTS || key->part == PART_REPLACEMENT;
    if (events && key->last > delivery->sent)
        delivery->sent = key->last;
    if (events && accepted && key->last > delivery->taken)
        delivery->taken = key->last;
    if (key->part == PART_PROGRESS)
        delivery->progress = key->first;
    if (key->part == PART_RUNNING && accepted)
        delivery->opened = true;
    if (over || (key->part == PART_END && accepted))
        delivery->over = true;
}

/* --- the whole ------------------------------------------------------------------------------- */

/* False when the body cannot be read. */
static bool check_head(struct check *check)
{
    const struct sink_request *request = check->request;
    struct error why;
    bool good = json_check(request->body, &why);
    if (!request->type || strncasecmp(request->type, "application/json", 16) != 0)
        tell(check, "type", "Content-Type is %.80s, not application/json",
             request->type ? request->type : "missing");
    if (!request->token)
        tell(check, "token", "there is no Authorization: Bearer TOKEN");
    else if (!request->run)
        tell(check, "token", "the token is no JWT with a run_id");
    if (request->body.len > SINK_BODY_MAX)
        tell(check, "size", "%zu bytes; the API takes %d", request->body.len, SINK_BODY_MAX);
    if (!good)
        tell(check, "body.json", "%s", why.text);
    return good;
}

void protocol_check(struct protocol *protocol, const struct sink_request *request, int status,
                    bool over, bool late, protocol_broken *broken, void *arg)
{
    struct check check = {.request = request, .broken = broken, .arg = arg};
    size_t count = 0;
    bool known = is_events(request) || strcmp(request->path, SINK_PROGRESS_PATH) == 0;
    if (!known || strcmp(request->method, "POST") != 0) {
        tell(&check, "route", "must be POST " SINK_EVENTS_PATH " or POST " SINK_PROGRESS_PATH);
        return;
    }
    bool readable = check_head(&check);
    check_key(&check);
    if (readable && is_events(request))
        count = check_events(&check, request->body);
    else if (readable)
        check_progress(&check, request->body);
    if (!check.keyed || !readable)
        return;
    struct delivery *delivery = delivery_of(protocol, check.key.id);
    if (!check_again(&check, delivery))
        check_order(&check, delivery, count, late);
    /* the progress of an unknown run (404) is as good as accepted: some APIs keep no runs */
    bool accepted = status / 100 == 2 || (status == 404 && !is_events(request));
    note(delivery, &check.key, accepted, over);
}

struct protocol *protocol_new(void)
{
    return mem_new(sizeof(struct protocol));
}

void protocol_free(struct protocol *protocol)
{
    if (!protocol)
        return;
    while (protocol->deliveries) {
        struct delivery *gone = protocol->deliveries;
        protocol->deliveries = gone->next;
        mem_free(gone);
    }
    mem_free(protocol);
}
