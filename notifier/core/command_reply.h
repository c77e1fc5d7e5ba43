/* The answers to people's commands, in Slack's mrkdwn, in as many messages as they need.
 *
 * Place in the data flow: command_queries and watchlist_store pass facts, command_runner stores the
 * texts in the outbox. Text of strangers (titles, names) is escaped here, so that it can neither
 * mention people nor format the message. Pure. */
#ifndef PS_NOTIFIER_COMMAND_REPLY_H
#define PS_NOTIFIER_COMMAND_REPLY_H
#include "notifier/core/user_command.h"
#include "shared/core/buf.h"
#include "shared/core/library.h"

#include <stddef.h>
#include <stdint.h>

enum {
    PS_COMMAND_REPLY_CHARS_MAX = 2900, /* of one message; Slack's limit is 3,000 */
    PS_COMMAND_REPLY_PARTS_MAX = 10,   /* messages; the last says how many lines found no room */
    PS_COMMAND_REPLY_FOUND_MAX = 10    /* rows of a search or a why that are shown */
};

struct ps_command_reply {
    char *parts[PS_COMMAND_REPLY_PARTS_MAX]; /* owned */
    size_t len;
    size_t dropped; /* lines that found no room */
    size_t whole;   /* bytes of the last message before it says so */
};

void ps_command_reply_clear(struct ps_command_reply *reply);
/* Adds a line of mrkdwn (cut at the limit) to the last message, or to a new one. */
void ps_command_reply_line(struct ps_command_reply *reply, const char *line);

/* Adds a stored rule to a line: *köppe* (author), *lewg* (subgroup), everything. */
void ps_command_reply_add_rule(struct ps_buf *line, enum ps_watch_kind kind, const char *text);

/* All of these append to reply. ask is the command that is answered. */
void ps_command_reply_help(enum ps_place place, struct ps_command_reply *reply);
void ps_command_reply_hello(struct ps_command_reply *reply); /* for HELLO: a greeting */
/* For UNKNOWN: what was probably meant, and how to get help. */
void ps_command_reply_unknown(const struct ps_user_command *ask, struct ps_command_reply *reply);
/* For WRONG: what is wrong with the arguments, and how the command is used. */
void ps_command_reply_wrong(const struct ps_user_command *ask, struct ps_command_reply *reply);
/* For a personal command where others read the answer: use a direct message. */
void ps_command_reply_refusal(const struct ps_user_command *ask, struct ps_command_reply *reply);
void ps_command_reply_version(const char *version, struct ps_command_reply *reply);
void ps_command_reply_uptime(int64_t launched_ms, int64_t wall_ms, struct ps_command_reply *reply);
void ps_command_reply_trouble(struct ps_command_reply *reply); /* it was tried too often */

struct ps_command_reply_status {
    int64_t papers, drafts, polls, waiting, depth; /* waiting: messages in the outbox */
    int64_t index_ms, poll_ms;                     /* wall clock; 0: never */
    int64_t cycle;                                 /* 0: none yet */
    const char *cycle_status;
    int64_t cycle_ms, probes;
    const char *circuit; /* of Slack */
    const char *version;
    double poll_interval_seconds; /* of the leader, as the next two */
    bool probing;
    double alert_hours; /* a draft is announced when it was modified within them */
};
void ps_command_reply_status(const struct ps_command_reply_status *status, int64_t wall_ms,
                             struct ps_command_reply *reply);

/* What became of a change. */
enum ps_watch_change {
    PS_WATCH_DONE,
    PS_WATCH_SAME, /* nothing to change */
    PS_WATCH_FULL, /* the person has as many entries as are allowed */
    PS_WATCH_FAR,  /* a number far above every known one: not stored */
    PS_WATCH_CHANGE_COUNT
};
/* Gives the text for each of them. rule: which of ask's rules; of no meaning for a digest. */
void ps_command_reply_change(const struct ps_user_command *ask, size_t rule,
                             char *out_texts[PS_WATCH_CHANGE_COUNT]);

struct ps_command_reply_entry {
    const char *kind, *value; /* as stored; borrowed */
    bool watched;             /* else it is only muted or snoozed */
    bool quiet, snooze;
    int64_t until_ms; /* 0: for good */
};
struct ps_command_reply_digest {
    int minute;       /* of the day in zone; -1: there is no digest */
    const char *zone; /* "Europe/Berlin", "UTC" */
};
void ps_command_reply_list(const struct ps_command_reply_entry *entries, size_t count,
                           const struct ps_command_reply_digest *digest,
                           struct ps_command_reply *reply);

struct ps_command_reply_match { /* that was sent, or is to be */
    const char *id, *by, *reason;
    bool updated;
    int64_t at_ms, sent_ms; /* sent_ms 0: not yet */
    const char *dead;       /* why it was given up; NULL when it was not */
};
struct ps_command_reply_draft {
    const char *url, *id;
    const char *title, *authors; /* of its document; NULL for none */
    int64_t at_ms, cycle;
    /* For why: */
    bool silent;          /* found by the first poll, which notifies nobody */
    bool old;             /* modified before the alert window, when it was found */
    const char *modified; /* its Last-Modified; NULL for none */
};
struct ps_command_reply_known { /* an entry of the index */
    const char *id, *author, *subgroup;
    int64_t seen_ms;
    bool silent;
};
struct ps_command_reply_watch { /* what a person watches or has muted, and since when */
    const char *kind, *value;
    int64_t since_ms;
};
struct ps_command_reply_why {
    const struct ps_command_reply_match *matches;
    size_t match_len;
    const struct ps_command_reply_draft *drafts;
    size_t draft_len;
    /* For the reason why there is no match: */
    const struct ps_command_reply_known *papers;
    size_t paper_len;
    const struct ps_command_reply_watch *watches, *mutes; /* patterns are not explained */
    size_t watch_len, mute_len;
    double alert_hours;
};
void ps_command_reply_why(const struct ps_user_command *ask, const struct ps_command_reply_why *why,
                          struct ps_command_reply *reply);

/* The answer to a search of the library (shared/core/library.h): the first groups that it gave, at
 * most PS_COMMAND_REPLY_FOUND_MAX, and how many there are in all. */
void ps_command_reply_search(struct ps_library_group *const *groups, size_t len, size_t total,
                             struct ps_command_reply *reply);

#endif
