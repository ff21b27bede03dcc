#include "gauntlet.h"

#include "attack.h"
#include "offspring.h"

// clang-format off
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
// clang-format on
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define FILES_MAX      256
#define BATCH_MAX      8 /* attacks of one batch */
#define BATCH_LIMIT_MS 120000
#define DYING_TRIES    250 /* of 20 ms each, for a killed worker to be gone */

static const char *const good_flow =
    "return flow \"good\" {\n"
    "  task \"words\" (function(s, ctx) ctx.emit(\"toast\", { n = 1 }) return { \"a\", \"b\" } "
    "end),\n"
    "  wait \"moment\" \"30ms\",\n"
    "  map \"twice\" { over = function(s) return s.words end,\n"
    "                 task \"double\" (function(s) return s.item .. s.item end) },\n"
    "  task \"all\" (function(s)\n"
    "    return { table.concat(s.twice, \",\"), 9007199254740993, ([[x]]):rep(3) } end) }\n";
static const char *const good_events = "log {\"message\":\"Execution started\"}\n"
                                       "toast {\"n\":1}\n"
                                       "output [\"aa,bb\",9007199254740993,\"xxx\"]\n"
                                       "log {\"message\":\"Execution completed\"}\n";

/* One house at a time; static, because it is large. */
static struct house house;

/* --- the files -------------------------------------------------------------------------------- */

static int is_flow_file(const struct dirent *entry)
{
    size_t len = strlen(entry->d_name);
    return len > 4 && strcmp(entry->d_name + len - 4, ".lua") == 0;
}

static size_t read_folder(const struct gauntlet *gauntlet, struct attack **attacks)
{
    struct dirent **entries;
    int count = scandir(gauntlet->folder, &entries, is_flow_file, alphasort);
    size_t used = 0;
    assert_in_range(count, 1, FILES_MAX);
    for (int i = 0; i < count; i++) {
        entries[i]->d_name[strlen(entries[i]->d_name) - 4] = '\0';
        if (!gauntlet->only || strcmp(gauntlet->only, entries[i]->d_name) == 0)
            attacks[used++] = attack_read(gauntlet->folder, entries[i]->d_name);
        free(entries[i]);
    }
    free(entries);
    if (used == 0)
        fail_msg("no file %s in %s", gauntlet->only, gauntlet->folder);
    return used;
}

/* Modules that attacks require. */
static void put_modules(const struct gauntlet *gauntlet)
{
    char folder[256];
    struct dirent **entries;
    snprintf(folder, sizeof folder, "%s/lib", gauntlet->folder);
    int count = scandir(folder, &entries, is_flow_file, alphasort);
    for (int i = 0; i < count; i++) {
        char path[512], name[300], source[4096] = "";
        snprintf(path, sizeof path, "%s/%s", folder, entries[i]->d_name);
        FILE *file = fopen(path, "r");
        assert_non_null(file);
        assert_true(fread(source, 1, sizeof source - 1, file) > 0);
        fclose(file);
        snprintf(name, sizeof name, "lib/%.*s", (int)strlen(entries[i]->d_name) - 4,
                 entries[i]->d_name);
        house_flow(&house, name, source);
        free(entries[i]);
    }
    if (count >= 0)
        free(entries);
}

/* --- one batch -------------------------------------------------------------------------------- */

static struct jobs_record job_of(const struct attack *attack, const char *payload)
{
    house_flow(&house, attack->name, attack->source);
    return (struct jobs_record){.run = attack->name, .flow = attack->name, .payload = payload};
}

static size_t check_good(const char *run, const char *beside)
{
    char *events = house_events(&house, run);
    bool good = strcmp(events, good_events) == 0 && house_count(&house, run, HOUSE_TERMINAL) == 1 &&
                strstr(house_last(&house, run, HOUSE_TERMINAL), "\"completed\"");
    if (!good)
        print_error("DISTURBED %s, beside %s: %s\n", run, beside, events);
    mem_free(events);
    return !good;
}

static size_t judge(const struct attack *attack)
{
    char why[1024];
    if (attack_judge(attack, &house, why, sizeof why))
        return 0;
    print_error("FAILED %s: %s\n", attack->name, why);
    return 1;
}

/* The attacks between two good records, all of one app. Each is told the port of the API's server,
 * which it must not reach. */
