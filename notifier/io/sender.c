#include "notifier/io/sender.h"

#include "notifier/io/delivery_record.h"
#include "notifier/io/send_trace.h"
#include "shared/core/alloc.h"
#include "shared/core/json.h"
#include "shared/io/clock.h"
#include "shared/io/log.h"

#include <stdlib.h>

static const char answer_life_ms[] = "600000"; /* the command `send` waits for 30 s */

struct ps_sender {
    struct ps_sender_options options;
    struct ps_channel_queues *queues;
    struct ps_notify_queue *notify_queue;
    struct ps_delivery_record *record;
    struct ps_timer *turn; /* claims and sends the messages that may leave */
    struct ps_timer *keep; /* channels of which something is held stay ours */
    struct ps_timer *drained;
    int64_t depth;    /* of the list, as read last */
    int64_t moved_ms; /* something was settled, or there was nothing to do */
    bool draining, notify_queue_stopped, hurry;
    size_t going_back; /* answers awaited */
    void (*done)(void *cookie);
    void *done_cookie;
};

static void begin(void *cookie)
{
    struct ps_sender *sender = cookie;

    ps_timer_set(sender->turn, 0);
}

static bool idle(const struct ps_sender *sender)
{
    return ps_channel_queues_held(sender->queues) == 0 &&
           ps_delivery_record_busy(sender->record) == 0;
}

static void on_back(void *cookie, bool held, const struct ps_err *err)
{
    struct ps_sender *sender = cookie;

    (void)held;
    (void)err; /* a message that could not go back stays in the in-flight list; another notifier
                  takes it from there */
    sender->going_back--;
    ps_timer_set(sender->drained, 0);
}

static void on_released(void *cookie, const struct ps_err *err)
{
    on_back(cookie, true, err);
}

static void put_back(struct ps_sender *sender)
{
    struct ps_outgoing_message *message;

    while ((message = ps_channel_queues_take_back(sender->queues)) != NULL) {
        struct ps_acknowledgement back = {
            .how = PS_ACKNOWLEDGE_BACK,
            .raw = {message->raw, message->raw_len},
            .channel = message->content.channel,
            .id = message->doubtful ? NULL : message->content.id
        };

        if (message->claimed && ps_outbox_claims_up(sender->options.claims)) {
            sender->going_back++;
            ps_outbox_claims_release(sender->options.claims, message->content.id, message->doubtful,
                                     on_released, sender);
        }
        if (message->raw != NULL) {
            sender->going_back++;
            ps_notify_queue_settle(sender->notify_queue, &back, on_back, sender);
        }
        ps_outgoing_message_destroy(message);
    }
}

/* Runs only from the timer. The end of a connection runs callbacks too, and these must not start a
 * request. */
static void on_drained(void *cookie)
{
    struct ps_sender *sender = cookie;
    void (*done)(void *cookie) = sender->done;

    if (!sender->draining || done == NULL)
        return;
    if (sender->notify_queue_stopped || sender->hurry)
        put_back(sender);
    if (sender->going_back > 0 || ps_delivery_record_busy(sender->record) > 0)
        return;
    if (!sender->hurry && (!sender->notify_queue_stopped || !idle(sender)))
        return;
    sender->done = NULL;
    done(sender->done_cookie);
}

static void log_failure(struct ps_sender *sender, enum ps_event event,
                        const struct ps_outgoing_message *message, const struct ps_err *err,
                        int64_t wait_ms)
{
    ps_log_write(event,
                 (const struct ps_log_field[]){
                     F_TEXT("id", message->content.id), F_TEXT("channel", message->content.channel),
                     F_INT("attempts", message->attempts), F_INT("wait_ms", wait_ms),
                     F_TEXT("trace", ps_outgoing_message_trace(message)), F_ERR(err) },
                 6);
    ps_failure_log_add(sender->options.failures, ps_event_name(event), err, NULL, err->code);
}

static void on_reported(void *cookie, const struct redisReply *reply, const struct ps_err *err)
{
    (void)cookie;
    (void)reply;
    (void)err; /* the command `send` says then that no notifier answered */
}

