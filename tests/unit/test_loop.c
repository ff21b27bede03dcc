#include "loop.h"

#include "loops.h"
#include "server.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define LIMIT_MS 15000

struct world {
    struct clock clock;
    struct loop *loop;
};

static int open_world(void **state)
{
    struct world *world = mem_new(sizeof *world);
    struct error err = {0};
    world->loop = loop_new(&world->clock, &err);
    assert_non_null(world->loop);
    *state = world;
    return 0;
}

static int close_world(void **state)
{
    struct world *world = *state;
    loop_free(world->loop);
    mem_free(world);
    return 0;
}

/* --- timers ---------------------------------------------------------------------------------- */

/* What fired, in order. */
struct tape {
    struct loop *loop;
    char text[32];
    size_t len;
    bool full;
    struct loop_timer *victim;
};

struct note {
    struct tape *tape;
    char letter;
};

static void write_note(void *arg)
{
    struct note *note = arg;
    struct tape *tape = note->tape;
    if (tape->len < sizeof tape->text - 1)
        tape->text[tape->len++] = note->letter;
    if (note->letter == 'z')
        tape->full = true;
}

static void loop_fires_timers_in_the_order_of_their_times(void **state)
{
    struct world *world = *state;
    struct tape tape = {0};
    struct note notes[] = {{&tape, 'a'}, {&tape, 'b'}, {&tape, 'c'}, {&tape, 'd'}, {&tape, 'z'}};
    struct loop_timer timers[5] = {0};
    int64_t now = loop_mono_ms(world->loop);
    loop_timer_set(world->loop, &timers[4], now + 40, write_note, &notes[4]);
    loop_timer_set(world->loop, &timers[2], now + 20, write_note, &notes[2]);
    loop_timer_set(world->loop, &timers[0], now - 5, write_note, &notes[0]);
    loop_timer_set(world->loop, &timers[3], now + 20, write_note, &notes[3]); /* equal: as set */
    loop_timer_set(world->loop, &timers[1], now + 10, write_note, &notes[1]);
    assert_int_equal(tape.len, 0);
    assert_true(loops_until(world->loop, &tape.full, LIMIT_MS));
    assert_string_equal(tape.text, "abcdz");
    for (size_t i = 0; i < 5; i++)
        assert_false(timers[i].set);
    assert_true(loop_mono_ms(world->loop) >= now + 40);
}

static void loop_timer_set_moves_and_stop_forgets(void **state)
{
    struct world *world = *state;
    struct tape tape = {0};
    struct note notes[] = {{&tape, 'a'}, {&tape, 'b'}, {&tape, 'c'}, {&tape, 'z'}};
    struct loop_timer timers[4] = {0};
    int64_t now = loop_mono_ms(world->loop);
    for (size_t i = 0; i < 4; i++)
        loop_timer_set(world->loop, &timers[i], now + 1 + (int64_t)i, write_note, &notes[i]);
    loop_timer_set(world->loop, &timers[3], now + 30, write_note, &notes[3]);
    loop_timer_set(world->loop, &timers[0], now + 20, write_note, &notes[0]);
    loop_timer_stop(world->loop, &timers[1]);
    loop_timer_stop(world->loop, &timers[1]);
    assert_true(loops_until(world->loop, &tape.full, LIMIT_MS));
    assert_string_equal(tape.text, "caz");
}

static void stop_victim(void *arg)
{
    struct tape *tape = arg;
    loop_timer_stop(tape->loop, tape->victim);
}

static void loop_timer_may_stop_another_that_is_due(void **state)
{
    struct world *world = *state;
    struct loop_timer first = {0}, second = {0}, last = {0};
    struct tape tape = {.loop = world->loop, .victim = &second};
    struct note victim = {&tape, 'v'}, end = {&tape, 'z'};
    int64_t now = loop_mono_ms(world->loop);
    loop_timer_set(world->loop, &first, now - 3, stop_victim, &tape);
    loop_timer_set(world->loop, &second, now - 2, write_note, &victim);
    loop_timer_set(world->loop, &last, now - 1, write_note, &end);
    assert_true(loops_until(world->loop, &tape.full, LIMIT_MS));
    assert_string_equal(tape.text, "z");
}