static size_t run_batch(struct attack *const *attacks, size_t count, unsigned number)
{
    struct jobs_record jobs[2 * BATCH_MAX + 2];
    char before[32], after[32], payload[64];
    size_t used = 0, failures = 0;
    snprintf(before, sizeof before, "good-%u-before", number);
    snprintf(after, sizeof after, "good-%u-after", number);
    snprintf(payload, sizeof payload, "{\"port\":%d}", server_port(house.server));
    jobs[used++] = (struct jobs_record){.run = before, .flow = "good"};
    for (size_t i = 0; i < count; i++)
        for (const struct attack *at = attacks[i]; at; at = at->next)
            jobs[used++] = job_of(at, payload);
    jobs[used++] = (struct jobs_record){.run = after, .flow = "good"};

    char *event = house_event(&house, jobs, used);
    const char *response = house_run(&house, event, 0, BATCH_LIMIT_MS);
    mem_free(event);
    if (strcmp(response, "{\"batchItemFailures\":[]}") != 0) {
        print_error("FAILED the batch beside %s: %s\n", attacks[0]->name, response);
        failures++;
    }
    for (size_t i = 0; i < count; i++)
        for (const struct attack *at = attacks[i]; at; at = at->next)
            failures += judge(at);
    return failures + check_good(before, attacks[0]->name) + check_good(after, attacks[0]->name);
}

/* --- houses ----------------------------------------------------------------------------------- */

static void open_house(const struct gauntlet *gauntlet, const struct attack *attack)
{
    const char *environment[32];
    size_t count = 0;
    for (; gauntlet->environment[count]; count++)
        environment[count] = gauntlet->environment[count];
    for (size_t i = 0; attack && i < attack->setting_count; i++)
        environment[count++] = attack->settings[i];
    if (attack && attack->next)
        environment[count++] = "EXECUTOR_CONCURRENCY=1";
    environment[count] = NULL;
    house_start(&house, environment);
    house_flow(&house, "good", good_flow);
    put_modules(gauntlet);
}

/* Nobody but the supervisor came to the API's server, and workers are confined as far as said. */
static size_t close_house(const struct gauntlet *gauntlet)
{
    char wanted[160];
    size_t failures = 0;
    snprintf(wanted, sizeof wanted, "\"by\":\"%s\"", gauntlet->layers ? gauntlet->layers : "");
    if (gauntlet->layers && !house_logged(&house, wanted)) {
        print_error("FAILED: workers are not confined by \"%s\"\n", gauntlet->layers);
        failures++;
    }
    for (size_t i = 0; i < house.push_count; i++) {
        if (house.pushes[i].run[0])
            continue;
        print_error("FAILED: a flow reached the API's server: %.200s\n", house.pushes[i].body);
        failures++;
    }
    house_stop(&house);
    return failures;
}

static bool is_alone(const struct attack *attack)
{
    return attack->setting_count || attack->next;
}

static size_t run_together(struct gauntlet *gauntlet, struct attack *const *attacks, size_t count)
{
    struct attack *batch[BATCH_MAX];
    size_t used = 0, failures = 0;
    unsigned number = 0;
    open_house(gauntlet, NULL);
    for (size_t i = 0; i < count; i++) {
        if (!is_alone(attacks[i]))
            batch[used++] = attacks[i];
        if (used == BATCH_MAX || (used && i == count - 1)) {
            failures += run_batch(batch, used, ++number);
            used = 0;
        }
    }
    return failures + close_house(gauntlet);
}

static size_t run_alone(struct gauntlet *gauntlet, struct attack *attack)
{
    open_house(gauntlet, attack);
    size_t failures = run_batch(&attack, 1, 1);
    return failures + close_house(gauntlet);
}

/* --- what is left ----------------------------------------------------------------------------- */

static size_t count_descriptors(void)
{
    DIR *folder = opendir("/proc/self/fd");
    size_t count = 0;
    assert_non_null(folder);
    while (readdir(folder))
        count++;
    closedir(folder);
    return count;
}

static size_t count_left_children(void)
{
    size_t children = offspring_count();
    for (int tries = 0; children > 0 && tries < DYING_TRIES; tries++) {
        nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
        children = offspring_count();
    }
    return children;
}

/* --- the whole -------------------------------------------------------------------------------- */

static size_t look_for_leaks(size_t descriptors_before)
{
    size_t children = count_left_children(), descriptors = count_descriptors();
    if (children)
        print_error("FAILED: %zu workers are left behind\n", children);
    if (descriptors != descriptors_before)
        print_error("FAILED: %zu descriptors are open, there were %zu\n", descriptors,
                    descriptors_before);
    return (children > 0) + (descriptors != descriptors_before);
}

size_t gauntlet_run(struct gauntlet *gauntlet)
{
    struct attack *attacks[FILES_MAX];
    size_t descriptors = count_descriptors(), failures = 0;
    size_t count = read_folder(gauntlet, attacks);
    bool together = false;
    for (size_t i = 0; i < count; i++) {
        gauntlet->runs += attacks[i]->next ? 2 : 1;
        together = together || !is_alone(attacks[i]);
    }
    if (together)
        failures += run_together(gauntlet, attacks, count);
    for (size_t i = 0; i < count; i++)
        if (is_alone(attacks[i]))
            failures += run_alone(gauntlet, attacks[i]);
    failures += look_for_leaks(descriptors);
    for (size_t i = 0; i < count; i++)
        attack_free(attacks[i]);
    return failures;
}
