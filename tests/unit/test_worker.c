#include "worker.h"

#include "apart.h"
#include "wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <lauxlib.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

/* A worker in a forked child, seen from its supervisor's end. */
struct child {
    pid_t pid;
    int socket;
    struct worker_page *page;
    struct buffer in;
    size_t used;
};

/* What the next worker has beside its prelude, or NULL. */
static const struct prelude_file *extra;

static void become_worker(int socket, int page)
{
    socket = fcntl(socket, F_DUPFD, 10);
    page = fcntl(page, F_DUPFD, 10);
    dup2(socket, WORKER_SOCKET);
    dup2(page, WORKER_PAGE);
    worker_main(64 << 20, extra);
}

static struct child start_worker(void)
{
    struct child child = {0};
    int ends[2];
    int page = memfd_create("page", MFD_CLOEXEC);
    assert_true(page >= 0);
    assert_int_equal(ftruncate(page, sizeof *child.page), 0);
    child.page = mmap(NULL, sizeof *child.page, PROT_READ | PROT_WRITE, MAP_SHARED, page, 0);
    assert_true(child.page != MAP_FAILED);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    fflush(NULL);
    child.pid = fork();
    assert_true(child.pid >= 0);
    if (child.pid == 0) {
        close(ends[0]);
        become_worker(ends[1], page);
    }
    close(ends[1]);
    close(page);
    child.socket = ends[0];
    /* no test waits for ever */
    struct timeval limit = {.tv_sec = 15};
    setsockopt(child.socket, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    buffer_init(&child.in, 2 * (size_t)WIRE_FRAME_MAX);
    return child;
}

static void hang_up(struct child *child)
{
    if (child->socket >= 0)
        close(child->socket);
    child->socket = -1;
}

/* Lets go of a worker that ends by itself; its wait status. */
static int end_of(struct child *child)
{
    int status;
    assert_int_equal(waitpid(child->pid, &status, 0), child->pid);
    hang_up(child);
    munmap(child->page, sizeof *child->page);
    buffer_release(&child->in);
    return status;
}

static void assert_exit(struct child *child, int code)
{
    int status = end_of(child);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != code)
        fail_msg("status %#x, not exit %d", status, code);
}

static void send_bytes(const struct child *child, struct span bytes)
{
    while (bytes.len) {
        ssize_t sent = send(child->socket, bytes.at, bytes.len, MSG_NOSIGNAL);
        assert_true(sent > 0);
        bytes = (struct span){bytes.at + sent, bytes.len - (size_t)sent};
    }
}

static void send_load_of(const struct child *child, const struct apart_order *order)
{
    struct buffer out;
    struct wire_load load = apart_load(order);
    buffer_init(&out, WIRE_FRAME_MAX);
    assert_true(wire_put_load(&out, &load));
    send_bytes(child, buffer_span(&out));
    buffer_release(&out);
}

static void send_load(const struct child *child, const char *source)
{
    send_load_of(child, &(struct apart_order){.source = source});
}

static void send_start(const struct child *child, int64_t left_ms)
{
    struct buffer out;
    buffer_init(&out, WIRE_FRAME_MAX);
    assert_true(wire_put_start(&out, &(struct wire_start){.left_ms = left_ms}));
    send_bytes(child, buffer_span(&out));
    buffer_release(&out);
}

static void send_reply(const struct child *child, int64_t id, const char *head, struct span body)
{
    struct buffer out;
    buffer_init(&out, WIRE_FRAME_MAX);
    assert_true(wire_put_reply(&out, &(struct wire_reply){id, span_of(head), body, 0}));
    send_bytes(child, buffer_span(&out));
    buffer_release(&out);
}

/* The next frame, which must come; valid until the next call. Progress is passed over: these tests
 * are not about it. */
static struct wire_frame next_frame(struct child *child)
{
    struct wire_frame frame = {.kind = WIRE_PROGRESS};
    while (frame.kind == WIRE_PROGRESS) {
        struct error err = {0};
        enum wire_status status;
        buffer_drop(&child->in, child->used);
        child->used = 0;
        while ((status = wire_read(buffer_span(&child->in), &frame, &child->used, &err)) ==
               WIRE_MORE) {
            char bytes[4096];
            ssize_t got = recv(child->socket, bytes, sizeof bytes, 0);
            if (got <= 0)
                fail_msg("no frame: %s", got ? strerror(errno) : "EOF");
            assert_true(buffer_add(&child->in, (struct span){bytes, (size_t)got}));
        }
        if (status == WIRE_BROKEN)
            fail_msg("%s", err.text);
    }
    return frame;
}

