#include "catalog.h"

#include "child.h"
#include "examples.h"
#include "json.h"
#include "sources.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define TEXT_MAX  (32 * 1024 * 1024)
#define LINE_SIZE 2000

struct entry {
    char *file;
    cJSON *flow; /* as graph --format json tells it; NULL: it has errors */
};

struct catalog {
    struct loop *loop;
    const char *program, *folder;
    bool scripted;
    struct catalog_user user;
    struct sources sources; /* that are being read */
    size_t at;              /* which is next */
    struct entry *entries;  /* as of the last whole reading */
    size_t count;
    struct entry *fresh; /* of this reading */
    size_t fresh_count;
    cJSON *findings; /* the array */
    struct child *child;
    bool checking; /* the child is `check` */
    struct buffer text;
    struct loop_timer next;
    bool reading, again;
};

static void go_on(void *arg);

/* --- one process ----------------------------------------------------------------------------- */

static void on_output(void *arg, struct span bytes)
{
    struct catalog *catalog = arg;
    buffer_add(&catalog->text, bytes);
}

static void take_findings(struct catalog *catalog)
{
    cJSON *document = json_parse(buffer_span(&catalog->text), NULL);
    cJSON *findings = cJSON_DetachItemFromObjectCaseSensitive(document, "findings");
    if (cJSON_IsArray(findings)) {
        cJSON_Delete(catalog->findings);
        catalog->findings = findings;
    } else {
        cJSON_Delete(findings);
    }
    cJSON_Delete(document);
}

static void take_flow(struct catalog *catalog)
{
    catalog->fresh = mem_resize(catalog->fresh, catalog->fresh_count + 1, sizeof *catalog->fresh);
    catalog->fresh[catalog->fresh_count++] =
        (struct entry){.file = mem_copy(catalog->sources.list[catalog->at].path),
                       .flow = json_parse(buffer_span(&catalog->text), NULL)};
    catalog->at++;
}

static void on_exited(void *arg, int status)
{
    struct catalog *catalog = arg;
    (void)status; /* what is no JSON tells enough */
    if (catalog->checking)
        take_findings(catalog);
    else
        take_flow(catalog);
    loop_timer_set(catalog->loop, &catalog->next, loop_mono_ms(catalog->loop), go_on, catalog);
}

/* Calls this program; when it cannot be started, nothing was read. */
static void ask(struct catalog *catalog, char **argv)
{
    struct child_user user = {.arg = catalog, .output = on_output, .exited = on_exited};
    child_free(catalog->child);
    buffer_clear(&catalog->text);
    catalog->child = child_start(catalog->loop, catalog->program, argv, environ, &user, NULL);
    if (!catalog->child)
        on_exited(catalog, 0);
}

static void check(struct catalog *catalog)
{
    char *argv[] = {"moonmill", "check", "--json", "--", (char *)catalog->folder, NULL};
    catalog->checking = true;
    ask(catalog, argv);
}

static void describe(struct catalog *catalog, const char *path)
{
    char *argv[] = {"moonmill", "graph",      "--format",
                    "json",     "--flows",    (char *)catalog->folder,
                    "--",       (char *)path, NULL};
    catalog->checking = false;
    ask(catalog, argv);
}

/* --- a reading ------------------------------------------------------------------------------- */

static void free_entries(struct entry *entries, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        mem_free(entries[i].file);
        cJSON_Delete(entries[i].flow);
    }
    mem_free(entries);
}

static void end_reading(struct catalog *catalog)
{
    free_entries(catalog->entries, catalog->count);
    catalog->entries = catalog->fresh;
    catalog->count = catalog->fresh_count;
    catalog->fresh = NULL;
    catalog->fresh_count = 0;
    catalog->reading = false;
    if (catalog->again)
        catalog_refresh(catalog);
    catalog->user.ready(catalog->user.arg);
}

static void go_on(void *arg)
{
    struct catalog *catalog = arg;
    while (catalog->at < catalog->sources.count && catalog->sources.list[catalog->at].module)
        catalog->at++;
    if (catalog->again || catalog->at == catalog->sources.count)
        end_reading(catalog);
    else
        describe(catalog, catalog->sources.list[catalog->at].path);
}

void catalog_refresh(struct catalog *catalog)
{
    catalog->again = catalog->reading;
    if (catalog->reading)
        return;
    sources_release(&catalog->sources);
    catalog->sources = (struct sources){0};
    sources_add_folder(&catalog->sources, catalog->folder, NULL);
    catalog->at = 0;
    catalog->reading = true;
    check(catalog);
}

