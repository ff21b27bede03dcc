#include "page.h"

#include "batches_html.h"
#include "embedded.h"
#include "html.h"
#include "json.h"
#include "run_html.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ANSWER_MAX   ((size_t)256 * 1024 * 1024)
#define TELL_MS      250               /* changes are told together, this often at most */
#define PULSE_MS     15000             /* without any news: that a browser that left is noticed */
#define CHANGED_MAX  64                /* runs that are named; more: all of them */
#define PAYLOADS_MAX (4 * 1024 * 1024) /* of a run's events, in full */
#define MESSAGE_SIZE 1024

/* Styles are inline in what the server draws: bars stand where their numbers say. */
#define POLICY                                                                                     \
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; connect-src 'self';" \
    " img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

/* One that listens to /live. */
struct browser {
    struct page *page;
    struct stage_stream *stream;
    struct browser *next;
};

struct page {
    struct loop *loop;
    const struct journal *journal;
    struct page_user user;
    struct browser *browsers;
    struct loop_timer timer;
    bool news; /* and the timer will tell */
    bool lists, flows, queue;
    size_t changed[CHANGED_MAX];
    size_t changed_count;
    bool all_changed;
    int64_t opened_ms; /* tells browsers one watch from the next */
};

/* --- answers --------------------------------------------------------------------------------- */

static void say(struct stage_call *call, int status, const char *type, struct span body)
{
    stage_add_header(call, "Content-Type", type);
    stage_add_header(call, "Content-Security-Policy", POLICY);
    stage_add_header(call, "X-Content-Type-Options", "nosniff");
    stage_add_header(call, "Referrer-Policy", "no-referrer");
    stage_add_header(call, "Cross-Origin-Resource-Policy", "same-origin");
    stage_add_header(call, "Cache-Control", "no-store");
    stage_say(call, status, body);
}

static void say_html(struct stage_call *call, int status, struct span body)
{
    say(call, status, "text/html; charset=utf-8", body);
}

static void say_error(struct stage_call *call, int status, const char *message)
{
    struct buffer out;
    buffer_init(&out, MESSAGE_SIZE * JSON_ESCAPE_SIZE);
    buffer_text(&out, "{\"error\":");
    json_put_string(&out, span_of(message));
    buffer_text(&out, "}\n");
    say(call, status, "application/json", buffer_span(&out));
    buffer_release(&out);
}

/* --- who may ask ----------------------------------------------------------------------------- */

static bool is_loopback(const char *host)
{
    static const char *const names[] = {"127.0.0.1", "localhost", "[::1]"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        size_t len = strlen(names[i]);
        if (strncmp(host, names[i], len) != 0)
            continue;
        if (!host[len] ||
            (host[len] == ':' && strspn(host + len + 1, "0123456789") == strlen(host + len + 1)))
            return true;
    }
    return false;
}

/* Says no to another page, and to a name that somebody points at this machine. */
static bool may_ask(struct stage_call *call)
{
    const char *host = stage_header(call, "Host"), *origin = stage_header(call, "Origin");
    if (!host || !is_loopback(host)) {
        say_error(call, 403, "the page is for this machine: open it as http://127.0.0.1:PORT/");
        return false;
    }
    if (origin && (strncmp(origin, "http://", 7) != 0 || strcmp(origin + 7, host) != 0)) {
        say_error(call, 403, "another page may not ask here");
        return false;
    }
    return true;
}

/* --- news ------------------------------------------------------------------------------------ */

static void put_news(struct buffer *out, const struct page *page)
{
    buffer_format(out, "data: {\"lists\":%s,\"flows\":%s,\"queue\":%s,\"all\":%s,\"runs\":[",
                  page->lists ? "true" : "false", page->flows ? "true" : "false",
                  page->queue ? "true" : "false", page->all_changed ? "true" : "false");
    for (size_t i = 0; i < page->changed_count; i++)
        buffer_format(out, "%s%zu", i ? "," : "", page->changed[i]);
    buffer_text(out, "]}\n\n");
}

static void tell(void *arg)
{
    struct page *page = arg;
    struct buffer out;
    buffer_init(&out, 64 * 1024);
    if (page->news)
        put_news(&out, page);
    else
        buffer_text(&out, ":\n\n");
    page->news = page->lists = page->flows = page->queue = page->all_changed = false;
    page->changed_count = 0;
    for (struct browser *browser = page->browsers, *next; browser; browser = next) {
        next = browser->next; /* it may leave */
        stage_stream_write(browser->stream, buffer_span(&out));
    }
    buffer_release(&out);
    loop_timer_set(page->loop, &page->timer, loop_mono_ms(page->loop) + PULSE_MS, tell, page);
}

static void have_news(struct page *page)
{
    if (!page->news)
        loop_timer_set(page->loop, &page->timer, loop_mono_ms(page->loop) + TELL_MS, tell, page);
    page->news = true;
}

void page_changed(struct page *page, size_t run)
{
    have_news(page);
    page->lists = true; /* they show each run */
    if (run == 0)
        return;
    for (size_t i = 0; i < page->changed_count; i++)
        if (page->changed[i] == run)
            return;
    if (page->changed_count == CHANGED_MAX)
        page->all_changed = true;
    else
        page->changed[page->changed_count++] = run;
}

void page_flows_changed(struct page *page)
{
    have_news(page);
    page->flows = true;
}

void page_queue_changed(struct page *page)
{
    have_news(page);
    page->queue = true;
}

static void on_closed(void *arg)
{
    struct browser *gone = arg, **at = &gone->page->browsers;
    while (*at != gone)
        at = &(*at)->next;
    *at = gone->next;
    mem_free(gone);
}

