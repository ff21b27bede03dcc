/* findings: what is wrong with flows, told as compilers tell it: place, severity, message and code,
 * then the line with a mark below, then what to do; or all of it as one JSON document.
 *
 *     flows/a.lua:12:5: error: task "b": unknown option "retyr" [option.unknown]
 *         retyr = 3,
 *         ^~~~~
 *       hint: did you mean "retry"?
 *
 * A finding that was told is not told again. Everything is made harmless for a terminal. */
#ifndef MOONMILL_CLI_FINDINGS_H
#define MOONMILL_CLI_FINDINGS_H

#include "mem.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct findings;

struct findings_style {
    bool json; /* one document, by findings_end; else each at once */
    bool colour;
    FILE *out;
};

struct finding {
    bool is_error; /* else a warning */
    const char *code;
    const char *message;
    const char *hint; /* may be "" */
    const char *file; /* as the user finds it */
    size_t line;      /* 0: unknown */
    size_t column;    /* in bytes, from 1; 0: unknown */
};

struct findings *findings_new(const struct findings_style *style);
/* Accepts NULL. */
void findings_free(struct findings *findings);

/* One as the worker describes it, the file as the runtime calls it; valid as long as member. */
struct finding finding_read(const cJSON *member);

/* source: the file's text, to show the line, or {NULL, 0}. */
void findings_add(struct findings *findings, const struct finding *finding, struct span source);
size_t findings_errors(const struct findings *findings);
size_t findings_warnings(const struct findings *findings);

/* Prints the document: {"findings":[{"severity","code","message","file","line","column","hint"}],
 * "errors":1,"warnings":0,"files":2}. Does nothing where it is not wanted. */
void findings_end(struct findings *findings, size_t files);

#endif
