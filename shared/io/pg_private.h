/* Shared by the files of shared/io/pg*.c alone. */
#ifndef PS_IO_PG_PRIVATE_H
#define PS_IO_PG_PRIVATE_H
#include "shared/io/pg.h"

#include <libpq-fe.h>
#include <sys/queue.h>

/* pg_batch.c */

struct ps_pg_statement {
    char *sql;
    char **params;
    size_t param_count;
};

struct ps_pg_batch {
    struct ps_pg_statement *statements;
    size_t count, room;
};

struct ps_pg_rows {
    PGresult **results; /* owned */
    size_t count, room;
    bool *taken; /* set by ps_pg_rows_take; NULL: they cannot be taken */
};

/* Takes result. */
void ps_pg_rows_add(struct ps_pg_rows *rows, PGresult *result);
void ps_pg_rows_clear(struct ps_pg_rows *rows);

/* A batch on its way; owned by the pool's queue or by the connection that runs it. */
struct ps_pg_job {
    TAILQ_ENTRY(ps_pg_job) next;
    struct ps_pg_batch *batch;
    ps_pg_fn fn;
    void *cookie;
    bool urgent;         /* it does not wait behind those that are not */
    int64_t deadline_ms; /* until when it waits for a connection */
    size_t failed_at;    /* statement that the server refused; the count: the commit */
};

/* pg_error.c */

/* Fills err from an error of the server. Gives true when the connection must not be used again. */
bool ps_pg_error_of_result(const PGresult *result, struct ps_err *err);
/* Fills err from why a connection could not be made. */
void ps_pg_error_of_connect(const PGconn *pg, struct ps_err *err);

/* The server refuses work for a reason that stands until somebody removes it (a full disk, a
 * missing right, a held lock): worth a line in /readyz. err is of ps_pg_error_of_result. */
bool ps_pg_error_stands(const struct ps_err *err);

/* pg_setup.c: what a new connection does before it takes batches, as a step machine. Nothing that
 * it does outlives a transaction: behind a pooler, the next transaction is on another server
 * connection, and the next client gets this one. */

enum ps_pg_schema {
    PS_PG_SCHEMA_NONE,    /* known to be there */
    PS_PG_SCHEMA_FOREIGN, /* another's: read only */
    PS_PG_SCHEMA_AWAIT,   /* wait until somebody has made it */
    PS_PG_SCHEMA_FOUND,   /* make it where there is none at all, else wait as well */
    PS_PG_SCHEMA_MIGRATE, /* make it */
};

enum ps_pg_setup_step {
    PS_PG_SETUP_FACTS, /* which server this is */
    PS_PG_SETUP_LIST,  /* which migrations are applied */
    PS_PG_SETUP_LOCK,  /* begin the transaction of the migration */
    PS_PG_SETUP_TABLE, /* in it, as the next three */
    PS_PG_SETUP_LIST_AGAIN,
    PS_PG_SETUP_APPLY,
    PS_PG_SETUP_COMMIT,
    PS_PG_SETUP_ROLLBACK, /* the lock was not to be had */
    PS_PG_SETUP_HOLDER,   /* who has it */
    PS_PG_SETUP_DONE
};

/* Of the text pg_facts.sql gives as the history of the database. */
enum { PS_PG_HISTORY_TEXT = 40 };

struct ps_pg_setup {
    enum ps_pg_schema schema;
    char history[PS_PG_HISTORY_TEXT]; /* "": no schema yet */
    int64_t log_position;
    int backend; /* process of the server that answered; 0: not known */
    enum ps_pg_setup_step step;
    bool *applied; /* owned; a flag for each migration */
    bool *fresh;   /* owned; those of this transaction */
};

void ps_pg_setup_init(struct ps_pg_setup *setup, enum ps_pg_schema schema);
void ps_pg_setup_clear(struct ps_pg_setup *setup);
/* Gives the SQL to run now; NULL: done. */
char *ps_pg_setup_sql(const struct ps_pg_setup *setup) PS_MUST_USE;
/* How long the running step may take; 0: as long as a batch. */
int64_t ps_pg_setup_patience_ms(const struct ps_pg_setup *setup);
/* What the step answered. False with err when the connection must be closed. *out_wait: ask again
 * after a while, err says why. */
bool ps_pg_setup_step(struct ps_pg_setup *setup, const PGresult *result, bool *out_wait,
                      struct ps_err *err) PS_MUST_USE;
