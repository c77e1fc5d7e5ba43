#include "notifier/core/lanes.h"

#include "notifier/core/pace.h"
#include "shared/core/alloc.h"
#include "shared/core/backoff.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

enum { RETRY_CAP_MS = 60 * 1000, CLAIM_BASE_MS = 500, CLAIM_CAP_MS = 10 * 1000 };

struct lane {
    char *channel;
    struct ps_pace pace;
    struct ps_message *messages; /* in the order of sending */
    size_t count;
    bool elsewhere; /* its channel was with another notifier when that was asked last */
    struct lane *prev, *next;
};

struct ps_lanes {
    struct ps_lanes_options options;
    struct lane *lanes; /* the one served longest ago first */
    struct ps_message *closing;
    struct ps_breaker circuit; /* the sink as a whole */
    struct ps_breaker access;  /* open after one CONFIGURATION answer */
    struct ps_err fault;       /* while access is not closed */
    uint64_t seq;
    bool stopped;
    bool shared; /* an admission is asked for before each send */
};

struct ps_lanes *ps_lanes_create(const struct ps_lanes_options *options)
{
    struct ps_lanes *lanes = ps_alloc_zero(1, sizeof(*lanes));

    lanes->options = *options;
    ps_breaker_init(&lanes->circuit, options->breaker_threshold, options->breaker_cooldown_ms);
    ps_breaker_init(&lanes->access, 1, options->access_cooldown_ms);
    return lanes;
}

static void lane_destroy(struct ps_lanes *lanes, struct lane *lane)
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
    struct lane *lane, *next_lane;
    struct ps_message *message, *next;

    if (lanes == NULL)
        return;
    DL_FOREACH_SAFE(lanes->lanes, lane, next_lane)
    lane_destroy(lanes, lane);
    DL_FOREACH_SAFE(lanes->closing, message, next)
    ps_message_destroy(message);
    free(lanes);
}

static struct lane *lane_of(struct ps_lanes *lanes, const char *channel)
{
    struct lane *lane;

    DL_FOREACH(lanes->lanes, lane)
    if (strcmp(lane->channel, channel) == 0)
        return lane;
    return NULL;
}

static struct lane *lane_make(struct ps_lanes *lanes, const char *channel)
{
    struct lane *lane = lane_of(lanes, channel);

    if (lane != NULL)
        return lane;
    lane = ps_alloc_zero(1, sizeof(*lane));
    lane->channel = ps_alloc_text(channel);
    ps_pace_init(&lane->pace, lanes->options.interval_ms);
    DL_PREPEND(lanes->lanes, lane);
    return lane;
}

static struct ps_message *held_with_id(struct ps_lanes *lanes, const char *id)
{
    struct lane *lane;
    struct ps_message *message;

    DL_FOREACH(lanes->closing, message)
    if (strcmp(message->notice.id, id) == 0)
        return message;
    DL_FOREACH(lanes->lanes, lane)
    DL_FOREACH(lane->messages, message)
    if (strcmp(message->notice.id, id) == 0)
        return message;
    return NULL;
}

void ps_lanes_share(struct ps_lanes *lanes, bool shared)
{
    lanes->shared = shared;
}

static bool under_way(const struct ps_message *message)
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

static void lane_insert(struct lane *lane, struct ps_message *message)
{
    struct ps_message *at;

    if (ps_notice_kind_urgent(message->notice.kind)) {
        DL_FOREACH(lane->messages, at)
        {
            if (!under_way(at) && !ps_notice_kind_urgent(at->notice.kind)) {
                DL_PREPEND_ELEM(lane->messages, at, message);
                return;
            }
        }
    }
    DL_APPEND(lane->messages, message);
}

