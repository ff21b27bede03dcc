#include "cli.h"

#include "check.h"
#include "config.h"
#include "doctor.h"
#include "graph.h"
#include "mem.h"
#include "new.h"
#include "replay.h"
#include "script.h"
#include "service.h"
#include "test.h"
#include "version.h"
#include "worker.h"

#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NAME_MAX_SHOWN 40

/* Written by the build (cmake/prelude.cmake) from lua/developer. */
extern const struct prelude_file developer_prelude_files[];

static int runtime_main(int argc, char **argv);

static const struct command {
    const char *name;
    const char *summary;
    int (*main)(int argc, char **argv); /* argv[0] is the command's name */
} commands[] = {
    {"check", "tell what is wrong with flows, before anything runs", check_main},
    {"doctor", "tell what would keep the runtime from its work here", doctor_main},
    {"graph", "draw a flow: text, svg, mermaid or dot", graph_main},
    {"new", "make a folder to begin with: a flow, its test, a job", new_main},
    {"replay", "run the jobs of an SQS event here, against local stand-ins", replay_main},
    {"test", "run the specs that lie beside the flows", test_main},
    {"runtime", "be the runtime, as bootstrap is in Lambda", runtime_main},
};
#define COMMANDS (sizeof commands / sizeof *commands)

/* --- saying ---------------------------------------------------------------------------------- */

static void say(const char *command, const char *format, va_list args)
{
    fprintf(stderr, "moonmill%s%s: ", command ? " " : "", command ? command : "");
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
}

int cli_usage(const char *command, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    say(command, format, args);
    va_end(args);
    fprintf(stderr, "Try: moonmill %s%s--help\n", command ? command : "", command ? " " : "");
    return CLI_USAGE;
}

int cli_fail(const char *command, enum cli_exit code, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    say(command, format, args);
    va_end(args);
    return code;
}

static int help(void)
{
    puts("moonmill " MOONMILL_VERSION ": runs flows, jobs of an SQS queue, in sandboxed Lua\n\n"
         "usage: moonmill COMMAND [OPTIONS]\n\ncommands:");
    for (size_t i = 0; i < COMMANDS; i++)
        printf("  %-10s %s\n", commands[i].name, commands[i].summary);
    puts("\n  moonmill COMMAND --help   what a command takes\n"
         "  moonmill --version");
    return CLI_DONE;
}

/* --- the runtime ----------------------------------------------------------------------------- */

static int runtime_help(void)
{
    puts("usage: moonmill runtime [--offline [--stand-in PORT]]\n\n"
         "Serves the Runtime API at AWS_LAMBDA_RUNTIME_API, set up by the environment, as\n"
         "bootstrap does in Lambda.\n\n"
         "  --offline         flows reach the loopback addresses of EXECUTOR_HTTP_ALLOW and\n"
         "                    nothing else\n"
         "  --stand-in PORT   that port of this machine plays all other hosts");
    return CLI_DONE;
}

/* -1: go on; else the exit code. */
static int read_runtime_options(int argc, char **argv, bool *offline, int *port)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0)
            return runtime_help();
        if (strcmp(argv[i], "--offline") == 0) {
            *offline = true;
        } else if (strcmp(argv[i], "--stand-in") == 0 && i + 1 < argc) {
            char *end;
            long given = strtol(argv[++i], &end, 10);
            if (*end || given < 1 || given > 65535)
                return cli_usage("runtime", "--stand-in '%s': must be a port", argv[i]);
            *port = (int)given;
        } else {
            return cli_usage("runtime", "'%s' is no option of it", argv[i]);
        }
    }
    if (*port && !*offline)
        return cli_usage("runtime", "--stand-in is for --offline");
    return -1;
}

static int runtime_main(int argc, char **argv)
{
    struct config config;
    struct config_warnings warnings;
    bool offline = false;
    int port = 0;
    int code = read_runtime_options(argc, argv, &offline, &port);
    if (code >= 0)
        return code;
    config_read(&config, (const char *const *)environ, &warnings);
    config.http_loopback_only = offline;
    config.http_stand_in_port = port;
    char program[PATH_MAX];
    code = service_run(&config, &warnings, service_own_program(program));
    config_release(&config);
    return code;
}

/* --- finding the command --------------------------------------------------------------------- */

/* How many letters must be added, removed or changed to make one word the other (Levenshtein). */
static size_t distance(const char *a, const char *b)
{
    size_t row[NAME_MAX_SHOWN + 1];
    size_t width = strnlen(b, NAME_MAX_SHOWN);
    for (size_t i = 0; i <= width; i++)
        row[i] = i;
    for (size_t line = 1; a[line - 1] && line <= NAME_MAX_SHOWN; line++) {
        size_t diagonal = row[0];
        row[0] = line;
        for (size_t i = 1; i <= width; i++) {
            size_t changed = diagonal + (a[line - 1] != b[i - 1]);
            size_t shorter = (row[i] < row[i - 1] ? row[i] : row[i - 1]) + 1;
            diagonal = row[i];
            row[i] = changed < shorter ? changed : shorter;
        }
    }
    return row[width];
}

static int unknown(const char *name)
{
    const char *nearest = NULL;
    size_t least = 4; /* further away it is no slip of the finger */
    for (size_t i = 0; i < COMMANDS; i++) {
        size_t far = distance(name, commands[i].name);
        if (far < least) {
            least = far;
            nearest = commands[i].name;
        }
    }
    if (nearest)
        return cli_usage(NULL, "no command '%.*s'; did you mean '%s'?", NAME_MAX_SHOWN, name,
                         nearest);
    return cli_usage(NULL, "no command '%.*s'", NAME_MAX_SHOWN, name);
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], WORKER_ARGUMENT) == 0)
        return worker_main(strtoll(argv[2], NULL, 10), developer_prelude_files);
    service_hold_standard_files();
    if (argc < 2)
        return cli_usage(NULL, "which command?");
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
        strcmp(argv[1], "help") == 0)
        return help();
    if (strcmp(argv[1], "--version") == 0)
        return version_print();
    for (size_t i = 0; i < COMMANDS; i++)
        if (strcmp(argv[1], commands[i].name) == 0)
            return commands[i].main(argc - 1, argv + 1);
    return unknown(argv[1]);
}