/* Reports the outcome to the command `send`, which waits for it. */
static void report(struct ps_sender *sender, const struct ps_outgoing_message *message,
                   const char *state, const struct ps_err *err)
{
    const struct ps_sender_options *options = &sender->options;
    cJSON *json;
    char *key, *text;

    if (message->content.kind != PS_MESSAGE_MANUAL || !ps_redis_up(options->redis))
        return;
    json = cJSON_CreateObject();
    ps_json_add_text(json, "state", state);
    ps_json_add_text(json, "reason", err != NULL ? err->what : NULL);
    ps_json_add_text(json, "failure_category", err != NULL ? ps_failure_name(err->category) : NULL);
    text = ps_json_print(json);
    key = ps_key_with(options->keys, PS_KEY_NOTIFY_ANSWER, message->content.id);
    PS_REDIS(options->redis, on_reported, NULL, "SET", key, text, "PX", answer_life_ms);
    free(key);
    free(text);
    cJSON_Delete(json);
}

static void close_message(struct ps_sender *sender, struct ps_outgoing_message *message,
                          enum ps_close close)
{
    int64_t took_ms = ps_clock_wall_ms() - message->content.created_ms;
    struct ps_err err;

    switch (close) {
    case PS_CLOSE_NOT:
        return;
    case PS_CLOSE_SENT:
        ps_metrics_add(sender->options.metrics, PS_METRIC_NOTIFY_SENT, NULL, 1);
        if (message->content.created_ms > 0)
            ps_metrics_observe(sender->options.metrics, PS_METRIC_NOTIFY_SECONDS,
                               took_ms > 0 ? (double)took_ms / 1000 : 0);
        PS_LOG(MQ_SENT, F_TEXT("id", message->content.id),
               F_TEXT("kind", ps_message_kind_of(&message->content)),
               F_TEXT("channel", message->content.channel), F_INT("attempts", message->attempts),
               F_TEXT("trace", ps_outgoing_message_trace(message)));
        report(sender, message, "sent", NULL);
        break;
    case PS_CLOSE_DUPLICATE:
        report(sender, message, "sent", NULL);
        PS_LOG(MQ_DUPLICATE, F_TEXT("id", message->content.id),
               F_TEXT("trace", ps_outgoing_message_trace(message)));
        break;
    case PS_CLOSE_DEAD:
        (void)ps_fail(&err, message->category, 0, "%s", message->reason);
        report(sender, message, "dead", &err);
        ps_metrics_add(sender->options.metrics, PS_METRIC_NOTIFY_DEAD, NULL, 1);
        PS_LOG(MQ_DEAD_LETTER, F_TEXT("id", message->content.id),
               F_TEXT("kind", ps_message_kind_of(&message->content)),
               F_TEXT("channel", message->content.channel), F_INT("attempts", message->attempts),
               F_TEXT("trace", ps_outgoing_message_trace(message)), F_ERR(&err));
        break;
    }
    if (close == PS_CLOSE_DEAD && ps_message_kind_urgent(message->content.kind) &&
        !message->rerouted)
        ps_webhook_sink_say(sender->options.webhook, message->content.id, message->content.text);
    if (close == PS_CLOSE_SENT || close == PS_CLOSE_DEAD)
        sender->options.closed(sender->options.cookie, message, close == PS_CLOSE_SENT);
    ps_delivery_record_close(sender->record, close, message);
}

static void log_breakers(struct ps_sender *sender, const struct ps_outgoing_message *message,
                         const struct ps_err *err, const struct ps_channel_queues_outcome *outcome)
{
    if (outcome->circuit_opened)
        PS_LOG(MQ_CIRCUIT_OPEN, F_TEXT("channel", message->content.channel),
               F_INT("cooldown_ms", sender->options.queues.breaker_cooldown_ms), F_ERR(err));
    if (outcome->circuit_closed)
        PS_LOG(MQ_CIRCUIT_CLOSED, F_TEXT("id", message->content.id));
    if (outcome->access_back)
        PS_LOG(MQ_CONFIGURATION_OVER, F_TEXT("id", message->content.id));
}

