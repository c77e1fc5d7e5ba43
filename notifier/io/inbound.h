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

/* Exactly once; perhaps before ps_inbound_take returns. body: JSON that Slack gets as its answer
 * (for who typed a slash command, or for a modal); NULL for an empty one. */
typedef void (*ps_inbound_fn)(void *cookie, enum ps_inbound_result result, const char *body);

struct ps_inbound *ps_inbound_create(const struct ps_inbound_options *options) PS_MUST_USE;
void ps_inbound_destroy(struct ps_inbound *inbound); /* after pg; NULL is fine */
/* Our own workspace, as auth.test names it. */
void ps_inbound_set_team(struct ps_inbound *inbound, const char *team, const char *enterprise);
/* Takes what event holds (any but PS_SLACK_CHALLENGE); it is as after clear. Gives NULL where fn
 * has run. */
struct ps_inbound_call *ps_inbound_take(struct ps_inbound *inbound, struct ps_slack_event *event,
                                        int64_t patience_ms, ps_inbound_fn fn, void *cookie);
/* fn is never called afterwards; the event is stored nevertheless. NULL is fine. */
void ps_inbound_forget(struct ps_inbound_call *call);
/* Whether as many stores as are permitted are in flight: a further one would be FAILED. */
bool ps_inbound_is_full(const struct ps_inbound *inbound);

#endif
