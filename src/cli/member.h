/* member: a member of a JSON document whose value is a text or null. */
#ifndef MOONMILL_CLI_MEMBER_H
#define MOONMILL_CLI_MEMBER_H

#include "mem.h"

#include <stdbool.h>

/* Appends what stands before the value (",\"flow\":"), then the text, quoted; null for NULL and for
 * what is no UTF-8. False when out is full. */
bool member_put(struct buffer *out, const char *before, const char *text);

#endif
