#include "shared/core/alloc.h"
#include "shared/io/address_walk.h"
#include "shared/io/pg_private.h"

#include <assert.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

/* One connection, as a state machine (enum ps_pg_conn_state). In the order of its life: the walk
 * over hosts and addresses, connecting, the setup (queries one after the other), batches in
 * pipeline mode. While it opens, a failure leads to the next address; once it is ready, a failure
 * closes it. */

enum { SCHEMA_POLL_MS = 500 }; /* between two checks whether the schema exists */

struct ps_pg_conn {
    struct ps_loop *loop;
    struct ps_pg_conn_options options;
    enum ps_pg_conn_state state;
    int64_t since;          /* monotonic ms: when state began */
    struct ps_timer *timer; /* deadline of what is under way, or the turn that ends a broken one */

    struct ps_address_walk *walk;
    enum ps_pg_schema schema;
    size_t host;       /* index of the host that is tried or serves */
    char *where;       /* owned; its name for errors */
    struct ps_err err; /* while opening: the most useful failure; later: why it is broken */
    int err_rank;      /* usefulness of err (rank_of); 0: no failure in this walk yet */

    PGconn *pg; /* owned; NULL between two hosts and when closed */
    struct event *readable, *writable;
    struct ps_pg_setup setup;
    bool asked;   /* a query of the setup is under way */
    bool waiting; /* the setup waits before it asks for the schema again */

    struct ps_pg_job *job;  /* owned; the batch that runs, or NULL */
    struct ps_pg_rows rows; /* its results so far */
    struct ps_err sql_err;  /* its first error */
    bool sql_failed, drop;  /* sql_err is set; the connection must be closed after it */
    bool prelude_due;       /* the next result is that of the prelude, not of the batch */
};

static void on_socket(evutil_socket_t fd, short what, void *cookie);

static void enter(struct ps_pg_conn *conn, enum ps_pg_conn_state state)
{
    conn->state = state;
    conn->since = ps_loop_now(conn->loop);
}

static void events_free(struct ps_pg_conn *conn)
{
    if (conn->readable)
        event_free(conn->readable);
    if (conn->writable)
        event_free(conn->writable);
    conn->readable = conn->writable = NULL;
}

/* Closes the libpq connection and forgets what was under way on it. The walk continues. */
static void leave(struct ps_pg_conn *conn)
{
    events_free(conn);
    ps_timer_cancel(conn->timer);
    ps_pg_setup_clear(&conn->setup);
    ps_pg_rows_clear(&conn->rows);
    conn->asked = conn->waiting = false;
    if (conn->pg)
        PQfinish(conn->pg);
    conn->pg = NULL;
}

static void tear_down(struct ps_pg_conn *conn)
{
    leave(conn);
    ps_address_walk_restart(conn->walk);
    free(conn->where);
    conn->where = NULL;
    enter(conn, PS_PG_CONN_CLOSED);
}

/* Closes the connection and gives the running job back. err may point into conn, which changes
 * here, so it is copied first. */
static void close_with(struct ps_pg_conn *conn, const struct ps_err *err)
{
    struct ps_err why = *err;
    struct ps_pg_job *job = conn->job;

    conn->job = NULL;
    tear_down(conn);
    conn->options.on_closed(conn->options.cookie, conn, job, &why);
}

static void remember(struct ps_pg_conn *conn, const struct ps_err *err)
{
    /* How useful a failure is to an operator, if several hosts failed: a wrong password (3) or a
     * standby (2) says more than the refused port of the next host (1). */
    bool refused = strncmp(err->what, "SQLSTATE", 8) == 0 || strstr(err->what, "takes no writes");
    int rank = err->category == PS_FAILURE_CONFIGURATION ? 3 : refused ? 2 : 1;

    if (rank < conn->err_rank)
        return;
    conn->err_rank = rank;
    /* libpq's own text names the server already. */
    if (conn->options.target->host_count > 1 && conn->where &&
        strncmp(err->what, "connection to server", 20) != 0)
        (void)ps_fail(&conn->err, err->category, err->code, "%s: %s", conn->where, err->what);
    else
        conn->err = *err;
}

/* The current address does not serve: try the next one. */
static void try_next(struct ps_pg_conn *conn, const struct ps_err *err)
{
    struct ps_err why = *err; /* err may point into what leave() clears */

    leave(conn);
    remember(conn, &why);
    enter(conn, PS_PG_CONN_RESOLVING);
    ps_address_walk_next(conn->walk);
}

