#include "trace.h"

#include "mem.h"

#include <stdio.h>
#include <string.h>

#define TIME_DIGITS   8
#define UNIQUE_DIGITS 24
#define PARENT_DIGITS 16

/* The value of "name=" among the fields, or an absent span. */
static struct span field_of(const char *xray, const char *name)
{
    size_t len = strlen(name);
    for (const char *at = xray; at; at = strchr(at, ';')) {
        at += strspn(at, "; ");
        if (strncmp(at, name, len) == 0 && at[len] == '=')
            return (struct span){at + len + 1, strcspn(at + len + 1, "; ")};
    }
    return (struct span){NULL, 0};
}

/* So many digits of a lower-case hexadecimal number that is not 0. */
static bool is_number(const char *at, size_t digits)
{
    return strspn(at, "0123456789abcdef") >= digits && strspn(at, "0") < digits;
}

bool trace_parent(const char *xray, char parent[TRACE_PARENT_SIZE])
{
    if (!xray)
        return false;
    struct span root = field_of(xray, "Root"), span = field_of(xray, "Parent");
    if (root.len != 2 + TIME_DIGITS + 1 + UNIQUE_DIGITS || strncmp(root.at, "1-", 2) != 0 ||
        !is_number(root.at + 2, TIME_DIGITS) || root.at[2 + TIME_DIGITS] != '-' ||
        !is_number(root.at + 3 + TIME_DIGITS, UNIQUE_DIGITS) || span.len != PARENT_DIGITS ||
        !is_number(span.at, PARENT_DIGITS))
        return false;
    snprintf(parent, TRACE_PARENT_SIZE, "00-%.*s%.*s-%.*s-%s", TIME_DIGITS, root.at + 2,
             UNIQUE_DIGITS, root.at + 3 + TIME_DIGITS, PARENT_DIGITS, span.at,
             span_is(field_of(xray, "Sampled"), "1") ? "01" : "00");
    return true;
}
