/* log_line: a line of the runtime's log (JSON, one object a line), shown to people. */
#ifndef MOONMILL_CLI_LOG_LINE_H
#define MOONMILL_CLI_LOG_LINE_H

#include <stdbool.h>
#include <stdio.h>

/* Prints it in one line, harmless for a terminal; what is no line of its log as it is. */
void log_line_show(FILE *out, const char *line, bool coloured);

/* Whether the level is one that people have to see; level may be NULL. */
bool log_line_is_bad(const char *level);

#endif