static void log_outcome(struct ps_sender *sender, const struct ps_outgoing_message *message,
                        const struct ps_slack_response *reply,
                        const struct ps_channel_queues_outcome *outcome)
{
    if (reply->next == PS_SLACK_LATER) {
        ps_metrics_add(sender->options.metrics, PS_METRIC_NOTIFY_RATE_LIMITED, NULL, 1);
        log_failure(sender, PS_EVENT_MQ_RATE_LIMITED, message, &reply->err, outcome->wait_ms);
    } else if (reply->next == PS_SLACK_RETRY) {
        if (outcome->close == PS_CLOSE_NOT)
            ps_metrics_add(sender->options.metrics, PS_METRIC_NOTIFY_RETRIES, NULL, 1);
        log_failure(sender, PS_EVENT_MQ_RETRY, message, &reply->err, outcome->wait_ms);
    } else if (outcome->close == PS_CLOSE_DEAD) {
        ps_failure_log_add(sender->options.failures, ps_event_name(PS_EVENT_MQ_DEAD_LETTER),
                           &reply->err, NULL, reply->err.code);
    } else if (reply->next == PS_SLACK_NEVER) { /* refused as it is; sent in another form */
        log_failure(sender, PS_EVENT_MQ_RETRY, message, &reply->err, 0);
    } else if (reply->next == PS_SLACK_STOP && outcome->access_lost) {
        log_failure(sender, PS_EVENT_MQ_CONFIGURATION, message, &reply->err, outcome->wait_ms);
    }
    log_breakers(sender, message, &reply->err, outcome);
}

/* Reports to the other notifiers for how long Slack asked the channel to wait, and that no notifier
 * is sending this message any more. */
static void report_answer(struct ps_sender *sender, const struct ps_outgoing_message *message,
                          const struct ps_slack_response *reply)
{
    bool later = reply->next == PS_SLACK_LATER;

    if (message->doubtful || reply->next == PS_SLACK_SENT ||
        !ps_channel_lock_up(sender->options.channels))
        return;
    ps_channel_lock_answered(sender->options.channels, message->content.channel,
                             message->content.id, later ? reply->after_ms : 0);
}

static void on_reply(void *cookie, const struct ps_slack_response *reply)
{
    struct ps_outgoing_message *message = cookie;
    struct ps_sender *sender = message->holder;
    struct ps_channel_queues_time time = { ps_loop_now(sender->options.loop), ps_clock_random() };
    struct ps_channel_queues_outcome outcome;

    ps_send_trace_end(sender->options.tracer, message, reply);
    ps_channel_queues_answered(sender->queues, message, reply, time, &outcome);
    log_outcome(sender, message, reply, &outcome);
    report_answer(sender, message, reply);
    sender->moved_ms = time.now_ms;
    begin(sender);
    ps_timer_set(sender->drained, 0);
    if (outcome.close == PS_CLOSE_NOT)
        report(sender, message, "waiting", &reply->err);
    close_message(sender, message, outcome.close); /* message may be gone after this */
}

static void end_claim(struct ps_outgoing_message *message, enum ps_claim claim,
                      const struct ps_err *err)
{
    struct ps_sender *sender = message->holder;
    struct ps_channel_queues_outcome outcome;

    if (err != NULL && err->code != PS_PG_ERR_OFFLINE)
        PS_LOG(MQ_ERROR, F_TEXT("what", "claim"), F_TEXT("id", message->content.id), F_ERR(err));
    ps_channel_queues_claimed(sender->queues, message, claim, ps_loop_now(sender->options.loop),
                              &outcome);
    begin(sender);
    ps_timer_set(sender->drained, 0);
    close_message(sender, message, outcome.close);
}

static void on_inherited(void *cookie, enum ps_claim claim, const char *by,
                         const struct ps_err *err)
{
    (void)by;
    end_claim(cookie, claim, err);
}

static void on_alive(void *cookie, const char *name, bool alive)
{
    struct ps_outgoing_message *message = cookie;
    struct ps_sender *sender = message->holder;

    if (alive)
        end_claim(message, PS_CLAIM_TAKEN, NULL);
    else
        ps_outbox_claims_take(sender->options.claims, ps_outbox_claims_name_of(&message->content),
                              name, on_inherited, message);
}

/* Inherits the claim of a dead notifier. Later messages of the channel wait until that is decided.
 */
static void on_claim(void *cookie, enum ps_claim claim, const char *by, const struct ps_err *err)
{
    struct ps_outgoing_message *message = cookie;
    struct ps_sender *sender = message->holder;

    if (by != NULL && ps_channel_lock_up(sender->options.channels))
        ps_channel_lock_alive(sender->options.channels, by, on_alive, message);
    else
        end_claim(message, claim, err);
}

