#include "answers.h"

#include "json.h"
#include "stage.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define MESSAGE_MAX 4096

struct answer {
    int status;
    struct span json; /* {NULL, 0}: an empty body */
    cJSON *headers;   /* an object of strings, or NULL */
};

struct route {
    char *path;
    size_t count;
    struct answer *answers;
    size_t served;
};

struct answers {
    struct stage *stage;
    size_t count;
    struct route *routes;
};

/* --- the script ------------------------------------------------------------------------------ */

static bool read_headers(struct span value, struct answer *answer, const char *path,
                         struct error *err)
{
    answer->headers = json_parse(value, err);
    const cJSON *header;
    bool good = cJSON_IsObject(answer->headers);
    cJSON_ArrayForEach(header, answer->headers) good = good && cJSON_IsString(header);
    return good || error_set(err, ERROR_INPUT, "%s: headers must be an object of strings", path);
}

/* A misspelt key would be an answer that nobody wrote. */
static bool knows_all_keys(struct span element, const char *path, struct error *err)
{
    cJSON *object = json_parse(element, err);
    const cJSON *member;
    bool good = object != NULL;
    cJSON_ArrayForEach(member, object)
    {
        if (good && strcmp(member->string, "status") != 0 && strcmp(member->string, "json") != 0 &&
            strcmp(member->string, "headers") != 0)
            good = error_set(err, ERROR_INPUT, "%s: an answer has status, json and headers, not %s",
                             path, member->string);
    }
    cJSON_Delete(object);
    return good;
}

static bool read_answer(struct span element, struct answer *answer, const char *path,
                        struct error *err)
{
    static const char *const keys[] = {"status", "json", "headers"};
    struct span values[3];
    int64_t status = 200;
    if (json_type(element) != JSON_OBJECT)
        return error_set(err, ERROR_INPUT, "%s: an answer must be an object", path);
    if (!knows_all_keys(element, path, err) || !json_pick(element, keys, values, 3, err))
        return false;
    if (values[0].at && (!json_integer(values[0], &status, NULL) || status < 200 || status > 599))
        return error_set(err, ERROR_INPUT, "%s: status must be a number from 200 to 599", path);
    answer->status = (int)status;
    answer->json = values[1];
    return !values[2].at || read_headers(values[2], answer, path, err);
}

static bool read_route(struct span value, struct route *route, struct error *err)
{
    struct span element;
    if (route->path[0] != '/' && !strstr(route->path, "://"))
        return error_set(err, ERROR_INPUT,
                         "%s: must be a path that begins with /, or a URL with or without a method "
                         "in front",
                         route->path);
    if (json_type(value) == JSON_ARRAY)
        for (struct span cursor = value; json_next(&cursor, &element);)
            route->count++;
    if (route->count == 0)
        return error_set(err, ERROR_INPUT, "%s: must be an array of one answer or more",
                         route->path);
    route->answers = mem_array(route->count, sizeof *route->answers);
    struct answer *answer = route->answers;
    for (struct span cursor = value; json_next(&cursor, &element);)
        if (!read_answer(element, answer++, route->path, err))
            return false;
    return true;
}

/* The names come from the tree, the values from the raw text, so that their bytes stay. */
static bool read_script(struct answers *answers, struct span text, struct error *err)
{
    cJSON *tree = json_parse(text, err);
    if (!tree)
        return false;
    bool good = cJSON_IsObject(tree) ||
                error_set(err, ERROR_INPUT, "must be an object of paths, each with its answers");
    answers->routes = mem_array((size_t)cJSON_GetArraySize(tree), sizeof *answers->routes);
    const cJSON *member;
    cJSON_ArrayForEach(member, tree)
    {
        if (!good)
            break;
        struct span value;
        const char *const key = member->string;
        struct route *route = &answers->routes[answers->count++];
        route->path = mem_copy(key);
        good = json_pick(text, &key, &value, 1, err) && read_route(value, route, err);
    }
    cJSON_Delete(tree);
    return good;
}

