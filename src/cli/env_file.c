#include "env_file.h"

#include "mem.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SHOWN_MAX 100 /* of a key */

struct variable {
    char *key;
    char *value;
    size_t line;
};

struct env_file {
    const char *path;
    struct variable *variables;
    size_t count;
    size_t line; /* that is read, from 1 */
};

/* --- the text -------------------------------------------------------------------------------- */

static bool broken(const struct env_file *file, struct error *err, const char *rule)
{
    return error_set(err, ERROR_INPUT, "%s:%zu: %s", file->path, file->line, rule);
}

/* Into text, NUL-terminated, which has room for ENV_FILE_MAX + 2 bytes. */
static bool read_text(const char *path, char *text, struct error *err)
{
    struct stat info;
    size_t len = 0;
    ssize_t n = 1;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &info) != 0 || S_ISDIR(info.st_mode)) {
        int why = fd < 0 ? errno : EISDIR;
        if (fd >= 0)
            close(fd);
        return error_set(err, ERROR_INPUT, "%s: cannot be read: %s", path, strerror(why));
    }
    while (len <= ENV_FILE_MAX && (n = read(fd, text + len, ENV_FILE_MAX + 1 - len)) != 0) {
        if (n < 0 && errno != EINTR)
            break;
        len += n > 0 ? (size_t)n : 0;
    }
    int why = errno;
    close(fd);
    if (n < 0)
        return error_set(err, ERROR_INPUT, "%s: cannot be read: %s", path, strerror(why));
    if (len > ENV_FILE_MAX)
        return error_set(err, ERROR_INPUT, "%s: is over %d KiB", path, ENV_FILE_MAX / 1024);
    text[len] = '\0';
    if (strlen(text) != len)
        return error_set(err, ERROR_INPUT, "%s: holds a NUL byte; it must be text", path);
    return true;
}

/* --- one line -------------------------------------------------------------------------------- */

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static char *after_blanks(char *at)
{
    while (is_blank(*at))
        at++;
    return at;
}

/* Where the bare value ends: before a comment, without the white space there. Something stands
 * before it: the =, or white space. */
static char *end_of_bare(char *at)
{
    char *end = at;
    for (char *c = at; *c && !(*c == '#' && is_blank(c[-1])); c++)
        if (!is_blank(*c))
            end = c + 1;
    return end;
}

static char unescaped(char letter)
{
    return letter == 'n' ? '\n' : letter == 't' ? '\t' : letter == 'r' ? '\r' : letter;
}

/* Takes the value out of its quotes, in place; NULL with err. */
static char *unquote(const struct env_file *file, char *at, struct error *err)
{
    char quote = *at, *to = at, *from = at + 1;
    for (; *from && *from != quote; from++) {
        if (quote == '"' && *from == '\\') {
            if (!strchr("ntr\"\\$", from[1]) || !from[1]) {
                broken(file, err, "a \\ in double quotes stands before n, t, r, \", \\ or $ only");
                return NULL;
            }
            *to++ = unescaped(*++from);
        } else {
            *to++ = *from;
        }
    }
    if (!*from) {
        broken(file, err, "the quote is not closed on its line; write a line's end as \"\\n\"");
        return NULL;
    }
    char *rest = after_blanks(from + 1);
    if (*rest && *rest != '#') {
        broken(file, err, "there is text after the closing quote");
        return NULL;
    }
    *to = '\0';
    return at;
}

static size_t length_of_key(const char *at)
{
    size_t len = 0;
    if (isdigit((unsigned char)*at))
        return 0;
    while (isalnum((unsigned char)at[len]) || at[len] == '_')
        len++;
    return len;
}

static bool add(struct env_file *file, const char *key, const char *value, struct error *err)
{
    for (size_t i = 0; i < file->count; i++)
        if (strcmp(file->variables[i].key, key) == 0)
            return error_set(err, ERROR_INPUT, "%s:%zu: %.*s is set at line %zu already",
                             file->path, file->line, SHOWN_MAX, key, file->variables[i].line);
    file->variables = mem_resize(file->variables, file->count + 1, sizeof *file->variables);
    file->variables[file->count++] = (struct variable){mem_copy(key), mem_copy(value), file->line};
    return true;
}

static bool read_line(struct env_file *file, char *line, struct error *err)
{
    char *key = after_blanks(line);
    if (!*key || *key == '#')
        return true;
    if (strncmp(key, "export", 6) == 0 && is_blank(key[6]))
        key = after_blanks(key + 6);
    size_t len = length_of_key(key);
    char *equals = after_blanks(key + len);
    if (!strchr(key, '='))
        return broken(file, err, "must be KEY=VALUE, empty, or begin with #");
    if (!len || *equals != '=')
        return broken(file, err, "before the = must be a name of letters, digits and _");
    char *value = after_blanks(equals + 1);
    if (*value == '\'' || *value == '"')
        value = unquote(file, value, err);
    else
        *end_of_bare(value) = '\0';
    key[len] = '\0';
    return value && add(file, key, value, err);
}

/* --- the file -------------------------------------------------------------------------------- */

static bool read_lines(struct env_file *file, char *text, struct error *err)
{
    bool good = true;
    char *next = strncmp(text, "\xef\xbb\xbf", 3) == 0 ? text + 3 : text;
    while (good && next) {
        char *line = next, *end = strchr(line, '\n');
        next = end ? end + 1 : NULL;
        if (end)
            *end = '\0';
        file->line++;
        good = read_line(file, line, err);
    }
    return good;
}

bool env_file_set(const char *path, struct error *err)
{
    struct env_file file = {.path = path};
    char *text = mem_new(ENV_FILE_MAX + 2);
    bool good = read_text(path, text, err) && read_lines(&file, text, err);
    for (size_t i = 0; i < file.count; i++) {
        if (good)
            setenv(file.variables[i].key, file.variables[i].value, 0);
        mem_free(file.variables[i].key);
        mem_free_secret(file.variables[i].value);
    }
    mem_free(file.variables);
    mem_wipe(text, ENV_FILE_MAX + 2);
    mem_free(text);
    return good;
}