static void lost(struct ps_pg_conn *conn)
{
    struct ps_err err;
    const char *text = conn->pg ? PQerrorMessage(conn->pg) : "";

    (void)ps_fail(&err, PS_FAILURE_NETWORK, PS_PG_ERR_LOST, "%.*s", (int)strcspn(text, "\n"),
                  *text ? text : "the connection was closed");
    if (conn->state == PS_PG_CONN_SETUP)
        try_next(conn, &err);
    else
        close_with(conn, &err);
}

static void break_with_err(struct ps_pg_conn *conn)
{
    events_free(conn);
    enter(conn, PS_PG_CONN_BROKEN);
    ps_timer_set(conn->timer, 0);
}

/* Sends what libpq has buffered, the rest when the socket is writable. Returns false if the
 * connection is gone. */
static bool flush(struct ps_pg_conn *conn)
{
    int left = PQflush(conn->pg);

    if (left == 1 && event_add(conn->writable, NULL) != 0)
        abort();
    return left >= 0;
}

/* Returns whether the server has reported that it takes no writes; err then says so. PostgreSQL 14
 * and later report these parameters unasked (protocol-flow.html, "Asynchronous Operations"). */
static bool takes_no_writes(const struct ps_pg_conn *conn, struct ps_err *err)
{
    static const char *const names[] = { "in_hot_standby", "default_transaction_read_only" };

    if (conn->setup.schema == PS_PG_SCHEMA_FOREIGN)
        return false; /* a foreign database is only read */
    for (size_t i = 0; i < PS_COUNT_OF(names); i++) {
        const char *value = PQparameterStatus(conn->pg, names[i]);

        if (value != NULL && strcmp(value, "on") == 0) {
            (void)ps_fail(err, PS_FAILURE_NETWORK, PS_PG_ERR_OFFLINE,
                          "the database takes no writes (%s is on)", names[i]);
            return true;
        }
    }
    return false;
}

/* Setup */

/* Sends the query of the current step, or makes the connection ready if the setup is done. */
static void ask_next(struct ps_pg_conn *conn)
{
    char *sql = ps_pg_setup_sql(&conn->setup);
    int64_t patience_ms;
    struct ps_err err;
    bool sent;

    conn->waiting = false;
    if (!sql) {
        ps_timer_cancel(conn->timer);
        if (takes_no_writes(conn, &err)) {
            try_next(conn, &err);
            return;
        }
        if (PQenterPipelineMode(conn->pg) != 1) {
            lost(conn);
            return;
        }
        conn->options.target->good_host = conn->host;
        enter(conn, PS_PG_CONN_IDLE);
        conn->options.on_ready(conn->options.cookie, conn);
        return;
    }
    sent = PQsendQuery(conn->pg, sql) == 1 && flush(conn);
    free(sql);
    if (!sent) {
        lost(conn);
        return;
    }
    conn->asked = true;
    patience_ms = ps_pg_setup_patience_ms(&conn->setup);
    ps_timer_set(conn->timer, patience_ms > 0 ? patience_ms : conn->options.batch_timeout_ms);
}

/* A query of the setup is answered. result is its last result, or its first error. */
static void answered(struct ps_pg_conn *conn, const PGresult *result)
{
    struct ps_err err;

    if (!ps_pg_setup_step(&conn->setup, result, &conn->waiting, &err)) {
        try_next(conn, &err);
    } else if (conn->waiting) {
        ps_timer_set(conn->timer, SCHEMA_POLL_MS);
        conn->options.on_waiting(conn->options.cookie, &err);
    } else {
        ask_next(conn);
    }
}

static void read_setup(struct ps_pg_conn *conn)
{
    PGresult *result;

    while (conn->asked && !PQisBusy(conn->pg)) {
        result = PQgetResult(conn->pg);
        if (result) {
            ExecStatusType last = conn->rows.count == 0
                                      ? PGRES_TUPLES_OK
                                      : PQresultStatus(conn->rows.results[conn->rows.count - 1]);

            /* Kept in rows until the end; after an error nothing more counts. */
            if (last == PGRES_TUPLES_OK || last == PGRES_COMMAND_OK || last == PGRES_EMPTY_QUERY)
                ps_pg_rows_add(&conn->rows, result);
            else
                PQclear(result);
            continue;
        }
        conn->asked = false;
        if (conn->rows.count == 0) {
            lost(conn);
            return;
        }
        result = conn->rows.results[--conn->rows.count];
        ps_pg_rows_clear(&conn->rows);
        answered(conn, result);
        PQclear(result);
        return;
    }
}

