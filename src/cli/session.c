#include "session.h"

#include "guest.h"
#include "json.h"
#include "trial.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define SOURCE_MAX      (1024 * 1024)
#define CONTEXT_MAX     (64 * 1024)
#define RUN_MS          (24 * 3600 * 1000) /* a file's; each test has its own limit */
#define SILENCE_MS      10000              /* beyond what the hooks and the test may take */
#define LIMITS_A_TEST   4         /* before_all, the test, what stands behind it, after_all */
#define INSTRUCTION_MAX INT64_MAX /* time is what bounds a spec */

struct session {
    struct loop *loop;
    const struct session_options *options;
    struct tally *tally;
    struct guest *guest;
    struct trial *trial;
    bool interrupted;

    const char *path; /* of the spec file */
    bool shown;       /* its name was */
    int64_t planned, ended;
    bool begun;             /* a test began and did not end yet: */
    struct tally_test test; /* this one */
    int64_t number;         /* its place in the file, or that of the last one */
    int64_t started_ms;
    bool asked; /* the spec waits for an answer */
    int64_t asked_id;
    struct buffer head, body;
};

/* --- tests ------------------------------------------------------------------------------------ */

static void put_test(struct session *session, struct tally_test *test)
{
    if (!session->shown)
        tally_file(session->tally, session->path);
    session->shown = true;
    tally_add(session->tally, test);
}

static char *text_of(const cJSON *object, const char *name)
{
    const char *text = json_member_text(object, name);
    return mem_copy(text ? text : "");
}

static int64_t number_of(const cJSON *object, const char *name)
{
    const cJSON *number = json_member(object, name);
    return cJSON_IsNumber(number) ? (int64_t)number->valuedouble : 0;
}

static void read_test(struct session *session, const cJSON *event, struct tally_test *test)
{
    const cJSON *path = json_member(event, "path"), *block;
    const char *status = json_member_text(event, "status");
    *test = (struct tally_test){.spec = mem_copy(session->path),
                                .name = text_of(event, "name"),
                                .status = TALLY_FAILED,
                                .ms = number_of(event, "ms"),
                                .file = text_of(event, "file"),
                                .line = number_of(event, "line"),
                                .message = text_of(event, "message")};
    if (status && strcmp(status, "passed") == 0)
        test->status = TALLY_PASSED;
    else if (status && strcmp(status, "pending") == 0)
        test->status = TALLY_PENDING;
    test->blocks = mem_array((size_t)cJSON_GetArraySize(path) + 1, sizeof *test->blocks);
    cJSON_ArrayForEach(block, path) test->blocks[test->depth++] =
        mem_copy(cJSON_IsString(block) ? block->valuestring : "");
}

/* What is wrong with the file, or with the test that ran, as a failed test. */
static void fail(struct session *session, const char *name, const char *file, int64_t line,
                 const char *message)
{
    struct tally_test test = session->test;
    session->test = (struct tally_test){0};
    if (!session->begun)
        test = (struct tally_test){.spec = mem_copy(session->path), .name = mem_copy(name)};
    else
        test.ms = loop_mono_ms(session->loop) - session->started_ms;
    mem_free(test.file);
    mem_free(test.message);
    test.status = TALLY_FAILED;
    test.file = mem_copy(file && *file ? file : session->path);
    test.line = file && *file ? line : test.line;
    test.message = mem_copy(message);
    session->begun = false;
    put_test(session, &test);
}

/* --- what the spec says ----------------------------------------------------------------------- */

static int64_t silence_ms(const struct session *session)
{
    return LIMITS_A_TEST * session->options->limit_ms + SILENCE_MS;
}

static void on_begin(struct session *session, const cJSON *event)
{
    tally_test_release(&session->test);
    read_test(session, event, &session->test);
    session->begun = true;
    session->number = number_of(event, "n");
    session->started_ms = loop_mono_ms(session->loop);
}

static void on_end(struct session *session, const cJSON *event)
{
    struct tally_test test;
    read_test(session, event, &test);
    put_test(session, &test);
    session->begun = false;
    session->ended++;
}

