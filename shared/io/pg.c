#include "shared/io/pg.h"

#include "embedded/shared_sql.h"
#include "shared/core/alloc.h"
#include "shared/core/backoff.h"
#include "shared/io/clock.h"
#include "shared/io/pg_private.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    DEFAULT_CONNECT_MS = 5000,
    DEFAULT_BATCH_MS = 30000,
    DEFAULT_QUEUE_WAIT_MS = 10000,
    QUEUE_CAP = 10000,    /* waiting batches: bounds the memory while PostgreSQL is away */
    RETRY_BASE_MS = 100,  /* the first wait before another attempt to connect … */
    RETRY_CAP_MS = 5000,  /* … and the longest one */
    IDLE_MS = 60000,      /* an additional connection is closed after so long without work */
    SHRINK_MS = 15000,    /* between two checks for such connections */
    PING_MS = 3000,       /* between two pings of an idle pool */
    PING_MORE_MS = 40000, /* a ping is a query if the last one is older (asks_more) */
    REFUSAL_MS = 60000    /* ps_pg_why names a refusal for so long */
};

TAILQ_HEAD(job_list, ps_pg_job);

struct ps_pg {
    struct ps_loop *loop;
    struct ps_pg_target target;
    char *application_name;
    char *const *url_source; /* borrowed; NULL: the URL never changes */
    char *url_text;          /* owned; what target was parsed from */
    struct ps_pg_conn **conns;
    int max;
    bool migrate;
    bool founds;
    bool foreign;
    int64_t queue_wait_ms;
    ps_pg_state_fn on_state;
    void *cookie;

    struct job_list waiting; /* in order of arrival, so of deadline */
    struct job_list refused; /* the queue was full when they came */
    size_t waiting_count;
    struct ps_timer *queue_timer, *retry_timer, *shrink_timer, *ping_timer;
    bool pinging;          /* a ping is waiting or under way */
    int64_t pinged_ms;     /* monotonic: when that ping was queued */
    int64_t looked_ms;     /* monotonic: when ps_pg_looked ran last; 0: never */
    struct ps_err down;    /* why the pool is not up; what is "" before an attempt has failed */
    struct ps_err refusal; /* the last refusal that needs an operator (ps_pg_error_stands) */
    char *refused_sql;     /* owned; the refused statement; NULL: the commit was refused */
    int64_t refused_ms;    /* monotonic: when; 0: no refusal stands */
    char history[PS_PG_HISTORY_TEXT];  /* as seen last (pg_facts.sql); "" before the first answer */
    int64_t log_position;              /* as seen last, in the write-ahead log */
    void (*on_restored)(void *cookie); /* NULL: no owner wants it */
    void *restored_cookie;
    int failures; /* consecutive failed attempts to connect */
    bool up;
    bool destroying; /* callbacks that run in ps_pg_destroy may queue batches: they only wait */
};

static void dispatch(void *cookie);

static void job_end(struct ps_pg_job *job, const struct ps_pg_rows *rows, const struct ps_err *err)
{
    ps_pg_batch_destroy(job->batch);
    job->fn(job->cookie, rows, err);
    free(job);
}

/* Counts the connections whose state lies between from and to: the states are in the order of a
 * connection's life. */
static int count_in(const struct ps_pg *pg, enum ps_pg_conn_state from, enum ps_pg_conn_state to)
{
    int count = 0;

    for (int i = 0; i < pg->max; i++)
        count += ps_pg_conn_state(pg->conns[i]) >= from && ps_pg_conn_state(pg->conns[i]) <= to;
    return count;
}

static struct ps_pg_conn *find(const struct ps_pg *pg, enum ps_pg_conn_state state)
{
    for (int i = 0; i < pg->max; i++) {
        if (ps_pg_conn_state(pg->conns[i]) == state)
            return pg->conns[i];
    }
    return NULL;
}

/* Parses the URL again if its secret was rotated, so that the next connection uses the new one.
 * Waits while a connection is being opened, because that one still reads target. */