/* Batches */

/* The batch is over: gives the job back with its rows or its error. */
static void finish(struct ps_pg_conn *conn)
{
    struct ps_pg_job *job = conn->job;
    struct ps_pg_rows rows = conn->rows;
    struct ps_err err = conn->sql_err;
    bool failed = conn->sql_failed, taken = false;

    ps_timer_cancel(conn->timer);
    if (conn->drop) {
        close_with(conn, &err);
        return;
    }
    conn->job = NULL;
    memset(&conn->rows, 0, sizeof(conn->rows));
    if (takes_no_writes(conn, &conn->err))
        break_with_err(conn);
    else
        enter(conn, PS_PG_CONN_IDLE);
    rows.taken = &taken;
    conn->options.on_done(conn->options.cookie, job, failed ? NULL : &rows, failed ? &err : NULL);
    if (!taken)
        ps_pg_rows_clear(&rows); /* conn may run the next batch by now */
}

/* Takes result. Returns true if the batch is over. The commit may still fail after the last
 * statement succeeded (a deferred constraint, a full disk), so a batch has succeeded only when the
 * answer to the sync arrives. */
static bool take_result(struct ps_pg_conn *conn, PGresult *result)
{
    switch ((int)PQresultStatus(result)) {
    case PGRES_PIPELINE_SYNC:
        PQclear(result);
        return true;
    case PGRES_TUPLES_OK:
    case PGRES_COMMAND_OK:
    case PGRES_EMPTY_QUERY:
        if (conn->prelude_due)
            PQclear(result);
        else
            ps_pg_rows_add(&conn->rows, result);
        conn->prelude_due = false;
        return false;
    case PGRES_PIPELINE_ABORTED:
        PQclear(result);
        return false;
    case PGRES_FATAL_ERROR:
        if (!conn->sql_failed) { /* the first error */
            conn->sql_failed = true;
            conn->job->failed_at = conn->rows.count;
            conn->drop = ps_pg_error_of_result(result, &conn->sql_err);
        }
        PQclear(result);
        return conn->drop;
    default: /* COPY, which would block the pipeline */
        PQclear(result);
        conn->sql_failed = conn->drop = true;
        (void)ps_fail(&conn->sql_err, PS_FAILURE_UNKNOWN, PS_PG_ERR_LOST,
                      "a statement that cannot be part of a batch");
        return true;
    }
}

static void read_batch(struct ps_pg_conn *conn)
{
    int empty = 0; /* NULL ends the results of a statement; two in a row: nothing has arrived yet */

    while (empty < 2 && !PQisBusy(conn->pg)) {
        PGresult *result = PQgetResult(conn->pg);

        if (!result) {
            empty++;
            continue;
        }
        empty = 0;
        if (take_result(conn, result)) {
            finish(conn);
            return;
        }
    }
    if (PQstatus(conn->pg) == CONNECTION_BAD)
        lost(conn);
}

void ps_pg_conn_run(struct ps_pg_conn *conn, struct ps_pg_job *job)
{
    const struct ps_pg_batch *batch = job->batch;
    bool sent;

    assert(conn->state == PS_PG_CONN_IDLE);
    conn->job = job;
    conn->sql_failed = conn->drop = false;
    conn->prelude_due = batch->count > 0;
    enter(conn, PS_PG_CONN_RUNNING);
    /* An empty batch is no transaction: the server only answers the sync. */
    sent = batch->count == 0 ||
           ps_pg_setup_send_prelude(conn->pg, conn->schema, conn->options.batch_timeout_ms);
    for (size_t i = 0; sent && i < batch->count; i++) {
        const struct ps_pg_statement *statement = &batch->statements[i];

        sent = PQsendQueryParams(conn->pg, statement->sql, (int)statement->param_count, NULL,
                                 (const char *const *)statement->params, NULL, NULL, 0) == 1;
    }
    if (!sent || PQpipelineSync(conn->pg) != 1 || !flush(conn)) {
        const char *text = PQerrorMessage(conn->pg);

        (void)ps_fail(&conn->err, PS_FAILURE_NETWORK, PS_PG_ERR_LOST, "%.*s",
                      (int)strcspn(text, "\n"), text);
        /* On the next turn of the loop: the pool's callbacks must not run inside this call. */
        break_with_err(conn);
        return;
    }
    ps_timer_set(conn->timer, conn->options.batch_timeout_ms);
}

