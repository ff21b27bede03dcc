#include "runtime.h"

#include "json.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define API_PATH           "/2018-06-01/runtime"
#define URL_MAX            4096
#define BACKOFF_FIRST_MS   50
#define BACKOFF_MAX_MS     5000
#define CONNECT_TIMEOUT_MS 1000L
#define POST_TIMEOUT_MS    60000L
#define POST_CONNECTS_MAX  4
#define DEADLINE_MAX_MS                                                                            \
    (24 * 60 * 60 * 1000LL) /* further ahead is nonsense: Lambda ends at 15 min */
#define MESSAGE_MAX    4096
#define ERROR_BODY_MAX (16 * 1024)
#define ANSWER_MAX     1024
#define ANSWER_SHOWN   200

/* GET /invocation/next: the poll that may hang for days. */
struct poll {
    CURL *easy;
    struct loop_transfer transfer;
    struct loop_timer again;
    int64_t backoff_ms;
    struct buffer body;
    bool too_large;
    char text[CURL_ERROR_SIZE];
};

/* One POST: an answer or the report of a failed start. */
struct post {
    CURL *easy;
    struct loop_transfer transfer;
    struct loop_timer again;
    int connects;
    struct curl_slist *headers;
    struct buffer answer;
    const char *what; /* "response", "error", "init/error", for the log */
    char *request_id; /* NULL: none */
    bool own;         /* our own refusal, which the user never heard of */
    char text[CURL_ERROR_SIZE];
};

struct runtime {
    struct loop *loop;
    const struct log *log;
    struct runtime_user user;
    char *base; /* "http://host:port/2018-06-01/runtime" */
    struct poll poll;
    struct post post;
    bool deadline_warned;
};

void invocation_free(struct invocation *invocation)
{
    if (!invocation)
        return;
    mem_free(invocation->request_id);
    mem_free(invocation->invocation_id);
    mem_free(invocation->trace);
    mem_free(invocation->function_arn);
    buffer_release(&invocation->event);
    mem_free(invocation);
}

/* --- where the API is ------------------------------------------------------------------------ */

static bool url_has(CURLU *url, CURLUPart part)
{
    char *text = NULL;
    bool has = curl_url_get(url, part, &text, 0) == CURLUE_OK && text && *text;
    curl_free(text);
    return has;
}

/* "host:port", perhaps with a scheme before it and a path prefix behind it, to the base of all
 * calls; NULL with err. */
static char *base_of(const char *api, struct error *err)
{
    const char *scheme = strstr(api, "://");
    const char *rest = scheme ? scheme + 3 : api;
    size_t len = strlen(rest);
    while (len > 0 && rest[len - 1] == '/')
        len--;
    struct buffer base;
    buffer_init(&base, URL_MAX);
    CURLU *url = curl_url();
    bool good = buffer_format(&base, "http://%.*s" API_PATH, (int)len, rest) &&
                buffer_add(&base, (struct span){"", 1}) && len > 0 &&
                (!scheme || strncasecmp(api, "http://", 7) == 0) &&
                curl_url_set(url, CURLUPART_URL, base.data, 0) == CURLUE_OK &&
                !url_has(url, CURLUPART_USER) && !url_has(url, CURLUPART_QUERY) &&
                !url_has(url, CURLUPART_FRAGMENT);
    curl_url_cleanup(url);
    if (good)
        return base.data;
    buffer_release(&base);
    error_set(
        err, ERROR_INPUT,
        "AWS_LAMBDA_RUNTIME_API '%.100s': must be host:port, perhaps with http:// before and a "
        "path behind it",
        api);
    return NULL;
}

/* --- what both kinds of call share ----------------------------------------------------------- */

/* Plain HTTP/1.1 to a neighbour: no proxy, no redirect, one token as the agent. */
static CURL *open_easy(char *text)
{
    CURL *easy = curl_easy_init();
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http");
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_TIMEOUT_MS);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "moonmill/" MOONMILL_VERSION);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, text);
    return easy;
}

static long status_of(CURL *easy)
{
    long status = 0;
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    return status;
}

/* The start of an answer, as far as it may stand in a log line. */
static const char *show_answer(const struct buffer *answer, char shown[ANSWER_SHOWN + 1])
{
    size_t len = answer->len < ANSWER_SHOWN ? answer->len : ANSWER_SHOWN;
    for (size_t i = 0; i < len; i++)
        shown[i] = answer->data[i] >= 0x20 && answer->data[i] < 0x7f ? answer->data[i] : '?';
    shown[len] = '\0';
    return shown;
}

