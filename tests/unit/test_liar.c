/* run, pool and all behind them against workers that lie: see liar.h. Each lie runs beside an
 * honest worker's run, which must not notice. `test_liar NUMBER` tells one lie alone. */
#include "house.h"
#include "json.h"
#include "liar.h"
#include "loops.h"
#include "worker.h"

// clang-format off
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
// clang-format on
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAIRS    20 /* lies in one batch, and as many honest runs */
#define LIMIT_MS 60000

static const char honest[] = "return flow \"honest\" { task \"add\" (function(s, ctx)\n"
                             "  ctx.emit(\"toast\", { message = \"here\" })\n"
                             "  return { sum = s.input.a + 1 } end) }\n";

static struct house house;

/* --- a house of liars ------------------------------------------------------------------------- */

/* A lie that is for the time before the start has that time. */
static struct server_answer start_slowly(struct house *from, enum house_push_kind kind,
                                         const char *run, unsigned nth)
{
    (void)from;
    (void)nth;
    if (kind != HOUSE_RUNNING || strncmp(run, "liar-", 5) != 0 ||
        liar_plan(strtoull(run + 5, NULL, 10)).state != LIAR_LOADED)
        return (struct server_answer){0};
    return (struct server_answer){
        .status = 200, .body = "{\"accepted\":true,\"status\":\"Running\"}", .delay_ms = 300};
}

static void open_house(const char *timeout)
{
    char self[512] = "";
    house_start(&house, (const char *[]){"EXECUTOR_CONCURRENCY=40", "EXECUTOR_BUFFER_LIMIT_KB=512",
                                         "EXECUTOR_DEADLINE_MARGIN_MS=12000", timeout, NULL});
    house.script = start_slowly;
    house_flow(&house, "honest", honest);
    house_flow(&house, LIAR_FLOW, honest);
    pool_free(house.stages.pool);
    assert_true(readlink("/proc/self/exe", self, sizeof self - 1) > 0);
    house.stages.pool = pool_new(house.stages.loop, &house.config, &house.log, self);
}

static int count_entries(const char *folder)
{
    DIR *open = opendir(folder);
    int count = 0;
    assert_non_null(open);
    while (readdir(open))
        count++;
    closedir(open);
    return count;
}

static int count_files(void)
{
    return count_entries("/proc/self/fd");
}

static void assert_no_children(void)
{
    errno = 0;
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    assert_int_equal(errno, ECHILD);
}

/* --- what must come of a lie ------------------------------------------------------------------ */

struct story {
    bool completed;
    char *events;
};

static bool has_code(const struct story *story, const char *code)
{
    char text[64];
    snprintf(text, sizeof text, "\"code\":\"%s", code);
    return !story->completed && strstr(story->events, text);
}

static bool fits(const struct story *story, const struct liar_plan *plan, enum liar_fate fate)
{
    switch (fate) {
    case LIAR_BREAKS:
        /* before its first frame nobody knows what it would be */
        return has_code(story,
                        plan->state == LIAR_STARTING ? "interrupted\"" : "worker.protocol\"");
    case LIAR_DIES:
        /* one that closed its socket and lives is ended for that */
        return has_code(story, "worker.crashed\"") || has_code(story, "interrupted\"") ||
               has_code(story, "worker.protocol\"");
    case LIAR_TIMES_OUT:
        /* its own time was up, or, where it could start late only, the invocation's */
        return has_code(story, "timeout\"") || has_code(story, "interrupted\"");
    case LIAR_GOES_ON:
        return story->completed && strstr(story->events, "output {\"lie\":1}\n");
    default:
        return story->completed || has_code(story, "");
    }
}

static void assert_lie_ended(uint64_t number, const char *run)
{
    struct liar_plan plan = liar_plan(number);
    const char *terminal = house_last(&house, run, HOUSE_TERMINAL);
    if (!terminal || house_count(&house, run, HOUSE_TERMINAL) != 1)
        fail_msg("lie %d (%s, %d): not one terminal status", (int)number, plan.lie, plan.state);
    struct story story = {strstr(terminal, "\"completed\"") != NULL, house_events(&house, run)};
    static const char started[] = "log {\"message\":\"Execution started\"}\n";
    bool late = strncmp(story.events, started, sizeof started - 1) == 0; /* nothing before it */
    if (!fits(&story, &plan, late ? plan.late : plan.fate))
        fail_msg("lie %d (%s, %d): %.300s after\n%.600s", (int)number, plan.lie, plan.state,
                 terminal, story.events);
    mem_free(story.events);
}

static void assert_honest_completed(const char *run)
{
    char wanted[64];
    snprintf(wanted, sizeof wanted, "output {\"sum\":%d}\n", atoi(run + 5) + 1);
    house_assert_terminal(&house, run, "\"completed\"");
    house_assert_events(&house, run,
                        (const char *[]){"toast {\"message\":\"here\"}\n", wanted, NULL});
    assert_int_equal(house_count(&house, run, HOUSE_TERMINAL), 1);
}

