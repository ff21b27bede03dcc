#include "completion.h"

#include "cli.h"
#include "specs.h"

#include <ctype.h>
#include <stddef.h>
#include <string.h>

#define PLAIN "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-"

/* --- what a table says of an operand --------------------------------------------------------- */

/* What completes an operand, told by how help calls it: "[DIR]" folders, "FILE|-" and "[PATH...]"
 * files, "FLOW" flows and files, "COMMAND" the commands, small letters the words themselves. */
enum operand {
    OPERAND_NONE,
    OPERAND_FILES,
    OPERAND_FOLDERS,
    OPERAND_FLOWS,
    OPERAND_COMMANDS,
    OPERAND_WORDS
};

static enum operand operand_of(const struct command *command)
{
    const char *name = command->operands + (*command->operands == '[');
    if (!*name)
        return OPERAND_NONE;
    if (islower((unsigned char)*name))
        return OPERAND_WORDS;
    if (strncmp(name, "DIR", 3) == 0)
        return OPERAND_FOLDERS;
    if (strncmp(name, "FLOW", 4) == 0)
        return OPERAND_FLOWS;
    return strncmp(name, "COMMAND", 7) == 0 ? OPERAND_COMMANDS : OPERAND_FILES;
}

/* "text|svg|dot" as "text svg dot", without brackets. */
static void put_words(const char *words)
{
    for (const char *c = words; *c; c++)
        if (*c != '[' && *c != ']')
            putchar(*c == '|' ? ' ' : *c);
}

static void put_commands(void)
{
    for (size_t i = 0; all_commands[i]; i++)
        printf("%s%s", i ? " " : "", all_commands[i]->name);
}

static void put_operand_words(const struct command *command)
{
    if (operand_of(command) == OPERAND_COMMANDS)
        put_commands();
    else
        put_words(command->operands);
}

/* Text within '...'; each of these characters after a backslash. */
static void put_quoted(const char *text, const char *special)
{
    for (const char *c = text; *c; c++) {
        if (strchr(special, *c))
            putchar('\\');
        fputs(*c == '\'' ? "'\\''" : (char[]){*c, '\0'}, stdout);
    }
}

/* --- bash ------------------------------------------------------------------------------------ */

static const char bash_begin[] =
    "# moonmill in bash: source <(moonmill completion bash)\n"
    "_moonmill_flows() { # the names of the flows in the folder that the line names, or in "
    "./flows\n"
    "    local i folder=flows\n"
    "    for ((i = 1; i < COMP_CWORD; i++)); do\n"
    "        [ \"${COMP_WORDS[i]}\" = --flows ] || continue\n"
    "        folder=${COMP_WORDS[i + 1]}\n"
    "        [ \"$folder\" = = ] && folder=${COMP_WORDS[i + 2]}\n"
    "    done\n"
    "    \"${COMP_WORDS[0]}\" completion flows --flows \"$folder\" 2>/dev/null\n"
    "}\n"
    "_moonmill_offer() { # KIND [WORDS]: words, files, folders, flows that begin as the word at "
    "hand\n"
    "    local IFS=$'\\n' name\n"
    "    case $1 in\n"
    "    words) IFS=$' \\n'; COMPREPLY=($(compgen -W \"$2\" -- \"$cur\")) ;;\n"
    "    files) compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -f -- \"$cur\")) ;;\n"
    "    flows)\n"
    "        while read -r name; do\n"
    "            [[ $name == \"$cur\"* ]] && COMPREPLY+=(\"$name\")\n"
    "        done < <(_moonmill_flows)\n"
    "        ;;\n"
    "    folders) compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -d -- \"$cur\")) ;;\n"
    "    esac\n"
    "}\n"
    "_moonmill() {\n"
    "    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}\n"
    "    local command=${COMP_WORDS[1]}\n"
    "    COMPREPLY=()\n"
    "    if [ \"$cur\" = = ]; then # --option=\n"
    "        cur=\n"
    "    elif [ \"$prev\" = = ]; then\n"
    "        prev=${COMP_WORDS[COMP_CWORD - 2]}\n"
    "    fi\n"
    "    if [ \"$COMP_CWORD\" -eq 1 ]; then\n";

static void put_bash_kind(const struct option_spec *spec)
{
    switch (spec->kind) {
    case OPTION_FILE:
        fputs("_moonmill_offer files", stdout);
        break;
    case OPTION_FOLDER:
        fputs("_moonmill_offer folders", stdout);
        break;
    case OPTION_FLOW:
        fputs("_moonmill_offer flows", stdout);
        break;
    case OPTION_WORD:
        fputs("_moonmill_offer words '", stdout);
        put_words(spec->value);
        putchar('\'');
        break;
    default:
        fputs(":", stdout);
    }
}

static void put_bash_values(const struct command *command)
{
    const struct option_spec *spec;
    for (size_t i = 0; (spec = command_option(command, i)); i++) {
        if (spec->kind == OPTION_FLAG)
            continue;
        printf("    '%s --%s'", command->name, spec->name);
        if (spec->letter)
            printf(" | '%s -%c'", command->name, spec->letter);
        fputs(") ", stdout);
        put_bash_kind(spec);
        fputs("; return ;;\n", stdout);
    }
}

