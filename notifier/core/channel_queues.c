#include "notifier/core/channel_queues_private.h"
#include "shared/core/alloc.h"
#include "shared/core/mailbox.h"
#include "shared/core/webhook.h"

#include <stdlib.h>
#include <string.h>

struct ps_channel_queues *ps_channel_queues_create(const struct ps_channel_queues_options *options)
{
    struct ps_channel_queues *queues = ps_alloc_zero(1, sizeof(*queues));

    queues->options = *options;
    ps_breaker_init(&queues->circuit, options->breaker_threshold, options->breaker_cooldown_ms);
    ps_breaker_init(&queues->access, 1, options->access_cooldown_ms);
    return queues;
}

static void queue_destroy(struct ps_channel_queues *queues, struct ps_channel_queue *queue)
{
    struct ps_outgoing_message *message, *next;

    DL_FOREACH_SAFE (queue->messages, message, next)
        ps_outgoing_message_destroy(message);
    DL_DELETE(queues->queues, queue);
    free(queue->channel);
    free(queue);
}

void ps_channel_queues_destroy(struct ps_channel_queues *queues)
{
    struct ps_channel_queue *queue, *next_queue;
    struct ps_outgoing_message *message, *next;

    if (queues == NULL)
        return;
    DL_FOREACH_SAFE (queues->queues, queue, next_queue)
        queue_destroy(queues, queue);
    DL_FOREACH_SAFE (queues->closing, message, next)
        ps_outgoing_message_destroy(message);
    free(queues);
}

struct ps_channel_queue *ps_channel_queues_find(const struct ps_channel_queues *queues,
                                                const char *channel)
{
    struct ps_channel_queue *queue;

    DL_FOREACH (queues->queues, queue)
        if (strcmp(queue->channel, channel) == 0)
            return queue;
    return NULL;
}

static struct ps_channel_queue *queue_make(struct ps_channel_queues *queues, const char *channel)
{
    struct ps_channel_queue *queue = ps_channel_queues_find(queues, channel);

    if (queue != NULL)
        return queue;
    queue = ps_alloc_zero(1, sizeof(*queue));
    queue->channel = ps_alloc_text(channel);
    queue->alone = ps_webhook_is_channel(channel) || ps_mailbox_is_address(channel);
    ps_breaker_init(&queue->circuit, queues->options.breaker_threshold,
                    queues->options.breaker_cooldown_ms);
    ps_breaker_init(&queue->access, 1, queues->options.access_cooldown_ms);
    ps_channel_pacing_init(&queue->pace, queues->options.interval_ms);
    DL_PREPEND(queues->queues, queue);
    return queue;
}

/* An id alone can be pushed by anybody. */
static bool same(const struct ps_message *a, const struct ps_message *b)
{
    return strcmp(a->id, b->id) == 0 && strcmp(a->channel, b->channel) == 0 &&
           a->created_ms == b->created_ms;
}

static struct ps_outgoing_message *held_same(struct ps_channel_queues *queues,
                                             const struct ps_message *content)
{
    struct ps_channel_queue *queue = ps_channel_queues_find(queues, content->channel);
    struct ps_outgoing_message *message;

    DL_FOREACH (queues->closing, message)
        if (same(&message->content, content))
            return message;
    if (queue == NULL)
        return NULL;
    DL_FOREACH (queue->messages, message)
        if (same(&message->content, content))
            return message;
    return NULL;
}

void ps_channel_queues_share(struct ps_channel_queues *queues, bool shared)
{
    queues->shared = shared;
}

bool ps_channel_queues_under_way(const struct ps_outgoing_message *message)
{
    switch (message->state) {
    case PS_OUTGOING_MESSAGE_CLAIMING:
    case PS_OUTGOING_MESSAGE_ADMITTING:
    case PS_OUTGOING_MESSAGE_LOOKING:
    case PS_OUTGOING_MESSAGE_SENDING:
        return true;
    case PS_OUTGOING_MESSAGE_WAITING:
    case PS_OUTGOING_MESSAGE_DEFERRED:
    case PS_OUTGOING_MESSAGE_CLOSING:
        break;
    }
    return false;
}

