#include "value.h"

#include "json.h"

#include <lauxlib.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Their addresses are keys of the registry; null's is also null itself. */
static const char array_mark = 'a', object_mark = 'o', null_value = 'n';
const char value_target_key = 't';

static int null_text(lua_State *L)
{
    lua_pushliteral(L, "null");
    return 1;
}

/* A metatable that getmetatable shows as its name and setmetatable refuses to replace: a script
 * that got hold of it could change every array of the run. */
static void new_mark(lua_State *L, const char *name, const char *key)
{
    lua_createtable(L, 0, 2);
    lua_pushstring(L, name);
    lua_setfield(L, -2, "__metatable");
    lua_pushvalue(L, -1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, key);
}

void value_open(lua_State *L)
{
    new_mark(L, "array", &array_mark);
    new_mark(L, "object", &object_mark);
    lua_pop(L, 2);
    value_push_null(L);
    new_mark(L, "null", &null_value);
    lua_pushcfunction(L, null_text);
    lua_setfield(L, -2, "__tostring");
    lua_setmetatable(L, -2); /* of every light userdata; a script sees none but null */
    lua_pop(L, 1);
}

void value_push_null(lua_State *L)
{
    lua_pushlightuserdata(L, (void *)&null_value);
}

static bool is_marked(lua_State *L, int index, const char *key)
{
    if (!lua_getmetatable(L, index))
        return false;
    lua_rawgetp(L, LUA_REGISTRYINDEX, key);
    bool marked = lua_rawequal(L, -1, -2);
    lua_pop(L, 2);
    return marked;
}

/* As setmetatable does, it leaves a protected metatable where it is; but one mark may replace the
 * other. */
static void mark(lua_State *L, int index, const char *key)
{
    index = lua_absindex(L, index);
    if (lua_rawgetp(L, index, &value_target_key) != LUA_TNIL)
        luaL_error(L, "the state is read-only and cannot be marked");
    lua_pop(L, 1);
    if (!is_marked(L, index, &array_mark) && !is_marked(L, index, &object_mark) &&
        luaL_getmetafield(L, index, "__metatable") != LUA_TNIL)
        luaL_error(L, "a table with a protected metatable cannot be marked");
    lua_rawgetp(L, LUA_REGISTRYINDEX, key);
    lua_setmetatable(L, index);
}

void value_mark_array(lua_State *L, int index)
{
    mark(L, index, &array_mark);
}

void value_mark_object(lua_State *L, int index)
{
    mark(L, index, &object_mark);
}

/* A walk over text that json_check has passed, so that no byte needs a second look. */
struct decode {
    lua_State *L;
    const char *begin;
    const char *at;
    const char *end;
    struct error *err;
};

static bool refuse(struct decode *decode, const char *at, const char *rule)
{
    return error_set(decode->err, ERROR_INPUT, "byte %zu: %s", (size_t)(at - decode->begin), rule);
}

static void skip_space(struct decode *decode)
{
    while (decode->at < decode->end && strchr(" \n\r\t", *decode->at))
        decode->at++;
}

static void decode_string(struct decode *decode)
{
    const char *first = decode->at++;
    bool escaped = false;
    for (; *decode->at != '"'; decode->at++) {
        if (*decode->at != '\\')
            continue;
        escaped = true;
        decode->at++;
    }
    struct span quoted = {first, (size_t)(++decode->at - first)};
    if (!escaped) {
        lua_pushlstring(decode->L, first + 1, quoted.len - 2);
        return;
    }
    /* not a luaL_Buffer: that one fails at the memory cap without collecting garbage first */
    char *plain = lua_newuserdatauv(decode->L, quoted.len, 0);
    lua_pushlstring(decode->L, plain, json_unescape(quoted, plain));
    lua_remove(decode->L, -2);
}

/* strtod wants a NUL behind the number, so it gets a copy. */
static double to_double(lua_State *L, struct span number)
{
    char copy[64];
    if (number.len < sizeof copy) {
        memcpy(copy, number.at, number.len);
        copy[number.len] = '\0';
        return strtod(copy, NULL);
    }
    double value = strtod(lua_pushlstring(L, number.at, number.len), NULL);
    lua_pop(L, 1);
    return value;
}

