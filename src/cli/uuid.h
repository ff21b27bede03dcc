/* uuid: random identifiers, as Lambda and SQS make them (RFC 9562, version 4). */
#ifndef MOONMILL_CLI_UUID_H
#define MOONMILL_CLI_UUID_H

#define UUID_SIZE 37 /* with the NUL */

void uuid_make(char text[UUID_SIZE]);

#endif
