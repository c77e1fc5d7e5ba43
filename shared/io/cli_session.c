#include "shared/io/cli_session.h"

#include "shared/core/alloc.h"
#include "shared/io/daemon_config.h"
#include "shared/io/database_url.h"
#include "shared/io/env.h"
#include "shared/io/print.h"
#include "shared/io/program.h"

#include <assert.h>
#include <event2/event.h>
#include <hiredis/hiredis.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PG_CONNECTIONS = 1, REROUTE_MS = 5000, SIGNAL_MS = 1000 };

struct ps_cli_session {
    const char *program;
    struct ps_config config;
    struct ps_keys *keys;
    struct ps_loop *loop;
    struct ps_timer *wait_timer; /* ends the wait for the connections */
    struct ps_redis *redis;
    struct ps_pg *pg;
    bool waiting;    /* for the outstanding response, or for the connections */
    bool connecting; /* the wait is for the connections */
    struct ps_err redis_down;
    bool failed; /* the last response was an error, stored in err */
    struct ps_err err;
    struct redisReply *reply; /* copies of the last responses */
    struct ps_pg_rows *rows;
};

static void on_redis(void *cookie, bool up, const struct ps_err *err)
{
    struct ps_cli_session *session = cookie;

    if (!up && err != NULL)
        session->redis_down = *err;
}

/* A wrong password or a missing right does not go away by waiting, so the command ends at once. */
static void on_database(void *cookie, bool up, const struct ps_err *err)
{
    struct ps_cli_session *session = cookie;

    if (!up && err != NULL && err->category == PS_FAILURE_CONFIGURATION && session->connecting)
        session->waiting = false;
}

static void on_wait_over(void *cookie)
{
    struct ps_cli_session *session = cookie;

    session->waiting = false;
}

void ps_cli_session_run_once(struct ps_cli_session *session)
{
    if (event_base_loop(ps_loop_base(session->loop), EVLOOP_ONCE) < 0)
        abort();
}

static bool open_redis(struct ps_cli_session *session, struct ps_err *err)
{
    struct ps_redis_options options = ps_redis_options_of(&session->config);

    options.client_name = session->program;
    session->redis = ps_redis_create(session->loop, &options, on_redis, session, err);
    return session->redis != NULL;
}

static bool open_database(struct ps_cli_session *session, unsigned flags, struct ps_err *err)
{
    bool legacy = (flags & PS_CLI_SESSION_LEGACY) != 0;
    bool other_server = legacy && session->config.legacy_database_url[0] != '\0';
    struct ps_pg_options options = { .url = other_server ? session->config.legacy_database_url
                                                         : session->config.database_url,
                                     .founds = (flags & PS_CLI_SESSION_FOUND) != 0,
                                     .foreign = legacy,
                                     .application_name = session->program,
                                     .max = PG_CONNECTIONS };

    if (other_server ? !ps_database_url_check("LEGACY_DATABASE_URL", options.url, err)
                     : !ps_daemon_config_check_database(options.url, err))
        return false;
    session->pg = ps_pg_create(session->loop, &options, (flags & PS_CLI_SESSION_MIGRATE) != 0,
                               on_database, session, err);
    return session->pg != NULL;
}

/* Waits until every server of the session is connected. Prints the error of each one that is not,
 * and returns false then. */
static bool wait_connected(struct ps_cli_session *session, int64_t wait_ms)
{
    bool redis, pg;

    session->waiting = session->connecting = true;
    ps_timer_set(session->wait_timer, wait_ms);
    do {
        ps_cli_session_run_once(session);
        redis = session->redis == NULL || ps_redis_up(session->redis);
        pg = session->pg == NULL || ps_pg_up(session->pg);
    } while (session->waiting && !(redis && pg));
    ps_timer_cancel(session->wait_timer);
    session->waiting = session->connecting = false;
    if (!redis)
        (void)fprintf(stderr, "%s: cannot connect to Redis%s%s\n", session->program,
                      session->redis_down.what[0] != '\0' ? ": " : "", session->redis_down.what);
    if (!pg) {
        char *reason = ps_pg_reason(session->pg);

        (void)fprintf(stderr, "%s: %s\n", session->program, reason);
        free(reason);
    }
    return redis && pg;
}

struct ps_cli_session *ps_cli_session_create(const char *program, unsigned component, void *env,
                                             unsigned flags, int64_t wait_ms, int *out_status)
{
    struct ps_cli_session *session = ps_alloc_zero(1, sizeof(*session));
    struct ps_err err;
    int status = PS_EXIT_CONFIG;

    session->program = program;
    if (!ps_config_load(component, ps_env_get, env, ps_print_fault, &session->program,
                        &session->config))
        goto fail;
    session->keys = ps_keys_create(session->config.redis_key_prefix);
    session->loop = ps_loop_create();
    session->wait_timer = ps_timer_create(session->loop, on_wait_over, session);
    if (((flags & PS_CLI_SESSION_REDIS) != 0 && !open_redis(session, &err)) ||
        ((flags & PS_CLI_SESSION_PG) != 0 && !open_database(session, flags, &err))) {
        ps_print_fault(&session->program, &err);
        goto fail;
    }
    status = PS_EXIT_UNAVAILABLE;
    if (!wait_connected(session, wait_ms))
        goto fail;
    return session;
fail:
    ps_cli_session_destroy(session);
    *out_status = status;
    return NULL;
}

static void free_reply(struct redisReply *reply)
{
    if (reply == NULL)
        return;
    for (size_t i = 0; i < reply->elements; i++)
        free_reply(reply->element[i]);
    free(reply->element);
    free(reply->str);
    free(reply);
}

