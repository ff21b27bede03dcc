/* docs/RELIABILITY.md: its table of fates is the code's. */
#include "record.h"

#include "mint.h"

// clang-format off
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
// clang-format on
#include <stdio.h>
#include <string.h>

#define HEADING "## Fates\n"

/* The page's section, up to the next heading. */
static char *section(void)
{
    size_t len;
    char *page = mint_file(TEST_SOURCE "/docs/RELIABILITY.md", &len);
    char *at = strstr(page, HEADING);
    assert_non_null(at);
    at += strlen(HEADING);
    char *end = strstr(at, "\n## ");
    assert_non_null(end);
    char *text = mem_string((struct span){at, (size_t)(end - at)});
    mem_free(page);
    return text;
}

static void the_page_has_each_fate_of_the_code_and_no_other(void **state)
{
    (void)state;
    char *text = section();
    size_t rows = 0;
    for (const char *at = text; (at = strstr(at, "\n| `")); at++)
        rows++;
    for (int fate = FATE_NONE + 1; fate < FATE_COUNT; fate++) {
        char row[64];
        snprintf(row, sizeof row, "\n| `%s` | %s |", fate_name((enum fate)fate),
                 fate_is_acknowledged((enum fate)fate) ? "acknowledged" : "returned");
        if (!strstr(text, row))
            fail_msg("the page lacks: %s", row + 1);
    }
    assert_int_equal(rows, FATE_COUNT - 1);
    assert_false(fate_is_acknowledged(FATE_NONE));
    mem_free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_page_has_each_fate_of_the_code_and_no_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
