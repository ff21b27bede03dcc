#include "command.h"

#include "cli.h"
#include "env_file.h"
#include "manual.h"
#include "nearest.h"
#include "sources.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#define NAME_MAX_SHOWN 40

/* --- the common options ---------------------------------------------------------------------- */

struct common {
    const char *env_file;
    bool quiet;
    bool help;
};

static const struct option_spec common_options[] = {
    {.name = "env-file",
     .kind = OPTION_FILE,
     .value = "FILE",
     .help = "set the environment from its lines KEY=VALUE; what is set already stays",
     .at = offsetof(struct common, env_file)},
    {.name = "quiet",
     .letter = 'q',
     .help = "results and errors, nothing else",
     .at = offsetof(struct common, quiet)},
    {.name = "help", .letter = 'h', .help = "this page", .at = offsetof(struct common, help)},
};
#define COMMON (sizeof common_options / sizeof *common_options)

const struct option_spec *command_option(const struct command *command, size_t index)
{
    if (index < command->option_count)
        return &command->options[index];
    index -= command->option_count;
    return index < COMMON ? &common_options[index] : NULL;
}

const char *command_exit(const struct command *command, int status)
{
    const char *meaning = command->exits[status];
    return meaning || status != CLI_INPUT ? meaning : "the --env-file cannot be read";
}

const struct command *command_named(const char *name)
{
    for (size_t i = 0; all_commands[i]; i++)
        if (strcmp(all_commands[i]->name, name) == 0)
            return all_commands[i];
    return NULL;
}

int command_unknown(const char *name)
{
    struct nearest nearest = {.word = name};
    for (size_t i = 0; all_commands[i]; i++)
        nearest_offer(&nearest, all_commands[i]->name);
    if (nearest.best)
        return cli_usage(NULL, "no command '%.*s'; did you mean '%s'?", NAME_MAX_SHOWN, name,
                         nearest.best);
    return cli_usage(NULL, "no command '%.*s'", NAME_MAX_SHOWN, name);
}

/* --- values ---------------------------------------------------------------------------------- */

#define LONG_CODE 256 /* getopt's code of option 0; a letter's is the letter */

struct reading {
    const struct command *command;
    void *into;
    struct common common;
    bool given[COMMAND_OPTIONS_MAX];
    struct option known[COMMAND_OPTIONS_MAX + 1]; /* as getopt_long wants them */
    char letters[2 * COMMAND_OPTIONS_MAX + 2];
};

/* True when word is one of those in "text|svg|dot". */
static bool is_one_of(const char *word, const char *words)
{
    size_t len = strlen(word);
    for (const char *at = words; at; at = strchr(at, '|'), at += at != NULL)
        if (len && strncmp(at, word, len) == 0 && (at[len] == '|' || at[len] == '\0'))
            return true;
    return false;
}

static int read_number(const struct reading *reading, const struct option_spec *spec,
                       const char *text, int64_t *into)
{
    char *end;
    errno = 0;
    long long value = strtoll(text, &end, 10);
    if (errno || *end || end == text || value < spec->least || value > spec->most)
        return cli_usage(reading->command->name, "--%s '%s': must be %lld to %lld", spec->name,
                         text, (long long)spec->least, (long long)spec->most);
    *into = value;
    return -1;
}

/* Puts the option's value where the table says; -1, or the exit status. */
static int take(struct reading *reading, size_t index, const char *text)
{
    const char *name = reading->command->name;
    const struct option_spec *spec = command_option(reading->command, index);
    void *into = index < reading->command->option_count ? reading->into : &reading->common;
    void *at = (char *)into + spec->at;
    if (spec->kind == OPTION_FLAG) {
        *(bool *)at = true;
        return -1;
    }
    if (reading->given[index])
        return cli_usage(name, "--%s is given twice", spec->name);
    reading->given[index] = true;
    if (spec->kind == OPTION_NUMBER)
        return read_number(reading, spec, text, at);
    if (spec->kind == OPTION_WORD && !is_one_of(text, spec->value))
        return cli_usage(name, "--%s '%s': must be %s", spec->name, text, spec->value);
    *(const char **)at = text;
    return -1;
}

/* --- options --------------------------------------------------------------------------------- */

static void list_options(struct reading *reading)
{
    const struct option_spec *spec;
    char *letter = reading->letters;
    *letter++ = ':'; /* getopt tells a missing value from an unknown option, and says nothing */
    for (size_t i = 0; (spec = command_option(reading->command, i)); i++) {
        bool wants = spec->kind != OPTION_FLAG;
        reading->known[i] = (struct option){spec->name, wants ? required_argument : no_argument,
                                            NULL, LONG_CODE + (int)i};
        if (spec->letter) {
            *letter++ = spec->letter;
            if (wants)
                *letter++ = ':';
        }
    }
}

