/* url: what RFC 3986 says of a URL's characters and hosts, for all who judge or spell one. */
#ifndef MOONMILL_URL_H
#define MOONMILL_URL_H

#include <stdbool.h>

/* RFC 3986 2.3: never escaped. */
bool url_is_unreserved(unsigned char byte);
/* RFC 3986 3.3: what a path may hold as it is, "/" aside. */
bool url_is_plain_in_path(unsigned char byte);
/* RFC 3986 3.2.2: in any case, and with or without the root's dot behind it. */
bool url_same_host(const char *a, const char *b);

#endif