static void renew_url(struct ps_pg *pg)
{
    struct ps_pg_target target;
    struct ps_err ignored;

    if (!pg->url_source || strcmp(*pg->url_source, pg->url_text) == 0 ||
        count_in(pg, PS_PG_CONN_RESOLVING, PS_PG_CONN_SETUP) > 0)
        return;
    free(pg->url_text);
    pg->url_text = ps_alloc_text(*pg->url_source);
    /* Keep the old target if the new URL is wrong: secret_watch.h has reported it already. */
    if (!ps_pg_target_parse(&target, pg->url_text, pg->application_name, pg->foreign, &ignored))
        return;
    ps_pg_target_clear(&pg->target);
    pg->target = target;
}

/* Opens a connection if the pool has room. Only a pool that is not up lets the connection look at
 * the schema: later connections would repeat the same queries in vain. */
static void open_one(struct ps_pg *pg)
{
    struct ps_pg_conn *conn = find(pg, PS_PG_CONN_CLOSED);
    enum ps_pg_schema schema = pg->foreign   ? PS_PG_SCHEMA_FOREIGN
                               : pg->up      ? PS_PG_SCHEMA_NONE
                               : pg->migrate ? PS_PG_SCHEMA_MIGRATE
                               : pg->founds  ? PS_PG_SCHEMA_FOUND
                                             : PS_PG_SCHEMA_AWAIT;

    renew_url(pg);
    if (conn)
        ps_pg_conn_open(conn, schema);
}

/* One connection while the schema is not known to be there; then one for each batch that waits. */
static void grow(struct ps_pg *pg)
{
    int coming = count_in(pg, PS_PG_CONN_RESOLVING, PS_PG_CONN_SETUP);
    int open = coming + count_in(pg, PS_PG_CONN_IDLE, PS_PG_CONN_BROKEN);
    bool more = pg->up && coming < (int)pg->waiting_count && open < pg->max;

    if (ps_timer_pending(pg->retry_timer))
        return;
    if (open == 0 || more)
        open_one(pg);
}

static void queue_watch(struct ps_pg *pg)
{
    const struct ps_pg_job *first = TAILQ_FIRST(&pg->waiting);

    if (!TAILQ_EMPTY(&pg->refused))
        ps_timer_set(pg->queue_timer, 0);
    else if (first)
        ps_timer_set(pg->queue_timer, first->deadline_ms - ps_loop_now(pg->loop));
    else
        ps_timer_cancel(pg->queue_timer);
}

static struct ps_pg_job *queue_take(struct ps_pg *pg)
{
    struct ps_pg_job *job = TAILQ_FIRST(&pg->waiting);

    TAILQ_REMOVE(&pg->waiting, job, next);
    pg->waiting_count--;
    return job;
}

/* Gives waiting batches to idle connections and sets what must happen next. Every change of the
 * queue or of a connection ends here. */
static void dispatch(void *cookie)
{
    struct ps_pg *pg = cookie;
    struct ps_pg_conn *idle;

    while (pg->waiting_count > 0 && (idle = find(pg, PS_PG_CONN_IDLE)) != NULL)
        ps_pg_conn_run(idle, queue_take(pg));
    grow(pg);
    queue_watch(pg);
    if (!ps_timer_pending(pg->shrink_timer) && count_in(pg, PS_PG_CONN_IDLE, PS_PG_CONN_BROKEN) > 1)
        ps_timer_set(pg->shrink_timer, SHRINK_MS);
}

