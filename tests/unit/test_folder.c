#include "folder.h"

#include "mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

struct place {
    char scratch[64];
    struct folder folder;
};

static void put(const struct place *place, const char *file, const char *text)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", place->scratch, file);
    FILE *out = fopen(path, "wb");
    assert_non_null(out);
    fputs(text, out);
    assert_int_equal(fclose(out), 0);
}

static int enter(void **state)
{
    struct place *place = mem_new(sizeof *place);
    char command[200];
    strcpy(place->scratch, "/tmp/moonmill-folder-XXXXXX");
    assert_non_null(mkdtemp(place->scratch));
    snprintf(command, sizeof command, "mkdir %s/flows && ln -s ../out.lua %s/flows/leads-out.lua",
             place->scratch, place->scratch);
    assert_int_equal(system(command), 0);
    put(place, "out.lua", "outside");
    put(place, "flows/a.lua", "12345");
    snprintf(command, sizeof command, "%s/flows/../flows", place->scratch);
    assert_true(folder_init(&place->folder, command, NULL));
    *state = place;
    return 0;
}

static int leave(void **state)
{
    struct place *place = *state;
    char command[100];
    snprintf(command, sizeof command, "rm -rf '%s'", place->scratch);
    assert_int_equal(system(command), 0);
    folder_release(&place->folder);
    mem_free(place);
    return 0;
}

static void folder_init_wants_a_folder(void **state)
{
    const struct place *place = *state;
    struct folder folder;
    struct error err = {0};
    char path[128];
    assert_string_equal(place->folder.shown, "flows");
    snprintf(path, sizeof path, "%s/out.lua", place->scratch);
    assert_false(folder_init(&folder, path, &err));
    assert_int_equal(err.kind, ERROR_MISSING);
    assert_false(folder_init(&folder, "/nowhere/at/all", &err));
    assert_non_null(strstr(err.text, "/nowhere/at/all"));
}

static void folder_reads_a_file_within_its_maximum(void **state)
{
    const struct place *place = *state;
    struct folder_stamp stamp;
    struct error err = {0};
    size_t len = 0;
    for (size_t max = 4; max <= 5; max++) {
        int fd = folder_open(&place->folder, "a.lua", &stamp, &err);
        assert_true(fd >= 0);
        char *text = folder_read(&place->folder, "a.lua", fd, max, &len, &err);
        close(fd);
        if (max == 5)
            assert_string_equal(text, "12345");
        else
            assert_null(text);
        mem_free(text);
    }
    assert_int_equal(len, 5);
    assert_int_equal(err.kind, ERROR_LIMIT);
    assert_string_equal(err.text, "flows/a.lua: at most 4 bytes are allowed");
}

static void folder_refuses_what_leads_out_of_it(void **state)
{
    const struct place *place = *state;
    static const char *const files[] = {"leads-out.lua", "../out.lua"};
    for (size_t i = 0; i < 2; i++) {
        struct folder_stamp stamp;
        struct error err = {0};
        assert_true(folder_exists(&place->folder, files[i]));
        assert_int_equal(folder_open(&place->folder, files[i], &stamp, &err), -1);
        assert_int_equal(err.kind, ERROR_INPUT);
    }
    struct error err = {0};
    struct folder_stamp stamp;
    assert_false(folder_exists(&place->folder, "b.lua"));
    assert_int_equal(folder_open(&place->folder, "b.lua", &stamp, &err), -1);
    assert_int_equal(err.kind, ERROR_MISSING);
}

static void folder_stamps_tell_a_file_that_changed(void **state)
{
    const struct place *place = *state;
    struct folder_stamp first, second;
    struct error err = {0};
    close(folder_open(&place->folder, "a.lua", &first, &err));
    close(folder_open(&place->folder, "a.lua", &second, &err));
    assert_true(folder_same_stamp(&first, &second));
    put(place, "flows/a.lua", "123456");
    close(folder_open(&place->folder, "a.lua", &second, &err));
    assert_false(folder_same_stamp(&first, &second));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, enter, leave)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(folder_init_wants_a_folder),
        TEST(folder_reads_a_file_within_its_maximum),
        TEST(folder_refuses_what_leads_out_of_it),
        TEST(folder_stamps_tell_a_file_that_changed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
