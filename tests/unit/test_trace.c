#include "trace.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define ROOT   "Root=1-5759e988-bd862e3fe1be46a994272793"
#define PARENT "Parent=53995c3f42cd8ad8"
#define W3C    "00-5759e988bd862e3fe1be46a994272793-53995c3f42cd8ad8-"

static void trace_parent_is_the_same_place_spelled_otherwise(void **state)
{
    (void)state;
    static const struct {
        const char *xray, *parent;
    } rows[] = {
        {ROOT ";" PARENT ";Sampled=1", W3C "01"},
        {ROOT ";" PARENT ";Sampled=0", W3C "00"},
        {ROOT ";" PARENT, W3C "00"},
        {"Sampled=1; " PARENT "; " ROOT, W3C "01"},
        {"Self=1-1-1;" ROOT ";" PARENT ";Sampled=1;Lineage=a:0", W3C "01"},
        {ROOT ";" PARENT ";Sampled=?", W3C "00"},
        {ROOT ";" PARENT ";Sampled=", W3C "00"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char parent[TRACE_PARENT_SIZE];
        assert_true(trace_parent(rows[i].xray, parent));
        assert_string_equal(parent, rows[i].parent);
    }
}

static void trace_parent_makes_nothing_of_what_names_no_place(void **state)
{
    (void)state;
    static const char *const rows[] = {
        NULL,
        "",
        ";",
        ";;;",
        "Root=",
        "Root=;Parent=",
        ROOT,
        ROOT ";Sampled=1",
        PARENT ";Sampled=1",
        "Root=2-5759e988-bd862e3fe1be46a994272793;" PARENT,
        "Root=1-5759e988-bd862e3fe1be46a99427279;" PARENT,
        "Root=1-5759e988-bd862e3fe1be46a9942727933;" PARENT,
        "Root=1-5759E988-bd862e3fe1be46a994272793;" PARENT,
        "Root=1-5759e988xbd862e3fe1be46a994272793;" PARENT,
        "Root=1-00000000-bd862e3fe1be46a994272793;" PARENT,
        ROOT ";Parent=0000000000000000",
        ROOT ";Parent=53995c3f42cd8ad",
        ROOT ";Parent=53995c3f42cd8adg",
        ROOT ";parent=53995c3f42cd8ad8",
        "X" ROOT ";" PARENT,
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char parent[TRACE_PARENT_SIZE] = "as it was";
        if (trace_parent(rows[i], parent))
            fail_msg("'%s' became %s", rows[i], parent);
        assert_string_equal(parent, "as it was");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(trace_parent_is_the_same_place_spelled_otherwise),
        cmocka_unit_test(trace_parent_makes_nothing_of_what_names_no_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
