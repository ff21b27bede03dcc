/* env_file: a file of KEY=VALUE lines that sets the environment.
 *
 * Empty lines and lines that begin with # say nothing; "export " before a key is allowed. A value
 * is bare (white space around it and a comment after " #" are no part of it), in 'single quotes',
 * as it stands, or in "double quotes", with \n \t \r \" \\ \$; nothing is replaced in it. Values
 * may be secrets: no message holds any of the file's text but the name of a good key. */
#ifndef MOONMILL_CLI_ENV_FILE_H
#define MOONMILL_CLI_ENV_FILE_H

#include "diag.h"

#define ENV_FILE_MAX (1024 * 1024)

/* Sets what the file says, all of it or, with err, nothing. A variable that is set already stays as
 * it is. */
bool env_file_set(const char *path, struct error *err);

#endif
