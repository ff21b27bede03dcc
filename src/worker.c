#include "worker.h"

#include "arena.h"
#include "budget.h"
#include "clock.h"
#include "deferred.h"
#include "diag.h"
#include "mem.h"
#include "sandbox.h"
#include "script.h"
#include "wire.h"

#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* Address space beside the run's memory: the program, its libraries, frames on their way. */
#define OWN_ADDRESS_SPACE (256 * 1024 * 1024)
/* CPU time in which a flow's file must have been loaded, and stall_ms. */
#define LOAD_CPU_MS 10000
#define READ_SIZE   (64 * 1024)
#define STEP_MAX    4096

/* Holds a state with the prelude and a small flow; larger flows spill. */
#define ARENA_SIZE (1024 * 1024)

struct worker {
    struct worker_page *page;
    struct arena *arena; /* the script's */
    const struct prelude_file *extra;
    struct compiled *compiled; /* across runs */
    struct script *script;     /* the run's, or NULL */
    int64_t run;               /* its number */
    int64_t stall_ms;          /* the run's */
    struct clock clock;
    bool skip_waits;          /* the clock is turned where the run would wait */
    size_t awaited;           /* with skip_waits: replies that must come before the clock turns */
    struct deferred deferred; /* with skip_waits: replies whose time has not come */
    struct buffer in;   /* bytes of the socket; at most one frame and what a read brings with it */
    size_t used;        /* at the front of in: the frame that was read last */
    struct buffer out;  /* one frame, and progress that waited for it */
    struct buffer step; /* the name that was sent last */
};

/* the socket ------------------------------------------------------------------------------------
 */

static void write_all(struct span bytes)
{
    while (bytes.len) {
        ssize_t sent = send(WORKER_SOCKET, bytes.at, bytes.len, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent < 0)
            _exit(WORKER_EXIT_EOF);
        bytes = (struct span){bytes.at + sent, bytes.len - (size_t)sent};
    }
}

/* Sends the frame in out. What does not fit a frame was to be refused earlier. */
static void send_frame(struct worker *worker, bool fits)
{
    if (!fits)
        _exit(WORKER_EXIT_BROKEN);
    write_all(buffer_span(&worker->out));
    buffer_clear(&worker->out);
}

/* Without descriptors to spare poll fails, so the socket itself keeps the time. -1: no limit. */
static void set_timeout(int64_t timeout_ms)
{
    struct timeval time = {.tv_sec = (time_t)(timeout_ms / 1000),
                           .tv_usec = (suseconds_t)(timeout_ms % 1000 * 1000)};
    if (timeout_ms < 0)
        time = (struct timeval){0, 0};
    setsockopt(WORKER_SOCKET, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof time);
}

/* Reads once into worker->in; false when nothing came within the time. EOF ends the worker. */
static bool read_some(struct worker *worker, int64_t timeout_ms)
{
    char bytes[READ_SIZE];
    size_t room = worker->in.max - worker->in.len;
    set_timeout(timeout_ms);
    ssize_t got = recv(WORKER_SOCKET, bytes, room < sizeof bytes ? room : sizeof bytes,
                       timeout_ms == 0 ? MSG_DONTWAIT : 0);
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
        return false;
    if (got <= 0)
        _exit(WORKER_EXIT_EOF);
    buffer_add(&worker->in, (struct span){bytes, (size_t)got});
    return true;
}

/* The next frame, which stays valid until the next call; false when the time (-1: no limit) is up.
 */
static bool read_frame(struct worker *worker, int64_t timeout_ms, struct wire_frame *frame)
{
    buffer_drop(&worker->in, worker->used);
    worker->used = 0;
    int64_t until_ms = clock_mono_ms(&worker->clock) + timeout_ms;
    for (;;) {
        switch (wire_read(buffer_span(&worker->in), frame, &worker->used, NULL)) {
        case WIRE_WHOLE:
            return true;
        case WIRE_BROKEN:
            _exit(WORKER_EXIT_BROKEN);
        case WIRE_MORE:
            break;
        }
        int64_t left_ms = -1;
        if (timeout_ms >= 0) {
            left_ms = until_ms - clock_mono_ms(&worker->clock);
            left_ms = left_ms > 0 ? left_ms : 0;
        }
        if (!read_some(worker, left_ms) && left_ms == 0)
            return false;
    }
}

