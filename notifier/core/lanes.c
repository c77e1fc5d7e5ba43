#include "notifier/core/lanes_inside.h"
#include "shared/core/alloc.h"

#include <stdlib.h>
#include <string.h>

struct ps_lanes *ps_lanes_create(const struct ps_lanes_options *options)
{
    struct ps_lanes *lanes = ps_alloc_zero(1, sizeof(*lanes));

    lanes->options = *options;
    ps_breaker_init(&lanes->circuit, options->breaker_threshold, options->breaker_cooldown_ms);
    ps_breaker_init(&lanes->access, 1, options->access_cooldown_ms);
    return lanes;
}

static void lane_destroy(struct ps_lanes *lanes, struct ps_lane *lane)
{
    struct ps_message *message, *next;

    DL_FOREACH_SAFE(lane->messages, message, next)
    ps_message_destroy(message);
    DL_DELETE(lanes->lanes, lane);
    free(lane->channel);
    free(lane);
}

void ps_lanes_destroy(struct ps_lanes *lanes)
{
    struct ps_lane *lane, *next_lane;
    struct ps_message *message, *next;

    if (lanes == NULL)
        return;
    DL_FOREACH_SAFE(lanes->lanes, lane, next_lane)
    lane_destroy(lanes, lane);
    DL_FOREACH_SAFE(lanes->closing, message, next)
    ps_message_destroy(message);
    free(lanes);
}

struct ps_lane *ps_lanes_lane_of(const struct ps_lanes *lanes, const char *channel)
{
    struct ps_lane *lane;

    DL_FOREACH(lanes->lanes, lane)
    if (strcmp(lane->channel, channel) == 0)
        return lane;
    return NULL;
}

static struct ps_lane *lane_make(struct ps_lanes *lanes, const char *channel)
{
    struct ps_lane *lane = ps_lanes_lane_of(lanes, channel);

    if (lane != NULL)
        return lane;
    lane = ps_alloc_zero(1, sizeof(*lane));
    lane->channel = ps_alloc_text(channel);
    ps_pace_init(&lane->pace, lanes->options.interval_ms);
    DL_PREPEND(lanes->lanes, lane);
    return lane;
}

/* An id alone can be pushed by anybody. */
static bool same(const struct ps_notice *a, const struct ps_notice *b)
{
    return strcmp(a->id, b->id) == 0 && strcmp(a->channel, b->channel) == 0 &&
           a->created_ms == b->created_ms;
}

static struct ps_message *held_same(struct ps_lanes *lanes, const struct ps_notice *notice)
{
    struct ps_lane *lane = ps_lanes_lane_of(lanes, notice->channel);
    struct ps_message *message;

    DL_FOREACH(lanes->closing, message)
    if (same(&message->notice, notice))
        return message;
    if (lane == NULL)
        return NULL;
    DL_FOREACH(lane->messages, message)
    if (same(&message->notice, notice))
        return message;
    return NULL;
}

void ps_lanes_share(struct ps_lanes *lanes, bool shared)
{
    lanes->shared = shared;
}

bool ps_lanes_under_way(const struct ps_message *message)
{
    switch (message->state) {
    case PS_MESSAGE_CLAIMING:
    case PS_MESSAGE_ADMITTING:
    case PS_MESSAGE_LOOKING:
    case PS_MESSAGE_SENDING:
        return true;
    case PS_MESSAGE_WAITING:
    case PS_MESSAGE_ASIDE:
    case PS_MESSAGE_CLOSING:
        break;
    }
    return false;
}

static void lane_insert(struct ps_lane *lane, struct ps_message *message)
{
    struct ps_message *at;

    if (ps_notice_kind_urgent(message->notice.kind)) {
        DL_FOREACH(lane->messages, at)
        {
            if (!ps_lanes_under_way(at) && !ps_notice_kind_urgent(at->notice.kind)) {
                DL_PREPEND_ELEM(lane->messages, at, message);
                return;
            }
        }
    }
    DL_APPEND(lane->messages, message);
}