/* --- what it tells --------------------------------------------------------------------------- */

static const char *name_of(const struct entry *entry)
{
    const char *name = json_member_text(entry->flow, "name");
    return name ? name : "";
}

static void put_member(struct buffer *out, const cJSON *object, const char *name)
{
    const cJSON *member = json_member(object, name);
    char *text = member ? cJSON_PrintUnformatted(member) : NULL;
    if (text)
        buffer_format(out, ",\"%s\":%s", name, text);
    cJSON_free(text);
}

static void put_findings(const struct catalog *catalog, const char *file, struct buffer *out)
{
    const cJSON *finding;
    const char *before = "";
    buffer_text(out, ",\"findings\":[");
    cJSON_ArrayForEach(finding, catalog->findings)
    {
        const char *where = json_member_text(finding, "file");
        char *text = where && strcmp(where, file) == 0 ? cJSON_PrintUnformatted(finding) : NULL;
        if (!text)
            continue;
        buffer_text(out, before);
        buffer_text(out, text);
        before = ",";
        cJSON_free(text);
    }
    buffer_text(out, "]");
}

void catalog_list(const struct catalog *catalog, struct buffer *out)
{
    struct examples *examples = examples_read(EXAMPLES_FOLDER, catalog->scripted);
    buffer_text(out, "[");
    for (size_t i = 0; i < catalog->count; i++) {
        const struct entry *entry = &catalog->entries[i];
        buffer_text(out, i ? ",{\"name\":" : "{\"name\":");
        json_put_string(out, span_of(name_of(entry)));
        buffer_text(out, ",\"file\":");
        json_put_string(out, span_of(entry->file));
        put_member(out, entry->flow, "about");
        put_member(out, entry->flow, "input");
        buffer_text(out, ",\"examples\":");
        examples_put(examples, name_of(entry), out);
        put_findings(catalog, entry->file, out);
        buffer_text(out, "}");
    }
    buffer_text(out, "]");
    examples_free(examples);
}

struct span catalog_picture(const struct catalog *catalog, const char *flow)
{
    for (size_t i = 0; i < catalog->count; i++) {
        const char *svg = json_member_text(catalog->entries[i].flow, "svg");
        if (svg && strcmp(name_of(&catalog->entries[i]), flow) == 0)
            return span_of(svg);
    }
    return (struct span){NULL, 0};
}

static bool is_error(const cJSON *finding)
{
    const char *severity = json_member_text(finding, "severity");
    return severity && strcmp(severity, "error") == 0;
}

size_t catalog_errors(const struct catalog *catalog)
{
    const cJSON *finding;
    size_t errors = 0;
    cJSON_ArrayForEach(finding, catalog->findings)
    {
        errors += is_error(finding);
    }
    return errors;
}

void catalog_tell(const struct catalog *catalog, void (*tell)(void *arg, const char *line),
                  void *arg)
{
    const cJSON *finding;
    cJSON_ArrayForEach(finding, catalog->findings)
    {
        char line[LINE_SIZE];
        const char *file = json_member_text(finding, "file");
        const char *message = json_member_text(finding, "message");
        const cJSON *number = json_member(finding, "line");
        snprintf(line, sizeof line, "%s:%d: %s: %s", file ? file : "",
                 cJSON_IsNumber(number) ? number->valueint : 0,
                 is_error(finding) ? "error" : "warning", message ? message : "");
        tell(arg, line);
    }
}

/* --- life ------------------------------------------------------------------------------------ */

struct catalog *catalog_new(struct loop *loop, const char *program, const char *flows,
                            bool scripted, const struct catalog_user *user)
{
    struct catalog *catalog = mem_new(sizeof *catalog);
    *catalog = (struct catalog){
        .loop = loop, .program = program, .folder = flows, .scripted = scripted, .user = *user};
    buffer_init(&catalog->text, TEXT_MAX);
    return catalog;
}

void catalog_free(struct catalog *catalog)
{
    if (!catalog)
        return;
    loop_timer_stop(catalog->loop, &catalog->next);
    child_free(catalog->child);
    sources_release(&catalog->sources);
    free_entries(catalog->entries, catalog->count);
    free_entries(catalog->fresh, catalog->fresh_count);
    cJSON_Delete(catalog->findings);
    buffer_release(&catalog->text);
    mem_free(catalog);
}
