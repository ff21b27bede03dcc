#include "graph.h"

#include "cli.h"
#include "config.h"
#include "fixture.h"
#include "flow.h"
#include "guest.h"
#include "json.h"

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DRAW_LIMIT_MS     60000
#define DRAW_INSTRUCTIONS 20000000000LL

struct options {
    const char *flow; /* a path, or a name */
    const char *flows;
    const char *format; /* "": by the file's name */
    const char *file;   /* NULL: standard output */
};

/* --- options --------------------------------------------------------------------------------- */

/* name, ending of a file's name */
static const struct {
    const char *name;
    const char *ending;
} formats[] = {{"text", ".txt"}, {"mermaid", ".mmd"}, {"dot", ".dot"}, {"svg", ".svg"}};
#define FORMATS (sizeof formats / sizeof *formats)

static int help(void)
{
    puts("usage: moonmill graph [OPTIONS] FLOW\n\n"
         "Draws a flow: its steps, branches, loops, retries and handlers. FLOW is a flow's file, "
         "or\n"
         "the name of a flow in the flows folder. Nothing of the flow is run.\n\n"
         "  --format text      a tree for the terminal (the default)\n"
         "  --format svg       a picture that needs nothing else, for light and dark pages\n"
         "  --format mermaid   for pages and editors that draw Mermaid\n"
         "  --format dot       for Graphviz\n"
         "  -o FILE            write there; a name that ends in .svg, .mmd, .dot or .txt says\n"
         "                     the format\n"
         "  --flows DIR        where the flows and their modules are (./flows)\n\n"
         "exit: 0 drawn, 1 the flow has errors, 2 usage, 3 the file cannot be read,\n"
         "      4 it could not be drawn");
    return CLI_DONE;
}

static bool is_format(const char *name)
{
    for (size_t i = 0; i < FORMATS; i++)
        if (strcmp(name, formats[i].name) == 0)
            return true;
    return false;
}

static const char *format_of(const char *file)
{
    size_t len = file ? strlen(file) : 0;
    for (size_t i = 0; i < FORMATS; i++)
        if (len > strlen(formats[i].ending) &&
            strcmp(file + len - strlen(formats[i].ending), formats[i].ending) == 0)
            return formats[i].name;
    return "text";
}

