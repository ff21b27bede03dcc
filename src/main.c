/* main: bootstrap, the Lambda custom runtime. With WORKER_ARGUMENT it is one of its own workers. */
#include "config.h"
#include "service.h"
#include "version.h"
#include "worker.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], WORKER_ARGUMENT) == 0)
        return worker_main(strtoll(argv[2], NULL, 10), NULL);
    if (argc == 2 && strcmp(argv[1], "--version") == 0)
        return version_print();
    struct config config;
    struct config_warnings warnings;
    service_hold_standard_files();
    config_read(&config, (const char *const *)environ, &warnings);
    char program[PATH_MAX];
    int exit_code = service_run(&config, &warnings, service_own_program(program));
    config_release(&config);
    return exit_code;
}
