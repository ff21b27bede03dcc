/* lies: what a liar (liar.h) may say that no worker says: one function a lie, and the table of what
 * must come of each in each state. */
#ifndef MOONMILL_RIG_LIES_H
#define MOONMILL_RIG_LIES_H

#include "liar.h"
#include "wire.h"

/* A span of a literal, as an initializer. */
// clang-format off
#define TEXT(text) {text, sizeof(text) - 1}
// clang-format on

struct liar {
    uint64_t chance;
    struct liar_plan plan;
    struct buffer in;
    struct buffer out;
};

struct lie {
    void (*tell)(struct liar *liar);
    const char *name;
    enum liar_fate fates[LIAR_STATES];
};
extern const struct lie lies[];
extern const size_t lies_count;

/* A number from 0 to below count. */
uint64_t liar_choose(struct liar *liar, uint64_t count);
/* Sends these bytes, or ends when nobody takes them. */
void liar_send(const char *at, size_t len);
/* Sends what was put: whole, in two pieces, or byte by byte. */
void liar_say(struct liar *liar);
/* Puts a frame of that kind with nothing wrong in it. */
void liar_put_right(struct liar *liar, enum wire_kind kind);

/* Frames as no writer writes them: their parts. put_head: the six bytes that say what follows. */
void liar_put_head(struct liar *liar, size_t length, uint64_t kind, uint64_t count);
void liar_put_field(struct liar *liar, struct span field);
void liar_put_u32(struct liar *liar, size_t value);
void liar_put_byte(struct liar *liar, uint64_t value);

#endif