static bool is_folder(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

/* -1: go on; else the exit code. */
static int read_options(int argc, char **argv, struct options *options)
{
    static const struct option known[] = {{"format", required_argument, NULL, 'f'},
                                          {"flows", required_argument, NULL, 'd'},
                                          {"output", required_argument, NULL, 'o'},
                                          {"help", no_argument, NULL, 'h'},
                                          {NULL, 0, NULL, 0}};
    int option;
    opterr = 0;
    while ((option = getopt_long(argc, argv, ":o:h", known, NULL)) != -1) {
        switch (option) {
        case 'f':
            if (!is_format(optarg))
                return cli_usage("graph", "--format '%s': must be text, mermaid, dot or svg",
                                 optarg);
            options->format = optarg;
            break;
        case 'd':
            if (!is_folder(optarg))
                return cli_usage("graph", "--flows '%s': no such folder", optarg);
            options->flows = optarg;
            break;
        case 'o':
            options->file = optarg;
            break;
        case 'h':
            return help();
        case ':':
            return cli_usage("graph", "%s needs a value", argv[optind - 1]);
        default:
            return cli_usage("graph", "'%s' is no option of it", argv[optind - 1]);
        }
    }
    if (argc - optind != 1)
        return cli_usage("graph", argc == optind ? "which flow?" : "one flow at a time");
    options->flow = argv[optind];
    if (!*options->format)
        options->format = format_of(options->file);
    return -1;
}

/* --- findings -------------------------------------------------------------------------------- */

/* Text of a flow's on its way to a terminal. */
static void print_harmless(const char *text)
{
    for (const char *c = text; *c; c++)
        fputc((unsigned char)*c < 0x20 || *c == 0x7f ? ' ' : *c, stderr);
}

static void print_finding(const cJSON *finding, const char *shown)
{
    const cJSON *line = json_member(finding, "line"), *column = json_member(finding, "column");
    const char *file = json_member_text(finding, "file"), *hint = json_member_text(finding, "hint");
    print_harmless(file && *file ? file : shown);
    if (cJSON_IsNumber(line) && line->valuedouble >= 1)
        fprintf(stderr, ":%.0f", line->valuedouble);
    if (cJSON_IsNumber(column) && column->valuedouble >= 1)
        fprintf(stderr, ":%.0f", column->valuedouble);
    fputs(": error: ", stderr);
    print_harmless(json_member_text(finding, "message"));
    fprintf(stderr, " [%s]\n", json_member_text(finding, "code"));
    if (hint && *hint) {
        fputs("  hint: ", stderr);
        print_harmless(hint);
        fputc('\n', stderr);
    }
}

/* Prints the errors among the findings; how many there are. */
static size_t print_errors(const cJSON *described, const char *shown)
{
    size_t count = 0;
    const cJSON *finding;
    cJSON_ArrayForEach(finding, json_member(described, "findings"))
    {
        const char *severity = json_member_text(finding, "severity");
        if (severity && strcmp(severity, "error") == 0) {
            print_finding(finding, shown);
            count++;
        }
    }
    return count;
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
    const char *no_colour = getenv("NO_COLOR");
    return !options->file && isatty(STDOUT_FILENO) && !(no_colour && *no_colour) &&
           strcmp(options->format, "text") == 0;
}

static int write_out(const struct options *options, struct span picture)
{
    FILE *out = options->file ? fopen(options->file, "w") : stdout;
    bool good = out && fwrite(picture.at, 1, picture.len, out) == picture.len && fflush(out) == 0;
    int reason = errno;
    if (out && out != stdout && fclose(out) != 0 && good) {
        good = false;
        reason = errno;
    }
    if (!good)
        return cli_fail("graph", CLI_BROKEN, "%s: %s", options->file ? options->file : "output",
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

static int load_and_draw(struct guest *guest, const struct options *options, const char *shown,
                         struct span source)
{
    char context[256];
    struct span text;
    struct error err = {0};
    snprintf(context, sizeof context,
             "{\"run\":{\"id\":\"graph\",\"app\":\"\",\"flow\":\"\",\"version\":\"\",\"user\":\"\"}"
             ",\"entry\":\"start\",\"stream_state\":false,\"role\":\"graph\",\"format\":\"%s\"}",
             wants_colour(options) ? "colour" : options->format);
    struct guest_load load = {.name = span_of(shown),
                              .source = source,
                              .context = span_of(context),
                              .instruction_limit = DRAW_INSTRUCTIONS,
                              .memory_limit_bytes = GUEST_MEMORY_MAX};
    if (!guest_load(guest, &load, &text, &err))
        return fail(guest, shown, &err);
    cJSON *described = json_parse(text, &err);
    if (!described)
        return fail(NULL, shown, &err);
    size_t errors = print_errors(described, shown);
    cJSON_Delete(described);
    return errors ? CLI_FAILED : draw(guest, options, shown);
}

/* --- the flow -------------------------------------------------------------------------------- */

static bool is_path(const char *flow)
{
    size_t len = strlen(flow);
    return strchr(flow, '/') || (len > 4 && strcmp(flow + len - 4, ".lua") == 0);
}

/* By a path, as it stands; source is initialised. */
static bool read_file(const char *path, struct buffer *source, struct error *err)
{
    struct error why = {0};
    return fixture_load(path, source, &why) || error_set(err, why.kind, "%s: %s", path, why.text);
}

/* By a name, as a call finds it. */
static bool read_named(const struct options *options, char shown[PATH_MAX], struct buffer *source,
                       struct error *err)
{
    struct flows *flows = flows_open(options->flows, err);
    const struct flow *flow = flows ? flow_called(flows, span_of(options->flow), err) : NULL;
    if (flow) {
        snprintf(shown, PATH_MAX, "%s", flow->path);
        buffer_add(source, flow->source);
    }
    flows_close(flows);
    return flow != NULL;
}

int graph_main(int argc, char **argv)
{
    struct options options = {.flow = "", .flows = "./flows", .format = ""};
    struct error err = {0};
    struct buffer source;
    char shown[PATH_MAX];
    int code = read_options(argc, argv, &options);
    if (code >= 0)
        return code;
    snprintf(shown, sizeof shown, "%s", options.flow);
    buffer_init(&source, CONFIG_SOURCE_MAX);
    if (!(is_path(options.flow) ? read_file(options.flow, &source, &err)
                                : read_named(&options, shown, &source, &err))) {
        code = cli_fail("graph", CLI_INPUT, "%s", err.text);
    } else {
        struct guest *guest = guest_open(is_folder(options.flows) ? options.flows : NULL, &err);
        code = guest ? load_and_draw(guest, &options, shown, buffer_span(&source))
                     : fail(NULL, shown, &err);
        guest_close(guest);
    }
    buffer_release(&source);
    return code;
}