static void queue_insert(struct ps_channel_queue *queue, struct ps_outgoing_message *message)
{
    struct ps_outgoing_message *at;

    if (ps_message_kind_urgent(message->content.kind)) {
        DL_FOREACH (queue->messages, at) {
            if (!ps_channel_queues_under_way(at) && !ps_message_kind_urgent(at->content.kind)) {
                DL_PREPEND_ELEM(queue->messages, at, message);
                return;
            }
        }
    }
    DL_APPEND(queue->messages, message);
}

void ps_channel_queues_add(struct ps_channel_queues *queues, struct ps_outgoing_message *message)
{
    struct ps_outgoing_message *first = held_same(queues, &message->content);
    struct ps_channel_queue *queue;

    message->seq = ++queues->seq;
    if (first != NULL) {
        message->next = first->duplicates;
        first->duplicates = message;
        return;
    }
    message->state = PS_OUTGOING_MESSAGE_WAITING;
    queue = queue_make(queues, message->content.channel);
    queue_insert(queue, message);
    queue->count++;
}

/* When breaker lets something through. */
static int64_t breaker_next_ms(const struct ps_breaker *breaker, int64_t now_ms)
{
    switch (breaker->state) {
    case PS_BREAKER_CLOSED:
        break;
    case PS_BREAKER_OPEN:
        return breaker->opened_ms + breaker->cooldown_ms;
    case PS_BREAKER_HALF_OPEN:
        return breaker->trial_in_flight ? INT64_MAX : now_ms;
    }
    return now_ms;
}

const struct ps_breaker *ps_channel_queues_circuit_of(const struct ps_channel_queues *queues,
                                                      const struct ps_channel_queue *queue)
{
    return queue->alone ? &queue->circuit : &queues->circuit;
}

const struct ps_breaker *ps_channel_queues_access_of(const struct ps_channel_queues *queues,
                                                     const struct ps_channel_queue *queue)
{
    return queue->alone ? &queue->access : &queues->access;
}

bool ps_channel_queues_shut_of(const struct ps_channel_queues *queues,
                               const struct ps_channel_queue *queue)
{
    return ps_channel_queues_circuit_of(queues, queue)->state != PS_BREAKER_CLOSED ||
           ps_channel_queues_access_of(queues, queue)->state != PS_BREAKER_CLOSED;
}

static int64_t limiter_next_ms(const struct ps_channel_queues *queues,
                               const struct ps_channel_queue *queue, int64_t now_ms)
{
    int64_t circuit = breaker_next_ms(ps_channel_queues_circuit_of(queues, queue), now_ms);
    int64_t access = breaker_next_ms(ps_channel_queues_access_of(queues, queue), now_ms);

    return circuit > access ? circuit : access;
}

static bool needs_claim(const struct ps_outgoing_message *message, int64_t now_ms)
{
    return message->outbox &&
           (!message->claimed || now_ms - message->claimed_ms >= PS_CHANNEL_QUEUES_CLAIM_MS);
}

/* A claim is renewed only with the channel in hand: else two notifiers could hold one message
   between them without end: one has the claim and the other the channel. */
static enum ps_channel_queues_move move_of(const struct ps_channel_queues *queues,
                                           const struct ps_channel_queue *queue,
                                           const struct ps_outgoing_message *message,
                                           int64_t now_ms)
{
    bool ask = queues->shared &&
               (!message->admitted || now_ms - message->admitted_ms >= PS_CHANNEL_QUEUES_ADMIT_MS);

    if (needs_claim(message, now_ms) && !(ask && (message->claimed || queue->elsewhere)))
        return PS_CHANNEL_QUEUES_CLAIM;
    if (ask)
        return PS_CHANNEL_QUEUES_ADMIT;
    if (message->doubtful && queues->options.can_look && !queue->alone)
        return PS_CHANNEL_QUEUES_LOOK;
    return PS_CHANNEL_QUEUES_SEND;
}