/* If the release fails, the claim ends by itself, because no notifier renews it. */
static void on_given_up(void *cookie, const struct ps_err *err)
{
    (void)cookie;
    (void)err;
}

static void on_admitted(void *cookie, const struct ps_admission *admission)
{
    struct ps_outgoing_message *message = cookie;
    struct ps_sender *sender = message->holder;

    if (ps_channel_queues_admitted(sender->queues, message, admission,
                                   ps_loop_now(sender->options.loop)))
        ps_outbox_claims_release(sender->options.claims, message->content.id, message->doubtful,
                                 on_given_up, NULL);
    begin(sender);
    ps_timer_set(sender->drained, 0);
}

static void on_look(void *cookie, const struct ps_slack_look *look)
{
    static const char *const words[] = { [PS_SLACK_FOUND] = "found",
                                         [PS_SLACK_ABSENT] = "absent",
                                         [PS_SLACK_MORE] = "unknown",
                                         [PS_SLACK_UNKNOWN] = "unknown",
                                         [PS_SLACK_FAILED] = "failed" };
    struct ps_outgoing_message *message = cookie;
    struct ps_sender *sender = message->holder;
    struct ps_channel_queues_time time = { ps_loop_now(sender->options.loop), ps_clock_random() };
    struct ps_channel_queues_outcome outcome;

    ps_channel_queues_looked(sender->queues, message, look, time, &outcome);
    PS_LOG(
        MQ_LOOK, F_TEXT("id", message->content.id), F_TEXT("channel", message->content.channel),
        F_TEXT("seen", words[look->seen]), F_TEXT("trace", ps_outgoing_message_trace(message)),
        F_ERR(look->seen == PS_SLACK_UNKNOWN || look->seen == PS_SLACK_FAILED ? &look->err : NULL));
    if (look->seen == PS_SLACK_FOUND)
        ps_metrics_add(sender->options.metrics, PS_METRIC_NOTIFY_FOUND, NULL, 1);
    log_breakers(sender, message, &look->err, &outcome);
    if (outcome.access_lost)
        log_failure(sender, PS_EVENT_MQ_CONFIGURATION, message, &look->err, outcome.wait_ms);
    begin(sender);
    ps_timer_set(sender->drained, 0);
    close_message(sender, message, outcome.close);
}

static void send_now(struct ps_sender *sender, struct ps_outgoing_message *message)
{
    if (message->repeated) {
        ps_metrics_add(sender->options.metrics, PS_METRIC_NOTIFY_REPEATED, NULL, 1);
        PS_LOG(MQ_REPEATED, F_TEXT("id", message->content.id),
               F_TEXT("channel", message->content.channel), F_INT("attempts", message->attempts),
               F_TEXT("trace", ps_outgoing_message_trace(message)));
    }
    message->sending_ms = ps_clock_wall_ms();
    sender->options.sink.send(sender->options.sink.self, message, on_reply, message);
}

static void move(struct ps_sender *sender, enum ps_channel_queues_move what,
                 struct ps_outgoing_message *message)
{
    switch (what) {
    case PS_CHANNEL_QUEUES_NOTHING:
        break;
    case PS_CHANNEL_QUEUES_CLAIM:
        ps_outbox_claims_take(sender->options.claims, ps_outbox_claims_name_of(&message->content),
                              NULL, on_claim, message);
        break;
    case PS_CHANNEL_QUEUES_ADMIT:
        ps_channel_lock_admit(sender->options.channels, message, on_admitted, message);
        break;
    case PS_CHANNEL_QUEUES_LOOK:
        sender->options.sink.look(sender->options.sink.self, message, on_look, message);
        break;
    case PS_CHANNEL_QUEUES_SEND:
        send_now(sender, message);
        break;
    }
}

