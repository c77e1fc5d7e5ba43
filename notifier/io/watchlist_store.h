/* Watchlists, mutes, snoozes and digests of people, in PostgreSQL. The command `paperscout-notifier
 * watchlist` and the commands of Slack both use this file, so that both mean the same.
 *
 * A change is a call of one of the database's functions (ps_entry_add and its like), which hold the
 * limits for each person. Several changes of one command are one statement, and so all are made or
 * none. */
#ifndef PS_NOTIFIER_WATCHLIST_STORE_H
#define PS_NOTIFIER_WATCHLIST_STORE_H
#include "notifier/core/command_reply.h"
#include "shared/io/pg.h"

/* Gives a batch of two statements that reads what user watches. */
struct ps_pg_batch *ps_watch_list(const char *user) PS_MUST_USE;
/* Adds one statement to batch that makes the changes of ask, which is ADD, REMOVE, MUTE, UNMUTE or
 * one of DIGEST_…. With an event (else NULL) it also answers that event with a line for each of
 * ask's rules; batch must begin with ps_sql_event_take(event). */
void ps_watch_change(struct ps_pg_batch *batch, const char *event, const char *user,
                     const struct ps_user_command *ask);
/* Gives the result for one of ask's rules (0 for a digest). rows: of a batch whose first statement
 * is that of ps_watch_change. */
enum ps_watch_change ps_watch_changed(const struct ps_pg_rows *rows, size_t rule);

/* How many entries ps_watch_list read, and each of them: watches by kind, then those that are only
 * muted or snoozed. Text is borrowed from rows. */
size_t ps_watch_listed(const struct ps_pg_rows *rows);
/* row counts from 0 and must be below ps_watch_listed. */
struct ps_command_reply_entry ps_watch_listed_at(const struct ps_pg_rows *rows, size_t row);
/* The minute of the day of the daily digest (-1: none), and the time zone that it is meant in. */
int ps_watch_listed_minute(const struct ps_pg_rows *rows);
const char *ps_watch_listed_zone(const struct ps_pg_rows *rows);

#endif
