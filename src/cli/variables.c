#include "variables.h"

#include "mem.h"

#include <stdbool.h>
#include <string.h>
#include <unistd.h>

static size_t count_of(const struct variables *variables)
{
    size_t count = 0;
    while (variables->list[count])
        count++;
    return count;
}

void variables_release(struct variables *variables)
{
    for (char **each = variables->list; *each; each++)
        mem_free_secret(*each);
    variables->list[0] = NULL;
}

static bool has(const struct variables *variables, const char *name, size_t len)
{
    char *const *each = variables->list;
    while (*each && !(strncmp(*each, name, len) == 0 && (*each)[len] == '='))
        each++;
    return *each != NULL;
}

void variables_add(struct variables *variables, const char *name, const char *value)
{
    size_t count = count_of(variables), name_len = strlen(name), value_len = strlen(value);
    if (count == VARIABLES_MAX || has(variables, name, name_len))
        return;
    char *text = mem_new(name_len + value_len + 2);
    memcpy(text, name, name_len);
    text[name_len] = '=';
    memcpy(text + name_len + 1, value, value_len);
    variables->list[count] = text;
    variables->list[count + 1] = NULL;
}

void variables_pass_settings(struct variables *variables)
{
    static const char *const passed[] = {"EXECUTOR_", "AWS_LAMBDA_LOG_", "SSL_CERT_",
                                         "CURL_CA_BUNDLE"};
    for (char **each = environ; *each; each++) {
        const char *value = strchr(*each, '=');
        for (size_t i = 0; value && i < sizeof passed / sizeof *passed; i++) {
            if (strncmp(*each, passed[i], strlen(passed[i])) != 0)
                continue;
            char *name = mem_string((struct span){*each, (size_t)(value - *each)});
            variables_add(variables, name, value + 1);
            mem_free(name);
        }
    }
}
