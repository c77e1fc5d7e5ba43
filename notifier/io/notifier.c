#include "notifier/io/notifier.h"

#include "notifier/core/backpressure.h"
#include "notifier/io/app_home.h"
#include "notifier/io/command_runner.h"
#include "notifier/io/console_sink.h"
#include "notifier/io/events_server.h"
#include "notifier/io/mail_sink.h"
#include "notifier/io/people_zones.h"
#include "notifier/io/sender.h"
#include "notifier/io/slack_checker.h"
#include "notifier/io/slack_identity.h"
#include "notifier/io/slack_sink.h"
#include "notifier/io/socket_mode.h"
#include "notifier/io/webhooks.h"
#include "shared/core/alloc.h"
#include "shared/core/utc_time.h"
#include "shared/io/alarm.h"
#include "shared/io/clock.h"
#include "shared/io/log.h"

#include <hiredis/hiredis.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    RETRY_BASE_MS = 1000,
    STARTED_MS = 10 * 60 * 1000, /* a start is not announced again for this long */
    REFUSED_MS = 3600 * 1000,    /* a refused channel counts for this long */
    SOCKET_DOWN_MS = 20 * 1000,  /* Socket Mode: a new connection takes less */
    WAITS_MIN_MS = 60 * 1000,    /* a message has waited long, at the earliest and latest */
    WAITS_MAX_MS = 900 * 1000,
    OTHERS_MS = 12 * 1000,
    QUIET_MS = 20 * 1000,    /* a dead notifier's messages come back within 13 s */
    CHECKED_MS = 3600 * 1000 /* nor is the set-up at Slack checked again */
};

struct ps_notifier {
    struct ps_daemon *daemon; /* borrowed */
    struct ps_outbox_claims *claims;
    struct ps_channel_lock *channels;
    struct ps_sender *sender;
    struct ps_command_runner *runner;
    struct ps_inbound *inbound;
    struct ps_events_server *events_server; /* NULL where Slack cannot reach us */
    struct ps_slack_api *api;
    struct ps_app_home *home;
    struct ps_people_zones *zones;
    struct ps_slack_identity *identity; /* NULL where nothing goes to Slack */
    bool identified;                    /* Slack has confirmed the token's owner */
    int64_t quiet_ms;                   /* monotonic: since when no message waits; 0: one does */
    struct ps_socket_mode *socket_mode; /* NULL without SLACK_APP_TOKEN */
    struct ps_alarms *alarms;
    char refused_channel[PS_MESSAGE_CHANNEL_MAX + 1]; /* by Slack, and nothing else is */
    char refused[PS_INCIDENT_CAUSE];
    int64_t refused_ms; /* monotonic; 0: none is */
    struct ps_backpressure pressure;
    struct ps_slack_checker *checker; /* NULL unless this notifier checks the set-up */
    bool started;                     /* the announcement of the start was requested */
    int64_t length;                   /* of the list, as read last */
};

/* Goes to the sink directly: no list knows it. */
static void say(struct ps_notifier *notifier, enum ps_message_kind kind, const char *channel,
                const char *text)
{
    char *id = ps_alloc_format("%s-%s-%lld", ps_message_kind_name(kind), notifier->daemon->instance,
                               (long long)ps_clock_wall_ms());
    char *words = ps_alloc_text(text), *name = ps_alloc_text(channel);

    if (channel[0] != '\0')
        ps_sender_say(notifier->sender, &(struct ps_message){ .id = id,
                                                              .kind = kind,
                                                              .channel = name,
                                                              .text = words,
                                                              .created_ms = ps_clock_wall_ms() });
    free(id);
    free(words);
    free(name);
}

