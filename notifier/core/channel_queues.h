/* What this notifier holds, a channel queue for each channel: which message may be claimed or sent
   now, and what an answer means for it. A step machine: it decides, io/sender acts. */
#ifndef PS_NOTIFIER_CHANNEL_QUEUES_H
#define PS_NOTIFIER_CHANNEL_QUEUES_H
#include "notifier/core/outgoing_message.h"
#include "shared/core/breaker.h"

enum {
    PS_CHANNEL_QUEUES_MAX = 1024, /* messages held at most */
    PS_CHANNEL_QUEUE_MAX =
        8, /* of one channel: no more of it is taken, others pass it in the list */
    PS_CHANNEL_QUEUES_CLAIM_MS =
        10 * 1000, /* a claim older than this is made anew before sending; others
             respect it for longer than this and a request (io/outbox_claims.h) */
    PS_CHANNEL_QUEUES_ASIDE_MS = 10 * 1000, /* until another's claim is looked at again */
    PS_CHANNEL_QUEUES_ADMIT_MS = 5 * 1000,  /* an admission older than this is asked for again */
    PS_CHANNEL_QUEUES_LOOKS_MAX =
        3, /* looks without an answer; then it counts as not to be known */
    PS_CHANNEL_QUEUES_PATIENCE_MS =
        3600 * 1000 /* failures of trials cost a message nothing for so long */
};

struct ps_channel_queues;

struct ps_channel_queues_options {
    int64_t interval_ms; /* between two messages of one channel */
    int max_retries;
    int64_t retry_base_ms;
    int breaker_threshold;
    int64_t breaker_cooldown_ms;
    int64_t access_cooldown_ms; /* after a CONFIGURATION answer */
    bool can_look;              /* the sink can tell whether it has a message already */
};

enum ps_channel_queues_move {
    PS_CHANNEL_QUEUES_NOTHING,
    PS_CHANNEL_QUEUES_CLAIM, /* ask the outbox whether it is ours to send */
    PS_CHANNEL_QUEUES_ADMIT, /* ask what all notifiers agree on whether its channel is free */
    PS_CHANNEL_QUEUES_LOOK,  /* it may have been sent: ask the sink whether it has it */
    PS_CHANNEL_QUEUES_SEND
};
enum ps_claim {
    PS_CLAIM_MINE,      /* and nobody's before */
    PS_CLAIM_KEPT,      /* it was ours already, perhaps in an earlier life */
    PS_CLAIM_INHERITED, /* of another notifier that kept it too long: it may have sent it */
    PS_CLAIM_TAKEN,     /* by another notifier, not long ago */
    PS_CLAIM_SENT,      /* sent before, or given up before: a duplicate */
    PS_CLAIM_UNKNOWN,   /* the outbox has no such message */
    PS_CLAIM_FAILED     /* no answer */
};
struct ps_admission {
    bool unknown; /* no answer: our own pace counts alone */
    int64_t wait_ms;
    bool held;            /* Slack asked for the wait */
    bool elsewhere;       /* the channel is with another notifier */
    bool doubtful;        /* somebody was sending this message and was not heard of again */
    const char *slack_id; /* Slack's id of the channel; NULL or "" when not known */
};

/* Out of its channel queue: what is to be written down. */
enum ps_close { PS_CLOSE_NOT, PS_CLOSE_SENT, PS_CLOSE_DUPLICATE, PS_CLOSE_DEAD };

struct ps_channel_queues_outcome {
    enum ps_close close;
    int64_t wait_ms; /* when not closed: until it may be tried again */
    bool circuit_opened, circuit_closed;
    bool access_lost, access_back;
};

struct ps_channel_queues *
ps_channel_queues_create(const struct ps_channel_queues_options *options) PS_MUST_USE;
void ps_channel_queues_destroy(struct ps_channel_queues *queues); /* with every message it holds */

/* Whether what all notifiers agree on can be asked; false at first: our own pace counts alone. */
void ps_channel_queues_share(struct ps_channel_queues *queues, bool shared);

/* Takes message. An urgent one goes before those of its channel that are not under way. One whose
   id, channel and time are held already becomes its twin and shares its end. */
void ps_channel_queues_add(struct ps_channel_queues *queues, struct ps_outgoing_message *message);
/* The next move and its message, borrowed, whose state says so from now on. Call until NOTHING.
   Of several that may go, an urgent one goes first, then one to a person; for a trial it is their
   channels' turn. can_claim: the outbox can be asked. Messages that need no claim pass those that
   wait for it, or for another's claim. No claim is made or renewed while another notifier has the
   channel: it could send nothing either. */
