#include "flow.h"

#include "config.h"
#include "folder.h"
#include "json.h"

#include <dirent.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FLOW_NAME_MAX  128
#define INDEX_MAX      (1024 * 1024)
#define CACHE_MAX      32
#define VERSION_SIZE   sizeof((struct flow *)0)->version
#define FILE_SIZE      (FLOW_NAME_MAX + VERSION_SIZE + sizeof "@.lua")
#define VERSIONS_SHOWN 5
#define INDEX_FILE     "index.json"

struct slot {
    char *file; /* below the folder; NULL: free */
    struct folder_stamp stamp;
    struct flow flow;
};

struct flows {
    struct folder folder;
    char *index; /* index.json, checked; NULL when there is none */
    struct folder_stamp index_stamp;
    struct slot slots[CACHE_MAX];
    size_t oldest; /* the slot given up next */
};

/* What to look for: a flow's name, and one version of it or any (""). */
struct target {
    char name[FLOW_NAME_MAX + 1];
    char version[VERSION_SIZE];
};

struct version {
    uint32_t part[3];
};

struct versions {
    struct version *list; /* ascending */
    size_t count;
    size_t room;
};

/* One path component that is no hidden file and has no meaning of its own: '.' and '..' cannot
 * pass, nor can '/', '@' or NUL. */
static bool name_allowed(struct span name)
{
    if (name.len == 0 || name.len > FLOW_NAME_MAX || name.at[0] == '.')
        return false;
    for (size_t i = 0; i < name.len; i++)
        if (!name.at[i] || !strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                   "0123456789_.-",
                                   name.at[i]))
            return false;
    return true;
}

static void version_text(struct version version, char text[VERSION_SIZE])
{
    snprintf(text, VERSION_SIZE, "%u.%u.%u", version.part[0], version.part[1], version.part[2]);
}

/* "1.4.2" and no other spelling of it: a file that an exact search would miss has no version. */
static bool version_parse(struct span text, struct version *version)
{
    char copy[VERSION_SIZE], again[VERSION_SIZE];
    struct version read;
    if (text.len >= sizeof copy)
        return false;
    memcpy(copy, text.at, text.len);
    copy[text.len] = '\0';
    if (sscanf(copy, "%10u.%10u.%10u", &read.part[0], &read.part[1], &read.part[2]) != 3)
        return false;
    version_text(read, again);
    if (!span_is(text, again))
        return false;
    *version = read;
    return true;
}

static int version_compare(const void *a, const void *b)
{
    const struct version *left = a, *right = b;
    for (int i = 0; i < 3; i++)
        if (left->part[i] != right->part[i])
            return left->part[i] < right->part[i] ? -1 : 1;
    return 0;
}

/* The version in "<name>@<version>.lua". */
static bool version_of_file(const char *file, const char *name, struct version *version)
{
    size_t skip = strlen(name), len = strlen(file), tail = sizeof ".lua" - 1;
    if (len < skip + 1 + tail || strncmp(file, name, skip) != 0 || file[skip] != '@' ||
        strcmp(file + len - tail, ".lua") != 0)
        return false;
    return version_parse((struct span){file + skip + 1, len - skip - 1 - tail}, version);
}

/* All versions of a flow, ascending; the list is the caller's. None when the folder is gone. */
static struct versions versions_list(const struct flows *flows, const char *name)
{
    struct versions all = {0};
    struct version version;
    DIR *dir = opendir(flows->folder.root);
    for (struct dirent *entry; dir && (entry = readdir(dir));) {
        if (!version_of_file(entry->d_name, name, &version))
            continue;
        if (all.count == all.room) {
            all.room = all.room ? all.room * 2 : 16;
            all.list = mem_resize(all.list, all.room, sizeof *all.list);
        }
        all.list[all.count++] = version;
    }
    if (dir)
        closedir(dir);
    if (all.count)
        qsort(all.list, all.count, sizeof *all.list, version_compare);
    return all;
}

static void index_forget(struct flows *flows)
{
    mem_free(flows->index);
    flows->index = NULL;
}

static bool index_read(struct flows *flows, int fd, const struct folder_stamp *stamp,
                       struct error *err)
{
    struct error why;
    size_t len;
    if (flows->index && folder_same_stamp(stamp, &flows->index_stamp))
        return true;
    index_forget(flows);
    char *text = folder_read(&flows->folder, INDEX_FILE, fd, INDEX_MAX, &len, err);
    if (!text)
        return false;
    struct span json = {text, len};
    bool good = json_check(json, &why);
    if (good && json_type(json) != JSON_OBJECT)
        good = error_set(&why, ERROR_INPUT, "must be an object, got %s",
                         json_type_name(json_type(json)));
    if (!good) {
        mem_free(text);
        return error_set(err, ERROR_INPUT, "%s/%s: %s", flows->folder.shown, INDEX_FILE, why.text);
    }
    flows->index = text;
    flows->index_stamp = *stamp;
    return true;
}

