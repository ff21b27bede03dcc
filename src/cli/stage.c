#include "stage.h"

#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/epoll.h>

struct header {
    char *name;
    char *value;
    struct header *next;
};

struct stage_call {
    struct stage *stage;
    struct MHD_Connection *connection;
    struct buffer body;
    bool too_large;
    bool held;
    bool early; /* the answer is there before its time */
    struct loop_timer due;
    struct header *headers; /* of the answer */
    struct MHD_Response *response;
    struct stage_stream *stream; /* that response's */
    int status;
    struct stage_call *next, *previous; /* of all that are open */
};

struct stage_stream {
    struct stage_call *call; /* NULL: it is over, the library just has not said so */
    struct buffer unread;
    bool waits; /* suspended until there is something to send */
    bool ended;
    void (*closed)(void *arg); /* NULL: nobody is to be told any more */
    void *arg;
};

struct stage {
    struct loop *loop;
    stage_handler *handler;
    void *arg;
    struct MHD_Daemon *daemon;
    struct loop_fd watch;
    struct loop_timer timer;
    struct stage_call *calls;
};

static void on_timer(void *arg);

/* --- one call -------------------------------------------------------------------------------- */

static struct stage_call *open_call(struct stage *stage, struct MHD_Connection *connection)
{
    struct stage_call *call = mem_new(sizeof *call);
    call->stage = stage;
    call->connection = connection;
    buffer_init(&call->body, STAGE_BODY_MAX);
    call->next = stage->calls;
    if (call->next)
        call->next->previous = call;
    stage->calls = call;
    return call;
}

static void close_call(struct stage_call *call)
{
    if (call->previous)
        call->previous->next = call->next;
    else
        call->stage->calls = call->next;
    if (call->next)
        call->next->previous = call->previous;
    while (call->headers) {
        struct header *gone = call->headers;
        call->headers = gone->next;
        mem_free(gone->name);
        mem_free(gone->value);
        mem_free(gone);
    }
    loop_timer_stop(call->stage->loop, &call->due);
    if (call->stream)
        call->stream->call = NULL;
    if (call->response) /* nobody came for it any more */
        MHD_destroy_response(call->response);
    buffer_release(&call->body);
    mem_free(call);
}

const char *stage_header(struct stage_call *call, const char *name)
{
    return MHD_lookup_connection_value(call->connection, MHD_HEADER_KIND, name);
}

void stage_add_header(struct stage_call *call, const char *name, const char *value)
{
    struct header *header = mem_new(sizeof *header);
    *header = (struct header){mem_copy(name), mem_copy(value), call->headers};
    call->headers = header;
}

const char *stage_query(struct stage_call *call, const char *name)
{
    return MHD_lookup_connection_value(call->connection, MHD_GET_ARGUMENT_KIND, name);
}

/* Whoever waits for the library goes on in the loop's next turn. */
static void wake(struct stage *stage)
{
    loop_timer_set(stage->loop, &stage->timer, loop_mono_ms(stage->loop), on_timer, stage);
}

/* In a call that is held the library asks once more, and on_request sends what is there. */
static void let_answer_go(struct stage_call *call)
{
    if (!call->held || call->early)
        return;
    call->held = false;
    MHD_resume_connection(call->connection);
    wake(call->stage);
}

static void answer(struct stage_call *call, int status, struct MHD_Response *response)
{
    call->status = status;
    call->response = response;
    for (struct header *header = call->headers; header; header = header->next)
        MHD_add_response_header(call->response, header->name, header->value);
    let_answer_go(call);
}

void stage_say(struct stage_call *call, int status, struct span body)
{
    answer(call, status,
           MHD_create_response_from_buffer(body.len, (void *)body.at, MHD_RESPMEM_MUST_COPY));
}

static void on_due(void *arg)
{
    struct stage_call *call = arg;
    call->early = false;
    let_answer_go(call);
}

void stage_say_later(struct stage_call *call, int status, struct span body, int64_t after_ms)
{
    struct loop *loop = call->stage->loop;
    call->early = after_ms > 0;
    if (call->early)
        loop_timer_set(loop, &call->due, loop_mono_ms(loop) + after_ms, on_due, call);
    stage_say(call, status, body);
}

static enum MHD_Result send_response(struct stage_call *call)
{
    enum MHD_Result result =
        MHD_queue_response(call->connection, (unsigned)call->status, call->response);
    MHD_destroy_response(call->response);
    call->response = NULL;
    return result;
}

/* --- streams --------------------------------------------------------------------------------- */

static ssize_t on_read(void *arg, uint64_t at, char *into, size_t size)
{
    struct stage_stream *stream = arg;
    size_t len = stream->unread.len < size ? stream->unread.len : size;
    (void)at;
    if (len > 0) {
        memcpy(into, stream->unread.data, len);
        buffer_drop(&stream->unread, len);
    } else if (stream->ended) {
        return MHD_CONTENT_READER_END_OF_STREAM;
    } else {
        stream->waits = true;
        MHD_suspend_connection(stream->call->connection);
    }
    return (ssize_t)len;
}

