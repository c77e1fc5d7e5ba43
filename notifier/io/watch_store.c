#include "notifier/io/watch_store.h"

#include <stdio.h>

struct ps_pg_batch *ps_watch_list(const char *user)
{
    struct ps_pg_batch *batch = ps_pg_batch_create();

    PS_PG_ADD(batch,
              "SELECT entry FROM watchlist WHERE user_id = $1 ORDER BY entry !~ '^[0-9]+$',"
              " CASE WHEN entry ~ '^[0-9]+$' THEN entry::bigint END, entry",
              user);
    return batch;
}

/* The lock makes the count of entries hold for two commands at once. */
struct ps_pg_batch *ps_watch_add(const char *user, const struct ps_watch_entry *entry)
{
    struct ps_pg_batch *batch = ps_pg_batch_create();
    char most[16];

    (void)snprintf(most, sizeof(most), "%d", PS_WATCH_ENTRIES_A_USER);
    PS_PG_ADD(batch, "SELECT pg_advisory_xact_lock(hashtext('watchlist'), hashtext($1))", user);
    PS_PG_ADD(batch,
              "SELECT EXISTS (SELECT FROM watchlist WHERE user_id = $1 AND entry = $2),"
              " (SELECT count(*) FROM watchlist WHERE user_id = $1) >= $3::bigint",
              user, entry->text, most);
    PS_PG_ADD(batch,
              "INSERT INTO watchlist (user_id, entry) SELECT $1, $2"
              " WHERE (SELECT count(*) FROM watchlist WHERE user_id = $1) < $3::bigint"
              " ON CONFLICT DO NOTHING",
              user, entry->text, most);
    return batch;
}

struct ps_pg_batch *ps_watch_remove(const char *user, const struct ps_watch_entry *entry)
{
    struct ps_pg_batch *batch = ps_pg_batch_create();

    PS_PG_ADD(batch, "DELETE FROM watchlist WHERE user_id = $1 AND entry = $2", user, entry->text);
    return batch;
}

int ps_watch_listed(const struct ps_pg_rows *rows)
{
    return ps_pg_row_count(rows, 0);
}

const char *ps_watch_listed_at(const struct ps_pg_rows *rows, int row)
{
    return ps_pg_text(rows, 0, row, 0);
}

enum ps_watch_change ps_watch_added(const struct ps_pg_rows *rows)
{
    if (ps_pg_affected(rows, 2) > 0)
        return PS_WATCH_DONE;
    return ps_pg_bool(rows, 1, 0, 0) ? PS_WATCH_SAME : PS_WATCH_FULL;
}

enum ps_watch_change ps_watch_removed(const struct ps_pg_rows *rows)
{
    return ps_pg_affected(rows, 0) > 0 ? PS_WATCH_DONE : PS_WATCH_SAME;
}
