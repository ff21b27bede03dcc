/* attack: a flow file of tests/hostile and what its first lines say of how it ends.
 *
 *   -- expect: limit.memory at work line 5
 *   -- One sentence: what the attack is.
 *   -- set: EXECUTOR_EVENT_LIMIT_KB=16
 *   -- then: peek
 *
 * An ending is `completed`, with the JSON of the output behind it when it is known, or an error's
 * code, with what is known of its step, its line and its message:
 *   CODE [at STEP] [line N] [saying "WORDS"]
 * Alternatives stand between bars. `set` (any number of lines) gives the file a house of its own;
 * `then` names a file of the folder next/, which runs after it, for the same app, on the same
 * worker. A file without an expectation, or with one that does not parse, fails the test. */
#ifndef MOONMILL_RIG_ATTACK_H
#define MOONMILL_RIG_ATTACK_H

#include "house.h"

#define ATTACK_NAME_MAX     48
#define ATTACK_ENDINGS_MAX  4
#define ATTACK_SETTINGS_MAX 8

struct attack_ending {
    char code[48]; /* "completed", or an error's */
    char step[64]; /* "": not said */
    char words[160];
    char output[512];
    int line; /* 0: not said */
};

struct attack {
    char name[ATTACK_NAME_MAX]; /* the file's, without .lua; also the run's id and the flow's */
    char *source;
    struct attack_ending endings[ATTACK_ENDINGS_MAX];
    size_t ending_count;
    char settings[ATTACK_SETTINGS_MAX][96]; /* "NAME=value" */
    size_t setting_count;
    struct attack *next;
};

/* Reads folder/<name>.lua, and next/ with it; fails the test when the file says too little. */
struct attack *attack_read(const char *folder, const char *name);
void attack_free(struct attack *attack);

/* Whether the run ended as the file says, told once to the API; or why not. */
bool attack_judge(const struct attack *attack, struct house *house, char *why, size_t size);

#endif
