#include "notifier/core/lanes_inside.h"

#include <string.h>

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
    const struct ps_lane *lane;
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
    const struct ps_lane *lane;
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
    const struct ps_lane *lane;
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
    const struct ps_lane *lane;

    DL_FOREACH(lanes->lanes, lane)
    if (lane->messages != NULL)
        visit(cookie, lane->channel);
}

void ps_lanes_full(const struct ps_lanes *lanes, void (*visit)(void *cookie, const char *channel),
                   void *cookie)
{
    const struct ps_lane *lane;

    DL_FOREACH(lanes->lanes, lane)
    if (lane->count >= PS_LANE_MAX)
        visit(cookie, lane->channel);
}

size_t ps_lanes_on_hold(const struct ps_lanes *lanes, int64_t now_ms)
{
    const struct ps_lane *lane;
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
    const struct ps_lane *lane;

    if (ps_lanes_shut(lanes))
        return true;
    if (lanes->closing != NULL || ps_lanes_sending(lanes) > 0 || ps_lanes_claiming(lanes) > 0)
        return false;
    DL_FOREACH(lanes->lanes, lane)
    {
        if (lane->messages != NULL &&
            ps_lanes_lane_pick(lanes, lane, now_ms, can_claim).due_ms <= now_ms)
            return false;
    }
    return true;
}