static void log_broken(const struct runtime *runtime, CURL *easy, CURLcode result, const char *text,
                       const char *what, const char *request_id)
{
    long os_errno = 0;
    curl_easy_getinfo(easy, CURLINFO_OS_ERRNO, &os_errno);
    log_line(runtime->log, LOG_WARN, "the connection to the Runtime API broke",
             LOG_TEXT("call", what), LOG_TEXT("requestId", request_id),
             LOG_TEXT("error", *text ? text : curl_easy_strerror(result)),
             LOG_TEXT("errno", os_errno ? strerror((int)os_errno) : ""),
             LOG_NUMBER("status", status_of(easy)));
}

static void log_refused(const struct runtime *runtime, CURL *easy, const struct buffer *answer,
                        const char *what, const char *request_id)
{
    char shown[ANSWER_SHOWN + 1];
    log_line(runtime->log, LOG_WARN, "the Runtime API refused a call", LOG_TEXT("call", what),
             LOG_TEXT("requestId", request_id), LOG_NUMBER("status", status_of(easy)),
             LOG_TEXT("answer", show_answer(answer, shown)));
}

static void lose(struct runtime *runtime, CURL *easy, const struct buffer *answer, const char *what)
{
    struct error err;
    char shown[ANSWER_SHOWN + 1];
    error_set(&err, ERROR_UNAVAILABLE, "Runtime API: %s answered %ld: %s", what, status_of(easy),
              show_answer(answer, shown));
    runtime->user.lost(runtime->user.arg, &err);
}

/* --- next ------------------------------------------------------------------------------------ */

static void post_own_error(struct runtime *runtime, struct invocation *invocation, const char *type,
                           const char *message);

static size_t take_event(char *data, size_t size, size_t count, void *arg)
{
    struct poll *poll = arg;
    if (buffer_add(&poll->body, (struct span){data, size * count}))
        return size * count;
    poll->too_large = true;
    return CURL_WRITEFUNC_ERROR;
}

static void ask_again(void *arg)
{
    runtime_next(arg);
}

static void ask_in(struct runtime *runtime, int64_t after_ms)
{
    loop_timer_set(runtime->loop, &runtime->poll.again, loop_mono_ms(runtime->loop) + after_ms,
                   ask_again, runtime);
}

static void back_off(struct runtime *runtime)
{
    struct poll *poll = &runtime->poll;
    ask_in(runtime, poll->backoff_ms);
    poll->backoff_ms =
        poll->backoff_ms * 2 < BACKOFF_MAX_MS ? poll->backoff_ms * 2 : BACKOFF_MAX_MS;
}

/* A header of the answer, owned by curl; NULL when absent or empty, which mean the same. curl 7.88
 * leaves the line's CR in the value of an empty one. */
static const char *header_of(CURL *easy, const char *name)
{
    struct curl_header *header;
    if (curl_easy_header(easy, name, 0, CURLH_HEADER, -1, &header) != CURLHE_OK)
        return NULL;
    return header->value[strspn(header->value, " \t\r\n")] ? header->value : NULL;
}

/* Epoch milliseconds that lie ahead, but not by days; else 0. Local servers send anything. */
static int64_t believed_deadline(const char *text, int64_t now_ms)
{
    int64_t value = 0;
    if (!text || strlen(text) > 18 || text[strspn(text, "0123456789")] != '\0')
        return 0;
    for (const char *c = text; *c; c++)
        value = value * 10 + (*c - '0');
    return value > now_ms && value <= now_ms + DEADLINE_MAX_MS ? value : 0;
}

static int64_t deadline_of(struct runtime *runtime, int64_t now_ms)
{
    const char *text = header_of(runtime->poll.easy, "Lambda-Runtime-Deadline-Ms");
    int64_t deadline_ms = believed_deadline(text, now_ms);
    if (!deadline_ms && !runtime->deadline_warned) {
        runtime->deadline_warned = true;
        log_line(runtime->log, LOG_WARN,
                 "the invocation's deadline is absent or cannot be believed; running without one",
                 LOG_NUMBER("now_ms", now_ms));
    }
    return deadline_ms;
}

