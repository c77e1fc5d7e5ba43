#include "notifier/io/inbound.h"

#include "embedded/notifier_sql.h"
#include "notifier/core/command_reply.h"
#include "notifier/core/response_url.h"
#include "notifier/core/slack_team.h"
#include "notifier/core/user_command.h"
#include "shared/core/alloc.h"
#include "shared/core/json.h"
#include "shared/io/clock.h"
#include "shared/io/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A channel takes one message a second, so each unanswered command of a person makes the next
   person there wait for a second. */
enum { CALLS_MAX = 256, UNANSWERED_MAX = 15 };

struct ps_inbound {
    struct ps_inbound_options options;
    struct ps_slack_team team;
    char *api_url;
    size_t calls; /* that wait for PostgreSQL */
};

struct ps_inbound_call {
    struct ps_inbound *inbound;
    struct ps_timer *late;
    struct ps_inbound_event event;
    bool elsewhere;   /* a slash command; its answer is shown in another place */
    ps_inbound_fn fn; /* NULL once it has run */
    void *cookie;
};

static void count(const struct ps_inbound *inbound, const char *what)
{
    ps_metrics_add(inbound->options.metrics, PS_METRIC_SLACK_EVENTS, what, 1);
}

/* Only the person who typed the slash command sees this. */
static char *ephemeral(const char *text)
{
    cJSON *object = cJSON_CreateObject();
    char *body;

    ps_json_add_text(object, "response_type", "ephemeral");
    ps_json_add_text(object, "text", text);
    body = ps_json_print(object);
    cJSON_Delete(object);
    return body;
}

static void respond(ps_inbound_fn fn, void *cookie, enum ps_inbound_result result, const char *text)
{
    char *body = text != NULL ? ephemeral(text) : NULL;

    fn(cookie, result, body);
    free(body);
}

/* text: for the person who gave the command. For a slash command it is the body of the HTTP answer;
 * for a click it is sent to the response_url. */
static void finish(struct ps_inbound_call *call, enum ps_inbound_result result, const char *text)
{
    const struct ps_inbound_options *options = &call->inbound->options;
    ps_inbound_fn fn = call->fn;

    call->fn = NULL;
    if (fn == NULL)
        return;
    if (text != NULL && !call->event.slash && result == PS_INBOUND_TAKEN &&
        call->event.response_url != NULL)
        options->show(options->cookie, call->event.response_url, text);
    respond(fn, call->cookie, result, call->event.slash ? text : NULL);
}

/* Slack sends an event again after a moment, a minute and five minutes, and its id shows that it is
 * stored already. Slack does not repeat a slash command, so the transaction goes on. */
static void on_late(void *cookie)
{
    struct ps_inbound_call *call = cookie;

    count(call->inbound, "late");
    finish(call, PS_INBOUND_LATE,
           "I am slow right now. If no answer comes within a minute, please ask again.");
}

static void on_stored(void *cookie, const struct ps_pg_rows *rows, const struct ps_err *err)
{
    struct ps_inbound_call *call = cookie;
    const struct ps_inbound_options *options = &call->inbound->options;
    const char *stored = err == NULL ? ps_pg_text(rows, 0, 0, PS_SQL_EVENT_STORE_STORED) : "error";
    bool fresh = strcmp(stored, "fresh") == 0, slow = strcmp(stored, "slow") == 0;
    char slow_down[128];

    (void)snprintf(
        slow_down, sizeof(slow_down),
        "Slow down, please: %d of your commands wait for their answers. I did not run this one.",
        UNANSWERED_MAX);

    if (err != NULL) {
        PS_LOG(EVENT_ERROR, F_TEXT("what", "an event was not written down"), F_ERR(err));
        count(call->inbound, "error");
    } else {
        count(call->inbound, fresh ? "heard" : slow ? "slowed" : "duplicate");
    }
    if (slow)
        PS_LOG(EVENT_IGNORED, F_TEXT("why", "too many unanswered commands"),
               F_TEXT("place", ps_place_name(call->event.place)));
    else if (err == NULL && !fresh)
        PS_LOG(EVENT_DUPLICATE, F_TEXT("event_id", call->event.id));
    if (err != NULL)
        finish(call, PS_INBOUND_FAILED,
               "I cannot reach my memory right now. Please ask again later.");
    else if (slow) /* Slack does not repeat an accepted request, so the command is dropped */
        finish(call, PS_INBOUND_TAKEN, slow_down);
    else
        finish(call, PS_INBOUND_TAKEN,
               fresh && call->elsewhere ? "The answer comes as a direct message." : NULL);
    if (fresh)
        options->inbound(options->cookie, &call->event);
    call->inbound->calls--;
    ps_timer_destroy(call->late);
    ps_inbound_event_clear(&call->event);
    free(call);
}

