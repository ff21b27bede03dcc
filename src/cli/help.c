#include "help.h"

#include "cli.h"
#include "manual.h"
#include "reference.h"

struct options {
    bool markdown;
};

static int help_main(int argc, char **argv);

static const char *const help_examples[] = {"moonmill help", "moonmill help replay",
                                            "moonmill help --markdown > docs/cli.md", NULL};

static const struct option_spec help_options[] = {
    {.name = "markdown",
     .help = "all commands as one page of Markdown",
     .at = offsetof(struct options, markdown)},
};

static const char *const help_exits[COMMAND_EXITS] = {"told", NULL, "wrong use, or no such command",
                                                      NULL, NULL};

const struct command help_command = {
    .name = "help",
    .summary = "tell what a command takes",
    .about = "Tells the commands, or what one of them takes, as its own --help does.",
    .operands = "[COMMAND]",
    .operands_max = 1,
    .examples = help_examples,
    .options = help_options,
    .option_count = sizeof help_options / sizeof *help_options,
    .exits = help_exits,
    .main = help_main};

static int help_main(int argc, char **argv)
{
    struct options options = {0};
    struct command_line line;
    int code = command_read(&help_command, argc, argv, &options, &line);
    if (code >= 0)
        return code;
    const struct command *command = line.count ? command_named(line.operands[0]) : NULL;
    if (line.count && !command)
        return command_unknown(line.operands[0]);
    if (options.markdown)
        reference_write(stdout);
    else if (command)
        command_help(command, stdout);
    else
        manual_contents(stdout);
    return CLI_DONE;
}
