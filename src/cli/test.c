#include "test.h"

#include "cli.h"
#include "clock.h"
#include "junit.h"
#include "loop.h"
#include "mem.h"
#include "session.h"
#include "specs.h"
#include "tally.h"

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FLOWS            "flows"
#define LIMIT_DEFAULT_MS 10000
#define LIMIT_MAX_SECS   3600

struct options {
    const char *flows; /* NULL: told by the path */
    const char *filter;
    const char *junit;
    int64_t limit_ms;
    bool tap;
    char **paths;
    int count;
};

struct test {
    const struct options *options;
    struct clock clock;
    struct loop *loop;
    struct tally *tally;
    struct session *session;
    size_t files;
    bool interrupted;
};

/* --- options ---------------------------------------------------------------------------------- */

static int help(void)
{
    puts("usage: moonmill test [OPTIONS] [PATH...]\n\n"
         "Runs *_spec.lua files, in busted's words, in the sandbox that flows run in. A folder is\n"
         "searched; without a path ./flows is. Requests are answered by the spec, waits and\n"
         "retries take no time.\n\n"
         "  --filter PATTERN  only tests whose full name matches the Lua pattern\n"
         "  --flows DIR       where the flows are (./flows, or the path's own folder)\n"
         "  --tap             TAP 13 instead of lines for people\n"
         "  --junit FILE      write JUnit XML as well\n"
         "  --timeout SECS    how long one test may take (10)\n\n"
         "exit: 0 all passed, 1 some failed or none matched, 2 usage, 3 no spec there, or not\n"
         "      readable, 4 the machine refused");
    return CLI_DONE;
}

static bool read_seconds(const char *text, int64_t *ms)
{
    char *end;
    errno = 0;
    long value = strtol(text, &end, 10);
    if (errno || *end || end == text || value < 1 || value > LIMIT_MAX_SECS)
        return false;
    *ms = value * 1000;
    return true;
}

static bool is_folder(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

/* -1: go on; else the exit code. */
static int read_options(int argc, char **argv, struct options *options)
{
    static const struct option known[] = {{"flows", required_argument, NULL, 'd'},
                                          {"filter", required_argument, NULL, 'f'},
                                          {"junit", required_argument, NULL, 'j'},
                                          {"tap", no_argument, NULL, 't'},
                                          {"timeout", required_argument, NULL, 'l'},
                                          {"help", no_argument, NULL, 'h'},
                                          {NULL, 0, NULL, 0}};
    int option;
    opterr = 0;
    while ((option = getopt_long(argc, argv, ":h", known, NULL)) != -1) {
        switch (option) {
        case 'd':
            options->flows = optarg;
            break;
        case 'f':
            options->filter = optarg;
            break;
        case 'j':
            options->junit = optarg;
            break;
        case 't':
            options->tap = true;
            break;
        case 'l':
            if (!read_seconds(optarg, &options->limit_ms))
                return cli_usage("test", "--timeout '%s': must be 1 to %d seconds", optarg,
                                 LIMIT_MAX_SECS);
            break;
        case 'h':
            return help();
        case ':':
            return cli_usage("test", "%s needs a value", argv[optind - 1]);
        default:
            return cli_usage("test", "'%s' is no option of it", argv[optind - 1]);
        }
    }
    if (options->flows && !is_folder(options->flows))
        return cli_usage("test", "--flows '%s': no such folder", options->flows);
    options->paths = argv + optind;
    options->count = argc - optind;
    return -1;
}

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
    if (is_folder(path))
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
    for (size_t i = 0; i < specs->count && !test->interrupted; i++)
        if (!session_run(test->session, specs->paths[i], &err))
            return code_of(&err);
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
    struct session_options options = {flows_dir, test->options->filter, test->options->limit_ms};
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
    const char *no_colour = getenv("NO_COLOR");
    struct tally_style style = {.tap = test->options->tap,
                                .colour = !(no_colour && *no_colour) && isatty(STDOUT_FILENO)};
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

int test_main(int argc, char **argv)
{
    struct options options = {.limit_ms = LIMIT_DEFAULT_MS};
    struct test test = {.options = &options};
    struct error err = {0};
    int code = read_options(argc, argv, &options);
    if (code >= 0)
        return code;
    test.loop = loop_new(&test.clock, &err);
    if (!test.loop)
        return cli_fail("test", CLI_BROKEN, "%s", err.text);
    loop_on_signal(test.loop, on_signal, &test);
    code = run(&test);
    loop_free(test.loop);
    return code;
}
