#include "notifier/core/channel_queues_private.h"
#include "shared/core/backoff.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

enum { RETRY_CAP_MS = 60 * 1000, CLAIM_BASE_MS = 500, CLAIM_CAP_MS = 10 * 1000 };

static void close_message(struct ps_channel_queues *queues, struct ps_outgoing_message *message,
                          enum ps_close close, struct ps_channel_queues_outcome *outcome)
{
    struct ps_channel_queue *queue = ps_channel_queues_find(queues, message->content.channel);

    assert(queue != NULL && queue->count > 0);
    DL_DELETE(queue->messages, message);
    queue->count--;
    message->state = PS_OUTGOING_MESSAGE_CLOSING;
    DL_APPEND(queues->closing, message);
    outcome->close = close;
}

void ps_channel_queues_rerouted(struct ps_channel_queues *queues, const char *id)
{
    struct ps_channel_queue *queue;
    struct ps_outgoing_message *message;

    DL_FOREACH (queues->queues, queue)
        DL_FOREACH (queue->messages, message)
            if (message->rerouted && strcmp(message->content.id, id) == 0)
                message->delivered_elsewhere = true;
}

struct ps_outgoing_message *ps_channel_queues_take_rerouted(struct ps_channel_queues *queues)
{
    struct ps_channel_queue *queue;
    struct ps_outgoing_message *message;
    struct ps_channel_queues_outcome outcome;

    DL_FOREACH (queues->queues, queue)
        DL_FOREACH (queue->messages, message)
            if (message->delivered_elsewhere && !ps_channel_queues_under_way(message)) {
                close_message(queues, message, PS_CLOSE_SENT, &outcome);
                return message;
            }
    return NULL;
}

/* Returns the length of "alarm:<incident>:", with which the ids of an incident's messages begin
 * (shared/io/alarm.c); 0 if it is another message. */
static size_t alarm_prefix_len(const struct ps_message *content)
{
    static const char prefix[] = "alarm:";
    const char *end;

    if (!ps_message_kind_urgent(content->kind) ||
        strncmp(content->id, prefix, sizeof(prefix) - 1) != 0)
        return 0;
    end = strchr(content->id + sizeof(prefix) - 1, ':');
    return end == NULL ? 0 : (size_t)(end + 1 - content->id);
}

static bool is_superseded(const struct ps_channel_queue *queue,
                          const struct ps_outgoing_message *message)
{
    size_t len = alarm_prefix_len(&message->content);
    const struct ps_outgoing_message *newer;

    if (len == 0 || ps_channel_queues_under_way(message))
        return false;
    DL_FOREACH (queue->messages, newer)
        /* A message that another notifier gave back arrives after newer ones. */
        if (newer->seq > message->seq && newer->content.created_ms >= message->content.created_ms &&
            alarm_prefix_len(&newer->content) == len &&
            strncmp(newer->content.id, message->content.id, len) == 0)
            return true;
    return false;
}

struct ps_outgoing_message *ps_channel_queues_take_superseded(struct ps_channel_queues *queues)
{
    struct ps_channel_queue *queue;
    struct ps_outgoing_message *message;
    struct ps_channel_queues_outcome outcome;

    DL_FOREACH (queues->queues, queue)
        DL_FOREACH (queue->messages, message)
            if (is_superseded(queue, message)) {
                close_message(queues, message, PS_CLOSE_DUPLICATE, &outcome);
                return message;
            }
    return NULL;
}

bool ps_channel_queues_reached(const struct ps_channel_queues *queues)
{
    return queues->reached;
}

static void wait_until(struct ps_outgoing_message *message, int64_t now_ms, int64_t delay_ms,
                       struct ps_channel_queues_outcome *outcome)
{
    message->not_before_ms = now_ms + delay_ms;
    outcome->wait_ms = delay_ms;
}