static struct invocation *take_invocation(struct runtime *runtime, const char *request_id)
{
    CURL *easy = runtime->poll.easy;
    struct invocation *invocation = mem_new(sizeof *invocation);
    invocation->request_id = mem_copy(request_id);
    invocation->invocation_id = mem_copy(header_of(easy, "Lambda-Runtime-Invocation-Id"));
    invocation->trace = mem_copy(header_of(easy, "Lambda-Runtime-Trace-Id"));
    invocation->function_arn = mem_copy(header_of(easy, "Lambda-Runtime-Invoked-Function-Arn"));
    invocation->received_ms = loop_wall_ms(runtime->loop);
    invocation->deadline_ms = deadline_of(runtime, invocation->received_ms);
    invocation->event = runtime->poll.body;
    buffer_init(&runtime->poll.body, CONFIG_PAYLOAD_MAX);
    return invocation;
}

static void deliver(struct runtime *runtime)
{
    const char *request_id = header_of(runtime->poll.easy, "Lambda-Runtime-Aws-Request-Id");
    if (!request_id) {
        log_refused(runtime, runtime->poll.easy, &(struct buffer){0},
                    "next, an event without a request id", NULL);
        back_off(runtime);
        return;
    }
    runtime->poll.backoff_ms = BACKOFF_FIRST_MS;
    struct invocation *invocation = take_invocation(runtime, request_id);
    if (runtime->poll.too_large)
        post_own_error(runtime, invocation, "Runtime.EventTooLarge",
                       "the event is larger than the 6291556 bytes that the Runtime API allows");
    else
        runtime->user.invoked(runtime->user.arg, invocation);
}

static void on_next(void *arg, CURLcode result)
{
    struct runtime *runtime = arg;
    struct poll *poll = &runtime->poll;
    long status = status_of(poll->easy);
    if (result != CURLE_OK && !(poll->too_large && status == 200)) {
        log_broken(runtime, poll->easy, result, poll->text, "next", NULL);
        back_off(runtime);
    } else if (status == 200) {
        deliver(runtime);
    } else if (status == 204) {
        poll->backoff_ms = BACKOFF_FIRST_MS;
        ask_in(runtime, BACKOFF_FIRST_MS);
    } else if (status == 403 || status == 500) {
        lose(runtime, poll->easy, &poll->body, "next");
    } else {
        log_refused(runtime, poll->easy, &poll->body, "next", NULL);
        back_off(runtime);
    }
}

void runtime_next(struct runtime *runtime)
{
    struct poll *poll = &runtime->poll;
    loop_timer_stop(runtime->loop, &poll->again);
    buffer_clear(&poll->body);
    poll->too_large = false;
    poll->text[0] = '\0';
    loop_transfer_start(runtime->loop, &poll->transfer);
}

/* --- answers --------------------------------------------------------------------------------- */

static size_t take_answer(char *data, size_t size, size_t count, void *arg)
{
    struct post *post = arg;
    size_t room = post->answer.max - post->answer.len;
    buffer_add(&post->answer, (struct span){data, size * count < room ? size * count : room});
    return size * count;
}

static void start_post(void *arg)
{
    struct runtime *runtime = arg;
    runtime->post.connects++;
    runtime->post.text[0] = '\0';
    buffer_clear(&runtime->post.answer);
    loop_transfer_start(runtime->loop, &runtime->post.transfer);
}

static void close_post(struct post *post)
{
    curl_slist_free_all(post->headers);
    mem_free(post->request_id);
    buffer_release(&post->answer);
    post->headers = NULL;
    post->request_id = NULL;
    /* lets go of the copied body as well */
    curl_easy_setopt(post->easy, CURLOPT_HTTPHEADER, NULL);
    curl_easy_setopt(post->easy, CURLOPT_COPYPOSTFIELDS, NULL);
}

/* Not a byte was sent, so that another try cannot be a second answer. */
static bool never_left(CURL *easy, CURLcode result)
{
    long sent = 0;
    curl_easy_getinfo(easy, CURLINFO_REQUEST_SIZE, &sent);
    return (result == CURLE_COULDNT_CONNECT || result == CURLE_OPERATION_TIMEDOUT) && sent == 0;
}

