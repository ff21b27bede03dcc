#include "loop.h"

#include "mem.h"
#include "roots.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#define EVENTS_A_TURN 64
/* Kept open for the next request; curl's own choice follows how many requests there are now. */
#define CONNECTIONS_KEPT 64L

/* One of curl's sockets; curl keeps the pointer for us. */
struct curl_socket {
    struct loop_fd watch;
    struct cache *cache;
};

struct cache {
    struct loop *loop;
    CURLM *multi;
    struct loop_timer timer;
};

struct loop {
    const struct clock *clock;
    int epoll;
    int signals;
    sigset_t old_mask;
    struct sigaction old_pipe;
    struct loop_fd signal_watch;
    void (*on_signal)(void *arg, int signal);
    void *on_signal_arg;
    struct loop_timer *timers; /* earliest first */
    struct loop_child *children;
    struct cache caches[LOOP_CACHES];
    struct roots *roots;        /* of the first bundle that was asked for, or NULL */
    struct epoll_event *events; /* of the turn under way; a stopped fd's are blanked */
    int event_count;
    bool stopping;
};

/* --- descriptors ----------------------------------------------------------------------------- */

void loop_fd_watch(struct loop *loop, struct loop_fd *watch, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.ptr = watch};
    int operation = watch->watched ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
    if (watch->watched && watch->events == events)
        return;
    watch->events = events;
    watch->watched = epoll_ctl(loop->epoll, operation, watch->fd, &event) == 0;
}

void loop_fd_stop(struct loop *loop, struct loop_fd *watch)
{
    if (!watch->watched)
        return;
    epoll_ctl(loop->epoll, EPOLL_CTL_DEL, watch->fd, NULL);
    watch->watched = false;
    for (int i = 0; i < loop->event_count; i++)
        if (loop->events[i].data.ptr == watch)
            loop->events[i].data.ptr = NULL;
}

/* --- timers ---------------------------------------------------------------------------------- */

void loop_timer_stop(struct loop *loop, struct loop_timer *timer)
{
    if (!timer->set)
        return;
    if (timer->previous)
        timer->previous->next = timer->next;
    else
        loop->timers = timer->next;
    if (timer->next)
        timer->next->previous = timer->previous;
    timer->next = timer->previous = NULL;
    timer->set = false;
}

void loop_timer_set(struct loop *loop, struct loop_timer *timer, int64_t at_ms,
                    void (*fire)(void *arg), void *arg)
{
    loop_timer_stop(loop, timer);
    struct loop_timer *before = NULL, *after = loop->timers;
    while (after && after->at_ms <= at_ms) {
        before = after;
        after = after->next;
    }
    *timer = (struct loop_timer){at_ms, fire, arg, true, after, before};
    if (before)
        before->next = timer;
    else
        loop->timers = timer;
    if (after)
        after->previous = timer;
}

/* Only as many as are due now: a timer that sets itself again at once waits for the next turn. */
static void fire_timers(struct loop *loop)
{
    int64_t now = loop_mono_ms(loop);
    size_t due = 0;
    for (struct loop_timer *timer = loop->timers; timer && timer->at_ms <= now; timer = timer->next)
        due++;
    while (due-- > 0 && loop->timers && loop->timers->at_ms <= now && !loop->stopping) {
        struct loop_timer *timer = loop->timers;
        loop_timer_stop(loop, timer);
        timer->fire(timer->arg);
    }
}

/* --- transfers ------------------------------------------------------------------------------- */

static void finish_transfers(struct cache *cache)
{
    CURLMsg *message;
    int left;
    while ((message = curl_multi_info_read(cache->multi, &left))) {
        if (message->msg != CURLMSG_DONE)
            continue;
        struct loop_transfer *transfer = NULL;
        CURLcode result = message->data.result;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&transfer);
        curl_multi_remove_handle(cache->multi, message->easy_handle);
        transfer->running = false;
        transfer->done(transfer->arg, result);
    }
}

static void on_curl_socket(void *arg, uint32_t events)
{
    struct curl_socket *socket = arg;
    struct cache *cache = socket->cache;
    int flags = (events & EPOLLIN ? CURL_CSELECT_IN : 0) |
                (events & EPOLLOUT ? CURL_CSELECT_OUT : 0) |
                (events & (EPOLLERR | EPOLLHUP) ? CURL_CSELECT_ERR : 0);
    int running;
    curl_multi_socket_action(cache->multi, socket->watch.fd, flags, &running);
    finish_transfers(cache);
}