static void expect_ready(struct child *child)
{
    struct wire_frame frame = next_frame(child);
    struct wire_ready ready;
    assert_true(wire_get_ready(&frame, &ready, NULL));
    assert_true(ready.level.len >= 7 && memcmp(ready.level.at, "rlimits", 7) == 0);
}

static void expect_described(struct child *child, const char *what)
{
    struct wire_frame frame = next_frame(child);
    struct wire_described described;
    assert_true(wire_get_described(&frame, &described, NULL));
    if (!memmem(described.text.at, described.text.len, what, strlen(what)))
        fail_msg("no '%s' in: %.*s", what, (int)described.text.len, described.text.at);
}

static struct wire_request expect_request(struct child *child)
{
    struct wire_frame frame = next_frame(child);
    struct wire_request request;
    assert_true(wire_get_request(&frame, &request, NULL));
    return request;
}

static void expect_completed(struct child *child, const char *output)
{
    struct wire_frame frame = next_frame(child);
    struct wire_outcome outcome;
    assert_true(wire_get_outcome(&frame, &outcome, NULL));
    if (!outcome.completed)
        fail_msg("%.*s", (int)outcome.message.len, outcome.message.at);
    if (!span_is(outcome.output, output))
        fail_msg("'%.*s' is not '%s'", (int)outcome.output.len, outcome.output.at, output);
}

static void expect_failed(struct child *child, const char *code)
{
    struct wire_frame frame = next_frame(child);
    struct wire_outcome outcome;
    assert_true(wire_get_outcome(&frame, &outcome, NULL));
    assert_false(outcome.completed);
    if (!span_is(outcome.code, code))
        fail_msg("%.*s is not %s", (int)outcome.code.len, outcome.code.at, code);
}

static void worker_runs_one_flow_after_another_and_ends_at_eof(void **state)
{
    (void)state;
    struct child child = start_worker();
    expect_ready(&child);
    for (int i = 0; i < 3; i++) {
        send_load(&child, "return flow \"f\" { task \"a\" (function() return 1 end) }");
        expect_described(&child, "\"name\":\"f\"");
        send_start(&child, 60000);
        expect_completed(&child, "1");
    }
    hang_up(&child);
    assert_exit(&child, WORKER_EXIT_EOF);
}

static void worker_waits_for_the_next_load_after_one_that_may_not_start(void **state)
{
    (void)state;
    struct child child = start_worker();
    expect_ready(&child);
    send_load(&child, "return 1");
    expect_described(&child, "\"severity\":\"error\"");
    send_load(&child, apart_flow("return 2"));
    expect_described(&child, "\"findings\":[]");
    send_start(&child, 60000);
    expect_completed(&child, "2");
    hang_up(&child);
    assert_exit(&child, WORKER_EXIT_EOF);
}

static void worker_takes_a_load_in_the_place_of_a_start(void **state)
{
    (void)state;
    struct child child = start_worker();
    expect_ready(&child);
    send_load(&child, apart_flow("return 'given up'"));
    expect_described(&child, "\"findings\":[]");
    send_load(&child, apart_flow("return 'taken'"));
    expect_described(&child, "\"findings\":[]");
    send_start(&child, 60000);
    expect_completed(&child, "\"taken\"");
    hang_up(&child);
    assert_exit(&child, WORKER_EXIT_EOF);
}

static void worker_passes_requests_and_replies(void **state)
{
    (void)state;
    struct child child = start_worker();
    expect_ready(&child);
    send_load(&child, apart_flow("return #ctx.http.post('https://x.example/', { body = "
                                 "('x'):rep(1 << 20) }).body"));
    expect_described(&child, "\"findings\":[]");
    send_start(&child, 60000);
    struct wire_request request = expect_request(&child);
    assert_int_equal(request.id, 1);
    assert_int_equal(request.body.len, 1 << 20);
    assert_non_null(memmem(request.head.at, request.head.len, "https://x.example/", 18));
    size_t len = 6 << 20;
    char *body = mem_new(len);
    send_reply(&child, 1, "{\"status\":200,\"headers\":{}}", (struct span){body, len});
    mem_free(body);
    expect_completed(&child, "6291456");
    /* one that was on its way when the run ended */
    send_reply(&child, 1, "{\"status\":200,\"headers\":{}}", span_of("late"));
    send_load(&child, apart_flow("return 3"));
    expect_described(&child, "\"findings\":[]");
    send_start(&child, 60000);
    expect_completed(&child, "3");
    hang_up(&child);
    assert_exit(&child, WORKER_EXIT_EOF);
}

