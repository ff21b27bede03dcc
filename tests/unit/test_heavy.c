/* The flows of tests/hostile/heavy: much work, all of it legitimate, at the default limits. */
#include "gauntlet.h"

#include <stdio.h>
#include <string.h>

int main(int argc, char **argv)
{
    static const char *const environment[] = {"EXECUTOR_CONCURRENCY=4", NULL};
    struct gauntlet gauntlet = {
        .folder = TEST_SOURCE "/tests/hostile/heavy",
        .environment = environment,
        .only = argc > 2 && strcmp(argv[1], "--only") == 0 ? argv[2] : NULL,
    };
    size_t failures = gauntlet_run(&gauntlet);
    printf("%zu heavy runs, %zu failures\n", gauntlet.runs, failures);
    return failures > 0;
}
