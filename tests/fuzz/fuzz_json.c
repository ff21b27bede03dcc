/* Any bytes through json_check, and what passes through every walk; then text -> Lua value -> text
 * -> Lua value -> text, where the last two texts must be the same. */
#include "json.h"
#include "value.h"

#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_MAX (1024 * 1024)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool held)
{
    if (!held)
        abort();
}

static void walk_string(struct span value)
{
    struct error err;
    struct buffer plain, quoted;
    buffer_init(&plain, TEXT_MAX);
    buffer_init(&quoted, 6 * TEXT_MAX);
    must(json_decode(value, &plain, &err) && json_is_utf8(buffer_span(&plain)));
    must(json_put_string(&quoted, buffer_span(&plain)) && json_check(buffer_span(&quoted), &err));
    mem_free(json_string(value, 64, &err));
    buffer_release(&plain);
    buffer_release(&quoted);
}

static void walk(struct span value)
{
    static const char *const keys[] = {"a", "", "\xc3\xa9"};
    struct span picked[3], element;
    struct error err;
    int64_t number;
    must(json_check(value, &err));
    switch (json_type(value)) {
    case JSON_ARRAY:
        while (json_next(&value, &element))
            walk(element);
        must(value.len > 0);
        break;
    case JSON_OBJECT:
        json_pick(value, keys, picked, 3, &err);
        for (size_t i = 0; i < 3; i++)
            if (picked[i].at)
                walk(picked[i]);
        break;
    case JSON_STRING:
        walk_string(value);
        break;
    default:
        json_integer(value, &number, &err);
    }
}

static void replace_nul(struct span text)
{
    struct error err;
    struct buffer once, twice;
    size_t count = 0;
    buffer_init(&once, TEXT_MAX);
    buffer_init(&twice, TEXT_MAX);
    must(json_put_without_nul(&once, text, &count) && json_check(buffer_span(&once), &err));
    must(json_put_without_nul(&twice, buffer_span(&once), &count) && count == 0);
    must(span_equal(buffer_span(&once), buffer_span(&twice)));
    buffer_release(&once);
    buffer_release(&twice);
}

static struct span encode(lua_State *L)
{
    struct error err;
    struct span text = {NULL, 0};
    if (value_encode(L, -1, 8 * TEXT_MAX, &err))
        text.at = lua_tolstring(L, -1, &text.len);
    must(text.at && json_check(text, &err));
    return text;
}

static void there_and_back(struct span text)
{
    struct error err;
    lua_State *L = luaL_newstate();
    value_open(L);
    if (value_decode(L, text, &err)) {
        struct span once = encode(L);
        must(value_decode(L, once, &err));
        must(span_equal(once, encode(L)));
    }
    lua_close(L);
}

/* Without the white space around it, as json_pick and json_next give spans. */
static struct span trim(struct span text)
{
    static const char space[] = " \n\r\t";
    while (memchr(space, text.at[0], 4))
        text = (struct span){text.at + 1, text.len - 1};
    while (memchr(space, text.at[text.len - 1], 4))
        text.len--;
    return text;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span text = {(const char *)data, size};
    struct error err;
    if (size > TEXT_MAX / 8)
        return 0;
    bool valid = json_check(text, &err);
    cJSON *tree = json_parse(text, &err);
    must(valid || !tree);
    cJSON_Delete(tree);
    there_and_back(text);
    if (!valid)
        return 0;
    replace_nul(text);
    walk(trim(text));
    return 0;
}