static void worker_keeps_time_without_a_reply(void **state)
{
    (void)state;
    struct child child = start_worker();
    expect_ready(&child);
    send_load(&child, apart_flow("ctx.sleep('20ms') return 'slept'"));
    expect_described(&child, "\"findings\":[]");
    send_start(&child, 60000);
    expect_completed(&child, "\"slept\"");
    send_load(&child, apart_flow("while true do ctx.sleep('20ms') end"));
    expect_described(&child, "\"findings\":[]");
    send_start(&child, 50);
    expect_failed(&child, "timeout");
    assert_exit(&child, WORKER_EXIT_FINAL);
}

static void worker_ends_after_a_final_outcome(void **state)
{
    (void)state;
    struct child child = start_worker();
    expect_ready(&child);
    send_load_of(&child, &(struct apart_order){.source = apart_flow("while true do end"),
                                               .instructions = 100000});
    expect_described(&child, "\"findings\":[]");
    send_start(&child, 60000);
    expect_failed(&child, "limit.instructions");
    assert_true(atomic_load(&child.page->ticks) >= 100);
    assert_exit(&child, WORKER_EXIT_FINAL);
}

static void worker_destroys_itself_in_a_native_stall(void **state)
{
    (void)state;
    struct child child = start_worker();
    expect_ready(&child);
    send_load_of(&child,
                 &(struct apart_order){.source = apart_flow("return (('a'):rep(1 << 18)):find("
                                                            "('a*'):rep(20) .. 'b')"),
                                       .stall_ms = 50});
    expect_described(&child, "\"findings\":[]");
    send_start(&child, 50);
    int status = end_of(&child);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGPROF);
}

static void worker_ends_at_eof_while_its_flow_waits(void **state)
{
    (void)state;
    struct child child = start_worker();
    expect_ready(&child);
    send_load(&child, apart_flow("while true do pcall(ctx.http.get, 'https://x.example/') end"));
    expect_described(&child, "\"findings\":[]");
    send_start(&child, 60000);
    expect_request(&child);
    hang_up(&child);
    assert_exit(&child, WORKER_EXIT_EOF);
}

static void worker_ends_when_nobody_reads_what_it_says(void **state)
{
    (void)state;
    struct child child = start_worker();
    expect_ready(&child);
    send_load(&child, apart_flow("while true do ctx.log(('x'):rep(10000)) end"));
    expect_described(&child, "\"findings\":[]");
    send_start(&child, 60000);
    next_frame(&child);
    hang_up(&child);
    assert_exit(&child, WORKER_EXIT_EOF);
}

static void worker_dies_when_killed_while_its_flow_runs(void **state)
{
    (void)state;
    struct child child = start_worker();
    expect_ready(&child);
    send_load(&child, apart_flow("ctx.log('running') while true do pcall(function() "
                                 "while true do end end) end"));
    expect_described(&child, "\"findings\":[]");
    send_start(&child, 60000);
    next_frame(&child);
    kill(child.pid, SIGKILL);
    int status = end_of(&child);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGKILL);
}

static void worker_ends_on_what_is_no_frame_for_now(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        const char *bytes;
        size_t len;
    } cases[] = {
        {"a kind that is not known", "\2\0\0\0\x77\0", 6},
        {"a length over the maximum", "\xff\xff\xff\xff\1\0", 6},
        {"a load without fields", "\2\0\0\0\1\0", 6},
        {"a start before a load", "\x0e\0\0\0\2\1\x08\0\0\0\1\0\0\0\0\0\0\0", 18},
        {"a worker's own kind", "\2\0\0\0\x16\0", 6},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct child child = start_worker();
        expect_ready(&child);
        send_bytes(&child, (struct span){cases[i].bytes, cases[i].len});
        int status = end_of(&child);
        if (!WIFEXITED(status) || WEXITSTATUS(status) != WORKER_EXIT_BROKEN)
            fail_msg("%s: status %#x", cases[i].what, status);
    }
}

