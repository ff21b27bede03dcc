#include "lies.h"

#include "worker.h"

#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define DESCRIPTION_MAX (8 * 1024 * 1024)
#define EVENT_TOO_BIG   (1100 * 1024)

#define CHOOSE(liar, array) ((array)[liar_choose(liar, sizeof(array) / sizeof *(array))])

static const struct wire_outcome done = {
    .run = 1, .completed = true, .output = TEXT("{\"lie\":1}")};
static const struct wire_outcome failed = {.run = 1, .code = TEXT("lua"), .message = TEXT("m")};

static struct span fill(char *bytes, size_t len, char byte)
{
    memset(bytes, byte, len);
    return (struct span){bytes, len};
}

static void linger(void)
{
    for (;;)
        pause();
}

/* --- the lies --------------------------------------------------------------------------------- */

/* As run's table has it; the first frame of all is the pool's. */
static bool is_right(enum liar_state state, enum wire_kind kind)
{
    switch (kind) {
    case WIRE_READY:
        return state == LIAR_STARTING;
    case WIRE_DESCRIBED:
        return state == LIAR_LOADING;
    case WIRE_FETCH:
    case WIRE_OUTCOME:
        return state == LIAR_LOADING || state == LIAR_RUNNING;
    case WIRE_EVENT:
    case WIRE_PROGRESS:
    case WIRE_REQUEST:
    case WIRE_ABANDON:
        return state == LIAR_RUNNING;
    default:
        return false;
    }
}

static void out_of_turn(struct liar *liar)
{
    static const enum wire_kind kinds[] = {
#define X(kind, number, name) kind,
        WIRE_KINDS(X)
#undef X
    };
    enum liar_state state = liar->plan.state;
    bool may_be_late = state == LIAR_LOADED;
    enum wire_kind kind;
    do
        kind = CHOOSE(liar, kinds);
    while (is_right(state, kind) || (may_be_late && is_right(LIAR_RUNNING, kind)));
    liar_put_right(liar, kind);
}

static void length_too_large(struct liar *liar)
{
    static const size_t lengths[] = {WIRE_FRAME_MAX - 3, WIRE_FRAME_MAX, 0x7fffffff,
                                     0x80000000,         0xfffffffc,     0xffffffff};
    liar_put_head(liar, CHOOSE(liar, lengths), WIRE_OUTCOME, 1);
}

static void length_too_small(struct liar *liar)
{
    liar_put_head(liar, liar_choose(liar, 2), WIRE_OUTCOME, liar_choose(liar, 256));
}

static void kind_unknown(struct liar *liar)
{
    uint64_t kind = liar_choose(liar, 256);
    while (wire_kind_name((int)kind))
        kind = (kind + 1) % 256;
    liar_put_head(liar, 2, kind, 0);
}

static void too_many_fields(struct liar *liar)
{
    uint64_t count = WIRE_FIELDS_MAX + 1 + liar_choose(liar, 256 - WIRE_FIELDS_MAX - 1);
    liar_put_head(liar, 2 + 4 * count, WIRE_OUTCOME, count);
    for (uint64_t i = 0; i < count; i++)
        liar_put_u32(liar, 0);
}

static void wrong_count_of_fields(struct liar *liar)
{
    uint64_t count = liar_choose(liar, 12); /* an outcome has 12 */
    liar_put_head(liar, 2 + 4 * count, WIRE_OUTCOME, count);
    for (uint64_t i = 0; i < count; i++)
        liar_put_u32(liar, 0);
}

static void field_longer_than_its_frame(struct liar *liar)
{
    static const size_t lengths[] = {9, 0x7fffffff, 0xfffffffb, 0xffffffff};
    liar_put_head(liar, 2 + 4 + 8, WIRE_ABANDON, 1);
    liar_put_u32(liar, CHOOSE(liar, lengths));
    buffer_add(&liar->out, (struct span)TEXT("\1\0\0\0\0\0\0\0"));
}

