/* What an answer of Slack means for the message that was sent: sent, later, again, never, or stop.
 *
 * Slack has no idempotency key. So a request that may have left without an answer is doubtful, and
 * the channel's history is read for the message's id before it is sent again (ps_slack_look_read).
 * The names of Slack's errors are in slack_error.def. Pure. */
#ifndef PS_NOTIFIER_SLACK_RESPONSE_H
#define PS_NOTIFIER_SLACK_RESPONSE_H
#include "shared/core/err.h"

#include <stddef.h>
#include <stdint.h>

enum {
    PS_SLACK_TS_MAX = 64,               /* bytes of a message's ts, with the NUL */
    PS_SLACK_CHANNEL_MAX = 32,          /* of a channel's id */
    PS_SLACK_HOLD_MS = 30 * 1000,       /* "slow down" that does not say how long */
    PS_SLACK_HOLD_MAX_MS = 3600 * 1000, /* a longer Retry-After is taken for this */
};

enum ps_slack_next {
    PS_SLACK_SENT,
    PS_SLACK_LATER, /* Slack asked to slow down: this channel waits after_ms; no attempt is charged
                     */
    PS_SLACK_RETRY, /* the sink failed; not before after_ms */
    PS_SLACK_NEVER, /* this message will never be accepted */
    PS_SLACK_STOP   /* no message will be accepted until settings or access are corrected:
                       CONFIGURATION */
};

struct ps_slack_response {
    enum ps_slack_next next;
    char ts[PS_SLACK_TS_MAX]; /* SENT: Slack's name of the message; "" when it gave none */
    char channel[PS_SLACK_CHANNEL_MAX]; /* SENT: and of its channel */
    bool doubtful;                      /* RETRY: Slack may have taken it */
    bool of_channel;                    /* STOP: it may be about this message's channel alone */
    bool of_blocks;    /* NEVER: Slack refuses the blocks; it may accept the text alone */
    int64_t after_ms;  /* LATER, RETRY */
    struct ps_err err; /* all but SENT; code is the HTTP status */
};

/* All borrowed for the call. */
struct ps_slack_outcome {
    int status; /* 0 when no answer came */
    const char *body;
    size_t body_len;
    const char *retry_after;    /* header; NULL when absent */
    const struct ps_err *fault; /* transport fault; NULL when an answer came */
    bool left;                  /* fault: some of the request may have left */
    int64_t wall_ms;            /* for a Retry-After that is a date */
};

/* Decides what the answer means; sets every member of out_reply that belongs to its next. */
void ps_slack_response_read(const struct ps_slack_outcome *answer,
                            struct ps_slack_response *out_reply);

/* Returns how long the header Retry-After, in either form, asks to wait, at most
 * PS_SLACK_HOLD_MAX_MS; -1 if there is none that can be read. */
int64_t ps_slack_retry_after_ms(const struct ps_slack_outcome *answer);

enum ps_slack_seen {
    PS_SLACK_FOUND,
    PS_SLACK_ABSENT,
    PS_SLACK_MORE,    /* not on this page: ask for the one that cursor names */
    PS_SLACK_UNKNOWN, /* it cannot be read: no scope, no such channel, no such method */
    PS_SLACK_FAILED   /* no answer, or "later": see err and after_ms */
};

struct ps_slack_look {
    enum ps_slack_seen seen;
    char ts[PS_SLACK_TS_MAX]; /* FOUND */
    char cursor[128];         /* MORE */
    int64_t after_ms;         /* FAILED */
    struct ps_err err;        /* UNKNOWN, FAILED; code is the HTTP status */
};

/* Reads an answer to conversations.history or conversations.replies: whether it contains the
   message whose metadata has this id (event_payload.id). */
void ps_slack_look_read(const struct ps_slack_outcome *answer, const char *id,
                        struct ps_slack_look *out_look);

#endif
