/* Frames from a socket: wire_read, and every reader of a message. What a reader took must come back
 * from its writer byte for byte. */
#include "wire.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static void same(const struct buffer *out, struct span frame)
{
    if (!span_equal(buffer_span(out), frame))
        abort();
}

#define TRY(message)                                                                               \
    {                                                                                              \
        struct wire_##message message;                                                             \
        buffer_clear(&out);                                                                        \
        if (wire_get_##message(frame, &message, &err)) {                                           \
            if (!wire_put_##message(&out, &message))                                               \
                abort();                                                                           \
            same(&out, bytes);                                                                     \
        }                                                                                          \
    }

static void try_all(const struct wire_frame *frame, struct span bytes)
{
    struct error err;
    struct buffer out;
    buffer_init(&out, WIRE_FRAME_MAX);
    TRY(load)
    TRY(start)
    TRY(reply)
    TRY(ready)
    TRY(described)
    TRY(event)
    TRY(progress)
    TRY(request)
    TRY(fetch)
    TRY(abandon)
    TRY(outcome)
    buffer_release(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span bytes = {(const char *)data, size};
    struct wire_frame frame;
    struct error err;
    size_t used;
    while (wire_read(bytes, &frame, &used, &err) == WIRE_WHOLE) {
        try_all(&frame, (struct span){bytes.at, used});
        bytes = (struct span){bytes.at + used, bytes.len - used};
    }
    return 0;
}
