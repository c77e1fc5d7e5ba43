/* What this notifier holds, with one queue for each Slack channel, webhook or e-mail address: which
 * message may be claimed or sent next, and what each answer means for it.
 *
 * Place in the data flow: io/notify_queue takes messages from the list `notify` and adds them here;
 * io/sender asks for the next move, carries it out and reports the answer; io/delivery_record
 * stores the outcome. This module decides and does no I/O; time and randomness are arguments
 * (`simulation.channel_queues` plays it with random schedules).
 *
 * Guarantees: a message of one channel never overtakes another of that channel, apart from urgent
 * ones; a channel gets one message per interval, whatever the number of notifiers; a message that
 * may have been sent is looked for before it is sent again; a fault of one channel never stops the
 * others. Do not change lightly: the order of the moves CLAIM, ADMIT, LOOK, SEND. Each one makes
 * the next one safe, and a notifier may die between any two of them. */
#ifndef PS_NOTIFIER_CHANNEL_QUEUES_H
#define PS_NOTIFIER_CHANNEL_QUEUES_H
#include "notifier/core/outgoing_message.h"
#include "shared/core/breaker.h"

enum {
    PS_CHANNEL_QUEUES_MAX = 1024, /* messages held at most */
    /* Of one channel; when it is full, messages of other channels overtake it in the list, so that
       one channel on hold does not fill the notifier. */
    PS_CHANNEL_QUEUE_MAX = 8,
    /* An older claim is renewed before the message is sent. Other notifiers respect a claim for
       longer than this and a request take together (io/outbox_claims.h). */
    PS_CHANNEL_QUEUES_CLAIM_MS = 10 * 1000,
    PS_CHANNEL_QUEUES_DEFER_MS =
        10 * 1000, /* between two tries to claim what another notifier has claimed */
    PS_CHANNEL_QUEUES_ADMIT_MS =
        5 * 1000, /* an older admission is requested again before the message is sent */
    PS_CHANNEL_QUEUES_LOOKS_MAX =
        3, /* failed looks; then the message is sent once more, marked as a repetition */
    PS_CHANNEL_QUEUES_PATIENCE_MS =
        3600 * 1000 /* for so long, failures of a breaker's trials cost a message no attempt */
};

struct ps_channel_queues;

struct ps_channel_queues_options {
    int64_t interval_ms; /* between two messages of one channel */
    int max_retries;
    int64_t retry_base_ms;
    int breaker_threshold;
    int64_t breaker_cooldown_ms;
    int64_t access_cooldown_ms; /* after an answer of category CONFIGURATION */
    bool can_look;              /* the sink can find a message that it has already (sink.h: look) */
};

enum ps_channel_queues_move {
    PS_CHANNEL_QUEUES_NOTHING,
    PS_CHANNEL_QUEUES_CLAIM, /* claim the message in the outbox */
    PS_CHANNEL_QUEUES_ADMIT, /* ask the channel's lock in Redis, which all notifiers share, whether
                                it may leave now */
    PS_CHANNEL_QUEUES_LOOK,  /* it may have been sent: ask the sink whether it has it */
    PS_CHANNEL_QUEUES_SEND
};
enum ps_claim {
    PS_CLAIM_MINE,      /* it is ours, and no notifier claimed it before */
    PS_CLAIM_KEPT,      /* it was ours already, perhaps before a restart */
    PS_CLAIM_INHERITED, /* another notifier kept it too long; it may have sent the message */
    PS_CLAIM_TAKEN,     /* another notifier claimed it recently */
    PS_CLAIM_SENT,      /* the message was sent or given up before: a duplicate */
    PS_CLAIM_UNKNOWN,   /* the outbox has no such message */
    PS_CLAIM_FAILED     /* no answer */
};
struct ps_admission {
    bool unknown; /* no answer: only this notifier's own pace counts */
    int64_t wait_ms;
    bool held;            /* Slack asked for the wait */
    bool elsewhere;       /* another notifier has the channel */
    bool doubtful;        /* a notifier began to send this message and never reported the outcome */
    const char *slack_id; /* Slack's id of the channel; NULL or "" if it is unknown */
};

/* What to store about a message that left its queue. */
enum ps_close { PS_CLOSE_NOT, PS_CLOSE_SENT, PS_CLOSE_DUPLICATE, PS_CLOSE_DEAD };

struct ps_channel_queues_outcome {
    enum ps_close close;
    int64_t wait_ms; /* if not closed: until it may be tried again */
    bool circuit_opened, circuit_closed;
    bool access_lost, access_back;
};

/* options: copied. */
struct ps_channel_queues *
ps_channel_queues_create(const struct ps_channel_queues_options *options) PS_MUST_USE;
/* Destroys every message that is held, too. NULL is fine. */
void ps_channel_queues_destroy(struct ps_channel_queues *queues);

/* Sets whether the channels' locks can be asked (false at first). Without them only this notifier's
 * own pace counts. */
void ps_channel_queues_share(struct ps_channel_queues *queues, bool shared);

/* Takes message. An urgent one goes before those of its channel that are not in flight. A message
 * whose id, channel and time equal those of a held one becomes its duplicate and shares its
 * outcome. */
void ps_channel_queues_add(struct ps_channel_queues *queues, struct ps_outgoing_message *message);
/* Returns the next move and gives its message (borrowed), which is in the state of that move from
 * now on. Call it until it returns NOTHING. Urgent messages go first, then those to a person; a
 * breaker's trial goes to the channel that was served longest ago. can_claim: the outbox can be
 * asked. A message that needs no claim overtakes those that wait for one. No claim is made or
 * renewed while another notifier has the channel: nothing could be sent with it. */
