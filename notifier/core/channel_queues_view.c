#include "notifier/core/channel_queues_private.h"

#include <string.h>

/* Counts and searches the messages that are held, and changes none. A few hundred messages at most,
 * so each answer is a walk over the lists and no counter can be wrong. */

/* Returns whether the message, or a duplicate of it, was taken from the list with this text. */
static bool bears(const struct ps_outgoing_message *message, const char *raw, size_t len)
{
    const struct ps_outgoing_message *duplicate;

    if (message->raw_len == len && message->raw != NULL && memcmp(message->raw, raw, len) == 0)
        return true;
    LL_FOREACH (message->duplicates, duplicate)
        if (bears(duplicate, raw, len))
            return true;
    return false;
}

bool ps_channel_queues_holds(const struct ps_channel_queues *queues, const char *raw, size_t len)
{
    const struct ps_channel_queue *queue;
    const struct ps_outgoing_message *message;

    DL_FOREACH (queues->closing, message)
        if (bears(message, raw, len))
            return true;
    DL_FOREACH (queues->queues, queue)
        DL_FOREACH (queue->messages, message)
            if (bears(message, raw, len))
                return true;
    return false;
}

static size_t duplicates_of(const struct ps_outgoing_message *message)
{
    size_t count = 0;
    const struct ps_outgoing_message *duplicate;

    LL_FOREACH (message->duplicates, duplicate)
        count++;
    return count;
}

size_t ps_channel_queues_held(const struct ps_channel_queues *queues)
{
    const struct ps_channel_queue *queue;
    const struct ps_outgoing_message *message;
    size_t count = 0;

    DL_FOREACH (queues->queues, queue)
        DL_FOREACH (queue->messages, message)
            count += 1 + duplicates_of(message);
    DL_FOREACH (queues->closing, message)
        count += 1 + duplicates_of(message);
    return count;
}

int64_t ps_channel_queues_oldest_ms(const struct ps_channel_queues *queues,
                                    const char **out_channel)
{
    const struct ps_channel_queue *queue;
    const struct ps_outgoing_message *message;
    int64_t oldest_ms = 0;

    *out_channel = "";
    DL_FOREACH (queues->queues, queue) {
        DL_FOREACH (queue->messages, message) {
            if (message->content.created_ms <= 0 ||
                (oldest_ms > 0 && message->content.created_ms >= oldest_ms))
                continue;
            oldest_ms = message->content.created_ms;
            *out_channel = message->content.channel;
        }
    }
    return oldest_ms;
}

static size_t in_state(const struct ps_channel_queues *queues, enum ps_outgoing_message_state state)
{
    const struct ps_channel_queue *queue;
    const struct ps_outgoing_message *message;
    size_t count = 0;

    DL_FOREACH (queues->queues, queue)
        DL_FOREACH (queue->messages, message)
            count += message->state == state;
    return count;
}

size_t ps_channel_queues_sending(const struct ps_channel_queues *queues)
{
    return in_state(queues, PS_OUTGOING_MESSAGE_SENDING);
}

size_t ps_channel_queues_claiming(const struct ps_channel_queues *queues)
{
    return in_state(queues, PS_OUTGOING_MESSAGE_CLAIMING);
}

void ps_channel_queues_each(const struct ps_channel_queues *queues,
                            void (*visit)(void *cookie, const char *channel), void *cookie)
{
    const struct ps_channel_queue *queue;

    DL_FOREACH (queues->queues, queue)
        if (queue->messages != NULL)
            visit(cookie, queue->channel);
}

void ps_channel_queues_full(const struct ps_channel_queues *queues,
                            void (*visit)(void *cookie, const char *channel), void *cookie)
{
    const struct ps_channel_queue *queue;

    DL_FOREACH (queues->queues, queue)
        if (queue->count >= PS_CHANNEL_QUEUE_MAX)
            visit(cookie, queue->channel);
}

size_t ps_channel_queues_on_hold(const struct ps_channel_queues *queues, int64_t now_ms)
{
    const struct ps_channel_queue *queue;
    size_t count = 0;

    DL_FOREACH (queues->queues, queue)
        count += ps_channel_pacing_held(&queue->pace, now_ms);
    return count;
}

const struct ps_breaker *ps_channel_queues_circuit(const struct ps_channel_queues *queues)
{
    return &queues->circuit;
}

const struct ps_err *ps_channel_queues_fault(const struct ps_channel_queues *queues)
{
    return queues->access.state == PS_BREAKER_CLOSED ? NULL : &queues->fault;
}

bool ps_channel_queues_waits(const struct ps_channel_queues *queues, int64_t now_ms, bool can_claim)
{
    const struct ps_channel_queue *queue;

    /* Slack is away: the notifier waits for Slack and is not stuck. */
    if (ps_channel_queues_shut(queues))
        return true;
    if (queues->closing != NULL || ps_channel_queues_sending(queues) > 0 ||
        ps_channel_queues_claiming(queues) > 0)
        return false;
    DL_FOREACH (queues->queues, queue) {
        if (queue->messages != NULL && !ps_channel_queues_shut_of(queues, queue) &&
            ps_channel_queues_pick(queues, queue, now_ms, can_claim).due_ms <= now_ms)
            return false;
    }
    return true;
}