static void on_turn(void *cookie)
{
    struct ps_sender *sender = cookie;
    int64_t now_ms = ps_loop_now(sender->options.loop), wake_ms;
    bool can_claim = ps_outbox_claims_up(sender->options.claims);
    const struct ps_outgoing_message *alert;
    struct ps_outgoing_message *message;
    enum ps_channel_queues_move what;

    ps_channel_queues_share(sender->queues, ps_channel_lock_up(sender->options.channels));
    while ((message = ps_channel_queues_take_superseded(sender->queues)) != NULL)
        close_message(sender, message, PS_CLOSE_DUPLICATE);
    while ((what = ps_channel_queues_next(sender->queues, now_ms, can_claim, &message)) !=
           PS_CHANNEL_QUEUES_NOTHING)
        move(sender, what, message);
    while ((alert = ps_channel_queues_reroute(sender->queues)) != NULL) {
        ps_webhook_sink_say(sender->options.webhook, alert->content.id, alert->content.text);
    }
    while ((message = ps_channel_queues_take_rerouted(sender->queues)) != NULL)
        close_message(sender, message, PS_CLOSE_SENT);
    wake_ms = ps_channel_queues_wake_ms(sender->queues, now_ms, can_claim);
    if (wake_ms != INT64_MAX)
        ps_timer_set(sender->turn, wake_ms - now_ms);
}

void ps_sender_rerouted(struct ps_sender *sender, const char *id)
{
    ps_channel_queues_rerouted(sender->queues, id);
    begin(sender);
}

static void keep(void *cookie, const char *channel)
{
    struct ps_sender *sender = cookie;

    ps_channel_lock_keep(sender->options.channels, channel);
}

static void on_keep(void *cookie)
{
    struct ps_sender *sender = cookie;

    ps_timer_set_about(sender->keep, PS_CHANNEL_LOCK_KEEP_MS);
    if (ps_channel_lock_up(sender->options.channels))
        ps_channel_queues_each(sender->queues, keep, sender);
}

static void note_full(void *cookie, const char *channel)
{
    (void)channel;
    *(bool *)cookie = true;
}

static void on_closed(void *cookie, struct ps_outgoing_message *message)
{
    struct ps_sender *sender = cookie;
    bool full = false;

    /* A message of our own is in no list, so no acknowledgement removes its mark in the channel's
     * lock. This does. */
    if (message->raw == NULL && ps_channel_lock_up(sender->options.channels))
        ps_channel_lock_answered(sender->options.channels, message->content.channel,
                                 message->content.id, 0);
    ps_channel_queues_forget(sender->queues, message);
    sender->moved_ms = ps_loop_now(sender->options.loop);
    sender->options.depth(sender->options.cookie, sender->depth); /* one message fewer is held */
    ps_channel_queues_full(sender->queues, note_full, &full);
    if (sender->depth > 0 && !full)
        ps_notify_queue_nudge(sender->notify_queue);
}

static void on_idle(void *cookie)
{
    struct ps_sender *sender = cookie;

    ps_timer_set(sender->drained, 0);
}

static size_t room(void *cookie, ps_notify_queue_visit_fn visit, void *visit_cookie)
{
    struct ps_sender *sender = cookie;
    size_t held = ps_channel_queues_held(sender->queues) + ps_delivery_record_busy(sender->record);

    ps_channel_queues_full(sender->queues, visit, visit_cookie);
    return held < PS_CHANNEL_QUEUES_MAX ? PS_CHANNEL_QUEUES_MAX - held : 0;
}

static bool holds(void *cookie, struct ps_str raw)
{
    struct ps_sender *sender = cookie;

    return ps_channel_queues_holds(sender->queues, raw.data, raw.len) ||
           ps_delivery_record_holds(sender->record, raw);
}

static void on_taken(void *cookie, struct ps_str raw)
{
    struct ps_sender *sender = cookie;
    struct ps_err err;
    struct ps_outgoing_message *message = ps_outgoing_message_parse(raw.data, raw.len, &err);

    if (idle(sender))
        sender->moved_ms = ps_loop_now(sender->options.loop);
    if (message == NULL) {
        ps_metrics_add(sender->options.metrics, PS_METRIC_NOTIFY_DEAD, NULL, 1);
        PS_LOG(MQ_DEAD_LETTER, F_INT("bytes", raw.len), F_ERR(&err));
        ps_failure_log_add(sender->options.failures, ps_event_name(PS_EVENT_MQ_DEAD_LETTER), &err,
                           NULL, 0);
        ps_delivery_record_bury(sender->record, raw, err.what);
        return;
    }
    message->holder = sender;
    ps_channel_queues_add(sender->queues, message);
}