static void on_queue_timer(void *cookie)
{
    struct ps_pg *pg = cookie;
    struct ps_pg_job *job;
    struct ps_err err;
    /* A callback may queue another batch that is refused again. Take the list first, so that this
     * loop ends. */
    struct job_list refused = TAILQ_HEAD_INITIALIZER(refused);

    TAILQ_CONCAT(&refused, &pg->refused, next);
    (void)ps_fail(&err, PS_FAILURE_NETWORK, PS_PG_ERR_OFFLINE, "%d batches wait already",
                  QUEUE_CAP);
    while ((job = TAILQ_FIRST(&refused)) != NULL) {
        TAILQ_REMOVE(&refused, job, next);
        job_end(job, NULL, &err);
    }
    (void)ps_fail(&err, PS_FAILURE_TIMEOUT, PS_PG_ERR_OFFLINE,
                  "no connection to the database within %lld ms", (long long)pg->queue_wait_ms);
    while ((job = TAILQ_FIRST(&pg->waiting)) != NULL && job->deadline_ms <= ps_loop_now(pg->loop))
        job_end(queue_take(pg), NULL, &err);
    queue_watch(pg);
}

/* Closes additional connections when a burst is over; PostgreSQL has few (max_connections). */
static void on_shrink_timer(void *cookie)
{
    struct ps_pg *pg = cookie;
    int open = count_in(pg, PS_PG_CONN_IDLE, PS_PG_CONN_BROKEN);

    for (int i = pg->max - 1; i >= 0 && open > 1; i--) {
        if (ps_pg_conn_state(pg->conns[i]) == PS_PG_CONN_IDLE &&
            ps_loop_now(pg->loop) - ps_pg_conn_since(pg->conns[i]) >= IDLE_MS) {
            ps_pg_conn_shut(pg->conns[i]);
            open--;
        }
    }
    if (open > 1)
        ps_timer_set(pg->shrink_timer, SHRINK_MS);
}

void ps_pg_on_restored(struct ps_pg *pg, void (*fn)(void *cookie), void *cookie)
{
    pg->on_restored = fn;
    pg->restored_cookie = cookie;
}

/* Compares the history of the database with the one seen last. Another history is another database;
 * a smaller position in the log of the same history is a server that lost transactions. Either is
 * reported, except for the first answer, before which the program has read nothing. */
static void see_history(struct ps_pg *pg, const char *history, int64_t log_position)
{
    bool other;

    if (!history || *history == '\0')
        return;
    other = pg->history[0] != '\0' &&
            (strcmp(history, pg->history) != 0 || log_position < pg->log_position);
    (void)snprintf(pg->history, sizeof(pg->history), "%s", history);
    pg->log_position = log_position;
    if (other && pg->on_restored != NULL)
        pg->on_restored(pg->restored_cookie);
}

void ps_pg_looked(struct ps_pg *pg, const struct ps_pg_rows *rows, size_t statement)
{
    struct ps_err why;

    if (pg->foreign || pg->destroying || ps_pg_row_count(rows, statement) == 0)
        return;
    pg->looked_ms = ps_loop_now(pg->loop);
    see_history(pg, ps_pg_text(rows, statement, 0, PS_SQL_PG_PING_HISTORY),
                ps_pg_int(rows, statement, 0, PS_SQL_PG_PING_LOG_POSITION, 0));
    if (!ps_pg_bool(rows, statement, 0, PS_SQL_PG_PING_REFUSES_WRITES))
        return;
    /* Behind a pooler nothing else shows that the server has become a standby. Opening the
     * connection anew finds the reason, and with several hosts the right one. */
    (void)ps_fail(&why, PS_FAILURE_NETWORK, PS_PG_ERR_OFFLINE,
                  "the database takes no writes any more");
    for (int i = 0; i < pg->max; i++) {
        if (ps_pg_conn_state(pg->conns[i]) == PS_PG_CONN_IDLE)
            ps_pg_conn_expel(pg->conns[i], &why);
    }
}

static void on_pong(void *cookie, const struct ps_pg_rows *rows, const struct ps_err *err)
{
    struct ps_pg *pg = cookie;

    (void)err; /* on_state reports a lost connection */
    pg->pinging = false;
    if (rows != NULL)
        ps_pg_looked(pg, rows, 0);
}

/* Pings PostgreSQL while the program is idle. Without it, /readyz would not learn of a server that
 * is gone without a word or has become a standby. A busy pool needs no ping: its batches show it.
 */
