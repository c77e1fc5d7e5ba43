/* A message for Slack and its JSON in the notify list. */
#ifndef PS_CORE_MESSAGE_H
#define PS_CORE_MESSAGE_H
#include "shared/core/err.h"

#include <stddef.h>
#include <stdint.h>

enum {
    PS_MESSAGE_JSON_MAX = 64 * 1024, /* bytes of one list entry */
    PS_MESSAGE_TEXT_MAX = 40000,     /* bytes of text */
    PS_MESSAGE_CHANNEL_MAX = 128,
    PS_MESSAGE_ID_MAX = 128,
    PS_MESSAGE_KIND_MAX = 64,
};

/* PS_X(identifier, name, urgent): urgent ones overtake the queue. */
#define PS_MESSAGE_KINDS(PS_X)                                                                     \
    PS_X(DP_TRANSITION, "dp_transition", false)                                                    \
    PS_X(FRONTIER, "frontier", false)                                                              \
    PS_X(DRAFT, "draft", false)                                                                    \
    PS_X(DRAFT_UPDATE, "draft_update", false)                                                      \
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
    char *id; /* "o<n>" for a message of the outbox (n = its first row's id), anything else
                 otherwise */
    enum ps_message_kind kind;
    char *kind_name; /* what it came as, where this program has no such kind; else NULL */
    char *channel;
    char *text;
    char *thread_ts; /* NULL for none */
    int64_t created_ms;
    char *trace; /* NULL for none */
    /* Optional; NULL and false for none. */
    bool broadcast; /* a message in a thread is shown in the channel too */
    /* It changes a message that was sent: to update_text; text is what is said where that is
       refused. */
    char *update_ts, *update_channel, *update_text;
};

const char *ps_message_kind_name(enum ps_message_kind kind);
const char *ps_message_kind_of(const struct ps_message *message); /* its name; borrowed */
bool ps_message_kind_urgent(enum ps_message_kind kind);
/* 0: urgent, 1: to a person (the channel is Slack's id of a user or of a conversation with one),
   2: any other; lower ones overtake. shared/lua/message_take.lua knows the same rule. */
int ps_message_rank(enum ps_message_kind kind, const char *channel);
bool ps_message_kind_parse(const char *name, enum ps_message_kind *out_kind) PS_MUST_USE;
/* id, kind, channel and text are required and capped; on false out_notice is as after clear and err
 * names the field. */
bool ps_message_parse(const char *json, size_t len, struct ps_message *out_message,
                      struct ps_err *err) PS_MUST_USE;
/* Gives {"id","kind","channel","text","thread_ts","created_at","trace"}, and of the optional ones
   those that are there: "broadcast","update_ts","update_channel","update_text". */
char *ps_message_format(const struct ps_message *message) PS_MUST_USE;
void ps_message_clear(struct ps_message *message);

#endif