void ps_channel_queues_claimed(struct ps_channel_queues *queues,
                               struct ps_outgoing_message *message, enum ps_claim claim,
                               int64_t now_ms, struct ps_channel_queues_outcome *out_outcome)
{
    *out_outcome = (struct ps_channel_queues_outcome){ .close = PS_CLOSE_NOT };
    message->state = PS_OUTGOING_MESSAGE_WAITING;
    if (claim != PS_CLAIM_FAILED)
        message->claim_failures = 0;
    switch (claim) {
    case PS_CLAIM_KEPT:
    case PS_CLAIM_INHERITED:
        if (!message->claimed || claim == PS_CLAIM_INHERITED)
            message->doubtful = true;
        message->claimed = true;
        message->claimed_ms = now_ms;
        break;
    case PS_CLAIM_MINE:
        message->claimed = true;
        message->claimed_ms = now_ms;
        break;
    case PS_CLAIM_TAKEN:
        message->claimed = false;
        message->state = PS_OUTGOING_MESSAGE_DEFERRED;
        wait_until(message, now_ms, PS_CHANNEL_QUEUES_DEFER_MS, out_outcome);
        break;
    case PS_CLAIM_SENT:
        close_message(queues, message, PS_CLOSE_DUPLICATE, out_outcome);
        break;
    case PS_CLAIM_UNKNOWN:
        (void)snprintf(message->reason, sizeof(message->reason),
                       "the outbox has no message of this id");
        close_message(queues, message, PS_CLOSE_DEAD, out_outcome);
        break;
    case PS_CLAIM_FAILED:
        message->claim_failures++;
        wait_until(message, now_ms,
                   ps_backoff_ms(CLAIM_BASE_MS, CLAIM_CAP_MS, message->claim_failures, 0.5),
                   out_outcome);
        break;
    }
}

bool ps_channel_queues_admitted(struct ps_channel_queues *queues,
                                struct ps_outgoing_message *message,
                                const struct ps_admission *admission, int64_t now_ms)
{
    struct ps_channel_queue *queue = ps_channel_queues_find(queues, message->content.channel);
    bool release = message->claimed && admission->elsewhere;

    assert(message->state == PS_OUTGOING_MESSAGE_ADMITTING && queue != NULL);
    message->state = PS_OUTGOING_MESSAGE_WAITING;
    if (!admission->unknown)
        queue->elsewhere = admission->elsewhere;
    if (release)
        message->claimed = false;
    if (admission->wait_ms > 0 && admission->held)
        ps_channel_pacing_hold(&queue->pace, now_ms, admission->wait_ms);
    else if (admission->wait_ms > 0)
        ps_channel_pacing_wait(&queue->pace, now_ms, admission->wait_ms);
    if (admission->wait_ms > 0)
        return release;
    message->admitted = true;
    message->admitted_ms = now_ms;
    message->doubtful = message->doubtful || admission->doubtful;
    if (admission->slack_id != NULL)
        (void)snprintf(message->slack_channel, sizeof(message->slack_channel), "%s",
                       admission->slack_id);
    return release;
}

static void update_breakers(struct ps_channel_queues *queues, struct ps_channel_queue *queue,
                            enum ps_slack_next next, const struct ps_err *err, int64_t now_ms,
                            struct ps_channel_queues_outcome *outcome)
{
    struct ps_breaker *circuit = queue->alone ? &queue->circuit : &queues->circuit;
    struct ps_breaker *access = queue->alone ? &queue->access : &queues->access;
    bool circuit_was_closed = circuit->state == PS_BREAKER_CLOSED;
    bool access_was_closed = access->state == PS_BREAKER_CLOSED;

    if (next == PS_SLACK_RETRY) {
        outcome->circuit_opened = ps_breaker_failure(circuit, now_ms);
        if (!access_was_closed) /* the trial says nothing about access */
            (void)ps_breaker_failure(access, now_ms);
        return;
    }
    queues->reached = queues->reached || !queue->alone;
    ps_breaker_success(circuit);
    outcome->circuit_closed = !circuit_was_closed;
    if (next == PS_SLACK_STOP) {
        (void)ps_breaker_failure(access, now_ms);
        if (!queue->alone)
            queues->fault = *err;
        outcome->access_lost = access_was_closed;
    } else {
        ps_breaker_success(access);
        outcome->access_back = !access_was_closed;
    }
}

