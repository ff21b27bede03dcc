/* diag: what went wrong, and one line about it.
 *
 * An error is filled once, where it happens: its kind says what the program does about it, its text
 * is for people and names the thing and the rule it broke. Modules return errors; only record,
 * batch, run and main log them. A secret never goes into either. */
#ifndef MOONMILL_DIAG_H
#define MOONMILL_DIAG_H

#include "clock.h"
#include "mem.h"

#include <stdbool.h>
#include <stdint.h>

/* kind, name in logs */
#define ERROR_KINDS(X)                                                                             \
    X(ERROR_NONE, "none")                                                                          \
    X(ERROR_INPUT, "input")             /* outside bytes broke a rule; again is no use */          \
    X(ERROR_TRUST, "trust")             /* a token does not prove what it claims */                \
    X(ERROR_KEY, "key")                 /* a fresh key set might change the answer */              \
    X(ERROR_UNAVAILABLE, "unavailable") /* somebody else did not answer; later may help */         \
    X(ERROR_MISSING, "missing")         /* the thing asked for does not exist */                   \
    X(ERROR_DENIED, "denied")           /* a rule of the operator forbids it */                    \
    X(ERROR_LIMIT, "limit")             /* over a maximum */                                       \
    X(ERROR_SYSTEM, "system")           /* the machine refused */

enum error_kind {
#define X(kind, name) kind,
    ERROR_KINDS(X)
#undef X
};

struct error {
    enum error_kind kind;
    char text[512];
};

/* Fills the error (which may be NULL) and returns false, so that a check is one statement. Control
 * bytes in the text become '?'; text over the size is cut at a character's edge. */
bool error_set(struct error *err, enum error_kind kind, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
const char *error_kind_name(enum error_kind kind);

/* Lambda's levels (AWS_LAMBDA_LOG_LEVEL). */
enum log_level { LOG_TRACE, LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR, LOG_FATAL };

/* Where lines go; passed down by main. Lines below level are dropped. */
struct log {
    const struct clock *clock;
    int fd;
    enum log_level level;
    bool json; /* one JSON object a line; else plain text */
};

struct log_field {
    const char *key;  /* NULL ends the list */
    const char *text; /* NULL: the number counts */
    int64_t number;
};

#define LOG_TEXT(key, text)     ((struct log_field){(key), (text) ? (text) : "", 0})
#define LOG_NUMBER(key, number) ((struct log_field){(key), NULL, (number)})

/* One line: timestamp, level, message, then the fields; written with one write(2). */
void log_fields(const struct log *log, enum log_level level, const char *message,
                const struct log_field *fields);
/* log_line(log, LOG_WARN, "what happened", LOG_TEXT("run_id", id), ...): at least one field. */
#define log_line(log, level, message, ...)                                                         \
    log_fields((log), (level), (message), (const struct log_field[]){__VA_ARGS__, {NULL, NULL, 0}})

#endif
