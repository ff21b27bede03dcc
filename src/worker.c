#include "worker.h"

#include "clock.h"
#include "sandbox.h"
#include "script.h"
#include "wire.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#define READ_CHUNK (64 * 1024)
#define INBOX_MAX  (2 * WIRE_FRAME_MAX)
/* What the process may map beyond the script's own memory: code, stack, frames, libraries. */
#define ADDRESS_SPACE_EXTRA (512LL * 1024 * 1024)

enum exit_code { EXIT_EOF = 0, EXIT_BROKEN = 2, EXIT_FINAL = 3, EXIT_CONFINE = 4 };

struct worker {
    struct clock clock;
    struct worker_page *page;
    struct buffer inbox;
    size_t used; /* front of the inbox that the last frame took; dropped at the next read */
    struct buffer outbox;
};

/* --- the socket ------------------------------------------------------------------------------- */

/* The worker's last act, whatever it was doing: no exit handler, no finalizer runs. */
static void __attribute__((noreturn)) leave(enum exit_code code)
{
    _exit(code);
}

/* Sends the frame that was put into the outbox; one that did not fit means that a cap was missed, and
 * a frame that is missing would be a lie. */
static void send_frame(struct worker *worker, bool put)
{
    if (!put)
        leave(EXIT_BROKEN);
    size_t sent = 0;
    while (sent < worker->outbox.len) {
        ssize_t n = send(WORKER_SOCKET, worker->outbox.data + sent, worker->outbox.len - sent,
                         MSG_NOSIGNAL);
        if (n < 0 && errno != EINTR)
            leave(EXIT_EOF);
        sent += n > 0 ? (size_t)n : 0;
    }
    buffer_clear(&worker->outbox);
}

