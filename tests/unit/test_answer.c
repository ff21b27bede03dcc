#include "answer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define RUNNING  (1 << ANSWER_TO_RUNNING)
#define EVENTS   (1 << ANSWER_TO_EVENTS)
#define PROGRESS (1 << ANSWER_TO_PROGRESS)
#define END      (1 << ANSWER_TO_END)
#define STATUS   (RUNNING | PROGRESS | END)
#define ALL      (STATUS | EVENTS)

#define TOKEN_ERROR     "{\"error\":{\"code\":\"BAD_REQUEST\",\"message\":\"Invalid token\"}}"
#define NOT_FOUND_ERROR "{\"error\":{\"code\":\"NOT_FOUND\",\"message\":\"Run not found\"}}"

static const char *const verdict_names[] = {"accepted", "over",         "unknown run", "again",
                                            "broken",   "unacceptable", "refused"};

static struct answer answer_of(enum answer_push push, long status, const char *body)
{
    return (struct answer){.push = push, .status = status, .body = span_of(body)};
}

static void check(const struct answer *answer, enum answer_verdict want)
{
    int64_t after_ms;
    enum answer_verdict verdict = answer_judge(answer, &after_ms);
    if (verdict != want)
        fail_msg("push %d, %ld '%.*s': %s, wanted %s", (int)answer->push, answer->status,
                 (int)answer->body.len, answer->body.at, verdict_names[verdict],
                 verdict_names[want]);
}