static void on_start_reported(void *cookie, const struct redisReply *reply,
                              const struct ps_err *err)
{
    struct ps_notifier *notifier = cookie;
    char *text;

    if (err != NULL || ps_redis_reply_text(reply, NULL) == NULL)
        return; /* another notifier announced its start */
    text = ps_alloc_format("Paperscout %s has started. %lld %s to be said.", PS_VERSION,
                           (long long)notifier->length,
                           notifier->length == 1 ? "message waits" : "messages wait");
    say(notifier, PS_MESSAGE_STARTUP, notifier->daemon->config->notification_channel, text);
    free(text);
}

/* Once it is known how much waits. */
static void announce_start(struct ps_notifier *notifier)
{
    const struct ps_daemon *daemon = notifier->daemon;
    char *key = ps_key_with(daemon->keys, PS_KEY_ALERTED, "startup");
    char life[24];

    (void)snprintf(life, sizeof(life), "%d", STARTED_MS);
    if (!notifier->started && daemon->config->notify_on_startup)
        PS_REDIS(daemon->redis, on_start_reported, notifier, "SET", key, daemon->instance, "NX",
                 "PX", life);
    notifier->started = true;
    free(key);
}

static void on_checked(void *cookie, const struct ps_slack_check *check)
{
    int64_t problems = 0;

    (void)cookie;
    for (size_t i = 0; i < check->len; i++) {
        const struct ps_slack_finding *finding = &check->findings[i];

        if (finding->level != PS_SLACK_LEVEL_PROBLEM)
            continue;
        problems++;
        PS_LOG(SLACK_PROBLEM, F_TEXT("what", finding->what), F_TEXT("remedy", finding->remedy));
    }
    PS_LOG(SLACK_CHECKED, F_INT("problems", problems), F_TEXT("team", check->team_id));
}

static void on_check_taken(void *cookie, const struct redisReply *reply, const struct ps_err *err)
{
    struct ps_notifier *notifier = cookie;
    const struct ps_daemon *daemon = notifier->daemon;

    if (err != NULL || ps_redis_reply_text(reply, NULL) == NULL || notifier->checker != NULL)
        return; /* another notifier checks */
    notifier->checker =
        ps_slack_checker_start(&(struct ps_slack_checker_options){ .loop = daemon->loop,
                                                                   .config = daemon->config,
                                                                   .user_agent = daemon->user_agent,
                                                                   .done = on_checked });
}

/* Runs the checks of check-slack, so that a wrong set-up is reported at the first start, not at the
 * first message. */
static void check_slack(struct ps_notifier *notifier)
{
    const struct ps_daemon *daemon = notifier->daemon;
    char *key;
    char life[24];

    if (!ps_slack_checker_uses_slack(daemon->config))
        return;
    key = ps_key_with(daemon->keys, PS_KEY_ALERTED, "slack-check");
    (void)snprintf(life, sizeof(life), "%d", CHECKED_MS);
    PS_REDIS(daemon->redis, on_check_taken, notifier, "SET", key, daemon->instance, "NX", "PX",
             life);
    free(key);
}

static int64_t oldest_ms(const struct ps_notifier *notifier, const char **out_channel)
{
    int64_t at_ms = ps_channel_queues_oldest_ms(ps_sender_queues(notifier->sender), out_channel);
    int64_t age_ms = at_ms == 0 ? 0 : ps_clock_wall_ms() - at_ms;

    return age_ms > 0 ? age_ms : 0;
}

int64_t ps_notifier_oldest_ms(const struct ps_notifier *notifier)
{
    const char *channel;

    return oldest_ms(notifier, &channel);
}

static void note_waiting(const struct ps_notifier *notifier, struct ps_incident_set *set)
{
    int64_t limit_ms = ps_config_alert_after_ms(notifier->daemon->config);
    char span[PS_UTC_TIME_TEXT], text[PS_INCIDENT_CAUSE];
    const char *channel;
    int64_t age_ms = oldest_ms(notifier, &channel);

    limit_ms = limit_ms < WAITS_MIN_MS ? WAITS_MIN_MS : limit_ms;
    limit_ms = limit_ms > WAITS_MAX_MS ? WAITS_MAX_MS : limit_ms;
    ps_utc_time_format_span(age_ms / 1000, span);
    (void)snprintf(text, sizeof(text), "one to %.100s for %s", channel, span);
    ps_incidents_note(set, PS_INCIDENT_MESSAGE_WAITS, age_ms > limit_ms, text);
    (void)snprintf(text, sizeof(text), "%lld messages wait",
                   (long long)ps_notifier_depth(notifier));
    ps_incidents_note(set, PS_INCIDENT_BACKPRESSURE, notifier->pressure.high, text);
}

