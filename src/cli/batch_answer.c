#include "batch_answer.h"

#include "json.h"

#include <string.h>

#define ID_SHOWN 80
#define ID_MAX   1024

static bool all_back(bool *failed, size_t count)
{
    for (size_t i = 0; i < count; i++)
        failed[i] = true;
    return false;
}

static bool mark(struct span item, const char *const *ids, size_t count, bool *failed,
                 struct error *why)
{
    static const char *const keys[] = {"itemIdentifier"};
    struct span value = {NULL, 0};
    if (json_type(item) == JSON_OBJECT && !json_pick(item, keys, &value, 1, why))
        return false;
    if (!value.at)
        return error_set(why, ERROR_INPUT, "batchItemFailures: an item without itemIdentifier");
    char *id = json_type(value) == JSON_STRING ? json_string(value, ID_MAX, NULL) : NULL;
    size_t at = 0;
    while (id && at < count && !(ids[at] && strcmp(ids[at], id) == 0))
        at++;
    bool known = id && at < count;
    if (known)
        failed[at] = true;
    else
        error_set(why, ERROR_INPUT, "batchItemFailures: '%.*s' is no message of this batch",
                  ID_SHOWN, id ? id : "");
    mem_free(id);
    return known;
}

bool batch_answer_read(struct span answer, const char *const *ids, size_t count, bool *failed,
                       struct error *why)
{
    static const char *const keys[] = {"batchItemFailures"};
    struct span list = {NULL, 0}, item;
    memset(failed, 0, count * sizeof *failed);
    if (!json_check(answer, why))
        return all_back(failed, count);
    if (json_type(answer) == JSON_NULL)
        return true;
    if (!json_pick(answer, keys, &list, 1, why))
        return all_back(failed, count);
    if (!list.at || json_type(list) == JSON_NULL)
        return true;
    if (json_type(list) != JSON_ARRAY) {
        error_set(why, ERROR_INPUT, "batchItemFailures is of type %s, not array",
                  json_type_name(json_type(list)));
        return all_back(failed, count);
    }
    for (struct span cursor = list; json_next(&cursor, &item);)
        if (!mark(item, ids, count, failed, why))
            return all_back(failed, count);
    return true;
}
