/* page: what a browser sees of a watch: its one page, live, and the few things it may ask for.
 *
 *   GET  /                 the page; with it /page.css, /page.js, and nothing from anywhere else
 *   GET  /live             text/event-stream: what changed, by number
 *   GET  /batches          the list of batches and runs, HTML
 *   GET  /runs/NUMBER      one run: timeline, graph, events, payload; HTML
 *   GET  /flows, /queue    JSON, as the user of this file has it
 *   POST /send, /resend    JSON; answered by the user of this file
 *
 * Only a browser on this machine may ask: a Host that is not the loopback's, or an Origin of
 * another page, is refused (DNS rebinding, cross-site requests). */
#ifndef MOONMILL_CLI_PAGE_H
#define MOONMILL_CLI_PAGE_H

#include "diag.h"
#include "journal.h"
#include "loop.h"
#include "mem.h"
#include "stage.h"

#include <stdbool.h>

struct page;

/* What is behind the page. Each writes its JSON to out. */
struct page_user {
    void *arg;
    const char *flows_dir; /* where the lines of errors are read from; NULL: from nowhere */
    /* [{"name","file","about"?,"input"?:JSON Schema,"examples":[{"name","payload":text}],
     * "findings":[{"severity","code","message","hint","file","line","column"}]}] */
    void (*flows)(void *arg, struct buffer *out);
    /* The flow's drawing, or {NULL, 0}: text valid during the call. */
    struct span (*graph)(void *arg, const char *flow);
    /* {"queue":{"visible","in_flight","delayed"},"dlq":[{"message_id","flow","receive_count"}]} */
    void (*queue)(void *arg, struct buffer *out);
    /* {"flow","payload","group"?}, or {"message_id"}: out is {"message_id","run_id"}. False with
     * err: what is wrong with the request. */
    bool (*send)(void *arg, struct span request, struct buffer *out, struct error *err);
    bool (*resend)(void *arg, struct span request, struct buffer *out, struct error *err);
};

/* loop, journal and what user points to outlive it. */
struct page *page_new(struct loop *loop, const struct journal *journal,
                      const struct page_user *user);
/* Ends the streams of the browsers; they ask again by themselves. Accepts NULL. */
void page_free(struct page *page);

/* False: the path is none of the page's. */
bool page_serve(struct page *page, struct stage_call *call, const struct stage_request *request);

/* What the browsers are told: a run's number, or 0 for "the lists"; told together, a few times a
 * second at most. */
void page_changed(struct page *page, size_t run);
/* The flows, the queue. */
void page_flows_changed(struct page *page);
void page_queue_changed(struct page *page);

#endif
