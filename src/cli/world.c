#include "world.h"

#include "answers.h"
#include "cassette.h"
#include "config.h"
#include "json.h"
#include "player.h"
#include "recorder.h"
#include "unwritten.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct world {
    struct buffer text; /* of a file that it plays */
    struct answers *answers;
    struct cassette *cassette;
    struct player *player;
    struct config config;
    struct unwritten *unwritten;
    struct recorder *recorder;
    int fd; /* of the recording's file; -1: none */
};

static bool open_answers(struct world *world, struct loop *loop, const char *file,
                         struct error *err)
{
    return fixture_load(file, &world->text, err) &&
           (world->answers = answers_open(loop, buffer_span(&world->text), err));
}

static bool open_player(struct world *world, struct loop *loop, const char *file, struct error *err)
{
    return fixture_load(file, &world->text, err) &&
           (world->cassette = cassette_read(buffer_span(&world->text), err)) &&
           (world->player = player_open(loop, world->cassette, err));
}

static bool open_recorder(struct world *world, struct loop *loop, const struct world_spec *spec,
                          struct error *err)
{
    struct config_warnings warnings;
    char runtime_api[32];
    world->fd = open(spec->record, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (world->fd < 0)
        return error_set(err, ERROR_SYSTEM, "%s", strerror(errno));
    config_read(&world->config, (const char *const *)environ, &warnings);
    snprintf(runtime_api, sizeof runtime_api, "127.0.0.1:%d", spec->lambda_port);
    mem_free(world->config.runtime_api);
    world->config.runtime_api = mem_copy(runtime_api);
    world->cassette = cassette_new();
    world->unwritten = unwritten_new(&world->config, loop_wall_ms(loop));
    world->recorder = recorder_open(loop, &world->config, world->unwritten, world->cassette, err);
    return world->recorder != NULL;
}

struct world *world_open(struct loop *loop, const struct world_spec *spec, const char **file,
                         struct error *err)
{
    struct world *world = mem_new(sizeof *world);
    bool good = true;
    world->fd = -1;
    *file = spec->answers ? spec->answers : spec->mock ? spec->mock : spec->record;
    buffer_init(&world->text, CASSETTE_MAX);
    if (spec->answers)
        good = open_answers(world, loop, spec->answers, err);
    else if (spec->mock)
        good = open_player(world, loop, spec->mock, err);
    else if (spec->record)
        good = open_recorder(world, loop, spec, err);
    if (good)
        return world;
    world_close(world);
    return NULL;
}

void world_close(struct world *world)
{
    if (!world)
        return;
    answers_close(world->answers);
    player_close(world->player);
    recorder_close(world->recorder);
    unwritten_free(world->unwritten);
    cassette_free(world->cassette);
    config_release(&world->config);
    buffer_release(&world->text);
    if (world->fd >= 0)
        close(world->fd);
    mem_free(world);
}

/* The bodies of the event, as the runtime gets them. */
void world_hide(struct world *world, const struct fixture *fixture)
{
    static const char *const names[] = {"Records"}, *const body_name[] = {"body"};
    struct span records = {NULL, 0}, element, body;
    json_pick(buffer_span(&fixture->event), names, &records, 1, NULL);
    while (world->unwritten && records.at && json_next(&records, &element)) {
        struct buffer text;
        buffer_init(&text, CONFIG_PAYLOAD_MAX);
        if (json_type(element) == JSON_OBJECT && json_pick(element, body_name, &body, 1, NULL) &&
            body.at && json_type(body) == JSON_STRING && json_decode(body, &text, NULL))
            unwritten_add(world->unwritten, buffer_span(&text));
        if (text.data)
            mem_wipe(text.data, text.len);
        buffer_release(&text);
    }
}

int world_port(const struct world *world)
{
    return world->answers    ? answers_port(world->answers)
           : world->player   ? player_port(world->player)
           : world->recorder ? recorder_port(world->recorder)
                             : 0;
}

bool world_is_scripted(const struct world *world)
{
    return world->answers != NULL;
}

bool world_is_real(const struct world *world)
{
    return world->recorder != NULL;
}

bool world_is_whole(const struct world *world)
{
    return world->player || world->recorder;
}

static bool write_all(int fd, struct span bytes, struct error *err)
{
    while (bytes.len > 0) {
        ssize_t n = write(fd, bytes.at, bytes.len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return error_set(err, ERROR_SYSTEM, "%s", strerror(errno));
        bytes.at += n;
        bytes.len -= (size_t)n;
    }
    return true;
}

static bool write_recording(struct world *world, struct error *err)
{
    struct buffer text;
    buffer_init(&text, 2 * CASSETTE_MAX);
    bool good = cassette_put(world->cassette, &text) ||
                error_set(err, ERROR_LIMIT, "the recording is over %zu bytes", text.max);
    good = good && write_all(world->fd, buffer_span(&text), err);
    if (good && ftruncate(world->fd, (off_t)text.len) != 0 && errno != EINVAL) /* a device */
        good = error_set(err, ERROR_SYSTEM, "%s", strerror(errno));
    good =
        (close(world->fd) == 0 || !good || error_set(err, ERROR_SYSTEM, "%s", strerror(errno))) &&
        good;
    world->fd = -1;
    buffer_release(&text);
    return good;
}

bool world_end(struct world *world, size_t *apart, struct error *err)
{
    *apart = world->player ? player_end(world->player) : 0;
    return !world->recorder || write_recording(world, err);
}
