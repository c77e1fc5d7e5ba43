/* Watchlists in PostgreSQL: the statements, for commands of people here and in Slack. */
#ifndef PS_NOTIFIER_WATCH_STORE_H
#define PS_NOTIFIER_WATCH_STORE_H
#include "shared/core/watch_entry.h"
#include "shared/io/pg.h"

enum ps_watch_change {
    PS_WATCH_DONE,
    PS_WATCH_SAME, /* it was there already, or was not there */
    PS_WATCH_FULL  /* PS_WATCH_ENTRIES_A_USER are stored */
};

/* Give batches. list: one row an entry, in order: numbers, then authors. */
struct ps_pg_batch *ps_watch_list(const char *user) PS_MUST_USE;
struct ps_pg_batch *ps_watch_add(const char *user, const struct ps_watch_entry *entry) PS_MUST_USE;
struct ps_pg_batch *ps_watch_remove(const char *user,
                                    const struct ps_watch_entry *entry) PS_MUST_USE;
/* What the batches answered. */
int ps_watch_listed(const struct ps_pg_rows *rows);
const char *ps_watch_listed_at(const struct ps_pg_rows *rows, int row);
enum ps_watch_change ps_watch_added(const struct ps_pg_rows *rows);
enum ps_watch_change ps_watch_removed(const struct ps_pg_rows *rows);

#endif
