/* The inside of the PostgreSQL pool. Only the files shared/io/pg*.c include it.
 *
 * pg.c owns the queue of batches and the pool; pg_conn.c is one connection as a state machine,
 * which uses pg_url.c (where to connect), pg_setup.c (what a new connection checks), pg_batch.c
 * (statements and rows) and pg_error.c (what an error means). */
#ifndef PS_IO_PG_PRIVATE_H
#define PS_IO_PG_PRIVATE_H
#include "shared/io/pg.h"

#include <libpq-fe.h>
#include <sys/queue.h>

/* pg_batch.c */

struct ps_pg_statement {
    char *sql;     /* owned */
    char **params; /* owned, each too; NULL is SQL NULL */
    size_t param_count;
};

struct ps_pg_batch {
    struct ps_pg_statement *statements; /* owned */
    size_t count, room;
};

struct ps_pg_rows {
    PGresult **results; /* owned; one for each statement, without the prelude */
    size_t count, room;
    bool *taken; /* set by ps_pg_rows_take; NULL: they cannot be taken */
};

/* Takes result. */
void ps_pg_rows_add(struct ps_pg_rows *rows, PGresult *result);
/* Frees the results, not rows itself, which is empty afterwards. */
void ps_pg_rows_clear(struct ps_pg_rows *rows);

/* A batch on its way; owned by the pool's queue or by the connection that runs it. */
struct ps_pg_job {
    TAILQ_ENTRY(ps_pg_job) next;
    struct ps_pg_batch *batch;
    ps_pg_fn fn;
    void *cookie;
    bool urgent;         /* it overtakes the jobs that are not urgent */
    int64_t deadline_ms; /* monotonic: it gives up waiting for a connection */
    size_t failed_at;    /* index of the refused statement; the batch's count: the commit failed */
};

/* pg_error.c */

/* Fills err from an error of the server: category, code (PS_PG_ERR_SQL, _FENCED or _LOST) and
 * SQLSTATE with the message. Returns true if the connection must not be used again. */
bool ps_pg_error_of_result(const PGresult *result, struct ps_err *err);
/* Fills err with the reason why a connection could not be made. */
void ps_pg_error_of_connect(const PGconn *pg, struct ps_err *err);

/* Returns whether the reason of the refusal persists until somebody removes it (a full disk, a
 * missing right, a held lock), so that /readyz must name it. err comes from
 * ps_pg_error_of_result. */
bool ps_pg_error_stands(const struct ps_err *err);

/* pg_setup.c: what a new connection does before it takes batches, as a step machine. Nothing that
 * it does outlives a transaction: behind a pooler, the next transaction is on another server
 * connection, and the next client gets this one. */

enum ps_pg_schema {
    PS_PG_SCHEMA_NONE,    /* nothing to check: another connection has found the schema */
    PS_PG_SCHEMA_FOREIGN, /* the database of another program: read only */
    PS_PG_SCHEMA_AWAIT,   /* wait until another program has created or migrated it */
    PS_PG_SCHEMA_FOUND,   /* create it if the database has none at all; otherwise as AWAIT */
    PS_PG_SCHEMA_MIGRATE, /* create or migrate it */
};

enum ps_pg_setup_step {
    PS_PG_SETUP_FACTS,      /* read what this server is (pg_facts.sql) */
    PS_PG_SETUP_LIST,       /* read which migrations are applied */
    PS_PG_SETUP_LOCK,       /* begin the transaction of the migration and take the advisory lock */
    PS_PG_SETUP_TABLE,      /* in that transaction: create the table of applied migrations */
    PS_PG_SETUP_LIST_AGAIN, /* read the list again: another program may have migrated meanwhile */
    PS_PG_SETUP_APPLY,      /* run the missing migrations */
    PS_PG_SETUP_COMMIT,
    PS_PG_SETUP_ROLLBACK, /* the lock was not granted */
    PS_PG_SETUP_HOLDER,   /* find out who holds the lock, for the error */
    PS_PG_SETUP_DONE
};

/* Bytes of the history of the database, a text of pg_facts.sql, with its NUL. */
enum { PS_PG_HISTORY_TEXT = 40 };

struct ps_pg_setup {
    enum ps_pg_schema schema;
    char history[PS_PG_HISTORY_TEXT]; /* "": no schema yet */
    int64_t log_position;             /* in the write-ahead log, when history was read */
    int backend;                /* process id of the server's backend that answered; 0: not known */
    enum ps_pg_setup_step step; /* the one that runs now */
    bool *applied;              /* owned; a flag for each migration */
    bool *fresh;                /* owned; the migrations that this transaction applies */
};

/* setup is the caller's memory; clear it when the connection ends, in any step. */
void ps_pg_setup_init(struct ps_pg_setup *setup, enum ps_pg_schema schema);
void ps_pg_setup_clear(struct ps_pg_setup *setup);
/* Gives the SQL of the current step; the caller frees it. NULL if the setup is done. */
char *ps_pg_setup_sql(const struct ps_pg_setup *setup) PS_MUST_USE;
/* Returns how long the current step may take; 0: as long as a batch. */
int64_t ps_pg_setup_patience_ms(const struct ps_pg_setup *setup);
/* Takes the answer of the current step and chooses the next one. Fails with err if the connection
 * must be closed. Sets *out_wait if the same step must be asked again after a while; err holds the
 * reason then. */