/* the script's host -----------------------------------------------------------------------------
 */

static void host_event(void *arg, const struct wire_event *event)
{
    struct worker *worker = arg;
    send_frame(worker, wire_put_event(&worker->out, event));
}

/* What the supervisor needs at once, to say where a worker was stopped, is the step's name; another
 * percentage of the same step waits for the next frame. */
static void host_progress(void *arg, const struct wire_progress *progress)
{
    struct worker *worker = arg;
    bool known = span_equal(progress->step, buffer_span(&worker->step));
    if (!wire_put_progress(&worker->out, progress))
        _exit(WORKER_EXIT_BROKEN);
    if (known && worker->out.len < READ_SIZE)
        return;
    buffer_clear(&worker->step);
    buffer_add(&worker->step, progress->step);
    send_frame(worker, true);
}

/* Sends what waits for a frame that may be long in coming. */
static void flush(struct worker *worker)
{
    if (worker->out.len)
        send_frame(worker, true);
}

static void host_request(void *arg, const struct wire_request *request)
{
    struct worker *worker = arg;
    worker->awaited++;
    send_frame(worker, wire_put_request(&worker->out, request));
}

static void host_fetch(void *arg, const struct wire_fetch *fetch)
{
    struct worker *worker = arg;
    struct wire_fetch told = *fetch;
    told.run = worker->run;
    worker->awaited++;
    send_frame(worker, wire_put_fetch(&worker->out, &told));
}

static void host_abandon(void *arg, const struct wire_abandon *abandon)
{
    struct worker *worker = arg;
    deferred_drop(&worker->deferred, abandon->id);
    send_frame(worker, wire_put_abandon(&worker->out, abandon));
}

static bool read_reply(struct worker *worker, int64_t timeout_ms, struct wire_reply *reply)
{
    struct wire_frame frame;
    if (!read_frame(worker, timeout_ms, &frame))
        return false;
    if (!wire_get_reply(&frame, reply, NULL))
        _exit(WORKER_EXIT_BROKEN);
    return true;
}

static void turn_clock(struct worker *worker, int64_t ms)
{
    worker->clock.mono_turn_ms += ms;
    worker->clock.wall_turn_ms += ms;
}

/* Every request is answered at once, with the time after which its reply is to arrive; so all
 * replies are in before the clock moves to the next thing that happens. */
static bool wait_by_turning(struct worker *worker, int64_t timeout_ms, struct wire_reply *reply)
{
    int64_t now_ms = clock_mono_ms(&worker->clock), due_ms;
    for (; worker->awaited; worker->awaited--) {
        read_reply(worker, -1, reply);
        deferred_add(&worker->deferred, reply, now_ms + reply->after_ms);
    }
    turn_clock(worker, now_ms - clock_mono_ms(&worker->clock)); /* reading took no time */
    bool comes = deferred_next(&worker->deferred, &due_ms);
    if (!comes || (timeout_ms >= 0 && due_ms > now_ms + timeout_ms)) {
        turn_clock(worker, timeout_ms > 0 ? timeout_ms : 0);
        return false;
    }
    turn_clock(worker, due_ms > now_ms ? due_ms - now_ms : 0);
    deferred_take(&worker->deferred, reply);
    return true;
}

static bool host_wait(void *arg, int64_t timeout_ms, struct wire_reply *reply)
{
    struct worker *worker = arg;
    flush(worker);
    if (worker->skip_waits)
        return wait_by_turning(worker, timeout_ms, reply);
    return read_reply(worker, timeout_ms, reply);
}

