#include "pending.h"

static void on_answer(void *arg, struct span head, struct span body)
{
    struct pending_request *request = arg;
    struct pending *pending = request->of;
    struct wire_reply reply = {.id = request->id, .head = head, .body = body};
    request->id = 0;
    pending->reply(pending->arg, &reply);
}

bool pending_send(struct pending *pending, const struct wire_request *request, int64_t left_ms,
                  struct error *err)
{
    struct pending_request *place = NULL;
    for (size_t i = 0; i < CONFIG_HTTP_IN_FLIGHT_MAX; i++) {
        if (pending->requests[i].id == request->id)
            return error_set(err, ERROR_INPUT, "request %lld twice", (long long)request->id);
        if (pending->requests[i].id == 0)
            place = &pending->requests[i];
    }
    if (!place)
        return error_set(err, ERROR_LIMIT, "more than %d requests in flight",
                         CONFIG_HTTP_IN_FLIGHT_MAX);
    place->of = pending;
    place->id = request->id;
    place->request = http_send(pending->http, pending->secrets, request->head, request->body,
                               pending->trace, left_ms, on_answer, place);
    return true;
}

bool pending_abandon(struct pending *pending, int64_t id)
{
    for (size_t i = 0; i < CONFIG_HTTP_IN_FLIGHT_MAX; i++) {
        if (pending->requests[i].id == id) {
            http_cancel(pending->requests[i].request);
            pending->requests[i].id = 0;
            return true;
        }
    }
    return false;
}

void pending_cancel(struct pending *pending)
{
    for (size_t i = 0; i < CONFIG_HTTP_IN_FLIGHT_MAX; i++) {
        if (pending->requests[i].id)
            http_cancel(pending->requests[i].request);
        pending->requests[i].id = 0;
    }
}
