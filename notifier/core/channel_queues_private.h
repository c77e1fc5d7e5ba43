/* What the files of channel queues share, and nobody else includes: channel queues.c picks the next
   move, lanes_answer.c says what came of it, lanes_view.c counts and looks. */
#ifndef PS_NOTIFIER_CHANNEL_QUEUES_PRIVATE_H
#define PS_NOTIFIER_CHANNEL_QUEUES_PRIVATE_H
#include "notifier/core/channel_pacing.h"
#include "notifier/core/channel_queues.h"

#include <utlist.h>

struct ps_channel_queue {
    char *channel;
    bool alone; /* of a webhook: its failures say nothing about Slack, nor Slack's about it */
    struct ps_breaker circuit, access; /* its own, if it is alone */
    struct ps_channel_pacing pace;
    struct ps_outgoing_message *messages; /* in the order of sending */
    size_t count;
    bool elsewhere; /* its channel was with another notifier when that was asked last */
    bool refused; /* it was what took access away (of_channel), and nothing of it was sent since */
    struct ps_channel_queue *prev, *next;
};

struct ps_channel_queues {
    struct ps_channel_queues_options options;
    struct ps_channel_queue *queues; /* the one served longest ago first */
    struct ps_outgoing_message *closing;
    struct ps_breaker circuit; /* the sink as a whole */
    struct ps_breaker access;  /* open after one CONFIGURATION answer */
    struct ps_err fault;       /* while access is not closed */
    uint64_t seq;
    bool stopped;
    bool reached; /* the sink has answered since the start */
    bool shared;  /* an admission is asked for before each send */
};

struct ps_channel_queue_pick {
    struct ps_outgoing_message *message; /* may go now */
    enum ps_channel_queues_move move;
    int64_t due_ms; /* when there is none: INT64_MAX when only an event can change that */
};

struct ps_channel_queue *ps_channel_queues_lane_of(const struct ps_channel_queues *queues,
                                                   const char *channel); /* or NULL */
/* The breakers that guard what a queue sends: those of its webhook, or those of Slack. */
const struct ps_breaker *ps_channel_queues_circuit_of(const struct ps_channel_queues *queues,
                                                      const struct ps_channel_queue *queue);
const struct ps_breaker *ps_channel_queues_access_of(const struct ps_channel_queues *queues,
                                                     const struct ps_channel_queue *queue);
bool ps_channel_queues_shut_of(const struct ps_channel_queues *queues,
                               const struct ps_channel_queue *queue);
/* The next move of one channel queue. */
struct ps_channel_queue_pick ps_channel_queues_lane_pick(const struct ps_channel_queues *queues,
                                                         const struct ps_channel_queue *queue,
                                                         int64_t now_ms,
                                                         bool can_claim) PS_MUST_USE;
/* Something was asked for the message and has not answered yet. */
bool ps_channel_queues_under_way(const struct ps_outgoing_message *message);

#endif