static void on_posted(void *arg, CURLcode result)
{
    struct runtime *runtime = arg;
    struct post *post = &runtime->post;
    long status = status_of(post->easy);
    bool own = post->own, lost = result == CURLE_OK && status == 500;
    if (result != CURLE_OK) {
        log_broken(runtime, post->easy, result, post->text, post->what, post->request_id);
        if (never_left(post->easy, result) && post->connects < POST_CONNECTS_MAX) {
            loop_timer_set(runtime->loop, &post->again,
                           loop_mono_ms(runtime->loop) + BACKOFF_FIRST_MS * post->connects,
                           start_post, runtime);
            return;
        }
    } else if (!lost && status / 100 != 2) {
        log_refused(runtime, post->easy, &post->answer, post->what, post->request_id);
    }
    if (lost)
        lose(runtime, post->easy, &post->answer, post->what);
    close_post(post);
    if (lost)
        return;
    if (own)
        runtime_next(runtime);
    else
        runtime->user.answered(runtime->user.arg);
}

static void add_header(struct post *post, const char *name, const char *value)
{
    struct buffer line;
    buffer_init(&line, 64 * 1024);
    buffer_format(&line, "%s: %s", name, value);
    buffer_add(&line, (struct span){"", 1});
    post->headers = curl_slist_append(post->headers, line.data);
    buffer_release(&line);
}

/* Copies the body; frees the invocation (NULL: none). */
static void send_post(struct runtime *runtime, struct invocation *invocation, const char *what,
                      struct span body)
{
    struct post *post = &runtime->post;
    char *id = invocation ? curl_easy_escape(post->easy, invocation->request_id, 0) : NULL;
    struct buffer url;
    buffer_init(&url, URL_MAX + 4 * strlen(id ? id : ""));
    buffer_format(&url, "%s%s%s/%s", runtime->base, id ? "/invocation/" : "", id ? id : "", what);
    buffer_add(&url, (struct span){"", 1});
    curl_free(id);
    post->what = what;
    post->connects = 0;
    buffer_init(&post->answer, ANSWER_MAX);
    add_header(post, "Content-Type", "application/json");
    add_header(post, "Expect", ""); /* nothing to wait for; "Name:" takes curl's own away */
    if (invocation && invocation->invocation_id)
        add_header(post, "Lambda-Runtime-Invocation-Id", invocation->invocation_id);
    if (invocation)
        post->request_id = mem_copy(invocation->request_id);
    curl_easy_setopt(post->easy, CURLOPT_URL, url.data);
    curl_easy_setopt(post->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body.len);
    curl_easy_setopt(post->easy, CURLOPT_COPYPOSTFIELDS, body.len ? body.at : "");
    curl_easy_setopt(post->easy, CURLOPT_HTTPHEADER, post->headers);
    buffer_release(&url);
    invocation_free(invocation);
    start_post(runtime);
}

void runtime_respond(struct runtime *runtime, struct invocation *invocation, struct span body)
{
    runtime->post.own = false;
    send_post(runtime, invocation, "response", body);
}

/* --- errors ---------------------------------------------------------------------------------- */

/* (Runtime|Function)\.[A-Z][A-Za-z]+ : whatever else is recorded as Runtime.Unknown anyway. */
static bool type_is_known(const char *type)
{
    const char *name = strncmp(type, "Runtime.", 8) == 0    ? type + 8
                       : strncmp(type, "Function.", 9) == 0 ? type + 9
                                                            : "";
    const char *letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    return *name >= 'A' && *name <= 'Z' && name[1] && name[strspn(name, letters)] == '\0';
}

/* A copy that may stand in a header: one line, valid UTF-8, not long. */
static char *tidy_message(const char *message)
{
    struct span text = span_cut(span_of(message), MESSAGE_MAX);
    bool utf8 = json_is_utf8(text);
    char *tidy = mem_string(text);
    for (char *c = tidy; *c; c++) {
        unsigned char byte = (unsigned char)*c;
        if (byte < 0x20 || byte == 0x7f)
            *c = ' ';
        else if (byte >= 0x80 && !utf8)
            *c = '?';
    }
    return tidy;
}

static void put_member(struct buffer *out, const char *before, const char *text)
{
    buffer_text(out, before);
    json_put_string(out, span_of(text));
}

static void send_error(struct runtime *runtime, struct invocation *invocation, const char *what,
                       const char *type, const char *message)
{
    char *text = tidy_message(message);
    const char *known = type_is_known(type) ? type : "Runtime.Unknown";
    struct buffer body, cause;
    buffer_init(&body, ERROR_BODY_MAX);
    buffer_init(&cause, ERROR_BODY_MAX);
    put_member(&body, "{\"errorMessage\":", text);
    put_member(&body, ",\"errorType\":", known);
    buffer_text(&body, ",\"stackTrace\":[]}");
    put_member(&cause, "{\"working_directory\":\"/var/task\",\"exceptions\":[{\"type\":", known);
    put_member(&cause, ",\"message\":", text);
    buffer_text(&cause, ",\"stack\":[]}],\"paths\":[]}");
    buffer_add(&cause, (struct span){"", 1});
    add_header(&runtime->post, "Lambda-Runtime-Function-Error-Type", known);
    add_header(&runtime->post, "Lambda-Runtime-Function-XRay-Error-Cause", cause.data);
    send_post(runtime, invocation, what, buffer_span(&body));
    buffer_release(&body);
    buffer_release(&cause);
    mem_free(text);
}

