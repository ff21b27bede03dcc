#include "log_line.h"

#include "json.h"
#include "terminal.h"

#include <string.h>

#define TEXT_SHOWN 400

bool log_line_is_bad(const char *level)
{
    return level && (strcmp(level, "ERROR") == 0 || strcmp(level, "FATAL") == 0);
}

static void show_field(FILE *out, const cJSON *field)
{
    static const char *const told[] = {"timestamp", "level", "message", "requestId"};
    for (size_t i = 0; i < sizeof told / sizeof *told; i++)
        if (strcmp(field->string, told[i]) == 0)
            return;
    fputs("  ", out);
    terminal_put(out, span_of(field->string), TEXT_SHOWN);
    fputc('=', out);
    if (cJSON_IsString(field))
        terminal_put(out, span_of(field->valuestring), TEXT_SHOWN);
    else
        fprintf(out, "%.0f", cJSON_GetNumberValue(field));
}

static void show(FILE *out, const cJSON *line, const char *level, bool coloured)
{
    const char *message = json_member_text(line, "message");
    const cJSON *field;
    fputs(!coloured ? "" : log_line_is_bad(level) ? TERMINAL_RED : TERMINAL_DIM, out);
    for (size_t len = strnlen(level, 9); len < 9; len++)
        fputc(' ', out);
    terminal_put(out, span_of(level), 9);
    fputs("  ", out);
    terminal_put(out, span_of(message ? message : ""), TEXT_SHOWN);
    cJSON_ArrayForEach(field, line) show_field(out, field);
    fprintf(out, "%s\n", coloured ? TERMINAL_PLAIN : "");
}

void log_line_show(FILE *out, const char *line, bool coloured)
{
    cJSON *tree = json_parse(span_of(line), NULL);
    const char *level = tree ? json_member_text(tree, "level") : NULL;
    if (level) {
        show(out, tree, level, coloured);
    } else { /* a cry of the machine */
        terminal_put(out, span_of(line), strlen(line));
        fputc('\n', out);
    }
    cJSON_Delete(tree);
}