/* Whatever a worker says, what leaves for the API is JSON. */
static void assert_bodies_are_json(void)
{
    for (size_t i = 0; i < house.push_count; i++) {
        struct error err = {0};
        if (!json_check(span_of(house.pushes[i].body), &err))
            fail_msg("%s: %s in %.2000s", house.pushes[i].run, err.text, house.pushes[i].body);
    }
}

/* --- batches ---------------------------------------------------------------------------------- */

struct pair {
    uint64_t number;
    char liar[32], good[32], number_text[32], input[32];
};

/* An app of its own for each, so that no worker has told two lies; and the last try of each, so
 * that all are told of to the API. */
static void describe(struct pair *pair, uint64_t number, struct jobs_record jobs[2])
{
    pair->number = number;
    snprintf(pair->liar, sizeof pair->liar, "liar-%d", (int)number);
    snprintf(pair->good, sizeof pair->good, "good-%d", (int)number);
    snprintf(pair->number_text, sizeof pair->number_text, "%d", (int)number);
    snprintf(pair->input, sizeof pair->input, "{\"a\":%d}", (int)number);
    jobs[0] = (struct jobs_record){.run = pair->liar,
                                   .flow = LIAR_FLOW,
                                   .app = pair->liar,
                                   .payload = pair->number_text,
                                   .receive_count = 3};
    jobs[1] = (struct jobs_record){.run = pair->good, .flow = "honest", .payload = pair->input};
}

static void run_lies(const uint64_t *numbers, size_t count, int64_t deadline_ms)
{
    struct pair pairs[PAIRS];
    struct jobs_record jobs[2 * PAIRS] = {{0}};
    for (size_t i = 0; i < count; i++)
        describe(&pairs[i], numbers[i], &jobs[2 * i]);
    char *event = house_event(&house, jobs, 2 * count);
    const char *answer = house_run(&house, event, deadline_ms, LIMIT_MS);
    if (strcmp(answer, "{\"batchItemFailures\":[]}") != 0)
        fail_msg("from lie %d on: %s", (int)numbers[0], answer);
    mem_free(event);
    for (size_t i = 0; i < count; i++) {
        assert_lie_ended(numbers[i], pairs[i].liar);
        assert_honest_completed(pairs[i].good);
    }
}

/* Those numbers below count whose plan is to time out, or is not. */
static void run_all(uint64_t from, uint64_t count, bool silent, int64_t deadline_ms)
{
    uint64_t numbers[PAIRS];
    size_t held = 0;
    for (uint64_t i = from; i < from + count; i++) {
        if ((liar_plan(i).fate == LIAR_TIMES_OUT) == silent)
            numbers[held++] = i;
        if (held == PAIRS || (held && i + 1 == from + count)) {
            run_lies(numbers, held, deadline_ms);
            held = 0;
        }
    }
}

/* --- the tests -------------------------------------------------------------------------------- */

#define ROUNDS 2 /* 328 lies */

static void a_lie_ends_its_own_run_only(void **state)
{
    (void)state;
    for (uint64_t round = 0; round < ROUNDS; round++) {
        int files = count_files();
        open_house("EXECUTOR_TIMEOUT_SECS=50");
        run_all(round * liar_plans(), liar_plans(), false, 0);
        assert_bodies_are_json();
        house_stop(&house);
        assert_int_equal(count_files(), files);
        assert_no_children();
    }
}

/* In its own house, because all of it takes as long as the deadline. The invocation's cuts the time
 * that undo functions would have. */
#define SILENT_TIMEOUT     "EXECUTOR_TIMEOUT_SECS=8"
#define SILENT_DEADLINE_MS 24000

static void a_silent_liar_ends_at_the_deadline(void **state)
{
    (void)state;
    int files = count_files();
    open_house(SILENT_TIMEOUT);
    run_all(0, ROUNDS * liar_plans(), true, SILENT_DEADLINE_MS);
    assert_bodies_are_json();
    house_stop(&house);
    assert_int_equal(count_files(), files);
    assert_no_children();
}

static uint64_t chosen;

static void the_chosen_lie_ends_its_own_run_only(void **state)
{
    (void)state;
    struct liar_plan plan = liar_plan(chosen);
    bool silent = plan.fate == LIAR_TIMES_OUT;
    print_message("%s, state %d\n", plan.lie, plan.state);
    open_house(silent ? SILENT_TIMEOUT : "EXECUTOR_TIMEOUT_SECS=50");
    run_lies(&chosen, 1, silent ? SILENT_DEADLINE_MS : 0);
    assert_bodies_are_json();
    house_stop(&house);
    assert_no_children();
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], WORKER_ARGUMENT) == 0)
        liar_main(strtoll(argv[2], NULL, 10));
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_lie_ends_its_own_run_only),
        cmocka_unit_test(a_silent_liar_ends_at_the_deadline),
    };
    const struct CMUnitTest one[] = {cmocka_unit_test(the_chosen_lie_ends_its_own_run_only)};
    if (argc == 2) {
        chosen = strtoull(argv[1], NULL, 10);
        return cmocka_run_group_tests(one, NULL, NULL);
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