struct endless {
    struct loop *loop;
    struct loop_timer timer;
    int turns;
};

static void fire_again(void *arg)
{
    struct endless *endless = arg;
    endless->turns++;
    loop_timer_set(endless->loop, &endless->timer, loop_mono_ms(endless->loop), fire_again,
                   endless);
}

/* A timer that is always due must not starve the others. */
static void loop_lets_others_run_beside_a_timer_that_is_always_due(void **state)
{
    struct world *world = *state;
    struct endless endless = {.loop = world->loop};
    struct tape tape = {0};
    struct loop_timer other = {0};
    struct note end = {&tape, 'z'};
    fire_again(&endless);
    loop_timer_set(world->loop, &other, loop_mono_ms(world->loop) + 20, write_note, &end);
    assert_true(loops_until(world->loop, &tape.full, LIMIT_MS));
    assert_true(endless.turns > 1);
    loop_timer_stop(world->loop, &endless.timer);
}

static void loop_goes_by_the_clock_it_was_given(void **state)
{
    struct world *world = *state;
    struct tape tape = {0};
    struct loop_timer timer = {0};
    struct note end = {&tape, 'z'};
    loop_timer_set(world->loop, &timer, loop_mono_ms(world->loop) + 3600000, write_note, &end);
    loops_for(world->loop, 20);
    assert_false(tape.full);
    world->clock.mono_turn_ms += 3600000;
    assert_true(loops_until(world->loop, &tape.full, LIMIT_MS));
}

/* --- descriptors ----------------------------------------------------------------------------- */

struct end {
    struct loop *loop;
    struct loop_fd watch;
    struct loop_fd *other; /* stopped when this one is ready */
    int calls;
    uint32_t events;
    char text[16];
    bool ready, hung_up;
};

static void on_end(void *arg, uint32_t events)
{
    struct end *end = arg;
    end->calls++;
    end->events = events;
    if (events & EPOLLIN) {
        ssize_t got = read(end->watch.fd, end->text, sizeof end->text - 1);
        end->text[got > 0 ? got : 0] = '\0';
    }
    if (end->other)
        loop_fd_stop(end->loop, end->other);
    end->ready = true;
    end->hung_up = events & EPOLLHUP;
}