void ps_cli_session_destroy(struct ps_cli_session *session)
{
    if (session == NULL)
        return;
    ps_pg_destroy(session->pg);
    ps_redis_destroy(session->redis);
    free_reply(session->reply);
    ps_pg_rows_destroy(session->rows);
    if (session->loop != NULL) {
        ps_timer_destroy(session->wait_timer);
        ps_loop_destroy(session->loop);
        ps_keys_destroy(session->keys);
    }
    ps_config_clear(&session->config);
    free(session);
}

const struct ps_config *ps_cli_session_config(const struct ps_cli_session *session)
{
    return &session->config;
}

const struct ps_keys *ps_cli_session_keys(const struct ps_cli_session *session)
{
    return session->keys;
}

struct ps_loop *ps_cli_session_loop(struct ps_cli_session *session)
{
    return session->loop;
}

/* hiredis frees a reply when its callback returns; the command reads it afterwards. */
static struct redisReply *copy_reply(const struct redisReply *reply)
{
    struct redisReply *copy;

    if (reply == NULL)
        return NULL;
    copy = ps_alloc_zero(1, sizeof(*copy));
    copy->type = reply->type;
    copy->integer = reply->integer;
    copy->len = reply->len;
    if (reply->str != NULL)
        copy->str = ps_alloc_copy(reply->str, reply->len);
    if (reply->elements == 0)
        return copy;
    copy->elements = reply->elements;
    /* NOLINTNEXTLINE(bugprone-sizeof-expression): an array of pointers is what hiredis has here */
    copy->element = ps_alloc_zero(reply->elements, sizeof(*copy->element));
    for (size_t i = 0; i < reply->elements; i++)
        copy->element[i] = copy_reply(reply->element[i]);
    return copy;
}

static void end_wait(struct ps_cli_session *session, const struct ps_err *err)
{
    session->waiting = false;
    session->failed = err != NULL;
    if (err != NULL)
        session->err = *err;
}

static void on_reply(void *cookie, const struct redisReply *reply, const struct ps_err *err)
{
    struct ps_cli_session *session = cookie;

    session->reply = copy_reply(reply);
    end_wait(session, err);
}

static void on_rows(void *cookie, const struct ps_pg_rows *rows, const struct ps_err *err)
{
    struct ps_cli_session *session = cookie;

    if (rows != NULL)
        session->rows = ps_pg_rows_copy(rows);
    end_wait(session, err);
}

/* Ends in any case: every request gets a response or an error within its own timeout. */
static bool wait_response(struct ps_cli_session *session, struct ps_err *err)
{
    while (session->waiting)
        ps_cli_session_run_once(session);
    if (session->failed && err != NULL)
        *err = session->err;
    return !session->failed;
}

static void expect_reply(struct ps_cli_session *session)
{
    assert(!session->waiting && session->redis != NULL);
    free_reply(session->reply);
    session->reply = NULL;
    session->waiting = true;
}

/* Returns true if the request must be sent once more. The first request to a Redis Cluster is
 * answered with MOVED if another node has our keys; the connection then goes to that node. */
static bool must_resend(struct ps_cli_session *session, bool *sent_again)
{
    if (!session->failed || session->err.code != PS_REDIS_ERR_MOVED || *sent_again)
        return false;
    *sent_again = true;
    ps_cli_session_run_once(session); /* the connection to the wrong node is closed */
    return wait_connected(session, REROUTE_MS);
}

const struct redisReply *ps_cli_session_redis(struct ps_cli_session *session,
                                              const char *const *args, size_t count,
                                              struct ps_err *err)
{
    bool sent_again = false;
    bool ok;

    do {
        expect_reply(session);
        ps_redis_send_texts(session->redis, args, count, on_reply, session);
        ok = wait_response(session, err);
    } while (must_resend(session, &sent_again));
    return ok ? session->reply : NULL;
}

const struct redisReply *ps_cli_session_script(struct ps_cli_session *session,
                                               enum ps_script script, const char *const *keys,
                                               size_t key_count, const struct ps_str *args,
                                               size_t arg_count, struct ps_err *err)
{
    bool sent_again = false;
    bool ok;

    do {
        expect_reply(session);
        ps_script_run(session->redis, script, keys, key_count, args, arg_count, on_reply, session);
        ok = wait_response(session, err);
    } while (must_resend(session, &sent_again));
    return ok ? session->reply : NULL;
}

const struct ps_pg_rows *ps_cli_session_pg(struct ps_cli_session *session,
                                           struct ps_pg_batch *batch, struct ps_err *err)
{
    assert(!session->waiting && session->pg != NULL);
    ps_pg_rows_destroy(session->rows);
    session->rows = NULL;
    session->waiting = true;
    ps_pg_run(session->pg, batch, on_rows, session);
    return wait_response(session, err) ? session->rows : NULL;
}

static void on_signalled(void *cookie, const struct redisReply *reply, const struct ps_err *err)
{
    struct ps_cli_session *session = cookie;

    (void)reply;
    (void)err;
    session->waiting = false;
}

void ps_cli_session_signal(struct ps_cli_session *session, enum ps_signal signal)
{
    struct ps_err err;

    assert(!session->waiting);
    if (session->redis == NULL && !open_redis(session, &err))
        return;
    session->waiting = true;
    ps_timer_set(session->wait_timer, SIGNAL_MS);
    while (session->waiting && !ps_redis_up(session->redis))
        ps_cli_session_run_once(session);
    if (session->waiting) {
        ps_signals_write(session->redis, session->keys, signal, on_signalled, session);
        while (session->waiting)
            ps_cli_session_run_once(session);
    }
    ps_timer_cancel(session->wait_timer);
    session->waiting = false;
}
