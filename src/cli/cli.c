#include "cli.h"

#include "check.h"
#include "command.h"
#include "completion.h"
#include "config.h"
#include "doctor.h"
#include "event.h"
#include "graph.h"
#include "help.h"
#include "invoke.h"
#include "manual.h"
#include "mem.h"
#include "new.h"
#include "receiver.h"
#include "replay.h"
#include "schema.h"
#include "script.h"
#include "service.h"
#include "terminal.h"
#include "test.h"
#include "version.h"
#include "watch.h"
#include "worker.h"

#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MESSAGE_SIZE 4096

/* Written by the build (cmake/prelude.cmake) from lua/developer. */
extern const struct prelude_file developer_prelude_files[];

extern const struct command runtime_command;

/* clang-format off */
const struct command *const all_commands[] = {
    &check_command,
    &completion_command,
    &doctor_command,
    &event_command,
    &graph_command,
    &help_command,
    &invoke_command,
    &new_command,
    &replay_command,
    &schema_command,
    &sink_command,
    &test_command,
    &watch_command,
    &runtime_command,
    NULL,
};
/* clang-format on */

/* --- saying ---------------------------------------------------------------------------------- */

/* A message in one line; it may hold words of files and of the command line. */
static void say(const char *command, const char *format, va_list args)
{
    char text[MESSAGE_SIZE];
    vsnprintf(text, sizeof text, format, args);
    fprintf(stderr, "moonmill%s%s: ", command ? " " : "", command ? command : "");
    terminal_put(stderr, span_of(text), sizeof text);
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

/* --- the runtime ----------------------------------------------------------------------------- */

struct runtime_options {
    bool offline;
    int64_t stand_in; /* a port, or 0 */
    bool all_hosts;
    bool skip_waits;
};

static int runtime_main(int argc, char **argv)
{
    struct config config;
    struct config_warnings warnings;
    struct runtime_options options = {0};
    struct command_line line;
    int code = command_read(&runtime_command, argc, argv, &options, &line);
    if (code >= 0)
        return code;
    if (options.all_hosts && !options.stand_in)
        return cli_usage("runtime", "--all-hosts is for --stand-in");
    config_read(&config, (const char *const *)environ, &warnings);
    config.http_loopback_only = options.offline;
    config.http_stand_in_port = (int)options.stand_in;
    config.http_stand_in_all = options.all_hosts;
    config.skip_waits = options.skip_waits;
    char program[PATH_MAX];
    code = service_run(&config, &warnings, service_own_program(program));
    config_release(&config);
    return code;
}

static const char *const runtime_examples[] = {
    "AWS_LAMBDA_RUNTIME_API=127.0.0.1:9001 moonmill runtime --env-file local.env", NULL};

static const struct option_spec runtime_options[] = {
    {.name = "offline",
     .help = "flows reach the loopback addresses of EXECUTOR_HTTP_ALLOW and nothing else",
     .at = offsetof(struct runtime_options, offline)},
    {.name = "stand-in",
     .kind = OPTION_NUMBER,
     .value = "PORT",
     .help = "that port of this machine plays all other hosts",
     .at = offsetof(struct runtime_options, stand_in),
     .least = 1,
     .most = 65535},
    {.name = "all-hosts",
     .help = "and the other ports of this machine as well",
     .at = offsetof(struct runtime_options, all_hosts)},
    {.name = "skip-waits",
     .help = "waits and pauses of flows take no time: their clock is turned",
     .at = offsetof(struct runtime_options, skip_waits)},
};

static const char *const runtime_exits[COMMAND_EXITS] = {"it was told to end", "it cannot go on",
                                                         "wrong use", NULL, NULL};

const struct command runtime_command = {
    .name = "runtime",
    .summary = "be the runtime, as bootstrap is in Lambda",
    .about = "Serves the Runtime API at AWS_LAMBDA_RUNTIME_API, set up by the environment, as "
             "bootstrap does in Lambda.",
    .operands = "",
    .examples = runtime_examples,
    .options = runtime_options,
    .option_count = sizeof runtime_options / sizeof *runtime_options,
    .exits = runtime_exits,
    .main = runtime_main};

/* --- finding the command --------------------------------------------------------------------- */

/* The exit status, if all that was printed is where it should be. */
static int close_output(int code)
{
    bool lost = ferror(stdout);
    lost = fflush(stdout) != 0 || lost;
    return lost && code == CLI_DONE
               ? cli_fail(NULL, CLI_BROKEN, "standard output could not be written to its end")
               : code;
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], WORKER_ARGUMENT) == 0)
        return worker_main(strtoll(argv[2], NULL, 10), developer_prelude_files);
    service_hold_standard_files();
    if (argc < 2)
        return cli_usage(NULL, "which command?");
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        manual_contents(stdout);
        return close_output(CLI_DONE);
    }
    if (strcmp(argv[1], "--version") == 0)
        return close_output(version_print());
    const struct command *command = command_named(argv[1]);
    return command ? close_output(command->main(argc - 1, argv + 1)) : command_unknown(argv[1]);
}
