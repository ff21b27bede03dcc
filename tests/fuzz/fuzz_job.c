/* Any bytes as a record's body: refused with a reason, or a job that keeps job.h's promises.
 * Corpus: tests/fuzz/corpus/job. */
#include "job.h"
#include "json.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds)
        abort();
}

static void check_raw(struct span value, bool object)
{
    if (!value.at) {
        must(value.len == 0);
        return;
    }
    must(json_check(value, NULL));
    must(json_type(value) != JSON_NULL);
    must(!object || json_type(value) == JSON_OBJECT);
}

static void check_id(const char *id)
{
    must(id && strlen(id) <= JOB_ID_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct error err = {0};
    struct job *job = job_parse((struct span){(const char *)data, size}, &err);
    if (!job) {
        must(err.kind == ERROR_INPUT && *err.text);
        return 0;
    }
    check_id(job->job_id);
    check_id(job->run_id);
    check_id(job->app_id);
    check_id(job->board_id);
    check_id(job->node_id);
    check_id(job->user_id);
    must(job->executor_jwt && job->callback_url);
    check_raw(job->payload, false);
    check_raw(job->event, true);
    check_raw(job->runtime_variables, true);
    check_raw(job->user_context, false);
    check_raw(job->profile, false);
    must(!(job->event.at && job->event_unparsable));
    job_free(job);
    return 0;
}