static bool decode_number(struct decode *decode)
{
    struct span number = {decode->at, 0};
    bool integer = true;
    for (; decode->at < decode->end && *decode->at && strchr("+-.0123456789Ee", *decode->at);
         decode->at++)
        if (*decode->at == '.' || *decode->at == 'e' || *decode->at == 'E')
            integer = false;
    number.len = (size_t)(decode->at - number.at);
    if (integer && !span_is(number, "-0")) {
        int64_t value;
        if (!json_integer(number, &value, NULL))
            return refuse(decode, number.at, "an integer beyond 64 bits");
        lua_pushinteger(decode->L, value);
        return true;
    }
    double value = to_double(decode->L, number);
    if (!isfinite(value))
        return refuse(decode, number.at, "a number that no double holds");
    lua_pushnumber(decode->L, value);
    return true;
}

static bool decode_value(struct decode *decode);

/* Moves past a ',' to the next member and true, or past the closing bracket and false. */
static bool has_next(struct decode *decode, char close)
{
    skip_space(decode);
    if (*decode->at == ',')
        decode->at++;
    skip_space(decode);
    if (*decode->at != close)
        return true;
    decode->at++;
    return false;
}

static bool decode_array(struct decode *decode)
{
    lua_newtable(decode->L);
    value_mark_array(decode->L, -1);
    decode->at++;
    for (lua_Integer i = 1; has_next(decode, ']'); i++) {
        if (!decode_value(decode))
            return false;
        lua_rawseti(decode->L, -2, i);
    }
    return true;
}

static bool decode_object(struct decode *decode)
{
    lua_newtable(decode->L);
    decode->at++;
    while (has_next(decode, '}')) {
        const char *key = decode->at;
        decode_string(decode);
        lua_pushvalue(decode->L, -1);
        if (lua_rawget(decode->L, -3) != LUA_TNIL)
            return refuse(decode, key, "a key that stands twice in one object");
        lua_pop(decode->L, 1);
        skip_space(decode);
        decode->at++; /* the colon */
        if (!decode_value(decode))
            return false;
        lua_rawset(decode->L, -3);
    }
    return true;
}

static bool decode_value(struct decode *decode)
{
    luaL_checkstack(decode->L, 8, "JSON nested too deep");
    skip_space(decode);
    switch (*decode->at) {
    case '{':
        return decode_object(decode);
    case '[':
        return decode_array(decode);
    case '"':
        decode_string(decode);
        return true;
    case 't':
        lua_pushboolean(decode->L, true);
        decode->at += 4;
        return true;
    case 'f':
        lua_pushboolean(decode->L, false);
        decode->at += 5;
        return true;
    case 'n':
        value_push_null(decode->L);
        decode->at += 4;
        return true;
    default:
        return decode_number(decode);
    }
}

bool value_decode(lua_State *L, struct span text, struct error *err)
{
    if (!json_check(text, err))
        return false;
    int top = lua_gettop(L);
    struct decode decode = {L, text.at, text.at, text.at + text.len, err};
    if (decode_value(&decode))
        return true;
    lua_settop(L, top);
    return false;
}

/* Where the walk is: a chain on the C stack, from the innermost value up to the top. */
struct place {
    const struct place *up;
    const void *table; /* the container that is being walked here */
    struct span key;   /* of the member in it, or {NULL, 0} in an array */
    lua_Integer index;
};

/* The text grows in a userdata of the state, which outlives no error that Lua raises. */
struct encode {
    lua_State *L;
    char *data;
    size_t len;
    size_t size;
    size_t max;
    int slot; /* where the userdata stands on the stack */
    struct error *err;
};

static bool is_name(struct span key)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789";
    if (key.len == 0 || key.len > 64 || (key.at[0] >= '0' && key.at[0] <= '9'))
        return false;
    for (size_t i = 0; i < key.len; i++)
        if (!key.at[i] || !strchr(letters, key.at[i]))
            return false;
    return true;
}

static void put_place(const struct place *place, struct buffer *path)
{
    if (!place)
        return;
    put_place(place->up, path);
    if (!place->key.at)
        buffer_format(path, "[%lld]", (long long)place->index);
    else if (is_name(place->key))
        buffer_format(path, "%s%.*s", place->up ? "." : "", (int)place->key.len, place->key.at);
    else if (place->key.len <= 64 && json_is_utf8(place->key))
        buffer_format(path, "[\"%.*s\"]", (int)place->key.len, place->key.at);
    else
        buffer_format(path, "[a key of %zu bytes]", place->key.len);
}

/* "orders[3].total: a function cannot be JSON"; a deep path loses its end, not the rule. */
static bool deny(struct encode *encode, const struct place *place, const char *rule)
{
    struct buffer path;
    buffer_init(&path, 320);
    put_place(place, &path);
    error_set(encode->err, ERROR_INPUT, "%.*s%s%s", (int)path.len, path.len ? path.data : "",
              path.len ? ": " : "", rule);
    buffer_release(&path);
    return false;
}