static void on_event(void *arg, const struct wire_event *event)
{
    struct session *session = arg;
    cJSON *payload = json_parse(event->payload, NULL);
    guest_extend(session->guest, silence_ms(session));
    if (span_is(event->type, "plan"))
        session->planned = number_of(payload, "tests");
    else if (span_is(event->type, "begin"))
        on_begin(session, payload);
    else if (span_is(event->type, "end"))
        on_end(session, payload);
    else if (span_is(event->type, "log") && json_member_text(payload, "message"))
        tally_print(session->tally, span_of(json_member_text(payload, "message")));
    cJSON_Delete(payload);
}

static void on_request(void *arg, const struct wire_request *request)
{
    struct session *session = arg;
    session->asked = true;
    session->asked_id = request->id;
    buffer_clear(&session->head);
    buffer_clear(&session->body);
    buffer_add(&session->head, request->head);
    buffer_add(&session->body, request->body);
    guest_pause(session->guest);
}

/* --- one worker's part of a file -------------------------------------------------------------- */

static bool is_interrupted(const struct session *session, struct error *err)
{
    return session->interrupted && (error_set(err, ERROR_UNAVAILABLE, "interrupted"), true);
}

/* Answers what the spec asks for until it has ended, in order or not. */
static enum guest_turn converse(struct session *session, struct wire_outcome *outcome,
                                struct error *err)
{
    struct guest_user user = {session, on_event, NULL, on_request, NULL};
    enum guest_turn turn =
        guest_start(session->guest, &user, RUN_MS, silence_ms(session), outcome, err);
    while (turn == GUEST_PAUSED) {
        struct trial_message answer;
        struct trial_message message = {buffer_span(&session->head), buffer_span(&session->body)};
        if (!session->asked || !trial_ask(session->trial, &message, &answer, err))
            return GUEST_BROKEN;
        session->asked = false;
        struct wire_reply reply = {
            .id = session->asked_id, .head = answer.head, .body = answer.body};
        guest_reply(session->guest, &reply);
        turn = guest_go_on(session->guest, silence_ms(session), outcome, err);
    }
    return turn;
}

/* A run of the worker that did not end as it should; the test that ran is to blame. */
static void tell_turn(struct session *session, enum guest_turn turn,
                      const struct wire_outcome *outcome, const struct error *why)
{
    const char *name = "(the file)";
    if (turn == GUEST_LATE) {
        fail(session, name, NULL, 0, "the spec's worker hung and was killed");
    } else if (turn == GUEST_BROKEN) {
        fail(session, name, NULL, 0, why->text);
    } else if (!outcome->completed) {
        char *message = mem_string(outcome->message), *file = mem_string(outcome->file);
        fail(session, name, file, outcome->line, message);
        mem_free(message);
        mem_free(file);
    } else if (session->ended < session->planned) {
        fail(session, name, NULL, 0, "not all of its tests were run");
    }
}

/* The errors among the findings, as one failed test; false when there are none. */
static bool tell_findings(struct session *session, struct span described, struct error *err)
{
    cJSON *tree = json_parse(described, NULL);
    const cJSON *finding;
    bool found = false;
    cJSON_ArrayForEach(finding, json_member(tree, "findings"))
    {
        const char *severity = json_member_text(finding, "severity");
        const char *code = json_member_text(finding, "code");
        const char *message = json_member_text(finding, "message");
        const char *hint = json_member_text(finding, "hint");
        if (!severity || strcmp(severity, "error") != 0)
            continue;
        found = true;
        if (code && strcmp(code, "filter.invalid") == 0) {
            error_set(err, ERROR_INPUT, "--filter '%s': %s", session->options->filter,
                      message ? message : "no Lua pattern");
            break;
        }
        struct buffer text;
        buffer_init(&text, CONTEXT_MAX);
        buffer_format(&text, "%s%s%s", message ? message : "it does not load",
                      hint && *hint ? "\n  " : "", hint ? hint : "");
        char *whole = mem_string(buffer_span(&text));
        fail(session, "(the file)", session->path, number_of(finding, "line"), whole);
        mem_free(whole);
        buffer_release(&text);
    }
    cJSON_Delete(tree);
    return found;
}

