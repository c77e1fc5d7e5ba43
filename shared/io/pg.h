/* PostgreSQL on the loop: a pool of libpq connections in pipeline mode. A batch is one transaction
 * and one round trip.
 *
 * Place in the data flow: every statement of the programs goes through ps_pg_run, mostly as a typed
 * function of a .sql file (shared/cmake/embed_sql.cmake). pg_setup.c checks the server and migrates
 * the schema, pg_conn.c is one connection, pg_url.c the hosts.
 *
 * Guarantees: nothing here blocks; a batch is never retried, because the caller alone knows whether
 * it may run twice; LOST is reported when nobody knows whether a batch was committed. Do not keep
 * anything on a server connection beyond a transaction: behind a pooler, the next client gets it.
 */
#ifndef PS_IO_PG_H
#define PS_IO_PG_H

#include "shared/io/loop.h"

#include <stddef.h>

struct ps_pg;       /* the pool */
struct ps_pg_batch; /* statements that run as one transaction */
struct ps_pg_rows;  /* what they answered */

/* err.code of a ps_pg_fn. Categories: CONFIGURATION for credentials, rights and a missing database;
 * TIMEOUT for a cancelled statement, a lock not got, no answer in time; NETWORK for a server that
 * is away, overloaded or a standby; else UNKNOWN. */
enum {
    PS_PG_ERR_SQL = 20001, /* the server refused a statement; the batch changed nothing; what has
                              SQLSTATE and message */
    PS_PG_ERR_FENCED,      /* SQLSTATE PS001: a newer epoch exists; nothing was changed */
    PS_PG_ERR_EARLY,       /* SQLSTATE PS003: another batch comes first; nothing was changed */
    PS_PG_ERR_LOST,    /* connection lost or no answer in time: the batch may have been committed or
                          not */
    PS_PG_ERR_OFFLINE, /* no connection within the wait: nothing was sent */
};

struct ps_pg_options {
    const char *url;         /* borrowed for the call */
    char *const *url_source; /* where url stands, looked at before each connection: a secret may be
                                rotated; borrowed for life; NULL: it never changes */
    const char *application_name;
    int max;      /* connections */
    bool founds;  /* without migrate: makes the schema all the same where there is none at all */
    bool foreign; /* not ours: no schema of ours is looked for, every transaction is read-only */
    int64_t connect_timeout_ms; /* for one address of one host; the URL's own wins; 0: 5000 */
    int64_t batch_timeout_ms;   /* 0: 30000 */
    int64_t queue_wait_ms;      /* a batch waits this long for a connection; 0: 10000 */
};

typedef void (*ps_pg_state_fn)(void *cookie, bool up, const struct ps_err *err);
/* Exactly one of rows and err is not NULL, borrowed for the call; runs once on the loop, never
 * before ps_pg_run returned. */
typedef void (*ps_pg_fn)(void *cookie, const struct ps_pg_rows *rows, const struct ps_err *err);

/* One connection is kept up without end, with backoff and jitter; more are made when batches wait.
   Every address of every host of the URL is tried, each with its own deadline, until one takes
   writes. When migrate is true and the schema lacks something, the first connection migrates it in
   one transaction, under an advisory lock of that transaction, before the pool counts as up;
   without it the pool is up once the schema it needs is there. A server connection never keeps a
   setting or a lock of ours beyond a transaction, so that any pooler may stand in between. Names
   are resolved on the loop. Fails on a URL that libpq cannot parse or that asks for a server
   without writes (CONFIGURATION, without quoting it). */
struct ps_pg *ps_pg_create(struct ps_loop *loop, const struct ps_pg_options *options, bool migrate,
                           ps_pg_state_fn on_state, void *cookie, struct ps_err *err) PS_MUST_USE;
/* Waiting and running batches get PS_PG_ERR_OFFLINE / LOST. NULL is fine. Must not be called from a
 * ps_pg_fn. */
void ps_pg_destroy(struct ps_pg *pg);
/* Reads the answer to pg_ping: whether the server takes writes, and which history it has. An idle
 * pool asks that itself, unless its owner does every 40 seconds. */
void ps_pg_looked(struct ps_pg *pg, const struct ps_pg_rows *rows, size_t statement);
/* For how long an idle server has owed the answer to the question whether it is there; 0: it
 * answered
 */