bool ps_pg_setup_step(struct ps_pg_setup *setup, const PGresult *result, bool *out_wait,
                      struct ps_err *err) PS_MUST_USE;
/* Sends the first statement of every transaction: the settings that it needs, for this transaction
 * only. Returns false if libpq could not queue it. */
bool ps_pg_setup_send_prelude(PGconn *pg, enum ps_pg_schema schema,
                              int64_t statement_timeout_ms) PS_MUST_USE;

/* pg_url.c: libpq's keywords and values, and the hosts, which pg_conn.c tries one by one. */

struct ps_pg_target {
    char **keywords, **values;  /* owned, NULL-terminated, without hosts and ports */
    char **hosts, **ports;      /* owned; the servers to try, in order; "" means libpq's default */
    char **addresses;           /* owned; the URL's hostaddr for each host; NULL: none given */
    size_t count, host_count;   /* of keywords; of hosts */
    int64_t connect_timeout_ms; /* from the URL; 0: not given */
    size_t good_host;           /* index of the host that served last; the next walk begins there */
};

/* Parses url into target, which ps_pg_target_clear releases. foreign: accept any
 * target_session_attrs; otherwise fail if the URL asks for a server that takes no writes. Fails
 * with CONFIGURATION and leaves target untouched. */
bool ps_pg_target_parse(struct ps_pg_target *target, const char *url, const char *application_name,
                        bool foreign, struct ps_err *err) PS_MUST_USE;
void ps_pg_target_clear(struct ps_pg_target *target);
/* Returns what must be resolved for a host: its given address or its name, borrowed. NULL if the
 * host needs no address (a folder with a unix socket). */
const char *ps_pg_target_lookup(const struct ps_pg_target *target, size_t host);
/* Gives the name by which an error calls a host; the caller frees it. address may be NULL. */
char *ps_pg_target_name(const struct ps_pg_target *target, size_t host,
                        const char *address) PS_MUST_USE;
/* Starts connecting to one host at one numeric address (NULL if the host needs none). Never NULL;
 * the caller checks PQstatus and calls PQfinish. */
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
    PS_PG_CONN_BROKEN, /* closes on the next turn of the loop */
};

struct ps_pg_conn_options {
    struct ps_pg_target *target; /* borrowed; the connection updates good_host */
    int64_t connect_timeout_ms, batch_timeout_ms;
    void *cookie; /* of the callbacks, which all run on the loop */
    /* The connection is idle for the first time since it was opened. */
    void (*on_ready)(void *cookie, struct ps_pg_conn *conn);
    /* The schema is not there yet; the connection asks again by itself. */
    void (*on_waiting)(void *cookie, const struct ps_err *err);
    /* Gives job back to the pool with its rows or its error. The connection is idle again, or
     * broken. */
    void (*on_done)(void *cookie, struct ps_pg_job *job, const struct ps_pg_rows *rows,
                    const struct ps_err *err);
    /* The connection is closed and may be opened again. Gives back the job that ran, or NULL. */
    void (*on_closed)(void *cookie, struct ps_pg_conn *conn, struct ps_pg_job *job,
                      const struct ps_err *err);
};

/* A closed connection; ps_pg_conn_open opens it. Copies options, borrows loop. */
struct ps_pg_conn *ps_pg_conn_create(struct ps_loop *loop,
                                     const struct ps_pg_conn_options *options) PS_MUST_USE;
/* Gives the running job, or NULL; no callback runs. */
struct ps_pg_job *ps_pg_conn_destroy(struct ps_pg_conn *conn) PS_MUST_USE;
enum ps_pg_conn_state ps_pg_conn_state(const struct ps_pg_conn *conn);
/* Returns whether the server itself, not a pooler, is at the other end and reports by itself when
 * it stops taking writes. */
bool ps_pg_conn_reports(const struct ps_pg_conn *conn);
int64_t ps_pg_conn_since(const struct ps_pg_conn *conn); /* monotonic ms: when the state began */
/* Returns the history that the setup of a ready connection read (pg_facts.sql), borrowed. */
const char *ps_pg_conn_history(const struct ps_pg_conn *conn, int64_t *out_log_position);
/* Opens a closed connection; on_ready or on_closed follows, never inside this call. */
void ps_pg_conn_open(struct ps_pg_conn *conn, enum ps_pg_schema schema);
void ps_pg_conn_shut(struct ps_pg_conn *conn); /* closes an idle one now; no callback runs */
/* Closes an idle connection on the next turn of the loop; on_closed gets err. */
void ps_pg_conn_expel(struct ps_pg_conn *conn, const struct ps_err *err);
/* Takes job and runs it. The connection must be idle. on_done or on_closed follows, never inside
 * this call. */
void ps_pg_conn_run(struct ps_pg_conn *conn, struct ps_pg_job *job);

#endif
