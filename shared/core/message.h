/* A message for Slack and its JSON in the list `notify`.
 *
 * The scheduler's outbox relay formats it; the notifier parses it, possibly in another version, and
 * sends it. PostgreSQL (the outbox) holds the truth; the list only carries the text. Therefore
 * unknown kinds are accepted and unknown members ignored. */
#ifndef PS_CORE_MESSAGE_H
#define PS_CORE_MESSAGE_H
#include "shared/core/err.h"
#include "shared/core/trace_context.h"

#include <stddef.h>
#include <stdint.h>

enum {
    PS_MESSAGE_JSON_MAX = 64 * 1024, /* bytes of one list entry */
    PS_MESSAGE_TEXT_MAX = 40000,     /* bytes of text */
    PS_MESSAGE_CHANNEL_MAX = 128,
    PS_MESSAGE_ID_MAX = 128,
    PS_MESSAGE_KIND_MAX = 64,
};

/* PS_X(identifier, name, urgent): urgent messages are sent before all others. */
#define PS_MESSAGE_KINDS(PS_X)                                                                     \
    PS_X(DP_TRANSITION, "dp_transition", false)                                                    \
    PS_X(FRONTIER, "frontier", false)                                                              \
    PS_X(DRAFT, "draft", false)                                                                    \
    PS_X(DRAFT_UPDATE, "draft_update", false)                                                      \
    PS_X(NEW_PAPER, "new_paper", false)                                                            \
    PS_X(WATCHLIST, "watchlist", false)                                                            \
    PS_X(OPS_ALERT, "ops_alert", true)                                                             \
    PS_X(OPS_RECOVERY, "ops_recovery", true)                                                       \
    PS_X(STARTUP, "startup", false)                                                                \
    PS_X(REPLY, "reply", false)                                                                    \
    PS_X(MANUAL, "manual", false)

enum ps_message_kind {
#define PS_X(id, name, urgent) PS_MESSAGE_##id,
    PS_MESSAGE_KINDS(PS_X)
#undef PS_X
        PS_MESSAGE_KIND_COUNT
};

/* All text is owned. */
struct ps_message {
    char *
        id; /* "o<n>" for a message of the outbox, n being the id of its first row; else any text */
    enum ps_message_kind kind;
    char *kind_name; /* name of a kind that only a newer version knows; else NULL */
    char *channel;
    char *text;
    char *thread_ts; /* NULL for none */
    int64_t created_ms;
    char *trace; /* NULL for none */
    /* Optional; NULL and false for none. */
    bool broadcast; /* show a message of a thread in the channel too */
    /* Change the text of a message that was sent before to update_text. If Slack refuses, send text
       as a new message. */
    char *update_ts, *update_channel, *update_text;
    /* Slack's URL at which the message is shown in place to one person. If Slack refuses, send text
       to channel. A capability: not to be logged. */
    char *response_url;
    /* Member traceparent: the span that made the message. None if it is absent or invalid. */
    struct ps_trace_context trace_context;
};

const char *ps_message_kind_name(enum ps_message_kind kind); /* "new_paper"; static */
/* Returns the name of the message's kind, borrowed from message or static. */
const char *ps_message_kind_of(const struct ps_message *message);
/* Returns whether messages of this kind announce in a channel what a poll found. Those of one poll
 * become one post. */
bool ps_message_kind_is_find(enum ps_message_kind kind);
bool ps_message_kind_urgent(enum ps_message_kind kind); /* as PS_MESSAGE_KINDS says */
/* Returns the priority: 0 urgent, 1 to a person (channel is the Slack id of a user or of a direct
 * conversation), 2 any other. A lower number is sent first. shared/lua/message_take.lua implements
 * the same rule: change both. */
int ps_message_rank(enum ps_message_kind kind, const char *channel);
/* Returns false, with out_kind untouched, for a name that this version does not know. */
bool ps_message_kind_parse(const char *name, enum ps_message_kind *out_kind) PS_MUST_USE;
/* Parses the JSON of a message. id, kind, channel and text are required; all texts have caps. On
 * true the caller owns out_message; on false it is cleared and err names the member. */
bool ps_message_parse(const char *json, size_t len, struct ps_message *out_message,
                      struct ps_err *err) PS_MUST_USE;
/* Gives {"id","kind","channel","text","thread_ts","created_at","trace"}, and those of
 * "broadcast","update_ts","update_channel","update_text","response_url","traceparent" that are set.
 */
char *ps_message_format(const struct ps_message *message) PS_MUST_USE;
void ps_message_clear(struct ps_message *message);

#endif
