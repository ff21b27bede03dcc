#include "attack.h"

#include "json.h"

// clang-format off
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
// clang-format on
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SOURCE_MAX (4 * 1024 * 1024)

/* --- reading ---------------------------------------------------------------------------------- */

static char *read_text(const char *path)
{
    FILE *file = fopen(path, "r");
    if (!file)
        fail_msg("%s cannot be read", path);
    char *text = mem_new(SOURCE_MAX + 1);
    size_t len = fread(text, 1, SOURCE_MAX, file);
    fclose(file);
    char *copy = mem_string((struct span){text, len});
    mem_free(text);
    return copy;
}

/* Cuts the next word off the front of *at; "" at the end. */
static void take_word(const char **at, char *word, size_t size)
{
    *at += strspn(*at, " ");
    size_t len = strcspn(*at, " ");
    snprintf(word, size, "%.*s", (int)len, *at);
    *at += len;
}

/* saying "WORDS" */
static bool take_words(const char **at, struct attack_ending *ending)
{
    *at += strspn(*at, " ");
    const char *end = **at == '"' ? strchr(*at + 1, '"') : NULL;
    if (!end)
        return false;
    snprintf(ending->words, sizeof ending->words, "%.*s", (int)(end - *at - 1), *at + 1);
    *at = end + 1;
    return true;
}

static bool take_clause(const char *word, const char **at, struct attack_ending *ending)
{
    char number[16];
    if (strcmp(word, "saying") == 0)
        return take_words(at, ending);
    if (strcmp(word, "at") == 0) {
        take_word(at, ending->step, sizeof ending->step);
        return ending->step[0] != '\0';
    }
    if (strcmp(word, "line") != 0)
        return false;
    take_word(at, number, sizeof number);
    ending->line = atoi(number);
    return ending->line > 0;
}

static bool is_code(const char *code)
{
    return code[0] && code[strspn(code, "abcdefghijklmnopqrstuvwxyz0123456789_.")] == '\0';
}

static bool parse_ending(const char *text, struct attack_ending *ending)
{
    char word[24];
    memset(ending, 0, sizeof *ending);
    take_word(&text, ending->code, sizeof ending->code);
    if (!is_code(ending->code))
        return false;
    if (strcmp(ending->code, "completed") == 0) {
        text += strspn(text, " ");
        snprintf(ending->output, sizeof ending->output, "%s", text);
        for (size_t len = strlen(ending->output); len && ending->output[len - 1] == ' ';)
            ending->output[--len] = '\0';
        return true;
    }
    for (take_word(&text, word, sizeof word); *word; take_word(&text, word, sizeof word))
        if (!take_clause(word, &text, ending))
            return false;
    return true;
}

static bool parse_expectation(struct attack *attack, const char *text)
{
    while (attack->ending_count < ATTACK_ENDINGS_MAX) {
        char part[800];
        const char *bar = strstr(text, " | ");
        size_t len = bar ? (size_t)(bar - text) : strlen(text);
        snprintf(part, sizeof part, "%.*s", (int)len, text);
        if (!parse_ending(part, &attack->endings[attack->ending_count++]))
            return false;
        if (!bar)
            return true;
        text = bar + 3;
    }
    return false;
}

static bool take_setting(struct attack *attack, const char *text)
{
    if (attack->setting_count == ATTACK_SETTINGS_MAX || !strchr(text, '='))
        return false;
    snprintf(attack->settings[attack->setting_count++], sizeof attack->settings[0], "%s", text);
    return true;
}

/* The line's text behind "-- <key>: ", or NULL when it is no such line. */
static const char *value_of(const char *line, const char *key)
{
    size_t len = strlen(key);
    if (strncmp(line, "-- ", 3) != 0 || strncmp(line + 3, key, len) != 0 || line[3 + len] != ':')
        return NULL;
    return line + 3 + len + 1 + strspn(line + 3 + len + 1, " ");
}

static void parse_line(struct attack *attack, const char *folder, const char *line, int number)
{
    const char *value;
    bool good = true;
    if (number == 1)
        good = (value = value_of(line, "expect")) && parse_expectation(attack, value);
    else if (number == 2)
        good = strncmp(line, "-- ", 3) == 0 && line[3] && line[strlen(line) - 1] == '.';
    else if ((value = value_of(line, "set")))
        good = take_setting(attack, value);
    else if ((value = value_of(line, "then"))) {
        char next[256];
        snprintf(next, sizeof next, "%s/next", folder);
        attack->next = attack_read(next, value);
    }
    if (!good)
        fail_msg("%s: line %d is not as attack.h says: %s", attack->name, number, line);
}

struct attack *attack_read(const char *folder, const char *name)
{
    char path[512], line[1024];
    struct attack *attack = mem_new(sizeof *attack);
    snprintf(path, sizeof path, "%s/%s.lua", folder, name);
    if (strlen(name) >= sizeof attack->name)
        fail_msg("%s: the name is too long", path);
    snprintf(attack->name, sizeof attack->name, "%s", name);
    attack->source = read_text(path);
    const char *at = attack->source;
    for (int number = 1; number <= 2 || strncmp(at, "-- ", 3) == 0; number++) {
        size_t len = strcspn(at, "\n");
        snprintf(line, sizeof line, "%.*s", (int)len, at);
        parse_line(attack, folder, line, number);
        at += len + (at[len] == '\n');
    }
    return attack;
}