int64_t ps_pg_silent_ms(const struct ps_pg *pg);
bool ps_pg_up(const struct ps_pg *pg);
/* Registers fn, one of each pool. It runs when PostgreSQL is seen to be another: restored from a
 * backup, or failed over without its newest transactions. Everything that was read from it before
 * may be ahead of what it holds. It runs before any batch that waits for the new connection, and
 * must not call ps_pg_destroy. */
void ps_pg_on_restored(struct ps_pg *pg, void (*fn)(void *cookie), void *cookie);
/* Why no work gets done: why there is no connection, or what the server refused last and has not
   done since (for a minute); "" for no reason. Borrowed until the loop turns. */
const char *ps_pg_why(const struct ps_pg *pg);
/* Gives the same as a sentence about PostgreSQL; NULL where all is well. */
char *ps_pg_reason(const struct ps_pg *pg) PS_MUST_USE;
void ps_pg_counts(const struct ps_pg *pg, int *out_max, int *out_in_use, int *out_available);

/* Removes libpq's PG* variables from the environment: DATABASE_URL alone says where the database is
 * and how to reach it. PGOPTIONS and the like would set what a pooler refuses or hands to other
 * clients. Call it before any connection. Gives the names, with commas between; NULL for none. */
char *ps_pg_ignore_environment(void) PS_MUST_USE;

struct ps_pg_batch *ps_pg_batch_create(void) PS_MUST_USE;
void ps_pg_batch_destroy(struct ps_pg_batch *batch);
/* Copies sql (one statement) and params (text form; NULL is SQL NULL). */
void ps_pg_batch_add(struct ps_pg_batch *batch, const char *sql, const char *const *params,
                     size_t param_count);
/* PS_PG_ADD(batch, "SELECT $1::int", text); PS_PG_ADD0(batch, "SELECT 1"); */
#define PS_PG_ADD(batch, sql, ...)                                                                 \
    ps_pg_batch_add(batch, sql, (const char *const[]){ __VA_ARGS__ },                              \
                    sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(const char *))
#define PS_PG_ADD0(batch, sql) ps_pg_batch_add(batch, sql, NULL, 0)
/* A statement of a .sql file (shared/cmake/embed_sql.cmake). */
struct ps_sql_statement {
    const char *name;
    const char *text;
    const char *params;  /* "$1 name type, $2 name type", or "none" */
    const char *columns; /* "name type, name type", or "none" */
};
enum { PS_PG_INT_TEXT = 24 };
/* Writes value as a parameter's text; returns buffer. */
const char *ps_pg_int_text(char buffer[PS_PG_INT_TEXT], int64_t value);
/* Takes batch. Runs it as one transaction on a free connection, in the order of the calls. Retries
 * nothing. */
void ps_pg_run(struct ps_pg *pg, struct ps_pg_batch *batch, ps_pg_fn fn, void *cookie);

/* The same, before the batches that wait: for what a peer waits for. Urgent ones keep their order.
 */
void ps_pg_run_urgent(struct ps_pg *pg, struct ps_pg_batch *batch, ps_pg_fn fn, void *cookie);

/* statement counts from 0. Values are borrowed; NULL for SQL NULL. */
int ps_pg_row_count(const struct ps_pg_rows *rows, size_t statement);
int64_t ps_pg_affected(const struct ps_pg_rows *rows, size_t statement);
const char *ps_pg_text(const struct ps_pg_rows *rows, size_t statement, int row, int column);
int64_t ps_pg_int(const struct ps_pg_rows *rows, size_t statement, int row, int column,
                  int64_t fallback);
bool ps_pg_bool(const struct ps_pg_rows *rows, size_t statement, int row, int column);
/* For use inside a ps_pg_fn: gives the rows to the caller, without copying them. The callback's own
 * rows stay readable as long as the caller's are there. Reading them is safe on another thread. */
struct ps_pg_rows *ps_pg_rows_take(const struct ps_pg_rows *rows) PS_MUST_USE;
/* Gives a copy that outlives the callback (PQcopyResult); for io/sync. */
struct ps_pg_rows *ps_pg_rows_copy(const struct ps_pg_rows *rows) PS_MUST_USE;
void ps_pg_rows_destroy(struct ps_pg_rows *rows); /* taken ones or a copy; NULL is fine */

#endif