/* Brings flows->index up to date; no index.json is no error. */
static bool index_refresh(struct flows *flows, struct error *err)
{
    struct folder_stamp stamp;
    if (!folder_exists(&flows->folder, INDEX_FILE)) {
        index_forget(flows);
        return true;
    }
    int fd = folder_open(&flows->folder, INDEX_FILE, &stamp, err);
    if (fd < 0)
        return false;
    bool read = index_read(flows, fd, &stamp, err);
    close(fd);
    return read;
}

/* A value of index.json: "hello" or "hello@1.4.2". */
static bool target_read(struct flows *flows, const char *key, struct span value,
                        struct target *target, struct error *err)
{
    struct version version;
    char *text = json_string(value, FILE_SIZE, NULL);
    size_t len = text ? strcspn(text, "@") : 0;
    bool pinned = text && text[len] == '@';
    bool good = text && name_allowed((struct span){text, len}) &&
                (!pinned || version_parse(span_of(text + len + 1), &version));
    if (good) {
        *target = (struct target){0};
        memcpy(target->name, text, len);
        if (pinned)
            version_text(version, target->version);
    } else {
        error_set(err, ERROR_INPUT,
                  "%s/%s: \"%s\" must name a flow, such as \"hello\" or \"hello@1.4.2\"",
                  flows->folder.shown, INDEX_FILE, key);
    }
    mem_free(text);
    return good;
}

/* What the board means: by index.json, else itself. The entry for one version says which file that
 * version is; the entry for the board leaves the version to the job. */
static bool target_find(struct flows *flows, struct target *target, struct error *err)
{
    char exact[FILE_SIZE];
    const char *keys[] = {exact, target->name};
    struct span values[2];
    struct error why;
    struct target mapped = *target;
    if (!index_refresh(flows, err))
        return false;
    if (!flows->index)
        return true;
    snprintf(exact, sizeof exact, "%s@%s", target->name, target->version);
    if (!json_pick(span_of(flows->index), keys, values, 2, &why))
        return error_set(err, why.kind, "%s/%s: %s", flows->folder.shown, INDEX_FILE, why.text);
    if (*target->version && values[0].at) {
        if (!target_read(flows, exact, values[0], &mapped, err))
            return false;
    } else if (values[1].at) {
        if (!target_read(flows, target->name, values[1], &mapped, err))
            return false;
        if (*target->version)
            memcpy(mapped.version, target->version, sizeof mapped.version);
    }
    *target = mapped;
    return true;
}

static void put_entry(struct buffer *text, const char *kind, const char *name)
{
    buffer_format(text, "%s%s%s", text->len ? ", " : "", kind, name);
}

/* What there is of a flow, for people: the files without a version, then the highest versions. */
static void put_existing(const struct flows *flows, const char *name, struct buffer *text)
{
    char file[FILE_SIZE], version[VERSION_SIZE];
    snprintf(file, sizeof file, "%s.lua", name);
    if (folder_exists(&flows->folder, file))
        put_entry(text, "", file);
    snprintf(file, sizeof file, "%s/flow.lua", name);
    if (folder_exists(&flows->folder, file))
        put_entry(text, "", file);
    struct versions all = versions_list(flows, name);
    for (size_t i = 0; i < all.count && i < VERSIONS_SHOWN; i++) {
        version_text(all.list[all.count - 1 - i], version);
        put_entry(text, "version ", version);
    }
    if (all.count > VERSIONS_SHOWN)
        buffer_text(text, ", older ones");
    if (text->len == 0)
        buffer_text(text, "nothing");
    mem_free(all.list);
}

static bool miss_version(const struct flows *flows, const char *board, const struct target *target,
                         struct error *err)
{
    struct buffer text;
    buffer_init(&text, 4096);
    put_existing(flows, target->name, &text);
    error_set(err, ERROR_MISSING,
              "no version %s of board \"%s\" (there is: %.*s): add %s/%s@%s.lua or map it in %s/%s",
              target->version, board, (int)text.len, text.data, flows->folder.shown, target->name,
              target->version, flows->folder.shown, INDEX_FILE);
    buffer_release(&text);
    return false;
}

