/* Any bytes as what a developer gives for an SQS event, as it is and wrapped: refused with a
 * reason, or an event that is JSON. Corpus: tests/fuzz/corpus/fixture. */
#include "fixture.h"

#include "config.h"
#include "json.h"
#include "lookalike.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds)
        abort();
}

static void prepare(struct span text, const struct fixture_spec *spec)
{
    struct error err = {0};
    struct fixture *fixture = fixture_new(text, spec, &err);
    if (!fixture) {
        must(err.kind != ERROR_NONE && *err.text);
        return;
    }
    must(json_check(buffer_span(&fixture->event), NULL));
    for (size_t i = 0; i < fixture->count; i++) {
        const struct fixture_record *record = &fixture->records[i];
        must(!record->minted || record->token);
        must(!spec->flow || !record->flow || strcmp(record->flow, spec->flow) == 0);
    }
    fixture_free(fixture);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct mint *mint;
    struct span text = {(const char *)data, size};
    struct error err = {0};
    struct buffer event;
    if (!mint)
        mint = mint_new(&err);
    struct fixture_spec spec = {
        .mint = mint, .now_secs = 1771683517, .callback_url = "http://a.test"};
    prepare(text, &spec);
    spec.flow = "hello";
    spec.answers_url = "http://127.0.0.1:1";
    prepare(text, &spec);
    buffer_init(&event, 2 * CONFIG_PAYLOAD_MAX);
    if (lookalike_wrap(text, &event, &err))
        prepare(buffer_span(&event), &spec);
    else
        must(err.kind != ERROR_NONE && *err.text);
    buffer_release(&event);
    return 0;
}
