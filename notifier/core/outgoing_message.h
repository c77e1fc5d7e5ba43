/* One message that this notifier holds, taken from the list `notify` or made here.
 *
 * Place in the data flow: notify_queue parses it, channel_queues decides its moves and owns it, the
 * sink reads it, delivery_record stores its outcome. */
#ifndef PS_NOTIFIER_OUTGOING_MESSAGE_H
#define PS_NOTIFIER_OUTGOING_MESSAGE_H
#include "notifier/core/slack_response.h"
#include "shared/core/message.h"

enum ps_outgoing_message_state {
    PS_OUTGOING_MESSAGE_WAITING,   /* in its channel queue */
    PS_OUTGOING_MESSAGE_CLAIMING,  /* the claim is requested */
    PS_OUTGOING_MESSAGE_DEFERRED,  /* another notifier claimed it recently: claimed again later */
    PS_OUTGOING_MESSAGE_ADMITTING, /* the admission is requested */
    PS_OUTGOING_MESSAGE_LOOKING,   /* the sink looks for it */
    PS_OUTGOING_MESSAGE_SENDING,
    PS_OUTGOING_MESSAGE_CLOSING /* out of its channel queue; its outcome is being stored */
};

struct ps_outgoing_message {
    struct ps_message content;
    char *raw; /* the entry of the list, owned; NULL for a message made here, which no list has */
    size_t raw_len;
    bool outbox;  /* it has a row in the outbox: it must be claimed, and marked as sent */
    uint64_t seq; /* order of taking */
    void *holder; /* of the sender, for its callbacks */

    enum ps_outgoing_message_state state;
    bool claimed;
    int64_t claimed_ms;
    int64_t not_before_ms;    /* for the next claim or try */
    int attempts;             /* requests made */
    int64_t sending_ms;       /* wall clock: when the last one began */
    int charged;              /* failed requests that count for MQ_MAX_RETRIES */
    int claim_failures;       /* in a row */
    int64_t first_failure_ms; /* 0: none yet */
    bool admitted;
    int64_t admitted_ms;
    bool doubtful; /* it may have been sent: the sink looks for it first */
    bool repeated; /* nobody can know whether it was sent: the text says that it may be a repetition
                    */
    int looks_failed;                         /* in a row */
    bool plain;                               /* Slack refused its blocks: only the text is sent */
    bool rerouted;                            /* an ops alert that was passed to the webhook */
    bool delivered_elsewhere;                 /* and that the webhook delivered */
    char slack_channel[PS_SLACK_CHANNEL_MAX]; /* Slack's id of the channel; "" when not known */
    char slack_ts[PS_SLACK_TS_MAX];
    char reason[192]; /* why it was given up */
    enum ps_failure category;

    struct ps_outgoing_message *duplicates; /* with the same id, channel and time; linked by next */
    struct ps_outgoing_message *prev, *next; /* in its channel queue or list of duplicates */
};

/* Whether id is "o" and digits: the outbox has a row of this id. */
bool ps_outgoing_message_is_outbox(const char *id);
/* Copies raw. Gives a message, or NULL with err (UNKNOWN) if the text is no message. */
struct ps_outgoing_message *ps_outgoing_message_parse(const char *raw, size_t len,
                                                      struct ps_err *err) PS_MUST_USE;
/* Gives a message that is made here; texts are copied. */
struct ps_outgoing_message *ps_outgoing_message_own(const struct ps_message *content) PS_MUST_USE;
/* A message that would update another one becomes a new one. False if it is a new one already. */
bool ps_outgoing_message_drop_update(struct ps_outgoing_message *message);
/* An answer through a response_url becomes a message to its channel. False if it is one already. */
bool ps_outgoing_message_drop_response_url(struct ps_outgoing_message *message);
/* A message for a thread and its channel goes to the channel alone. False if it was for one of
 * them. */
bool ps_outgoing_message_drop_thread(struct ps_outgoing_message *message);
/* From now on the message is sent without blocks. False if it was sent without them already. */
bool ps_outgoing_message_drop_blocks(struct ps_outgoing_message *message);
/* For a log line; "" if it has none. Borrowed. */
const char *ps_outgoing_message_trace(const struct ps_outgoing_message *message);
void ps_outgoing_message_destroy(
    struct ps_outgoing_message *message); /* and its duplicates; NULL is fine */

#endif