/* Sends the first statement of every transaction: the settings that it needs, for itself only.
 * False if libpq could not queue it. */
bool ps_pg_setup_send_prelude(PGconn *pg, enum ps_pg_schema schema,
                              int64_t statement_timeout_ms) PS_MUST_USE;

/* pg_url.c: libpq's keywords and values, and the hosts, which pg_conn.c tries one by one. */

struct ps_pg_target {
    char **keywords, **values; /* owned, NULL-terminated, without hosts and ports */
    char **hosts, **ports;     /* owned; one each to try, in order; "" for libpq's default */
    char **addresses;          /* owned; given or NULL */
    size_t count, host_count;
    int64_t connect_timeout_ms; /* of the URL; 0: none */
    size_t good_host;           /* served last: where the next connection begins */
};

/* foreign: any target_session_attrs will do. */
bool ps_pg_target_parse(struct ps_pg_target *target, const char *url, const char *application_name,
                        bool foreign, struct ps_err *err) PS_MUST_USE;
void ps_pg_target_clear(struct ps_pg_target *target);
/* What to look up for a host: its name or its given address; NULL where it needs no address. */
const char *ps_pg_target_lookup(const struct ps_pg_target *target, size_t host);
/* Gives how an error names a host; address may be NULL. */
char *ps_pg_target_name(const struct ps_pg_target *target, size_t host,
                        const char *address) PS_MUST_USE;
/* Starts connecting to one host at one address (NULL where it needs none). Never NULL. */
PGconn *ps_pg_target_connect(const struct ps_pg_target *target, size_t host,
                             const char *address) PS_MUST_USE;

/* pg_conn.c: one connection as a state machine. */

struct ps_pg_conn;

enum ps_pg_conn_state {
    PS_PG_CONN_CLOSED,
    PS_PG_CONN_RESOLVING,
    PS_PG_CONN_CONNECTING,
    PS_PG_CONN_SETUP,
    PS_PG_CONN_IDLE,
    PS_PG_CONN_RUNNING,
    PS_PG_CONN_BROKEN, /* closes at the loop's next turn */
};

struct ps_pg_conn_options {
    struct ps_pg_target *target; /* borrowed; good_host is kept up to date */
    int64_t connect_timeout_ms, batch_timeout_ms;
    void *cookie;
    void (*on_ready)(void *cookie, struct ps_pg_conn *conn);
    void (*on_waiting)(void *cookie, const struct ps_err *err); /* for the schema */
    /* Gives job back; the connection is idle again, or broken. */
    void (*on_done)(void *cookie, struct ps_pg_job *job, const struct ps_pg_rows *rows,
                    const struct ps_err *err);
    /* Gives job back when one ran. The connection is closed and may be opened again. */
    void (*on_closed)(void *cookie, struct ps_pg_conn *conn, struct ps_pg_job *job,
                      const struct ps_err *err);
};

struct ps_pg_conn *ps_pg_conn_create(struct ps_loop *loop,
                                     const struct ps_pg_conn_options *options) PS_MUST_USE;
/* Gives the running job, or NULL; no callback runs. */
struct ps_pg_job *ps_pg_conn_destroy(struct ps_pg_conn *conn) PS_MUST_USE;
enum ps_pg_conn_state ps_pg_conn_state(const struct ps_pg_conn *conn);
/* Whether the server itself, not a pooler, is at the other end, and it reports when it takes no
 * writes any more. */
bool ps_pg_conn_reports(const struct ps_pg_conn *conn);
int64_t ps_pg_conn_since(const struct ps_pg_conn *conn); /* when the state began */
/* Of a ready connection: what its setup saw (pg_facts.sql). */
const char *ps_pg_conn_history(const struct ps_pg_conn *conn, int64_t *out_log_position);
void ps_pg_conn_open(struct ps_pg_conn *conn, enum ps_pg_schema schema);
void ps_pg_conn_shut(struct ps_pg_conn *conn); /* an idle one; no callback runs */
/* Closes an idle one at the loop's next turn, because of err. */
void ps_pg_conn_expel(struct ps_pg_conn *conn, const struct ps_err *err);
/* Takes job; the connection is idle. */
void ps_pg_conn_run(struct ps_pg_conn *conn, struct ps_pg_job *job);

#endif
