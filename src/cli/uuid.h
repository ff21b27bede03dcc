/* uuid: random identifiers, as Lambda and SQS make them (RFC 9562, version 4). */
#ifndef MOONMILL_CLI_UUID_H
#define MOONMILL_CLI_UUID_H

#define UUID_SIZE  37 /* with the NUL */
#define UUID_BYTES 16

void uuid_make(char text[UUID_SIZE]);
/* The one that is made of these random bytes. */
void uuid_of(const unsigned char bytes[UUID_BYTES], char text[UUID_SIZE]);

#endif
