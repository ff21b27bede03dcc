#include "test.h"

#include "cli.h"
#include "clock.h"
#include "junit.h"
#include "loop.h"
#include "mem.h"
#include "progress.h"
#include "session.h"
#include "sources.h"
#include "specs.h"
#include "tally.h"
#include "terminal.h"
#include "test_document.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FLOWS              "flows"
#define LIMIT_DEFAULT_SECS 10
#define LIMIT_MAX_SECS     3600

struct options {
    const char *flows; /* NULL: told by the path */
    const char *filter;
    const char *junit;
    int64_t timeout; /* seconds, of one test */
    bool tap, json;
    char **paths;
    int count;
};

struct test {
    const struct options *options;
    struct clock clock;
    struct loop *loop;
    struct tally *tally;
    struct session *session;
    struct progress progress;
    size_t files;
    bool interrupted;
};

/* --- options ---------------------------------------------------------------------------------- */

static int test_main(int argc, char **argv);

static const char *const test_examples[] = {
    "moonmill test", "moonmill test flows/refund_spec.lua",
    "moonmill test --filter 'tries again' --junit report.xml", NULL};

static const struct option_spec test_options[] = {
    {.name = "filter",
     .kind = OPTION_TEXT,
     .value = "PATTERN",
     .help = "only tests whose full name matches the Lua pattern",
     .at = offsetof(struct options, filter)},
    {.name = "flows",
     .kind = OPTION_FOLDER,
     .value = "DIR",
     .help = "where the flows are (./flows, or the path's own folder)",
     .at = offsetof(struct options, flows)},
    {.name = "tap",
     .help = "TAP 13 instead of lines for people",
     .at = offsetof(struct options, tap)},
    {.name = "json",
     .help = "one JSON document instead of lines",
     .at = offsetof(struct options, json)},
    {.name = "junit",
     .kind = OPTION_FILE,
     .value = "FILE",
     .help = "write JUnit XML as well",
     .at = offsetof(struct options, junit)},
    {.name = "timeout",
     .kind = OPTION_NUMBER,
     .value = "SECS",
     .help = "how long one test may take (10)",
     .at = offsetof(struct options, timeout),
     .least = 1,
     .most = LIMIT_MAX_SECS},
};

static const char *const test_exits[COMMAND_EXITS] = {"all passed", "some failed, or none matched",
                                                      "wrong use", "no spec there, or not readable",
                                                      "the machine refused"};

const struct command test_command = {
    .name = "test",
    .summary = "run the specs that lie beside the flows",
    .about = "Runs *_spec.lua files, in busted's words, in the sandbox that flows run in. A folder "
             "is searched; without a path ./flows is. Requests are answered by the spec, waits and "
             "retries take no time.",
    .operands = "[PATH...]",
    .operands_max = -1,
    .examples = test_examples,
    .options = test_options,
    .option_count = sizeof test_options / sizeof *test_options,
    .exits = test_exits,
    .json = "{\"tests\":[{\"spec\":\"flows/order_spec.lua\",\"blocks\":[\"order\"],\n"
            "  \"name\":\"adds up the lines\",\"status\":\"passed\",\"durationMs\":4,\n"
            "  \"file\":\"flows/order_spec.lua\",\"line\":3,\"message\":null}],\n"
            " \"passed\":1,\"failed\":0,\"pending\":0,\"durationMs\":9}",
    .main = test_main};

/* --- where the flows are ---------------------------------------------------------------------- */

/* True when path lies in dir, or is it. */
static bool lies_in(const char *path, const char *dir)
{
    char inner[PATH_MAX], outer[PATH_MAX];
    if (!realpath(path, inner) || !realpath(dir, outer))
        return false;
    size_t len = strlen(outer);
    return strncmp(inner, outer, len) == 0 && (inner[len] == '/' || inner[len] == '\0');
}

/* The folder of a spec file, or the folder itself, where ./flows is not around it. */
static void tell_flows_dir(const struct options *options, const char *path, char dir[PATH_MAX])
{
    if (options->flows || lies_in(path, FLOWS)) {
        snprintf(dir, PATH_MAX, "%s", options->flows ? options->flows : FLOWS);
        return;
    }
    snprintf(dir, PATH_MAX, "%s", path);
    if (sources_is_folder(path))
        return;
    char *slash = strrchr(dir, '/');
    if (slash && slash != dir)
        *slash = '\0';
    else
        snprintf(dir, PATH_MAX, "%s", slash ? "/" : ".");
}

/* --- running ---------------------------------------------------------------------------------- */