void attack_free(struct attack *attack)
{
    if (!attack)
        return;
    attack_free(attack->next);
    mem_free(attack->source);
    mem_free(attack);
}

/* --- how a run ended -------------------------------------------------------------------------- */

struct told {
    unsigned errors;
    unsigned outputs;
    char *error; /* the last one's payload */
    char *output;
};

static void keep(char **kept, struct span payload)
{
    mem_free(*kept);
    *kept = mem_string(payload);
}

static void take_event(struct told *told, struct span event)
{
    const char *keys[] = {"event_type", "payload"};
    struct span parts[2];
    assert_true(json_pick(event, keys, parts, 2, NULL));
    if (span_is(parts[0], "\"error\"")) {
        told->errors++;
        keep(&told->error, parts[1]);
    } else if (span_is(parts[0], "\"output\"")) {
        told->outputs++;
        keep(&told->output, parts[1]);
    }
}

static struct told collect(const struct house *house, const char *run)
{
    struct told told = {0};
    const char *keys[] = {"events"};
    for (size_t i = 0; i < house->push_count; i++) {
        const struct house_push *push = &house->pushes[i];
        struct span events, event;
        if (strcmp(push->run, run) != 0 || push->kind != HOUSE_EVENTS || push->status != 200)
            continue;
        assert_true(json_pick(span_of(push->body), keys, &events, 1, NULL));
        while (json_next(&events, &event))
            take_event(&told, event);
    }
    return told;
}

/* --- judging ---------------------------------------------------------------------------------- */

/* The message of a limit of the whole run names the setting that it comes from, and its value. */
static bool names_setting(const struct house *house, const char *code, const char *message)
{
    const struct config *config = &house->config;
    const struct {
        const char *code, *setting;
        int64_t value;
    } limits[] = {
        {"limit.instructions", "EXECUTOR_INSTRUCTION_LIMIT", config->instruction_limit},
        {"limit.memory", "EXECUTOR_MEMORY_LIMIT_MB", config->memory_limit_bytes / (1024 * 1024)},
        {"limit.stall", "EXECUTOR_STALL_MS", config->stall_ms},
        {"limit.events", "EXECUTOR_", 0},
    };
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        char value[24];
        if (strcmp(code, limits[i].code) != 0)
            continue;
        snprintf(value, sizeof value, "%lld", (long long)limits[i].value);
        return strstr(message, limits[i].setting) && (!limits[i].value || strstr(message, value));
    }
    return true;
}

static bool error_matches(const struct attack_ending *ending, const cJSON *error)
{
    const char *code = json_member_text(error, "code");
    const char *step = json_member_text(error, "step");
    const char *message = json_member_text(error, "message");
    const cJSON *line = json_member(error, "line");
    return strcmp(code ? code : "", ending->code) == 0 &&
           (!ending->step[0] || strcmp(step ? step : "", ending->step) == 0) &&
           (!ending->words[0] || strstr(message ? message : "", ending->words)) &&
           (!ending->line || (cJSON_IsNumber(line) && (int)line->valuedouble == ending->line));
}

static bool ending_matches(const struct attack_ending *ending, const struct told *told,
                           const cJSON *error)
{
    if (strcmp(ending->code, "completed") != 0)
        return error && error_matches(ending, error);
    return !error &&
           (!ending->output[0] || strcmp(told->output ? told->output : "nil", ending->output) == 0);
}

/* What holds for every run: one terminal status, and one error exactly when it failed. */
static const char *broken_rule(struct house *house, const char *run, const struct told *told,
                               const cJSON *error)
{
    const char *terminal = house_last(house, run, HOUSE_TERMINAL);
    const char *message = json_member_text(error, "message");
    const char *code = json_member_text(error, "code");
    if (house_count(house, run, HOUSE_TERMINAL) != 1)
        return "not one terminal status";
    bool failed = strstr(terminal, "\"failed\"") != NULL;
    if (told->errors != failed)
        return failed ? "failed, but not with one error event" : "completed, with an error event";
    if (failed && told->outputs)
        return "failed, with an output";
    if (failed && (!message || !*message || !code))
        return "an error without a code or a message";
    if (failed && !names_setting(house, code, message))
        return "the message does not name the setting and its value";
    return NULL;
}

bool attack_judge(const struct attack *attack, struct house *house, char *why, size_t size)
{
    struct told told = collect(house, attack->name);
    cJSON *error = told.error ? json_parse(span_of(told.error), NULL) : NULL;
    const char *broken = broken_rule(house, attack->name, &told, error);
    bool good = false;
    for (size_t i = 0; i < attack->ending_count && !broken && !good; i++)
        good = ending_matches(&attack->endings[i], &told, error);
    if (!good)
        snprintf(why, size, "%s; %.700s", broken ? broken : "not as expected",
                 told.error    ? told.error
                 : told.output ? told.output
                               : "neither an error nor an output");
    cJSON_Delete(error);
    mem_free(told.error);
    mem_free(told.output);
    return good;
}
