/* tally: what became of the tests: shown while they run, counted, listed for whoever writes them
 * elsewhere.
 *
 * As lines for people, failures in full at the end; or as TAP 13; or not at all. What a spec made
 * is made harmless for a terminal before it is printed. */
#ifndef MOONMILL_CLI_TALLY_H
#define MOONMILL_CLI_TALLY_H

#include "mem.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum tally_status { TALLY_PASSED, TALLY_FAILED, TALLY_PENDING, TALLY_STATUSES };

struct tally_test {
    char *spec;    /* the spec file's path */
    char **blocks; /* names of the describe blocks around it, outermost first */
    size_t depth;
    char *name;
    enum tally_status status;
    int64_t ms;
    char *file;    /* where it failed, else where it stands; "" unknown */
    int64_t line;  /* 0 unknown */
    char *message; /* failed or pending: why, one line or more */
};
/* Frees what a test holds; not the struct. */
void tally_test_release(struct tally_test *test);

struct tally;

struct tally_style {
    bool tap;
    bool silent; /* what a spec prints goes to stderr, nothing else is said */
    bool colour;
};

struct tally *tally_new(const struct tally_style *style);
/* Accepts NULL. */
void tally_free(struct tally *tally);

/* The next tests are this spec file's. */
void tally_file(struct tally *tally, const char *spec);
/* Takes over what the test holds. */
void tally_add(struct tally *tally, struct tally_test *test);
/* What a spec prints, a line at a time. */
void tally_print(struct tally *tally, struct span text);
/* The tests end here for another reason, which was said on stderr. */
void tally_abandon(struct tally *tally);
/* Failures in full, and the line that counts; ms: how long all of it took. */
void tally_end(struct tally *tally, int64_t ms);

size_t tally_count(const struct tally *tally, enum tally_status status);
/* All tests in the order in which they ended; *count of them. */
const struct tally_test *tally_tests(const struct tally *tally, size_t *count);

#endif
