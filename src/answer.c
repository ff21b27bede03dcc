#include "answer.h"

#include "json.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

/* --- the body -------------------------------------------------------------------------------- */

enum body {
    BODY_EMPTY = 1,
    BODY_JSON = 2,       /* and none of the following */
    BODY_OVER = 4,       /* accepted:false */
    BODY_UNDECIDED = 8,  /* accepted:false, but the status it names is not terminal */
    BODY_ERROR = 16,     /* the API's own error form: {"error":{"code":"..."}} */
    BODY_NOT_FOUND = 32, /* the same with the code NOT_FOUND */
    BODY_ODD = 64,       /* not JSON, or more than is read */
    BODY_ANY = 127
};

static bool is_still_going(struct span status)
{
    static const char *const names[] = {"\"pending\"", "\"running\""};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (status.len == strlen(names[i]) && strncasecmp(status.at, names[i], status.len) == 0)
            return true;
    return false;
}

static enum body body_of_error(struct span error)
{
    static const char *const keys[] = {"code"};
    struct span code;
    if (json_type(error) != JSON_OBJECT || !json_pick(error, keys, &code, 1, NULL) || !code.at ||
        json_type(code) != JSON_STRING)
        return BODY_JSON;
    return span_is(code, "\"NOT_FOUND\"") ? BODY_NOT_FOUND : BODY_ERROR;
}

static enum body body_of(const struct answer *answer)
{
    static const char *const keys[] = {"accepted", "status", "error"};
    struct span values[3], *accepted = &values[0], *status = &values[1], *error = &values[2];
    if (answer->cut)
        return BODY_ODD;
    if (answer->body.len == 0)
        return BODY_EMPTY;
    if (!json_check(answer->body, NULL))
        return BODY_ODD;
    if (json_type(answer->body) != JSON_OBJECT)
        return BODY_JSON;
    if (!json_pick(answer->body, keys, values, 3, NULL))
        return BODY_ODD; /* a key that stands twice says nothing */
    if (accepted->at && span_is(*accepted, "false"))
        return is_still_going(*status) ? BODY_UNDECIDED : BODY_OVER;
    return error->at ? body_of_error(*error) : BODY_JSON;
}

/* --- the verdict ----------------------------------------------------------------------------- */

enum to { TO_EVENTS = 1, TO_PROGRESS = 2, TO_ANY = 3 };

/* The first rule that fits counts. */
static const struct rule {
    enum to to;
    int from, until;
    unsigned bodies;
    enum answer_verdict verdict;
} rules[] = {
    {TO_ANY, 200, 299, BODY_OVER, ANSWER_OVER},
    {TO_ANY, 200, 299, BODY_ODD | BODY_UNDECIDED, ANSWER_AGAIN},
    {TO_ANY, 200, 299, BODY_ANY, ANSWER_ACCEPTED},
    /* a redirect would carry the token to wherever it points */
    {TO_ANY, 300, 399, BODY_ANY, ANSWER_REFUSED},
    /* the handlers answer 400 for the token alone, in their own form; a body that the framework
     * could not read is 400 in plain text */
    {TO_EVENTS, 400, 400, BODY_ERROR | BODY_NOT_FOUND, ANSWER_REFUSED},
    {TO_EVENTS, 400, 400, BODY_ANY, ANSWER_UNACCEPTABLE},
    {TO_EVENTS, 413, 413, BODY_ANY, ANSWER_UNACCEPTABLE},
    {TO_EVENTS, 422, 422, BODY_ANY, ANSWER_UNACCEPTABLE},
    {TO_PROGRESS, 404, 404, BODY_NOT_FOUND, ANSWER_UNKNOWN_RUN},
    {TO_ANY, 408, 408, BODY_ANY, ANSWER_AGAIN},
    {TO_ANY, 425, 425, BODY_ANY, ANSWER_AGAIN},
    {TO_ANY, 429, 429, BODY_ANY, ANSWER_AGAIN},
    {TO_ANY, 400, 499, BODY_ANY, ANSWER_REFUSED},
    {TO_ANY, 500, 599, BODY_ANY, ANSWER_BROKEN},
};

/* RFC 9110 10.2.3: seconds, or a date. */
static int64_t wait_asked_for(const struct answer *answer)
{
    const char *text = answer->retry_after ? answer->retry_after : "";
    size_t digits = strspn(text, "0123456789");
    int64_t ms = 0;
    if (digits > 0 && text[digits] == '\0') {
        for (const char *c = text; *c && ms < ANSWER_RETRY_AFTER_MS; c++)
            ms = ms * 10 + (*c - '0') * 1000;
    } else {
        time_t date = *text ? curl_getdate(text, NULL) : -1;
        ms = date < 0 ? 0 : (int64_t)date * 1000 - answer->wall_ms;
    }
    return ms < 0 ? 0 : ms < ANSWER_RETRY_AFTER_MS ? ms : ANSWER_RETRY_AFTER_MS;
}

enum answer_verdict answer_judge(const struct answer *answer, int64_t *after_ms)
{
    *after_ms = 0;
    if (answer->result != CURLE_OK)
        return ANSWER_AGAIN;
    *after_ms = wait_asked_for(answer);
    enum to to = answer->push == ANSWER_TO_EVENTS ? TO_EVENTS : TO_PROGRESS;
    enum body body = body_of(answer);
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
        const struct rule *rule = &rules[i];
        if ((rule->to & to) && answer->status >= rule->from && answer->status <= rule->until &&
            (rule->bodies & body))
            return rule->verdict;
    }
    return ANSWER_AGAIN; /* no status that HTTP knows: no answer at all */
}

void answer_text(const struct answer *answer, char text[ANSWER_TEXT_SIZE])
{
    const char *why = "";
    if (answer->result != CURLE_OK) {
        snprintf(text, ANSWER_TEXT_SIZE, "%s", curl_easy_strerror(answer->result));
        return;
    }
    if (answer->status / 100 == 2) {
        enum body body = body_of(answer);
        why = body == BODY_ODD         ? " without proof: the body is not JSON"
              : body == BODY_UNDECIDED ? " without proof: accepted:false, yet not terminal"
              : body == BODY_OVER      ? " with accepted:false"
                                       : "";
    }
    snprintf(text, ANSWER_TEXT_SIZE, "%ld%s", answer->status, why);
}
