/* A message this notifier holds: taken from the list, or its own. */
#ifndef PS_NOTIFIER_MESSAGE_H
#define PS_NOTIFIER_MESSAGE_H
#include "notifier/core/slack_reply.h"
#include "shared/core/notice.h"

enum ps_message_state {
    PS_MESSAGE_WAITING,   /* in its lane */
    PS_MESSAGE_CLAIMING,  /* the outbox is asked whether it is ours to send */
    PS_MESSAGE_ASIDE,     /* another notifier's claim is fresh: looked at again later */
    PS_MESSAGE_ADMITTING, /* all notifiers' pace is asked */
    PS_MESSAGE_LOOKING,   /* the sink is asked whether it has it already */
    PS_MESSAGE_SENDING,
    PS_MESSAGE_CLOSING /* out of its lane; its outcome is being written down */
};

struct ps_message {
    struct ps_notice notice;
    char *raw; /* as it was taken, owned; NULL for a message of our own, which no list knows */
    size_t raw_len;
    bool outbox;  /* the outbox knows it: it must be claimed, and marked */
    uint64_t seq; /* order of taking */
    void *holder; /* the sender's, for its callbacks */

    enum ps_message_state state;
    bool claimed;
    int64_t claimed_ms;
    int64_t not_before_ms;    /* for the next claim or try */
    int attempts;             /* requests made */
    int charged;              /* failed ones that count against MQ_MAX_RETRIES */
    int claim_failures;       /* in a row */
    int64_t first_failure_ms; /* 0: none yet */
    bool admitted;
    int64_t admitted_ms;
    bool doubtful;    /* it may have been sent: looked for before it is sent (again) */
    bool repeated;    /* that cannot be known: what is sent now says so */
    int looks_failed; /* in a row */
    bool rerouted;    /* an ops alert that went the second way already */
    char slack_channel[PS_SLACK_CHANNEL_MAX]; /* Slack's id of the channel; "" when not known */
    char slack_ts[PS_SLACK_TS_MAX];
    char reason[192]; /* why it was given up */
    enum ps_failure category;

    struct ps_message *twins;       /* others with the same id, by next */
    struct ps_message *prev, *next; /* in its lane, or among its twins */
};

/* "o" and digits: the outbox has a row of this id. */
bool ps_message_is_outbox(const char *id);
/* Copies raw. Gives a message, or NULL with err (UNKNOWN) when the text is no notice. */
struct ps_message *ps_message_parse(const char *raw, size_t len, struct ps_err *err) PS_MUST_USE;
/* Gives a message of our own; texts are copied. */
struct ps_message *ps_message_own(const struct ps_notice *notice) PS_MUST_USE;
/* What was to change a message becomes one of its own; false when it is one. */
bool ps_message_drop_update(struct ps_message *message);
/* What was to be in a thread and in its channel is in the channel alone; false when it was not. */
bool ps_message_drop_thread(struct ps_message *message);
/* For a log line; "" when it has none. Borrowed. */
const char *ps_message_trace(const struct ps_message *message);
void ps_message_destroy(struct ps_message *message); /* its twins too; NULL is fine */

#endif