void ps_lanes_add(struct ps_lanes *lanes, struct ps_message *message)
{
    struct ps_message *first = held_same(lanes, &message->notice);
    struct ps_lane *lane;

    message->seq = ++lanes->seq;
    if (first != NULL) {
        message->next = first->twins;
        first->twins = message;
        return;
    }
    message->state = PS_MESSAGE_WAITING;
    lane = lane_make(lanes, message->notice.channel);
    lane_insert(lane, message);
    lane->count++;
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
        return breaker->trial_out ? INT64_MAX : now_ms;
    }
    return now_ms;
}

static int64_t gate_next_ms(const struct ps_lanes *lanes, int64_t now_ms)
{
    int64_t circuit = breaker_next_ms(&lanes->circuit, now_ms);
    int64_t access = breaker_next_ms(&lanes->access, now_ms);

    return circuit > access ? circuit : access;
}

static bool needs_claim(const struct ps_message *message, int64_t now_ms)
{
    return message->outbox &&
           (!message->claimed || now_ms - message->claimed_ms >= PS_LANES_CLAIM_MS);
}

/* A claim is renewed only with the channel in hand: else two notifiers could hold one message
   between them for ever, one its claim and the other its channel. */
static enum ps_lanes_move move_of(const struct ps_lanes *lanes, const struct ps_lane *lane,
                                  const struct ps_message *message, int64_t now_ms)
{
    bool ask =
        lanes->shared && (!message->admitted || now_ms - message->admitted_ms >= PS_LANES_ADMIT_MS);

    if (needs_claim(message, now_ms) && !(ask && (message->claimed || lane->elsewhere)))
        return PS_LANES_CLAIM;
    if (ask)
        return PS_LANES_ADMIT;
    if (message->doubtful && lanes->options.can_look)
        return PS_LANES_LOOK;
    return PS_LANES_SEND;
}

static void sooner(struct ps_lane_pick *pick, int64_t due_ms)
{
    if (due_ms < pick->due_ms)
        pick->due_ms = due_ms;
}

/* The first message in line, except that what waits for the outbox alone is passed by messages that
   need no claim: an ops alert about PostgreSQL does not wait for PostgreSQL. What another notifier
   has a claim on keeps its place too where channels are shared. */
