/* Any bytes as a file for --env-file: refused with a reason and nothing set, or an environment that
 * a file of quoted values sets again. Corpus: tests/fuzz/corpus/env_file. */
#include "env_file.h"

#include "mem.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define TEXT_MAX (4 * 1024 * 1024)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds)
        abort();
}

/* The environment becomes what the text says. */
static bool set(struct span text, struct error *err)
{
    char path[64];
    int fd = memfd_create("env", MFD_CLOEXEC);
    must(fd >= 0 && write(fd, text.at, text.len) == (ssize_t)text.len);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    clearenv();
    bool good = env_file_set(path, err);
    close(fd);
    return good;
}

/* The environment as a file that sets it: each value in double quotes. */
static void put_environment(struct buffer *out)
{
    for (char **each = environ; each && *each; each++) {
        const char *at = strchr(*each, '=') + 1;
        buffer_add(out, (struct span){*each, (size_t)(at - *each)});
        buffer_text(out, "\"");
        for (; *at; at++) {
            if (strchr("\"\\", *at))
                buffer_text(out, "\\");
            buffer_add(out, *at == '\n' ? span_of("\\n") : (struct span){at, 1});
        }
        must(buffer_text(out, "\"\n"));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct error err = {0};
    struct buffer first, again;
    if (!set((struct span){(const char *)data, size}, &err)) {
        must(err.kind == ERROR_INPUT && *err.text);
        must(!environ || !*environ);
        return 0;
    }
    buffer_init(&first, TEXT_MAX);
    buffer_init(&again, TEXT_MAX);
    put_environment(&first);
    must(set(buffer_span(&first), &err));
    put_environment(&again);
    must(span_equal(buffer_span(&first), buffer_span(&again)));
    buffer_release(&first);
    buffer_release(&again);
    return 0;
}
