/* embedded: whole files that the build put into this program (cmake/embed_files.cmake). */
#ifndef MOONMILL_CLI_EMBEDDED_H
#define MOONMILL_CLI_EMBEDDED_H

#include <stddef.h>

/* Lists end with a NULL path. */
struct embedded_file {
    const char *path; /* from its folder: "flows/refund.lua" */
    const unsigned char *bytes;
    size_t len;
};

/* templates/: what `moonmill new` writes. */
extern const struct embedded_file new_files[];
/* schemas/: what `moonmill schema` prints. */
extern const struct embedded_file schema_files[];
/* web/: the page of `moonmill watch`, and the style of its reports. */
extern const struct embedded_file web_files[];

#endif