/* Connecting */

static void connected(struct ps_pg_conn *conn)
{
    (void)PQsetErrorVerbosity(conn->pg, PQERRORS_DEFAULT);
    if (PQsetnonblocking(conn->pg, 1) != 0) {
        lost(conn);
        return;
    }
    conn->readable = event_new(ps_loop_base(conn->loop), PQsocket(conn->pg), EV_READ | EV_PERSIST,
                               on_socket, conn);
    conn->writable =
        event_new(ps_loop_base(conn->loop), PQsocket(conn->pg), EV_WRITE, on_socket, conn);
    if (!conn->readable || !conn->writable || event_add(conn->readable, NULL) != 0)
        abort();
    enter(conn, PS_PG_CONN_SETUP);
    ask_next(conn);
}

/* libpq may close its socket and open another with the same number inside PQconnectPoll: the event
 * is one-shot and made anew each time. */
static void poll_again(struct ps_pg_conn *conn, short what)
{
    conn->readable = event_new(ps_loop_base(conn->loop), PQsocket(conn->pg), what, on_socket, conn);
    if (!conn->readable || event_add(conn->readable, NULL) != 0)
        abort();
}

static void connect_step(struct ps_pg_conn *conn)
{
    PostgresPollingStatusType status;
    struct ps_err err;

    events_free(conn);
    status = PQconnectPoll(conn->pg);
    if (status == PGRES_POLLING_OK) {
        connected(conn);
    } else if (status == PGRES_POLLING_READING) {
        poll_again(conn, EV_READ);
    } else if (status == PGRES_POLLING_WRITING) {
        poll_again(conn, EV_WRITE);
    } else {
        ps_pg_error_of_connect(conn->pg, &err);
        try_next(conn, &err);
    }
}

static void on_message(void *cookie, const PGresult *result)
{
    (void)cookie; /* libpq would print it on standard error */
    (void)result;
}

static void connect_start(struct ps_pg_conn *conn, const struct ps_address_step *step)
{
    const struct ps_pg_target *target = conn->options.target;
    struct ps_err err;

    conn->host = step->host;
    free(conn->where);
    conn->where = ps_pg_target_name(target, step->host, step->address);
    ps_pg_setup_init(&conn->setup, conn->schema);
    conn->pg = ps_pg_target_connect(target, step->host, step->address);
    (void)PQsetNoticeReceiver(conn->pg, on_message, NULL);
    (void)PQsetErrorVerbosity(conn->pg, PQERRORS_VERBOSE); /* for its SQLSTATE */
    enter(conn, PS_PG_CONN_CONNECTING);
    if (PQstatus(conn->pg) == CONNECTION_BAD) {
        ps_pg_error_of_connect(conn->pg, &err);
        try_next(conn, &err);
        return;
    }
    /* libpq's asynchronous functions ignore connect_timeout, so the deadline is set here. */
    ps_timer_set(conn->timer, target->connect_timeout_ms > 0 ? target->connect_timeout_ms
                                                             : conn->options.connect_timeout_ms);
    poll_again(conn, EV_WRITE);
}

static void on_step(void *cookie, const struct ps_address_step *step, const struct ps_err *err)
{
    struct ps_pg_conn *conn = cookie;
    struct ps_err unresolved;

    if (step) {
        connect_start(conn, step);
        return;
    }
    if (conn->err_rank == 0) {
        (void)ps_fail(&unresolved, err->category, PS_PG_ERR_OFFLINE, "%s", err->what);
        close_with(conn, &unresolved);
    } else {
        close_with(conn, &conn->err);
    }
}

