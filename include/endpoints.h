/* endpoints: the two URLs that a claim's callback_url means (contract.md 3.1).
 *
 * By our rule, which makes a path of the API out of what operators really configure, or literally
 * as upstream. Takes http and https URLs of at most 2 KiB; refuses user information, queries,
 * fragments, white space and control characters. */
#ifndef MOONMILL_ENDPOINTS_H
#define MOONMILL_ENDPOINTS_H

#include "diag.h"

#include <stdbool.h>

/* Both are freed by mem_free. False with err (ERROR_INPUT) when the URL will not do. */
bool endpoints_of(const char *callback_url, bool literal, char **events, char **progress,
                  struct error *err);

#endif