static void answer_judge_reads_status_and_body(void **state)
{
    (void)state;
    static const struct {
        unsigned pushes;
        long status;
        const char *body;
        enum answer_verdict want;
    } cases[] = {
        /* proof */
        {ALL, 200, "", ANSWER_ACCEPTED},
        {ALL, 204, "", ANSWER_ACCEPTED},
        {ALL, 200, "{\"accepted\":2,\"next_sequence\":3}", ANSWER_ACCEPTED},
        {ALL, 200, "{\"accepted\":true,\"status\":\"Running\"}", ANSWER_ACCEPTED},
        {ALL, 202, " [1] \n", ANSWER_ACCEPTED},
        {ALL, 200, "null", ANSWER_ACCEPTED},
        {ALL, 200, "{\"accepted\":null}", ANSWER_ACCEPTED},
        {ALL, 200, "{\"error\":\"odd, but an answer\"}", ANSWER_ACCEPTED},
        /* no proof */
        {ALL, 200, "<html>Please log in</html>", ANSWER_AGAIN},
        {ALL, 200, "OK", ANSWER_AGAIN},
        {ALL, 200, "{\"accepted\":true", ANSWER_AGAIN},
        {ALL, 200, "\n", ANSWER_AGAIN},
        {ALL, 200, "{\"accepted\":true,\"accepted\":false}", ANSWER_AGAIN},
        {ALL, 200, "{\"accepted\":false,\"status\":\"Running\"}", ANSWER_AGAIN},
        {ALL, 200, "{\"accepted\":false,\"status\":\"Pending\"}", ANSWER_AGAIN},
        /* terminal */
        {ALL, 200, "{\"accepted\":false,\"status\":\"Cancelled\"}", ANSWER_OVER},
        {ALL, 200, "{\"accepted\":false,\"status\":\"Completed\"}", ANSWER_OVER},
        {ALL, 200, "{ \"accepted\" : false }", ANSWER_OVER},
        /* redirects would take the token elsewhere */
        {ALL, 301, "", ANSWER_REFUSED},
        {ALL, 302, "", ANSWER_REFUSED},
        {ALL, 304, "", ANSWER_REFUSED},
        {ALL, 308, "", ANSWER_REFUSED},
        /* the token */
        {ALL, 400, TOKEN_ERROR, ANSWER_REFUSED},
        {ALL, 401, "", ANSWER_REFUSED},
        {ALL, 403, "", ANSWER_REFUSED},
        /* the contents */
        {EVENTS, 400, "Failed to parse the request body as JSON", ANSWER_UNACCEPTABLE},
        {EVENTS, 400, "{\"error\":\"not the API's form\"}", ANSWER_UNACCEPTABLE},
        {EVENTS, 400, "{\"error\":{\"code\":7}}", ANSWER_UNACCEPTABLE},
        {EVENTS, 400, "", ANSWER_UNACCEPTABLE},
        {EVENTS, 413, "", ANSWER_UNACCEPTABLE},
        {EVENTS, 422, "Failed to deserialize", ANSWER_UNACCEPTABLE},
        {STATUS, 400, "Failed to parse", ANSWER_REFUSED},
        {STATUS, 413, "", ANSWER_REFUSED},
        {STATUS, 422, "", ANSWER_REFUSED},
        /* the run */
        {STATUS, 404, NOT_FOUND_ERROR, ANSWER_UNKNOWN_RUN},
        {STATUS, 404, "{\"error\":{\"code\":\"BAD_REQUEST\"}}", ANSWER_REFUSED},
        {STATUS, 404, "<html>no such page</html>", ANSWER_REFUSED},
        {STATUS, 404, "", ANSWER_REFUSED},
        {EVENTS, 404, NOT_FOUND_ERROR, ANSWER_REFUSED},
        {EVENTS, 404, "", ANSWER_REFUSED},
        {ALL, 405, "", ANSWER_REFUSED},
        {ALL, 410, "", ANSWER_REFUSED},
        {ALL, 415, "", ANSWER_REFUSED},
        {ALL, 499, "", ANSWER_REFUSED},
        /* later */
        {ALL, 408, "", ANSWER_AGAIN},
        {ALL, 425, "", ANSWER_AGAIN},
        {ALL, 429, "", ANSWER_AGAIN},
        {ALL, 500, "{\"error\":{\"code\":\"INTERNAL_ERROR\"}}", ANSWER_BROKEN},
        {ALL, 502, "<html>", ANSWER_BROKEN},
        {ALL, 503, "", ANSWER_BROKEN},
        {ALL, 599, "", ANSWER_BROKEN},
        {ALL, 101, "", ANSWER_AGAIN},
        {ALL, 700, "", ANSWER_AGAIN},
        {ALL, 0, "", ANSWER_AGAIN},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (int push = ANSWER_TO_RUNNING; push <= ANSWER_TO_END; push++)
            if (cases[i].pushes & (1u << push)) {
                struct answer answer =
                    answer_of((enum answer_push)push, cases[i].status, cases[i].body);
                check(&answer, cases[i].want);
            }
}

static void answer_judge_takes_no_result_but_success_for_an_answer(void **state)
{
    (void)state;
    static const CURLcode results[] = {CURLE_COULDNT_RESOLVE_HOST,
                                       CURLE_COULDNT_CONNECT,
                                       CURLE_OPERATION_TIMEDOUT,
                                       CURLE_GOT_NOTHING,
                                       CURLE_RECV_ERROR,
                                       CURLE_PARTIAL_FILE,
                                       CURLE_PEER_FAILED_VERIFICATION};
    for (size_t i = 0; i < sizeof results / sizeof *results; i++) {
        struct answer answer = answer_of(ANSWER_TO_EVENTS, 200, "{}");
        answer.result = results[i];
        check(&answer, ANSWER_AGAIN);
    }
}

static void answer_judge_takes_a_body_that_was_cut_for_no_json(void **state)
{
    (void)state;
    struct answer answer = answer_of(ANSWER_TO_END, 200, "{}");
    answer.cut = true;
    check(&answer, ANSWER_AGAIN);
    answer.status = 403;
    check(&answer, ANSWER_REFUSED);
}

static void answer_judge_reads_both_forms_of_retry_after(void **state)
{
    (void)state;
    static const struct {
        const char *header;
        int64_t want;
    } cases[] = {
        {NULL, 0},
        {"", 0},
        {"0", 0},
        {"2", 2000},
        {"30", 30000},
        {"31", 30000},
        {"99999999999999999999999999", 30000},
        {"-5", 0},
        {"1.5", 0},
        {"soon", 0},
        {"Wed, 21 Oct 2015 07:28:00 GMT", 7000},
        {"Wed, 21 Oct 2015 07:27:00 GMT", 0},
        {"Wed, 21 Oct 2026 07:28:00 GMT", 30000},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct answer answer = answer_of(ANSWER_TO_EVENTS, 503, "");
        int64_t after_ms = -1;
        answer.retry_after = cases[i].header;
        answer.wall_ms = 1445412473000; /* 07:27:53 */
        assert_int_equal(answer_judge(&answer, &after_ms), ANSWER_BROKEN);
        if (after_ms != cases[i].want)
            fail_msg("'%s': %lld", cases[i].header, (long long)after_ms);
        assert_in_range(after_ms, 0, ANSWER_RETRY_AFTER_MS);
    }
}

static void answer_text_says_what_came_back(void **state)
{
    (void)state;
    static const struct {
        CURLcode result;
        long status;
        const char *body, *want;
    } cases[] = {
        {CURLE_OK, 403, "secret page", "403"},
        {CURLE_OK, 200, "<html>", "200 without proof: the body is not JSON"},
        {CURLE_OK, 200, "{\"accepted\":false}", "200 with accepted:false"},
        {CURLE_OK, 200, "{\"accepted\":false,\"status\":\"running\"}",
         "200 without proof: accepted:false, yet not terminal"},
        {CURLE_OK, 200, "{}", "200"},
        {CURLE_COULDNT_CONNECT, 0, "", "Couldn't connect to server"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct answer answer = answer_of(ANSWER_TO_END, cases[i].status, cases[i].body);
        char text[ANSWER_TEXT_SIZE];
        answer.result = cases[i].result;
        answer_text(&answer, text);
        assert_string_equal(text, cases[i].want);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answer_judge_reads_status_and_body),
        cmocka_unit_test(answer_judge_takes_no_result_but_success_for_an_answer),
        cmocka_unit_test(answer_judge_takes_a_body_that_was_cut_for_no_json),
        cmocka_unit_test(answer_judge_reads_both_forms_of_retry_after),
        cmocka_unit_test(answer_text_says_what_came_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
