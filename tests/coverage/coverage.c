/* coverage: which lines of lua/ were run, by every process of a test run. ./dev coverage builds
 * with it; nothing else does.
 *
 * Stands before lua_sethook (ld --wrap), so that each state with a count hook reports its lines,
 * too. Marks go into a file that is mapped before main, so that a worker that has given up files
 * keeps on counting. tests/coverage/report.lua reads it: COVERAGE_FILES entries of a name of 48
 * bytes and a byte for each of COVERAGE_LINES lines. */
#include <fcntl.h>
#include <lua.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define COVERAGE_FILES 128
#define COVERAGE_LINES 1000
#define NAME_SIZE      48

struct covered {
    char name[NAME_SIZE]; /* "prelude/steps" */
    unsigned char lines[COVERAGE_LINES];
};

void __real_lua_sethook(lua_State *L, lua_Hook hook, int mask, int count);
void __wrap_lua_sethook(lua_State *L, lua_Hook hook, int mask, int count);

static struct covered *covered;
static lua_Hook counting;

__attribute__((constructor)) static void map_file(void)
{
    int fd = open(COVERAGE_FILE, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (fd < 0 || ftruncate(fd, COVERAGE_FILES * sizeof *covered) < 0)
        return;
    void *map =
        mmap(NULL, COVERAGE_FILES * sizeof *covered, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    covered = map == MAP_FAILED ? NULL : map;
    close(fd);
}

/* Two processes may take two entries for one file; the report adds them up. */
static struct covered *entry_of(const char *name)
{
    static struct covered *last;
    if (last && strncmp(last->name, name, NAME_SIZE - 1) == 0)
        return last;
    for (struct covered *it = covered; it < covered + COVERAGE_FILES; it++) {
        if (!*it->name)
            snprintf(it->name, NAME_SIZE, "%s", name);
        if (strncmp(it->name, name, NAME_SIZE - 1) == 0)
            return last = it;
    }
    return NULL;
}

static void on_hook(lua_State *L, lua_Debug *ar)
{
    if (ar->event != LUA_HOOKLINE) {
        counting(L, ar);
        return;
    }
    lua_getinfo(L, "Sl", ar);
    struct covered *entry = covered && *ar->source == '=' ? entry_of(ar->source + 1) : NULL;
    if (entry && ar->currentline > 0 && ar->currentline < COVERAGE_LINES)
        entry->lines[ar->currentline] = 1;
}

void __wrap_lua_sethook(lua_State *L, lua_Hook hook, int mask, int count)
{
    counting = hook;
    __real_lua_sethook(L, on_hook, mask | LUA_MASKLINE, count);
}