static bool put(struct encode *encode, const char *bytes, size_t len)
{
    if (len > encode->max - encode->len)
        return error_set(encode->err, ERROR_LIMIT, "over %zu bytes as JSON", encode->max);
    if (len > encode->size - encode->len) {
        size_t size = encode->size;
        while (size < encode->len + len)
            size *= 2;
        char *grown = lua_newuserdatauv(encode->L, size, 0);
        memcpy(grown, encode->data, encode->len);
        lua_replace(encode->L, encode->slot);
        encode->data = grown;
        encode->size = size;
    }
    memcpy(encode->data + encode->len, bytes, len);
    encode->len += len;
    return true;
}

static bool put_text(struct encode *encode, const char *text)
{
    return put(encode, text, strlen(text));
}

static bool encode_string(struct encode *encode, struct span text)
{
    size_t done = 0;
    if (!put(encode, "\"", 1))
        return false;
    for (size_t i = 0; i < text.len; i++) {
        char escape[JSON_ESCAPE_SIZE];
        size_t size = json_escape((unsigned char)text.at[i], escape);
        if (size == 0)
            continue;
        if (!put(encode, text.at + done, i - done) || !put(encode, escape, size))
            return false;
        done = i + 1;
    }
    return put(encode, text.at + done, text.len - done) && put(encode, "\"", 1);
}

/* The first of 15, 16 and 17 digits that reads back the same; always a float's text. */
static bool encode_float(struct encode *encode, double value, const struct place *place)
{
    if (!isfinite(value))
        return deny(encode, place,
                    isnan(value) ? "NaN cannot be JSON" : "an infinity cannot be JSON");
    char text[40];
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, value);
        if (strtod(text, NULL) == value)
            break;
    }
    return put_text(encode, text) && put_text(encode, strpbrk(text, ".e") ? "" : ".0");
}

static bool encode_number(struct encode *encode, int index, const struct place *place)
{
    if (!lua_isinteger(encode->L, index))
        return encode_float(encode, lua_tonumber(encode->L, index), place);
    char text[24];
    snprintf(text, sizeof text, "%lld", (long long)lua_tointeger(encode->L, index));
    return put_text(encode, text);
}

static bool encode_value(struct encode *encode, int index, const struct place *place, int depth);

/* What kind of keys a table has. */
struct keys {
    size_t texts;
    size_t integers;
    lua_Integer max;
    lua_Integer min;
    bool others;
};

static struct keys count_keys(lua_State *L, int index)
{
    struct keys keys = {.min = 1};
    for (lua_pushnil(L); lua_next(L, index); lua_pop(L, 1)) {
        if (lua_type(L, -2) == LUA_TSTRING) {
            keys.texts++;
        } else if (lua_isinteger(L, -2)) {
            lua_Integer i = lua_tointeger(L, -2);
            keys.integers++;
            keys.max = i > keys.max ? i : keys.max;
            keys.min = i < keys.min ? i : keys.min;
        } else {
            keys.others = true;
        }
    }
    return keys;
}

static bool encode_array(struct encode *encode, int index, struct place *place, size_t count,
                         int depth)
{
    if (!put(encode, "[", 1))
        return false;
    for (place->index = 1; (size_t)place->index <= count; place->index++) {
        if (place->index > 1 && !put(encode, ",", 1))
            return false;
        lua_rawgeti(encode->L, index, place->index);
        if (!encode_value(encode, lua_gettop(encode->L), place, depth))
            return false;
        lua_pop(encode->L, 1);
    }
    return put(encode, "]", 1);
}

static int compare_keys(const void *a, const void *b)
{
    const struct span *x = a, *y = b;
    int order = memcmp(x->at, y->at, x->len < y->len ? x->len : y->len);
    return order ? order : (x->len > y->len) - (x->len < y->len);
}

/* Pushes a userdata with the table's keys in byte order; the table keeps their strings alive. */
static const struct span *sort_keys(lua_State *L, int index, size_t count)
{
    struct span *keys = lua_newuserdatauv(L, count * sizeof *keys, 0);
    size_t i = 0;
    for (lua_pushnil(L); lua_next(L, index); lua_pop(L, 1)) {
        keys[i].at = lua_tolstring(L, -2, &keys[i].len);
        i++;
    }
    qsort(keys, count, sizeof *keys, compare_keys);
    return keys;
}