/* --- serving --------------------------------------------------------------------------------- */

static void serve(struct route *route, struct stage_call *call)
{
    size_t at = route->served < route->count ? route->served++ : route->count - 1;
    const struct answer *answer = &route->answers[at];
    const cJSON *header;
    bool typed = false;
    cJSON_ArrayForEach(header, answer->headers)
    {
        typed = typed || strcasecmp(header->string, "Content-Type") == 0;
        stage_add_header(call, header->string, header->valuestring);
    }
    if (answer->json.at && !typed)
        stage_add_header(call, "Content-Type", "application/json");
    stage_say(call, answer->status, answer->json);
}

/* "GET https://a.test/x" -> its URL; the method, if any, in front of it. */
static const char *url_of(const char *key, struct span *method)
{
    const char *space = strchr(key, ' ');
    *method = (struct span){key, space ? (size_t)(space - key) : 0};
    return space ? space + 1 : key;
}

/* How well a key fits: 0 not at all; the exact URL before the one without its query, before a
 * longer or shorter beginning; with the method before without. */
static size_t fit(const char *key, const char *method, const char *url)
{
    struct span wanted;
    const char *pattern = url_of(key, &wanted);
    size_t len = strlen(pattern), path = strcspn(url, "?");
    if (wanted.len && !span_is(wanted, method))
        return 0;
    if (strcmp(pattern, url) == 0)
        return 4 * STAGE_BODY_MAX + (wanted.len != 0);
    if (len == path && strncmp(pattern, url, path) == 0)
        return 2 * STAGE_BODY_MAX + (wanted.len != 0);
    if (len && pattern[len - 1] == '*' && strncmp(pattern, url, len - 1) == 0)
        return 2 * len + (wanted.len != 0);
    return 0;
}

static struct route *find(struct answers *answers, const char *method, const char *url)
{
    struct route *best = NULL;
    size_t best_fit = 0;
    for (size_t i = 0; i < answers->count; i++) {
        struct route *route = &answers->routes[i];
        size_t fits = route->path[0] == '/' ? 0 : fit(route->path, method, url);
        if (fits > best_fit) {
            best_fit = fits;
            best = route;
        }
    }
    return best;
}

static struct route *find_path(struct answers *answers, const char *path)
{
    for (size_t i = 0; i < answers->count; i++)
        if (strcmp(answers->routes[i].path, path) == 0)
            return &answers->routes[i];
    return NULL;
}

static void on_request(void *arg, struct stage_call *call, const struct stage_request *request)
{
    struct answers *answers = arg;
    const char *url = stage_header(call, "X-Moonmill-Url");
    struct route *route =
        url ? find(answers, request->method, url) : find_path(answers, request->path);
    struct buffer text;
    if (route) {
        serve(route, call);
        return;
    }
    buffer_init(&text, MESSAGE_MAX);
    buffer_format(&text, "the answers file has none for %s %.1000s", request->method,
                  url ? url : request->path);
    stage_say(call, 404, buffer_span(&text));
    buffer_release(&text);
}

struct answers *answers_open(struct loop *loop, struct span text, struct error *err)
{
    struct answers *answers = mem_new(sizeof *answers);
    if (read_script(answers, text, err))
        answers->stage = stage_open(loop, 0, on_request, answers, err);
    if (answers->stage)
        return answers;
    answers_close(answers);
    return NULL;
}

void answers_close(struct answers *answers)
{
    if (!answers)
        return;
    stage_close(answers->stage);
    for (size_t i = 0; i < answers->count; i++) {
        for (size_t k = 0; answers->routes[i].answers && k < answers->routes[i].count; k++)
            cJSON_Delete(answers->routes[i].answers[k].headers);
        mem_free(answers->routes[i].answers);
        mem_free(answers->routes[i].path);
    }
    mem_free(answers->routes);
    mem_free(answers);
}

int answers_port(const struct answers *answers)
{
    return stage_port(answers->stage);
}