static void frame_longer_than_its_fields(struct liar *liar)
{
    char bytes[64];
    size_t more = 1 + liar_choose(liar, sizeof bytes);
    liar_put_head(liar, 2 + 4 + 8 + more, WIRE_ABANDON, 1);
    liar_put_field(liar, (struct span)TEXT("\1\0\0\0\0\0\0\0"));
    buffer_add(&liar->out, fill(bytes, more, 0));
}

/* The frame in which the state's JSON comes, with other texts; a fault tells its own lie. */
static void put_texts(struct liar *liar, struct span json, struct span text)
{
    struct wire_outcome outcome = done;
    struct wire_outcome failure = failed;
    if (liar->plan.state == LIAR_LOADING) {
        wire_put_described(&liar->out, &(struct wire_described){1, json});
        return;
    }
    switch (liar_choose(liar, 3)) {
    case 0:
        wire_put_event(&liar->out, &(struct wire_event){text, json});
        break;
    case 1:
        outcome.output = json;
        outcome.message = text;
        wire_put_outcome(&liar->out, &outcome);
        break;
    default:
        failure.data = json;
        failure.message = text;
        wire_put_outcome(&liar->out, &failure);
        break;
    }
}

static void no_json(struct liar *liar)
{
    // clang-format off
    static const char *const texts[] = {
        "{ ", "{}{}", "{\"a\":}", "nope", "[1,]", "01", "\"\\ud800\"", "1},{\"event\":1", "{a:1}",
        "\"\t\"", "\"\\x41\"", "[\xff]", "NaN", "{\"a\" 1}", "1e", "\" ", "\xef\xbb\xbf{}", "  ",
    };
    // clang-format on
    put_texts(liar, span_of(CHOOSE(liar, texts)), (struct span)TEXT("t"));
}

static void json_too_deep(struct liar *liar)
{
    static char deep[1 << 20];
    size_t half = (size_t)1 << (12 + liar_choose(liar, 8));
    fill(deep, half, '[');
    fill(deep + half, half, ']');
    put_texts(liar, (struct span){deep, 2 * half}, (struct span)TEXT("t"));
}

static void no_utf8(struct liar *liar)
{
    static const char *const texts[] = {
        "\xff", "a\xc3", "\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x82"};
    struct span text = span_of(CHOOSE(liar, texts));
    struct wire_outcome failure = failed;
    struct span *const fields[] = {&failure.message, &failure.code, &failure.step, &failure.file,
                                   &failure.trace};
    *CHOOSE(liar, fields) = text;
    uint64_t which = liar->plan.state == LIAR_RUNNING ? liar_choose(liar, 4) : liar_choose(liar, 2);
    if (which == 0)
        wire_put_fetch(&liar->out, &(struct wire_fetch){1, 1, TEXT("module"), text});
    else if (which == 1)
        wire_put_outcome(&liar->out, &failure);
    else if (which == 2)
        wire_put_event(&liar->out, &(struct wire_event){text, TEXT("1")});
    else
        wire_put_progress(&liar->out, &(struct wire_progress){1, text});
}

static void number_out_of_range(struct liar *liar)
{
    static const int64_t percents[] = {101, -2, INT64_MAX, INT64_MIN};
    static const int64_t ids[] = {0, -1, INT64_MIN};
    struct wire_outcome failure = failed;
    uint64_t which = liar->plan.state == LIAR_RUNNING ? liar_choose(liar, 5) : liar_choose(liar, 2);
    if (which == 0) {
        wire_put_fetch(&liar->out,
                       &(struct wire_fetch){1, CHOOSE(liar, ids), TEXT("module"), TEXT("m")});
    } else if (which == 1) {
        failure.line = liar_choose(liar, 2) ? -1 : INT64_MAX;
        wire_put_outcome(&liar->out, &failure);
    } else if (which == 2) {
        wire_put_progress(&liar->out, &(struct wire_progress){CHOOSE(liar, percents), TEXT("")});
    } else if (which == 3) {
        wire_put_abandon(&liar->out, &(struct wire_abandon){CHOOSE(liar, ids)});
    } else {
        wire_put_request(&liar->out,
                         &(struct wire_request){CHOOSE(liar, ids), TEXT("{}"), TEXT("")});
    }
}