static void open_live(struct page *page, struct stage_call *call)
{
    char hello[128];
    struct browser *browser = mem_new(sizeof *browser);
    stage_add_header(call, "Content-Type", "text/event-stream");
    stage_add_header(call, "Cache-Control", "no-store");
    *browser = (struct browser){page, stage_stream(call, on_closed, browser), page->browsers};
    page->browsers = browser;
    snprintf(hello, sizeof hello, "retry: 1000\ndata: {\"opened\":%" PRId64 "}\n\n",
             page->opened_ms);
    stage_stream_write(browser->stream, span_of(hello));
}

/* --- what is asked for ----------------------------------------------------------------------- */

static void put_file(struct buffer *out, const char *path)
{
    for (const struct embedded_file *file = web_files; file->path; file++)
        if (strcmp(file->path, path) == 0)
            buffer_add(out, (struct span){(const char *)file->bytes, file->len});
}

static size_t number_in(const char *text)
{
    char *end;
    errno = 0;
    unsigned long long number = text && *text >= '0' && *text <= '9' ? strtoull(text, &end, 10) : 0;
    return number && !errno && !*end ? (size_t)number : 0;
}

static void say_run(struct page *page, struct stage_call *call, size_t number, struct buffer *out)
{
    const struct journal_run *run = journal_run_numbered(page->journal, number);
    if (!run) {
        say_html(call, 404,
                 span_of("<p class=\"none\">This run is not known, or no longer: the oldest "
                         "batches are forgotten.</p>"));
        return;
    }
    struct run_html with = {.now_ms = loop_wall_ms(page->loop),
                            .flows_dir = page->user.flows_dir,
                            .payloads_max = PAYLOADS_MAX};
    if (run->flow && page->user.graph)
        with.graph = page->user.graph(page->user.arg, run->flow);
    run_html(out, run, &with);
    say_html(call, 200, buffer_span(out));
}

/* False: none of these. */
static bool get(struct page *page, struct stage_call *call, const char *path, struct buffer *out)
{
    static const char runs[] = "/runs/";
    if (strcmp(path, "/") == 0) {
        put_file(out, "page.html");
        say_html(call, 200, buffer_span(out));
    } else if (strcmp(path, "/page.css") == 0) {
        put_file(out, "run.css");
        put_file(out, "page.css");
        say(call, 200, "text/css; charset=utf-8", buffer_span(out));
    } else if (strcmp(path, "/page.js") == 0) {
        put_file(out, "page.js");
        say(call, 200, "text/javascript; charset=utf-8", buffer_span(out));
    } else if (strcmp(path, "/live") == 0) {
        open_live(page, call);
    } else if (strcmp(path, "/batches") == 0) {
        batches_html(out, page->journal, number_in(stage_query(call, "before")),
                     loop_wall_ms(page->loop));
        say_html(call, 200, buffer_span(out));
    } else if (strncmp(path, runs, strlen(runs)) == 0) {
        say_run(page, call, number_in(path + strlen(runs)), out);
    } else if (strcmp(path, "/flows") == 0) {
        page->user.flows(page->user.arg, out);
        say(call, 200, "application/json", buffer_span(out));
    } else if (strcmp(path, "/queue") == 0) {
        page->user.queue(page->user.arg, out);
        say(call, 200, "application/json", buffer_span(out));
    } else {
        return false;
    }
    return true;
}

static bool post(struct page *page, struct stage_call *call, const struct stage_request *request,
                 struct buffer *out)
{
    struct error err = {0};
    bool send = strcmp(request->path, "/send") == 0;
    if (!send && strcmp(request->path, "/resend") != 0)
        return false;
    bool good = json_check(request->body, &err) && (send ? page->user.send : page->user.resend)(
                                                       page->user.arg, request->body, out, &err);
    if (good)
        say(call, 200, "application/json", buffer_span(out));
    else
        say_error(call, 400, err.text);
    return true;
}

static bool is_own(const char *path)
{
    static const char *const own[] = {"/",      "/page.css", "/page.js", "/live",  "/batches",
                                      "/flows", "/queue",    "/send",    "/resend"};
    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        if (strcmp(path, own[i]) == 0)
            return true;
    return strncmp(path, "/runs/", 6) == 0;
}

bool page_serve(struct page *page, struct stage_call *call, const struct stage_request *request)
{
    struct buffer out;
    if (!is_own(request->path))
        return false;
    if (!may_ask(call))
        return true;
    buffer_init(&out, ANSWER_MAX);
    bool done = strcmp(request->method, "GET") == 0 || strcmp(request->method, "HEAD") == 0
                    ? get(page, call, request->path, &out)
                    : strcmp(request->method, "POST") == 0 && post(page, call, request, &out);
    if (!done)
        say_error(call, 405, "this path does not take that method");
    buffer_release(&out);
    return true;
}

/* --- life ------------------------------------------------------------------------------------ */

struct page *page_new(struct loop *loop, const struct journal *journal,
                      const struct page_user *user)
{
    struct page *page = mem_new(sizeof *page);
    *page = (struct page){
        .loop = loop, .journal = journal, .user = *user, .opened_ms = loop_wall_ms(loop)};
    loop_timer_set(loop, &page->timer, loop_mono_ms(loop) + PULSE_MS, tell, page);
    return page;
}

void page_free(struct page *page)
{
    if (!page)
        return;
    loop_timer_stop(page->loop, &page->timer);
    while (page->browsers) {
        struct browser *gone = page->browsers;
        page->browsers = gone->next;
        stage_stream_end(gone->stream);
        mem_free(gone);
    }
    mem_free(page);
}