static void put_bash_command(const struct command *command)
{
    static const char *const bash_operands[OPERAND_WORDS + 1] = {
        [OPERAND_FILES] = "files",
        [OPERAND_FOLDERS] = "folders",
        [OPERAND_FLOWS] = "files; _moonmill_offer flows"};
    const struct option_spec *spec;
    printf("    '%s -'*) _moonmill_offer words '", command->name);
    for (size_t i = 0; (spec = command_option(command, i)); i++)
        printf("%s--%s", i ? " " : "", spec->name);
    fputs("' ;;\n", stdout);
    enum operand operand = operand_of(command);
    if (operand == OPERAND_NONE)
        return;
    printf("    '%s '*) _moonmill_offer ", command->name);
    if (bash_operands[operand]) {
        fputs(bash_operands[operand], stdout);
    } else {
        fputs("words '", stdout);
        put_operand_words(command);
        putchar('\'');
    }
    fputs(" ;;\n", stdout);
}

static void write_bash(void)
{
    fputs(bash_begin, stdout);
    fputs("        _moonmill_offer words '", stdout);
    put_commands();
    fputs(" --help --version'\n        return\n    fi\n    case \"$command $prev\" in\n", stdout);
    for (size_t i = 0; all_commands[i]; i++)
        put_bash_values(all_commands[i]);
    fputs("    esac\n    case \"$command $cur\" in\n", stdout);
    for (size_t i = 0; all_commands[i]; i++)
        put_bash_command(all_commands[i]);
    fputs("    esac\n}\ncomplete -F _moonmill moonmill\n", stdout);
}

/* --- zsh ------------------------------------------------------------------------------------- */

static const char *zsh_action(const struct option_spec *spec)
{
    switch (spec->kind) {
    case OPTION_FILE:
        return "_files";
    case OPTION_FOLDER:
        return "_files -/";
    case OPTION_FLOW:
        return "_moonmill_flows";
    default:
        return "";
    }
}

static void put_zsh_option(const struct option_spec *spec)
{
    fputs(" \\\n            ", stdout);
    if (spec->letter)
        printf("'(-%c --%s)'{-%c,--%s}", spec->letter, spec->name, spec->letter, spec->name);
    else
        printf("'--%s'", spec->name);
    fputs("'[", stdout);
    put_quoted(spec->help, "[]\\:");
    putchar(']');
    if (spec->kind == OPTION_WORD) {
        printf(":%s:(", spec->name);
        put_words(spec->value);
        putchar(')');
    } else if (spec->kind != OPTION_FLAG) {
        printf(":%s:%s", spec->name, zsh_action(spec));
    }
    putchar('\'');
}

static void put_zsh_operand(const struct command *command)
{
    static const char *const actions[OPERAND_WORDS + 1] = {[OPERAND_FILES] = "_files",
                                                           [OPERAND_FOLDERS] = "_files -/",
                                                           [OPERAND_FLOWS] =
                                                               "{_moonmill_flows; _files}"};
    enum operand operand = operand_of(command);
    if (operand == OPERAND_NONE)
        return;
    printf(" \\\n            '%s:operand:", command->operands_max < 0 ? "*" : "");
    if (actions[operand]) {
        fputs(actions[operand], stdout);
    } else {
        putchar('(');
        put_operand_words(command);
        putchar(')');
    }
    putchar('\'');
}

static void write_zsh(void)
{
    const struct option_spec *spec;
    fputs("#compdef moonmill\n# moonmill in zsh: source <(moonmill completion zsh)\n"
          "_moonmill_flows() { # of the folder that the line names, or of ./flows\n"
          "    compadd -- ${(f)\"$($program completion flows --flows"
          " ${opt_args[--flows]:-flows} 2>/dev/null)\"}\n}\n"
          "_moonmill() {\n    local program=$words[1]\n    local -a commands=(\n",
          stdout);
    for (size_t i = 0; all_commands[i]; i++) {
        printf("        '%s:", all_commands[i]->name);
        put_quoted(all_commands[i]->summary, ":\\");
        fputs("'\n", stdout);
    }
    fputs("    )\n    if (( CURRENT == 2 )); then\n        _describe command commands\n"
          "        return\n    fi\n    shift words\n    (( CURRENT-- ))\n    case $words[1] in\n",
          stdout);
    for (size_t i = 0; all_commands[i]; i++) {
        printf("    %s)\n        _arguments -S", all_commands[i]->name);
        for (size_t j = 0; (spec = command_option(all_commands[i], j)); j++)
            put_zsh_option(spec);
        put_zsh_operand(all_commands[i]);
        fputs(" ;;\n", stdout);
    }
    fputs("    esac\n}\nif [[ $funcstack[1] == _moonmill ]]; then\n    _moonmill \"$@\"\nelse\n"
          "    compdef _moonmill moonmill\nfi\n",
          stdout);
}

/* --- fish ------------------------------------------------------------------------------------ */

