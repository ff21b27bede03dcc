#include "graph.h"

#include "cli.h"
#include "config.h"
#include "findings.h"
#include "flow.h"
#include "guest.h"
#include "json.h"
#include "sources.h"
#include "terminal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define DRAW_LIMIT_MS     60000
#define DRAW_INSTRUCTIONS 20000000000LL

struct options {
    const char *flow;   /* a path, or a name */
    const char *flows;  /* or NULL: ./flows for a name; for a path, the folder that it lies in */
    const char *format; /* NULL: told by output */
    const char *output; /* NULL: standard output */
    bool json;
};

/* --- options --------------------------------------------------------------------------------- */

/* name, ending of a file's name */
static const struct {
    const char *name;
    const char *ending;
} formats[] = {
    {"text", ".txt"}, {"mermaid", ".mmd"}, {"dot", ".dot"}, {"svg", ".svg"}, {"json", ".json"}};
#define FORMATS (sizeof formats / sizeof *formats)

static int graph_main(int argc, char **argv);

static const char *const graph_examples[] = {"moonmill graph refund",
                                             "moonmill graph -o refund.svg flows/refund.lua",
                                             "moonmill graph --format mermaid refund", NULL};

static const struct option_spec graph_options[] = {
    {.name = "format",
     .kind = OPTION_WORD,
     .value = "text|svg|mermaid|dot|json",
     .help = "text: a tree for the terminal (the default); svg: a picture that needs nothing else, "
             "for light and dark pages; mermaid: for pages and editors that draw Mermaid; dot: for "
             "Graphviz; json: steps, input's schema and the picture, for programs",
     .at = offsetof(struct options, format)},
    {.name = "output",
     .letter = 'o',
     .kind = OPTION_FILE,
     .value = "FILE",
     .help = "write there; a name that ends in .svg, .mmd, .dot, .json or .txt says the format",
     .at = offsetof(struct options, output)},
    {.name = "json", .help = "as --format json", .at = offsetof(struct options, json)},
    {.name = "flows",
     .kind = OPTION_FOLDER,
     .value = "DIR",
     .help = "where flows and their modules are (./flows; for a file, where it lies)",
     .at = offsetof(struct options, flows)},
};

static const char *const graph_exits[COMMAND_EXITS] = {"drawn", "the flow has errors", "wrong use",
                                                       "the file cannot be read",
                                                       "it could not be drawn"};

const struct command graph_command = {
    .name = "graph",
    .summary = "draw a flow: text, svg, mermaid, dot or json",
    .about = "Draws a flow: its steps, branches, loops, retries and handlers. FLOW is a flow's "
             "file, or the name of a flow in the flows folder. Nothing of the flow is run.",
    .operands = "FLOW",
    .operands_min = 1,
    .operands_max = 1,
    .examples = graph_examples,
    .options = graph_options,
    .option_count = sizeof graph_options / sizeof *graph_options,
    .exits = graph_exits,
    .json =
        "{\"name\":\"hello\",\"about\":\"greets\",\n"
        " \"input\":{\"type\":\"object\",\"properties\":{},\"required\":[]},\n"
        " \"steps\":[{\"id\":\"greet\",\"path\":\"greet\",\"kind\":\"task\",\"name\":\"greet\",\n"
        "  \"line\":8,\"children\":[]}],\"svg\":\"<svg ...\"}",
    .main = graph_main};

static const char *format_of(const char *file)
{
    size_t len = file ? strlen(file) : 0;
    for (size_t i = 0; i < FORMATS; i++)
        if (len > strlen(formats[i].ending) &&
            strcmp(file + len - strlen(formats[i].ending), formats[i].ending) == 0)
            return formats[i].name;
    return "text";
}

/* -1: go on; else the exit code. */
static int read_options(int argc, char **argv, struct options *options)
{
    struct command_line line;
    int code = command_read(&graph_command, argc, argv, options, &line);
    if (code >= 0)
        return code;
    options->flow = line.operands[0];
    if (options->json && options->format && strcmp(options->format, "json") != 0)
        return cli_usage("graph", "--json and --format %s: one of them", options->format);
    if (options->json)
        options->format = "json";
    if (!options->format)
        options->format = format_of(options->output);
    return -1;
}

/* --- findings -------------------------------------------------------------------------------- */

/* One that is of another file is told without its line's text. */
static void tell(struct findings *findings, const cJSON *member, const struct source *source,
                 struct span text)
{
    struct finding finding = finding_read(member);
    bool own = !*finding.file || strcmp(finding.file, source->name) == 0;
    char *path = own ? mem_copy(source->path) : sources_path_of(source->folder, finding.file);
    finding.file = path;
    findings_add(findings, &finding, own ? text : (struct span){NULL, 0});
    mem_free(path);
}

/* Prints the errors of a description on standard error; how many there are. */
static size_t tell_errors(const cJSON *described, const struct source *source, struct span text)
{
    struct findings_style style = {false, terminal_colours(STDERR_FILENO), stderr};
    struct findings *findings = findings_new(&style);
    const cJSON *member;
    cJSON_ArrayForEach(member, json_member(described, "findings"))
    {
        if (finding_read(member).is_error)
            tell(findings, member, source, text);
    }
    size_t errors = findings_errors(findings);
    findings_free(findings);
    return errors;
}

/* --- the picture ----------------------------------------------------------------------------- */