static void number_of_another_size(struct liar *liar)
{
    char bytes[32] = "";
    size_t len = liar_choose(liar, sizeof bytes);
    len += len == 8;
    liar_put_head(liar, 2 + 4 + 8 + 4 + len + 4 + 6 + 4 + 1, WIRE_FETCH, 4);
    liar_put_field(liar, (struct span)TEXT("\1\0\0\0\0\0\0\0"));
    liar_put_field(liar, (struct span){bytes, len});
    liar_put_field(liar, (struct span)TEXT("module"));
    liar_put_field(liar, (struct span)TEXT("m"));
}

static void put_request(struct liar *liar, int64_t id)
{
    wire_put_request(&liar->out, &(struct wire_request){
                                     id, TEXT("{\"url\":\"http://127.0.0.1:9/\"}"), TEXT("")});
}

/* In one piece, so that none is answered before the last has come. */
static void say_at_once(struct liar *liar)
{
    liar_send(liar->out.data, liar->out.len);
    buffer_clear(&liar->out);
}

static void request_twice(struct liar *liar)
{
    int64_t id = 1 + (int64_t)liar_choose(liar, INT64_MAX);
    put_request(liar, id);
    put_request(liar, id);
    say_at_once(liar);
}

static void too_many_requests(struct liar *liar)
{
    for (int64_t id = 1; id <= 17; id++)
        put_request(liar, id);
    say_at_once(liar);
}

static void senseless_request(struct liar *liar)
{
    // clang-format off
    static const char *const heads[] = {
        "{}", "[]", "nope", "{\"url\":7}", "\xff\xfe", "{\"url\":\"file:///etc/passwd\"}",
        "{\"url\":\"http://a\\r\\nb/\"}",
    };
    // clang-format on
    struct wire_request request = {1, span_of(CHOOSE(liar, heads)), TEXT("body")};
    wire_put_request(&liar->out, &request);
}

static void abandons_what_it_never_asked(struct liar *liar)
{
    for (uint64_t i = liar_choose(liar, 100); i < 100; i++)
        wire_put_abandon(&liar->out,
                         &(struct wire_abandon){1 + (int64_t)liar_choose(liar, INT64_MAX)});
}

static void fetches_what_is_neither(struct liar *liar)
{
    static const char *const whats[] = {"secret", "Module", "flow ", "modules", "x"};
    wire_put_fetch(&liar->out, &(struct wire_fetch){1, 1, span_of(CHOOSE(liar, whats)), TEXT("m")});
}

static void fetches_from_elsewhere(struct liar *liar)
{
    static const char *const names[] = {
        "../../etc/passwd", "/etc/passwd", "lib/../..", ".", "..", "a..b", "x\\y",
        "\xe2\x80\xae",     "liar.lua"};
    const char *what = liar_choose(liar, 2) ? "module" : "flow";
    struct wire_fetch fetch = {1, 1, span_of(what), span_of(CHOOSE(liar, names))};
    wire_put_fetch(&liar->out, &fetch);
}

static void described_twice(struct liar *liar)
{
    liar_put_right(liar, WIRE_DESCRIBED);
    liar_put_right(liar, WIRE_DESCRIBED);
}

static void outcome_twice(struct liar *liar)
{
    for (int i = 0; i < 2; i++)
        wire_put_outcome(&liar->out, liar_choose(liar, 2) ? &failed : &done);
}

static void completed(struct liar *liar)
{
    liar_put_right(liar, WIRE_OUTCOME);
}

static void failed_without_a_code(struct liar *liar)
{
    struct wire_outcome failure = failed;
    failure.code.len = 0;
    wire_put_outcome(&liar->out, &failure);
}

static void flood_of_progress(struct liar *liar)
{
    for (int i = 0; i < 20000; i++)
        wire_put_progress(&liar->out,
                          &(struct wire_progress){(int64_t)liar_choose(liar, 101), TEXT("step")});
}

