/* The attacks of tests/hostile, on a kernel that grants confinement and on ones that refuse it:
 *   test_hostile [full|no-seccomp|lowest] [--repeat N] [--only NAME] */
#include "gauntlet.h"
#include "kernel.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Small, so that budgets are spent soon; but time enough on a busy machine. */
static const char *const environment[] = {
    "EXECUTOR_INSTRUCTION_LIMIT=4000000",
    "EXECUTOR_MEMORY_LIMIT_MB=32",
    "EXECUTOR_STALL_MS=300",
    "EXECUTOR_TIMEOUT_SECS=60",
    "EXECUTOR_CONCURRENCY=4",
    "EXECUTOR_MAX_BATCH_SIZE=1000",
    NULL,
};

static const char *argument_of(int argc, char **argv, const char *option)
{
    for (int i = 1; i + 1 < argc; i++)
        if (strcmp(argv[i], option) == 0)
            return argv[i + 1];
    return NULL;
}

int main(int argc, char **argv)
{
    enum kernel_level level = KERNEL_FULL;
    const char *repeat = argument_of(argc, argv, "--repeat");
    int passes = repeat ? atoi(repeat) : 1;
    if (argc > 1 && argv[1][0] != '-' && !kernel_level_of(argv[1], &level)) {
        fprintf(stderr, "no level is called %s\n", argv[1]);
        return 1;
    }
    kernel_enter(level);
    struct gauntlet gauntlet = {.folder = TEST_SOURCE "/tests/hostile",
                                .environment = environment,
                                .only = argument_of(argc, argv, "--only"),
                                .layers = kernel_layers(level)};
    size_t failures = 0;
    for (int pass = 0; pass < passes; pass++)
        failures += gauntlet_run(&gauntlet);
    printf("%zu hostile runs, %zu failures\n", gauntlet.runs, failures);
    return failures > 0;
}
