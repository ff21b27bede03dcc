#include "member.h"

#include "json.h"

bool member_put(struct buffer *out, const char *before, const char *text)
{
    bool good = text && json_is_utf8(span_of(text));
    return buffer_text(out, before) &&
           (good ? json_put_string(out, span_of(text)) : buffer_text(out, "null"));
}