static void flood_of_events(struct liar *liar)
{
    static char text[8192] = "[\"";
    for (int i = 0; i < 400; i++) {
        size_t len = 4 + liar_choose(liar, sizeof text - 4);
        fill(text + 2, len - 4, 'x');
        memcpy(text + len - 2, "\"]", 2);
        wire_put_event(&liar->out, &(struct wire_event){TEXT("flood"), {text, len}});
    }
}

static void event_over_the_limit(struct liar *liar)
{
    char *text = mem_new(EVENT_TOO_BIG);
    memset(text, 'x', EVENT_TOO_BIG);
    text[0] = text[EVENT_TOO_BIG - 1] = '"';
    wire_put_event(&liar->out, &(struct wire_event){TEXT("big"), {text, EVENT_TOO_BIG}});
    mem_free(text);
}

/* An outcome of extremes, all of them right. */
static void wild_outcome(struct liar *liar)
{
    static char euros[4095];
    static const char *const texts[] = {"\"},{\"event_type\":\"x\"", "\n\r\t\1\x7f", "\\", "%s%n",
                                        "<script>"};
    struct wire_outcome outcome = {.run = 1,
                                   .code = span_of(CHOOSE(liar, texts)),
                                   .message = span_of(CHOOSE(liar, texts)),
                                   .trace = TEXT("\n\n\n"),
                                   .line = INT32_MAX,
                                   .attempt = INT32_MAX};
    for (size_t i = 0; i + 3 <= sizeof euros; i += 3)
        memcpy(euros + i, "\xe2\x82\xac", 3);
    struct span *const fields[] = {&outcome.message, &outcome.step, &outcome.file, &outcome.trace};
    *CHOOSE(liar, fields) = (struct span){euros, sizeof euros};
    *CHOOSE(liar, fields) = (struct span)TEXT("a\0b");
    wire_put_outcome(&liar->out, &outcome);
}

/* A step's name that is cut at another place than between two characters, then the end. */
static void long_step_then_the_end(struct liar *liar)
{
    char step[4095];
    for (size_t i = 0; i + 3 <= sizeof step; i += 3)
        memcpy(step + i, "\xe2\x82\xac", 3);
    size_t len = 3 * (300 + liar_choose(liar, 1000));
    wire_put_progress(&liar->out, &(struct wire_progress){1, {step, len}});
    wire_put_progress(&liar->out, &(struct wire_progress){1, TEXT("")});
    liar_say(liar);
    _exit(9);
}

static void put_described(struct liar *liar, const char *before, size_t filling, const char *after)
{
    struct buffer text;
    buffer_init(&text, DESCRIPTION_MAX);
    buffer_text(&text, before);
    for (size_t i = 0; i < filling; i++)
        buffer_text(&text, "\xe2\x82\xac");
    buffer_text(&text, after);
    wire_put_described(&liar->out, &(struct wire_described){1, buffer_span(&text)});
    buffer_release(&text);
}

static void wild_finding(struct liar *liar)
{
    static const size_t sizes[] = {0, 1, 1000, 100000, 700000, 2000000};
    static const char *const befores[] = {
        "{\"findings\":[{\"severity\":\"error\",\"line\":1e300,\"code\":\"\\\"},{\",\"message\":\"",
        "{\"findings\":[{\"severity\":\"error\",\"line\":-5,\"message\":\"m\",\"code\":\"",
        "{\"findings\":[{\"severity\":\"error\",\"line\":[],\"message\":7,\"file\":\"",
    };
    put_described(liar, CHOOSE(liar, befores), CHOOSE(liar, sizes), "\"}]}");
}