static void on_stream_over(void *arg)
{
    struct stage_stream *stream = arg;
    void (*closed)(void *arg) = stream->closed;
    arg = stream->arg;
    if (stream->call)
        stream->call->stream = NULL;
    buffer_release(&stream->unread);
    mem_free(stream);
    if (closed)
        closed(arg);
}

struct stage_stream *stage_stream(struct stage_call *call, void (*closed)(void *arg), void *arg)
{
    struct stage_stream *stream = mem_new(sizeof *stream);
    *stream = (struct stage_stream){.call = call, .closed = closed, .arg = arg};
    buffer_init(&stream->unread, STAGE_UNREAD_MAX);
    call->stream = stream;
    answer(call, 200,
           MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 16 * 1024, on_read, stream,
                                             on_stream_over));
    return stream;
}

static void let_go(struct stage_stream *stream)
{
    if (!stream->waits || !stream->call)
        return;
    stream->waits = false;
    MHD_resume_connection(stream->call->connection);
    wake(stream->call->stage);
}

void stage_stream_write(struct stage_stream *stream, struct span piece)
{
    if (!buffer_add(&stream->unread, piece))
        stream->ended = true; /* it reads too slowly: cut, with what it has not read */
    let_go(stream);
}

void stage_stream_end(struct stage_stream *stream)
{
    stream->closed = NULL;
    stream->ended = true;
    let_go(stream);
}

/* --- what the library calls ------------------------------------------------------------------ */

/* Comes once when the head is in, then for each part of the body, then once more without any, and
 * again when a call that was held is answered. */
static enum MHD_Result on_request(void *arg, struct MHD_Connection *connection, const char *path,
                                  const char *method, const char *version, const char *data,
                                  size_t *size, void **state)
{
    struct stage *stage = arg;
    struct stage_call *call = *state;
    (void)version;
    if (!call) {
        *state = open_call(stage, connection);
        return MHD_YES;
    }
    if (*size > 0) {
        if (!buffer_add(&call->body, (struct span){data, *size}))
            call->too_large = true;
        *size = 0;
        return MHD_YES;
    }
    if (call->response)
        return send_response(call);
    struct stage_request request = {method, path, buffer_span(&call->body)};
    if (call->too_large)
        stage_say(call, MHD_HTTP_CONTENT_TOO_LARGE, span_of(""));
    else
        stage->handler(stage->arg, call, &request);
    if (call->response && !call->early)
        return send_response(call);
    call->held = true;
    MHD_suspend_connection(connection);
    return MHD_YES;
}

static void on_completed(void *arg, struct MHD_Connection *connection, void **state,
                         enum MHD_RequestTerminationCode why)
{
    (void)arg, (void)connection, (void)why;
    if (*state)
        close_call(*state);
    *state = NULL;
}

/* --- in the loop ----------------------------------------------------------------------------- */

static void turn(struct stage *stage)
{
    MHD_UNSIGNED_LONG_LONG after_ms;
    MHD_run(stage->daemon);
    if (MHD_get_timeout(stage->daemon, &after_ms) == MHD_YES)
        loop_timer_set(stage->loop, &stage->timer, loop_mono_ms(stage->loop) + (int64_t)after_ms,
                       on_timer, stage);
    else
        loop_timer_stop(stage->loop, &stage->timer);
}

static void on_timer(void *arg)
{
    turn(arg);
}

static void on_ready(void *arg, uint32_t events)
{
    (void)events;
    turn(arg);
}

struct stage *stage_open(struct loop *loop, int port, stage_handler *handler, void *arg,
                         struct error *err)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                                  .sin_port = htons((uint16_t)port)};
    struct stage *stage = mem_new(sizeof *stage);
    stage->loop = loop;
    stage->handler = handler;
    stage->arg = arg;
    stage->daemon =
        MHD_start_daemon(MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, on_request, stage,
                         MHD_OPTION_SOCK_ADDR, &address, MHD_OPTION_NOTIFY_COMPLETED, on_completed,
                         stage, MHD_OPTION_END);
    if (!stage->daemon) {
        error_set(err, ERROR_SYSTEM, "cannot listen on 127.0.0.1:%d: %s", port, strerror(errno));
        mem_free(stage);
        return NULL;
    }
    stage->watch.fd = MHD_get_daemon_info(stage->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
    stage->watch.ready = on_ready;
    stage->watch.arg = stage;
    loop_fd_watch(loop, &stage->watch, EPOLLIN);
    return stage;
}

void stage_close(struct stage *stage)
{
    if (!stage)
        return;
    loop_timer_stop(stage->loop, &stage->timer);
    loop_fd_stop(stage->loop, &stage->watch);
    /* the library refuses to end with calls held */
    for (struct stage_call *call = stage->calls; call; call = call->next) {
        if (call->held || (call->stream && call->stream->waits))
            MHD_resume_connection(call->connection);
        if (call->stream)
            call->stream->closed = NULL;
    }
    MHD_stop_daemon(stage->daemon);
    mem_free(stage);
}

int stage_port(const struct stage *stage)
{
    return MHD_get_daemon_info(stage->daemon, MHD_DAEMON_INFO_BIND_PORT)->port;
}