void ps_notifier_incidents(void *self, struct ps_incident_set *set)
{
    const struct ps_notifier *notifier = self;
    const struct ps_channel_queues *queues = ps_sender_queues(notifier->sender);
    const struct ps_err *fault = ps_channel_queues_fault(queues);
    bool open = ps_channel_queues_circuit(queues)->state != PS_BREAKER_CLOSED;
    bool refused = notifier->refused_ms > 0 &&
                   ps_loop_now(notifier->daemon->loop) - notifier->refused_ms < REFUSED_MS;
    bool quiet = notifier->quiet_ms > 0 && ps_channel_queues_held(queues) == 0 &&
                 ps_loop_now(notifier->daemon->loop) - notifier->quiet_ms >= QUIET_MS;
    bool reached = ps_channel_queues_reached(queues) || notifier->identity == NULL ||
                   (notifier->identified && quiet);
    int64_t down_ms = 0;
    const char *why = NULL;

    /* A notifier that has just started and has not sent anything cannot say that Slack works. When
     * nothing is to be sent, the identity is enough. It is not enough while messages of a dead
     * notifier may still come back: Slack may refuse those, and people would read an all-clear. */
    if (fault != NULL || reached)
        ps_incidents_note(set, PS_INCIDENT_SLACK_REFUSED, fault != NULL,
                          fault == NULL ? NULL : fault->what);
    if (open || reached)
        ps_incidents_note(set, PS_INCIDENT_SLACK_FAILING, open, "several messages failed in a row");
    ps_incidents_note(set, PS_INCIDENT_SLACK_CHANNEL, refused, notifier->refused);
    if (notifier->socket_mode != NULL)
        down_ms = ps_socket_mode_down_ms(notifier->socket_mode, &why);
    ps_incidents_note(set, PS_INCIDENT_SOCKET_MODE_DOWN, down_ms >= SOCKET_DOWN_MS, why);
    note_waiting(notifier, set);
}

/* Slack's errors about the channel, not about the message or the app. */
static bool of_channel(const char *reason)
{
    static const char *const errors[] = { "channel_not_found", "is_archived",
                                          "not_in_channel",    "user_not_found",
                                          "user_disabled",     "restricted_action",
                                          "cannot_dm_bot",     "messages_tab_disabled" };

    for (size_t i = 0; i < PS_COUNT_OF(errors); i++)
        if (strncmp(reason, errors[i], strlen(errors[i])) == 0)
            return true;
    return false;
}

/* The messages of a channel that Slack refuses are given up one by one; the incident names the
 * newest. */
static void on_message_closed(void *cookie, const struct ps_outgoing_message *message, bool sent)
{
    struct ps_notifier *notifier = cookie;

    if (sent) {
        ps_alarms_delivered(notifier->alarms, message->content.id, message->slack_ts,
                            message->slack_channel);
        if (strcmp(message->content.channel, notifier->refused_channel) == 0)
            notifier->refused_ms = 0;
        return;
    }
    if (!of_channel(message->reason))
        return;
    notifier->refused_ms = ps_loop_now(notifier->daemon->loop);
    (void)snprintf(notifier->refused_channel, sizeof(notifier->refused_channel), "%s",
                   message->content.channel);
    (void)snprintf(notifier->refused, sizeof(notifier->refused), "%.100s: %.100s",
                   message->content.channel, message->reason);
}

