#include "offspring.h"

#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Whether that process is a child of ours, and how it is: 'Z' and 'X' are dead. */
static bool is_ours(const char *pid, char *status)
{
    char path[300];
    long parent = 0;
    snprintf(path, sizeof path, "/proc/%s/stat", pid);
    FILE *file = strtol(pid, NULL, 10) > 0 ? fopen(path, "r") : NULL;
    if (!file)
        return false;
    bool read = fscanf(file, "%*d (%*[^)]) %c %ld", status, &parent) == 2;
    fclose(file);
    return read && parent == getpid();
}

static size_t count(bool dead_too, void (*each)(void *arg, const char *pid), void *arg)
{
    DIR *folder = opendir("/proc");
    const struct dirent *entry;
    size_t found = 0;
    if (!folder) {
        perror("/proc");
        exit(1);
    }
    while ((entry = readdir(folder))) {
        char status;
        if (!is_ours(entry->d_name, &status) || (!dead_too && (status == 'Z' || status == 'X')))
            continue;
        found++;
        if (each)
            each(arg, entry->d_name);
    }
    closedir(folder);
    return found;
}

size_t offspring_count(void)
{
    return count(true, NULL, NULL);
}

size_t offspring_living(void (*each)(void *arg, const char *pid), void *arg)
{
    return count(false, each, arg);
}