static void worker_lives_in_utc(void **state)
{
    (void)state;
    setenv("TZ", "EST5EDT", 1);
    struct child child = start_worker();
    unsetenv("TZ");
    expect_ready(&child);
    send_load(&child, apart_flow("return os.time({ year = 1970, month = 1, day = 2, hour = 0 })"));
    expect_described(&child, "\"findings\":[]");
    send_start(&child, 60000);
    expect_completed(&child, "86400");
    hang_up(&child);
    assert_exit(&child, WORKER_EXIT_EOF);
}

static int put_code(lua_State *L, const void *bytes, size_t len, void *out)
{
    (void)L;
    return !buffer_add(out, (struct span){bytes, len});
}

/* A developer's prelude file "spec" of that text; its code is released by the caller. */
static struct prelude_file compile_spec(const char *text, struct buffer *code)
{
    lua_State *L = luaL_newstate();
    buffer_init(code, 64 * 1024);
    assert_int_equal(luaL_loadstring(L, text), LUA_OK);
    assert_int_equal(lua_dump(L, put_code, code, 1), 0);
    lua_close(L);
    return (struct prelude_file){"spec", code->data, code->len};
}

/* OpenSSL and getrandom where there are no files and few system calls. */
static void worker_has_its_codecs_though_it_is_confined(void **state)
{
    (void)state;
    static const char text[] =
        "local host = ...\n"
        "local spec = {}\n"
        "function spec.load() return '{\"findings\":[]}', true end\n"
        "function spec.run()\n"
        "  local big = ('x'):rep(1048576)\n"
        "  local function hex(s) return host.hex_encode(s):sub(1, 8) end\n"
        "  return { completed = true, output = host.encode(host.array {\n"
        "    hex(host.sha256('abc')),\n"
        "    hex(host.hmac_sha256('Jefe', 'what do ya want for nothing?')),\n"
        "    host.base64_decode(host.base64_encode(big)) == big,\n"
        "    host.hex_decode(host.hex_encode(big)) == big,\n"
        "    hex(host.sha256(big)),\n"
        "    host.base64_decode('?') == nil,\n"
        "    #host.random(256) }, 1000) }\n"
        "end\n"
        "return spec\n";
    struct buffer code, out;
    const struct prelude_file files[] = {compile_spec(text, &code), {NULL, NULL, 0}};
    struct wire_load load = apart_load(&(struct apart_order){.source = ""});
    load.context = span_of("{\"run\":{\"id\":\"r\"},\"role\":\"spec\"}");
    extra = files;
    struct child child = start_worker();
    extra = NULL;
    expect_ready(&child);
    buffer_init(&out, WIRE_FRAME_MAX);
    assert_true(wire_put_load(&out, &load));
    send_bytes(&child, buffer_span(&out));
    expect_described(&child, "\"findings\":[]");
    send_start(&child, 60000);
    expect_completed(&child, "[\"ba7816bf\",\"5bdcc146\",true,true,\"8f990ba0\",true,256]");
    hang_up(&child);
    assert_exit(&child, WORKER_EXIT_EOF);
    buffer_release(&out);
    buffer_release(&code);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(worker_runs_one_flow_after_another_and_ends_at_eof),
        cmocka_unit_test(worker_waits_for_the_next_load_after_one_that_may_not_start),
        cmocka_unit_test(worker_takes_a_load_in_the_place_of_a_start),
        cmocka_unit_test(worker_passes_requests_and_replies),
        cmocka_unit_test(worker_keeps_time_without_a_reply),
        cmocka_unit_test(worker_ends_after_a_final_outcome),
        cmocka_unit_test(worker_destroys_itself_in_a_native_stall),
        cmocka_unit_test(worker_ends_at_eof_while_its_flow_waits),
        cmocka_unit_test(worker_ends_when_nobody_reads_what_it_says),
        cmocka_unit_test(worker_dies_when_killed_while_its_flow_runs),
        cmocka_unit_test(worker_ends_on_what_is_no_frame_for_now),
        cmocka_unit_test(worker_lives_in_utc),
        cmocka_unit_test(worker_has_its_codecs_though_it_is_confined),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
