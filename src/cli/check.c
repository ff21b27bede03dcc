#include "check.h"

#include "cli.h"
#include "findings.h"
#include "guest.h"
#include "index.h"
#include "json.h"
#include "progress.h"
#include "sources.h"
#include "terminal.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SOURCE_MAX (1024 * 1024)
#define CODE_SIZE  64

struct options {
    const char *flows; /* or NULL */
    bool json;
};

struct check {
    const struct options *options;
    struct sources sources;
    struct findings *findings;
    struct guest *guest;
    const char *folder;   /* the guest's */
    struct buffer source; /* the file that is checked */
    struct buffer other;  /* a file that it led to */
    char *other_path;     /* whose text that is, or NULL */
    size_t files;
    struct progress progress;
    bool quiet;
};

/* --- options --------------------------------------------------------------------------------- */

static int check_main(int argc, char **argv);

static const char *const check_examples[] = {"moonmill check",
                                             "moonmill check --json flows/refund.lua", NULL};

static const struct option_spec check_options[] = {
    {.name = "flows",
     .kind = OPTION_FOLDER,
     .value = "DIR",
     .help = "the folder that require and call look in (where the file lies)",
     .at = offsetof(struct options, flows)},
    {.name = "json", .help = "one JSON document", .at = offsetof(struct options, json)},
};

static const char *const check_exits[COMMAND_EXITS] = {"no errors (warnings are none)", "errors",
                                                       "wrong use", "a path cannot be read",
                                                       "the runtime itself failed"};

const struct command check_command = {
    .name = "check",
    .summary = "tell what is wrong with flows, before anything runs",
    .about = "Tells what is wrong with flows, before anything runs: every mistake, with its place "
             "and what to do. A PATH is a file or a flows folder (./flows): its flows, its modules "
             "below lib, and index.json. No step is run.",
    .operands = "[PATH...]",
    .operands_max = -1,
    .examples = check_examples,
    .options = check_options,
    .option_count = sizeof check_options / sizeof *check_options,
    .exits = check_exits,
    .json = "{\"findings\":[{\"severity\":\"error\",\"code\":\"option.unknown\",\n"
            "  \"message\":\"task \\\"load\\\": unknown option \\\"retyr\\\"\",\n"
            "  \"file\":\"flows/order.lua\",\"line\":5,\"column\":9,\n"
            "  \"hint\":\"did you mean \\\"retry\\\"?\"}],\n"
            " \"errors\":1,\"warnings\":0,\"files\":9}",
    .main = check_main};

/* --- findings -------------------------------------------------------------------------------- */

static void tell(struct check *check, const struct source *source, const char *code,
                 const char *message, const char *hint)
{
    findings_add(
        check->findings,
        &(struct finding){
            .is_error = true, .code = code, .message = message, .hint = hint, .file = source->path},
        (struct span){NULL, 0});
}

/* The text of a file that the checked one led to; absent when it cannot be read. */
static struct span text_of_other(struct check *check, const char *path)
{
    if (!check->other_path || strcmp(check->other_path, path) != 0) {
        mem_free(check->other_path);
        check->other_path = mem_copy(path);
        buffer_clear(&check->other);
        if (!sources_read(path, &check->other, NULL))
            buffer_clear(&check->other);
    }
    return buffer_span(&check->other);
}

/* A finding of the worker's description; its file may be another one than the checked one. */
static void take_finding(struct check *check, const struct source *source, const cJSON *member)
{
    struct finding finding = finding_read(member);
    bool own = !*finding.file || strcmp(finding.file, source->name) == 0;
    char *path = own ? mem_copy(source->path) : sources_path_of(source->folder, finding.file);
    finding.file = path;
    findings_add(check->findings, &finding,
                 own ? buffer_span(&check->source) : text_of_other(check, path));
    mem_free(path);
}

static bool take_description(struct check *check, const struct source *source, struct span text,
                             struct error *err)
{
    cJSON *tree = json_parse(text, err);
    const cJSON *finding;
    if (!tree)
        return false;
    cJSON_ArrayForEach(finding, json_member(tree, "findings")) take_finding(check, source, finding);
    cJSON_Delete(tree);
    return true;
}

/* A limit that ended the worker: "limit.memory: ...". */
static void tell_limit(struct check *check, const struct source *source, const char *text)
{
    char code[CODE_SIZE] = "limit";
    const char *colon = strstr(text, ": ");
    if (colon && (size_t)(colon - text) < sizeof code)
        snprintf(code, sizeof code, "%.*s", (int)(colon - text), text);
    tell(check, source, code, colon ? colon + 2 : text,
         "a flow file only defines; work belongs into a step");
}

/* --- one file -------------------------------------------------------------------------------- */

/* True when it is a text that a worker may see. */
static bool read_source(struct check *check, const struct source *source)
{
    struct error err = {0};
    struct span text;
    buffer_clear(&check->source);
    if (!sources_read(source->path, &check->source, &err)) {
        if (err.kind == ERROR_LIMIT)
            tell(check, source, "source.size", "the file is over 1 MiB",
                 "split the flow; data belongs into the payload");
        else
            tell(check, source, "source.unreadable", err.text, "");
        return false;
    }
    text = buffer_span(&check->source);
    if (text.len && text.at[0] == '\033')
        tell(check, source, "source.bytecode", "the file is bytecode, not Lua text",
             "put the .lua source here");
    else if (!json_is_utf8(text))
        tell(check, source, "source.utf8", "the file is not UTF-8", "save it as UTF-8");
    else
        return true;
    return false;
}

