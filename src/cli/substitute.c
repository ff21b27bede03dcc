#include "substitute.h"

#include <string.h>

bool substitute(struct buffer *out, struct span text, const char *what, const char *with)
{
    const char *found;
    size_t len = what && with ? strlen(what) : 0;
    while (len && text.len && (found = memmem(text.at, text.len, what, len))) {
        size_t before = (size_t)(found - text.at);
        if (!buffer_add(out, (struct span){text.at, before}) || !buffer_text(out, with))
            return false;
        text = (struct span){found + len, text.len - before - len};
    }
    return buffer_add(out, text);
}