static int fail(const struct guest *guest, const char *shown, const struct error *err)
{
    if (guest && guest_interrupted(guest))
        return CLI_INTERRUPTED;
    return cli_fail("graph", CLI_BROKEN, "%s: %s", shown, err->text);
}

static bool wants_colour(const struct options *options)
{
    return !options->output && strcmp(options->format, "text") == 0 &&
           terminal_colours(STDOUT_FILENO);
}

static int write_out(const struct options *options, struct span picture)
{
    FILE *out = options->output ? fopen(options->output, "w") : stdout;
    bool good = out && fwrite(picture.at, 1, picture.len, out) == picture.len && fflush(out) == 0;
    int reason = errno;
    if (out && out != stdout && fclose(out) != 0 && good) {
        good = false;
        reason = errno;
    }
    if (!good)
        return cli_fail("graph", CLI_BROKEN, "%s: %s", options->output ? options->output : "output",
                        strerror(reason));
    return CLI_DONE;
}

static int write_picture(const struct options *options, struct span json)
{
    struct buffer picture;
    struct error err = {0};
    buffer_init(&picture, WIRE_FRAME_MAX);
    int code = json_check(json, &err) && json_decode(json, &picture, &err)
                   ? write_out(options, buffer_span(&picture))
                   : cli_fail("graph", CLI_BROKEN, "no picture came back: %s", err.text);
    buffer_release(&picture);
    return code;
}

static int draw(struct guest *guest, const struct options *options, const char *shown)
{
    struct wire_outcome outcome;
    struct error err = {0};
    if (!guest_run(guest, NULL, DRAW_LIMIT_MS, &outcome, &err))
        return fail(guest, shown, &err);
    if (!outcome.completed)
        return cli_fail("graph", CLI_BROKEN, "%s: %.*s: %.*s", shown, (int)outcome.code.len,
                        outcome.code.at, (int)outcome.message.len, outcome.message.at);
    if (!outcome.output.len)
        return cli_fail("graph", CLI_BROKEN, "%s: the picture is too large; try --format text",
                        shown);
    return write_picture(options, outcome.output);
}

static int load_and_draw(struct guest *guest, const struct options *options,
                         const struct source *source, struct span text)
{
    char context[256];
    struct span description;
    struct error err = {0};
    snprintf(context, sizeof context,
             "{\"run\":{\"id\":\"graph\",\"app\":\"\",\"flow\":\"\",\"version\":\"\",\"user\":\"\"}"
             ",\"entry\":\"start\",\"stream_state\":false,\"role\":\"graph\",\"format\":\"%s\"}",
             wants_colour(options) ? "colour" : options->format);
    struct guest_load load = {.name = span_of(source->name),
                              .source = text,
                              .context = span_of(context),
                              .instruction_limit = DRAW_INSTRUCTIONS,
                              .memory_limit_bytes = GUEST_MEMORY_MAX};
    if (!guest_load(guest, &load, &description, &err))
        return fail(guest, source->path, &err);
    cJSON *described = json_parse(description, &err);
    if (!described)
        return fail(NULL, source->path, &err);
    size_t errors = tell_errors(described, source, text);
    cJSON_Delete(described);
    return errors ? CLI_FAILED : draw(guest, options, source->path);
}

/* --- the flow -------------------------------------------------------------------------------- */

static bool is_path(const char *flow)
{
    size_t len = strlen(flow);
    return strchr(flow, '/') || (len > 4 && strcmp(flow + len - 4, ".lua") == 0);
}

/* The file of a flow that a call would find by this name; freed by mem_free. NULL with err. */
static char *path_of_named(const char *folder, const char *name, struct error *err)
{
    struct flows *flows = flows_open(folder, err);
    const struct flow *flow = flows ? flow_called(flows, span_of(name), err) : NULL;
    char *path = flow ? sources_path_of(folder, flow->path) : NULL;
    flows_close(flows);
    return path;
}

static bool find_flow(const struct options *options, struct sources *sources, struct buffer *text,
                      struct error *err)
{
    const char *folder = options->flows;
    char *path = NULL;
    if (is_path(options->flow))
        path = mem_copy(options->flow);
    else
        path = path_of_named(folder = folder ? folder : "flows", options->flow, err);
    bool found = path && sources_add_file(sources, path, folder, err);
    mem_free(path);
    if (!found)
        return false;
    struct error why = {0};
    return sources_read(sources->list[0].path, text, &why) ||
           error_set(err, why.kind, "%s: %s", sources->list[0].path, why.text);
}

static int graph_main(int argc, char **argv)
{
    struct options options = {.flow = ""};
    struct sources sources = {0};
    struct error err = {0};
    struct buffer text;
    int code = read_options(argc, argv, &options);
    if (code >= 0)
        return code;
    buffer_init(&text, CONFIG_SOURCE_MAX);
    if (!find_flow(&options, &sources, &text, &err)) {
        code = cli_fail("graph", CLI_INPUT, "%s", err.text);
    } else {
        const struct source *source = &sources.list[0];
        struct guest *guest = guest_open(source->folder, &err);
        code = guest ? load_and_draw(guest, &options, source, buffer_span(&text))
                     : fail(NULL, source->path, &err);
        guest_close(guest);
    }
    buffer_release(&text);
    sources_release(&sources);
    return code;
}
