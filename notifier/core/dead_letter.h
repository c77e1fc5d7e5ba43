/* An entry of the list `notify:dead`: a message that was given up, or an entry of the list `notify`
 * that is not a valid message.
 * PostgreSQL is the truth about dead letters that have outbox rows; the list is a copy for people,
 * and the only place for those that have none. */
#ifndef PS_NOTIFIER_DEAD_LETTER_H
#define PS_NOTIFIER_DEAD_LETTER_H
#include "notifier/core/outgoing_message.h"

#include <cjson/cJSON.h>

/* Gives {id, kind, channel, text, thread_ts, created_at, trace, reason, attempts, dead_at}; reason
   and attempts are the message's. */
char *ps_dead_letter_format(const struct ps_outgoing_message *message, int64_t wall_ms) PS_MUST_USE;
/* Gives the same for an entry that is no message: its text in raw, and what of the fields could be
   read. */
char *ps_dead_letter_format_raw(const char *raw, size_t len, const char *reason,
                                int64_t wall_ms) PS_MUST_USE;

/* One entry as people see it. Texts are borrowed from json and never NULL. */
struct ps_dead_letter {
    cJSON *json; /* owned; NULL when the entry is no JSON object */
    const char *id, *kind, *channel, *reason, *text;
    int64_t attempts;
    int64_t created_ms, dead_ms; /* wall clock; 0: unknown */
};

void ps_dead_letter_parse(const char *entry, size_t len, struct ps_dead_letter *out_letter);
void ps_dead_letter_clear(struct ps_dead_letter *letter);
/* Gives what goes back to the notify list: the message without what made it a dead letter, or the
   raw text; NULL when the entry holds neither. */
char *ps_dead_letter_replay(const struct ps_dead_letter *letter) PS_MUST_USE;

#endif