void ps_pg_conn_open(struct ps_pg_conn *conn, enum ps_pg_schema schema)
{
    const struct ps_pg_target *target = conn->options.target;
    const char **names = ps_alloc_zero(target->host_count, sizeof(char *));

    assert(conn->state == PS_PG_CONN_CLOSED);
    conn->schema = schema;
    conn->err_rank = 0;
    for (size_t i = 0; i < target->host_count; i++)
        names[i] = ps_pg_target_lookup(target, i);
    ps_address_walk_set(conn->walk, names, target->host_count, target->good_host);
    free(names);
    enter(conn, PS_PG_CONN_RESOLVING);
    /* The walk answers from the loop, so no failure is reported inside this call. */
    ps_address_walk_next(conn->walk);
}

/* Events */

static void on_socket(evutil_socket_t fd, short what, void *cookie)
{
    struct ps_pg_conn *conn = cookie;

    (void)fd;
    if (conn->state == PS_PG_CONN_CONNECTING) {
        connect_step(conn);
        return;
    }
    if (((what & EV_READ) && PQconsumeInput(conn->pg) != 1) || !flush(conn)) {
        /* The last answers of the server are still in the buffer; they say why it left. */
        if (conn->state == PS_PG_CONN_RUNNING)
            read_batch(conn);
        /* The batch's end may have closed the connection, or begun to open it anew. */
        if (conn->pg && PQstatus(conn->pg) == CONNECTION_BAD)
            lost(conn);
        return;
    }
    if (conn->state == PS_PG_CONN_SETUP) {
        read_setup(conn);
    } else if (conn->state == PS_PG_CONN_RUNNING) {
        read_batch(conn);
    } else if (conn->state == PS_PG_CONN_IDLE) {
        (void)PQisBusy(conn->pg); /* reads what came unasked: messages, the server's farewell */
        if (PQstatus(conn->pg) == CONNECTION_BAD)
            lost(conn);
    }
}

static void on_timer(void *cookie)
{
    struct ps_pg_conn *conn = cookie;
    struct ps_err err;

    if (conn->state == PS_PG_CONN_BROKEN) {
        close_with(conn, &conn->err);
    } else if (conn->state == PS_PG_CONN_SETUP && conn->waiting) {
        ask_next(conn);
    } else if (conn->state == PS_PG_CONN_RUNNING) {
        (void)ps_fail(&err, PS_FAILURE_TIMEOUT, PS_PG_ERR_LOST, "no answer within %lld ms",
                      (long long)conn->options.batch_timeout_ms);
        close_with(conn, &err);
    } else if (conn->state != PS_PG_CONN_IDLE) {
        (void)ps_fail(&err, PS_FAILURE_TIMEOUT, PS_PG_ERR_OFFLINE,
                      "the database did not answer in time");
        try_next(conn, &err);
    }
}

struct ps_pg_conn *ps_pg_conn_create(struct ps_loop *loop, const struct ps_pg_conn_options *options)
{
    struct ps_pg_conn *conn = ps_alloc_zero(1, sizeof(*conn));

    conn->loop = loop;
    conn->options = *options;
    conn->timer = ps_timer_create(loop, on_timer, conn);
    conn->walk = ps_address_walk_create(loop, options->connect_timeout_ms, on_step, conn);
    return conn;
}

struct ps_pg_job *ps_pg_conn_destroy(struct ps_pg_conn *conn)
{
    struct ps_pg_job *job = conn->job;

    conn->job = NULL;
    tear_down(conn);
    ps_address_walk_destroy(conn->walk);
    ps_timer_destroy(conn->timer);
    free(conn);
    return job;
}

void ps_pg_conn_shut(struct ps_pg_conn *conn)
{
    assert(conn->state == PS_PG_CONN_IDLE);
    tear_down(conn);
}

void ps_pg_conn_expel(struct ps_pg_conn *conn, const struct ps_err *err)
{
    assert(conn->state == PS_PG_CONN_IDLE);
    conn->err = *err;
    break_with_err(conn);
}

enum ps_pg_conn_state ps_pg_conn_state(const struct ps_pg_conn *conn)
{
    return conn->state;
}

const char *ps_pg_conn_history(const struct ps_pg_conn *conn, int64_t *out_log_position)
{
    *out_log_position = conn->setup.log_position;
    return conn->setup.history;
}

bool ps_pg_conn_reports(const struct ps_pg_conn *conn)
{
    return conn->setup.backend != 0 && conn->setup.backend == PQbackendPID(conn->pg) &&
           PQparameterStatus(conn->pg, "default_transaction_read_only") != NULL;
}

int64_t ps_pg_conn_since(const struct ps_pg_conn *conn)
{
    return conn->since;
}