/* All of them are descriptions of a flow that may start. */
static void wild_description(struct liar *liar)
{
    static const char *const texts[] = {
        "[]",
        "7.5",
        "\"findings\"",
        "{\"findings\":{\"severity\":\"error\"},\"findings\":7}",
        "{\"findings\":[null,7,\"error\",[\"severity\"]]}",
        "{\"timeout_ms\":-1}",
        "{\"timeout_ms\":1e308}",
        "{\"timeout_ms\":\"soon\"}",
        "{\"timeout_ms\":0.5,\"findings\":[{\"severity\":\"ERROR\"}]}",
    };
    static const size_t sizes[] = {0, 100000, 2700000};
    if (liar_choose(liar, 3) == 0)
        put_described(liar, "{\"name\":\"", CHOOSE(liar, sizes), "\"}");
    else
        put_described(liar, CHOOSE(liar, texts), 0, "");
}

static void bits_flipped(struct liar *liar)
{
    static const enum wire_kind kinds[] = {WIRE_DESCRIBED, WIRE_EVENT,   WIRE_PROGRESS,
                                           WIRE_REQUEST,   WIRE_FETCH,   WIRE_ABANDON,
                                           WIRE_READY,     WIRE_OUTCOME, WIRE_OUTCOME};
    for (uint64_t i = liar_choose(liar, 4); i < 4; i++)
        liar_put_right(liar, CHOOSE(liar, kinds));
    for (uint64_t i = liar_choose(liar, 8); i < 8; i++)
        liar->out.data[liar_choose(liar, liar->out.len)] ^= (char)(1 << liar_choose(liar, 8));
}

static void any_bytes(struct liar *liar)
{
    for (uint64_t i = liar_choose(liar, 2000); i < 2000; i++)
        liar_put_byte(liar, liar_choose(liar, 256));
}

/* Every field of a right head, and right sizes, with bytes of chance in the fields. */
static void any_fields(struct liar *liar)
{
    char bytes[300];
    uint64_t count = liar_choose(liar, WIRE_FIELDS_MAX + 1);
    size_t start = liar->out.len;
    liar_put_head(liar, 0, WIRE_READY + liar_choose(liar, 8), count);
    for (uint64_t i = 0; i < count; i++) {
        size_t len = liar_choose(liar, 2) ? 8 : liar_choose(liar, sizeof bytes);
        for (size_t k = 0; k < len; k++)
            bytes[k] = liar_choose(liar, 3) ? 0 : (char)liar_choose(liar, 256);
        liar_put_field(liar, (struct span){bytes, len});
    }
    size_t size = liar->out.len - start - 4;
    for (int i = 0; i < 4; i++)
        liar->out.data[start + (size_t)i] = (char)(size >> (8 * i));
}

static void cut_frame(struct liar *liar)
{
    size_t before = liar->out.len;
    static const enum wire_kind kinds[LIAR_STATES] = {WIRE_READY, WIRE_DESCRIBED, WIRE_OUTCOME,
                                                      WIRE_OUTCOME};
    liar_put_right(liar, kinds[liar->plan.state]);
    size_t whole = liar->out.len - before;
    /* a kind that is out of turn is told by its whole frame */
    liar->out.len = before + 1 + liar_choose(liar, whole - 1);
    liar_say(liar);
}

static void cut_frame_then_the_end(struct liar *liar)
{
    cut_frame(liar);
    switch (liar_choose(liar, 3)) {
    case 0:
        _exit((int)liar_choose(liar, 5));
    case 1:
        shutdown(WORKER_SOCKET, SHUT_WR);
        break;
    default:
        close(WORKER_SOCKET);
    }
    linger();
}

static void cut_frame_then_silence(struct liar *liar)
{
    cut_frame(liar);
    linger();
}

static void silence(struct liar *liar)
{
    liar_say(liar);
    if (liar_choose(liar, 2))
        raise(SIGSTOP);
    linger();
}

static void dies(struct liar *liar)
{
    static const int signals[] = {SIGABRT, SIGSEGV, SIGKILL, SIGBUS, SIGSYS, SIGTERM, SIGILL};
    int chosen = CHOOSE(liar, signals);
    liar_say(liar);
    setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
    if (liar_choose(liar, 3) == 0)
        _exit((int)liar_choose(liar, 256));
    signal(chosen, SIG_DFL); /* a sanitizer would have its say */
    raise(chosen);
    _exit(1);
}