static void on_ping_timer(void *cookie)
{
    struct ps_pg *pg = cookie;
    const struct ps_pg_conn *idle;
    struct ps_pg_batch *batch;

    ps_timer_set_about(pg->ping_timer, PING_MS);
    if (!pg->up || pg->pinging || pg->waiting_count > 0 ||
        count_in(pg, PS_PG_CONN_RUNNING, PS_PG_CONN_RUNNING) > 0)
        return;
    pg->pinging = true;
    pg->pinged_ms = ps_loop_now(pg->loop);
    batch = ps_pg_batch_create();
    /* An empty batch costs no transaction and shows that the server answers; from version 14 on it
     * also shows whether the server takes writes, because the server reports changed settings.
     * Behind a pooler only a query shows that, and only a query reads the history, by which a
     * database restored from a dump is noticed. */
    idle = find(pg, PS_PG_CONN_IDLE);
    if (idle == NULL || !ps_pg_conn_reports(idle) || pg->looked_ms == 0 ||
        ps_loop_now(pg->loop) - pg->looked_ms >= PING_MORE_MS)
        ps_sql_pg_ping(batch);
    ps_pg_run(pg, batch, on_pong, pg);
}

/* Remembers a refusal that an operator must resolve, such as a full disk. It leaves the connection
 * up, so without this record /readyz would report that all is well. The same statement (or, after
 * a refused commit, time alone) ends it: another statement may succeed on a full disk. */
static void note_refusal(struct ps_pg *pg, const struct ps_pg_job *job, const struct ps_err *err)
{
    const struct ps_pg_batch *batch = job->batch;

    if (err && ps_pg_error_stands(err)) {
        free(pg->refused_sql);
        pg->refused_sql = job->failed_at < batch->count
                              ? ps_alloc_text(batch->statements[job->failed_at].sql)
                              : NULL;
        pg->refusal = *err;
        pg->refused_ms = ps_loop_now(pg->loop);
        return;
    }
    if (err || pg->refused_ms == 0 || !pg->refused_sql)
        return;
    for (size_t i = 0; i < batch->count; i++) {
        if (strcmp(batch->statements[i].sql, pg->refused_sql) == 0) {
            pg->refused_ms = 0;
            return;
        }
    }
}

const char *ps_pg_why(const struct ps_pg *pg)
{
    if (!pg->up)
        return pg->down.what;
    if (pg->refused_ms != 0 && ps_loop_now(pg->loop) - pg->refused_ms < REFUSAL_MS)
        return pg->refusal.what;
    return "";
}

char *ps_pg_reason(const struct ps_pg *pg)
{
    const char *why = ps_pg_why(pg);

    if (why[0] == '\0')
        return pg->up ? NULL : ps_alloc_text("PostgreSQL is not reached yet");
    /* Only a server that gave no answer is "not reached". One that refused the login, say, was. */
    if (strncmp(why, "connection to server", 20) == 0 || strncmp(why, "look up", 7) == 0)
        return ps_alloc_format("PostgreSQL is not reached: %s", why);
    return ps_alloc_format("PostgreSQL: %s", why);
}

static void on_ready(void *cookie, struct ps_pg_conn *conn)
{
    struct ps_pg *pg = cookie;
    const char *history;
    int64_t log_position;

    /* Compare only when no other connection is up. Otherwise this connection's answer may be older
     * than an answer that another one got meanwhile, and would look like a database that went
     * back. */
    history = ps_pg_conn_history(conn, &log_position);
    if (!pg->up && !pg->foreign)
        see_history(pg, history, log_position);
    pg->failures = 0;
    ps_timer_cancel(pg->retry_timer);
    if (!pg->up) {
        pg->up = true;
        if (pg->on_state)
            pg->on_state(pg->cookie, true, NULL);
    }
    dispatch(pg);
}

