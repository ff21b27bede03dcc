#include "dice.h"

#include <openssl/evp.h>
#include <openssl/rand.h>
#include <string.h>

#define THROW_SIZE 32

static void throw(struct dice * dice, unsigned char bytes[THROW_SIZE])
{
    uint64_t both[2] = {dice->seed, dice->thrown++};
    EVP_Digest(both, sizeof both, bytes, NULL, EVP_sha256(), NULL);
}

uint64_t dice_random_seed(void)
{
    uint64_t seed = 0;
    RAND_bytes((unsigned char *)&seed, sizeof seed);
    return seed;
}

void dice_id(struct dice *dice, char text[DICE_ID_SIZE])
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789";
    unsigned char bytes[THROW_SIZE];
    throw(dice, bytes);
    for (size_t i = 0; i < DICE_ID_SIZE - 1; i++)
        text[i] = letters[bytes[i] % (i ? 36 : 26)];
    text[DICE_ID_SIZE - 1] = '\0';
}

void dice_uuid(struct dice *dice, char text[UUID_SIZE])
{
    unsigned char bytes[THROW_SIZE];
    throw(dice, bytes);
    uuid_of(bytes, text);
}

void dice_receipt(struct dice *dice, char text[DICE_RECEIPT_SIZE])
{
    unsigned char bytes[2 * THROW_SIZE];
    throw(dice, bytes);
    throw(dice, bytes + THROW_SIZE);
    EVP_EncodeBlock((unsigned char *)text, bytes, (DICE_RECEIPT_SIZE - 1) / 4 * 3);
}

uint64_t dice_number(struct dice *dice)
{
    unsigned char bytes[THROW_SIZE];
    uint64_t number;
    throw(dice, bytes);
    memcpy(&number, bytes, sizeof number);
    return number;
}