enum ps_channel_queues_move ps_channel_queues_next(struct ps_channel_queues *queues, int64_t now_ms,
                                                   bool can_claim,
                                                   struct ps_outgoing_message **out_message);
/* When ps_channel_queues_next may have something by time alone; INT64_MAX for never. */
int64_t ps_channel_queues_wake_ms(const struct ps_channel_queues *queues, int64_t now_ms,
                                  bool can_claim);

/* What came of a move. Where close is not NOT the message is CLOSING: write it down (its
   twins share its end), then ps_channel_queues_forget. */
void ps_channel_queues_claimed(struct ps_channel_queues *queues,
                               struct ps_outgoing_message *message, enum ps_claim claim,
                               int64_t now_ms, struct ps_channel_queues_outcome *out_outcome);
/* True when message is not claimed any more since its channel is with another: release the claim.
 */
bool ps_channel_queues_admitted(struct ps_channel_queues *queues,
                                struct ps_outgoing_message *message,
                                const struct ps_admission *admission, int64_t now_ms);
struct ps_channel_queues_time {
    int64_t now_ms;
    double rnd; /* 0 <= rnd < 1 */
};
void ps_channel_queues_answered(struct ps_channel_queues *queues,
                                struct ps_outgoing_message *message,
                                const struct ps_slack_response *reply,
                                struct ps_channel_queues_time time,
                                struct ps_channel_queues_outcome *out_outcome);
void ps_channel_queues_looked(struct ps_channel_queues *queues, struct ps_outgoing_message *message,
                              const struct ps_slack_look *look, struct ps_channel_queues_time time,
                              struct ps_channel_queues_outcome *out_outcome);
void ps_channel_queues_forget(struct ps_channel_queues *queues,
                              struct ps_outgoing_message *message); /* destroys it */

/* Nothing is claimed or sent from now on. */
void ps_channel_queues_stop(struct ps_channel_queues *queues);
/* Nothing can be sent now: a breaker is not closed. */
bool ps_channel_queues_shut(const struct ps_channel_queues *queues);
/* An urgent message that waits while they are shut and was not told here before; NULL for none. */
const struct ps_outgoing_message *ps_channel_queues_reroute(struct ps_channel_queues *queues);
/* The second way delivered the messages of this id: after the outage people must not read them
 * again. */
void ps_channel_queues_rerouted(struct ps_channel_queues *queues, const char *id);
/* A message that the second way delivered and that is not under way, closing now as sent; NULL when
 * there is none. */
struct ps_outgoing_message *ps_channel_queues_take_rerouted(struct ps_channel_queues *queues);
/* The sink has taken a message or refused one since the start: it is known to answer. */
bool ps_channel_queues_reached(const struct ps_channel_queues *queues);
/* Gives back the newest message that is not under way, its twins first (as messages of their own);
   NULL when there is none. */
struct ps_outgoing_message *ps_channel_queues_take_back(struct ps_channel_queues *queues);

bool ps_channel_queues_holds(const struct ps_channel_queues *queues, const char *raw, size_t len);
size_t
ps_channel_queues_held(const struct ps_channel_queues *queues); /* twins and closing ones counted */
size_t ps_channel_queues_sending(const struct ps_channel_queues *queues);
size_t ps_channel_queues_claiming(const struct ps_channel_queues *queues);
/* Channels of which something is held. */
void ps_channel_queues_each(const struct ps_channel_queues *queues,
                            void (*visit)(void *cookie, const char *channel), void *cookie);
/* Channels that hold PS_CHANNEL_QUEUE_MAX or more. */
void ps_channel_queues_full(const struct ps_channel_queues *queues,
                            void (*visit)(void *cookie, const char *channel), void *cookie);
/* Channels that Slack asked to wait with. */
size_t ps_channel_queues_on_hold(const struct ps_channel_queues *queues, int64_t now_ms);
const struct ps_breaker *ps_channel_queues_circuit(const struct ps_channel_queues *queues);
/* The CONFIGURATION fault that stops sending; NULL when none does. */
const struct ps_err *ps_channel_queues_fault(const struct ps_channel_queues *queues);
/* When the oldest message held was decided (wall clock ms), and its channel, borrowed; 0 for none.
 */
int64_t ps_channel_queues_oldest_ms(const struct ps_channel_queues *queues,
                                    const char **out_channel);
/* Everything held waits for a time to come or for a breaker: nothing is under way. */
bool ps_channel_queues_waits(const struct ps_channel_queues *queues, int64_t now_ms,
                             bool can_claim);

#endif
