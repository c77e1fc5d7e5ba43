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
struct ps_pg_rows;  /* one result for each statement of a batch */

/* err.code of a ps_pg_fn. Categories: CONFIGURATION for credentials, rights and a missing database;
 * TIMEOUT for a cancelled statement, a lock that was not granted, or no answer in time; NETWORK for
 * a server that is away, overloaded or a standby; otherwise UNKNOWN. */
enum {
    PS_PG_ERR_SQL = 20001, /* the server refused a statement; the batch changed nothing; err.what
                              has SQLSTATE and message */
    PS_PG_ERR_FENCED,      /* SQLSTATE PS001: a newer epoch exists; nothing was changed */
    PS_PG_ERR_EARLY,       /* SQLSTATE PS003: another batch comes first; nothing was changed */
    PS_PG_ERR_LOST,    /* connection lost or no answer in time: the batch may have been committed or
                          not */
    PS_PG_ERR_OFFLINE, /* the batch found no connection in time, or the queue was full: nothing was
                          sent */
};

struct ps_pg_options {
    const char *url; /* a URL or keyword=value pairs, as libpq reads them; borrowed for the call */
    char *const *url_source;      /* the variable that holds the URL; read before each connection,
                                     because a secret may be rotated; borrowed for life; NULL: the URL
                                     never changes */
    const char *application_name; /* copied */
    int max;                      /* connections at most; less than 1 counts as 1 */
    bool founds;  /* if migrate is false: create the schema in a database that has none at all */
    bool foreign; /* the database of another program (an import): look for no schema of ours and
                     make every transaction read-only */
    int64_t connect_timeout_ms; /* for one address of one host; the URL's connect_timeout wins; 0:
                                   5000 */
    int64_t batch_timeout_ms;   /* from sending a batch to its last answer; 0: 30000 */
    int64_t queue_wait_ms;      /* a batch waits this long for a connection; 0: 10000 */
};

/* Runs on the loop. up is true (err NULL) when the first connection is ready, and false when the
 * last one is lost. up is also false, with the reason in err, after each failed attempt to connect
 * and each time the schema is not there yet, so false may come several times in a row. */
typedef void (*ps_pg_state_fn)(void *cookie, bool up, const struct ps_err *err);
/* Runs exactly once for each batch, on the loop, never before ps_pg_run returned. Exactly one of
 * rows and err is not NULL; both are borrowed for the call. */
typedef void (*ps_pg_fn)(void *cookie, const struct ps_pg_rows *rows, const struct ps_err *err);

/* Starts connecting and never gives up: failed attempts are repeated with backoff and jitter. The
 * pool keeps one connection, opens more while batches wait, and closes those that were idle for a
 * minute. Each connection tries every address of every host of the URL, each with its own deadline,
 * until one of them takes writes. Host names are resolved on the loop.
 *
 * With migrate, the first connection applies all missing migrations in one transaction, under an
 * advisory lock of that transaction, before the pool is up. Without it, the pool is up once the
 * schema that this program needs exists. on_state may be NULL; loop and cookie are borrowed. Fails
 * with CONFIGURATION if libpq cannot parse the URL, or if the URL asks for a server that takes no
 * writes; err never quotes the URL, which holds a password. */
struct ps_pg *ps_pg_create(struct ps_loop *loop, const struct ps_pg_options *options, bool migrate,
                           ps_pg_state_fn on_state, void *cookie, struct ps_err *err) PS_MUST_USE;
/* Ends all connections. The callbacks of running batches run now with PS_PG_ERR_LOST, those of
 * waiting batches with PS_PG_ERR_OFFLINE: destroy the pool before the objects that they point to.
 * NULL is fine. Must not be called from a ps_pg_fn. */
void ps_pg_destroy(struct ps_pg *pg);
/* Evaluates the rows of the statement pg_ping in an answer that the owner received: whether the
 * server still takes writes (if not, idle connections are opened anew) and whether it is still the
 * same database (ps_pg_on_restored). An idle pool sends pg_ping itself if no such answer came for
 * 40 s. Does nothing if the answer has no row. */
void ps_pg_looked(struct ps_pg *pg, const struct ps_pg_rows *rows, size_t statement);
/* Returns for how many ms the pool's own ping has been without an answer; 0 if none is outstanding
 * or the pool is not up. */
int64_t ps_pg_silent_ms(const struct ps_pg *pg);
/* Returns whether at least one connection was ready and none has been reported lost since. A server
 * that is gone without a word still counts as up until a batch or a ping times out. */
bool ps_pg_up(const struct ps_pg *pg);
/* Registers fn and replaces an earlier one. fn runs when PostgreSQL turns out to be an older copy:
 * it was restored from a backup, or failed over without its newest transactions. What the program
 * read before may then be newer than what PostgreSQL holds. fn runs before any batch that waits for
 * the new connection. It must not call ps_pg_destroy. */
void ps_pg_on_restored(struct ps_pg *pg, void (*fn)(void *cookie), void *cookie);
/* Returns why PostgreSQL does no work: why there is no connection, or the last refusal (a full
 * disk, a missing right) that is less than a minute old and whose statement has not succeeded
 * since. "" if there is no reason. Borrowed until the loop turns. */
