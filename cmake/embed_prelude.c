/* embed_prelude: a build tool. Compiles Lua files to bytecode and writes them as one C array each,
 * with a table of their names under the symbol it is given: what src/script.c declares as
 * prelude_files, and the developer's program as developer_prelude_files. */
#include <lauxlib.h>
#include <lua.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_SIZE (256 * 1024)

static size_t written;

static int put_bytes(lua_State *L, const void *bytes, size_t len, void *out)
{
    (void)L;
    for (size_t i = 0; i < len; i++)
        fprintf(out, "%u,%s", ((const unsigned char *)bytes)[i], ++written % 24 ? "" : "\n");
    return 0;
}

/* "lua/prelude/steps.lua" -> "steps" */
static void module_name(const char *path, char *name, size_t size)
{
    const char *base = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
    snprintf(name, size, "%.*s", (int)strcspn(base, "."), base);
}

/* Leaves the compiled file on the stack, as "=prelude/steps": no place of this machine. */
static int load(lua_State *L, const char *path)
{
    char text[MAX_SIZE], name[64];
    FILE *in = fopen(path, "rb");
    if (!in)
        return lua_pushfstring(L, "%s: cannot be read", path), LUA_ERRRUN;
    size_t len = fread(text, 1, sizeof text, in);
    fclose(in);
    const char *folder = strstr(path, "/lua/");
    snprintf(name, sizeof name, "=%.*s", (int)strcspn(folder ? folder + 5 : path, "."),
             folder ? folder + 5 : path);
    return luaL_loadbufferx(L, text, len, name, "t");
}

/* --lines keeps what tells lines, for measuring which of them were run. */
int main(int argc, char **argv)
{
    int first = argc > 1 && strcmp(argv[1], "--lines") == 0 ? 2 : 1;
    argv += first - 1;
    argc -= first - 1;
    FILE *out = argc > 1 ? fopen(argv[1], "w") : NULL;
    lua_State *L = luaL_newstate();
    if (!out || !L || argc < 3)
        return fprintf(stderr, "usage: embed_prelude [--lines] OUT.c SYMBOL FILE.lua...\n"), 1;
    fprintf(out, "#include <stddef.h>\n");
    for (int i = 3; i < argc; i++) {
        if (load(L, argv[i]))
            return fprintf(stderr, "%s\n", lua_tostring(L, -1)), 1;
        fprintf(out, "static const unsigned char file_%d[] = {\n", i);
        lua_dump(L, put_bytes, out, first == 1);
        fprintf(out, "};\n");
        lua_settop(L, 0);
    }
    fprintf(out,
            "struct prelude_file { const char *name; const void *bytes; size_t len; };\n"
            "extern const struct prelude_file %s[];\n"
            "const struct prelude_file %s[] = {\n",
            argv[2], argv[2]);
    for (int i = 3; i < argc; i++) {
        char name[64];
        module_name(argv[i], name, sizeof name);
        fprintf(out, "    {\"%s\", file_%d, sizeof file_%d},\n", name, i, i);
    }
    fprintf(out, "    {NULL, NULL, 0},\n};\n");
    lua_close(L);
    return fclose(out) == 0 ? 0 : 1;
}