struct failure {
    bool trial;
    int64_t after_ms; /* not before */
};

static void fail_message(struct ps_channel_queues *queues, struct ps_outgoing_message *message,
                         struct failure failure, struct ps_channel_queues_time time,
                         struct ps_channel_queues_outcome *outcome)
{
    int64_t delay_ms;

    if (message->first_failure_ms == 0)
        message->first_failure_ms = time.now_ms;
    /* A failure while the circuit is not closed is a fault of the sink, not of the message, so it
       is not charged: a long outage would bury one message after the other. After an hour it is
       charged, because a message that itself makes the sink fail must not hold the others without
       limit. */
    if (!failure.trial || time.now_ms - message->first_failure_ms >= PS_CHANNEL_QUEUES_PATIENCE_MS)
        message->charged++;
    if (message->charged > queues->options.max_retries) {
        close_message(queues, message, PS_CLOSE_DEAD, outcome);
        return;
    }
    delay_ms = ps_backoff_ms(queues->options.retry_base_ms, RETRY_CAP_MS,
                             message->charged > 0 ? message->charged : 1, time.rnd);
    wait_until(message, time.now_ms, delay_ms > failure.after_ms ? delay_ms : failure.after_ms,
               outcome);
}

/* If Slack denies access to a single channel, pause only that channel. Otherwise one revoked
   channel would stop every other channel again after each cooldown. */
static enum ps_slack_next next_of(const struct ps_channel_queues *queues,
                                  struct ps_channel_queue *queue,
                                  const struct ps_slack_response *reply)
{
    bool again = queue->refused;

    if (queue->alone || reply->next != PS_SLACK_STOP || !reply->of_channel ||
        queues->access.state != PS_BREAKER_CLOSED)
        return reply->next;
    queue->refused = true;
    return again ? PS_SLACK_NEVER : PS_SLACK_STOP;
}

void ps_channel_queues_answered(struct ps_channel_queues *queues,
                                struct ps_outgoing_message *message,
                                const struct ps_slack_response *reply,
                                struct ps_channel_queues_time time,
                                struct ps_channel_queues_outcome *out_outcome)
{
    struct ps_channel_queue *queue = ps_channel_queues_find(queues, message->content.channel);
    enum ps_slack_next next;
    bool trial;

    assert(message->state == PS_OUTGOING_MESSAGE_SENDING && queue != NULL);
    *out_outcome = (struct ps_channel_queues_outcome){ .close = PS_CLOSE_NOT };
    trial = ps_channel_queues_circuit_of(queues, queue)->state != PS_BREAKER_CLOSED;
    next = next_of(queues, queue, reply);
    update_breakers(queues, queue, next, &reply->err, time.now_ms, out_outcome);
    message->state = PS_OUTGOING_MESSAGE_WAITING;
    if (next != PS_SLACK_SENT) {
        (void)snprintf(message->reason, sizeof(message->reason), "%s", reply->err.what);
        message->category = reply->err.category;
    }
    switch (next) {
    case PS_SLACK_SENT:
        queue->refused = false;
        memcpy(message->slack_ts, reply->ts, sizeof(message->slack_ts));
        if (reply->channel[0] != '\0')
            memcpy(message->slack_channel, reply->channel, sizeof(message->slack_channel));
        close_message(queues, message, PS_CLOSE_SENT, out_outcome);
        break;
    case PS_SLACK_LATER:
        ps_channel_pacing_hold(&queue->pace, time.now_ms, reply->after_ms);
        out_outcome->wait_ms = reply->after_ms;
        break;
    case PS_SLACK_RETRY:
        /* An update made twice is the same update. */
        message->doubtful =
            message->doubtful || (reply->doubtful && message->content.update_ts == NULL);
        fail_message(queues, message, (struct failure){ trial, reply->after_ms }, time,
                     out_outcome);
        break;
    case PS_SLACK_NEVER:
        /* A limit of Block Kit that block_kit.c does not know must not lose the message. */
        if (reply->of_blocks && ps_outgoing_message_drop_blocks(message))
            break;
        /* Then it is sent as a message of its own, in the thread; then in the channel. */
        if (ps_outgoing_message_drop_response_url(message) ||
            ps_outgoing_message_drop_update(message) || ps_outgoing_message_drop_thread(message))
            break;
        close_message(queues, message, PS_CLOSE_DEAD, out_outcome);
        break;
    case PS_SLACK_STOP:
        out_outcome->wait_ms = queues->options.access_cooldown_ms;
        break;
    }
}

