#include "liar.h"

#include "lies.h"
#include "wire.h"
#include "worker.h"

#include <sched.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#define OUT_MAX     (16 * 1024 * 1024)
#define PIECES_MAX  4096 /* longer texts are not cut into pieces */
#define PATIENCE_MS 500  /* of one that may have said something without an end */

/* --- chance ----------------------------------------------------------------------------------- */

/* xorshift64*, Vigna 2016 */
uint64_t liar_choose(struct liar *liar, uint64_t count)
{
    liar->chance ^= liar->chance >> 12;
    liar->chance ^= liar->chance << 25;
    liar->chance ^= liar->chance >> 27;
    return (liar->chance * 0x2545f4914f6cdd1dull >> 16) % count;
}

/* --- the socket ------------------------------------------------------------------------------- */

void liar_send(const char *at, size_t len)
{
    while (len > 0) {
        ssize_t sent = send(WORKER_SOCKET, at, len, MSG_NOSIGNAL);
        if (sent <= 0)
            _exit(WORKER_EXIT_EOF);
        at += sent;
        len -= (size_t)sent;
    }
}

void liar_say(struct liar *liar)
{
    const char *at = liar->out.data;
    size_t left = liar->out.len, cut = liar_choose(liar, 3);
    while (left > 0) {
        size_t piece = cut == 0 || left > PIECES_MAX ? left : cut == 1 ? (left + 1) / 2 : 1;
        liar_send(at, piece);
        at += piece;
        left -= piece;
        sched_yield();
    }
    buffer_clear(&liar->out);
}

/* Reads what comes until a frame of that kind has; EOF, or none in time, is the end. */
static void hear(struct liar *liar, enum wire_kind kind)
{
    char bytes[65536];
    struct wire_frame frame;
    size_t used;
    for (;;) {
        while (wire_read(buffer_span(&liar->in), &frame, &used, NULL) == WIRE_WHOLE) {
            bool heard = frame.kind == kind;
            buffer_drop(&liar->in, used);
            if (heard)
                return;
        }
        ssize_t got = recv(WORKER_SOCKET, bytes, sizeof bytes, 0);
        if (got <= 0)
            _exit(WORKER_EXIT_EOF);
        buffer_add(&liar->in, (struct span){bytes, (size_t)got});
    }
}

/* --- right frames ----------------------------------------------------------------------------- */

#define FINE "{\"name\":\"liar\",\"timeout_ms\":null,\"entries\":[],\"findings\":[]}"

static const struct wire_described fine = {1, TEXT(FINE)};
static const struct wire_event toast = {TEXT("toast"), TEXT("{\"message\":\"x\"}")};
static const struct wire_outcome done = {
    .run = 1, .completed = true, .output = TEXT("{\"lie\":1}")};

void liar_put_right(struct liar *liar, enum wire_kind kind)
{
    struct buffer *out = &liar->out;
    static const struct wire_load load = {
        1, TEXT("{}"), TEXT("f"), TEXT("return 1"), TEXT("null"), 1, 1, 1, 1, 1, false};
    switch (kind) {
    case WIRE_LOAD:
        wire_put_load(out, &load);
        break;
    case WIRE_START:
        wire_put_start(out, &(struct wire_start){1, 1});
        break;
    case WIRE_REPLY:
        wire_put_reply(out, &(struct wire_reply){1, TEXT("{\"status\":200}"), TEXT(""), 0});
        break;
    case WIRE_READY:
        wire_put_ready(out, &(struct wire_ready){TEXT("none")});
        break;
    case WIRE_DESCRIBED:
        wire_put_described(out, &fine);
        break;
    case WIRE_EVENT:
        wire_put_event(out, &toast);
        break;
    case WIRE_PROGRESS:
        wire_put_progress(out, &(struct wire_progress){50, TEXT("half")});
        break;
    case WIRE_REQUEST:
        wire_put_request(
            out, &(struct wire_request){7, TEXT("{\"url\":\"http://127.0.0.1:9/\"}"), TEXT("")});
        break;
    case WIRE_ABANDON:
        wire_put_abandon(out, &(struct wire_abandon){7});
        break;
    case WIRE_FETCH:
        wire_put_fetch(out, &(struct wire_fetch){1, 8, TEXT("module"), TEXT("lib.none")});
        break;
    case WIRE_OUTCOME:
        wire_put_outcome(out, &done);
        break;
    }
}

