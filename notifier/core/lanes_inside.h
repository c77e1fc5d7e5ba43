/* What the files of lanes share, and nobody else includes: lanes.c picks the next move,
   lanes_answer.c says what came of it, lanes_view.c counts and looks. */
#ifndef PS_NOTIFIER_LANES_INSIDE_H
#define PS_NOTIFIER_LANES_INSIDE_H
#include "notifier/core/lanes.h"
#include "notifier/core/pace.h"

#include <utlist.h>

struct ps_lane {
    char *channel;
    struct ps_pace pace;
    struct ps_message *messages; /* in the order of sending */
    size_t count;
    bool elsewhere; /* its channel was with another notifier when that was asked last */
    bool refused; /* it was what took access away (of_channel), and nothing of it was sent since */
    struct ps_lane *prev, *next;
};

struct ps_lanes {
    struct ps_lanes_options options;
    struct ps_lane *lanes; /* the one served longest ago first */
    struct ps_message *closing;
    struct ps_breaker circuit; /* the sink as a whole */
    struct ps_breaker access;  /* open after one CONFIGURATION answer */
    struct ps_err fault;       /* while access is not closed */
    uint64_t seq;
    bool stopped;
    bool shared; /* an admission is asked for before each send */
};

struct ps_lane_pick {
    struct ps_message *message; /* may go now */
    enum ps_lanes_move move;
    int64_t due_ms; /* when there is none: INT64_MAX when only an event can change that */
};

struct ps_lane *ps_lanes_lane_of(const struct ps_lanes *lanes, const char *channel); /* or NULL */
/* The next move of one lane. */
struct ps_lane_pick ps_lanes_lane_pick(const struct ps_lanes *lanes, const struct ps_lane *lane,
                                       int64_t now_ms, bool can_claim) PS_MUST_USE;
/* Something was asked for the message and has not answered yet. */
bool ps_lanes_under_way(const struct ps_message *message);

#endif
