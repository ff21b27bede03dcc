/* pool: real workers, looked at from outside. */
#include "house.h"
#include "loops.h"
#include "offspring.h"

// clang-format off
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
// clang-format on
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct house house;

struct user {
    struct pool_user pool_user;
    bool gone;
    struct pool_end how;
};

static size_t on_bytes(void *arg, struct span bytes)
{
    (void)arg;
    return bytes.len;
}

static void on_gone(void *arg, const struct pool_end *how)
{
    struct user *user = arg;
    user->gone = true;
    user->how = *how;
}

static struct pool_worker *take(struct user *user, const char *app)
{
    struct error err = {0};
    *user = (struct user){.pool_user = {user, on_bytes, on_gone}};
    struct pool_worker *worker = pool_take(house.stages.pool, app, &user->pool_user, &err);
    if (!worker)
        fail_msg("%s", err.text);
    return worker;
}

/* The only worker there is, after it said that it is confined. */
static struct pool_worker *take_ready(struct user *user)
{
    pool_warm(house.stages.pool, 1);
    for (int i = 0; i < 500 && !house_logged(&house, "workers are confined"); i++)
        loops_for(house.stages.loop, 20);
    assert_true(house_logged(&house, "workers are confined"));
    return take(user, "app");
}

static size_t read_proc(pid_t pid, const char *name, char *text, size_t size)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, name);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    size_t got = fread(text, 1, size - 1, file);
    fclose(file);
    text[got] = '\0';
    return got;
}

static void assert_limit(const char *limits, const char *name)
{
    char wanted[64];
    snprintf(wanted, sizeof wanted, "%-26s0                    0 ", name);
    if (!strstr(limits, wanted))
        fail_msg("%s is not 0 in:\n%s", name, limits);
}

/* The open descriptors as text: "0 " or, where a sanitizer keeps the standard error, "0 2 ". */
static void assert_files(pid_t pid)
{
    char path[64], text[128] = "";
    snprintf(path, sizeof path, "/proc/%d/fd", (int)pid);
    DIR *folder = opendir(path);
    const struct dirent *entry;
    assert_non_null(folder);
    while ((entry = readdir(folder))) {
        if (*entry->d_name == '.')
            continue;
        strncat(text, entry->d_name, sizeof text - strlen(text) - 2);
        strcat(text, " ");
    }
    closedir(folder);
#ifdef __SANITIZE_ADDRESS__
    assert_string_equal(text, "0 2 ");
#else
    assert_string_equal(text, "0 ");
#endif
}

static void a_worker_has_one_socket_no_environment_and_no_way_to_open_more(void **state)
{
    (void)state;
    char text[4096];
    struct user user;
    if (geteuid() != 0) {
        print_message("NOT RUN: a worker hides its environment and files from all but root\n");
        skip();
    }
    house_start(&house, NULL);
    struct pool_worker *worker = take_ready(&user);
    pid_t pid = pool_pid(worker);
    assert_int_equal(read_proc(pid, "environ", text, sizeof text), sizeof "TZ=UTC0");
    assert_string_equal(text, "TZ=UTC0");
    assert_files(pid);
    read_proc(pid, "limits", text, sizeof text);
    assert_limit(text, "Max open files");
    assert_limit(text, "Max core file size");
    assert_limit(text, "Max file size");
    pool_kill(worker);
    house_stop(&house);
}

/* The worker says which layers hold; the kernel is asked whether it is so. */
static void a_worker_is_confined_as_it_says(void **state)
{
    (void)state;
    char text[4096];
    struct user user;
    house_start(&house, NULL);
    struct pool_worker *worker = take_ready(&user);
    const char *level = pool_level(house.stages.pool);
    read_proc(pool_pid(worker), "status", text, sizeof text);
    assert_non_null(strstr(level, "rlimits,nonewprivs,nodump"));
    assert_non_null(strstr(text, "NoNewPrivs:\t1"));
    assert_int_equal(strstr(level, "seccomp") != NULL, strstr(text, "Seccomp:\t2") != NULL);
    pool_kill(worker);
    house_stop(&house);
}

static void a_worker_stays_with_its_app(void **state)
{
    (void)state;
    struct user first, second, third;
    house_start(&house, NULL);
    struct pool_worker *worker = take(&first, "app-a");
    pid_t pid = pool_pid(worker);
    pool_give_back(worker);
    struct pool_worker *other = take(&second, "app-b");
    assert_true(pool_pid(other) != pid);
    struct pool_worker *again = take(&third, "app-a");
    assert_int_equal(pool_pid(again), pid);
    pool_give_back(other);
    pool_give_back(again);
    house_stop(&house);
}

static void a_spare_is_started_after_one_was_taken(void **state)
{
    (void)state;
    struct user user;
    house_start(&house, NULL);
    take(&user, "app-a");
    assert_int_equal(offspring_count(), 1); /* not in the hot path */
    loops_for(house.stages.loop, 50);
    assert_int_equal(offspring_count(), 2);
    house_stop(&house);
}

static void the_end_of_a_worker_is_told_with_how_it_ended(void **state)
{
    (void)state;
    struct user user;
    house_start(&house, NULL);
    struct pool_worker *worker = take_ready(&user);
    kill(pool_pid(worker), SIGKILL);
    assert_true(loops_until(house.stages.loop, &user.gone, 10000));
    assert_true(user.how.ready);
    assert_null(user.how.broke);
    assert_int_equal(user.how.status & 0x7f, SIGKILL);
    house_stop(&house);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_worker_has_one_socket_no_environment_and_no_way_to_open_more),
        cmocka_unit_test(a_worker_is_confined_as_it_says),
        cmocka_unit_test(a_worker_stays_with_its_app),
        cmocka_unit_test(a_spare_is_started_after_one_was_taken),
        cmocka_unit_test(the_end_of_a_worker_is_told_with_how_it_ended),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
