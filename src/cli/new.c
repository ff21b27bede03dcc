#include "new.h"

#include "cli.h"
#include "embedded.h"
#include "guest.h"
#include "json.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LIBRARY           "lua/library/moonmill.lua"
#define LIBRARY_MAX       (1024 * 1024)
#define ANNOTATE_LIMIT_MS 30000

struct options {
    bool json, quiet;
};

static int new_main(int argc, char **argv);

static const char *const new_examples[] = {"moonmill new shop", "cd shop && moonmill new", NULL};

static const struct option_spec new_options[] = {
    {.name = "json", .help = "one JSON document", .at = offsetof(struct options, json)},
};

static const char *const new_exits[COMMAND_EXITS] = {
    "made", NULL, "wrong use", "a file cannot be written", "it could not be done"};

const struct command new_command = {
    .name = "new",
    .summary = "make a folder to begin with: a flow, its test, a job",
    .about = "Makes a folder to begin with (. unless given): a flow, its test, a job to replay, "
             "and what editors, luacheck and StyLua need to know. Files that are there are kept.",
    .operands = "[DIR]",
    .operands_max = 1,
    .examples = new_examples,
    .options = new_options,
    .option_count = sizeof new_options / sizeof *new_options,
    .exits = new_exits,
    .json = "{\"folder\":\"shop\",\"files\":[{\"path\":\"flows/refund.lua\",\"made\":true}]}",
    .main = new_main};

/* --- writing --------------------------------------------------------------------------------- */

/* Makes the folders that path, a file's, needs; true as well when they are there. */
static bool make_folders(char *path)
{
    for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        bool made = mkdir(path, 0777) == 0 || errno == EEXIST;
        *slash = '/';
        if (!made)
            return false;
    }
    return true;
}

static bool write_all(int fd, struct span bytes)
{
    while (bytes.len > 0) {
        ssize_t n = write(fd, bytes.at, bytes.len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return false;
        bytes.at += n;
        bytes.len -= (size_t)n;
    }
    return true;
}

/* Writes a new file; one that is there, whatever it is, is kept: *made says which. */
static bool write_new(const char *dir, const char *name, struct span bytes, bool *made)
{
    char path[PATH_MAX];
    if (snprintf(path, sizeof path, "%s/%s", dir, name) >= (int)sizeof path) {
        errno = ENAMETOOLONG;
        return false;
    }
    if (!make_folders(path))
        return false;
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    *made = fd >= 0;
    if (fd < 0)
        return errno == EEXIST;
    bool written = write_all(fd, bytes);
    int why = errno;
    if (close(fd) != 0 && written) {
        written = false;
        why = errno;
    }
    if (!written)
        unlink(path); /* half a file would be kept next time */
    errno = why;
    return written;
}

/* --- the annotations ------------------------------------------------------------------------- */

/* Asks a worker for the text: the prelude knows what it takes. */
static bool annotate(struct guest *guest, struct buffer *text, struct error *err)
{
    struct span description;
    struct wire_outcome outcome;
    struct guest_load load = {
        .name = span_of(LIBRARY),
        .source = span_of(""),
        .context = span_of("{\"run\":{\"id\":\"new\",\"app\":\"\",\"flow\":\"\",\"version\":\"\","
                           "\"user\":\"\"},\"entry\":\"start\",\"stream_state\":false,"
                           "\"role\":\"annotate\"}"),
        .memory_limit_bytes = GUEST_MEMORY_MAX};
    if (!guest_load(guest, &load, &description, err) ||
        !guest_run(guest, NULL, ANNOTATE_LIMIT_MS, &outcome, err))
        return false;
    if (!outcome.completed)
        return error_set(err, ERROR_SYSTEM, "%.*s", (int)outcome.message.len, outcome.message.at);
    return json_check(outcome.output, err) && json_decode(outcome.output, text, err);
}

static bool make_library(struct buffer *text, struct error *err)
{
    struct guest *guest = guest_open(NULL, err);
    bool made = guest && annotate(guest, text, err);
    guest_close(guest);
    return made;
}

/* --- the command ----------------------------------------------------------------------------- */

#define PLAIN "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./-"

/* As a shell takes it for one word. */
static void print_word(const char *word)
{
    bool plain = word[strspn(word, PLAIN)] == '\0';
    fputs(plain ? "" : "'", stdout);
    for (const char *c = word; *c; c++)
        *c == '\'' ? fputs("'\\''", stdout) : putchar(*c);
    fputs(plain ? "" : "'", stdout);
}

/* A document that was begun is ended: it lists what was made. */
static int cannot_write(const struct options *options, const char *dir, const char *name)
{
    int why = errno;
    if (options->json)
        puts("]}");
    errno = why;
    return cli_fail("new", CLI_INPUT, "%s/%s: cannot be written: %s", dir, name, strerror(errno));
}

static void put_json_string(const char *text)
{
    struct buffer quoted;
    buffer_init(&quoted, 6 * PATH_MAX + 2);
    json_put_string(&quoted, json_is_utf8(span_of(text)) ? span_of(text) : span_of("?"));
    printf("%.*s", (int)quoted.len, quoted.data);
    buffer_release(&quoted);
}

static void tell_folder(const struct options *options, const char *dir)
{
    if (options->json) {
        fputs("{\"folder\":", stdout);
        put_json_string(dir);
        fputs(",\"files\":[", stdout);
    } else if (!options->quiet) {
        printf("%s:\n", dir);
    }
}

static void tell_file(const struct options *options, const char *name, bool made, bool first)
{
    if (options->json) {
        fputs(first ? "{\"path\":" : ",{\"path\":", stdout);
        put_json_string(name);
        printf(",\"made\":%s}", made ? "true" : "false");
    } else if (!options->quiet) {
        printf("  %s  %s\n", made ? "made" : "kept", name);
    }
}

static void tell_end(const struct options *options, const char *dir)
{
    if (options->json)
        puts("]}");
    if (options->json || options->quiet)
        return;
    puts("next:");
    if (strcmp(dir, ".") != 0) {
        fputs("  cd ", stdout);
        print_word(dir);
        putchar('\n');
    }
    puts("  moonmill check flows\n"
         "  moonmill test flows\n"
         "  moonmill replay --answers fixtures/answers.json fixtures/refund.json\n"
         "  moonmill watch --rerun --answers fixtures/answers.json");
}

static int write_files(const struct options *options, const char *dir, struct span library)
{
    bool made;
    tell_folder(options, dir);
    for (const struct embedded_file *file = new_files; file->path; file++) {
        struct span bytes = {(const char *)file->bytes, file->len};
        if (!write_new(dir, file->path, bytes, &made))
            return cannot_write(options, dir, file->path);
        tell_file(options, file->path, made, file == new_files);
    }
    if (!write_new(dir, LIBRARY, library, &made))
        return cannot_write(options, dir, LIBRARY);
    tell_file(options, LIBRARY, made, false);
    tell_end(options, dir);
    return CLI_DONE;
}

static int new_main(int argc, char **argv)
{
    struct options options = {0};
    struct command_line line;
    int code = command_read(&new_command, argc, argv, &options, &line);
    if (code >= 0)
        return code;
    options.quiet = line.quiet;
    const char *dir = line.count ? line.operands[0] : ".";
    if (!*dir)
        return cli_usage("new", "'' is no folder");
    struct error err = {0};
    struct buffer library;
    buffer_init(&library, LIBRARY_MAX);
    code = make_library(&library, &err)
               ? write_files(&options, dir, buffer_span(&library))
               : cli_fail("new", CLI_BROKEN, "the annotations: %s", err.text);
    buffer_release(&library);
    return code;
}