/* The first message in line, except that what waits for the outbox alone is passed by messages that
   need no claim: an ops alert about PostgreSQL does not wait for PostgreSQL. What another notifier
   has a claim on keeps its place too where channels are shared. */
struct ps_channel_queue_pick ps_channel_queues_pick(const struct ps_channel_queues *queues,
                                                    const struct ps_channel_queue *queue,
                                                    int64_t now_ms, bool can_claim)
{
    struct ps_channel_queue_pick pick = { .due_ms = INT64_MAX };
    struct ps_outgoing_message *message;
    bool outbox_waits = false;

    /* Anywhere in the queue: a message whose wait for another's claim is over stands before one
     * that passed it and is being sent. */
    DL_FOREACH (queue->messages, message)
        if (ps_channel_queues_under_way(message) &&
            (message->state != PS_OUTGOING_MESSAGE_CLAIMING || can_claim))
            return pick;
    DL_FOREACH (queue->messages, message) {
        if (message->state == PS_OUTGOING_MESSAGE_CLAIMING) {
            outbox_waits = true;
            continue;
        }
        if (message->not_before_ms > now_ms) {
            if (message->not_before_ms < pick.due_ms)
                pick.due_ms = message->not_before_ms;
            if (message->state == PS_OUTGOING_MESSAGE_DEFERRED) {
                outbox_waits = outbox_waits || queues->shared;
                continue;
            }
            if (message->claim_failures == 0)
                return pick;
            outbox_waits = true;
            continue;
        }
        if (message->outbox && outbox_waits)
            continue;
        if (needs_claim(message, now_ms) && !can_claim) {
            outbox_waits = true;
            continue;
        }
        pick.message = message;
        pick.move = move_of(queues, queue, message, now_ms);
        pick.due_ms = ps_channel_pacing_next_ms(&queue->pace);
        if (pick.due_ms > now_ms)
            pick.message = NULL;
        return pick;
    }
    return pick;
}

/* Its message is on its way to something: one of a channel queue at a time. */
static void depart(struct ps_channel_queues *queues, struct ps_channel_queue *queue,
                   const struct ps_channel_queue_pick *pick, int64_t now_ms)
{
    switch (pick->move) {
    case PS_CHANNEL_QUEUES_NOTHING:
        return;
    case PS_CHANNEL_QUEUES_CLAIM:
        pick->message->state = PS_OUTGOING_MESSAGE_CLAIMING;
        break;
    case PS_CHANNEL_QUEUES_ADMIT:
        pick->message->state = PS_OUTGOING_MESSAGE_ADMITTING;
        break;
    case PS_CHANNEL_QUEUES_LOOK:
        pick->message->state = PS_OUTGOING_MESSAGE_LOOKING;
        break;
    case PS_CHANNEL_QUEUES_SEND:
        pick->message->state = PS_OUTGOING_MESSAGE_SENDING;
        pick->message->admitted = false;
        pick->message->attempts++;
        if (pick->message->doubtful) { /* and nobody can find out */
            pick->message->doubtful = false;
            pick->message->repeated = true;
        }
        ps_channel_pacing_start(&queue->pace, now_ms);
        break;
    }
    DL_DELETE(queues->queues, queue);
    DL_APPEND(queues->queues, queue);
}

enum ps_channel_queues_move ps_channel_queues_next(struct ps_channel_queues *queues, int64_t now_ms,
                                                   bool can_claim,
                                                   struct ps_outgoing_message **out_message)
{
    struct ps_channel_queue *queue, *next, *from = NULL;
    struct ps_channel_queue_pick best = { .message = NULL };
    struct ps_breaker *circuit, *access;
    int best_rank = 0;