static bool encode_object(struct encode *encode, int index, struct place *place, size_t count,
                          int depth)
{
    if (!put(encode, "{", 1))
        return false;
    const struct span *keys = sort_keys(encode->L, index, count);
    for (size_t i = 0; i < count; i++) {
        place->key = keys[i];
        if (!json_is_utf8(keys[i]))
            return deny(encode, place->up, "a key that is not valid UTF-8 cannot be JSON");
        if ((i && !put(encode, ",", 1)) || !encode_string(encode, keys[i]) || !put(encode, ":", 1))
            return false;
        lua_pushlstring(encode->L, keys[i].at, keys[i].len);
        lua_rawget(encode->L, index);
        if (!encode_value(encode, lua_gettop(encode->L), place, depth))
            return false;
        lua_pop(encode->L, 1);
    }
    lua_pop(encode->L, 1);
    return put(encode, "}", 1);
}

/* Why the keys make neither an array nor an object, or NULL. */
static const char *key_fault(const struct keys *keys, bool array, bool object)
{
    if (keys->others)
        return "a key that is neither string nor integer cannot be JSON";
    if (keys->texts && keys->integers)
        return "mixed keys (strings and integers) cannot be JSON";
    if (keys->texts && array)
        return "string keys in an array cannot be JSON";
    if (keys->integers && object)
        return "integer keys in an object cannot be JSON";
    if (keys->min < 1 || (size_t)keys->max != keys->integers)
        return "a sparse array cannot be JSON";
    return NULL;
}

static bool encode_table(struct encode *encode, int index, const struct place *place, int depth)
{
    const void *table = lua_topointer(encode->L, index);
    for (const struct place *up = place; up; up = up->up)
        if (up->table == table)
            return deny(encode, place, "a cycle cannot be JSON");
    if (depth == JSON_DEPTH_MAX)
        return deny(encode, place, "nested deeper than 128");
    bool array = is_marked(encode->L, index, &array_mark);
    bool object = is_marked(encode->L, index, &object_mark);
    struct keys keys = count_keys(encode->L, index);
    const char *fault = key_fault(&keys, array, object);
    if (fault)
        return deny(encode, place, fault);
    struct place here = {.up = place, .table = table};
    if (array || keys.integers)
        return encode_array(encode, index, &here, keys.integers, depth + 1);
    return encode_object(encode, index, &here, keys.texts, depth + 1);
}

static bool encode_other(struct encode *encode, int index, const struct place *place)
{
    if (lua_touserdata(encode->L, index) == &null_value)
        return put_text(encode, "null");
    if (lua_type(encode->L, index) == LUA_TUSERDATA)
        return deny(encode, place, "a secret cannot be JSON");
    char rule[48];
    snprintf(rule, sizeof rule, "%s%s cannot be JSON", lua_isnil(encode->L, index) ? "" : "a ",
             luaL_typename(encode->L, index));
    return deny(encode, place, rule);
}

/* Leaves the stack as it was on success; on failure value_encode clears it. */
static bool encode_value(struct encode *encode, int index, const struct place *place, int depth)
{
    luaL_checkstack(encode->L, 8, "value nested too deep");
    struct span text;
    switch (lua_type(encode->L, index)) {
    case LUA_TBOOLEAN:
        return put_text(encode, lua_toboolean(encode->L, index) ? "true" : "false");
    case LUA_TNUMBER:
        return encode_number(encode, index, place);
    case LUA_TSTRING:
        text.at = lua_tolstring(encode->L, index, &text.len);
        if (!json_is_utf8(text))
            return deny(encode, place, "a string that is not valid UTF-8 cannot be JSON");
        return encode_string(encode, text);
    case LUA_TTABLE:
        if (lua_rawgetp(encode->L, index, &value_target_key) != LUA_TNIL)
            index = lua_gettop(encode->L);
        if (!encode_table(encode, index, place, depth))
            return false;
        lua_pop(encode->L, 1);
        return true;
    default:
        return encode_other(encode, index, place);
    }
}

bool value_encode(lua_State *L, int index, size_t max, struct error *err)
{
    index = lua_absindex(L, index);
    int top = lua_gettop(L);
    luaL_checkstack(L, 4, "no room to encode a value");
    struct encode encode = {.L = L, .size = 256, .max = max, .slot = top + 1, .err = err};
    encode.data = lua_newuserdatauv(L, encode.size, 0);
    bool whole = encode_value(&encode, index, NULL, 0);
    if (whole)
        lua_pushlstring(L, encode.data, encode.len);
    if (whole)
        lua_replace(L, encode.slot);
    else
        lua_settop(L, top);
    return whole;
}