/* --- frames as no writer writes them ---------------------------------------------------------- */

void liar_put_u32(struct liar *liar, size_t value)
{
    for (int i = 0; i < 4; i++)
        buffer_add(&liar->out, (struct span){(char[]){(char)(value >> (8 * i))}, 1});
}

void liar_put_byte(struct liar *liar, uint64_t value)
{
    buffer_add(&liar->out, (struct span){(char[]){(char)value}, 1});
}

void liar_put_field(struct liar *liar, struct span field)
{
    liar_put_u32(liar, field.len);
    buffer_add(&liar->out, field);
}

void liar_put_head(struct liar *liar, size_t length, uint64_t kind, uint64_t count)
{
    liar_put_u32(liar, length);
    liar_put_byte(liar, kind);
    liar_put_byte(liar, count);
}

/* --- the plans -------------------------------------------------------------------------------- */

uint64_t liar_plans(void)
{
    return lies_count * LIAR_STATES;
}

struct liar_plan liar_plan(uint64_t number)
{
    size_t lie = number % lies_count;
    enum liar_state state = (enum liar_state)(number / lies_count % LIAR_STATES);
    return (struct liar_plan){lies[lie].name, state, lies[lie].fates[state],
                              state == LIAR_LOADED ? lies[lie].fates[LIAR_RUNNING]
                                                   : lies[lie].fates[state]};
}

/* --- the worker ------------------------------------------------------------------------------- */

/* Waits for the first frame and leaves it where it is. True: the honest worker takes over. */
static bool peek_at_load(struct wire_load *load)
{
    static char bytes[1 << 20];
    struct wire_frame frame;
    size_t used;
    for (;;) {
        ssize_t got = recv(WORKER_SOCKET, bytes, sizeof bytes, MSG_PEEK);
        if (got <= 0)
            _exit(WORKER_EXIT_EOF);
        if (wire_read((struct span){bytes, (size_t)got}, &frame, &used, NULL) == WIRE_WHOLE)
            break;
        usleep(1000);
    }
    if (!wire_get_load(&frame, load, NULL))
        _exit(WORKER_EXIT_BROKEN);
    static const char own[] = "/" LIAR_FLOW ".lua";
    size_t len = sizeof own - 1;
    return load->name.len < len || memcmp(load->name.at + load->name.len - len, own, len) != 0;
}

/* The right thing to say or to wait for in a state. */
static void behave(struct liar *liar, enum liar_state state)
{
    static const enum wire_kind told[LIAR_STATES] = {WIRE_READY, WIRE_DESCRIBED, WIRE_READY,
                                                     WIRE_OUTCOME};
    if (state != LIAR_LOADED) {
        liar_put_right(liar, told[state]);
        return;
    }
    liar_say(liar);
    hear(liar, WIRE_START);
    liar_put_right(liar, WIRE_EVENT);
}

static void play(struct liar *liar, void (*tell)(struct liar *liar))
{
    for (int state = LIAR_STARTING; state < LIAR_STATES; state++) {
        if (state == (int)liar->plan.state)
            tell(liar);
        behave(liar, (enum liar_state)state);
    }
    liar_say(liar);
    if (liar->plan.fate == LIAR_ENDS)
        _exit(WORKER_EXIT_EOF); /* what it said may have no end */
    hear(liar, WIRE_LOAD);
    _exit(WORKER_EXIT_EOF);
}

void liar_main(int64_t memory_limit_bytes)
{
    struct wire_load load;
    struct liar liar;
    if (peek_at_load(&load))
        worker_main(memory_limit_bytes, NULL);
    char *payload = mem_string(load.payload);
    uint64_t number = strtoull(payload, NULL, 10);
    mem_free(payload);
    liar.plan = liar_plan(number);
    liar.chance = (number + 1) * 0x9e3779b97f4a7c15ull;
    buffer_init(&liar.in, OUT_MAX);
    buffer_init(&liar.out, OUT_MAX);
    if (liar.plan.fate == LIAR_ENDS)
        setsockopt(WORKER_SOCKET, SOL_SOCKET, SO_RCVTIMEO,
                   &(struct timeval){.tv_usec = PATIENCE_MS * 1000}, sizeof(struct timeval));
    hear(&liar, WIRE_LOAD);
    play(&liar, lies[number % lies_count].tell);
    _exit(WORKER_EXIT_EOF);
}