const char *ps_pg_why(const struct ps_pg *pg);
/* Gives the same as a sentence about PostgreSQL, for /readyz; the caller frees it. NULL if
 * PostgreSQL works. */
char *ps_pg_reason(const struct ps_pg *pg) PS_MUST_USE;
/* Sets the numbers of connections: the allowed maximum, those that run a batch, the idle ones. */
void ps_pg_counts(const struct ps_pg *pg, int *out_max, int *out_in_use, int *out_available);

/* Removes libpq's PG* variables from the environment: DATABASE_URL alone decides where the database
 * is and how to reach it. PGOPTIONS and similar variables would set parameters that a pooler
 * refuses or hands to other clients. Call it before the first connection. Gives the removed names,
 * separated by commas (the caller frees them); NULL if there was none. */
char *ps_pg_ignore_environment(void) PS_MUST_USE;

/* An empty batch. It belongs to the caller until ps_pg_run takes it. Never NULL. */
struct ps_pg_batch *ps_pg_batch_create(void) PS_MUST_USE;
void ps_pg_batch_destroy(struct ps_pg_batch *batch); /* one that was not run; NULL is fine */
/* Appends one statement. Copies sql and params (text form; NULL means SQL NULL). In rows, the
 * statement has the number of earlier calls as its index, counted from 0. */
void ps_pg_batch_add(struct ps_pg_batch *batch, const char *sql, const char *const *params,
                     size_t param_count);
/* PS_PG_ADD(batch, "SELECT $1::int", text); PS_PG_ADD0(batch, "SELECT 1"); */
#define PS_PG_ADD(batch, sql, ...)                                                                 \
    ps_pg_batch_add(batch, sql, (const char *const[]){ __VA_ARGS__ },                              \
                    sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(const char *))
#define PS_PG_ADD0(batch, sql) ps_pg_batch_add(batch, sql, NULL, 0)
/* A statement of a .sql file, as shared/cmake/embed_sql.cmake embeds it. component.sql compares
 * params and columns with what PostgreSQL itself says about the statement. */
struct ps_sql_statement {
    const char *name;
    const char *text;
    const char *params;  /* "$1 name type, $2 name type", or "none" */
    const char *columns; /* "name type, name type", or "none" */
};
enum { PS_PG_INT_TEXT = 24 }; /* bytes: "-9223372036854775808" and its NUL need 21 */
/* Writes value as the text of a parameter and returns buffer. */
const char *ps_pg_int_text(char buffer[PS_PG_INT_TEXT], int64_t value);
/* Takes batch and runs it as one transaction. Batches start in the order of the calls; several run
 * at once if the pool has several connections, so a batch that depends on an earlier one must wait
 * for its callback. Retries nothing. Borrows cookie until fn ran. An empty batch only asks whether
 * the server answers. */
void ps_pg_run(struct ps_pg *pg, struct ps_pg_batch *batch, ps_pg_fn fn, void *cookie);

/* The same, but ahead of all batches of ps_pg_run that still wait for a connection. For answers
 * that a peer waits for: Slack sends an event again after 3 s. Urgent batches start in their own
 * order. */
void ps_pg_run_urgent(struct ps_pg *pg, struct ps_pg_batch *batch, ps_pg_fn fn, void *cookie);

/* Readers of rows. statement, row and column count from 0. An index that does not exist reads as no
 * rows or as SQL NULL, so a caller need not check each one. */
int ps_pg_row_count(const struct ps_pg_rows *rows, size_t statement);
/* Returns how many rows the statement inserted, updated, deleted or returned. */
int64_t ps_pg_affected(const struct ps_pg_rows *rows, size_t statement);
/* Returns the text, borrowed from rows; NULL for SQL NULL. */
const char *ps_pg_text(const struct ps_pg_rows *rows, size_t statement, int row, int column);
/* Returns fallback if the value is SQL NULL or not a 64-bit number. */
int64_t ps_pg_int(const struct ps_pg_rows *rows, size_t statement, int row, int column,
                  int64_t fallback);
/* Returns false for SQL NULL. */
bool ps_pg_bool(const struct ps_pg_rows *rows, size_t statement, int row, int column);
/* Inside a ps_pg_fn, once: gives the rows to the caller without copying them, for example to a
 * background job. The callback's own rows remain readable while the caller's exist. Another thread
 * may read them. Release them with ps_pg_rows_destroy. */
struct ps_pg_rows *ps_pg_rows_take(const struct ps_pg_rows *rows) PS_MUST_USE;
/* Gives a copy that outlives the callback (PQcopyResult); for cli_session.c, which returns the rows
 * to a command after the callback has ended. */
struct ps_pg_rows *ps_pg_rows_copy(const struct ps_pg_rows *rows) PS_MUST_USE;
void ps_pg_rows_destroy(struct ps_pg_rows *rows); /* taken ones or a copy; NULL is fine */

#endif
