#include "schema.h"

#include "cli.h"
#include "embedded.h"

#include <stdio.h>
#include <string.h>

static int schema_main(int argc, char **argv);

static const char *const schema_examples[] = {"moonmill schema callback",
                                              "moonmill schema job >job.schema.json", NULL};

static const char *const schema_exits[COMMAND_EXITS] = {
    [CLI_DONE] = "printed",
    [CLI_USAGE] = "wrong use",
    [CLI_BROKEN] = "it cannot be written",
};

const struct command schema_command = {
    .name = "schema",
    .summary = "print the JSON Schema of what goes over the wire",
    .about = "callback: the bodies that a backend receives; job: the body of a message; event: the "
             "SQS event around it; response: what Lambda is answered. JSON Schema, draft 2020-12.",
    .operands = "callback|event|job|response",
    .operands_min = 1,
    .operands_max = 1,
    .examples = schema_examples,
    .exits = schema_exits,
    .main = schema_main,
};

/* The files are called NAME.json, and each operand is one of them. */
static const struct embedded_file *find(const char *name)
{
    const struct embedded_file *file = schema_files;
    while (!(strncmp(file->path, name, strlen(name)) == 0 && file->path[strlen(name)] == '.'))
        file++;
    return file;
}

static int schema_main(int argc, char **argv)
{
    struct command_line line;
    char nothing;
    int code = command_read(&schema_command, argc, argv, &nothing, &line);
    if (code >= 0)
        return code;
    const struct embedded_file *file = find(line.operands[0]);
    if (fwrite(file->bytes, 1, file->len, stdout) != file->len || fflush(stdout) != 0)
        return cli_fail("schema", CLI_BROKEN, "standard output cannot be written");
    return CLI_DONE;
}