void ps_lanes_add(struct ps_lanes *lanes, struct ps_message *message)
{
    struct ps_message *first = held_with_id(lanes, message->notice.id);
    struct lane *lane;

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

struct pick {
    struct ps_message *message; /* may go now */
    enum ps_lanes_move move;
    int64_t due_ms; /* when there is none: INT64_MAX when only an event can change that */
};

static bool needs_claim(const struct ps_message *message, int64_t now_ms)
{
    return message->outbox &&
           (!message->claimed || now_ms - message->claimed_ms >= PS_LANES_CLAIM_MS);
}

/* A claim is renewed only with the channel in hand: else two notifiers could hold one message
   between them for ever, one its claim and the other its channel. */
static enum ps_lanes_move move_of(const struct ps_lanes *lanes, const struct lane *lane,
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

static void sooner(struct pick *pick, int64_t due_ms)
{
    if (due_ms < pick->due_ms)
        pick->due_ms = due_ms;
}

/* The first message in line, except that what waits for the outbox alone is passed by messages that
   need no claim: an ops alert about PostgreSQL does not wait for PostgreSQL. What another notifier
   has a claim on keeps its place too where channels are shared. */
static struct pick lane_pick(const struct ps_lanes *lanes, const struct lane *lane, int64_t now_ms,
                             bool can_claim)
{
    struct pick pick = { .due_ms = INT64_MAX };
    struct ps_message *message;
    bool outbox_waits = false;

    DL_FOREACH(lane->messages, message)
    {
        if (under_way(message) && (message->state != PS_MESSAGE_CLAIMING || can_claim))
            return (struct pick){ .due_ms = INT64_MAX };
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
static void depart(struct ps_lanes *lanes, struct lane *lane, const struct pick *pick,
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
    struct lane *lane, *next, *from = NULL;
    struct pick best = { .message = NULL };
    int best_rank = 0;

    if (lanes->stopped || gate_next_ms(lanes, now_ms) > now_ms)
        return PS_LANES_NOTHING;
    DL_FOREACH_SAFE(lanes->lanes, lane, next)
    {
        struct pick pick = lane_pick(lanes, lane, now_ms, can_claim);
        int rank;

        if (pick.message == NULL) {
            if (lane->messages == NULL && ps_pace_next_ms(&lane->pace) <= now_ms)
                lane_destroy(lanes, lane);
            continue;
        }
        rank = ps_notice_rank(pick.message->notice.kind, pick.message->notice.channel);
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
    const struct lane *lane;

    if (lanes->stopped)
        return INT64_MAX;
    DL_FOREACH(lanes->lanes, lane)
    {
        struct pick pick = lane_pick(lanes, lane, now_ms, can_claim);
        int64_t at = pick.message != NULL ? now_ms : pick.due_ms;

        if (at < due)
            due = at;
    }
    if (due == INT64_MAX)
        return INT64_MAX;
    return due > gate ? due : gate;
}

static void close_message(struct ps_lanes *lanes, struct ps_message *message, enum ps_close close,
                          struct ps_lanes_outcome *outcome)
{
    struct lane *lane = lane_of(lanes, message->notice.channel);

    assert(lane != NULL && lane->count > 0);
    DL_DELETE(lane->messages, message);
    lane->count--;
    message->state = PS_MESSAGE_CLOSING;
    DL_APPEND(lanes->closing, message);
    outcome->close = close;
}

static void wait_until(struct ps_message *message, int64_t now_ms, int64_t delay_ms,
                       struct ps_lanes_outcome *outcome)
{
    message->not_before_ms = now_ms + delay_ms;
    outcome->wait_ms = delay_ms;
}

void ps_lanes_claimed(struct ps_lanes *lanes, struct ps_message *message, enum ps_claim claim,
                      int64_t now_ms, struct ps_lanes_outcome *out_outcome)
{
    *out_outcome = (struct ps_lanes_outcome){ .close = PS_CLOSE_NOT };
    message->state = PS_MESSAGE_WAITING;
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
        message->state = PS_MESSAGE_ASIDE;
        wait_until(message, now_ms, PS_LANES_ASIDE_MS, out_outcome);
        break;
    case PS_CLAIM_SENT:
        close_message(lanes, message, PS_CLOSE_DUPLICATE, out_outcome);
        break;
    case PS_CLAIM_UNKNOWN:
        (void)snprintf(message->reason, sizeof(message->reason),
                       "the outbox has no message of this id");
        close_message(lanes, message, PS_CLOSE_DEAD, out_outcome);
        break;
    case PS_CLAIM_FAILED:
        message->claim_failures++;
        wait_until(message, now_ms,
                   ps_backoff_ms(CLAIM_BASE_MS, CLAIM_CAP_MS, message->claim_failures, 0.5),
                   out_outcome);
        break;
    }
}

bool ps_lanes_admitted(struct ps_lanes *lanes, struct ps_message *message,
                       const struct ps_admission *admission, int64_t now_ms)
{
    struct lane *lane = lane_of(lanes, message->notice.channel);
    bool release = message->claimed && admission->elsewhere;

    assert(message->state == PS_MESSAGE_ADMITTING && lane != NULL);
    message->state = PS_MESSAGE_WAITING;
    if (!admission->unknown)
        lane->elsewhere = admission->elsewhere;
    if (release)
        message->claimed = false;
    if (admission->wait_ms > 0 && admission->held)
        ps_pace_hold(&lane->pace, now_ms, admission->wait_ms);
    else if (admission->wait_ms > 0)
        ps_pace_wait(&lane->pace, now_ms, admission->wait_ms);
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

static void tell_breakers(struct ps_lanes *lanes, const struct ps_slack_reply *reply,
                          int64_t now_ms, struct ps_lanes_outcome *outcome)
{
    bool circuit_was_closed = lanes->circuit.state == PS_BREAKER_CLOSED;
    bool access_was_closed = lanes->access.state == PS_BREAKER_CLOSED;

    if (reply->next == PS_SLACK_RETRY) {
        outcome->circuit_opened = ps_breaker_failure(&lanes->circuit, now_ms);
        if (!access_was_closed) /* its trial told nothing about access */
            (void)ps_breaker_failure(&lanes->access, now_ms);
        return;
    }
    ps_breaker_success(&lanes->circuit);
    outcome->circuit_closed = !circuit_was_closed;
    if (reply->next == PS_SLACK_STOP) {
        (void)ps_breaker_failure(&lanes->access, now_ms);
        lanes->fault = reply->err;
        outcome->access_lost = access_was_closed;
    } else {
        ps_breaker_success(&lanes->access);
        outcome->access_back = !access_was_closed;
    }
}

/* A failure while the circuit is not closed is the sink's, not the message's: it costs no retry, or
   a long outage would bury one message after the other. For an hour: a message that itself makes
   the sink fail must not hold the others for ever. */
static void charge(struct ps_message *message, bool trial, int64_t now_ms)
{
    if (message->first_failure_ms == 0)
        message->first_failure_ms = now_ms;
    if (!trial || now_ms - message->first_failure_ms >= PS_LANES_PATIENCE_MS)
        message->charged++;
}

struct failure {
    bool trial;
    int64_t after_ms; /* not before */
};

static void fail_message(struct ps_lanes *lanes, struct ps_message *message, struct failure failure,
                         struct ps_lanes_time time, struct ps_lanes_outcome *outcome)
{
    int64_t delay_ms;

    charge(message, failure.trial, time.now_ms);
    if (message->charged > lanes->options.max_retries) {
        close_message(lanes, message, PS_CLOSE_DEAD, outcome);
        return;
    }
    delay_ms = ps_backoff_ms(lanes->options.retry_base_ms, RETRY_CAP_MS,
                             message->charged > 0 ? message->charged : 1, time.rnd);
    wait_until(message, time.now_ms, delay_ms > failure.after_ms ? delay_ms : failure.after_ms,
               outcome);
}

void ps_lanes_answered(struct ps_lanes *lanes, struct ps_message *message,
                       const struct ps_slack_reply *reply, struct ps_lanes_time time,
                       struct ps_lanes_outcome *out_outcome)
{
    struct lane *lane = lane_of(lanes, message->notice.channel);
    bool trial = lanes->circuit.state != PS_BREAKER_CLOSED;

    assert(message->state == PS_MESSAGE_SENDING && lane != NULL);
    *out_outcome = (struct ps_lanes_outcome){ .close = PS_CLOSE_NOT };
    tell_breakers(lanes, reply, time.now_ms, out_outcome);
    message->state = PS_MESSAGE_WAITING;
    if (reply->next != PS_SLACK_SENT)
        (void)snprintf(message->reason, sizeof(message->reason), "%s", reply->err.what);
    switch (reply->next) {
    case PS_SLACK_SENT:
        memcpy(message->slack_ts, reply->ts, sizeof(message->slack_ts));
        if (reply->channel[0] != '\0')
            memcpy(message->slack_channel, reply->channel, sizeof(message->slack_channel));
        close_message(lanes, message, PS_CLOSE_SENT, out_outcome);
        break;
    case PS_SLACK_LATER:
        ps_pace_hold(&lane->pace, time.now_ms, reply->after_ms);
        out_outcome->wait_ms = reply->after_ms;
        break;
    case PS_SLACK_RETRY:
        /* An update made twice is the same update. */
        message->doubtful =
            message->doubtful || (reply->doubtful && message->notice.update_ts == NULL);
        fail_message(lanes, message, (struct failure){ trial, reply->after_ms }, time, out_outcome);
        break;
    case PS_SLACK_NEVER:
        if (ps_message_drop_update(message)) /* then it is said as a message of its own */
            break;
        close_message(lanes, message, PS_CLOSE_DEAD, out_outcome);
        break;
    case PS_SLACK_STOP:
        out_outcome->wait_ms = lanes->options.access_cooldown_ms;
        break;
    }
}

/* A look that gets no answer tells the breakers what a send would; after a few the message is sent
   all the same: a sink that cannot be asked must not hold it for ever. */
void ps_lanes_looked(struct ps_lanes *lanes, struct ps_message *message,
                     const struct ps_slack_look *look, struct ps_lanes_time time,
                     struct ps_lanes_outcome *out_outcome)
{
    bool trial = lanes->circuit.state != PS_BREAKER_CLOSED;
    struct ps_slack_reply reply = { .next = PS_SLACK_SENT };

    assert(message->state == PS_MESSAGE_LOOKING);
    *out_outcome = (struct ps_lanes_outcome){ .close = PS_CLOSE_NOT };
    message->state = PS_MESSAGE_WAITING;
    if (look->seen == PS_SLACK_FAILED && look->err.category == PS_FAILURE_CONFIGURATION)
        reply.next = PS_SLACK_STOP;
    else if (look->seen == PS_SLACK_FAILED && look->err.category != PS_FAILURE_RATE_LIMIT &&
             ++message->looks_failed < PS_LANES_LOOKS_MAX)
        reply.next = PS_SLACK_RETRY;
    if (reply.next != PS_SLACK_SENT)
        reply.err = look->err;
    tell_breakers(lanes, &reply, time.now_ms, out_outcome);
    switch (look->seen) {
    case PS_SLACK_FOUND:
        memcpy(message->slack_ts, look->ts, sizeof(message->slack_ts));
        close_message(lanes, message, PS_CLOSE_SENT, out_outcome);
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
        } else if (reply.next == PS_SLACK_STOP) { /* in doubt until access is back */
            out_outcome->wait_ms = lanes->options.access_cooldown_ms;
        } else if (reply.next == PS_SLACK_RETRY) {
            (void)snprintf(message->reason, sizeof(message->reason), "%s", look->err.what);
            fail_message(lanes, message, (struct failure){ trial, look->after_ms }, time,
                         out_outcome);
        } else {
            message->doubtful = false;
            message->repeated = true;
        }
        break;
    }
}

void ps_lanes_forget(struct ps_lanes *lanes, struct ps_message *message)
{
    assert(message->state == PS_MESSAGE_CLOSING);
    DL_DELETE(lanes->closing, message);
    ps_message_destroy(message);
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
    const struct lane *lane;
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
    struct lane *lane, *from = NULL;
    struct ps_message *message, *newest = NULL;

    DL_FOREACH(lanes->lanes, lane)
    {
        DL_FOREACH(lane->messages, message)
        {
            if (!under_way(message) && (newest == NULL || message->seq > newest->seq)) {
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

static bool bears(const struct ps_message *message, const char *raw, size_t len)
{
    const struct ps_message *twin;

    if (message->raw_len == len && message->raw != NULL && memcmp(message->raw, raw, len) == 0)
        return true;
    LL_FOREACH(message->twins, twin)
    if (bears(twin, raw, len))
        return true;
    return false;
}

bool ps_lanes_holds(const struct ps_lanes *lanes, const char *raw, size_t len)
{
    const struct lane *lane;
    const struct ps_message *message;

    DL_FOREACH(lanes->closing, message)
    if (bears(message, raw, len))
        return true;
    DL_FOREACH(lanes->lanes, lane)
    DL_FOREACH(lane->messages, message)
    if (bears(message, raw, len))
        return true;
    return false;
}

static size_t twins_of(const struct ps_message *message)
{
    size_t count = 0;
    const struct ps_message *twin;

    LL_FOREACH(message->twins, twin)
    count++;
    return count;
}

size_t ps_lanes_held(const struct ps_lanes *lanes)
{
    const struct lane *lane;
    const struct ps_message *message;
    size_t count = 0;

    DL_FOREACH(lanes->lanes, lane)
    DL_FOREACH(lane->messages, message)
    count += 1 + twins_of(message);
    DL_FOREACH(lanes->closing, message)
    count += 1 + twins_of(message);
    return count;
}

static size_t in_state(const struct ps_lanes *lanes, enum ps_message_state state)
{
    const struct lane *lane;
    const struct ps_message *message;
    size_t count = 0;

    DL_FOREACH(lanes->lanes, lane)
    DL_FOREACH(lane->messages, message)
    count += message->state == state;
    return count;
}

size_t ps_lanes_sending(const struct ps_lanes *lanes)
{
    return in_state(lanes, PS_MESSAGE_SENDING);
}

size_t ps_lanes_claiming(const struct ps_lanes *lanes)
{
    return in_state(lanes, PS_MESSAGE_CLAIMING);
}

void ps_lanes_each(const struct ps_lanes *lanes, void (*visit)(void *cookie, const char *channel),
                   void *cookie)
{
    const struct lane *lane;

    DL_FOREACH(lanes->lanes, lane)
    if (lane->messages != NULL)
        visit(cookie, lane->channel);
}

void ps_lanes_full(const struct ps_lanes *lanes, void (*visit)(void *cookie, const char *channel),
                   void *cookie)
{
    const struct lane *lane;

    DL_FOREACH(lanes->lanes, lane)
    if (lane->count >= PS_LANE_MAX)
        visit(cookie, lane->channel);
}

size_t ps_lanes_on_hold(const struct ps_lanes *lanes, int64_t now_ms)
{
    const struct lane *lane;
    size_t count = 0;

    DL_FOREACH(lanes->lanes, lane)
    count += ps_pace_held(&lane->pace, now_ms);
    return count;
}

const struct ps_breaker *ps_lanes_circuit(const struct ps_lanes *lanes)
{
    return &lanes->circuit;
}

const struct ps_err *ps_lanes_fault(const struct ps_lanes *lanes)
{
    return lanes->access.state == PS_BREAKER_CLOSED ? NULL : &lanes->fault;
}

bool ps_lanes_waits(const struct ps_lanes *lanes, int64_t now_ms, bool can_claim)
{
    const struct lane *lane;

    if (ps_lanes_shut(lanes))
        return true;
    if (lanes->closing != NULL || ps_lanes_sending(lanes) > 0 || ps_lanes_claiming(lanes) > 0)
        return false;
    DL_FOREACH(lanes->lanes, lane)
    {
        if (lane->messages != NULL && lane_pick(lanes, lane, now_ms, can_claim).due_ms <= now_ms)
            return false;
    }
    return true;
}
