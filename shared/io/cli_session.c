#include "shared/io/cli_session.h"

#include "shared/core/alloc.h"
#include "shared/io/daemon_config.h"
#include "shared/io/database_url.h"
#include "shared/io/env.h"
#include "shared/io/program.h"

#include <assert.h>
#include <event2/event.h>
#include <hiredis/hiredis.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PG_CONNECTIONS = 1, REROUTE_MS = 5000 };

struct ps_cli_session {
    const char *program;
    struct ps_config config;
    struct ps_keys *keys;
    struct ps_loop *loop;
    struct ps_timer *patience; /* ends the wait for a connection */
    struct ps_redis *redis;
    struct ps_pg *pg;
    bool waiting;    /* for the one answer that is out, or for the connections */
    bool connecting; /* for the connections */
    struct ps_err redis_down;
    bool failed; /* the last answer was an error: err */
    struct ps_err err;
    struct redisReply *reply; /* owned copies of the last answers */
    struct ps_pg_rows *rows;
};

static void on_bad(void *cookie, const struct ps_err *err)
{
    struct ps_cli_session *sync = cookie;

    (void)fprintf(stderr, "%s: %s\n", sync->program, err->what);
}

static void on_redis(void *cookie, bool up, const struct ps_err *err)
{
    struct ps_cli_session *sync = cookie;

    if (!up && err != NULL)
        sync->redis_down = *err;
}

/* A wrong password or a missing right does not pass by itself: the command ends at once. */
static void on_database(void *cookie, bool up, const struct ps_err *err)
{
    struct ps_cli_session *sync = cookie;

    if (!up && err != NULL && err->category == PS_FAILURE_CONFIGURATION && sync->connecting)
        sync->waiting = false;
}

static void on_patience_over(void *cookie)
{
    struct ps_cli_session *sync = cookie;

    sync->waiting = false;
}

static void turn(struct ps_cli_session *sync)
{
    if (event_base_loop(ps_loop_base(sync->loop), EVLOOP_ONCE) < 0)
        abort();
}

static bool open_redis(struct ps_cli_session *sync, struct ps_err *err)
{
    struct ps_redis_options options = ps_redis_options_of(&sync->config);

    options.client_name = sync->program;
    sync->redis = ps_redis_create(sync->loop, &options, on_redis, sync, err);
    return sync->redis != NULL;
}

static bool open_database(struct ps_cli_session *sync, unsigned flags, struct ps_err *err)
{
    bool legacy = (flags & PS_CLI_SESSION_LEGACY) != 0;
    bool elsewhere = legacy && sync->config.legacy_database_url[0] != '\0';
    struct ps_pg_options options = { .url = elsewhere ? sync->config.legacy_database_url
                                                      : sync->config.database_url,
                                     .founds = (flags & PS_CLI_SESSION_FOUND) != 0,
                                     .foreign = legacy,
                                     .application_name = sync->program,
                                     .max = PG_CONNECTIONS };

    if (elsewhere ? !ps_database_url_check("LEGACY_DATABASE_URL", options.url, err)
                  : !ps_daemon_config_check_database(options.url, err))
        return false;
    sync->pg = ps_pg_create(sync->loop, &options, (flags & PS_CLI_SESSION_MIGRATE) != 0,
                            on_database, sync, err);
    return sync->pg != NULL;
}

/* True when everything asked for came up in time; tells what did not. */
static bool wait_up(struct ps_cli_session *sync, int64_t wait_ms)
{
    bool redis, pg;

    sync->waiting = sync->connecting = true;
    ps_timer_set(sync->patience, wait_ms);
    do {
        turn(sync);
        redis = sync->redis == NULL || ps_redis_up(sync->redis);
        pg = sync->pg == NULL || ps_pg_up(sync->pg);
    } while (sync->waiting && !(redis && pg));
    ps_timer_cancel(sync->patience);
    sync->waiting = sync->connecting = false;
    if (!redis)
        (void)fprintf(stderr, "%s: Redis is not reached%s%s\n", sync->program,
                      sync->redis_down.what[0] != '\0' ? ": " : "", sync->redis_down.what);
    if (!pg) {
        char *reason = ps_pg_reason(sync->pg);

        (void)fprintf(stderr, "%s: %s\n", sync->program, reason);
        free(reason);
    }
    return redis && pg;
}