static void open_pair(struct world *world, struct end *a, struct end *b)
{
    int pair[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    *a = (struct end){.loop = world->loop, .watch = {.fd = pair[0], .ready = on_end, .arg = a}};
    *b = (struct end){.loop = world->loop, .watch = {.fd = pair[1], .ready = on_end, .arg = b}};
}

static void close_pair(struct world *world, struct end *a, struct end *b)
{
    loop_fd_stop(world->loop, &a->watch);
    loop_fd_stop(world->loop, &b->watch);
    close(a->watch.fd);
    close(b->watch.fd);
}

static void loop_says_when_a_descriptor_is_ready(void **state)
{
    struct world *world = *state;
    struct end a, b;
    open_pair(world, &a, &b);
    loop_fd_watch(world->loop, &a.watch, EPOLLIN);
    assert_int_equal(write(b.watch.fd, "hello", 5), 5);
    assert_int_equal(a.calls, 0);
    assert_true(loops_until(world->loop, &a.ready, LIMIT_MS));
    assert_string_equal(a.text, "hello");
    a.ready = false;
    loop_fd_watch(world->loop, &a.watch, EPOLLIN | EPOLLOUT);
    assert_true(loops_until(world->loop, &a.ready, LIMIT_MS));
    assert_int_equal(a.events, EPOLLOUT);
    close_pair(world, &a, &b);
}

static void loop_leaves_a_paused_descriptor_alone(void **state)
{
    struct world *world = *state;
    struct end a, b;
    open_pair(world, &a, &b);
    loop_fd_watch(world->loop, &a.watch, EPOLLIN);
    loop_fd_watch(world->loop, &a.watch, 0);
    assert_int_equal(write(b.watch.fd, "x", 1), 1);
    loops_for(world->loop, 30);
    assert_int_equal(a.calls, 0);
    loop_fd_watch(world->loop, &a.watch, EPOLLIN);
    assert_true(loops_until(world->loop, &a.ready, LIMIT_MS));
    assert_string_equal(a.text, "x");
    close_pair(world, &a, &b);
}

static void loop_tells_a_paused_descriptor_that_the_other_end_is_gone(void **state)
{
    struct world *world = *state;
    struct end a, b;
    open_pair(world, &a, &b);
    b.watch.watched = false;
    a.other = &a.watch; /* stops itself: a hang-up is told until somebody listens */
    loop_fd_watch(world->loop, &a.watch, 0);
    close(b.watch.fd);
    assert_true(loops_until(world->loop, &a.hung_up, LIMIT_MS));
    assert_int_equal(a.calls, 1);
    close(a.watch.fd);
}

/* Both are ready in one turn; the first stops the second, which may be freed memory by then. */
static void loop_fd_stop_holds_within_the_same_turn(void **state)
{
    struct world *world = *state;
    struct end a, b, c, d;
    open_pair(world, &a, &b);
    open_pair(world, &c, &d);
    a.other = &c.watch;
    c.other = &a.watch;
    assert_int_equal(write(b.watch.fd, "x", 1), 1);
    assert_int_equal(write(d.watch.fd, "x", 1), 1);
    loop_fd_watch(world->loop, &a.watch, EPOLLIN);
    loop_fd_watch(world->loop, &c.watch, EPOLLIN);
    loops_for(world->loop, 30);
    assert_int_equal(a.calls + c.calls, 1);
    close_pair(world, &a, &b);
    close_pair(world, &c, &d);
}

/* --- transfers ------------------------------------------------------------------------------- */

static struct server_answer serve(void *arg, const struct server_request *request)
{
    (void)arg;
    struct server_answer answer = {.body = "hello"};
    if (strcmp(request->path, "/hang") == 0)
        answer.fault = SERVER_HANGS;
    if (strcmp(request->path, "/close") == 0)
        answer.fault = SERVER_CLOSES;
    return answer;
}

struct fetch {
    struct loop *loop;
    struct loop_transfer transfer;
    char url[128];
    char body[64];
    size_t len;
    int calls;
    bool done;
    CURLcode result;
    struct fetch *then; /* started by done */
};

static size_t take(char *at, size_t one, size_t len, void *arg)
{
    (void)one;
    struct fetch *fetch = arg;
    assert_true(fetch->len + len < sizeof fetch->body);
    memcpy(fetch->body + fetch->len, at, len);
    fetch->len += len;
    return len;
}

static void fetched(void *arg, CURLcode result)
{
    struct fetch *fetch = arg;
    fetch->calls++;
    fetch->done = true;
    fetch->result = result;
    if (fetch->then)
        loop_transfer_start(fetch->loop, &fetch->then->transfer);
}

static void fetch_init(struct fetch *fetch, struct loop *loop, const char *base, const char *path,
                       enum loop_cache cache)
{
    *fetch = (struct fetch){.loop = loop};
    snprintf(fetch->url, sizeof fetch->url, "%s%s", base, path);
    fetch->transfer = (struct loop_transfer){
        .easy = curl_easy_init(), .done = fetched, .arg = fetch, .cache = cache};
    curl_easy_setopt(fetch->transfer.easy, CURLOPT_URL, fetch->url);
    curl_easy_setopt(fetch->transfer.easy, CURLOPT_PROXY, "");
    curl_easy_setopt(fetch->transfer.easy, CURLOPT_WRITEFUNCTION, take);
    curl_easy_setopt(fetch->transfer.easy, CURLOPT_WRITEDATA, fetch);
}

static void loop_finishes_transfers_side_by_side(void **state)
{
    struct world *world = *state;
    struct server *server = server_start(0, serve, NULL);
    struct fetch fetches[8];
    for (size_t i = 0; i < 8; i++) {
        fetch_init(&fetches[i], world->loop, server_url(server), "/", LOOP_OWN);
        loop_transfer_start(world->loop, &fetches[i].transfer);
        assert_true(fetches[i].transfer.running);
        assert_int_equal(fetches[i].calls, 0);
    }
    for (size_t i = 0; i < 8; i++) {
        assert_true(loops_until(world->loop, &fetches[i].done, LIMIT_MS));
        assert_int_equal(fetches[i].result, CURLE_OK);
        assert_string_equal(fetches[i].body, "hello");
        assert_false(fetches[i].transfer.running);
        curl_easy_cleanup(fetches[i].transfer.easy);
    }
    server_stop(server);
}

static void loop_tells_how_a_transfer_failed(void **state)
{
    struct world *world = *state;
    struct server *server = server_start(0, serve, NULL);
    struct fetch fetch;
    fetch_init(&fetch, world->loop, server_url(server), "/close", LOOP_OWN);
    loop_transfer_start(world->loop, &fetch.transfer);
    assert_true(loops_until(world->loop, &fetch.done, LIMIT_MS));
    assert_int_equal(fetch.result, CURLE_GOT_NOTHING);
    fetch.done = false;
    curl_easy_setopt(fetch.transfer.easy, CURLOPT_TIMEOUT_MS, 100L);
    snprintf(fetch.url, sizeof fetch.url, "%s/hang", server_url(server));
    curl_easy_setopt(fetch.transfer.easy, CURLOPT_URL, fetch.url);
    loop_transfer_start(world->loop, &fetch.transfer);
    assert_true(loops_until(world->loop, &fetch.done, LIMIT_MS));
    assert_int_equal(fetch.result, CURLE_OPERATION_TIMEDOUT);
    curl_easy_cleanup(fetch.transfer.easy);
    server_stop(server);
}

/* A kept connection is used again within a cache and never by the other one. */
static void loop_keeps_the_caches_apart(void **state)
{
    struct world *world = *state;
    struct server *server = server_start(0, serve, NULL);
    static const struct {
        enum loop_cache cache;
        unsigned connections;
    } cases[] = {{LOOP_OWN, 1}, {LOOP_OWN, 1}, {LOOP_FLOWS, 2}, {LOOP_FLOWS, 2}, {LOOP_OWN, 2}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fetch fetch;
        fetch_init(&fetch, world->loop, server_url(server), "/", cases[i].cache);
        loop_transfer_start(world->loop, &fetch.transfer);
        assert_true(loops_until(world->loop, &fetch.done, LIMIT_MS));
        assert_int_equal(server_connections(server), cases[i].connections);
        curl_easy_cleanup(fetch.transfer.easy);
    }
    server_stop(server);
}

/* A handle that is under way already is one that curl does not take. */
static void loop_tells_later_that_a_transfer_was_refused(void **state)
{
    struct world *world = *state;
    struct server *server = server_start(0, serve, NULL);
    struct fetch fetch, again = {.loop = world->loop};
    fetch_init(&fetch, world->loop, server_url(server), "/hang", LOOP_OWN);
    loop_transfer_start(world->loop, &fetch.transfer);
    again.transfer = (struct loop_transfer){
        .easy = fetch.transfer.easy, .done = fetched, .arg = &again, .cache = LOOP_OWN};
    loop_transfer_start(world->loop, &again.transfer);
    assert_false(again.done);
    assert_true(loops_until(world->loop, &again.done, LIMIT_MS));
    assert_int_equal(again.result, CURLE_FAILED_INIT);
    loop_transfer_cancel(world->loop, &fetch.transfer);
    curl_easy_cleanup(fetch.transfer.easy);
    server_stop(server);
}

static void loop_transfer_cancel_is_silent(void **state)
{
    struct world *world = *state;
    struct server *server = server_start(0, serve, NULL);
    struct fetch early, hanging, other;
    fetch_init(&early, world->loop, server_url(server), "/", LOOP_OWN);
    fetch_init(&hanging, world->loop, server_url(server), "/hang", LOOP_OWN);
    fetch_init(&other, world->loop, server_url(server), "/", LOOP_FLOWS);
    loop_transfer_start(world->loop, &early.transfer);
    loop_transfer_cancel(world->loop, &early.transfer);
    loop_transfer_start(world->loop, &hanging.transfer);
    loop_transfer_start(world->loop, &other.transfer);
    assert_true(loops_until(world->loop, &other.done, LIMIT_MS));
    loop_transfer_cancel(world->loop, &hanging.transfer);
    loop_transfer_cancel(world->loop, &hanging.transfer);
    loops_for(world->loop, 30);
    assert_int_equal(early.calls + hanging.calls, 0);
    curl_easy_cleanup(early.transfer.easy);
    curl_easy_cleanup(hanging.transfer.easy);
    curl_easy_cleanup(other.transfer.easy);
    server_stop(server);
}

static void loop_transfer_may_be_started_by_done(void **state)
{
    struct world *world = *state;
    struct server *server = server_start(0, serve, NULL);
    struct fetch first, second;
    fetch_init(&second, world->loop, server_url(server), "/", LOOP_OWN);
    fetch_init(&first, world->loop, server_url(server), "/", LOOP_OWN);
    first.then = &second;
    loop_transfer_start(world->loop, &first.transfer);
    assert_true(loops_until(world->loop, &second.done, LIMIT_MS));
    assert_int_equal(first.calls, 1);
    assert_string_equal(second.body, "hello");
    curl_easy_cleanup(first.transfer.easy);
    curl_easy_cleanup(second.transfer.easy);
    server_stop(server);
}

/* --- children and signals -------------------------------------------------------------------- */

struct death {
    struct loop_child child;
    int calls;
    int status;
    bool seen;
};

static void on_death(void *arg, int status)
{
    struct death *death = arg;
    death->calls++;
    death->status = status;
    death->seen = true;
}

/* A child that waits to be killed, or leaves with a code at once. */
static void bear(struct death *death, int code)
{
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        if (code < 0)
            for (;;)
                pause();
        _exit(code);
    }
    *death = (struct death){.child = {.pid = pid, .exited = on_death, .arg = death}};
}

