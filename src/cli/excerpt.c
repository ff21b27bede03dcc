#include "excerpt.h"

#include "config.h"
#include "folder.h"
#include "html.h"
#include "json.h"

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#define AROUND     2
#define LINE_SHOWN 200

/* The file's text, or NULL. */
static char *read_file(const char *flows_dir, const char *file)
{
    const char *name = strchr(file, '/'); /* behind the folder's own */
    size_t len = strlen(file), ending = strlen(".lua");
    if (!name || strstr(file, "..") || len < ending || strcmp(file + len - ending, ".lua") != 0)
        return NULL;
    struct folder folder;
    struct folder_stamp stamp;
    struct error err = {0};
    if (!folder_init(&folder, flows_dir, &err))
        return NULL;
    while (*name == '/')
        name++;
    int fd = folder_open(&folder, name, &stamp, &err);
    char *text = fd >= 0 ? folder_read(&folder, name, fd, CONFIG_SOURCE_MAX, &len, &err) : NULL;
    if (fd >= 0)
        close(fd);
    folder_release(&folder);
    return text;
}

static void put_line(struct buffer *out, int64_t number, struct span text, bool hit)
{
    buffer_format(out, "<span class=\"line%s\"><i>%" PRId64 "</i>", hit ? " hit" : "", number);
    html_brief(out, text, LINE_SHOWN);
    buffer_text(out, "\n</span>");
}

bool excerpt_html(struct buffer *out, const char *flows_dir, const char *file, int64_t line)
{
    char *text = flows_dir ? read_file(flows_dir, file) : NULL;
    int64_t number = 1;
    bool found = false;
    size_t before = out->len;
    buffer_text(out, "<pre class=\"source\">");
    for (const char *at = text; at && *at && number <= line + AROUND; number++) {
        size_t len = strcspn(at, "\n");
        if (number >= line - AROUND)
            put_line(out, number, (struct span){at, len}, number == line);
        found = found || number == line;
        at += len + (at[len] == '\n');
    }
    buffer_text(out, "</pre>");
    if (!found)
        out->len = before;
    mem_free(text);
    return found;
}
