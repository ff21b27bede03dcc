#include "clock.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

static void an_unturned_clock_shows_the_machines_time(void **state)
{
    (void)state;
    struct clock clock = {0};
    int64_t before = (int64_t)time(NULL) * 1000;
    int64_t now = clock_wall_ms(&clock);
    assert_true(now >= before);
    assert_true(now <= ((int64_t)time(NULL) + 1) * 1000);
}

static void the_monotonic_hand_never_goes_back(void **state)
{
    (void)state;
    struct clock clock = {0};
    int64_t last = clock_mono_us(&clock);
    for (int i = 0; i < 1000; i++) {
        int64_t now = clock_mono_us(&clock);
        assert_true(now >= last);
        last = now;
    }
}

static void the_hands_turn_apart(void **state)
{
    (void)state;
    struct clock clock = {0};
    int64_t wall = clock_wall_ms(&clock), mono = clock_mono_ms(&clock);
    clock.wall_turn_ms = -86400000;
    assert_true(clock_wall_ms(&clock) < wall);
    assert_true(clock_mono_ms(&clock) < mono + 86400000);
    clock.mono_turn_ms = 86400000;
    assert_true(clock_mono_ms(&clock) >= mono + 86400000);
    assert_true(clock_mono_us(&clock) >= (mono + 86400000) * 1000);
}

static void cpu_time_counts_work_and_ends_with_the_process(void **state)
{
    (void)state;
    int64_t begin, now;
    assert_true(clock_cpu_ms(getpid(), &begin));
    volatile unsigned long spin = 0;
    do {
        for (int i = 0; i < 1000000; i++)
            spin = spin + 1;
        assert_true(clock_cpu_ms(getpid(), &now));
    } while (now < begin + 20);

    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        pause();
        _exit(0);
    }
    assert_true(clock_cpu_ms(child, &now));
    kill(child, SIGKILL);
    assert_int_equal(waitpid(child, NULL, 0), child);
    assert_false(clock_cpu_ms(child, &now));
}

static void times_are_written_as_rfc_3339(void **state)
{
    (void)state;
    static const struct {
        int64_t wall_ms;
        const char *text;
    } cases[] = {
        {0, "1970-01-01T00:00:00.000Z"},
        {1771683517041, "2026-02-21T14:18:37.041Z"},
        {951782400999, "2000-02-29T00:00:00.999Z"},
        {253402300799999, "9999-12-31T23:59:59.999Z"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[CLOCK_TEXT_SIZE];
        clock_text(cases[i].wall_ms, text);
        assert_string_equal(text, cases[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_unturned_clock_shows_the_machines_time),
        cmocka_unit_test(the_monotonic_hand_never_goes_back),
        cmocka_unit_test(the_hands_turn_apart),
        cmocka_unit_test(cpu_time_counts_work_and_ends_with_the_process),
        cmocka_unit_test(times_are_written_as_rfc_3339),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