static void put_fish_option(const struct command *command, const struct option_spec *spec)
{
    printf("complete -c moonmill -n '__fish_seen_subcommand_from %s' -l %s", command->name,
           spec->name);
    if (spec->letter)
        printf(" -s %c", spec->letter);
    if (spec->kind == OPTION_FILE) {
        fputs(" -r -F", stdout);
    } else if (spec->kind == OPTION_FOLDER) {
        fputs(" -x -a '(__fish_complete_directories)'", stdout);
    } else if (spec->kind == OPTION_FLOW) {
        fputs(" -x -a '(__moonmill_flows)'", stdout);
    } else if (spec->kind == OPTION_WORD) {
        fputs(" -x -a '", stdout);
        put_words(spec->value);
        putchar('\'');
    } else if (spec->kind != OPTION_FLAG) {
        fputs(" -x", stdout);
    }
    fputs(" -d '", stdout);
    for (const char *c = spec->help; *c; c++) /* fish takes \' and \\ within quotes */
        printf(*c == '\'' || *c == '\\' ? "\\%c" : "%c", *c);
    fputs("'\n", stdout);
}

static void put_fish_operand(const struct command *command)
{
    enum operand operand = operand_of(command);
    if (operand == OPERAND_NONE)
        return;
    printf("complete -c moonmill -n '__fish_seen_subcommand_from %s' ", command->name);
    if (operand == OPERAND_FILES) {
        fputs("-F\n", stdout);
    } else if (operand == OPERAND_FOLDERS) {
        fputs("-a '(__fish_complete_directories)'\n", stdout);
    } else if (operand == OPERAND_FLOWS) {
        fputs("-F -a '(__moonmill_flows)'\n", stdout);
    } else {
        fputs("-a '", stdout);
        put_operand_words(command);
        fputs("'\n", stdout);
    }
}

static void write_fish(void)
{
    const struct option_spec *spec;
    fputs("# moonmill in fish: moonmill completion fish | source\n"
          "function __moonmill_flows # of the folder that the line names, or of ./flows\n"
          "    set -l words (string split -m 1 -- = (commandline -opc))\n"
          "    set -l at (contains -i -- --flows $words)\n"
          "    and set -l folder $words[(math $at + 1)]\n"
          "    or set -l folder flows\n"
          "    $words[1] completion flows --flows $folder 2>/dev/null\n"
          "end\n"
          "complete -c moonmill -f\n",
          stdout);
    for (size_t i = 0; all_commands[i]; i++) {
        const struct command *command = all_commands[i];
        printf("complete -c moonmill -n __fish_use_subcommand -a %s -d '", command->name);
        put_quoted(command->summary, "");
        fputs("'\n", stdout);
        for (size_t j = 0; (spec = command_option(command, j)); j++)
            put_fish_option(command, spec);
        put_fish_operand(command);
    }
}

/* --- the command ----------------------------------------------------------------------------- */

static int completion_main(int argc, char **argv);

struct options {
    const char *flows; /* NULL: ./flows */
};

static const char *const completion_examples[] = {
    "source <(moonmill completion bash)",
    "moonmill completion bash > ~/.local/share/bash-completion/completions/moonmill",
    "moonmill completion zsh > ~/.zfunc/_moonmill",
    "moonmill completion fish > ~/.config/fish/completions/moonmill.fish", NULL};

static const struct option_spec completion_options[] = {
    {.name = "flows",
     .kind = OPTION_FOLDER,
     .value = "DIR",
     .help = "where the flows are (flows)",
     .at = offsetof(struct options, flows)},
};

static const char *const completion_exits[COMMAND_EXITS] = {"written", NULL, "wrong use", NULL,
                                                            NULL};

const struct command completion_command = {
    .name = "completion",
    .summary = "write what a shell needs to complete commands and options",
    .about = "Writes a script for the shell that completes commands, options, their values, flows, "
             "files and folders; or the names of the flows, a line each, as that script asks for "
             "them.",
    .operands = "bash|zsh|fish|flows",
    .operands_min = 1,
    .operands_max = 1,
    .examples = completion_examples,
    .options = completion_options,
    .option_count = sizeof completion_options / sizeof *completion_options,
    .exits = completion_exits,
    .main = completion_main};

static void write_flows(const char *folder)
{
    struct specs flows = {0};
    specs_flows(&flows, folder);
    for (size_t i = 0; i < flows.count; i++)
        if (flows.paths[i][strspn(flows.paths[i], PLAIN)] == '\0') /* nothing that wants quotes */
            puts(flows.paths[i]);
    specs_release(&flows);
}

static int completion_main(int argc, char **argv)
{
    struct options options = {NULL};
    struct command_line line;
    int code = command_read(&completion_command, argc, argv, &options, &line);
    if (code >= 0)
        return code;
    const char *shell = line.operands[0];
    if (strcmp(shell, "bash") == 0)
        write_bash();
    else if (strcmp(shell, "zsh") == 0)
        write_zsh();
    else if (strcmp(shell, "fish") == 0)
        write_fish();
    else
        write_flows(options.flows ? options.flows : "flows");
    return CLI_DONE;
}
