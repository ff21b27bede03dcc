/* hash: FNV-1a, for tables in memory; whoever chooses what is hashed can make two alike. */
#ifndef MOONMILL_HASH_H
#define MOONMILL_HASH_H

#include <stdint.h>

#define HASH_EMPTY UINT64_C(0xcbf29ce484222325)

/* With a byte, or a number as a whole, behind what was hashed so far. */
uint64_t hash_add(uint64_t hash, uint64_t value);
/* With the text and its NUL, so that two texts do not run together. */
uint64_t hash_text(uint64_t hash, const char *text);

#endif