/* The webhook delivered an alarm of a notifier or of the outbox, so Slack must not get it too: its
 * record allows one alert in each interval. Messages that other programs put into the list are
 * still sent to Slack, in their order. */
static void on_said(void *cookie, const char *id)
{
    struct ps_notifier *notifier = cookie;
    bool of_record = strncmp(id, "alarm:", 6) == 0 || ps_outgoing_message_is_outbox(id);

    if (of_record && notifier->sender != NULL)
        ps_sender_rerouted(notifier->sender, id);
}

/* A notifier that has just started has not seen Slack fail. An alarm about Slack must not wait
 * until it has, so it takes the webhook. */
static bool alarm_route(void *cookie, enum ps_incident incident, enum ps_alarm_route *out_route)
{
    const struct ps_notifier *notifier = cookie;
    bool shut = ps_channel_queues_shut(ps_sender_queues(notifier->sender));
    bool channel = notifier->daemon->config->ops_alert_channel[0] != '\0';
    bool webhook = ps_alarms_have_webhook(notifier->alarms);

    *out_route = webhook && (shut || !channel || ps_alarm_is_of_slack(incident))
                     ? PS_ALARM_WEBHOOK
                     : PS_ALARM_NOTIFIER;
    return webhook || !channel || !shut; /* without any route the log has it */
}

static int64_t alarm_patience(void *cookie, enum ps_incident incident)
{
    (void)cookie;
    return ps_alarm_is_of_notifier(incident) ? 0 : OTHERS_MS;
}

static void alarm_send(void *cookie, const struct ps_message *message)
{
    struct ps_notifier *notifier = cookie;

    ps_sender_say(notifier->sender, message);
}

static void on_depth(void *cookie, int64_t length)
{
    struct ps_notifier *notifier = cookie;
    int64_t depth;

    notifier->length = length;
    if (ps_notifier_depth(notifier) > 0)
        notifier->quiet_ms = 0;
    else if (notifier->quiet_ms == 0)
        notifier->quiet_ms = ps_loop_now(notifier->daemon->loop);
    if (!notifier->started)
        check_slack(notifier);
    announce_start(notifier);
    depth = ps_notifier_depth(notifier);
    switch (ps_backpressure_step(&notifier->pressure, depth)) {
    case PS_BACKPRESSURE_SAME:
        break;
    case PS_BACKPRESSURE_WARN:
        PS_LOG(MQ_BACKPRESSURE, F_INT("depth", depth),
               F_INT("threshold", notifier->pressure.threshold));
        break;
    case PS_BACKPRESSURE_OVER:
        PS_LOG(MQ_BACKPRESSURE_OVER, F_INT("depth", depth));
        break;
    }
}

static struct ps_sink make_sink(const struct ps_daemon *daemon)
{
    const struct ps_slack_options slack = { .api_url = daemon->config->slack_api_url,
                                            .token = &daemon->config->slack_bot_token,
                                            .user_agent = daemon->user_agent,
                                            .proxy = daemon->config->http_proxy_url,
                                            .no_proxy = daemon->config->http_proxy_except,
                                            .ca_file = daemon->config->http_ca_file,
                                            .interactive =
                                                daemon->config->slack_app_token[0] != '\0' ||
                                                daemon->config->slack_signing_secret[0] != '\0' };
    struct ps_sink sink;

    if (daemon->config->shadow)
        return ps_console_sink_create_shadow(daemon->loop, STDOUT_FILENO);
    sink = ps_slack_checker_uses_slack(daemon->config)
               ? ps_slack_create(daemon->loop, &slack)
               : ps_console_sink_create(daemon->loop, STDOUT_FILENO);
    if (strcmp(daemon->config->notify_sink, "console") == 0)
        return sink;
    /* Slack knows no address: without a mail server such a message waits for one. */
    if (daemon->config->smtp_url[0] != '\0' || ps_slack_checker_uses_slack(daemon->config))
        sink = ps_mail_sink_create(daemon->loop, daemon->config, sink);
    if (!ps_webhooks_configured(daemon->config))
        return sink;
    return ps_webhooks_create(daemon->loop,
                              &(struct ps_webhooks_options){ .config = daemon->config,
                                                             .pg = daemon->pg,
                                                             .user_agent = daemon->user_agent,
                                                             .other = sink });
}