enum ps_channel_queues_move ps_channel_queues_next(struct ps_channel_queues *queues, int64_t now_ms,
                                                   bool can_claim,
                                                   struct ps_outgoing_message **out_message);
/* Returns the time at which ps_channel_queues_next may have a move by time alone; INT64_MAX for
 * never. */
int64_t ps_channel_queues_wake_ms(const struct ps_channel_queues *queues, int64_t now_ms,
                                  bool can_claim);

/* The answers to the moves. If out_outcome->close is not NOT, the message is CLOSING: store the
 * outcome (its duplicates share it), then call ps_channel_queues_forget. */
void ps_channel_queues_claimed(struct ps_channel_queues *queues,
                               struct ps_outgoing_message *message, enum ps_claim claim,
                               int64_t now_ms, struct ps_channel_queues_outcome *out_outcome);
/* Returns true if the message lost its claim because another notifier has its channel: release the
 * claim in the outbox. */
bool ps_channel_queues_admitted(struct ps_channel_queues *queues,
                                struct ps_outgoing_message *message,
                                const struct ps_admission *admission, int64_t now_ms);
struct ps_channel_queues_time {
    int64_t now_ms;
    double rnd; /* 0 <= rnd < 1 */
};
/* Takes the sink's answer to SEND: the message is sent, given up, or waits for another attempt.
 * Time and randomness set the wait. */
void ps_channel_queues_answered(struct ps_channel_queues *queues,
                                struct ps_outgoing_message *message,
                                const struct ps_slack_response *reply,
                                struct ps_channel_queues_time time,
                                struct ps_channel_queues_outcome *out_outcome);
/* Takes the sink's answer to LOOK. Found: the message closes as sent. Not there: it is sent. Cannot
 * be known: it is sent once more, marked as a repetition; so is a message whose look failed
 * PS_CHANNEL_QUEUES_LOOKS_MAX times. */
void ps_channel_queues_looked(struct ps_channel_queues *queues, struct ps_outgoing_message *message,
                              const struct ps_slack_look *look, struct ps_channel_queues_time time,
                              struct ps_channel_queues_outcome *out_outcome);
/* Destroys a message that is CLOSING. */
void ps_channel_queues_forget(struct ps_channel_queues *queues,
                              struct ps_outgoing_message *message);

/* From now on nothing is claimed or sent. */
void ps_channel_queues_stop(struct ps_channel_queues *queues);
/* Whether nothing can be sent to Slack now, because a breaker is not closed. */
bool ps_channel_queues_shut(const struct ps_channel_queues *queues);
/* Gives an urgent message that waits while Slack's breakers are not closed, each one once, to be
 * sent to the webhook for operations; NULL if there is none. */
const struct ps_outgoing_message *ps_channel_queues_reroute(struct ps_channel_queues *queues);
/* The webhook delivered the messages of this id. They must not be sent to Slack after the outage.
 */
void ps_channel_queues_rerouted(struct ps_channel_queues *queues, const char *id);
/* Gives a message that the webhook delivered and that is not in flight. It is CLOSING from now on,
 * as sent. NULL if there is none. */
struct ps_outgoing_message *ps_channel_queues_take_rerouted(struct ps_channel_queues *queues);
/* Gives an alert or an all-clear that waits while a newer message about the same incident waits
 * too, so that people read the newest one after an outage and no backlog. It is CLOSING from now
 * on, as a duplicate. NULL if there is none. */
struct ps_outgoing_message *ps_channel_queues_take_superseded(struct ps_channel_queues *queues);
/* Whether the sink has accepted or refused a message since the start: it answers. */
bool ps_channel_queues_reached(const struct ps_channel_queues *queues);
/* Gives the newest message that is not in flight, for the list; its duplicates come first, as
 * messages of their own. NULL if there is none. The caller owns it. */
struct ps_outgoing_message *ps_channel_queues_take_back(struct ps_channel_queues *queues);

/* Whether a message with this text is held, also as a duplicate or CLOSING. */
bool ps_channel_queues_holds(const struct ps_channel_queues *queues, const char *raw, size_t len);
/* How many messages are held (duplicates and those CLOSING count), are being sent, are being
 * claimed. */
size_t ps_channel_queues_held(const struct ps_channel_queues *queues);
size_t ps_channel_queues_sending(const struct ps_channel_queues *queues);
size_t ps_channel_queues_claiming(const struct ps_channel_queues *queues);
/* Visits each channel that has messages; channel is borrowed for the call. */
void ps_channel_queues_each(const struct ps_channel_queues *queues,
                            void (*visit)(void *cookie, const char *channel), void *cookie);
/* Visits each channel that has PS_CHANNEL_QUEUE_MAX messages or more. */
void ps_channel_queues_full(const struct ps_channel_queues *queues,
                            void (*visit)(void *cookie, const char *channel), void *cookie);
/* Returns the number of channels that are on hold at now_ms because Slack asked to wait. */
size_t ps_channel_queues_on_hold(const struct ps_channel_queues *queues, int64_t now_ms);
/* Returns the breaker of Slack as a whole, borrowed. */
const struct ps_breaker *ps_channel_queues_circuit(const struct ps_channel_queues *queues);
/* The fault of category CONFIGURATION that stops sending; NULL if there is none. Borrowed. */
const struct ps_err *ps_channel_queues_fault(const struct ps_channel_queues *queues);
/* Returns when the oldest held message was decided (wall clock ms; 0: nothing is held), and gives
 * its channel, borrowed. */
int64_t ps_channel_queues_oldest_ms(const struct ps_channel_queues *queues,
                                    const char **out_channel);
/* Whether all that is held waits for a time or for a breaker, and nothing is in flight: a notifier
 * that waits is not stuck. */
bool ps_channel_queues_waits(const struct ps_channel_queues *queues, int64_t now_ms,
                             bool can_claim);

#endif
