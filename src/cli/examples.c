#include "examples.h"

#include "config.h"
#include "fixture.h"
#include "job.h"
#include "json.h"
#include "lookalike.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ENDING    ".json"
#define TEXTS_MAX (16 * 1024 * 1024)
#define SHOWN_MAX 20 /* of one flow */

struct example {
    char *flow;
    char *name; /* of its file, without the ending */
    struct buffer payload;
    struct example *next;
};

struct examples {
    struct example *first, **last;
    bool scripted;
    size_t left; /* bytes of payloads that may still come */
};

/* --- reading --------------------------------------------------------------------------------- */

static bool wants_script(struct span payload)
{
    return memmem(payload.at, payload.len, FIXTURE_ANSWERS, strlen(FIXTURE_ANSWERS)) != NULL;
}

static void add(struct examples *examples, struct span job, struct span name)
{
    static const char *const keys[] = {"board_id", "payload"};
    struct span values[2];
    if (!json_check(job, NULL) || json_type(job) != JSON_OBJECT ||
        !json_pick(job, keys, values, 2, NULL) || !values[0].at || !values[1].at ||
        values[1].len > examples->left || (!examples->scripted && wants_script(values[1])))
        return;
    char *flow = json_string(values[0], JOB_ID_MAX, NULL);
    if (!flow)
        return;
    struct example *example = mem_new(sizeof *example);
    *example = (struct example){.flow = flow, .name = mem_string(name)};
    buffer_init(&example->payload, values[1].len);
    buffer_add(&example->payload, values[1]);
    examples->left -= values[1].len;
    *examples->last = example;
    examples->last = &example->next;
}

static void add_records(struct examples *examples, struct span event, struct span name)
{
    static const char *const records_key[] = {"Records"}, *const body_key[] = {"body"};
    struct span records, record, body;
    json_pick(event, records_key, &records, 1, NULL);
    while (json_next(&records, &record)) {
        struct buffer job;
        buffer_init(&job, JOB_BODY_MAX);
        if (json_type(record) == JSON_OBJECT && json_pick(record, body_key, &body, 1, NULL) &&
            body.at && json_type(body) == JSON_STRING && json_decode(body, &job, NULL))
            add(examples, buffer_span(&job), name);
        buffer_release(&job);
    }
}

static void add_file(struct examples *examples, const char *folder, const char *file)
{
    struct span name = {file, strlen(file) - strlen(ENDING)};
    char path[PATH_MAX];
    struct buffer text, event;
    struct error err;
    buffer_init(&text, CONFIG_PAYLOAD_MAX);
    buffer_init(&event, 2 * CONFIG_PAYLOAD_MAX);
    snprintf(path, sizeof path, "%s/%s", folder, file);
    if (fixture_load(path, &text, &err) && lookalike_wrap(buffer_span(&text), &event, &err))
        add_records(examples, buffer_span(&event), name);
    buffer_release(&text);
    buffer_release(&event);
}

static int is_example(const struct dirent *entry)
{
    size_t len = strlen(entry->d_name), ending = strlen(ENDING);
    return *entry->d_name != '.' && len > ending && json_is_utf8(span_of(entry->d_name)) &&
           strcmp(entry->d_name + len - ending, ENDING) == 0;
}

struct examples *examples_read(const char *folder, bool scripted)
{
    struct examples *examples = mem_new(sizeof *examples);
    struct dirent **entries;
    *examples =
        (struct examples){.last = &examples->first, .scripted = scripted, .left = TEXTS_MAX};
    int count = scandir(folder, &entries, is_example, alphasort);
    for (int i = 0; i < count; i++) {
        add_file(examples, folder, entries[i]->d_name);
        free(entries[i]);
    }
    if (count >= 0)
        free(entries);
    return examples;
}

void examples_free(struct examples *examples)
{
    while (examples && examples->first) {
        struct example *gone = examples->first;
        examples->first = gone->next;
        mem_free(gone->flow);
        mem_free(gone->name);
        buffer_release(&gone->payload);
        mem_free(gone);
    }
    mem_free(examples);
}

/* --- telling --------------------------------------------------------------------------------- */

void examples_put(const struct examples *examples, const char *flow, struct buffer *out)
{
    const char *file = "";
    size_t count = 0, number = 0; /* of all, of those in the file */
    buffer_text(out, "[");
    for (const struct example *each = examples->first; each; each = each->next) {
        char name[NAME_MAX + 32];
        if (strcmp(each->flow, flow) != 0 || count == SHOWN_MAX)
            continue;
        number = strcmp(each->name, file) == 0 ? number + 1 : 1;
        file = each->name;
        if (number > 1)
            snprintf(name, sizeof name, "%s %zu", file, number);
        else
            snprintf(name, sizeof name, "%s", file);
        buffer_text(out, count++ ? ",{\"name\":" : "{\"name\":");
        json_put_string(out, span_of(name));
        buffer_text(out, ",\"payload\":");
        json_put_string(out, buffer_span(&each->payload));
        buffer_text(out, "}");
    }
    buffer_text(out, "]");
}