/* The option's index by getopt's code for it. */
static size_t index_of(const struct reading *reading, int code)
{
    size_t i = 0;
    if (code >= LONG_CODE)
        return (size_t)(code - LONG_CODE);
    while (command_option(reading->command, i)->letter != code)
        i++;
    return i;
}

static int unknown_option(const struct reading *reading, const char *word)
{
    const struct option_spec *spec;
    size_t len = strcspn(word, "=");
    char typed[64];
    if (!(word[0] == '-' && word[1] == '-'))
        return cli_usage(reading->command->name, "'-%c' is no option of it", optopt);
    snprintf(typed, sizeof typed, "%.*s", (int)(len - 2), word + 2);
    struct nearest nearest = {.word = typed};
    for (size_t i = 0; (spec = command_option(reading->command, i)); i++)
        nearest_offer(&nearest, spec->name);
    if (nearest.best)
        return cli_usage(reading->command->name, "'%.*s' is no option of it; did you mean '--%s'?",
                         (int)len, word, nearest.best);
    return cli_usage(reading->command->name, "'%.*s' is no option of it", (int)len, word);
}

/* What getopt refused: ':' for a value that is missing, else '?'. */
static int refuse(const struct reading *reading, int code, const char *word)
{
    const char *name = reading->command->name;
    if (code == ':' && optopt >= LONG_CODE)
        return cli_usage(name, "--%s needs a value", reading->known[optopt - LONG_CODE].name);
    if (code == ':')
        return cli_usage(name, "-%c needs a value", optopt);
    if (optopt >= LONG_CODE)
        return cli_usage(name, "--%s takes no value", reading->known[optopt - LONG_CODE].name);
    return unknown_option(reading, word);
}

/* Those named, and those that are the default. */
static int judge_folders(const struct reading *reading)
{
    const struct command *command = reading->command;
    for (size_t i = 0; i < command->option_count; i++) {
        const struct option_spec *spec = &command->options[i];
        if (spec->kind != OPTION_FOLDER)
            continue;
        const char *path = *(const char **)((char *)reading->into + spec->at);
        if (path && !sources_is_folder(path))
            return cli_usage(command->name, "--%s '%s': no such folder%s", spec->name, path,
                             reading->given[i] ? "" : "; moonmill new makes one to begin with");
    }
    return -1;
}

static int read_options(struct reading *reading, int argc, char **argv)
{
    int code;
    opterr = 0;
    optind = 0; /* glibc: begin anew */
    list_options(reading);
    while ((code = getopt_long(argc, argv, reading->letters, reading->known, NULL)) != -1) {
        int status = code == '?' || code == ':' ? refuse(reading, code, argv[optind - 1])
                                                : take(reading, index_of(reading, code), optarg);
        if (status >= 0)
            return status;
        if (reading->common.help) {
            command_help(reading->command, stdout);
            return CLI_DONE;
        }
    }
    return judge_folders(reading);
}

/* --- operands -------------------------------------------------------------------------------- */

static bool is_choice(const char *operands)
{
    return *operands >= 'a' && *operands <= 'z';
}

/* What an operand is called: "FILE" of "[FILE|-]"; a choice of words is told as it stands. */
static int noun_of(const char *operands, const char **noun)
{
    *noun = operands + (*operands == '[');
    return (int)strcspn(*noun, is_choice(*noun) ? " ]" : " ].|");
}

static int judge_operands(const struct command *command, int count, char **operands)
{
    const char *noun;
    int len = noun_of(command->operands, &noun);
    if (count < command->operands_min)
        return cli_usage(command->name, "which %.*s?", len, noun);
    if (count && !command->operands_max)
        return cli_usage(command->name, "'%s': it takes no names", operands[0]);
    if (command->operands_max >= 0 && count > command->operands_max)
        return cli_usage(command->name, "'%s' is one too many: it takes %s",
                         operands[command->operands_max], command->operands);
    if (is_choice(command->operands) && !is_one_of(operands[0], command->operands))
        return cli_usage(command->name, "'%.*s': must be %s", NAME_MAX_SHOWN, operands[0],
                         command->operands);
    return -1;
}

int command_read(const struct command *command, int argc, char **argv, void *into,
                 struct command_line *line)
{
    struct reading reading = {.command = command, .into = into};
    struct error err = {0};
    int status = read_options(&reading, argc, argv);
    if (status < 0)
        status = judge_operands(command, argc - optind, argv + optind);
    if (status >= 0)
        return status;
    if (reading.common.env_file && !env_file_set(reading.common.env_file, &err))
        return cli_fail(command->name, CLI_INPUT, "--env-file %s", err.text);
    *line = (struct command_line){argv + optind, argc - optind, reading.common.quiet};
    return -1;
}
