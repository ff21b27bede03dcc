#include "child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <unistd.h>

#define LINE_MAX_BYTES (64 * 1024)

struct child {
    struct loop *loop;
    struct child_user user;
    struct loop_child process;
    struct loop_fd output;
    struct loop_timer kill;
    struct buffer line;
    bool running;
};

/* --- its output ------------------------------------------------------------------------------ */

static void tell_line(struct child *child)
{
    char *line = mem_string(buffer_span(&child->line));
    buffer_clear(&child->line);
    child->user.line(child->user.arg, line);
    mem_free(line);
}

/* What is longer than a line may be is cut there. */
static void take_output(struct child *child, struct span bytes)
{
    if (child->user.output) {
        child->user.output(child->user.arg, bytes);
        return;
    }
    for (size_t i = 0; i < bytes.len; i++) {
        bool end = bytes.at[i] == '\n';
        if (end || child->line.len == child->line.max)
            tell_line(child);
        if (!end)
            buffer_add(&child->line, (struct span){bytes.at + i, 1});
    }
}

static void read_output(struct child *child)
{
    char chunk[4096];
    ssize_t got;
    while ((got = read(child->output.fd, chunk, sizeof chunk)) > 0)
        take_output(child, (struct span){chunk, (size_t)got});
    if (got == 0)
        loop_fd_stop(child->loop, &child->output);
}

static void on_output(void *arg, uint32_t events)
{
    (void)events;
    read_output(arg);
}

/* --- its end --------------------------------------------------------------------------------- */

static void on_exited(void *arg, int status)
{
    struct child *child = arg;
    child->running = false;
    loop_timer_stop(child->loop, &child->kill);
    kill(-child->process.pid, SIGKILL); /* whatever it left behind in its group */
    read_output(child);
    if (child->line.len)
        tell_line(child);
    child->user.exited(child->user.arg, status);
}

static void on_patience_over(void *arg)
{
    struct child *child = arg;
    kill(-child->process.pid, SIGKILL);
}

void child_end(struct child *child, int64_t limit_ms)
{
    if (!child->running)
        return;
    kill(child->process.pid, SIGTERM);
    loop_timer_set(child->loop, &child->kill, loop_mono_ms(child->loop) + limit_ms,
                   on_patience_over, child);
}

void child_free(struct child *child)
{
    if (!child)
        return;
    loop_timer_stop(child->loop, &child->kill);
    if (child->running)
        kill(-child->process.pid, SIGKILL);
    loop_child_forget(child->loop, &child->process);
    loop_fd_stop(child->loop, &child->output);
    close(child->output.fd);
    buffer_release(&child->line);
    mem_free(child);
}

/* --- its start ------------------------------------------------------------------------------- */

/* In the child, between fork and exec: signals as a shell would leave them, no descriptor but the
 * three standard ones, and its end bound to ours. */
static void become(const char *program, char *const *argv, char *const *environment, int output,
                   bool results_only, pid_t parent)
{
    sigset_t none;
    int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent || nothing < 0)
        _exit(127);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    sigaction(SIGPIPE, &(struct sigaction){.sa_handler = SIG_DFL}, NULL);
    dup2(nothing, STDIN_FILENO);
    dup2(output, STDOUT_FILENO);
    dup2(results_only ? nothing : output, STDERR_FILENO);
    close_range(STDERR_FILENO + 1, ~0U, 0);
    execve(program, argv, environment);
    _exit(127);
}

struct child *child_start(struct loop *loop, const char *program, char *const *argv,
                          char *const *environment, const struct child_user *user,
                          struct error *err)
{
    int ends[2];
    pid_t pid, parent = getpid();
    if (pipe2(ends, O_CLOEXEC) < 0) {
        error_set(err, ERROR_SYSTEM, "pipe: %s", strerror(errno));
        return NULL;
    }
    if ((pid = fork()) == 0)
        become(program, argv, environment, ends[1], user->output != NULL, parent);
    close(ends[1]);
    if (pid < 0) {
        error_set(err, ERROR_SYSTEM, "fork: %s", strerror(errno));
        close(ends[0]);
        return NULL;
    }
    setpgid(pid, pid); /* in both processes: whichever is first */
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    struct child *child = mem_new(sizeof *child);
    child->loop = loop;
    child->user = *user;
    child->running = true;
    child->process = (struct loop_child){.pid = pid, .exited = on_exited, .arg = child};
    child->output = (struct loop_fd){.fd = ends[0], .ready = on_output, .arg = child};
    buffer_init(&child->line, LINE_MAX_BYTES);
    loop_child_watch(loop, &child->process);
    loop_fd_watch(loop, &child->output, EPOLLIN);
    return child;
}
