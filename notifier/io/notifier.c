#include "notifier/io/notifier.h"

#include "notifier/core/backpressure.h"
#include "notifier/core/outage.h"
#include "notifier/io/command_runner.h"
#include "notifier/io/console_sink.h"
#include "notifier/io/events_server.h"
#include "notifier/io/sender.h"
#include "notifier/io/slack_sink.h"
#include "shared/core/alloc.h"
#include "shared/core/utc_time.h"
#include "shared/io/clock.h"
#include "shared/io/log.h"

#include <hiredis/hiredis.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    WATCH_MS = 1000,
    RETRY_BASE_MS = 1000,
    ALERTED_MS = 24 * 3600 * 1000, /* the alert of one outage is not raised again for so long */
    STARTED_MS = 10 * 60 * 1000    /* nor is a start told again */
};

struct ps_notifier {
    struct ps_daemon *daemon; /* borrowed */
    struct ps_outbox_claims *claims;
    struct ps_channel_lock *channels;
    struct ps_sender *sender;
    struct ps_command_runner *runner;
    struct ps_events_server *events_server; /* NULL where Slack cannot speak to us */
    struct ps_timer *watch;
    struct ps_webhook_sink *webhook;
    struct ps_outage outage; /* of Redis */
    struct ps_outage shut;   /* of Slack: it takes no message */
    struct ps_backpressure pressure;
    bool started;   /* whether to tell that we have was asked */
    int64_t length; /* of the list, as told last */
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

static void on_start_told(void *cookie, const struct redisReply *reply, const struct ps_err *err)
{
    struct ps_notifier *notifier = cookie;
    char *text;

    if (err != NULL || ps_redis_reply_text(reply, NULL) == NULL)
        return; /* another one told it */
    text = ps_alloc_format("Paperscout %s has started. %lld %s to be said.", PS_VERSION,
                           (long long)notifier->length,
                           notifier->length == 1 ? "message waits" : "messages wait");
    say(notifier, PS_MESSAGE_STARTUP, notifier->daemon->config->notification_channel, text);
    free(text);
}

/* Once it is known how much waits. */
static void tell_start(struct ps_notifier *notifier)
{
    const struct ps_daemon *daemon = notifier->daemon;
    char *key = ps_key_with(daemon->keys, PS_KEY_ALERTED, "startup");
    char life[24];

    (void)snprintf(life, sizeof(life), "%d", STARTED_MS);
    if (!notifier->started && daemon->config->notify_on_startup)
        PS_REDIS(daemon->redis, on_start_told, notifier, "SET", key, daemon->instance, "NX", "PX",
                 life);
    notifier->started = true;
    free(key);
}

static void watch_redis(struct ps_notifier *notifier, int64_t now_ms)
{
    int64_t gone_ms;
    char span[PS_UTC_TIME_TEXT];
    char *text = NULL;
    enum ps_outage_change change =
        ps_outage_step(&notifier->outage, ps_redis_up(notifier->daemon->redis), now_ms, &gone_ms);

    ps_utc_time_format_span(gone_ms / 1000, span);
    switch (change) {
    case PS_OUTAGE_SAME:
        break;
    case PS_OUTAGE_TELL:
        PS_LOG(OPS_ALERT, F_TEXT("what", "Redis is not reached"), F_INT("gone_ms", gone_ms));
        text = ps_alloc_format("Paperscout: Redis has not been reached for %s. Nothing is probed "
                               "and nothing is announced until it is back.",
                               span);
        say(notifier, PS_MESSAGE_OPS_ALERT, notifier->daemon->config->ops_alert_channel, text);
        break;
    case PS_OUTAGE_RECOVERED:
        PS_LOG(OPS_RECOVERY, F_TEXT("what", "Redis is reached again"), F_INT("gone_ms", gone_ms));
        text = ps_alloc_format("Paperscout: Redis is reached again, after %s.", span);
        say(notifier, PS_MESSAGE_OPS_RECOVERY, notifier->daemon->config->ops_alert_channel, text);
        break;
    }
    free(text);
}

static void tell_shut(struct ps_notifier *notifier)
{
    const struct ps_err *fault = ps_channel_queues_fault(ps_sender_queues(notifier->sender));
    char *text = ps_alloc_format("Paperscout: Slack takes no message (%s). Messages wait, none is "
                                 "lost.",
                                 fault != NULL ? fault->what : "no answer, or an error");

    ps_webhook_sink_say(notifier->webhook, "slack", text);
    free(text);
}

/* Of several notifiers one tells, unless Redis cannot say whether another did. */
static void on_raised(void *cookie, const struct redisReply *reply, const struct ps_err *err)
{
    if (err != NULL || ps_redis_reply_text(reply, NULL) != NULL)
        tell_shut(cookie);
}

static void on_lowered(void *cookie, const struct redisReply *reply, const struct ps_err *err)
{
    struct ps_notifier *notifier = cookie;

    if (err != NULL || ps_redis_reply_int(reply, 0) > 0)
        ps_webhook_sink_say(notifier->webhook, "slack", "Paperscout: Slack takes messages again.");
}

static void watch_slack(struct ps_notifier *notifier, int64_t now_ms)
{
    const struct ps_channel_queues *queues = ps_sender_queues(notifier->sender);
    const struct ps_err *fault = ps_channel_queues_fault(queues);
    struct ps_redis *redis = notifier->daemon->redis;
    char *key = ps_key_with(notifier->daemon->keys, PS_KEY_ALERTED, "slack");
    char life[24];
    int64_t gone_ms;

    (void)snprintf(life, sizeof(life), "%d", ALERTED_MS);
    switch (ps_outage_step(&notifier->shut, !ps_channel_queues_shut(queues), now_ms, &gone_ms)) {
    case PS_OUTAGE_SAME:
        break;
    case PS_OUTAGE_TELL:
        PS_LOG(OPS_ALERT, F_TEXT("what", "Slack takes no message"), F_INT("gone_ms", gone_ms),
               F_ERR(fault));
        PS_REDIS(redis, on_raised, notifier, "SET", key, notifier->daemon->instance, "NX", "PX",
                 life);
        break;
    case PS_OUTAGE_RECOVERED:
        PS_LOG(OPS_RECOVERY, F_TEXT("what", "Slack takes messages again"),
               F_INT("gone_ms", gone_ms));
        PS_REDIS(redis, on_lowered, notifier, "DEL", key);
        break;
    }
    free(key);
}

static void on_watch(void *cookie)
{
    struct ps_notifier *notifier = cookie;
    int64_t now_ms = ps_loop_now(notifier->daemon->loop);

    watch_redis(notifier, now_ms);
    watch_slack(notifier, now_ms);
    ps_timer_set(notifier->watch, WATCH_MS);
}

static void on_depth(void *cookie, int64_t length)
{
    struct ps_notifier *notifier = cookie;
    int64_t depth;

    notifier->length = length;
    tell_start(notifier);
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

/* Whatever else is set, a shadow says nothing to Slack: there is no client for it then. */
static bool use_slack(const struct ps_config *config)
{
    if (config->shadow)
        return false;
    if (config->notify_sink[0] != '\0')
        return strcmp(config->notify_sink, "slack") == 0;
    return config->slack_bot_token[0] != '\0';
}

static struct ps_sink make_sink(const struct ps_daemon *daemon)
{
    const struct ps_slack_options slack = { .api_url = daemon->config->slack_api_url,
                                            .token = daemon->config->slack_bot_token,
                                            .user_agent = daemon->user_agent,
                                            .ca_file = daemon->config->http_ca_file };

    if (daemon->config->shadow)
        return ps_console_sink_create_shadow(daemon->loop, STDOUT_FILENO);
    return use_slack(daemon->config) ? ps_slack_create(daemon->loop, &slack)
                                     : ps_console_sink_create(daemon->loop, STDOUT_FILENO);
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

/* Without the secret nobody can be told from Slack, so nobody is listened to. */
static bool listen_to_slack(struct ps_notifier *notifier, struct ps_err *err)
{
    const struct ps_daemon *daemon = notifier->daemon;
    const struct ps_config *config = daemon->config;
    const struct ps_events_server_options options = { .loop = daemon->loop,
                                                      .pg = daemon->pg,
                                                      .metrics = daemon->metrics,
                                                      .host = config->events_bind_host,
                                                      .port = (uint16_t)config->port,
                                                      .secret = config->slack_signing_secret,
                                                      .cookie = notifier,
                                                      .inbound = on_inbound };

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

bool ps_notifier_start(struct ps_daemon *daemon, void **out_self, struct ps_err *err)
{
    const struct ps_config *config = daemon->config;
    struct ps_notifier *notifier;
    struct ps_sender_options options;
    int64_t cooldown_ms = (int64_t)(config->mq_circuit_breaker_cooldown_seconds * 1000);

    if (use_slack(config) && config->slack_bot_token[0] == '\0')
        return ps_fail(err, PS_FAILURE_CONFIGURATION, 0,
                       "SLACK_BOT_TOKEN: required where NOTIFY_SINK is slack");
    notifier = ps_alloc_zero(1, sizeof(*notifier));
    notifier->daemon = daemon;
    if (!listen_to_slack(notifier, err)) {
        free(notifier);
        return false;
    }
    notifier->claims = ps_outbox_claims_create(daemon->pg, daemon->instance);
    notifier->channels =
        ps_channel_lock_create(daemon->redis, daemon->keys, daemon->instance, daemon->launched_ms,
                               use_slack(config) ? config->slack_channel_interval_ms : 0);
    ps_backpressure_init(&notifier->pressure, config->mq_backpressure_threshold);
    notifier->webhook = ps_webhook_sink_create(
        daemon->loop, &(struct ps_webhook_sink_options){
                          .url = config->shadow ? "" : config->ops_alert_webhook_url,
                          .user_agent = daemon->user_agent,
                          .ca_file = config->http_ca_file,
                          .failures = daemon->failures });
    /* Told when the first trial failed too. */
    ps_outage_init(&notifier->shut, cooldown_ms, ps_loop_now(daemon->loop));
    ps_outage_init(&notifier->outage, PS_NOTIFIER_REDIS_GONE_MS, ps_loop_now(daemon->loop));
    options = (struct ps_sender_options){
        .loop = daemon->loop,
        .redis = daemon->redis,
        .keys = daemon->keys,
        .heartbeat = daemon->heartbeat,
        .instance = daemon->instance,
        .claims = notifier->claims,
        .channels = notifier->channels,
        .webhook = notifier->webhook,
        .metrics = daemon->metrics,
        .failures = daemon->failures,
        .queues = {.interval_ms = use_slack(config) ? config->slack_channel_interval_ms : 0,
                   .max_retries = (int)config->mq_max_retries,
                   .retry_base_ms = RETRY_BASE_MS,
                   .breaker_threshold = (int)config->mq_circuit_breaker_threshold,
                   .breaker_cooldown_ms = cooldown_ms,
                   .access_cooldown_ms = cooldown_ms,
                   .can_look = use_slack(config)},
        .sink = make_sink(daemon),
        .cookie = notifier,
        .depth = on_depth,
    };
    notifier->sender = ps_sender_create(&options);
    notifier->runner = ps_command_runner_create(
        &(struct ps_command_runner_options){ .loop = daemon->loop,
                                             .pg = daemon->pg,
                                             .metrics = daemon->metrics,
                                             .config = daemon->config,
                                             .launched_ms = daemon->launched_ms,
                                             .cookie = notifier,
                                             .depth = depth_of,
                                             .circuit = circuit_of });
    notifier->watch = ps_timer_create(daemon->loop, on_watch, notifier);
    ps_timer_set(notifier->watch, 0);
    PS_LOG(NOTIFIER_START,
           F_TEXT("sink", config->shadow      ? "shadow"
                          : use_slack(config) ? "slack"
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
    ps_command_runner_drain(notifier->runner);
    ps_sender_drain(notifier->sender, count > 1, on_drained, notifier);
}

void ps_notifier_destroy(void *self)
{
    struct ps_notifier *notifier = self;

    if (notifier == NULL)
        return;
    ps_timer_destroy(notifier->watch);
    ps_events_server_destroy(notifier->events_server);
    ps_command_runner_destroy(notifier->runner);
    ps_sender_destroy(notifier->sender);
    ps_outbox_claims_destroy(notifier->claims);
    ps_channel_lock_destroy(notifier->channels);
    ps_webhook_sink_destroy(notifier->webhook);
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
