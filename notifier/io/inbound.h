/* Stores what Slack sends, over the events port or Socket Mode, and passes it to the command
 * runner.
 *
 * Guarantee: Slack gets its answer only after the event is in the table heard, so that none is
 * lost; the keys of that table make a repeated event a duplicate. Requests that only show a view
 * change nothing: they are passed on at once and not stored. */
#ifndef PS_NOTIFIER_INBOUND_H
#define PS_NOTIFIER_INBOUND_H
#include "notifier/core/slack_event.h"
#include "shared/core/metrics.h"
#include "shared/io/loop.h"
#include "shared/io/pg.h"

struct ps_inbound;
struct ps_inbound_call; /* one event that is being stored */

struct ps_inbound_options {
    struct ps_loop *loop; /* borrowed, as pg and metrics */
    struct ps_pg *pg;
    struct ps_metrics *metrics;
    const char *allowed_teams; /* SLACK_ALLOWED_TEAMS; copied, as api_url */
    const char *api_url;       /* SLACK_API_URL: says where a response_url may lead */
    void *cookie;
    /* The event is in the table heard and is to be answered now; borrowed for the call. */
    void (*inbound)(void *cookie, const struct ps_inbound_event *inbound);
    void (*view)(void *cookie, const struct ps_view_request *request); /* borrowed for the call */
    /* Show text at a response_url to the person who clicked; borrowed for the call. */
    void (*show)(void *cookie, const char *response_url, const char *text);
};

enum ps_inbound_result {
    PS_INBOUND_TAKEN,  /* stored, now or before, or nothing is to be done: Slack gets its 200 */
    PS_INBOUND_LATE,   /* not stored within the patience; it may be stored yet */
    PS_INBOUND_FAILED, /* not stored: Slack has to send it again */
};

/* Runs exactly once, perhaps before ps_inbound_take returns. body is the JSON of the response to
 * Slack (shown to the person who typed a slash command, or in a modal); NULL: an empty response. */
typedef void (*ps_inbound_fn)(void *cookie, enum ps_inbound_result result, const char *body);

/* Copies options. */
struct ps_inbound *ps_inbound_create(const struct ps_inbound_options *options) PS_MUST_USE;
void ps_inbound_destroy(struct ps_inbound *inbound); /* after pg; NULL is fine */
/* Sets the bot's own workspace and organization, as auth.test names them. Copies. */
void ps_inbound_set_team(struct ps_inbound *inbound, const char *team, const char *enterprise);
/* Takes the content of event (any but PS_SLACK_CHALLENGE), which is cleared. fn gets LATE if it is
 * not stored within patience_ms. Returns the call, which ends when fn runs; NULL if fn has run
 * already. */
struct ps_inbound_call *ps_inbound_take(struct ps_inbound *inbound, struct ps_slack_event *event,
                                        int64_t patience_ms, ps_inbound_fn fn, void *cookie);
/* fn is never called afterwards; the event is stored nevertheless. NULL is fine. */
void ps_inbound_forget(struct ps_inbound_call *call);
/* Whether as many stores as are permitted are in flight: a further one would be FAILED. */
bool ps_inbound_is_full(const struct ps_inbound *inbound);

#endif