/* Tests of a flow lie beside it: hello_spec.lua. */
static bool is_spec(const char *name)
{
    size_t len = strlen(name), tail = sizeof "_spec" - 1;
    return len > tail && strcmp(name + len - tail, "_spec") == 0;
}

/* The file that the target means, and the version it has. */
static bool target_file(const struct flows *flows, const char *board, struct target *target,
                        char file[FILE_SIZE], struct error *err)
{
    if (is_spec(target->name))
        return error_set(err, ERROR_MISSING, "no flow for board \"%s\": %s/%s.lua is a spec", board,
                         flows->folder.shown, target->name);
    if (!*target->version) {
        snprintf(file, FILE_SIZE, "%s.lua", target->name);
        if (folder_exists(&flows->folder, file))
            return true;
        snprintf(file, FILE_SIZE, "%s/flow.lua", target->name);
        if (folder_exists(&flows->folder, file))
            return true;
        struct versions all = versions_list(flows, target->name);
        if (all.count)
            version_text(all.list[all.count - 1], target->version);
        mem_free(all.list);
        if (!*target->version)
            return error_set(err, ERROR_MISSING,
                             "no flow for board \"%s\": add %s/%s.lua or map it in %s/%s", board,
                             flows->folder.shown, target->name, flows->folder.shown, INDEX_FILE);
    }
    snprintf(file, FILE_SIZE, "%s@%s.lua", target->name, target->version);
    return folder_exists(&flows->folder, file) || miss_version(flows, board, target, err);
}

static void slot_clear(struct slot *slot)
{
    mem_free(slot->file);
    mem_free(slot->flow.name);
    mem_free(slot->flow.path);
    mem_free((char *)slot->flow.source.at);
    *slot = (struct slot){0};
}

/* The slot that holds the file, or the one to put it in. */
static struct slot *slot_for(struct flows *flows, const char *file)
{
    for (size_t i = 0; i < CACHE_MAX; i++)
        if (flows->slots[i].file && strcmp(flows->slots[i].file, file) == 0)
            return &flows->slots[i];
    struct slot *slot = &flows->slots[flows->oldest];
    flows->oldest = (flows->oldest + 1) % CACHE_MAX;
    return slot;
}

/* Bytecode could break the VM, and what is no UTF-8 could not be quoted in an event. */
static bool check_source(const struct flows *flows, const char *file, struct span source,
                         struct error *err)
{
    if (source.len && source.at[0] == '\x1b')
        return error_set(err, ERROR_INPUT, "%s/%s: is bytecode; only Lua source is run",
                         flows->folder.shown, file);
    if (!json_is_utf8(source))
        return error_set(err, ERROR_INPUT, "%s/%s: must be UTF-8", flows->folder.shown, file);
    return true;
}

