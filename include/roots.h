/* roots: the certificates of the authorities that are trusted, from a bundle of PEM. A certificate
 * is made only when a chain asks for its subject: most of a bundle never is, and to make all of the
 * usual one takes longer than all the rest of a start. What was made is kept, for every connection
 * that shares these. */
#ifndef MOONMILL_ROOTS_H
#define MOONMILL_ROOTS_H

#include <curl/curl.h>

struct roots;

/* The file is read at the first connection; what in it is no certificate is passed over. */
struct roots *roots_new(const char *file);
void roots_free(struct roots *roots);
const char *roots_file(const struct roots *roots);

/* The handle's transfers trust these and nothing else; the roots outlive them. A file that cannot
 * be read, is over 16 MiB or has no certificate fails a transfer with CURLE_SSL_CACERT_BADFILE. */
void roots_use(struct roots *roots, CURL *easy);

#endif
