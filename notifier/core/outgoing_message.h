/* A message this notifier holds: taken from the list, or its own. */
#ifndef PS_NOTIFIER_OUTGOING_MESSAGE_H
#define PS_NOTIFIER_OUTGOING_MESSAGE_H
#include "notifier/core/slack_response.h"
#include "shared/core/message.h"

enum ps_outgoing_message_state {
    PS_OUTGOING_MESSAGE_WAITING,   /* in its channel queue */
    PS_OUTGOING_MESSAGE_CLAIMING,  /* the outbox is asked whether it is ours to send */
    PS_OUTGOING_MESSAGE_ASIDE,     /* another notifier's claim is fresh: looked at again later */
    PS_OUTGOING_MESSAGE_ADMITTING, /* all notifiers' pace is asked */
    PS_OUTGOING_MESSAGE_LOOKING,   /* the sink is asked whether it has it already */
    PS_OUTGOING_MESSAGE_SENDING,
    PS_OUTGOING_MESSAGE_CLOSING /* out of its channel queue; its outcome is being written down */
};

struct ps_outgoing_message {
    struct ps_message content;
    char *raw; /* as it was taken, owned; NULL for a message of our own, which no list knows */
    size_t raw_len;
    bool outbox;  /* the outbox knows it: it must be claimed, and marked */
    uint64_t seq; /* order of taking */
    void *holder; /* the sender's, for its callbacks */

    enum ps_outgoing_message_state state;
    bool claimed;
    int64_t claimed_ms;
    int64_t not_before_ms;    /* for the next claim or try */
    int attempts;             /* requests made */
    int charged;              /* failed ones that count against MQ_MAX_RETRIES */
    int claim_failures;       /* in a row */
    int64_t first_failure_ms; /* 0: none yet */
    bool admitted;
    int64_t admitted_ms;
    bool doubtful;            /* it may have been sent: looked for before it is sent (again) */
    bool repeated;            /* that cannot be known: what is sent now says so */
    int looks_failed;         /* in a row */
    bool plain;               /* Slack refused its blocks: only the text is sent */
    bool rerouted;            /* an ops alert that went the second way already */
    bool delivered_elsewhere; /* and arrived */
    char slack_channel[PS_SLACK_CHANNEL_MAX]; /* Slack's id of the channel; "" when not known */
    char slack_ts[PS_SLACK_TS_MAX];
    char reason[192]; /* why it was given up */
    enum ps_failure category;

    struct ps_outgoing_message *twins;       /* others with the same id, by next */
    struct ps_outgoing_message *prev, *next; /* in its channel queue, or among its twins */
};

/* "o" and digits: the outbox has a row of this id. */
bool ps_outgoing_message_is_outbox(const char *id);
/* Copies raw. Gives a message, or NULL with err (UNKNOWN) when the text is no message. */
struct ps_outgoing_message *ps_outgoing_message_parse(const char *raw, size_t len,
                                                      struct ps_err *err) PS_MUST_USE;
/* Gives a message of our own; texts are copied. */
struct ps_outgoing_message *ps_outgoing_message_own(const struct ps_message *content) PS_MUST_USE;
/* What was to change a message becomes one of its own; false when it is one. */
bool ps_outgoing_message_drop_update(struct ps_outgoing_message *message);
/* An answer in place (response_url) becomes a message to its channel; false when it is one. */
bool ps_outgoing_message_drop_response_url(struct ps_outgoing_message *message);
/* What was to be in a thread and in its channel is in the channel alone; false when it was not. */
bool ps_outgoing_message_drop_thread(struct ps_outgoing_message *message);
/* The message is sent without blocks from now on; false when it was so already. */
bool ps_outgoing_message_drop_blocks(struct ps_outgoing_message *message);
/* For a log line; "" when it has none. Borrowed. */
const char *ps_outgoing_message_trace(const struct ps_outgoing_message *message);
void ps_outgoing_message_destroy(
    struct ps_outgoing_message *message); /* its twins too; NULL is fine */

#endif
