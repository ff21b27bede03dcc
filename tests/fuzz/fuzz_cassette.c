/* Any bytes as a recording: refused with a reason, or written as a text that is read to the same
 * text, with each of its requests found again. Corpus: tests/fuzz/corpus/cassette. */
#include "cassette.h"

#include "json.h"

#include <stdint.h>
#include <stdlib.h>

#define TEXT_MAX (64 * 1024 * 1024)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds)
        abort();
}

static void find_all(struct cassette *cassette)
{
    struct buffer request;
    buffer_init(&request, TEXT_MAX);
    for (struct exchange *each = cassette_first(cassette); each; each = each->next) {
        struct span body = buffer_span(&each->body);
        bool same = false;
        must(cassette_find(cassette, each->method, each->url, body, &same) == each && same);
        each->used = true;
        must(cassette_put_request(&request, each->method, each->url, body));
    }
    buffer_release(&request);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct error err = {0};
    struct buffer first, again;
    struct cassette *cassette = cassette_read((struct span){(const char *)data, size}, &err);
    if (!cassette) {
        must(err.kind == ERROR_INPUT && *err.text);
        return 0;
    }
    buffer_init(&first, TEXT_MAX);
    buffer_init(&again, TEXT_MAX);
    must(cassette_put(cassette, &first));
    find_all(cassette);
    cassette_free(cassette);
    cassette = cassette_read(buffer_span(&first), &err);
    must(cassette && cassette_put(cassette, &again));
    must(span_equal(buffer_span(&first), buffer_span(&again)));
    cassette_free(cassette);
    buffer_release(&first);
    buffer_release(&again);
    return 0;
}