/* The supervisor looks at the page for signs of life. */
static void truncates_its_page(struct liar *liar)
{
    (void)liar;
    int cut = ftruncate(WORKER_PAGE, 0);
    (void)cut;
}

static void passes_descriptors(struct liar *liar)
{
    union {
        struct cmsghdr head;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control = {0};
    liar_say(liar);
    liar_put_right(liar, liar->plan.state == LIAR_LOADED ? WIRE_DESCRIBED : WIRE_PROGRESS);
    struct iovec part = {liar->out.data, liar->out.len};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = control.bytes,
                             .msg_controllen = sizeof control.bytes};
    control.head = (struct cmsghdr){
        .cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
    memcpy(CMSG_DATA(&control.head), &(int){WORKER_SOCKET}, sizeof(int));
    sendmsg(WORKER_SOCKET, &message, MSG_NOSIGNAL);
    buffer_clear(&liar->out);
}

static void urgent_bytes(struct liar *liar)
{
    liar_say(liar);
    for (uint64_t i = liar_choose(liar, 5); i < 5; i++)
        send(WORKER_SOCKET, "!", 1, MSG_NOSIGNAL | MSG_OOB);
}

static void hears_no_more(struct liar *liar)
{
    (void)liar;
    shutdown(WORKER_SOCKET, SHUT_RD);
}

/* --- what must come of them ------------------------------------------------------------------- */

#define B LIAR_BREAKS
#define D LIAR_DIES
#define T LIAR_TIMES_OUT
#define G LIAR_GOES_ON
#define E LIAR_ENDS

// clang-format off
/* starting, loading, loaded, running */
const struct lie lies[] = {
#define LIE(name, ...) {name, #name, {__VA_ARGS__}}
    LIE(out_of_turn, B, B, B, B),
    LIE(length_too_large, B, B, B, B),
    LIE(length_too_small, B, B, B, B),
    LIE(kind_unknown, B, B, B, B),
    LIE(too_many_fields, B, B, B, B),
    LIE(wrong_count_of_fields, B, B, B, B),
    LIE(field_longer_than_its_frame, B, B, B, B),
    LIE(frame_longer_than_its_fields, B, B, B, B),
    LIE(no_json, B, B, B, B),
    LIE(json_too_deep, B, B, B, B),
    LIE(no_utf8, B, B, B, B),
    LIE(number_out_of_range, B, B, B, B),
    LIE(number_of_another_size, B, B, B, B),
    LIE(request_twice, B, B, B, B),
    LIE(too_many_requests, B, B, B, B),
    LIE(senseless_request, B, B, B, G),
    LIE(abandons_what_it_never_asked, B, B, B, G),
    LIE(fetches_what_is_neither, B, B, B, B),
    LIE(fetches_from_elsewhere, B, G, B, G),
    LIE(described_twice, B, B, B, B),
    LIE(outcome_twice, B, E, B, E),
    LIE(completed, B, B, B, G),
    LIE(failed_without_a_code, B, B, B, B),
    LIE(flood_of_progress, B, B, B, G),
    LIE(flood_of_events, B, B, B, G),
    LIE(event_over_the_limit, B, B, B, B),
    LIE(wild_outcome, B, E, B, E),
    LIE(long_step_then_the_end, B, B, B, D),
    LIE(wild_finding, B, E, B, B),
    LIE(wild_description, B, E, B, B),
    LIE(bits_flipped, E, E, E, E),
    LIE(any_bytes, E, E, E, E),
    LIE(any_fields, E, E, E, E),
    LIE(cut_frame_then_the_end, D, D, D, D),
    LIE(cut_frame_then_silence, T, T, T, T),
    LIE(silence, T, T, T, T),
    LIE(dies, D, D, D, D),
    LIE(truncates_its_page, G, G, G, G),
    LIE(passes_descriptors, B, B, B, G),
    LIE(urgent_bytes, E, E, E, E),
    LIE(hears_no_more, E, E, E, E),
#undef LIE
};
// clang-format on

const size_t lies_count = sizeof lies / sizeof *lies;