static void send_outcome(struct worker *worker, const struct wire_outcome *outcome)
{
    struct wire_outcome told = *outcome;
    told.run = worker->run;
    told.turned_ms = worker->clock.mono_turn_ms > 0 ? worker->clock.mono_turn_ms : 0;
    send_frame(worker, wire_put_outcome(&worker->out, &told));
}

static void host_final(void *arg, const struct wire_outcome *outcome) __attribute__((noreturn));
static void host_final(void *arg, const struct wire_outcome *outcome)
{
    struct worker *worker = arg;
    buffer_clear(&worker->out);
    send_outcome(worker, outcome);
    _exit(WORKER_EXIT_FINAL);
}

static void host_tick(void *arg)
{
    struct worker *worker = arg;
    atomic_fetch_add_explicit(&worker->page->ticks, 1, memory_order_relaxed);
    flush(worker);
}

static const struct script_host *host_of(struct worker *worker, struct script_host *host)
{
    *host = (struct script_host){.arg = worker,
                                 .clock = &worker->clock,
                                 .event = host_event,
                                 .progress = host_progress,
                                 .extra = worker->extra,
                                 .compiled = worker->compiled,
                                 .request = host_request,
                                 .fetch = host_fetch,
                                 .abandon = host_abandon,
                                 .wait = host_wait,
                                 .final = host_final,
                                 .tick = host_tick};
    return host;
}

/* one run ---------------------------------------------------------------------------------------
 */

/* The worker that this process is, for the signal that asks it where its run is. */
static struct worker *asked;

/* It interrupts code that would not come back, and ends the process: nothing is returned to. */
static void on_asked(int signal)
{
    (void)signal;
    if (!asked || !asked->script)
        _exit(WORKER_EXIT_FINAL);
    script_stalled(asked->script); // NOLINT(bugprone-signal-handler,cert-sig30-c): never returns
}

static void on_probed(int signal)
{
    (void)signal;
    if (asked && asked->script)
        script_probed(asked->script); // NOLINT(bugprone-signal-handler,cert-sig30-c): sets a hook
}

/* What one outcome's texts need at most, so that telling it needs no memory then. */
static void make_room_for_outcome(struct worker *worker)
{
    static const char room[4 * BUDGET_TEXT_MAX + 256];
    buffer_add(&worker->out, (struct span){room, sizeof room});
    buffer_clear(&worker->out);
}

static void drop_script(struct worker *worker)
{
    struct script *script = worker->script;
    worker->script = NULL; /* nothing to ask about any more */
    script_free(script);
}

/* Compiles and describes; there is no script then when the flow may not start, which the
 * description says. */
static void load_run(struct worker *worker, const struct wire_load *load)
{
    struct script_host host;
    struct span text;
    drop_script(worker);
    worker->run = load->run;
    worker->stall_ms = load->stall_ms;
    worker->skip_waits = load->skip_waits;
    worker->awaited = 0;
    worker->clock = (struct clock){0, 0};
    deferred_clear(&worker->deferred);
    make_room_for_outcome(worker);
    sandbox_arm(LOAD_CPU_MS + load->stall_ms);
    worker->script = script_new(worker->arena, load, host_of(worker, &host), NULL);
    if (!worker->script)
        _exit(WORKER_EXIT_BROKEN);
    bool startable = script_load(worker->script, load, &text);
    sandbox_arm(0);
    struct wire_described described = {worker->run, text};
    send_frame(worker, wire_put_described(&worker->out, &described));
    if (!startable)
        drop_script(worker);
}

static void finish_run(struct worker *worker, const struct wire_start *start)
{
    struct wire_outcome outcome;
    buffer_clear(&worker->step);
    sandbox_arm(start->left_ms + start->undo_ms + worker->stall_ms);
    script_run(worker->script, start, &outcome);
    sandbox_arm(0);
    send_outcome(worker, &outcome);
}

static void shrink_buffer(struct buffer *buffer)
{
    if (buffer->len == 0 && buffer->size > READ_SIZE)
        buffer_release(buffer);
}

