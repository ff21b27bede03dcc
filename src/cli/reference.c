#include "reference.h"

#include "command.h"

#include <string.h>

static const char introduction[] =
    "# The command line\n\n"
    "This page is written by `moonmill help --markdown`, from the tables that the program reads "
    "its\n"
    "options by; a test compares the two.\n\n"
    "Results go to standard output, everything else to standard error. Colours are for terminals, "
    "and not\n"
    "when `NO_COLOR` is set. Options and operands stand in any order; `--` ends the options.\n\n"
    "`source <(moonmill completion bash)` completes commands, options and values; zsh and fish\n"
    "[likewise](#moonmill-completion).\n\n";

/* Text in which Markdown sees nothing but text. */
static void put_text(FILE *out, const char *text)
{
    for (const char *c = text; *c; c++) {
        if (strchr("*_<>[]|\\`", *c))
            fputc('\\', out);
        fputc(*c, out);
    }
}

static void put_option(FILE *out, const struct option_spec *spec)
{
    fputs("- `", out);
    if (spec->letter)
        fprintf(out, "-%c`, `", spec->letter);
    fprintf(out, "--%s%s%s`: ", spec->name, spec->value ? " " : "", spec->value ? spec->value : "");
    put_text(out, spec->help);
    fputc('\n', out);
}

/* Those from an index on, up to another. */
static void put_options(FILE *out, const struct command *command, size_t from, size_t to)
{
    const struct option_spec *spec;
    for (size_t i = from; i < to && (spec = command_option(command, i)); i++)
        put_option(out, spec);
    if (from < to)
        fputc('\n', out);
}

static void put_examples(FILE *out, const struct command *command)
{
    fputs("```sh\n", out);
    for (size_t i = 0; command->examples[i]; i++)
        fprintf(out, "%s\n", command->examples[i]);
    fputs("```\n\n", out);
}

static void put_exits(FILE *out, const struct command *command)
{
    fputs("Exit status:", out);
    for (int i = 0; i < COMMAND_EXITS; i++) {
        if (!command_exit(command, i))
            continue;
        fprintf(out, "%s `%d` ", i ? ";" : "", i);
        put_text(out, command_exit(command, i));
    }
    fputs(".\n", out);
}

static void put_command(FILE *out, const struct command *command)
{
    fprintf(out, "\n## moonmill %s\n\n", command->name);
    put_examples(out, command);
    put_text(out, command->about);
    fprintf(out, "\n\n`moonmill %s [OPTIONS]%s%s`\n\n", command->name,
            *command->operands ? " " : "", command->operands);
    put_options(out, command, 0, command->option_count);
    if (command->json)
        fprintf(out, "`--json` prints:\n\n```json\n%s\n```\n\n", command->json);
    put_exits(out, command);
}

void reference_write(FILE *out)
{
    const struct command *any = all_commands[0];
    fputs(introduction, out);
    fputs("Every command takes:\n\n", out);
    put_options(out, any, any->option_count, COMMAND_OPTIONS_MAX);
    fputs("| command | what it does |\n|---|---|\n", out);
    for (size_t i = 0; all_commands[i]; i++)
        fprintf(out, "| [`%s`](#moonmill-%s) | %s |\n", all_commands[i]->name,
                all_commands[i]->name, all_commands[i]->summary);
    for (size_t i = 0; all_commands[i]; i++)
        put_command(out, all_commands[i]);
}