static int64_t depth_of(void *cookie)
{
    return ps_notifier_depth(cookie);
}

static const char *circuit_of(void *cookie)
{
    return ps_breaker_state_name(ps_channel_queues_circuit(ps_notifier_queues(cookie)));
}

static void on_inbound(void *cookie, const struct ps_inbound_event *inbound)
{
    struct ps_notifier *notifier = cookie;

    ps_command_runner_take(notifier->runner, inbound);
}

static void on_view(void *cookie, const struct ps_view_request *request)
{
    struct ps_notifier *notifier = cookie;

    ps_app_home_view(notifier->home, request);
}

static void on_show(void *cookie, const char *response_url, const char *text)
{
    struct ps_notifier *notifier = cookie;

    ps_app_home_show(notifier->home, response_url, text);
}

static void on_home(void *cookie, const char *user)
{
    struct ps_notifier *notifier = cookie;

    ps_app_home_publish(notifier->home, user);
}

static void on_identity(void *cookie, const char *team, const char *enterprise)
{
    struct ps_notifier *notifier = cookie;

    notifier->identified = true;
    ps_inbound_set_team(notifier->inbound, team, enterprise);
}

/* Without the secret, Slack's requests cannot be distinguished from anybody's, so none is accepted.
 */
static bool open_events_port(struct ps_notifier *notifier, struct ps_err *err)
{
    const struct ps_daemon *daemon = notifier->daemon;
    const struct ps_config *config = daemon->config;
    const struct ps_events_server_options options = { .loop = daemon->loop,
                                                      .metrics = daemon->metrics,
                                                      .inbound = notifier->inbound,
                                                      .host = config->events_bind_host,
                                                      .port = (uint16_t)config->port,
                                                      .secret = &config->slack_signing_secret };

    if (config->shadow) {
        PS_LOG(EVENTS_CLOSED, F_TEXT("why", "SHADOW is set"));
        return true;
    }
    if (config->slack_signing_secret[0] == '\0') {
        PS_LOG(EVENTS_CLOSED, F_TEXT("why", "SLACK_SIGNING_SECRET is not set"));
        return true;
    }
    notifier->events_server = ps_events_server_create(&options, err);
    if (notifier->events_server == NULL)
        return false;
    PS_LOG(EVENTS_LISTEN, F_TEXT("host", config->events_bind_host),
           F_INT("port", ps_events_server_port(notifier->events_server)));
    return true;
}

