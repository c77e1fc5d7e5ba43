/* Watchlists and what belongs to them, in PostgreSQL: one piece of code for commands of people here
   and in Slack. */
#ifndef PS_NOTIFIER_WATCHLIST_STORE_H
#define PS_NOTIFIER_WATCHLIST_STORE_H
#include "notifier/core/command_reply.h"
#include "shared/io/pg.h"

/* ps_watch_list gives a batch of two statements, ps_watch_change one of a statement for each of
   ask's rules. A change (ADD REMOVE MUTE UNMUTE DIGEST_…) is made whole, or not at all. */
struct ps_pg_batch *ps_watch_list(const char *user) PS_MUST_USE;
struct ps_pg_batch *ps_watch_change(const char *user,
                                    const struct ps_user_command *ask) PS_MUST_USE;
/* Makes the change in a batch that began with ps_heard_take(event), and answers event with a line
   for each of ask's rules: the text for what became of it. */
void ps_watch_change_answered(struct ps_pg_batch *batch, const char *event, const char *user,
                              const struct ps_user_command *ask);
/* Adds the statement that gives entries which an older notifier stored as authors their meaning. */
void ps_watch_add_repair(struct ps_pg_batch *batch);
/* What ps_watch_change answered for one of ask's rules. */
enum ps_watch_change ps_watch_changed(const struct ps_pg_rows *rows, size_t rule);

/* What ps_watch_list answered: numbers, authors, subgroups, patterns, then what is only muted. Text
   is borrowed from rows. */
size_t ps_watch_listed(const struct ps_pg_rows *rows);
struct ps_command_reply_entry ps_watch_listed_at(const struct ps_pg_rows *rows, size_t row);
int ps_watch_listed_minute(const struct ps_pg_rows *rows);       /* of the daily digest; -1: none */
const char *ps_watch_listed_zone(const struct ps_pg_rows *rows); /* of that minute */

#endif
