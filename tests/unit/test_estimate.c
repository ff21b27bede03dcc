#include "estimate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

static void too_little_is_no_estimate(void **state)
{
    (void)state;
    struct estimate *estimate = estimate_new();
    assert_int_equal(estimate_ms(estimate, "f"), 0);
    for (int i = 1; i <= ESTIMATE_LEAST; i++) {
        estimate_learn(estimate, "f", 1000 * i);
        assert_int_equal(estimate_ms(estimate, "f"), i < ESTIMATE_LEAST ? 0 : 1000 * i);
    }
    assert_int_equal(estimate_ms(estimate, "g"), 0);
    assert_int_equal(estimate_ms(NULL, "f"), 0);
    estimate_learn(NULL, "f", 1);
    estimate_free(estimate);
    estimate_free(NULL);
}

static void it_is_the_90th_percentile_of_the_latest(void **state)
{
    (void)state;
    struct estimate *estimate = estimate_new();
    for (int i = 10; i >= 1; i--)
        estimate_learn(estimate, "f", 100 * i);
    assert_int_equal(estimate_ms(estimate, "f"), 900);
    for (int i = 0; i < ESTIMATE_KEPT; i++)
        estimate_learn(estimate, "f", i % 11 == 0 ? 60000 : 50);
    assert_int_equal(estimate_ms(estimate, "f"), 50);
    for (int i = 0; i < ESTIMATE_KEPT; i++)
        estimate_learn(estimate, "f", i % 5 == 0 ? 60000 : 50);
    assert_int_equal(estimate_ms(estimate, "f"), 60000);
    for (int i = 0; i < ESTIMATE_KEPT; i++)
        estimate_learn(estimate, "f", 7);
    assert_int_equal(estimate_ms(estimate, "f"), 7);
    estimate_free(estimate);
}

static void a_new_name_takes_the_place_of_the_oldest(void **state)
{
    (void)state;
    char name[16];
    struct estimate *estimate = estimate_new();
    for (int round = 0; round < ESTIMATE_LEAST; round++)
        for (int i = 0; i < ESTIMATE_NAMES_MAX; i++) {
            snprintf(name, sizeof name, "f%d", i);
            estimate_learn(estimate, name, 100 + i);
        }
    estimate_learn(estimate, "f0", 100);
    estimate_learn(estimate, "new", 5);
    assert_int_equal(estimate_ms(estimate, "f0"), 100);
    assert_int_equal(estimate_ms(estimate, "f1"), 0); /* it gave way */
    assert_int_equal(estimate_ms(estimate, "f2"), 102);
    estimate_learn(estimate, "new", 5);
    estimate_learn(estimate, "new", 5);
    assert_int_equal(estimate_ms(estimate, "new"), 5);
    estimate_free(estimate);
}

static void a_long_name_is_told_by_its_beginning(void **state)
{
    (void)state;
    char name[400];
    struct estimate *estimate = estimate_new();
    for (size_t i = 0; i < sizeof name; i++)
        name[i] = 'n';
    name[sizeof name - 1] = '\0';
    for (int i = 0; i < ESTIMATE_LEAST; i++)
        estimate_learn(estimate, name, 9);
    assert_int_equal(estimate_ms(estimate, name), 9);
    estimate_free(estimate);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(too_little_is_no_estimate),
        cmocka_unit_test(it_is_the_90th_percentile_of_the_latest),
        cmocka_unit_test(a_new_name_takes_the_place_of_the_oldest),
        cmocka_unit_test(a_long_name_is_told_by_its_beginning),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