/* A look-up without an answer counts for the breakers as a send would. After a few of them the
   message is sent nevertheless, because a sink that refuses look-ups must not hold a message
   without end. The last look-up does not count as a success: the send that follows is the trial. */
void ps_channel_queues_looked(struct ps_channel_queues *queues, struct ps_outgoing_message *message,
                              const struct ps_slack_look *look, struct ps_channel_queues_time time,
                              struct ps_channel_queues_outcome *out_outcome)
{
    bool trial = queues->circuit.state != PS_BREAKER_CLOSED;
    enum ps_slack_next next = PS_SLACK_SENT;
    bool gives_up = false;

    assert(message->state == PS_OUTGOING_MESSAGE_LOOKING);
    *out_outcome = (struct ps_channel_queues_outcome){ .close = PS_CLOSE_NOT };
    message->state = PS_OUTGOING_MESSAGE_WAITING;
    if (look->seen == PS_SLACK_FAILED && look->err.category == PS_FAILURE_CONFIGURATION) {
        next = PS_SLACK_STOP;
    } else if (look->seen == PS_SLACK_FAILED && look->err.category != PS_FAILURE_RATE_LIMIT) {
        gives_up = ++message->looks_failed >= PS_CHANNEL_QUEUES_LOOKS_MAX;
        next = gives_up ? PS_SLACK_SENT : PS_SLACK_RETRY;
    }
    if (gives_up) {
        ps_breaker_undecided(&queues->circuit);
        ps_breaker_undecided(&queues->access);
    } else if (next == PS_SLACK_SENT && look->seen != PS_SLACK_FOUND &&
               queues->access.state != PS_BREAKER_CLOSED) {
        /* That it may read does not say that it may write: the trial is what is sent now. */
        ps_breaker_success(&queues->circuit);
        out_outcome->circuit_closed = trial;
        ps_breaker_undecided(&queues->access);
    } else {
        update_breakers(queues, ps_channel_queues_find(queues, message->content.channel), next,
                        &look->err, time.now_ms, out_outcome);
    }
    switch (look->seen) {
    case PS_SLACK_FOUND:
        memcpy(message->slack_ts, look->ts, sizeof(message->slack_ts));
        close_message(queues, message, PS_CLOSE_SENT, out_outcome);
        break;
    case PS_SLACK_ABSENT:
        message->doubtful = false;
        message->looks_failed = 0;
        break;
    case PS_SLACK_MORE:
    case PS_SLACK_UNKNOWN:
        message->doubtful = false;
        message->repeated = true;
        break;
    case PS_SLACK_FAILED:
        if (look->err.category == PS_FAILURE_RATE_LIMIT) {
            wait_until(message, time.now_ms, look->after_ms, out_outcome);
        } else if (next == PS_SLACK_STOP) { /* in doubt until access is back */
            out_outcome->wait_ms = queues->options.access_cooldown_ms;
        } else if (next == PS_SLACK_RETRY) {
            (void)snprintf(message->reason, sizeof(message->reason), "%s", look->err.what);
            message->category = look->err.category;
            fail_message(queues, message, (struct failure){ trial, look->after_ms }, time,
                         out_outcome);
        } else {
            message->doubtful = false;
            message->repeated = true;
        }
        break;
    }
}

void ps_channel_queues_forget(struct ps_channel_queues *queues, struct ps_outgoing_message *message)
{
    assert(message->state == PS_OUTGOING_MESSAGE_CLOSING);
    DL_DELETE(queues->closing, message);
    ps_outgoing_message_destroy(message);
}