static void on_waiting(void *cookie, const struct ps_err *err)
{
    struct ps_pg *pg = cookie;

    pg->down = *err;
    if (pg->on_state)
        pg->on_state(pg->cookie, false, err);
}

static void on_done(void *cookie, struct ps_pg_job *job, const struct ps_pg_rows *rows,
                    const struct ps_err *err)
{
    struct ps_pg *pg = cookie;

    note_refusal(pg, job, err);
    job_end(job, rows, err);
    dispatch(pg);
}

static void on_closed(void *cookie, struct ps_pg_conn *conn, struct ps_pg_job *job,
                      const struct ps_err *err)
{
    struct ps_pg *pg = cookie;
    bool last = count_in(pg, PS_PG_CONN_IDLE, PS_PG_CONN_BROKEN) == 0;

    (void)conn;
    /* Wait before the next attempt after a failed one, or if no connection is left. The loss of one
     * of several, with a batch on it, does not delay the others' growth. */
    if (!job || last)
        ps_timer_set(pg->retry_timer,
                     ps_backoff_ms(RETRY_BASE_MS, RETRY_CAP_MS, ++pg->failures, ps_clock_random()));
    if (last) {
        pg->up = false;
        pg->down = *err;
        if (pg->on_state)
            pg->on_state(pg->cookie, false, err);
    }
    if (job)
        job_end(job, NULL, err);
    dispatch(pg);
}

struct ps_pg *ps_pg_create(struct ps_loop *loop, const struct ps_pg_options *options, bool migrate,
                           ps_pg_state_fn on_state, void *cookie, struct ps_err *err)
{
    struct ps_pg_conn_options conn_options = {
        .connect_timeout_ms =
            options->connect_timeout_ms > 0 ? options->connect_timeout_ms : DEFAULT_CONNECT_MS,
        .batch_timeout_ms =
            options->batch_timeout_ms > 0 ? options->batch_timeout_ms : DEFAULT_BATCH_MS,
        .on_ready = on_ready,
        .on_waiting = on_waiting,
        .on_done = on_done,
        .on_closed = on_closed,
    };
    struct ps_pg_target target;
    struct ps_pg *pg;

    if (!ps_pg_target_parse(&target, options->url, options->application_name, options->foreign,
                            err))
        return NULL;
    pg = ps_alloc_zero(1, sizeof(*pg));
    pg->loop = loop;
    pg->target = target;
    pg->application_name = ps_alloc_text(options->application_name);
    pg->url_source = options->url_source;
    pg->url_text = ps_alloc_text(options->url);
    pg->max = options->max > 0 ? options->max : 1;
    pg->migrate = migrate;
    pg->founds = options->founds;
    pg->foreign = options->foreign;
    pg->queue_wait_ms = options->queue_wait_ms > 0 ? options->queue_wait_ms : DEFAULT_QUEUE_WAIT_MS;
    pg->on_state = on_state;
    pg->cookie = cookie;
    TAILQ_INIT(&pg->waiting);
    TAILQ_INIT(&pg->refused);
    pg->queue_timer = ps_timer_create(loop, on_queue_timer, pg);
    pg->retry_timer = ps_timer_create(loop, dispatch, pg);
    pg->shrink_timer = ps_timer_create(loop, on_shrink_timer, pg);
    pg->ping_timer = ps_timer_create(loop, on_ping_timer, pg);
    ps_timer_set_about(pg->ping_timer, PING_MS);
    conn_options.target = &pg->target;
    conn_options.cookie = pg;
    pg->conns = ps_alloc_zero((size_t)pg->max, sizeof(struct ps_pg_conn *));
    for (int i = 0; i < pg->max; i++)
        pg->conns[i] = ps_pg_conn_create(loop, &conn_options);
    open_one(pg);
    return pg;
}

