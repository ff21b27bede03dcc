/* command: what `moonmill NAME` takes, as one table: parsing, --help, docs/cli.md and the shells'
 * completion all come from it.
 *
 * Every command takes --help, -q and --env-file besides its own options. */
#ifndef MOONMILL_CLI_COMMAND_H
#define MOONMILL_CLI_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum option_kind {
    OPTION_FLAG,   /* bool: was it given */
    OPTION_TEXT,   /* const char *, as given */
    OPTION_FLOW,   /* const char *, as given; shells offer flows */
    OPTION_FILE,   /* const char *; shells offer files */
    OPTION_FOLDER, /* const char *, of a folder that is there, as is the default's */
    OPTION_NUMBER, /* int64_t, from least to most */
    OPTION_WORD    /* const char *, one of the words in value: "text|svg|dot" */
};

struct option_spec {
    const char *name; /* "flows" for --flows */
    char letter;      /* 'o' for -o, or 0 */
    enum option_kind kind;
    const char *value; /* how help calls it, "DIR"; NULL for a flag */
    const char *help;  /* what it does, without a full stop; the default in brackets at the end */
    size_t at;         /* offsetof the field in the command's options */
    int64_t least, most;
};

struct command {
    const char *name;
    const char *summary;  /* half a line */
    const char *about;    /* what it does, in sentences; help breaks the lines */
    const char *operands; /* "FILE|-", "[PATH...]", ""; words in small letters: one of them */
    int operands_min;
    int operands_max;            /* -1: any number */
    const char *const *examples; /* command lines, NULL last; help begins with them */
    const struct option_spec *options;
    size_t option_count;
    const char *const
        *exits;       /* what each exit status means, by status, NULL: not used; 5 of them */
    const char *json; /* what --json prints, as an example in lines; NULL: it has no --json */
    int (*main)(int argc, char **argv); /* argv[0] is the name */
};
#define COMMAND_EXITS       5
#define COMMAND_OPTIONS_MAX 40 /* the common ones counted */

/* What every command is told besides its own options. */
struct command_line {
    char **operands;
    int count;
    bool quiet; /* -q: results and errors, nothing else */
};

/* Reads the options into the fields of `into`, which hold the defaults, and sets the environment
 * from --env-file. -1: go on; else the exit status, and what is wrong was said. An option with a
 * value may be given once; options and operands in any order; -- ends the options. */
int command_read(const struct command *command, int argc, char **argv, void *into,
                 struct command_line *line);

/* The options from 0: the command's own, then the common ones; NULL after the last. */
const struct option_spec *command_option(const struct command *command, size_t index);

/* What an exit status means, or NULL: it is not used. Any command may end with 3, for --env-file.
 */
const char *command_exit(const struct command *command, int status);

/* The command of that name, or NULL. */
const struct command *command_named(const char *name);
/* Says that there is no command of that name, and the nearest; returns the exit status. */
int command_unknown(const char *name);

/* All of them, NULL last, in the order of `moonmill --help`. */
extern const struct command *const all_commands[];

#endif
