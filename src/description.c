#include "description.h"

#include "json.h"

#include <string.h>

static char *text_of(const cJSON *finding, const char *name, const char *otherwise)
{
    const char *text = json_member_text(finding, name);
    return mem_string(span_cut(span_of(text && *text ? text : otherwise), DESCRIPTION_TEXT_MAX));
}

/* A member between those two, or 0. */
static int64_t number_of(const cJSON *of, const char *name, double min, double max)
{
    const cJSON *number = json_member(of, name);
    bool fits = cJSON_IsNumber(number) && number->valuedouble >= min && number->valuedouble <= max;
    return fits ? (int64_t)number->valuedouble : 0;
}

static const cJSON *first_error(const cJSON *findings)
{
    const cJSON *finding;
    cJSON_ArrayForEach(finding, findings)
    {
        const char *severity = json_member_text(finding, "severity");
        if (severity && strcmp(severity, "error") == 0)
            return finding;
    }
    return NULL;
}

bool description_read(struct span text, struct description *description, struct error *err)
{
    cJSON *told = json_parse(text, err);
    if (!told)
        return false;
    struct description read = {.timeout_ms = number_of(told, "timeout_ms", 1, 1e12)};
    const cJSON *finding = first_error(json_member(told, "findings"));
    if (finding) {
        read.code = text_of(finding, "code", "flow.invalid");
        read.message = text_of(finding, "message", "the flow does not load");
        read.file = text_of(finding, "file", "");
        read.line = number_of(finding, "line", 1, INT32_MAX);
    }
    cJSON_Delete(told);
    *description = read;
    return true;
}

void description_release(struct description *description)
{
    mem_free(description->code);
    mem_free(description->message);
    mem_free(description->file);
}
