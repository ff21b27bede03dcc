#include "expectation.h"

#include "cli.h"
#include "diag.h"
#include "difference.h"
#include "fixture.h"
#include "json.h"
#include "outcome.h"
#include "terminal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LINES_MAX 100

static int write_file(const char *file, struct span outcome)
{
    FILE *out = fopen(file, "we");
    if (!out)
        return cli_fail("replay", CLI_INPUT, "%s: %s", file, strerror(errno));
    bool good = fwrite(outcome.at, 1, outcome.len, out) == outcome.len;
    int reason = errno;
    if (fclose(out) != 0 && good) {
        good = false;
        reason = errno;
    }
    return good ? CLI_DONE : cli_fail("replay", CLI_INPUT, "%s: %s", file, strerror(reason));
}

int expectation_check(const char *file, bool write, struct span outcome)
{
    struct buffer text;
    struct error err;
    if (write)
        return write_file(file, outcome);
    buffer_init(&text, OUTCOME_MAX);
    int code = CLI_DONE;
    if (!fixture_load(file, &text, &err) || !json_check(buffer_span(&text), &err)) {
        code = cli_fail("replay", CLI_INPUT, "%s: %s; --write makes it", file, err.text);
    } else if (!span_equal(buffer_span(&text), outcome) &&
               !difference_print(stderr, buffer_span(&text), outcome, LINES_MAX,
                                 terminal_colours(STDERR_FILENO))) {
        code =
            cli_fail("replay", CLI_FAILED,
                     "%s: the outcome differs, above: - expected, + came; --write keeps it", file);
    }
    buffer_release(&text);
    return code;
}