static void on_depth(void *cookie, int64_t length)
{
    struct ps_sender *sender = cookie;

    if (length == 0 && idle(sender))
        sender->moved_ms = ps_loop_now(sender->options.loop);
    sender->depth = length;
    sender->options.depth(sender->options.cookie, length);
}

struct ps_sender *ps_sender_create(const struct ps_sender_options *options)
{
    struct ps_sender *sender = ps_alloc_zero(1, sizeof(*sender));
    struct ps_notify_queue_options notify_queue = { .loop = options->loop,
                                                    .redis = options->redis,
                                                    .server = options->server,
                                                    .keys = options->keys,
                                                    .heartbeat = options->heartbeat,
                                                    .instance = options->instance,
                                                    .cookie = sender,
                                                    .room = room,
                                                    .holds = holds,
                                                    .taken = on_taken,
                                                    .round = begin,
                                                    .depth = on_depth };
    struct ps_delivery_record_options record = { .loop = options->loop,
                                                 .claims = options->claims,
                                                 .signals = options->signals,
                                                 .cookie = sender,
                                                 .closed = on_closed,
                                                 .idle = on_idle };

    sender->options = *options;
    sender->moved_ms = ps_loop_now(options->loop);
    sender->queues = ps_channel_queues_create(&options->queues);
    sender->turn = ps_timer_create(options->loop, on_turn, sender);
    sender->keep = ps_timer_create(options->loop, on_keep, sender);
    ps_timer_set_about(sender->keep, PS_CHANNEL_LOCK_KEEP_MS);
    sender->drained = ps_timer_create(options->loop, on_drained, sender);
    sender->notify_queue = record.notify_queue = ps_notify_queue_create(&notify_queue);
    sender->record = ps_delivery_record_create(&record);
    return sender;
}

void ps_sender_destroy(struct ps_sender *sender)
{
    if (sender == NULL)
        return;
    sender->options.sink.destroy(sender->options.sink.self);
    ps_notify_queue_destroy(sender->notify_queue);
    ps_delivery_record_destroy(sender->record);
    ps_channel_queues_destroy(sender->queues);
    ps_timer_destroy(sender->turn);
    ps_timer_destroy(sender->keep);
    ps_timer_destroy(sender->drained);
    free(sender);
}

void ps_sender_wake(struct ps_sender *sender)
{
    begin(sender);
}

void ps_sender_say(struct ps_sender *sender, const struct ps_message *content)
{
    struct ps_outgoing_message *message = ps_outgoing_message_own(content);

    message->holder = sender;
    ps_channel_queues_add(sender->queues, message);
    begin(sender);
}

static void on_notify_queue_stopped(void *cookie)
{
    struct ps_sender *sender = cookie;

    sender->notify_queue_stopped = true;
    ps_timer_set(sender->drained, 0);
}

void ps_sender_drain(struct ps_sender *sender, bool hurry, void (*done)(void *cookie), void *cookie)
{
    ps_timer_set(sender->drained, 0);
    if (hurry && !sender->hurry) {
        sender->hurry = true;
        ps_delivery_record_hurry(sender->record);
    }
    if (sender->draining)
        return;
    sender->draining = true;
    sender->done = done;
    sender->done_cookie = cookie;
    if (sender->options.sink.drain != NULL)
        sender->options.sink.drain(sender->options.sink.self);
    ps_channel_queues_stop(sender->queues);
    ps_notify_queue_stop(sender->notify_queue, on_notify_queue_stopped, sender);
}

const struct ps_channel_queues *ps_sender_queues(const struct ps_sender *sender)
{
    return sender->queues;
}

bool ps_sender_stuck(const struct ps_sender *sender, int64_t depth, int64_t limit_ms)
{
    int64_t now_ms = ps_loop_now(sender->options.loop);
    bool can_claim = ps_outbox_claims_up(sender->options.claims);

    if (idle(sender) && depth == 0)
        return false;
    if (now_ms - sender->moved_ms < limit_ms)
        return false;
    if (idle(sender)) /* a backlog, and nothing is taken */
        return true;
    return can_claim && !ps_channel_queues_waits(sender->queues, now_ms, can_claim);
}