static int curl_wants_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *known)
{
    (void)easy;
    struct cache *cache = arg;
    struct curl_socket *socket = known;
    if (what == CURL_POLL_REMOVE) {
        if (socket)
            loop_fd_stop(cache->loop, &socket->watch);
        mem_free(socket);
        return 0;
    }
    if (!socket) {
        socket = mem_new(sizeof *socket);
        socket->cache = cache;
        socket->watch.fd = fd;
        socket->watch.ready = on_curl_socket;
        socket->watch.arg = socket;
        curl_multi_assign(cache->multi, fd, socket);
    }
    loop_fd_watch(cache->loop, &socket->watch,
                  (what & CURL_POLL_IN ? (uint32_t)EPOLLIN : 0) |
                      (what & CURL_POLL_OUT ? (uint32_t)EPOLLOUT : 0));
    return 0;
}

static void on_curl_timer(void *arg)
{
    struct cache *cache = arg;
    int running;
    curl_multi_socket_action(cache->multi, CURL_SOCKET_TIMEOUT, 0, &running);
    finish_transfers(cache);
}

static int curl_wants_timer(CURLM *multi, long after_ms, void *arg)
{
    (void)multi;
    struct cache *cache = arg;
    if (after_ms < 0)
        loop_timer_stop(cache->loop, &cache->timer);
    else
        loop_timer_set(cache->loop, &cache->timer, loop_mono_ms(cache->loop) + after_ms,
                       on_curl_timer, cache);
    return 0;
}

void loop_trust(struct loop *loop, CURL *easy, const char *ca_file)
{
    if (!ca_file)
        return;
    if (!loop->roots)
        loop->roots = roots_new(ca_file);
    if (strcmp(roots_file(loop->roots), ca_file) == 0)
        roots_use(loop->roots, easy);
    else
        curl_easy_setopt(easy, CURLOPT_CAINFO, ca_file);
}

static void tell_refused(void *arg)
{
    struct loop_transfer *transfer = arg;
    transfer->running = false;
    transfer->done(transfer->arg, CURLE_FAILED_INIT);
}

void loop_transfer_start(struct loop *loop, struct loop_transfer *transfer)
{
    CURLM *multi = loop->caches[transfer->cache].multi;
    curl_easy_setopt(transfer->easy, CURLOPT_PRIVATE, transfer);
    curl_easy_setopt(transfer->easy, CURLOPT_NOSIGNAL, 1L);
    transfer->running = true;
    if (curl_multi_add_handle(multi, transfer->easy) != CURLM_OK)
        loop_timer_set(loop, &transfer->refused, loop_mono_ms(loop), tell_refused, transfer);
}

void loop_transfer_cancel(struct loop *loop, struct loop_transfer *transfer)
{
    if (!transfer->running)
        return;
    transfer->running = false;
    loop_timer_stop(loop, &transfer->refused);
    curl_multi_remove_handle(loop->caches[transfer->cache].multi, transfer->easy);
}

/* --- children and signals -------------------------------------------------------------------- */

void loop_child_watch(struct loop *loop, struct loop_child *child)
{
    child->watched = true;
    child->next = loop->children;
    loop->children = child;
}

static void unlink_child(struct loop *loop, struct loop_child *child)
{
    for (struct loop_child **at = &loop->children; *at; at = &(*at)->next) {
        if (*at == child) {
            *at = child->next;
            break;
        }
    }
    child->watched = false;
}

void loop_child_forget(struct loop *loop, struct loop_child *child)
{
    if (!child->watched)
        return;
    unlink_child(loop, child);
    waitpid(child->pid, NULL, 0);
}

/* Asks for each child of ours by name: a library's children are not ours to reap. */
static void reap_children(struct loop *loop)
{
    for (struct loop_child *child = loop->children; child;) {
        int status;
        if (waitpid(child->pid, &status, WNOHANG) == child->pid) {
            unlink_child(loop, child);
            child->exited(child->arg, status);
            child = loop->children; /* the call may have changed the list */
        } else {
            child = child->next;
        }
    }
}

static void on_signals(void *arg, uint32_t events)
{
    (void)events;
    struct loop *loop = arg;
    struct signalfd_siginfo info;
    bool child = false;
    while (read(loop->signals, &info, sizeof info) == (ssize_t)sizeof info) {
        if (info.ssi_signo == SIGCHLD)
            child = true;
        else if (loop->on_signal)
            loop->on_signal(loop->on_signal_arg, (int)info.ssi_signo);
    }
    if (child)
        reap_children(loop);
}