/* The context of a load: who asks, and for which flow. */
static void put_context(struct buffer *out, const struct source *source)
{
    buffer_text(out, "{\"run\":{\"id\":\"check\",\"app\":\"\",\"flow\":");
    json_put_string(out,
                    json_is_utf8(span_of(source->name)) ? span_of(source->name) : span_of("?"));
    buffer_format(out,
                  ",\"version\":\"\",\"user\":\"\"},\"entry\":\"start\",\"stream_state\":false,"
                  "\"role\":\"%s\"}",
                  source->module ? "module" : "describe");
}

/* False with err: the machine or the worker failed. */
static bool load(struct check *check, const struct source *source, struct error *err)
{
    struct span text, empty = {"", 0};
    struct buffer context;
    buffer_init(&context, 64 * 1024);
    put_context(&context, source);
    struct guest_load order = {.name = span_of(source->name),
                               .source = check->source.len ? buffer_span(&check->source) : empty,
                               .context = buffer_span(&context)};
    bool good = guest_load(check->guest, &order, &text, err);
    buffer_release(&context);
    if (good)
        return take_description(check, source, text, err);
    if (err->kind != ERROR_LIMIT)
        return false;
    tell_limit(check, source, err->text);
    return true;
}

/* One worker serves all files of one flows folder. */
static bool open_guest(struct check *check, const struct source *source, struct error *err)
{
    if (check->guest && strcmp(check->folder, source->folder) == 0)
        return true;
    guest_close(check->guest);
    check->folder = source->folder;
    check->guest = guest_open(source->folder, err);
    return check->guest != NULL;
}

static bool check_files(struct check *check, struct error *err)
{
    for (size_t i = 0; i < check->sources.count; i++) {
        const struct source *source = &check->sources.list[i];
        check->files++;
        progress_say(&check->progress, source->path, (int64_t)i + 1, (int64_t)check->sources.count);
        if (!read_source(check, source))
            continue;
        if (!open_guest(check, source, err) || !load(check, source, err))
            return false;
    }
    return true;
}

/* --- the whole ------------------------------------------------------------------------------- */

/* -1, or the exit code. */
static int add_path(struct check *check, const char *path)
{
    struct error err = {0};
    const char *flows = check->options->flows;
    if (sources_is_spec(path))
        return cli_fail("check", CLI_INPUT, "%s is a spec: moonmill test runs it", path);
    if (sources_is_folder(path)) {
        if (!sources_add_folder(&check->sources, path, &err))
            return cli_fail("check", CLI_INPUT, "%s", err.text);
        check->files += index_check(path, check->findings);
    } else if (!sources_add_file(&check->sources, path, flows, &err)) {
        return cli_fail("check", CLI_INPUT, "%s", err.text);
    }
    return -1;
}

static void put_count(size_t count, const char *what, const char *after)
{
    fprintf(stderr, "%zu %s%s%s", count, what, count == 1 ? "" : "s", after);
}

static int run(struct check *check, char **paths, int count)
{
    struct error err = {0};
    char *usual[] = {"flows"};
    if (!count && !sources_is_folder(usual[0]))
        return cli_fail("check", CLI_INPUT, "there is no folder ./flows; name a PATH");
    for (int i = 0; i < (count ? count : 1); i++) {
        int code = add_path(check, count ? paths[i] : usual[0]);
        if (code >= 0)
            return code;
    }
    bool checked = check_files(check, &err);
    progress_clear(&check->progress);
    if (!checked) {
        if (err.kind == ERROR_UNAVAILABLE)
            return CLI_INTERRUPTED;
        return cli_fail("check", CLI_BROKEN, "%s", err.text);
    }
    findings_end(check->findings, check->files);
    fflush(stdout);
    if (check->quiet)
        return findings_errors(check->findings) ? CLI_FAILED : CLI_DONE;
    put_count(check->files, "file", ", ");
    put_count(findings_errors(check->findings), "error", ", ");
    put_count(findings_warnings(check->findings), "warning", "\n");
    return findings_errors(check->findings) ? CLI_FAILED : CLI_DONE;
}

static int check_main(int argc, char **argv)
{
    struct options options = {0};
    struct check check = {.options = &options};
    struct command_line line;
    int code = command_read(&check_command, argc, argv, &options, &line);
    if (code >= 0)
        return code;
    struct findings_style style = {options.json, !options.json && terminal_colours(STDOUT_FILENO),
                                   stdout};
    check.findings = findings_new(&style);
    buffer_init(&check.source, SOURCE_MAX);
    buffer_init(&check.other, SOURCE_MAX);
    check.quiet = line.quiet;
    progress_begin(&check.progress, line.quiet);
    code = run(&check, line.operands, line.count);
    guest_close(check.guest);
    sources_release(&check.sources);
    findings_free(check.findings);
    buffer_release(&check.source);
    buffer_release(&check.other);
    mem_free(check.other_path);
    return code;
}
