#include "player.h"

#include "difference.h"
#include "mem.h"
#include "stage.h"
#include "terminal.h"
#include "unwritten.h"

#include <curl/curl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define REQUEST_MAX (16 * 1024 * 1024)
#define LINES_MAX   60
#define URL_SHOWN   500

struct player {
    struct cassette *cassette;
    struct stage *stage;
    size_t apart;
};

static void say(const char *what, const char *method, const char *url)
{
    fprintf(stderr, "moonmill replay: %s: ", what);
    terminal_put(stderr, span_of(method), URL_SHOWN);
    fputc(' ', stderr);
    terminal_put(stderr, span_of(url), URL_SHOWN);
    fputc('\n', stderr);
}

static void show_difference(struct player *player, const struct exchange *exchange,
                            const char *method, const char *url, struct span body)
{
    struct buffer recorded, asked;
    buffer_init(&recorded, REQUEST_MAX);
    buffer_init(&asked, REQUEST_MAX);
    cassette_put_request(&recorded, exchange->method, exchange->url, buffer_span(&exchange->body));
    cassette_put_request(&asked, method, url, body);
    say("not the request that was recorded", method, url);
    difference_print(stderr, buffer_span(&recorded), buffer_span(&asked), LINES_MAX,
                     terminal_colours(STDERR_FILENO));
    player->apart++;
    buffer_release(&recorded);
    buffer_release(&asked);
}

static void play(struct exchange *exchange, struct stage_call *call)
{
    const cJSON *header;
    exchange->used = true;
    cJSON_ArrayForEach(header, exchange->headers)
        stage_add_header(call, header->string, header->valuestring);
    if (exchange->status == 0)
        stage_add_header(call, "X-Moonmill-Error", exchange->error);
    stage_say(call, exchange->status ? exchange->status : 502, buffer_span(&exchange->content));
}

/* As the recorder has written it, when a secret is in it. */
static char *plain_url(const char *url)
{
    int len = 0;
    char *plain = strstr(url, "secret%3A") ? curl_easy_unescape(NULL, url, 0, &len) : NULL;
    char *copy = plain ? mem_string((struct span){plain, (size_t)len}) : mem_copy(url);
    curl_free(plain);
    unwritten_spell(copy, strlen(copy));
    return copy;
}

static void on_request(void *arg, struct stage_call *call, const struct stage_request *request)
{
    struct player *player = arg;
    const char *asked = stage_header(call, "X-Moonmill-Url");
    char *url = plain_url(asked ? asked : request->path);
    char *bytes = mem_string(request->body);
    struct span body = {bytes, request->body.len};
    unwritten_spell(bytes, body.len);
    bool same = false;
    struct exchange *exchange = cassette_find(player->cassette, request->method, url, body, &same);
    if (!exchange) {
        say("not recorded", request->method, url);
        player->apart++;
        stage_add_header(call, "X-Moonmill-Error", "net.connect the recording has no such request");
        stage_say(call, 502, span_of(""));
    } else {
        if (!same)
            show_difference(player, exchange, request->method, url, body);
        play(exchange, call);
    }
    mem_free(bytes);
    mem_free(url);
}

struct player *player_open(struct loop *loop, struct cassette *cassette, struct error *err)
{
    struct player *player = mem_new(sizeof *player);
    player->cassette = cassette;
    player->stage = stage_open(loop, 0, on_request, player, err);
    if (player->stage)
        return player;
    mem_free(player);
    return NULL;
}

void player_close(struct player *player)
{
    if (!player)
        return;
    stage_close(player->stage);
    mem_free(player);
}

int player_port(const struct player *player)
{
    return stage_port(player->stage);
}

size_t player_end(struct player *player)
{
    for (struct exchange *each = cassette_first(player->cassette); each; each = each->next) {
        if (each->used)
            continue;
        say("recorded, and not asked for", each->method, each->url);
        player->apart++;
    }
    return player->apart;
}
