/* Shared by the three files of channel_queues alone: channel_queues.c picks the next move,
 * channel_queues_answer.c takes the answers, channel_queues_view.c counts. */
#ifndef PS_NOTIFIER_CHANNEL_QUEUES_PRIVATE_H
#define PS_NOTIFIER_CHANNEL_QUEUES_PRIVATE_H
#include "notifier/core/channel_pacing.h"
#include "notifier/core/channel_queues.h"

#include <utlist.h>

struct ps_channel_queue {
    char *channel;
    bool alone; /* of a webhook or an e-mail address: its failures say nothing about Slack, and
                   those of Slack nothing about it */
    struct ps_breaker circuit, access; /* used only if it is alone */
    struct ps_channel_pacing pace;
    struct ps_outgoing_message *messages; /* in the order of sending */
    size_t count;
    bool elsewhere; /* another notifier had the channel at the last admission */
    bool refused;   /* Slack denied access to this channel, and nothing was sent to it since */
    struct ps_channel_queue *prev, *next;
};

struct ps_channel_queues {
    struct ps_channel_queues_options options;
    struct ps_channel_queue *queues; /* the one served longest ago first */
    struct ps_outgoing_message *closing;
    struct ps_breaker circuit; /* of Slack as a whole */
    struct ps_breaker access;  /* opened by one answer of category CONFIGURATION */
    struct ps_err fault;       /* why, while access is not closed */
    uint64_t seq;
    bool stopped;
    bool reached; /* the sink has answered since the start */
    bool shared;  /* each send needs an admission */
};

struct ps_channel_queue_pick {
    struct ps_outgoing_message *message; /* may go now */
    enum ps_channel_queues_move move;
    int64_t due_ms; /* without a message: when there may be one; INT64_MAX if only an event can
                       change that */
};

struct ps_channel_queue *ps_channel_queues_find(const struct ps_channel_queues *queues,
                                                const char *channel); /* or NULL */
/* The breakers that guard what a queue sends: its own if it is alone, or those of Slack. */
const struct ps_breaker *ps_channel_queues_circuit_of(const struct ps_channel_queues *queues,
                                                      const struct ps_channel_queue *queue);
const struct ps_breaker *ps_channel_queues_access_of(const struct ps_channel_queues *queues,
                                                     const struct ps_channel_queue *queue);
bool ps_channel_queues_shut_of(const struct ps_channel_queues *queues,
                               const struct ps_channel_queue *queue);
/* The next move of one channel queue. */
struct ps_channel_queue_pick ps_channel_queues_pick(const struct ps_channel_queues *queues,
                                                    const struct ps_channel_queue *queue,
                                                    int64_t now_ms, bool can_claim) PS_MUST_USE;
/* A move of the message is not answered yet. */
bool ps_channel_queues_under_way(const struct ps_outgoing_message *message);

#endif