/* Between runs the worker waits, and should not hold what the last one used. */
static void end_run(struct worker *worker)
{
    bool was_large =
        arena_spilled(worker->arena) || worker->in.size > READ_SIZE || worker->out.size > READ_SIZE;
    drop_script(worker);
    buffer_drop(&worker->in, worker->used);
    worker->used = 0;
    shrink_buffer(&worker->in);
    shrink_buffer(&worker->out);
#ifdef __GLIBC__ /* other C libraries give back by themselves */
    if (was_large)
        malloc_trim(0);
#else
    (void)was_large;
#endif
}

/* A load, then the start that belongs to it; another load in its place means that the supervisor
 * gave the first one up. */
static void serve(struct worker *worker)
{
    struct wire_frame frame;
    struct wire_load load;
    struct wire_start start;
    while (read_frame(worker, -1, &frame)) {
        if (worker->script && wire_get_start(&frame, &start, NULL)) {
            finish_run(worker, &start);
            end_run(worker);
        } else if (wire_get_load(&frame, &load, NULL)) {
            load_run(worker, &load);
        } else if (frame.kind != WIRE_REPLY) { /* a late one met the outcome on its way */
            _exit(WORKER_EXIT_BROKEN);
        }
    }
}

/* the beginning ---------------------------------------------------------------------------------
 */

static struct worker_page *map_page(void)
{
    void *page =
        mmap(NULL, sizeof(struct worker_page), PROT_READ | PROT_WRITE, MAP_SHARED, WORKER_PAGE, 0);
    return page == MAP_FAILED ? NULL : page;
}

/* Leaves the socket alone open. A sanitizer needs the standard error for what it has to say. */
static void close_others(void)
{
    close(STDOUT_FILENO);
#ifdef __SANITIZE_ADDRESS__
    unsigned first = STDERR_FILENO + 1;
#else
    unsigned first = STDERR_FILENO;
#endif
    if (syscall(SYS_close_range, first, ~0U, 0) == 0)
        return;
    struct rlimit limit; /* an old kernel: one by one */
    getrlimit(RLIMIT_NOFILE, &limit);
    for (rlim_t fd = first; fd < limit.rlim_cur; fd++)
        close((int)fd);
}

/* What exec left as the parent had it. */
static void reset_signals(void)
{
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGPROF, SIG_DFL);
    signal(SIGXCPU, SIG_DFL);
    signal(WORKER_ASKED, on_asked);
    signal(WORKER_PROBED, on_probed);
}

static bool confine(int64_t memory_limit_bytes, char level[SANDBOX_LEVEL_SIZE])
{
    int64_t address_space = memory_limit_bytes + OWN_ADDRESS_SPACE;
#ifdef __SANITIZE_ADDRESS__
    address_space = 0; /* a sanitizer maps terabytes */
#endif
    return sandbox_enter(address_space, level, NULL);
}

int worker_main(int64_t memory_limit_bytes, const struct prelude_file *extra)
{
    struct worker worker = {.page = map_page(), .extra = extra};
    char level[SANDBOX_LEVEL_SIZE];
    asked = &worker;
    close_others();
    reset_signals();
    setenv("TZ", "UTC0", 1); /* os.time's own; read once, while files can be opened */
    tzset();
    if (!worker.page || !confine(memory_limit_bytes, level))
        _exit(WORKER_EXIT_CONFINED);
    worker.arena = arena_new(ARENA_SIZE);
    worker.compiled = compiled_new();
    buffer_init(&worker.in, WIRE_FRAME_MAX + READ_SIZE);
    buffer_init(&worker.out, WIRE_FRAME_MAX + READ_SIZE);
    buffer_init(&worker.step, STEP_MAX);
    send_frame(&worker, wire_put_ready(&worker.out, &(struct wire_ready){span_of(level)}));
    serve(&worker);
    _exit(WORKER_EXIT_EOF);
}