void runtime_fail(struct runtime *runtime, struct invocation *invocation, const char *type,
                  const char *message)
{
    runtime->post.own = false;
    send_error(runtime, invocation, "error", type, message);
}

static void post_own_error(struct runtime *runtime, struct invocation *invocation, const char *type,
                           const char *message)
{
    log_line(runtime->log, LOG_ERROR, message, LOG_TEXT("requestId", invocation->request_id));
    runtime->post.own = true;
    send_error(runtime, invocation, "error", type, message);
}

void runtime_init_error(struct runtime *runtime, const char *type, const char *message)
{
    runtime->post.own = false;
    send_error(runtime, NULL, "init/error", type, message);
}

/* --- life ------------------------------------------------------------------------------------ */

static void open_poll(struct runtime *runtime)
{
    struct poll *poll = &runtime->poll;
    poll->easy = open_easy(poll->text);
    poll->backoff_ms = BACKOFF_FIRST_MS;
    buffer_init(&poll->body, CONFIG_PAYLOAD_MAX);
    char *url = mem_new(URL_MAX + sizeof "/invocation/next");
    snprintf(url, URL_MAX + sizeof "/invocation/next", "%s/invocation/next", runtime->base);
    curl_easy_setopt(poll->easy, CURLOPT_URL, url);
    mem_free(url);
    curl_easy_setopt(poll->easy, CURLOPT_WRITEFUNCTION, take_event);
    curl_easy_setopt(poll->easy, CURLOPT_WRITEDATA, poll);
    poll->transfer = (struct loop_transfer){
        .easy = poll->easy, .done = on_next, .arg = runtime, .cache = LOOP_OWN};
}

/* A connection of its own for each post: on one that was used before and turns out to be dead, curl
 * would send the request once more by itself. */
static void open_post(struct runtime *runtime)
{
    struct post *post = &runtime->post;
    post->easy = open_easy(post->text);
    curl_easy_setopt(post->easy, CURLOPT_FRESH_CONNECT, 1L);
    curl_easy_setopt(post->easy, CURLOPT_FORBID_REUSE, 1L);
    curl_easy_setopt(post->easy, CURLOPT_TIMEOUT_MS, POST_TIMEOUT_MS);
    curl_easy_setopt(post->easy, CURLOPT_WRITEFUNCTION, take_answer);
    curl_easy_setopt(post->easy, CURLOPT_WRITEDATA, post);
    post->transfer = (struct loop_transfer){
        .easy = post->easy, .done = on_posted, .arg = runtime, .cache = LOOP_OWN};
}

struct runtime *runtime_new(struct loop *loop, const struct config *config, const struct log *log,
                            const struct runtime_user *user, struct error *err)
{
    if (!config->runtime_api || !*config->runtime_api) {
        error_set(err, ERROR_INPUT,
                  "AWS_LAMBDA_RUNTIME_API is not set: this program is started by "
                  "Lambda, or by `moonmill replay`");
        return NULL;
    }
    char *base = base_of(config->runtime_api, err);
    if (!base)
        return NULL;
    struct runtime *runtime = mem_new(sizeof *runtime);
    runtime->loop = loop;
    runtime->log = log;
    runtime->user = *user;
    runtime->base = base;
    open_poll(runtime);
    open_post(runtime);
    return runtime;
}

void runtime_free(struct runtime *runtime)
{
    if (!runtime)
        return;
    loop_timer_stop(runtime->loop, &runtime->poll.again);
    loop_timer_stop(runtime->loop, &runtime->post.again);
    loop_transfer_cancel(runtime->loop, &runtime->poll.transfer);
    loop_transfer_cancel(runtime->loop, &runtime->post.transfer);
    close_post(&runtime->post);
    curl_easy_cleanup(runtime->poll.easy);
    curl_easy_cleanup(runtime->post.easy);
    buffer_release(&runtime->poll.body);
    mem_free(runtime->base);
    mem_free(runtime);
}