void ps_pg_destroy(struct ps_pg *pg)
{
    struct ps_err lost, offline;
    struct job_list running = TAILQ_HEAD_INITIALIZER(running);
    struct ps_pg_job *job;

    if (!pg)
        return;
    pg->destroying = true;
    pg->up = false;
    (void)ps_fail(&lost, PS_FAILURE_UNKNOWN, PS_PG_ERR_LOST, "the pool is closing");
    (void)ps_fail(&offline, PS_FAILURE_UNKNOWN, PS_PG_ERR_OFFLINE, "the pool is closing");
    for (int i = 0; i < pg->max; i++) {
        job = ps_pg_conn_destroy(pg->conns[i]);
        if (job)
            TAILQ_INSERT_TAIL(&running, job, next);
    }
    while ((job = TAILQ_FIRST(&running)) != NULL) {
        TAILQ_REMOVE(&running, job, next);
        job_end(job, NULL, &lost);
    }
    TAILQ_CONCAT(&pg->waiting, &pg->refused, next);
    while ((job = TAILQ_FIRST(&pg->waiting)) != NULL) {
        TAILQ_REMOVE(&pg->waiting, job, next);
        job_end(job, NULL, &offline);
    }
    ps_timer_destroy(pg->queue_timer);
    ps_timer_destroy(pg->retry_timer);
    ps_timer_destroy(pg->shrink_timer);
    ps_timer_destroy(pg->ping_timer);
    ps_pg_target_clear(&pg->target);
    free(pg->refused_sql);
    free(pg->application_name);
    free(pg->url_text);
    free(pg->conns);
    free(pg);
}

/* Inserts job behind the urgent jobs that wait and before all others. */
static void insert_urgent(struct ps_pg *pg, struct ps_pg_job *job)
{
    struct ps_pg_job *before = TAILQ_FIRST(&pg->waiting);

    while (before != NULL && before->urgent)
        before = TAILQ_NEXT(before, next);
    if (before != NULL)
        TAILQ_INSERT_BEFORE(before, job, next);
    else
        TAILQ_INSERT_TAIL(&pg->waiting, job, next);
}

static void enqueue(struct ps_pg *pg, struct ps_pg_batch *batch, bool urgent, ps_pg_fn fn,
                    void *cookie)
{
    struct ps_pg_job *job = ps_alloc_zero(1, sizeof(*job));

    job->batch = batch;
    job->urgent = urgent;
    job->fn = fn;
    job->cookie = cookie;
    job->deadline_ms = ps_loop_now(pg->loop) + pg->queue_wait_ms;
    /* A full queue refuses the batch. fn must not run inside this call, so queue_timer reports the
     * refusal on the next turn. */
    if (!pg->destroying && pg->waiting_count >= QUEUE_CAP) {
        TAILQ_INSERT_TAIL(&pg->refused, job, next);
        queue_watch(pg);
        return;
    }
    if (urgent)
        insert_urgent(pg, job);
    else
        TAILQ_INSERT_TAIL(&pg->waiting, job, next);
    pg->waiting_count++;
    if (!pg->destroying)
        dispatch(pg);
}

void ps_pg_run(struct ps_pg *pg, struct ps_pg_batch *batch, ps_pg_fn fn, void *cookie)
{
    enqueue(pg, batch, false, fn, cookie);
}

void ps_pg_run_urgent(struct ps_pg *pg, struct ps_pg_batch *batch, ps_pg_fn fn, void *cookie)
{
    enqueue(pg, batch, true, fn, cookie);
}

int64_t ps_pg_silent_ms(const struct ps_pg *pg)
{
    return pg->up && pg->pinging ? ps_loop_now(pg->loop) - pg->pinged_ms : 0;
}

bool ps_pg_up(const struct ps_pg *pg)
{
    return pg->up;
}

void ps_pg_counts(const struct ps_pg *pg, int *out_max, int *out_in_use, int *out_available)
{
    *out_max = pg->max;
    *out_in_use = count_in(pg, PS_PG_CONN_RUNNING, PS_PG_CONN_RUNNING);
    *out_available = count_in(pg, PS_PG_CONN_IDLE, PS_PG_CONN_IDLE);
}
