#include "compiled.h"

#include <lauxlib.h>
#include <string.h>

struct entry {
    char *text; /* NULL: free */
    size_t text_len;
    char *name;
    size_t name_len;
    struct buffer code;
    bool approved;
};

struct compiled {
    struct entry entries[COMPILED_TEXTS_MAX];
    size_t oldest; /* the entry given up next */
    size_t bytes;
};

struct compiled *compiled_new(void)
{
    return mem_new(sizeof(struct compiled));
}

static void clear(struct compiled *compiled, struct entry *entry)
{
    if (!entry->text)
        return;
    compiled->bytes -= entry->text_len + entry->code.len;
    mem_free(entry->text);
    mem_free(entry->name);
    buffer_release(&entry->code);
    *entry = (struct entry){0};
}

void compiled_free(struct compiled *compiled)
{
    if (!compiled)
        return;
    for (size_t i = 0; i < COMPILED_TEXTS_MAX; i++)
        clear(compiled, &compiled->entries[i]);
    mem_free(compiled);
}

static size_t find(const struct compiled *compiled, struct span text, struct span name)
{
    size_t i = 0;
    for (; i < COMPILED_TEXTS_MAX; i++) {
        const struct entry *it = &compiled->entries[i];
        if (it->text && span_equal(text, (struct span){it->text, it->text_len}) &&
            span_equal(name, (struct span){it->name, it->name_len}))
            break;
    }
    return i;
}

static int put_code(lua_State *L, const void *bytes, size_t len, void *out)
{
    (void)L;
    return !buffer_add(out, (struct span){bytes, len});
}

/* Keeps what the function on top was compiled to, if there is room for it. */
static void keep(struct compiled *compiled, lua_State *L, struct span text, struct span name)
{
    struct buffer code;
    buffer_init(&code, COMPILED_BYTES_MAX / 2);
    if (text.len > COMPILED_BYTES_MAX / 2 || lua_dump(L, put_code, &code, 0) != 0) {
        buffer_release(&code);
        return;
    }
    struct entry *entry;
    do {
        entry = &compiled->entries[compiled->oldest];
        compiled->oldest = (compiled->oldest + 1) % COMPILED_TEXTS_MAX;
        clear(compiled, entry);
    } while (compiled->bytes + text.len + code.len > COMPILED_BYTES_MAX);
    *entry = (struct entry){.text = mem_string(text),
                            .text_len = text.len,
                            .name = mem_string(name),
                            .name_len = name.len,
                            .code = code};
    compiled->bytes += text.len + code.len;
}

int compiled_load(struct compiled *compiled, lua_State *L, struct span text, struct span name)
{
    size_t at = compiled ? find(compiled, text, name) : COMPILED_TEXTS_MAX;
    const char *chunk = lua_pushfstring(L, "@%s", name.at);
    struct span code = text;
    if (at < COMPILED_TEXTS_MAX)
        code = buffer_span(&compiled->entries[at].code);
    int status = luaL_loadbufferx(L, code.at, code.len, chunk, at < COMPILED_TEXTS_MAX ? "b" : "t");
    lua_remove(L, -2);
    if (status == LUA_OK && compiled && at == COMPILED_TEXTS_MAX)
        keep(compiled, L, text, name);
    return status;
}

bool compiled_approved(const struct compiled *compiled, struct span text, struct span name)
{
    size_t at = compiled ? find(compiled, text, name) : COMPILED_TEXTS_MAX;
    return at < COMPILED_TEXTS_MAX && compiled->entries[at].approved;
}

void compiled_approve(struct compiled *compiled, struct span text, struct span name)
{
    size_t at = compiled ? find(compiled, text, name) : COMPILED_TEXTS_MAX;
    if (at < COMPILED_TEXTS_MAX)
        compiled->entries[at].approved = true;
}