static void loop_tells_how_each_child_ended(void **state)
{
    struct world *world = *state;
    struct death left[4], killed;
    bear(&killed, -1);
    loop_child_watch(world->loop, &killed.child);
    for (int i = 0; i < 4; i++) {
        bear(&left[i], i);
        loop_child_watch(world->loop, &left[i].child);
    }
    for (int i = 0; i < 4; i++) {
        assert_true(loops_until(world->loop, &left[i].seen, LIMIT_MS));
        assert_int_equal(left[i].calls, 1);
        assert_true(WIFEXITED(left[i].status));
        assert_int_equal(WEXITSTATUS(left[i].status), i);
        assert_false(left[i].child.watched);
    }
    assert_int_equal(killed.calls, 0);
    kill(killed.child.pid, SIGKILL);
    assert_true(loops_until(world->loop, &killed.seen, LIMIT_MS));
    assert_true(WIFSIGNALED(killed.status));
    assert_int_equal(WTERMSIG(killed.status), SIGKILL);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
}

/* A child that was dead before it was watched is told of all the same. */
static void loop_tells_of_a_child_that_was_quicker(void **state)
{
    struct world *world = *state;
    struct death death;
    siginfo_t info;
    bear(&death, 7);
    assert_int_equal(waitid(P_PID, (id_t)death.child.pid, &info, WEXITED | WNOWAIT), 0);
    loop_child_watch(world->loop, &death.child);
    assert_int_equal(death.calls, 0);
    assert_true(loops_until(world->loop, &death.seen, LIMIT_MS));
    assert_int_equal(WEXITSTATUS(death.status), 7);
}