static bool load(struct session *session, struct span source, struct span *described,
                 struct error *err)
{
    struct buffer context;
    buffer_init(&context, CONTEXT_MAX);
    buffer_format(&context,
                  "{\"role\":\"spec\",\"run\":{\"id\":\"spec\",\"app\":\"test\",\"flow\":\"\","
                  "\"version\":\"\",\"user\":\"test\"},\"entry\":\"start\",\"stream_state\":false,"
                  "\"first\":%lld,\"limit_ms\":%lld",
                  (long long)session->number + 1, (long long)session->options->limit_ms);
    if (session->options->filter) {
        buffer_text(&context, ",\"filter\":");
        json_put_string(&context, span_of(session->options->filter));
    }
    buffer_text(&context, ",\"flows_dir\":");
    if (!json_is_utf8(span_of(session->options->flows_dir)) ||
        !json_put_string(&context, span_of(session->options->flows_dir)))
        buffer_text(&context, "\"flows\"");
    buffer_text(&context, "}");
    struct guest_load order = {.name = span_of(session->path),
                               .source = source,
                               .context = buffer_span(&context),
                               .instruction_limit = INSTRUCTION_MAX};
    bool loaded = guest_load(session->guest, &order, described, err);
    buffer_release(&context);
    return loaded;
}

/* Loads the file and runs its tests from the next one on. True: there may be more to run, because
 * the worker ended with a test. */
static bool run_part(struct session *session, struct span source, struct error *err)
{
    struct span described;
    struct wire_outcome outcome = {0};
    struct error why = {0};
    session->planned = session->ended = 0;
    if (!load(session, source, &described, &why)) {
        if (!is_interrupted(session, err))
            fail(session, "(the file)", NULL, 0, why.text);
        return false;
    }
    if (tell_findings(session, described, err))
        return false;
    int64_t before = session->number;
    enum guest_turn turn = converse(session, &outcome, &why);
    bool in_order = turn == GUEST_ENDED && outcome.completed;
    trial_stop(session->trial);
    if (is_interrupted(session, err))
        return false;
    tell_turn(session, turn, &outcome, &why);
    if (!in_order)
        guest_stop(session->guest);
    return !in_order && session->number > before;
}

/* --- a file ----------------------------------------------------------------------------------- */

static bool read_file(const char *path, struct buffer *source, struct error *err)
{
    char bytes[16 * 1024];
    FILE *file = fopen(path, "r");
    if (!file)
        return error_set(err, ERROR_MISSING, "%s: %s", path, strerror(errno));
    bool fits = true;
    for (size_t got; fits && (got = fread(bytes, 1, sizeof bytes, file)) > 0;)
        fits = buffer_add(source, (struct span){bytes, got});
    bool broken = ferror(file) != 0;
    int reason = errno;
    fclose(file);
    if (broken)
        return error_set(err, ERROR_MISSING, "%s: %s", path, strerror(reason));
    return fits || error_set(err, ERROR_MISSING, "%s: over %d bytes", path, SOURCE_MAX);
}

bool session_run(struct session *session, const char *path, struct error *err)
{
    struct buffer source;
    struct error why = {0};
    buffer_init(&source, SOURCE_MAX);
    session->path = path;
    session->shown = false;
    session->number = 0;
    bool good = read_file(path, &source, &why);
    while (good && run_part(session, buffer_span(&source), &why))
        ;
    buffer_release(&source);
    return why.kind == ERROR_NONE || error_set(err, why.kind, "%s", why.text);
}

void session_interrupt(struct session *session)
{
    session->interrupted = true;
    guest_interrupt(session->guest);
    trial_interrupt(session->trial);
}

/* --- life ------------------------------------------------------------------------------------- */

struct session *session_open(struct loop *loop, const struct session_options *options,
                             struct tally *tally, struct error *err)
{
    struct session *session = mem_new(sizeof *session);
    session->loop = loop;
    session->options = options;
    session->tally = tally;
    buffer_init(&session->head, WIRE_FRAME_MAX);
    buffer_init(&session->body, WIRE_FRAME_MAX);
    if ((session->guest = guest_open_on(loop, options->flows_dir, err)) &&
        (session->trial = trial_open(loop, options->flows_dir, err)))
        return session;
    session_close(session);
    return NULL;
}

void session_close(struct session *session)
{
    if (!session)
        return;
    tally_test_release(&session->test);
    trial_close(session->trial);
    guest_close(session->guest);
    buffer_release(&session->head);
    buffer_release(&session->body);
    mem_free(session);
}