static bool listen_to_slack(struct ps_notifier *notifier, struct ps_err *err)
{
    const struct ps_daemon *daemon = notifier->daemon;
    const struct ps_config *config = daemon->config;

    notifier->inbound = ps_inbound_create(
        &(struct ps_inbound_options){ .loop = daemon->loop,
                                      .pg = daemon->pg,
                                      .metrics = daemon->metrics,
                                      .allowed_teams = config->slack_allowed_teams,
                                      .api_url = config->slack_api_url,
                                      .cookie = notifier,
                                      .inbound = on_inbound,
                                      .view = on_view,
                                      .show = on_show });
    if (!open_events_port(notifier, err)) {
        ps_inbound_destroy(notifier->inbound);
        return false;
    }
    notifier->api = ps_slack_api_create(
        daemon->loop, &(struct ps_slack_api_options){ .api_url = config->slack_api_url,
                                                      .user_agent = daemon->user_agent,
                                                      .proxy = config->http_proxy_url,
                                                      .no_proxy = config->http_proxy_except,
                                                      .ca_file = config->http_ca_file });
    notifier->home =
        ps_app_home_create(&(struct ps_app_home_options){ .loop = daemon->loop,
                                                          .pg = daemon->pg,
                                                          .api = notifier->api,
                                                          .token = &config->slack_bot_token });
    notifier->zones = ps_people_zones_create(
        daemon->loop, ps_slack_checker_uses_slack(config) ? notifier->api : NULL,
        &config->slack_bot_token);
    if (ps_slack_checker_uses_slack(config))
        notifier->identity = ps_slack_identity_start(
            daemon->loop, notifier->api, &config->slack_bot_token, on_identity, notifier);
    if (config->slack_app_token[0] != '\0' && !config->shadow)
        notifier->socket_mode = ps_socket_mode_create(
            &(struct ps_socket_mode_options){ .loop = daemon->loop,
                                              .api = notifier->api,
                                              .inbound = notifier->inbound,
                                              .failures = daemon->failures,
                                              .token = &config->slack_app_token,
                                              .api_url = config->slack_api_url,
                                              .user_agent = daemon->user_agent,
                                              .proxy = config->http_proxy_url,
                                              .no_proxy = config->http_proxy_except,
                                              .ca_file = config->http_ca_file });
    return true;
}

bool ps_notifier_start(struct ps_daemon *daemon, void **out_self, struct ps_err *err)
{
    const struct ps_config *config = daemon->config;
    struct ps_notifier *notifier;
    struct ps_sender_options options;
    struct ps_redis_options server = ps_redis_options_of(config);
    int64_t cooldown_ms = (int64_t)(config->mq_circuit_breaker_cooldown_seconds * 1000);

    if (ps_slack_checker_uses_slack(config) && config->slack_bot_token[0] == '\0')
        return ps_fail(err, PS_FAILURE_CONFIGURATION, 0,
                       "SLACK_BOT_TOKEN: required where NOTIFY_SINK is slack");
    server.client_name = daemon->instance;
    notifier = ps_alloc_zero(1, sizeof(*notifier));
    notifier->daemon = daemon;
    if (!listen_to_slack(notifier, err)) {
        free(notifier);
        return false;
    }
    notifier->claims = ps_outbox_claims_create(daemon->pg, daemon->instance);
    ps_outbox_claims_measure(notifier->claims, daemon->metrics);
    notifier->channels = ps_channel_lock_create(
        daemon->redis, daemon->keys, daemon->instance, daemon->launched_ms,
        ps_slack_checker_uses_slack(config) ? config->slack_channel_interval_ms : 0);
    ps_backpressure_init(&notifier->pressure, config->mq_backpressure_threshold);
    notifier->alarms = ps_alarms_create(&(struct ps_alarms_options){ .daemon = daemon,
                                                                     .said = on_said,
                                                                     .cookie = notifier,
                                                                     .route = alarm_route,
                                                                     .patience = alarm_patience,
                                                                     .send = alarm_send });
    options = (struct ps_sender_options){
        .loop = daemon->loop,
        .redis = daemon->redis,
        .server = &server,
        .signals = daemon->signals,
        .keys = daemon->keys,
        .heartbeat = daemon->heartbeat,
        .instance = daemon->instance,
        .claims = notifier->claims,
        .channels = notifier->channels,
        .webhook = ps_alarms_webhook(notifier->alarms),
        .metrics = daemon->metrics,
        .failures = daemon->failures,
        .tracer = daemon->tracer,
        .queues = {.interval_ms =
                        ps_slack_checker_uses_slack(config) ? config->slack_channel_interval_ms : 0,
                   .max_retries = (int)config->mq_max_retries,
                   .retry_base_ms = RETRY_BASE_MS,
                   .breaker_threshold = (int)config->mq_circuit_breaker_threshold,
                   .breaker_cooldown_ms = cooldown_ms,
                   .access_cooldown_ms = cooldown_ms,
                   .can_look = ps_slack_checker_uses_slack(config)},
        .sink = make_sink(daemon),
        .cookie = notifier,
        .depth = on_depth,
        .closed = on_message_closed,
    };
    notifier->sender = ps_sender_create(&options);
    notifier->runner = ps_command_runner_create(
        &(struct ps_command_runner_options){ .loop = daemon->loop,
                                             .pg = daemon->pg,
                                             .signals = daemon->signals,
                                             .metrics = daemon->metrics,
                                             .config = daemon->config,
                                             .launched_ms = daemon->launched_ms,
                                             .zones = notifier->zones,
                                             .cookie = notifier,
                                             .depth = depth_of,
                                             .circuit = circuit_of,
                                             .home = on_home });
    PS_LOG(NOTIFIER_START,
           F_TEXT("sink", config->shadow                        ? "shadow"
                          : ps_slack_checker_uses_slack(config) ? "slack"
                                                                : "console"),
           F_TEXT("instance_id", daemon->instance));
    *out_self = notifier;
    return true;
}