static void loop_reaps_a_forgotten_child_in_silence(void **state)
{
    struct world *world = *state;
    struct death death;
    bear(&death, -1);
    loop_child_watch(world->loop, &death.child);
    kill(death.child.pid, SIGKILL);
    loop_child_forget(world->loop, &death.child);
    loop_child_forget(world->loop, &death.child);
    loops_for(world->loop, 20);
    assert_int_equal(death.calls, 0);
    assert_int_equal(waitpid(death.child.pid, NULL, WNOHANG), -1);
}

/* Somebody else's child is theirs to wait for. */
static void loop_leaves_strange_children_alone(void **state)
{
    struct world *world = *state;
    struct death ours, strange;
    int status;
    bear(&strange, 3);
    bear(&ours, 0);
    loop_child_watch(world->loop, &ours.child);
    assert_true(loops_until(world->loop, &ours.seen, LIMIT_MS));
    assert_int_equal(waitpid(strange.child.pid, &status, 0), strange.child.pid);
    assert_int_equal(WEXITSTATUS(status), 3);
}

struct heard {
    int signal;
    bool any;
};

static void on_signal(void *arg, int signal)
{
    struct heard *heard = arg;
    heard->signal = signal;
    heard->any = true;
}

static void loop_hands_signals_on(void **state)
{
    struct world *world = *state;
    static const int signals[] = {SIGTERM, SIGINT};
    for (size_t i = 0; i < 2; i++) {
        struct heard heard = {0};
        loop_on_signal(world->loop, on_signal, &heard);
        kill(getpid(), signals[i]);
        assert_false(heard.any);
        assert_true(loops_until(world->loop, &heard.any, LIMIT_MS));
        assert_int_equal(heard.signal, signals[i]);
    }
    loop_on_signal(world->loop, NULL, NULL);
}

