/* Decides what is announced to whom: rows of the outbox with their dedupe keys, and messages made
 * of rows.
 *
 * A row is one fact for one recipient. Its dedupe key makes the fact unique in the table, so it is
 * announced once, however often it is found and whichever scheduler leads (guarantee 4).
 * io/outbox_relay.h bundles rows into messages when their cycle has closed. Text of strangers is
 * escaped here and nowhere else (shared/core/mrkdwn.h). Pure. */
#ifndef PS_SCHEDULER_NOTIFICATION_H
#define PS_SCHEDULER_NOTIFICATION_H
#include "scheduler/core/paper_index.h"
#include "shared/core/message.h"
#include "shared/core/result.h"
#include "shared/core/watch_rule.h"

enum {
    PS_MESSAGE_CHARS_MAX = 2900, /* of one kind: characters of Unicode, below Slack's 3,000 */
    PS_POST_BYTES_MAX = 20000    /* of several kinds; its JSON stays below PS_MESSAGE_JSON_MAX */
};

/* One fact for one recipient: a row of the table outbox. Owns its text. */
struct ps_outbox_row {
    char *dedupe_key;
    enum ps_message_kind kind;
    char *channel;
    char *data; /* JSON object that ps_notification_messages reads */
};
void ps_outbox_row_clear(struct ps_outbox_row *row); /* frees the text */

/* A draft that was found. Borrows its text. title and authors are those of its document, as
 * draft_facts.h gives them. If the document has none, those of paper are shown: the index entry of
 * its number (the latest revision). If there is none either, the draft is shown by its name alone.
 */
struct ps_draft_found {
    const char *url;
    const char *paper_id; /* D1234R0 */
    enum ps_tier tier;
    const char *last_modified;    /* the HTTP header; NULL for none */
    int64_t modified_ms;          /* parsed; 0 for none */
    const struct ps_paper *paper; /* may be NULL */
    const char *title, *authors;  /* may be NULL */
};

/* The functions below fill out_row, which the caller clears. Each says which dedupe key it uses.
 * channel is a Slack channel or webhook, user the Slack id of a person. reason says in words which
 * watch matched, and by is the kind of that watch. All arguments are borrowed for the call. */

/* A draft, for a channel. Kind frontier or draft; key "draft:<url>". */
void ps_notification_draft(const struct ps_draft_found *draft, const char *channel, bool frontier,
                           struct ps_outbox_row *out_row);
/* A draft that became a paper of the index, for a channel. Key "dp:<P id>". */
void ps_notification_transition(const struct ps_paper *paper, const char *draft_url,
                                const char *channel, struct ps_outbox_row *out_row);
/* A new entry of the index, for a channel. Kind new_paper; key "new:<id>". */
void ps_notification_new_paper(const struct ps_paper *paper, const char *channel,
                               struct ps_outbox_row *out_row);
/* A new entry of the index, for a person. Key "watch:<user>:<paper id>". */
void ps_notification_watch_paper(const struct ps_paper *paper, const char *user, const char *reason,
                                 enum ps_watch_kind by, struct ps_outbox_row *out_row);
/* An entry of the index that changed, for a person. The key is that of a new entry, so a person is
 * notified of an entry once. */
struct ps_paper_change {
    const struct ps_paper *paper;
    const char *fields; /* the fields that differ, in words (index_match.h) */
};
void ps_notification_watch_changed(const struct ps_paper_change *change, const char *user,
                                   const char *reason, enum ps_watch_kind by,
                                   struct ps_outbox_row *out_row);
/* A draft, for a person. Key "watch:<user>:<paper id>", without the extension: the PDF and the HTML
 * file of one draft are announced once. */
void ps_notification_watch_draft(const struct ps_draft_found *draft, const char *user,
                                 const char *reason, enum ps_watch_kind by,
                                 struct ps_outbox_row *out_row);
/* A known draft that has changed, for a channel and for a person. print is the fingerprint of its
 * state (draft_changes.h). Keys "update:<url>:<print>" and "watch:<user>:<paper id>:<print>", so
 * each state is announced once. */
void ps_notification_update(const struct ps_draft_found *draft, const char *print,
                            const char *channel, struct ps_outbox_row *out_row);
void ps_notification_watch_update(const struct ps_draft_found *draft, const char *print,
                                  const char *user, const char *reason, enum ps_watch_kind by,
                                  struct ps_outbox_row *out_row);
/* A single text, for ops_alert, ops_recovery and the like: plain text, escaped when a message is
 * made; keeps its lines; cut at 2,800 characters. */
void ps_notification_text(enum ps_message_kind kind, const char *dedupe_key, const char *channel,
                          const char *text, struct ps_outbox_row *out_row);

/* Rows (their data) of one channel and kind, in the order of their ids, to as few messages as fit
   PS_MESSAGE_CHARS_MAX: a heading and a line a paper, by number, then prefix and revision; rows of
   one draft with several extensions make one line that links each. No message holds an e-mail
   address that came in a row's data. Slack mrkdwn with & < > escaped. Rows whose data cannot be
   read make a line that shows the dedupe key, so that nothing is silently lost. Row i belongs to
   message row_message[i] (from 0); texts are owned by the caller. */
struct ps_messages {
    char **texts;
    size_t len;
    size_t *row_message; /* for each row, index of its message */
};
struct ps_notification_rows {
    const char *const *data;
    const char *const *dedupe_keys;
    size_t count;
    int64_t now_ms; /* for the age of drafts; 0: no age is shown */
};
void ps_notification_messages(enum ps_message_kind kind, const struct ps_notification_rows *rows,
                              struct ps_messages *out_messages);
/* Appends later (of another kind, whose rows follow) to messages and clears it. The first message
 * of later continues the last one of messages if both fit PS_POST_BYTES_MAX. */
void ps_messages_append(struct ps_messages *messages, struct ps_messages *later, size_t rows,
                        size_t later_rows);
/* Gives the message to the owner of a pattern that took too long to match. */
char *ps_notification_suspended(const char *pattern) PS_MUST_USE;
/* Gives the text that stands for count matches beyond those that a message lists. */
char *ps_notification_overflow(size_t count) PS_MUST_USE;
void ps_messages_clear(struct ps_messages *messages);

#endif
