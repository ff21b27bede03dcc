#include "piece.h"

bool piece_next(struct span *text, struct span *piece)
{
    size_t len = 1;
    if (!text->len)
        return false;
    if (*text->at == '"') {
        while (len < text->len && text->at[len] != '"')
            len += text->at[len] == '\\' ? 2 : 1;
        len = len < text->len ? len + 1 : text->len;
    }
    *piece = (struct span){text->at, len};
    *text = (struct span){text->at + len, text->len - len};
    return true;
}
