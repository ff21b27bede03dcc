/* variables: the environment that a runtime is started with here. */
#ifndef MOONMILL_CLI_VARIABLES_H
#define MOONMILL_CLI_VARIABLES_H

#define VARIABLES_MAX 512

struct variables {
    char *list[VARIABLES_MAX + 1]; /* "NAME=value", NULL last: as execve wants them */
};

void variables_release(struct variables *variables);

/* The one that is there already stays. */
void variables_add(struct variables *variables, const char *name, const char *value);

/* The caller's own settings go along: EXECUTOR_ and the AWS variables of logging. */
void variables_pass_settings(struct variables *variables);

#endif
