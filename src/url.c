#include "url.h"

#include <string.h>
#include <strings.h>

bool url_is_unreserved(unsigned char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
           (byte >= '0' && byte <= '9') || (byte && strchr("-._~", byte));
}

bool url_is_plain_in_path(unsigned char byte)
{
    return url_is_unreserved(byte) || (byte && strchr("!$&'()*+,;=:@", byte));
}

bool url_same_host(const char *a, const char *b)
{
    size_t a_len = strlen(a), b_len = strlen(b);
    a_len -= a_len && a[a_len - 1] == '.';
    b_len -= b_len && b[b_len - 1] == '.';
    return a_len == b_len && strncasecmp(a, b, a_len) == 0;
}