    if (queues->stopped)
        return PS_CHANNEL_QUEUES_NOTHING;
    DL_FOREACH_SAFE (queues->queues, queue, next) {
        struct ps_channel_queue_pick pick;
        int rank;

        if (limiter_next_ms(queues, queue, now_ms) > now_ms)
            continue;
        pick = ps_channel_queues_pick(queues, queue, now_ms, can_claim);
        if (pick.message == NULL) {
            if (queue->messages == NULL && ps_channel_pacing_next_ms(&queue->pace) <= now_ms)
                queue_destroy(queues, queue);
            continue;
        }
        /* A breaker's trial goes to the channel that was served longest ago, whatever its rank.
         * Otherwise one channel that always fails would get every trial. */
        rank = ps_channel_queues_shut_of(queues, queue)
                   ? 0
                   : ps_message_rank(pick.message->content.kind, pick.message->content.channel);
        if (from == NULL || rank < best_rank) {
            best = pick;
            best_rank = rank;
            from = queue;
        }
    }
    if (from == NULL)
        return PS_CHANNEL_QUEUES_NOTHING;
    circuit = from->alone ? &from->circuit : &queues->circuit;
    access = from->alone ? &from->access : &queues->access;
    if ((best.move == PS_CHANNEL_QUEUES_SEND || best.move == PS_CHANNEL_QUEUES_LOOK) &&
        !(ps_breaker_admit(circuit, now_ms) && ps_breaker_admit(access, now_ms)))
        return PS_CHANNEL_QUEUES_NOTHING;
    depart(queues, from, &best, now_ms);
    *out_message = best.message;
    return best.move;
}

int64_t ps_channel_queues_wake_ms(const struct ps_channel_queues *queues, int64_t now_ms,
                                  bool can_claim)
{
    int64_t due = INT64_MAX;
    const struct ps_channel_queue *queue;

    if (queues->stopped)
        return INT64_MAX;
    DL_FOREACH (queues->queues, queue) {
        struct ps_channel_queue_pick pick =
            ps_channel_queues_pick(queues, queue, now_ms, can_claim);
        int64_t at = pick.message != NULL ? now_ms : pick.due_ms;
        int64_t limiter = limiter_next_ms(queues, queue, now_ms);

        at = at > limiter ? at : limiter;
        due = at < due ? at : due;
    }
    return due;
}

void ps_channel_queues_stop(struct ps_channel_queues *queues)
{
    queues->stopped = true;
}

bool ps_channel_queues_shut(const struct ps_channel_queues *queues)
{
    return queues->circuit.state != PS_BREAKER_CLOSED || queues->access.state != PS_BREAKER_CLOSED;
}

const struct ps_outgoing_message *ps_channel_queues_reroute(struct ps_channel_queues *queues)
{
    const struct ps_channel_queue *queue;
    struct ps_outgoing_message *message;

    DL_FOREACH (queues->queues, queue) {
        if (!ps_channel_queues_shut_of(queues, queue))
            continue;
        DL_FOREACH (queue->messages, message)
            if (!message->rerouted && ps_message_kind_urgent(message->content.kind)) {
                message->rerouted = true;
                return message;
            }
    }
    return NULL;
}

struct ps_outgoing_message *ps_channel_queues_take_back(struct ps_channel_queues *queues)
{
    struct ps_channel_queue *queue, *from = NULL;
    struct ps_outgoing_message *message, *newest = NULL;

    DL_FOREACH (queues->queues, queue) {
        DL_FOREACH (queue->messages, message) {
            if (!ps_channel_queues_under_way(message) &&
                (newest == NULL || message->seq > newest->seq)) {
                newest = message;
                from = queue;
            }
        }
    }
    if (newest == NULL)
        return NULL;
    if (newest->duplicates != NULL) {
        message = newest->duplicates;
        newest->duplicates = message->next;
        message->next = NULL;
        return message;
    }
    DL_DELETE(from->messages, newest);
    from->count--;
    return newest;
}
