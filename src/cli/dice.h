/* dice: identifiers that look random and are the same for the same seed.
 *
 * SHA-256 of the seed and a count: for test data, not for secrets. */
#ifndef MOONMILL_CLI_DICE_H
#define MOONMILL_CLI_DICE_H

#include "uuid.h"

#include <stddef.h>
#include <stdint.h>

struct dice {
    uint64_t seed;
    uint64_t thrown;
};

/* A seed of the machine's. */
uint64_t dice_random_seed(void);

#define DICE_ID_SIZE 25 /* with the NUL */
/* 24 letters and digits, the first a letter, as the API's ids are (cuid2). */
void dice_id(struct dice *dice, char text[DICE_ID_SIZE]);
void dice_uuid(struct dice *dice, char text[UUID_SIZE]);

#define DICE_RECEIPT_SIZE 65 /* with the NUL */
/* Base64, as SQS's receipt handles are. */
void dice_receipt(struct dice *dice, char text[DICE_RECEIPT_SIZE]);

uint64_t dice_number(struct dice *dice);

#endif
