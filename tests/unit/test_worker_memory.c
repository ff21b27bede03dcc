/* No secret is in a worker: a run that uses every kind of them, whose answers bring them all back,
 * is looked at while it lives; so is every event and log line. */
#include "house.h"
#include "mint.h"
#include "offspring.h"
#include "redact.h"
#include "site.h"

// clang-format off
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
// clang-format on
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MARKER "marker-that-the-payload-brings"
#define SECRET "operators-secret-4711"
#define OAUTH  "oauth-access-token-0815"
#define HIDDEN "hidden-variable"
/* "hidden-variable" */
#define HIDDEN_BYTES "[34,104,105,100,100,101,110,45,118,97,114,105,97,98,108,101,34]"

#define REGION_MAX ((size_t)1 << 26) /* larger ones are a sanitizer's */
#define CHUNK      ((size_t)1 << 20)
#define OVERLAP    ((size_t)8192)

static struct house house;
static struct redactor *secrets; /* what must not be found */
static char *token;              /* the run's own */

struct look {
    struct loop_timer timer;
    size_t workers, regions;
    bool marker;
    char found[512];
};

/* --- the run ------------------------------------------------------------------------------------
 */

static const char source[] =
    "return flow \"f\" { vars = { hidden = { secret = true, runtime = true, id = \"v1\" } },\n"
    "task \"t\" (function(s, ctx)\n"
    "  local all = ctx.secret \"k\" .. \"|\" .. ctx.secret \"oauth.mail\" .. \"|\" .. "
    "ctx.vars.hidden\n"
    "  local url, kept = s.input.url, {}\n"
    "  for _, sent in ipairs { all, ctx.base64.encode(\"x\" .. all), ctx.hex.encode(all) } do\n"
    "    local reply = ctx.http.post(url, { body = sent, headers = { authorization = sent } })\n"
    "    kept[#kept + 1] = reply.body\n"
    "    ctx.log(reply.body)\n"
    "  end\n"
    "  kept[#kept + 1] = ctx.http.get(url .. \"?q=\" .. all).body\n"
    "  local _, why = pcall(ctx.http.get, url .. \"?q=\" .. ctx.secret \"api\")\n"
    "  ctx.log(why.message)\n"
    "  ctx.emit(\"toast\", { message = s.input.marker })\n"
    "  ctx.sleep \"2s\"\n"
    "  return kept end) }\n";

static char *make_body(const char *echo)
{
    char url[128];
    struct buffer body;
    snprintf(url, sizeof url, "%s/r/r1", server_url(house.server));
    char *claims = mint_claims("r1", "app", "f", url, clock_wall_ms(&house.clock) / 1000);
    token = mint_token(TEST_DATA "/test-ec-private.pem", "test-key-1", claims);
    mem_free(claims);
    buffer_init(&body, 64 * 1024);
    buffer_format(
        &body,
        "{\"job_id\":\"j\",\"run_id\":\"r1\",\"app_id\":\"app\",\"board_id\":\"f\","
        "\"node_id\":\"start\",\"user_id\":\"u\",\"credentials\":{\"Aws\":{\"k\":\"" JOBS_CREDENTIAL
        "\"}},\"executor_jwt\":\"%s\",\"callback_url\":\"http://x\","
        "\"payload\":{\"url\":\"%s/echo\",\"marker\":\"" MARKER "\"},"
        "\"oauth_tokens\":{\"mail\":{\"access_token\":\"" OAUTH "\"}},"
        "\"runtime_variables\":{\"v1\":{\"id\":\"v1\",\"name\":\"hidden\","
        "\"default_value\":" HIDDEN_BYTES ",\"data_type\":\"String\",\"value_type\":"
        "\"Normal\",\"exposed\":false,\"secret\":true,\"editable\":true}}}",
        token, echo);
    char *text = mem_string(buffer_span(&body));
    buffer_release(&body);
    return text;
}

/* --- the look ------------------------------------------------------------------------------------
 */

static void look_at_chunk(struct look *look, struct span chunk, const char *where)
{
    if (chunk.at[0] == 0 && memcmp(chunk.at, chunk.at + 1, chunk.len - 1) == 0)
        return; /* never touched */
    if (memmem(chunk.at, chunk.len, MARKER, strlen(MARKER)))
        look->marker = true;
    if (redactor_finds(secrets, chunk))
        snprintf(look->found, sizeof look->found, "%s", where);
}

