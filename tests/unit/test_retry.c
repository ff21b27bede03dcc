#include "retry.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void retry_waits_double_and_are_capped(void **state)
{
    (void)state;
    static const int64_t tries[] = {100, 200, 400, 800, 1600, 3200, 5000, 5000};
    static const int64_t rounds[] = {1000, 2000, 4000, 8000, 16000, 30000, 30000};
    for (size_t i = 0; i < sizeof tries / sizeof *tries; i++)
        for (int again = 0; again < 50; again++) {
            struct retry retry = {.tries = (int64_t)i + 1};
            assert_in_range(retry_wait_ms(&retry, 0), tries[i] / 2, tries[i]);
        }
    for (size_t i = 0; i < sizeof rounds / sizeof *rounds; i++) {
        struct retry retry = {.rounds = (int64_t)i + 1};
        assert_int_equal(retry_wait_ms(&retry, 0), rounds[i]);
    }
    assert_int_equal(retry_wait_ms(&(struct retry){.tries = INT64_MAX}, 30000), 30000);
    assert_int_equal(retry_wait_ms(&(struct retry){.rounds = 3}, 3000), 4000);
}

static void retry_failed_counts_rounds(void **state)
{
    (void)state;
    struct retry retry = {0};
    assert_false(retry_failed(&retry, 2, false));
    assert_false(retry_failed(&retry, 2, false));
    assert_true(retry_failed(&retry, 2, false));
    assert_int_equal(retry.rounds, 1);
    assert_int_equal(retry.tries, 0);
    assert_true(retry_failed(&(struct retry){0}, 0, false));
    assert_false(retry_failed(&(struct retry){0}, 4294967295, true));
}

static void retry_is_broken_after_two_rounds_of_nothing_else(void **state)
{
    (void)state;
    struct retry retry = {0};
    for (int i = 1; i <= 6; i++) {
        assert_false(retry_is_broken(&retry, 2));
        retry_failed(&retry, 2, true);
    }
    assert_true(retry_is_broken(&retry, 2));
    retry_failed(&retry, 2, false);
    assert_false(retry_is_broken(&retry, 2));
    assert_false(retry_is_broken(&(struct retry){0}, 0));
}

static void retry_limit_begins_a_round(void **state)
{
    (void)state;
    struct retry retry = {0};
    for (int i = 0; i < 5; i++)
        retry_failed(&retry, 2, false);
    assert_int_equal(retry.late_rounds, 1);
    retry_limit(&retry);
    assert_int_equal(retry.late_rounds, 0);
    assert_false(retry_failed(&retry, 2, false));
    assert_false(retry_failed(&retry, 2, false));
    assert_true(retry_failed(&retry, 2, false));
    assert_int_equal(retry.late_rounds, 1);
    assert_int_equal(retry.rounds, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(retry_waits_double_and_are_capped),
        cmocka_unit_test(retry_failed_counts_rounds),
        cmocka_unit_test(retry_is_broken_after_two_rounds_of_nothing_else),
        cmocka_unit_test(retry_limit_begins_a_round),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