void ps_notifier_on_server(void *self, bool up)
{
    struct ps_notifier *notifier = self;

    if (up)
        ps_sender_wake(notifier->sender);
}

static void on_drained(void *cookie)
{
    struct ps_notifier *notifier = cookie;

    PS_LOG(NOTIFIER_STOP,
           F_INT("held", ps_channel_queues_held(ps_sender_queues(notifier->sender))));
    ps_daemon_drained(notifier->daemon);
}

void ps_notifier_drain(void *self, int count)
{
    struct ps_notifier *notifier = self;

    PS_LOG(NOTIFIER_DRAIN,
           F_INT("held", ps_channel_queues_held(ps_sender_queues(notifier->sender))),
           F_BOOL("hurry", count > 1));
    if (notifier->events_server != NULL)
        ps_events_server_drain(notifier->events_server);
    if (notifier->socket_mode != NULL)
        ps_socket_mode_drain(notifier->socket_mode);
    ps_command_runner_drain(notifier->runner);
    ps_sender_drain(notifier->sender, count > 1, on_drained, notifier);
}

void ps_notifier_destroy(void *self)
{
    struct ps_notifier *notifier = self;

    if (notifier == NULL)
        return;
    ps_slack_checker_destroy(notifier->checker);
    ps_socket_mode_destroy(notifier->socket_mode);
    ps_events_server_destroy(notifier->events_server);
    ps_slack_api_destroy(notifier->api);
    ps_app_home_destroy(notifier->home);
    ps_people_zones_destroy(notifier->zones);
    ps_slack_identity_destroy(notifier->identity);
    ps_inbound_destroy(notifier->inbound);
    ps_command_runner_destroy(notifier->runner);
    ps_sender_destroy(notifier->sender);
    ps_outbox_claims_destroy(notifier->claims);
    ps_channel_lock_destroy(notifier->channels);
    ps_alarms_destroy(notifier->alarms);
    free(notifier);
}

int64_t ps_notifier_depth(const struct ps_notifier *notifier)
{
    return notifier->length + (int64_t)ps_channel_queues_held(ps_notifier_queues(notifier));
}

bool ps_notifier_backpressure(const struct ps_notifier *notifier)
{
    return notifier->pressure.high;
}

const struct ps_channel_queues *ps_notifier_queues(const struct ps_notifier *notifier)
{
    return ps_sender_queues(notifier->sender);
}

const struct ps_daemon *ps_notifier_daemon(const struct ps_notifier *notifier)
{
    return notifier->daemon;
}

bool ps_notifier_stuck(void *self)
{
    const struct ps_notifier *notifier = self;

    return ps_redis_up(notifier->daemon->redis) &&
           ps_sender_stuck(notifier->sender, notifier->length, PS_NOTIFIER_STUCK_MS);
}

size_t ps_notifier_sockets(const struct ps_notifier *notifier)
{
    return notifier->socket_mode != NULL ? ps_socket_mode_connected(notifier->socket_mode) : 0;
}
