#include "manual.h"

#include <string.h>

#define WIDTH     80
#define LABEL_MAX 24 /* a longer one has its help below it */

/* --- lines ----------------------------------------------------------------------------------- */

/* Text broken at its spaces where a line is full, from this column on; ends the line. */
static void put_broken(FILE *out, const char *text, int column)
{
    int at = column;
    while (*text) {
        int len = (int)strcspn(text, " \n");
        if (*text == '\n' || (at > column && at + 1 + len > WIDTH)) {
            fprintf(out, "\n%*s", column, "");
            at = column;
        }
        at += fprintf(out, "%s%.*s", len && at > column ? " " : "", len, text);
        text += len;
        text += *text == ' ' || len == 0;
    }
    fputc('\n', out);
}

/* "-o, --output FILE" */
static int label_of(const struct option_spec *spec, char *label, size_t size)
{
    char letter[8] = "";
    if (spec->letter)
        snprintf(letter, sizeof letter, "-%c, ", spec->letter);
    return snprintf(label, size, "%s--%s%s%s", letter, spec->name, spec->value ? " " : "",
                    spec->value ? spec->value : "");
}

static int width_of_labels(const struct command *command)
{
    const struct option_spec *spec;
    char label[128];
    int width = 0;
    for (size_t i = 0; (spec = command_option(command, i)); i++) {
        int len = label_of(spec, label, sizeof label);
        if (len > width && len <= LABEL_MAX)
            width = len;
    }
    return width;
}

/* --- help ------------------------------------------------------------------------------------ */

static void put_options(const struct command *command, FILE *out)
{
    const struct option_spec *spec;
    int width = width_of_labels(command);
    fputs("options:\n", out);
    for (size_t i = 0; (spec = command_option(command, i)); i++) {
        char label[128];
        if (label_of(spec, label, sizeof label) > width)
            fprintf(out, "  %s\n%*s", label, width + 5, "");
        else
            fprintf(out, "  %-*s   ", width, label);
        put_broken(out, spec->help, width + 5);
    }
}

static void put_exits(const struct command *command, FILE *out)
{
    fputs("\nexit status:\n", out);
    for (int i = 0; i < COMMAND_EXITS; i++) {
        if (!command_exit(command, i))
            continue;
        fprintf(out, "  %d   ", i);
        put_broken(out, command_exit(command, i), 6);
    }
}

/* Lines, each after an indent. */
static void put_lines(const char *text, FILE *out)
{
    for (const char *at = text; *at; at += strspn(at, "\n")) {
        int len = (int)strcspn(at, "\n");
        fprintf(out, "  %.*s\n", len, at);
        at += len;
    }
}

void command_help(const struct command *command, FILE *out)
{
    fputs("examples:\n", out);
    for (size_t i = 0; command->examples[i]; i++)
        fprintf(out, "  %s\n", command->examples[i]);
    fprintf(out, "\nusage: moonmill %s [OPTIONS]%s%s\n\n", command->name,
            *command->operands ? " " : "", command->operands);
    put_broken(out, command->about, 0);
    fputc('\n', out);
    put_options(command, out);
    put_exits(command, out);
    if (command->json) {
        fputs("\n--json prints:\n", out);
        put_lines(command->json, out);
    }
}

/* --- the contents ---------------------------------------------------------------------------- */

void manual_contents(FILE *out)
{
    fputs("examples:\n"
          "  moonmill new shop && cd shop\n"
          "  moonmill check flows\n"
          "  moonmill test flows\n"
          "  moonmill watch\n"
          "  moonmill event sqs --flow refund --payload @refund.json | moonmill replay -\n"
          "\nusage: moonmill COMMAND [OPTIONS]\n\n"
          "Runs flows, jobs of an SQS queue, in sandboxed Lua.\n\ncommands:\n",
          out);
    for (size_t i = 0; all_commands[i]; i++)
        fprintf(out, "  %-10s   %s\n", all_commands[i]->name, all_commands[i]->summary);
    fputs("\n  moonmill help COMMAND   what a command takes\n"
          "  moonmill --version\n",
          out);
}
