#include "index.h"

#include "json.h"
#include "sources.h"

#include <dirent.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define INDEX_MAX  (1024 * 1024)
#define INDEX_FILE "index.json"
#define ENTRY_MAX  200 /* bytes of a board id or a flow's name */
#define FILE_SIZE  256
#define PATH_SIZE  4096

struct index {
    const char *folder;
    char path[PATH_SIZE];
    struct span text;
    struct findings *findings;
};

/* A finding at a byte of the file. */
static void tell(const struct index *index, const char *at, const char *code, const char *hint,
                 const char *message)
{
    struct finding finding = {.is_error = true,
                              .code = code,
                              .message = message,
                              .hint = hint,
                              .file = index->path,
                              .line = 1,
                              .column = 1};
    for (const char *byte = index->text.at; byte < at; byte++) {
        finding.column++;
        if (*byte == '\n') {
            finding.line++;
            finding.column = 1;
        }
    }
    findings_add(index->findings, &finding, index->text);
}

/* Whether the folder has a file of that name. */
static bool is_file(const struct index *index, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static bool is_file(const struct index *index, const char *format, ...)
{
    char file[FILE_SIZE], path[PATH_SIZE + FILE_SIZE];
    struct stat status;
    va_list args;
    va_start(args, format);
    vsnprintf(file, sizeof file, format, args);
    va_end(args);
    snprintf(path, sizeof path, "%s/%s", index->folder, file);
    return stat(path, &status) == 0 && S_ISREG(status.st_mode);
}

/* Whether there is name@<any version>.lua. */
static bool has_version(const struct index *index, const char *name)
{
    size_t len = strlen(name);
    bool found = false;
    DIR *dir = opendir(index->folder);
    for (struct dirent *entry; dir && !found && (entry = readdir(dir));)
        found = strncmp(entry->d_name, name, len) == 0 && entry->d_name[len] == '@';
    if (dir)
        closedir(dir);
    return found;
}

/* As flow.c: one path component that is no hidden file. */
static bool is_allowed(const char *name)
{
    return *name && *name != '.' && !strchr(name, '/');
}

/* value: "hello" or "hello@1.4.2"; it is cut in two. */
static bool leads_to_a_flow(const struct index *index, char *value)
{
    char *version = strchr(value, '@');
    if (!is_allowed(value))
        return false;
    if (!version)
        return is_file(index, "%s.lua%s", value, "") ||
               is_file(index, "%s/flow.lua%s", value, "") || has_version(index, value);
    *version = '\0';
    return is_file(index, "%s@%s.lua", value, version + 1);
}

static void check_entry(const struct index *index, struct span key, struct span value)
{
    char message[512], hint[512] = "such as \"hello\" or \"hello@1.4.2\"";
    char *name = json_string(value, ENTRY_MAX, NULL);
    char *board = json_string(key, ENTRY_MAX, NULL);
    if (!name || !board) {
        snprintf(message, sizeof message, "%.*s must name a flow, got %.*s",
                 (int)(key.len > 100 ? 100 : key.len), key.at,
                 (int)(value.len > 100 ? 100 : value.len), value.at);
        tell(index, value.at, "index.invalid", hint, message);
    } else {
        snprintf(message, sizeof message, "no flow \"%s\" for board \"%s\"", name, board);
        if (is_allowed(name))
            snprintf(hint, sizeof hint, "add %s/%s.lua, or name a flow that is there",
                     index->folder, name);
        if (!leads_to_a_flow(index, name))
            tell(index, value.at, "index.unknown", hint, message);
    }
    mem_free(name);
    mem_free(board);
}

static void check_text(const struct index *index)
{
    struct error err = {0};
    struct span cursor = index->text, key, value;
    size_t byte = 0;
    if (!json_check(index->text, &err)) {
        sscanf(err.text, "invalid JSON at byte %zu", &byte);
        tell(index, index->text.at + byte, "index.invalid",
             "it is one object: {\"<board id>\": \"<flow>\"}", err.text);
        return;
    }
    if (json_type(index->text) != JSON_OBJECT) {
        tell(index, index->text.at, "index.invalid",
             "it is one object: {\"<board id>\": \"<flow>\"}", "index.json is no object");
        return;
    }
    while (json_next_member(&cursor, &key, &value))
        check_entry(index, key, value);
}

bool index_check(const char *folder, struct findings *findings)
{
    struct index index = {.folder = folder, .findings = findings};
    struct error err = {0};
    struct buffer text;
    if (!is_file(&index, INDEX_FILE))
        return false;
    snprintf(index.path, sizeof index.path, "%s/%s", folder, INDEX_FILE);
    buffer_init(&text, INDEX_MAX);
    if (sources_read(index.path, &text, &err)) {
        index.text = buffer_span(&text);
        if (!index.text.at)
            index.text = span_of("");
        check_text(&index);
    } else {
        findings_add(findings,
                     &(struct finding){.is_error = true,
                                       .code = "index.invalid",
                                       .message = err.text,
                                       .hint = "",
                                       .file = index.path},
                     (struct span){NULL, 0});
    }
    buffer_release(&text);
    return true;
}