void loop_on_signal(struct loop *loop, void (*fn)(void *arg, int signal), void *arg)
{
    loop->on_signal = fn;
    loop->on_signal_arg = arg;
}

/* --- life ------------------------------------------------------------------------------------ */

static void open_cache(struct loop *loop, struct cache *cache)
{
    cache->loop = loop;
    cache->multi = curl_multi_init();
    curl_multi_setopt(cache->multi, CURLMOPT_SOCKETFUNCTION, curl_wants_socket);
    curl_multi_setopt(cache->multi, CURLMOPT_SOCKETDATA, cache);
    curl_multi_setopt(cache->multi, CURLMOPT_TIMERFUNCTION, curl_wants_timer);
    curl_multi_setopt(cache->multi, CURLMOPT_TIMERDATA, cache);
    curl_multi_setopt(cache->multi, CURLMOPT_MAXCONNECTS, CONNECTIONS_KEPT);
}

struct loop *loop_new(const struct clock *clock, struct error *err)
{
    struct loop *loop = mem_new(sizeof *loop);
    sigset_t ours;
    sigemptyset(&ours);
    sigaddset(&ours, SIGCHLD);
    sigaddset(&ours, SIGTERM);
    sigaddset(&ours, SIGINT);
    loop->clock = clock;
    loop->epoll = epoll_create1(EPOLL_CLOEXEC);
    loop->signals = signalfd(-1, &ours, SFD_CLOEXEC | SFD_NONBLOCK);
    if (loop->epoll < 0 || loop->signals < 0) {
        error_set(err, ERROR_SYSTEM, "event loop: %s", strerror(errno));
        if (loop->epoll >= 0)
            close(loop->epoll);
        mem_free(loop);
        return NULL;
    }
    sigprocmask(SIG_BLOCK, &ours, &loop->old_mask);
    sigaction(SIGPIPE, &(struct sigaction){.sa_handler = SIG_IGN}, &loop->old_pipe);
    loop->signal_watch = (struct loop_fd){.fd = loop->signals, .ready = on_signals, .arg = loop};
    loop_fd_watch(loop, &loop->signal_watch, EPOLLIN);
    /* nobody's openssl.cnf: it takes time to read, and OPENSSL_CONF could say anything */
    OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL);
    curl_global_init(CURL_GLOBAL_DEFAULT);
    for (int i = 0; i < LOOP_CACHES; i++)
        open_cache(loop, &loop->caches[i]);
    return loop;
}

void loop_free(struct loop *loop)
{
    if (!loop)
        return;
    for (int i = 0; i < LOOP_CACHES; i++)
        curl_multi_cleanup(loop->caches[i].multi);
    roots_free(loop->roots);
    while (loop->children)
        loop_child_forget(loop, loop->children);
    close(loop->signals);
    close(loop->epoll);
    sigprocmask(SIG_SETMASK, &loop->old_mask, NULL);
    sigaction(SIGPIPE, &loop->old_pipe, NULL);
    curl_global_cleanup();
    mem_free(loop);
}

int64_t loop_mono_ms(const struct loop *loop)
{
    return clock_mono_ms(loop->clock);
}

int64_t loop_wall_ms(const struct loop *loop)
{
    return clock_wall_ms(loop->clock);
}

static int wait_ms(const struct loop *loop)
{
    if (!loop->timers)
        return -1;
    int64_t left = loop->timers->at_ms - loop_mono_ms(loop);
    return left < 0 ? 0 : left > 60000 ? 60000 : (int)left;
}

static void turn(struct loop *loop)
{
    struct epoll_event events[EVENTS_A_TURN];
    int count = epoll_wait(loop->epoll, events, EVENTS_A_TURN, wait_ms(loop));
    loop->events = events;
    loop->event_count = count < 0 ? 0 : count;
    for (int i = 0; i < loop->event_count; i++) {
        struct loop_fd *watch = events[i].data.ptr;
        if (watch)
            watch->ready(watch->arg, events[i].events);
    }
    loop->event_count = 0;
    loop->events = NULL;
    fire_timers(loop);
}

void loop_run(struct loop *loop)
{
    loop->stopping = false;
    while (!loop->stopping)
        turn(loop);
}

void loop_stop(struct loop *loop)
{
    loop->stopping = true;
}