/* Takes ownership of the contents of event. */
static struct ps_inbound_call *store(struct ps_inbound *inbound, struct ps_inbound_event *event,
                                     int64_t patience_ms, ps_inbound_fn fn, void *cookie)
{
    struct ps_inbound_call *call = ps_alloc_zero(1, sizeof(*call));
    struct ps_pg_batch *batch = ps_pg_batch_create();

    call->inbound = inbound;
    call->fn = fn;
    call->cookie = cookie;
    call->event = *event;
    *event = (struct ps_inbound_event){ 0 };
    /* Only the person sees the answer to a slash command, wherever it was typed. */
    if (call->event.slash) {
        call->elsewhere = call->event.place != PS_PLACE_DIRECT && call->event.response_url == NULL;
        call->event.place = PS_PLACE_DIRECT;
    }
    call->late = ps_timer_create(inbound->options.loop, on_late, call);
    ps_timer_set(call->late, patience_ms);
    inbound->calls++;
    ps_sql_event_store(batch, call->event.id, call->event.said, ps_place_name(call->event.place),
                       call->event.user, call->event.channel, call->event.thread_ts,
                       call->event.words, UNANSWERED_MAX, ps_source_name(call->event.source),
                       call->event.response_url);
    /* This goes before commands that wait for a connection, because Slack waits for it. */
    ps_pg_run_urgent(inbound->options.pg, batch, on_stored, call);
    return call;
}

static void ignore(struct ps_inbound *inbound, const char *why, const struct ps_slack_event *event)
{
    count(inbound, "ignored");
    PS_LOG(EVENT_IGNORED, F_TEXT("why", why),
           F_TEXT("place",
                  event->call == PS_SLACK_INBOUND ? ps_place_name(event->inbound.place) : NULL));
}

/* Whether the event leads to any answer; otherwise it is not stored. If false, fn has run. */
static bool worth_it(struct ps_inbound *inbound, const struct ps_slack_event *event,
                     ps_inbound_fn fn, void *cookie)
{
    struct ps_user_command ask;

    if (event->inbound.slash)
        return true;
    ps_user_command_parse(event->inbound.words, ps_clock_wall_ms(), &ask);
    if (ps_user_command_permission(ask.kind, event->inbound.place) != PS_USER_COMMAND_IGNORE)
        return true;
    ignore(inbound, ps_user_command_name(ask.kind), event);
    fn(cookie, PS_INBOUND_TAKEN, NULL);
    return false;
}

/* Answers a person of another workspace, visible to that person only, that Paperscout does not
 * serve them. */
static void refuse_team(struct ps_inbound *inbound, const struct ps_slack_event *event,
                        ps_inbound_fn fn, void *cookie)
{
    static const char text[] = "Paperscout answers only people of its own workspace.";
    const char *url = event->inbound.response_url;

    ignore(inbound, "team", event);
    if (url != NULL && !event->inbound.slash)
        inbound->options.show(inbound->options.cookie, url, text);
    respond(fn, cookie, PS_INBOUND_TAKEN, event->inbound.slash ? text : NULL);
}

struct ps_inbound_call *ps_inbound_take(struct ps_inbound *inbound, struct ps_slack_event *event,
                                        int64_t patience_ms, ps_inbound_fn fn, void *cookie)
{
    struct ps_inbound_call *call = NULL;

    if (event->inbound.response_url != NULL &&
        !ps_response_url_ok(event->inbound.response_url, inbound->api_url)) {
        free(event->inbound.response_url);
        event->inbound.response_url = NULL; /* the answer is a direct message */
    }
    if (event->call == PS_SLACK_CHALLENGE || event->call == PS_SLACK_IGNORED) {
        ignore(inbound, event->why != NULL ? event->why : "type", event);
        fn(cookie, PS_INBOUND_TAKEN, NULL);
    } else if (!ps_slack_team_serves(&inbound->team, event->installed_team, event->person_team)) {
        refuse_team(inbound, event, fn, cookie);
    } else if (event->call == PS_SLACK_ANSWERED) {
        count(inbound, "heard");
        fn(cookie, PS_INBOUND_TAKEN, event->answer);
    } else if (event->call == PS_SLACK_VIEW) {
        count(inbound, "heard");
        fn(cookie, PS_INBOUND_TAKEN, NULL);
        inbound->options.view(inbound->options.cookie, &event->view);
    } else if (!worth_it(inbound, event, fn, cookie)) {
        /* fn has run */
    } else if (ps_inbound_is_full(inbound)) {
        count(inbound, "late");
        respond(fn, cookie, PS_INBOUND_FAILED,
                event->inbound.slash ? "I am busy right now. Please ask again in a minute." : NULL);
    } else {
        call = store(inbound, &event->inbound, patience_ms, fn, cookie);
    }
    ps_slack_event_clear(event);
    return call;
}

void ps_inbound_forget(struct ps_inbound_call *call)
{
    if (call != NULL)
        call->fn = NULL;
}

bool ps_inbound_is_full(const struct ps_inbound *inbound)
{
    return inbound->calls >= CALLS_MAX;
}

struct ps_inbound *ps_inbound_create(const struct ps_inbound_options *options)
{
    struct ps_inbound *inbound = ps_alloc_zero(1, sizeof(*inbound));

    inbound->options = *options;
    inbound->api_url = ps_alloc_text(options->api_url);
    ps_slack_team_init(&inbound->team, options->allowed_teams);
    return inbound;
}

void ps_inbound_destroy(struct ps_inbound *inbound)
{
    if (inbound == NULL)
        return;
    ps_slack_team_clear(&inbound->team);
    free(inbound->api_url);
    free(inbound);
}

void ps_inbound_set_team(struct ps_inbound *inbound, const char *team, const char *enterprise)
{
    ps_slack_team_set(&inbound->team, team, enterprise);
}