static void look_at_region(struct look *look, int memory, const char *line)
{
    unsigned long from, to;
    char rights[8], *chunk = mem_new(CHUNK + OVERLAP);
    if (sscanf(line, "%lx-%lx %7s", &from, &to, rights) == 3 && rights[0] == 'r' &&
        rights[1] == 'w' && to - from < REGION_MAX) {
        look->regions++;
        for (unsigned long at = from; at < to; at += CHUNK) {
            ssize_t got = pread(memory, chunk, CHUNK + OVERLAP, (off_t)at);
            if (got > 0)
                look_at_chunk(look, (struct span){chunk, (size_t)got}, line);
        }
    }
    mem_free(chunk);
}

static void look_at_process(void *arg, const char *pid)
{
    struct look *look = arg;
    char path[300], line[512];
    snprintf(path, sizeof path, "/proc/%s/maps", pid);
    FILE *maps = fopen(path, "r");
    snprintf(path, sizeof path, "/proc/%s/mem", pid);
    int memory = open(path, O_RDONLY);
    assert_true(maps && memory >= 0);
    look->workers++;
    while (fgets(line, sizeof line, maps))
        look_at_region(look, memory, line);
    fclose(maps);
    close(memory);
}

static void look_at_workers(void *arg)
{
    offspring_living(look_at_process, arg);
}

/* --- the tests
 * ------------------------------------------------------------------------------------ */

static void know_secrets(void)
{
    secrets = redactor_new();
    redactor_add(secrets, "k", span_of(SECRET));
    redactor_add(secrets, "oauth", span_of(OAUTH));
    redactor_add(secrets, "hidden", span_of(HIDDEN));
    redactor_add(secrets, "credential", span_of(JOBS_CREDENTIAL));
    redactor_add(secrets, "token", span_of(token));
    redactor_add(secrets, "signature", span_of(strrchr(token, '.') + 1));
}

static void assert_clean(const char *text, const char *what)
{
    if (redactor_finds(secrets, span_of(text)))
        fail_msg("a secret in %s:\n%s", what, text);
}

static char *read_log(void)
{
    size_t len;
    return mint_file(house.log_path, &len);
}

static void no_secret_is_in_a_worker_an_event_or_a_log(void **state)
{
    (void)state;
    struct pages pages;
    struct look look = {.workers = 0};
    if (geteuid() != 0) {
        print_message("NOT RUN: only root may look into a worker\n");
        skip();
    }
    pages_init(&pages);
    struct server *echo = server_start(0, pages_serve, &pages);
    char allow[64], k[96], mail[96], hidden[96];
    snprintf(allow, sizeof allow, "EXECUTOR_HTTP_ALLOW=127.0.0.1");
    snprintf(k, sizeof k, "EXECUTOR_SECRET_K_HOSTS=127.0.0.1:%d", server_port(echo));
    snprintf(mail, sizeof mail, "EXECUTOR_SECRET_OAUTH_MAIL_HOSTS=127.0.0.1:%d", server_port(echo));
    snprintf(hidden, sizeof hidden, "EXECUTOR_SECRET_VARS_HIDDEN_HOSTS=127.0.0.1:%d",
             server_port(echo));
    house_start_with_flow(
        &house, (const char *[]){allow, "EXECUTOR_SECRET_K=" SECRET, k, mail, hidden, NULL}, "f",
        source);
    char *body = make_body(server_url(echo));
    know_secrets();
    loop_timer_set(house.stages.loop, &look.timer, loop_mono_ms(house.stages.loop) + 1500,
                   look_at_workers, &look);
    house_run_one(&house, &(struct jobs_record){.run = "r1", .flow = "f", .body = body}, 0,
                  "{\"batchItemFailures\":[]}");
    char *events = house_events(&house, "r1");
    assert_true(look.workers > 0 && look.regions > 10);
    assert_true(look.marker); /* so a worker's memory was really seen */
    assert_string_equal(look.found, "");
    assert_non_null(strstr(events, "authorization: [secret:K]|[secret:oauth.mail]|[secret]"));
    assert_non_null(strstr(events, "secret \\\"api\\\" may go to 127.0.0.1:"));
    assert_clean(events, "the events");
    char *log = read_log();
    assert_clean(log, "the log");
    mem_free(log);
    mem_free(events);
    server_stop(echo);
    house_stop(&house);
    pages_release(&pages);
    redactor_free(secrets);
    mem_free(token);
    mem_free(body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_secret_is_in_a_worker_an_event_or_a_log),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