static void set_receive_timeout(int64_t timeout_ms)
{
    struct timeval wait = {0};
    if (timeout_ms >= 0) {
        int64_t ms = timeout_ms > 0 ? timeout_ms : 1; /* zero would mean: for ever */
        wait = (struct timeval){.tv_sec = (time_t)(ms / 1000),
                                .tv_usec = (suseconds_t)(ms % 1000 * 1000)};
    }
    setsockopt(WORKER_SOCKET, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
}

/* One read into the inbox; false when the time is up. poll is out of reach: RLIMIT_NOFILE is 0. */
static bool receive(struct worker *worker, int64_t timeout_ms)
{
    char bytes[READ_CHUNK];
    set_receive_timeout(timeout_ms);
    ssize_t got = recv(WORKER_SOCKET, bytes, sizeof bytes, 0);
    if (got > 0) {
        if (!buffer_add(&worker->inbox, (struct span){bytes, (size_t)got}))
            leave(EXIT_BROKEN);
        return true;
    }
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
        return false;
    leave(EXIT_EOF);
}

/* The next frame, whose spans stay valid until the next call; false when timeout_ms passed (-1: no
 * limit). Its supervisor is trusted, yet a broken frame means that nothing fits any more. */
static bool next_frame(struct worker *worker, int64_t timeout_ms, struct wire_frame *frame)
{
    int64_t end_ms = clock_mono_ms(&worker->clock) + timeout_ms;
    buffer_drop(&worker->inbox, worker->used);
    worker->used = 0;
    for (;;) {
        enum wire_status status =
            wire_read(buffer_span(&worker->inbox), frame, &worker->used, NULL);
        if (status == WIRE_BROKEN)
            leave(EXIT_BROKEN);
        if (status == WIRE_WHOLE)
            return true;
        int64_t left_ms = timeout_ms < 0 ? -1 : end_ms - clock_mono_ms(&worker->clock);
        if (timeout_ms >= 0 && left_ms <= 0)
            return false;
        receive(worker, left_ms);
    }
}

/* --- what the script asks for ----------------------------------------------------------------- */

static void on_event(void *arg, const struct wire_event *event)
{
    struct worker *worker = arg;
    send_frame(worker, wire_put_event(&worker->outbox, event));
}

static void on_progress(void *arg, const struct wire_progress *progress)
{
    struct worker *worker = arg;
    send_frame(worker, wire_put_progress(&worker->outbox, progress));
}

static void on_request(void *arg, const struct wire_request *request)
{
    struct worker *worker = arg;
    send_frame(worker, wire_put_request(&worker->outbox, request));
}

static void on_abandon(void *arg, const struct wire_abandon *abandon)
{
    struct worker *worker = arg;
    send_frame(worker, wire_put_abandon(&worker->outbox, abandon));
}

static bool on_wait(void *arg, int64_t timeout_ms, struct wire_reply *reply)
{
    struct worker *worker = arg;
    struct wire_frame frame;
    if (!next_frame(worker, timeout_ms, &frame))
        return false;
    if (!wire_get_reply(&frame, reply, NULL))
        leave(EXIT_BROKEN);
    return true;
}

static void __attribute__((noreturn)) on_final(void *arg, const struct wire_outcome *outcome)
{
    struct worker *worker = arg;
    send_frame(worker, wire_put_outcome(&worker->outbox, outcome));
    leave(EXIT_FINAL);
}

static void on_tick(void *arg)
{
    struct worker *worker = arg;
    atomic_fetch_add_explicit(&worker->page->ticks, 1, memory_order_relaxed);
}

static struct script_host host_of(struct worker *worker)
{
    return (struct script_host){worker,     &worker->clock, on_event, on_progress, on_request,
                                on_abandon, on_wait,        on_final, on_tick};
}

/* --- runs ------------------------------------------------------------------------------------- */

static void run(struct worker *worker, struct script *script, const struct wire_start *start,
                int64_t stall_ms)
{
    struct wire_outcome outcome = {0};
    sandbox_arm(start->left_ms + stall_ms);
    script_run(script, start, &outcome);
    sandbox_arm(0);
    send_frame(worker, wire_put_outcome(&worker->outbox, &outcome));
}

static void describe(struct worker *worker, struct span text)
{
    struct wire_described described = {text};
    send_frame(worker, wire_put_described(&worker->outbox, &described));
}

/* One order: a load, then its start. */
static void serve(struct worker *worker)
{
    struct wire_frame frame;
    struct wire_load load;
    struct wire_start start;
    struct span text;
    struct script_host host = host_of(worker);
    next_frame(worker, -1, &frame);
    if (!wire_get_load(&frame, &load, NULL))
        leave(EXIT_BROKEN);
    struct script *script = script_new(&load, &host, NULL);
    if (!script)
        leave(EXIT_BROKEN);
    bool startable = script_load(script, &load, &text);
    describe(worker, text);
    if (startable) {
        int64_t stall_ms = load.stall_ms; /* load's spans go with the next frame */
        next_frame(worker, -1, &frame);
        if (!wire_get_start(&frame, &start, NULL))
            leave(EXIT_BROKEN);
        run(worker, script, &start, stall_ms);
    }
    script_free(script);
}

/* --- life ------------------------------------------------------------------------------------- */

/* Keeps the socket and nothing else; a sanitizer may still say what it found. */
static void close_the_rest(void)
{
#ifndef __SANITIZE_ADDRESS__
    close(STDOUT_FILENO);
    close(STDERR_FILENO);
#endif
    close_range(WORKER_PAGE, ~0u, 0);
}

static int64_t address_space(int64_t memory_limit_bytes)
{
#ifdef __SANITIZE_ADDRESS__
    (void)memory_limit_bytes;
    return 0; /* its shadow memory is larger than any limit */
#else
    return memory_limit_bytes + ADDRESS_SPACE_EXTRA;
#endif
}

int worker_main(int64_t memory_limit_bytes)
{
    struct worker worker = {0};
    char level[SANDBOX_LEVEL_SIZE];
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    worker.page =
        mmap(NULL, sizeof *worker.page, PROT_READ | PROT_WRITE, MAP_SHARED, WORKER_PAGE, 0);
    close_the_rest();
    if (worker.page == MAP_FAILED || !sandbox_enter(address_space(memory_limit_bytes), level, NULL))
        leave(EXIT_CONFINE);
    buffer_init(&worker.inbox, INBOX_MAX);
    buffer_init(&worker.outbox, WIRE_FRAME_MAX);
    send_frame(&worker, wire_put_ready(&worker.outbox, &(struct wire_ready){span_of(level)}));
    for (;;)
        serve(&worker);
}
