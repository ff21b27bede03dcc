/* bundle: the certificates in a text of PEM (RFC 7468), found by their subjects without being made.
 *
 * What in the text is no certificate is passed over: words between them, keys, what is cut or
 * spoilt. */
#ifndef MOONMILL_BUNDLE_H
#define MOONMILL_BUNDLE_H

#include "mem.h"

#include <stdint.h>

struct certificate {
    struct span der;
    struct span subject; /* its name, as DER; inside of der */
    uint64_t print;      /* of the subject: bundle_print */
};

struct bundle {
    struct certificate *list;
    size_t count;
    char *bytes; /* where their DER is */
};

/* The text is not needed afterwards. bundle_release accepts a zeroed one. */
void bundle_read(struct bundle *bundle, struct span text);
void bundle_release(struct bundle *bundle);

/* A number that two names have in common when they count as equal (X509_NAME_cmp: whatever string
 * type, spaces and case they are spelled with), and hardly ever else; 0 when it cannot tell.
 * name: DER. */
uint64_t bundle_print(struct span name);

#endif