static void on_signal(void *arg, int signal)
{
    struct test *test = arg;
    (void)signal;
    test->interrupted = true;
    if (test->session)
        session_interrupt(test->session);
}

static int code_of(const struct error *err)
{
    switch (err->kind) {
    case ERROR_INPUT:
        return cli_usage("test", "%s", err->text);
    case ERROR_MISSING:
        return cli_fail("test", CLI_INPUT, "%s", err->text);
    case ERROR_UNAVAILABLE:
        return CLI_INTERRUPTED;
    default:
        return cli_fail("test", CLI_BROKEN, "%s", err->text);
    }
}

static int run_files(struct test *test, const struct specs *specs)
{
    struct error err = {0};
    for (size_t i = 0; i < specs->count && !test->interrupted; i++) {
        progress_say(&test->progress, specs->paths[i], (int64_t)i + 1, (int64_t)specs->count);
        bool run = session_run(test->session, specs->paths[i], &err);
        progress_clear(&test->progress);
        if (!run)
            return code_of(&err);
    }
    test->files += specs->count;
    return test->interrupted ? CLI_INTERRUPTED : CLI_DONE;
}

static int run_path(struct test *test, const char *path)
{
    struct error err = {0};
    struct specs specs = {0};
    char flows_dir[PATH_MAX];
    if (!specs_find(&specs, path, &err))
        return code_of(&err);
    tell_flows_dir(test->options, path, flows_dir);
    struct session_options options = {flows_dir, test->options->filter,
                                      test->options->timeout * 1000};
    test->session = session_open(test->loop, &options, test->tally, &err);
    int code = test->session ? run_files(test, &specs) : code_of(&err);
    session_close(test->session);
    test->session = NULL;
    specs_release(&specs);
    return code;
}

static int run_paths(struct test *test)
{
    static char *usual[] = {FLOWS};
    const struct options *options = test->options;
    char *own[] = {(char *)options->flows};
    char **paths = options->count ? options->paths : options->flows ? own : usual;
    int count = options->count ? options->count : 1;
    int code = CLI_DONE;
    for (int i = 0; i < count && code == CLI_DONE; i++)
        code = run_path(test, paths[i]);
    if (code == CLI_DONE && !test->files)
        return cli_fail("test", CLI_INPUT, "%s: no *_spec.lua there", paths[0]);
    return code;
}

/* --- the end ---------------------------------------------------------------------------------- */

static int finish(const struct test *test, int64_t ms)
{
    struct error err = {0};
    size_t count;
    tally_end(test->tally, ms);
    if (test->options->json)
        test_document_write(stdout, test->tally, ms);
    tally_tests(test->tally, &count);
    if (test->options->junit && !junit_write(test->options->junit, test->tally, &err))
        return cli_fail("test", CLI_INPUT, "--junit %s", err.text);
    if (!count && test->options->filter)
        return cli_fail("test", CLI_FAILED, "no test's name matches --filter '%s'",
                        test->options->filter);
    if (!count)
        return cli_fail("test", CLI_FAILED, "the specs hold no test");
    return tally_count(test->tally, TALLY_FAILED) ? CLI_FAILED : CLI_DONE;
}

static int run(struct test *test)
{
    struct tally_style style = {.tap = test->options->tap,
                                .silent = test->options->json,
                                .colour = terminal_colours(STDOUT_FILENO)};
    int64_t started_ms = loop_mono_ms(test->loop);
    test->tally = tally_new(&style);
    int code = run_paths(test);
    if (code == CLI_DONE)
        code = finish(test, loop_mono_ms(test->loop) - started_ms);
    else
        tally_abandon(test->tally);
    tally_free(test->tally);
    return code;
}

static int test_main(int argc, char **argv)
{
    struct options options = {.timeout = LIMIT_DEFAULT_SECS};
    struct test test = {.options = &options};
    struct error err = {0};
    struct command_line line;
    int code = command_read(&test_command, argc, argv, &options, &line);
    if (code >= 0)
        return code;
    if (options.json && options.tap)
        return cli_usage("test", "--json and --tap: one of them");
    /* lines of tests on a terminal say themselves how far it is */
    progress_begin(&test.progress, line.quiet || (!options.json && isatty(STDOUT_FILENO)));
    options.paths = line.operands;
    options.count = line.count;
    test.loop = loop_new(&test.clock, &err);
    if (!test.loop)
        return cli_fail("test", CLI_BROKEN, "%s", err.text);
    loop_on_signal(test.loop, on_signal, &test);
    code = run(&test);
    loop_free(test.loop);
    return code;
}