static void loop_free_gives_the_signals_back(void **state)
{
    (void)state;
    sigset_t before, during, after;
    struct sigaction pipe_during, pipe_after;
    struct clock clock = {0};
    struct error err = {0};
    sigprocmask(SIG_SETMASK, NULL, &before);
    struct loop *loop = loop_new(&clock, &err);
    sigprocmask(SIG_SETMASK, NULL, &during);
    sigaction(SIGPIPE, NULL, &pipe_during);
    loop_free(loop);
    sigprocmask(SIG_SETMASK, NULL, &after);
    sigaction(SIGPIPE, NULL, &pipe_after);
    assert_true(sigismember(&during, SIGCHLD) && sigismember(&during, SIGTERM));
    assert_true(pipe_during.sa_handler == SIG_IGN);
    assert_int_equal(sigismember(&after, SIGCHLD), sigismember(&before, SIGCHLD));
    assert_int_equal(sigismember(&after, SIGTERM), sigismember(&before, SIGTERM));
    assert_true(pipe_after.sa_handler == SIG_DFL);
    loop_free(NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_world, close_world)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(loop_fires_timers_in_the_order_of_their_times),
        TEST(loop_timer_set_moves_and_stop_forgets),
        TEST(loop_timer_may_stop_another_that_is_due),
        TEST(loop_lets_others_run_beside_a_timer_that_is_always_due),
        TEST(loop_goes_by_the_clock_it_was_given),
        TEST(loop_says_when_a_descriptor_is_ready),
        TEST(loop_leaves_a_paused_descriptor_alone),
        TEST(loop_tells_a_paused_descriptor_that_the_other_end_is_gone),
        TEST(loop_fd_stop_holds_within_the_same_turn),
        TEST(loop_finishes_transfers_side_by_side),
        TEST(loop_tells_how_a_transfer_failed),
        TEST(loop_keeps_the_caches_apart),
        TEST(loop_tells_later_that_a_transfer_was_refused),
        TEST(loop_transfer_cancel_is_silent),
        TEST(loop_transfer_may_be_started_by_done),
        TEST(loop_tells_how_each_child_ended),
        TEST(loop_tells_of_a_child_that_was_quicker),
        TEST(loop_reaps_a_forgotten_child_in_silence),
        TEST(loop_leaves_strange_children_alone),
        TEST(loop_hands_signals_on),
        cmocka_unit_test(loop_free_gives_the_signals_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