struct ps_cli_session *ps_cli_session_create(const char *program, unsigned component, void *env,
                                             unsigned flags, int64_t wait_ms, int *out_status)
{
    struct ps_cli_session *sync = ps_alloc_zero(1, sizeof(*sync));
    struct ps_err err;
    int status = PS_EXIT_CONFIG;

    sync->program = program;
    if (!ps_config_load(component, ps_env_get, env, on_bad, sync, &sync->config))
        goto fail;
    sync->keys = ps_keys_create(sync->config.redis_key_prefix);
    sync->loop = ps_loop_create();
    sync->patience = ps_timer_create(sync->loop, on_patience_over, sync);
    if (((flags & PS_CLI_SESSION_REDIS) != 0 && !open_redis(sync, &err)) ||
        ((flags & PS_CLI_SESSION_PG) != 0 && !open_database(sync, flags, &err))) {
        on_bad(sync, &err);
        goto fail;
    }
    status = PS_EXIT_UNAVAILABLE;
    if (!wait_up(sync, wait_ms))
        goto fail;
    return sync;
fail:
    ps_cli_session_destroy(sync);
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

void ps_cli_session_destroy(struct ps_cli_session *sync)
{
    if (sync == NULL)
        return;
    ps_pg_destroy(sync->pg);
    ps_redis_destroy(sync->redis);
    free_reply(sync->reply);
    ps_pg_rows_destroy(sync->rows);
    if (sync->loop != NULL) {
        ps_timer_destroy(sync->patience);
        ps_loop_destroy(sync->loop);
        ps_keys_destroy(sync->keys);
    }
    ps_config_clear(&sync->config);
    free(sync);
}

const struct ps_config *ps_cli_session_config(const struct ps_cli_session *sync)
{
    return &sync->config;
}

const struct ps_keys *ps_cli_session_keys(const struct ps_cli_session *sync)
{
    return sync->keys;
}

struct ps_loop *ps_cli_session_loop(struct ps_cli_session *sync)
{
    return sync->loop;
}

/* hiredis frees a reply when its callback returns; a command wants to look at it afterwards. */
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

static void settle(struct ps_cli_session *sync, const struct ps_err *err)
{
    sync->waiting = false;
    sync->failed = err != NULL;
    if (err != NULL)
        sync->err = *err;
}

static void on_reply(void *cookie, const struct redisReply *reply, const struct ps_err *err)
{
    struct ps_cli_session *sync = cookie;

    sync->reply = copy_reply(reply);
    settle(sync, err);
}

static void on_rows(void *cookie, const struct ps_pg_rows *rows, const struct ps_err *err)
{
    struct ps_cli_session *sync = cookie;

    if (rows != NULL)
        sync->rows = ps_pg_rows_copy(rows);
    settle(sync, err);
}

/* Every request is answered or failed within a time of its own, so this ends. */
static bool wait_answer(struct ps_cli_session *sync, struct ps_err *err)
{
    while (sync->waiting)
        turn(sync);
    if (sync->failed && err != NULL)
        *err = sync->err;
    return !sync->failed;
}

static void expect_reply(struct ps_cli_session *sync)
{
    assert(!sync->waiting && sync->redis != NULL);
    free_reply(sync->reply);
    sync->reply = NULL;
    sync->waiting = true;
}

/* The first command learns which node of a Redis Cluster has our keys; it goes there once more. */
static bool moved(struct ps_cli_session *sync, bool *sent_again)
{
    if (!sync->failed || sync->err.code != PS_REDIS_ERR_MOVED || *sent_again)
        return false;
    *sent_again = true;
    turn(sync); /* the connection is torn down */
    return wait_up(sync, REROUTE_MS);
}

const struct redisReply *ps_cli_session_redis(struct ps_cli_session *sync, const char *const *args,
                                              size_t count, struct ps_err *err)
{
    bool sent_again = false;
    bool answered;

    do {
        expect_reply(sync);
        ps_redis_send_texts(sync->redis, args, count, on_reply, sync);
        answered = wait_answer(sync, err);
    } while (moved(sync, &sent_again));
    return answered ? sync->reply : NULL;
}

const struct redisReply *ps_cli_session_script(struct ps_cli_session *sync, enum ps_script script,
                                               const char *const *keys, size_t key_count,
                                               const struct ps_str *args, size_t arg_count,
                                               struct ps_err *err)
{
    bool sent_again = false;
    bool answered;

    do {
        expect_reply(sync);
        ps_script_run(sync->redis, script, keys, key_count, args, arg_count, on_reply, sync);
        answered = wait_answer(sync, err);
    } while (moved(sync, &sent_again));
    return answered ? sync->reply : NULL;
}

const struct ps_pg_rows *ps_cli_session_pg(struct ps_cli_session *sync, struct ps_pg_batch *batch,
                                           struct ps_err *err)
{
    assert(!sync->waiting && sync->pg != NULL);
    ps_pg_rows_destroy(sync->rows);
    sync->rows = NULL;
    sync->waiting = true;
    ps_pg_run(sync->pg, batch, on_rows, sync);
    return wait_answer(sync, err) ? sync->rows : NULL;
}
