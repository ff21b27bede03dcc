/* Any bytes as a function's answer: by the rules, and what comes back is of the batch; or all of it
 * comes back and there is a reason. Corpus: tests/fuzz/corpus/batch_answer. */
#include "batch_answer.h"

#include "json.h"

#include <stdint.h>
#include <stdlib.h>

#define COUNT 3

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const ids[COUNT] = {"a", "b", NULL};
    struct span answer = {(const char *)data, size};
    struct error why = {0};
    bool failed[COUNT];
    if (batch_answer_read(answer, ids, COUNT, failed, &why)) {
        must(json_check(answer, NULL));
        must(!failed[2]); /* it has no id to be named by */
    } else {
        must(why.kind == ERROR_INPUT && *why.text);
        must(failed[0] && failed[1] && failed[2]);
    }
    return 0;
}
