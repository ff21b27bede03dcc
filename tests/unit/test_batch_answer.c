#include "batch_answer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void batch_answer_is_read_as_lambda_reads_it(void **state)
{
    (void)state;
    static const char *const ids[] = {"a", "b", NULL};
    static const struct {
        const char *answer;
        const char *failed; /* of a, b and the one without an id */
        const char *why;    /* NULL: by the rules */
    } cases[] = {
        {"{\"batchItemFailures\":[]}", "...", NULL},
        {"{\"batchItemFailures\":null}", "...", NULL},
        {"{}", "...", NULL},
        {"null", "...", NULL},
        {"{\"batchItemFailures\":[{\"itemIdentifier\":\"b\"}]}", ".x.", NULL},
        {"{\"batchItemFailures\":[{\"itemIdentifier\":\"b\"},{\"itemIdentifier\":\"a\"}]}", "xx.",
         NULL},
        {"{\"batchItemFailures\":[{\"itemIdentifier\":\"c\"}]}", "xxx", "'c' is no message"},
        {"{\"batchItemFailures\":[{\"itemIdentifier\":\"\"}]}", "xxx", "'' is no message"},
        {"{\"batchItemFailures\":[{\"itemIdentifier\":null}]}", "xxx", "'' is no message"},
        {"{\"batchItemFailures\":[{\"id\":\"a\"}]}", "xxx", "without itemIdentifier"},
        {"{\"batchItemFailures\":[\"a\"]}", "xxx", "without itemIdentifier"},
        {"{\"batchItemFailures\":\"a\"}", "xxx", "type string, not array"},
        {"[]", "xxx", "expected an object, got array"},
        {"{\"batchItemFailures\":[],\"batchItemFailures\":[]}", "xxx", "stands twice"},
        {"{\"batchItemFailures\":[{\"itemIdentifier\":\"a\",\"itemIdentifier\":\"b\"}]}", "xxx",
         "stands twice"},
        {"nothing", "xxx", "byte"},
        {"", "xxx", ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct error why = {0};
        bool failed[3];
        char shown[4] = "...";
        bool good = batch_answer_read(span_of(cases[i].answer), ids, 3, failed, &why);
        for (size_t k = 0; k < 3; k++)
            shown[k] = failed[k] ? 'x' : '.';
        assert_string_equal(shown, cases[i].failed);
        assert_int_equal(good, cases[i].why == NULL);
        if (cases[i].why && !strstr(why.text, cases[i].why))
            fail_msg("%s: %s", cases[i].answer, why.text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(batch_answer_is_read_as_lambda_reads_it)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