static void put_digest(struct span source, char digest[65])
{
    unsigned char hash[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    if (EVP_Digest(source.at, source.len, hash, &len, EVP_sha256(), NULL) != 1 || len != 32)
        abort(); /* OpenSSL without SHA-256 */
    for (unsigned i = 0; i < len; i++)
        snprintf(digest + 2 * i, 3, "%02x", hash[i]);
}

static bool slot_fill(const struct flows *flows, struct slot *slot, const char *file, int fd,
                      const struct target *target, struct error *err)
{
    struct span source;
    char *text = folder_read(&flows->folder, file, fd, CONFIG_SOURCE_MAX, &source.len, err);
    if (!text)
        return false;
    source.at = text;
    if (!check_source(flows, file, source, err)) {
        mem_free(text);
        return false;
    }
    slot_clear(slot);
    slot->file = mem_copy(file);
    slot->flow.source = source;
    slot->flow.name = mem_copy(target->name);
    size_t size = strlen(flows->folder.shown) + 1 + strlen(file) + 1;
    slot->flow.path = mem_new(size);
    snprintf(slot->flow.path, size, "%s/%s", flows->folder.shown, file);
    memcpy(slot->flow.version, target->version, sizeof slot->flow.version);
    put_digest(source, slot->flow.digest);
    return true;
}

/* Reads the file, or finds it unchanged. */
static const struct flow *load(struct flows *flows, const char *file, const struct target *target,
                               struct error *err)
{
    struct folder_stamp stamp;
    int fd = folder_open(&flows->folder, file, &stamp, err);
    if (fd < 0)
        return NULL;
    struct slot *slot = slot_for(flows, file);
    bool ready = slot->file && strcmp(slot->file, file) == 0 &&
                 folder_same_stamp(&stamp, &slot->stamp) &&
                 strcmp(slot->flow.name, target->name) == 0;
    if (!ready && (ready = slot_fill(flows, slot, file, fd, target, err)))
        slot->stamp = stamp;
    close(fd);
    return ready ? &slot->flow : NULL;
}

const struct flow *flow_find(struct flows *flows, const struct claims *claims,
                             const struct job *job, struct error *err)
{
    const char *board = claims_board_id(claims);
    char file[FILE_SIZE];
    struct target target = {0};
    if (!name_allowed(span_of(board))) {
        error_set(err, ERROR_INPUT,
                  "board id \"%.140s\": must be 1 to %d of A-Z a-z 0-9 _ . - and not begin with "
                  "'.'",
                  board, FLOW_NAME_MAX);
        return NULL;
    }
    memcpy(target.name, board, strlen(board));
    if (job->has_version)
        version_text((struct version){{job->version[0], job->version[1], job->version[2]}},
                     target.version);
    if (!target_find(flows, &target, err) || !target_file(flows, board, &target, file, err))
        return NULL;
    return load(flows, file, &target, err);
}

/* "other" or "other@1.4.2" */
static bool target_parse(struct span text, struct target *target)
{
    struct version version;
    const char *at = memchr(text.at, '@', text.len);
    struct span name = {text.at, at ? (size_t)(at - text.at) : text.len};
    if (!name_allowed(name))
        return false;
    if (at) {
        if (!version_parse((struct span){at + 1, text.len - name.len - 1}, &version))
            return false;
        version_text(version, target->version);
    }
    memcpy(target->name, name.at, name.len);
    target->name[name.len] = '\0';
    return true;
}

const struct flow *flow_called(struct flows *flows, struct span name, struct error *err)
{
    char file[FILE_SIZE], board[FLOW_NAME_MAX + 1];
    struct target target = {0};
    if (!target_parse(name, &target)) {
        error_set(err, ERROR_INPUT,
                  "\"%.*s\" is no flow's name, such as \"other\" or "
                  "\"other@1.4.2\"",
                  (int)name.len, name.at);
        return NULL;
    }
    snprintf(board, sizeof board, "%s", target.name);
    if (!target_find(flows, &target, err) || !target_file(flows, board, &target, file, err))
        return NULL;
    return load(flows, file, &target, err);
}

/* "a.b" -> "lib/a/b.lua"; each part of letters, digits, _ and -. */
static bool module_file(struct span name, char file[FILE_SIZE])
{
    if (name.len > 4 && memcmp(name.at, "lib.", 4) == 0)
        name = (struct span){name.at + 4, name.len - 4};
    size_t len = (size_t)snprintf(file, FILE_SIZE, "lib/");
    char before = '.';
    if (name.len == 0 || name.len > FLOW_NAME_MAX)
        return false;
    for (size_t i = 0; i < name.len; before = name.at[i++]) {
        if (name.at[i] == '.' ? before == '.' : !name_allowed((struct span){name.at + i, 1}))
            return false;
        file[len++] = name.at[i] == '.' ? '/' : name.at[i];
    }
    snprintf(file + len, FILE_SIZE - len, ".lua");
    return before != '.';
}

const struct flow *flow_module(struct flows *flows, struct span name, struct error *err)
{
    char file[FILE_SIZE];
    struct target target = {0};
    if (!module_file(name, file)) {
        error_set(err, ERROR_INPUT, "\"%.*s\" is no module's name, such as \"lib.money\"",
                  (int)name.len, name.at);
        return NULL;
    }
    if (!folder_exists(&flows->folder, file)) {
        error_set(err, ERROR_MISSING, "no module \"%.*s\": there is no %s/%s", (int)name.len,
                  name.at, flows->folder.shown, file);
        return NULL;
    }
    int len = (int)(strlen(file) - strlen("lib/.lua"));
    snprintf(target.name, sizeof target.name, "%.*s", len, file + strlen("lib/"));
    return load(flows, file, &target, err);
}

struct flows *flows_open(const char *dir, struct error *err)
{
    struct folder folder;
    if (!folder_init(&folder, dir, err))
        return NULL;
    struct flows *flows = mem_new(sizeof *flows);
    flows->folder = folder;
    return flows;
}

void flows_close(struct flows *flows)
{
    if (!flows)
        return;
    for (size_t i = 0; i < CACHE_MAX; i++)
        slot_clear(&flows->slots[i]);
    index_forget(flows);
    folder_release(&flows->folder);
    mem_free(flows);
}
