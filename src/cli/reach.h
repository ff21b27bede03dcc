/* reach: whether a server answers from here: name, connection, TLS handshake. Nothing is sent. */
#ifndef MOONMILL_CLI_REACH_H
#define MOONMILL_CLI_REACH_H

#include "diag.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* "https://host:port" of a URL, without what else it holds, which may be secret. False: it is no
 * URL that an API has. */
bool reach_origin(const char *url, char *origin, size_t size);

/* url: http or https; ca_file may be NULL. False with err (ERROR_UNAVAILABLE): what is wrong and
 * what to do. */
bool reach_try(const char *url, const char *ca_file, int64_t timeout_ms, struct error *err);

#endif