struct ps_lane_pick ps_lanes_lane_pick(const struct ps_lanes *lanes, const struct ps_lane *lane,
                                       int64_t now_ms, bool can_claim)
{
    struct ps_lane_pick pick = { .due_ms = INT64_MAX };
    struct ps_message *message;
    bool outbox_waits = false;

    DL_FOREACH(lane->messages, message)
    {
        if (ps_lanes_under_way(message) && (message->state != PS_MESSAGE_CLAIMING || can_claim))
            return (struct ps_lane_pick){ .due_ms = INT64_MAX };
        if (message->state == PS_MESSAGE_CLAIMING) {
            outbox_waits = true;
            continue;
        }
        if (message->not_before_ms > now_ms) {
            sooner(&pick, message->not_before_ms);
            if (message->state == PS_MESSAGE_ASIDE) {
                outbox_waits = outbox_waits || lanes->shared;
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
        pick.move = move_of(lanes, lane, message, now_ms);
        pick.due_ms = ps_pace_next_ms(&lane->pace);
        if (pick.due_ms > now_ms)
            pick.message = NULL;
        return pick;
    }
    return pick;
}

static bool gate_admits(struct ps_lanes *lanes, int64_t now_ms)
{
    return gate_next_ms(lanes, now_ms) <= now_ms && ps_breaker_admit(&lanes->circuit, now_ms) &&
           ps_breaker_admit(&lanes->access, now_ms);
}

/* Its message is on its way to something: one of a lane at a time. */
static void depart(struct ps_lanes *lanes, struct ps_lane *lane, const struct ps_lane_pick *pick,
                   int64_t now_ms)
{
    switch (pick->move) {
    case PS_LANES_NOTHING:
        return;
    case PS_LANES_CLAIM:
        pick->message->state = PS_MESSAGE_CLAIMING;
        break;
    case PS_LANES_ADMIT:
        pick->message->state = PS_MESSAGE_ADMITTING;
        break;
    case PS_LANES_LOOK:
        pick->message->state = PS_MESSAGE_LOOKING;
        break;
    case PS_LANES_SEND:
        pick->message->state = PS_MESSAGE_SENDING;
        pick->message->admitted = false;
        pick->message->attempts++;
        if (pick->message->doubtful) { /* and nobody can tell */
            pick->message->doubtful = false;
            pick->message->repeated = true;
        }
        ps_pace_start(&lane->pace, now_ms);
        break;
    }
    DL_DELETE(lanes->lanes, lane);
    DL_APPEND(lanes->lanes, lane);
}

enum ps_lanes_move ps_lanes_next(struct ps_lanes *lanes, int64_t now_ms, bool can_claim,
                                 struct ps_message **out_message)
{
    struct ps_lane *lane, *next, *from = NULL;
    struct ps_lane_pick best = { .message = NULL };
    bool shut = ps_lanes_shut(lanes);
    int best_rank = 0;

    if (lanes->stopped || gate_next_ms(lanes, now_ms) > now_ms)
        return PS_LANES_NOTHING;
    DL_FOREACH_SAFE(lanes->lanes, lane, next)
    {
        struct ps_lane_pick pick = ps_lanes_lane_pick(lanes, lane, now_ms, can_claim);
        int rank;

        if (pick.message == NULL) {
            if (lane->messages == NULL && ps_pace_next_ms(&lane->pace) <= now_ms)
                lane_destroy(lanes, lane);
            continue;
        }
        /* Of a trial the turn decides: one that always fails must not be every trial. */
        rank = shut ? 0 : ps_notice_rank(pick.message->notice.kind, pick.message->notice.channel);
        if (from == NULL || rank < best_rank) {
            best = pick;
            best_rank = rank;
            from = lane;
        }
    }
    if (from == NULL)
        return PS_LANES_NOTHING;
    if ((best.move == PS_LANES_SEND || best.move == PS_LANES_LOOK) && !gate_admits(lanes, now_ms))
        return PS_LANES_NOTHING;
    depart(lanes, from, &best, now_ms);
    *out_message = best.message;
    return best.move;
}

int64_t ps_lanes_wake_ms(const struct ps_lanes *lanes, int64_t now_ms, bool can_claim)
{
    int64_t gate = gate_next_ms(lanes, now_ms), due = INT64_MAX;
    const struct ps_lane *lane;

    if (lanes->stopped)
        return INT64_MAX;
    DL_FOREACH(lanes->lanes, lane)
    {
        struct ps_lane_pick pick = ps_lanes_lane_pick(lanes, lane, now_ms, can_claim);
        int64_t at = pick.message != NULL ? now_ms : pick.due_ms;

        if (at < due)
            due = at;
    }
    if (due == INT64_MAX)
        return INT64_MAX;
    return due > gate ? due : gate;
}

void ps_lanes_stop(struct ps_lanes *lanes)
{
    lanes->stopped = true;
}

bool ps_lanes_shut(const struct ps_lanes *lanes)
{
    return lanes->circuit.state != PS_BREAKER_CLOSED || lanes->access.state != PS_BREAKER_CLOSED;
}

const struct ps_message *ps_lanes_reroute(struct ps_lanes *lanes)
{
    const struct ps_lane *lane;
    struct ps_message *message;

    if (!ps_lanes_shut(lanes))
        return NULL;
    DL_FOREACH(lanes->lanes, lane)
    DL_FOREACH(lane->messages, message)
    if (!message->rerouted && ps_notice_kind_urgent(message->notice.kind)) {
        message->rerouted = true;
        return message;
    }
    return NULL;
}

struct ps_message *ps_lanes_take_back(struct ps_lanes *lanes)
{
    struct ps_lane *lane, *from = NULL;
    struct ps_message *message, *newest = NULL;

    DL_FOREACH(lanes->lanes, lane)
    {
        DL_FOREACH(lane->messages, message)
        {
            if (!ps_lanes_under_way(message) && (newest == NULL || message->seq > newest->seq)) {
                newest = message;
                from = lane;
            }
        }
    }
    if (newest == NULL)
        return NULL;
    if (newest->twins != NULL) {
        message = newest->twins;
        newest->twins = message->next;
        message->next = NULL;
        return message;
    }
    DL_DELETE(from->messages, newest);
    from->count--;
    return newest;
}
